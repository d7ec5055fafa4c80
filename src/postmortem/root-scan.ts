import type { Mapping } from '../linux/memory-map.ts';
import { REGISTER } from '../linux/process-image.ts';
import type { ObjectIndex } from './graph-objects.ts';
import type { HeapPages } from './heap-page.ts';
import { CHUNK } from './heap-pages.ts';
import { ROOT, type RootKind, rootsOfIsolate } from './root-isolate.ts';
import type { V8Reader } from './v8-reader.ts';

/** Objects that something outside of the heap refers to; each object once, rows in the order they were found. */
export interface Roots {
  ordinal: number[];
  kind: RootKind[];
  /** Address of the word. */
  at: number[];
}

type Range = readonly [from: number, to: number];

const BLOCK = 256 * 1024;
/** Parts of the stack below its pointer that functions use without moving it (x86-64 ABI). */
const RED_ZONE = 128;
const MOST_ROOTS = 20_000_000;

/**
 * Finds what refers into the heap: V8's own roots in the Isolate and what belongs to it (root-isolate.ts), global handles,
 * stacks of threads and data of binaries. Stacks are read conservatively: a word counts that is exactly the address of an
 * object. Other memory of malloc does not count, for most of what looks like an object there was freed: lists of the garbage
 * collector have had the address of every object. Where nobody measured where a V8 keeps its Isolate it does count: then
 * nothing in use is missed, and much that is not.
 * @param pages of all isolates of the process, those that are not in `objects` too
 */
export function findRoots(v8: V8Reader, pages: HeapPages, objects: ObjectIndex): Roots {
  const roots: Roots = { ordinal: [], kind: [], at: [] };
  const isRoot = new Uint8Array((objects.count >>> 3) + 1);
  const scan = new WordScan(v8, objects);
  const add = (ordinal: number, kind: RootKind, at: number): void => {
    const bit = 1 << (ordinal & 7);
    if ((isRoot[ordinal >>> 3]! & bit) !== 0 || roots.ordinal.length >= MOST_ROOTS) return;
    isRoot[ordinal >>> 3]! |= bit;
    roots.ordinal.push(ordinal);
    roots.kind.push(kind);
    roots.at.push(at);
  };
  const heapRanges = rangesOfPages(v8, pages);
  const stale: Range[] = [];
  const chunks = new Set(pages.isolates.flatMap((one) => one.pages.map(({ chunk }) => chunk)));
  let isMeasured = pages.isolates.length > 0;
  for (const { isolate, heap } of pages.isolates) {
    if (Number.isNaN(isolate)) {
      isMeasured = false;
      continue;
    }
    for (const { from, to, kind } of rootsOfIsolate(v8, isolate, heap, chunks))
      scan.over(from, to, (ordinal, at) => add(ordinal, kind, at));
  }
  for (const [from, to, mapping] of stacksOf(v8)) {
    scan.over(from, to, (ordinal, at) => add(ordinal, ROOT.stack, at));
    stale.push([mapping.start, mapping.end]);
  }
  const out = subtractable([...heapRanges, ...stale]);
  const native: { ordinal: number; at: number; kind: RootKind }[] = [];
  for (const mapping of v8.image.mappings) {
    if (!mapping.permissions.startsWith('rw')) continue;
    const kind = mapping.path === '' || mapping.path.startsWith('[') ? ROOT.native : ROOT.static;
    for (const [from, to] of without(mapping, out))
      scan.over(from, to, (ordinal, at) => {
        if (kind === ROOT.native) {
          const state = handleState(v8, at);
          if (state === 'strong') add(ordinal, ROOT.globalHandle, at);
          if (state !== undefined || isMeasured) return;
        }
        native.push({ ordinal, at, kind });
      });
  }
  for (const { ordinal, at, kind } of native) add(ordinal, kind, at);
  return roots;
}

/** Reads memory in blocks and tells the words of it that are addresses of objects. */
class WordScan {
  readonly #v8: V8Reader;
  readonly #objects: ObjectIndex;
  readonly #bytes: Uint8Array = new Uint8Array(BLOCK);
  readonly #words: Int32Array = new Int32Array(this.#bytes.buffer);

  constructor(v8: V8Reader, objects: ObjectIndex) {
    this.#v8 = v8;
    this.#objects = objects;
  }

