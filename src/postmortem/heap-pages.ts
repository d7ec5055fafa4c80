import type { Mapping } from '../linux/memory-map.ts';
import type { HeapPage, HeapPages, IsolateHeap } from './heap-page.ts';
import { areaBytes } from './heap-page.ts';
import { heapInIsolate } from './heap-spaces.ts';
import { leaveOutUnused, type OwnedPage } from './heap-unused.ts';
import { findEnvironments, isolateOf } from './node-environment.ts';
import type { V8Reader } from './v8-reader.ts';

/** V8's chunks are aligned to this, and a page is one of them (V8: MemoryChunk, kPageSizeBits 18). */
export const CHUNK: number = 256 * 1024;
/** Bytes of a header that tell what it is. */
const HEADER = 128;
/** A page keeps its own records before its objects. */
const MOST_BEFORE_AREA = 0x8000;
/** Of one large object: more than a machine has. */
const MOST_SIZE = 2 ** 40;
const MOST_READ_ONLY = 16 * 2 ** 20;
/** Pages of a process: a terabyte of them. */
const MOST_PAGES = 2 ** 22;
/** Flag of pages that the last collection of the young generation left: copies of what has moved, and garbage. */
const FROM_PAGE = 0x08;

/**
 * Where a header has its fields, measured on Node's official builds for x86-64 (research/postmortem.md §4.1). From V8 13 on
 * they are in a block of malloc that the chunk points to.
 */
interface HeaderLayout {
  /** Least version that has it so. */
  from: number;
  flags: number;
  metadata?: number;
  size: number;
  heap: number;
  areaStart: number;
  areaEnd: number;
  owner: number;
  /** Address of the chunk itself; where there is one it must be right, or 0 (read-only pages). */
  self?: number;
}

const HEADERS: readonly HeaderLayout[] = [
  { from: 0, flags: 8, size: 0, heap: 0x10, areaStart: 0x18, areaEnd: 0x20, owner: 0x40 },
  { from: 120, flags: 0, size: 0x10, heap: 0x18, areaStart: 0x20, areaEnd: 0x28, owner: 0x48, self: 8 },
  {
    from: 130,
    flags: 0,
    metadata: 8,
    size: 0x10,
    heap: 0x40,
    areaStart: 0x48,
    areaEnd: 0x38,
    owner: 0x50,
    self: 8,
  },
];

interface Found extends OwnedPage {
  heap: number;
  flags: number;
}

/**
 * Finds the pages of V8's heap, of all isolates in the process: looks at every 256 KiB of its memory for a header. Damaged
 * ones are left out. Needs some hundred bytes of each, so that gigabytes of empty reservations cost little.
 */
export function findHeapPages(v8: V8Reader): HeapPages {
  const found: Found[] = [];
  for (const mapping of v8.image.mappings) {
    if (found.length >= MOST_PAGES) break;
    if (mayHoldPages(mapping)) addPagesOf(v8, mapping, found);
  }
  const inHeap = heapInIsolate(v8);
  const threads = new Map<number, number>();
  if (inHeap !== undefined)
    for (const { address, tid } of findEnvironments(v8))
      threads.set(isolateOf(v8, address) + inHeap.offset, tid);

  const readOnly: HeapPage[] = [];
  const byHeap = new Map<number, OwnedPage[]>();
  const names = new Map<number, string>();
  for (const one of found) {
    const { heap, owner, flags, page } = one;
    // A space knows its number after its virtual functions and its Heap.
    let space = names.get(owner);
    if (space === undefined) {
      const id = v8.memory.word(owner + 8) === heap ? v8.memory.u32(owner + 16) : Number.NaN;
      space = inHeap?.spaces[id] ?? '';
      names.set(owner, space);
    }
    page.space = heap === 0 ? 'read_only' : space;
    page.isLarge ||= space.includes('large_object');
    if (page.space === 'read_only') readOnly.push(page);
    else if ((flags & FROM_PAGE) === 0) {
      const pages = byHeap.get(heap);
      if (pages === undefined) byHeap.set(heap, [one]);
      else pages.push(one);
    }
  }
  // Memory that looks like a page by chance has no space behind it.
  const real = [...byHeap].filter(([, owned]) => owned.some(({ page }) => page.space !== ''));
  const isolates = (real.length > 0 ? real : [...byHeap]).map(([heap, owned]): IsolateHeap => {
    const isolate = inHeap === undefined ? Number.NaN : heap - inHeap.offset;
    const pages = leaveOutUnused(v8, isolate, heap, owned);
    return { heap, isolate, tid: threads.get(heap) ?? Number.NaN, pages };
  });
  const rank = ({ tid }: IsolateHeap): number => (tid === v8.image.pid ? 0 : 1);
  return {
    isolates: isolates.sort((a, b) => rank(a) - rank(b) || areaBytes(b.pages) - areaBytes(a.pages)),
    readOnly,
  };
}