  over(from: number, to: number, found: (ordinal: number, at: number) => void): void {
    const words = this.#words;
    const objects = this.#objects;
    for (let at = Math.ceil(from / 8) * 8; at < to; ) {
      const wanted = Math.min(BLOCK, to - at);
      const read = this.#v8.memory.read(at, wanted === BLOCK ? this.#bytes : this.#bytes.subarray(0, wanted));
      const end = (read - (read % 8)) >> 2;
      for (let i = 0; i < end; i += 2) {
        const low = words[i]!;
        if ((low & 7) !== 1) continue;
        const high = words[i + 1]!;
        if (high >>> 15 !== 0) continue;
        const ordinal = objects.ordinalOf(low, high);
        if (ordinal >= 0) found(ordinal, at + 4 * i);
      }
      // A hole ends what is read: on to the next page of the machine, or as far as the core tells.
      at =
        read >= wanted
          ? at + wanted
          : Math.max(
              Math.floor((at + read) / 4096 + 1) * 4096,
              Math.floor(this.#v8.memory.nextReadable(at + read) / 8) * 8,
            );
    }
  }
}

/** V8's chunks, also those that hold only leftovers: what stands there is old. */
function rangesOfPages(v8: V8Reader, pages: HeapPages): Range[] {
  const ranges: Range[] = [];
  const starts = new Set<number>();
  const all = [...pages.readOnly, ...pages.isolates.flatMap((isolate) => isolate.pages)];
  for (const page of all) {
    ranges.push([page.chunk, Math.max(page.areaEnd, page.chunk + CHUNK)]);
    starts.add(page.areaStart - page.chunk);
  }
  const known = new Set(all.map(({ chunk }) => chunk));
  const offsets = [...starts];
  for (const { start, end, permissions, path } of v8.image.mappings) {
    if (!permissions.startsWith('rw') || (path !== '' && !path.startsWith('[anon'))) continue;
    for (let chunk = Math.ceil(start / CHUNK) * CHUNK; chunk + 4096 <= end; ) {
      if (!known.has(chunk) && isLikeChunk(v8, chunk, offsets))
        ranges.push([chunk, Math.min(end, chunk + CHUNK)]);
      const next = v8.memory.nextReadable(chunk);
      chunk = Math.max(chunk + CHUNK, Math.floor(next / CHUNK) * CHUNK);
    }
  }
  return ranges;
}

/** Has it, or what it points to, the address where the objects of a page begin? (See heap-pages.ts for the fields.) */
function isLikeChunk({ memory }: V8Reader, chunk: number, offsets: readonly number[]): boolean {
  const hasStart = (at: number): boolean => {
    for (let word = 0; word < 16; word++) {
      const value = memory.word(at + 8 * word);
      if (offsets.includes(value - chunk)) return true;
    }
    return false;
  };
  if (hasStart(chunk)) return true;
  const metadata = memory.word(chunk + 8);
  return metadata > 4096 && metadata % 8 === 0 && hasStart(metadata);
}

/** The part of each stack that is in use, and the mapping it lies in. */
function stacksOf({ image }: V8Reader): (readonly [from: number, to: number, mapping: Mapping])[] {
  return image.threads.flatMap(({ registers }) => {
    const sp = registers[REGISTER.rsp] ?? Number.NaN;
    const mapping = image.mappings.find(({ start, end }) => sp >= start && sp < end);
    return mapping === undefined
      ? []
      : [[Math.max(mapping.start, sp - RED_ZONE), mapping.end, mapping] as const];
  });
}

/** Bytes of a node of V8's global handles, and where its number in its block and its state are (src/handles/global-handles.cc). */
const NODE = { size: 32, index: 10, flags: 11, mostIndex: 255 } as const;
const WEAK = 2;

/**
 * Is a word a global handle, and does it keep its object? Handles stand in blocks of 256, numbered: the neighbours tell.
 * Undefined: it is none.
 */
function handleState({ memory }: V8Reader, at: number): 'strong' | 'weak' | undefined {
  const index = memory.u8(at + NODE.index);
  const before = memory.u8(at - NODE.size + NODE.index);
  const after = memory.u8(at + NODE.size + NODE.index);
  const isNumbered =
    (index === 0 || before === index - 1) && (index === NODE.mostIndex || after === index + 1);
  if (!isNumbered) return undefined;
  const state = memory.u8(at + NODE.flags) & 3;
  return state === WEAK || state === 0 ? 'weak' : 'strong';
}

/** Ascending, and none over another. */
function subtractable(ranges: Range[]): Range[] {
  const sorted = ranges.filter(([from, to]) => to > from).sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** Parts of a mapping that lie in none of the ranges. */
function* without({ start, end }: Mapping, ranges: readonly Range[]): Generator<Range> {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![1] <= start) low = middle + 1;
    else high = middle;
  }
  let at = start;
  for (let index = low; index < ranges.length && ranges[index]![0] < end; index++) {
    const [from, to] = ranges[index]!;
    if (from > at) yield [at, from];
    at = Math.max(at, to);
  }
  if (at < end) yield [at, end];
}