/** V8 maps its heap without a file; what cannot be read holds nothing. */
function mayHoldPages({ start, end, permissions, path }: Mapping): boolean {
  return end - start >= 4096 && permissions[0] === 'r' && (path === '' || path.startsWith('[anon'));
}

function addPagesOf(v8: V8Reader, { start, end }: Mapping, found: Found[]): void {
  const layout = HEADERS.findLast(({ from }) => v8.layout.v8Number >= from) ?? HEADERS.at(-1)!;
  const bytes = new Uint8Array(HEADER);
  const view = new DataView(bytes.buffer);
  for (let at = Math.ceil(start / CHUNK) * CHUNK; at + HEADER <= end && found.length < MOST_PAGES; ) {
    const read = v8.memory.read(at, bytes);
    const page = read < HEADER ? undefined : readHeader(v8, at, layout, bytes, view);
    if (page === undefined) {
      const next = read === 0 ? v8.memory.nextReadable(at) : at;
      at = Math.max(at + CHUNK, Math.floor(next / CHUNK) * CHUNK);
      continue;
    }
    found.push(page);
    at = Math.ceil(Math.max(page.page.areaEnd, at + CHUNK) / CHUNK) * CHUNK;
  }
}

/** @param bytes of the header; overwritten with those of the metadata where there are such */
function readHeader(
  v8: V8Reader,
  chunk: number,
  layout: HeaderLayout,
  bytes: Uint8Array,
  view: DataView,
): Found | undefined {
  const word = (offset: number): number =>
    view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);
  const flags = view.getUint32(layout.flags, true);
  let record = chunk;
  if (layout.metadata !== undefined) {
    record = word(layout.metadata);
    if (!(record > 4096 && record < 2 ** 47) || record % 8 !== 0) return undefined;
    if (v8.memory.read(record, bytes) < HEADER) return undefined;
  }
  const size = word(layout.size);
  const areaStart = word(layout.areaStart);
  const areaEnd = word(layout.areaEnd);
  const heap = word(layout.heap);
  const self = layout.self === undefined ? chunk : word(layout.self);
  const isPage =
    areaStart > chunk &&
    areaStart < chunk + MOST_BEFORE_AREA &&
    areaStart % 8 === 0 &&
    areaEnd > areaStart &&
    // Read-only pages of V8 13 keep no size.
    areaEnd <= chunk + (size === 0 && heap === 0 ? MOST_READ_ONLY : size) &&
    size < MOST_SIZE &&
    (self === chunk || self === 0) &&
    heap < 2 ** 47 &&
    heap % 8 === 0;
  if (!isPage) return undefined;
  // Read-only pages of V8 13 do not know where they are; one that does and belongs to no heap waits in V8's pool.
  if (layout.metadata !== undefined && heap === 0 && self !== 0) return undefined;
  const isLarge = areaEnd - chunk > CHUNK && heap !== 0;
  const page: HeapPage = { chunk, areaStart, areaEnd, space: '', isLarge, unused: [] };
  return { page, record, owner: word(layout.owner), heap, flags };
}
