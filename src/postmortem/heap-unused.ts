import type { HeapPage } from './heap-page.ts';
import type { V8Reader } from './v8-reader.ts';

/** A page with what leads to its space. */
export interface OwnedPage {
  page: HeapPage;
  /** Of what V8 keeps about the page: its chunk, or from V8 13 on a block of malloc. */
  record: number;
  /** Its space, of the young generation one half of it. */
  owner: number;
}

/**
 * Where the young generation says how far it is filled, measured on Node's official builds for x86-64: of a half space the
 * page it allocates in, of a page the next one; in the newer ones also how far that page is filled (`top`, same object).
 */
interface YoungLayout {
  v8Number: number;
  current: number;
  next: number;
  top?: number;
}

const YOUNG: readonly YoungLayout[] = [
  { v8Number: 102, current: 0x100, next: 0xe8 },
  { v8Number: 113, current: 0x88, next: 0x108 },
  { v8Number: 124, current: 0x88, next: 0x108, top: 312 },
  { v8Number: 136, current: 0x70, next: 0x108, top: 256 },
  { v8Number: 146, current: 0x60, next: 0x100, top: 224 },
];

/** Where an Isolate has its linear allocation areas: near its own beginning, or near that of its Heap. */
const SEARCHED = { ofIsolate: 1024, beforeHeap: 256, ofHeap: 2048 } as const;

/**
 * Takes out of pages what V8 has not allocated: old contents that look like objects. Pages of the young generation behind
 * the one it fills are removed from the list; the rest of that one, and the linear allocation areas, become `unused`.
 * @returns the pages that hold objects
 */
export function leaveOutUnused(
  v8: V8Reader,
  isolate: number,
  heap: number,
  owned: readonly OwnedPage[],
): HeapPage[] {
  const byAddress = new Map<number, OwnedPage>();
  for (const one of owned) {
    byAddress.set(one.record, one);
    byAddress.set(one.page.chunk, one);
  }
  const without = new Set<HeapPage>();
  leaveOutYoung(v8, owned, byAddress, without);
  for (const [from, to] of [
    [isolate, isolate + SEARCHED.ofIsolate],
    [heap - SEARCHED.beforeHeap, heap + SEARCHED.ofHeap],
  ] as const) {
    for (let at = from; at < to; at += 8) addArea(v8, at, byAddress);
  }
  const pages = owned.map(({ page }) => page).filter((page) => !without.has(page));
  for (const page of pages) if (page.unused.length > 1) page.unused = inOrder(page.unused);
  return pages;
}

function leaveOutYoung(
  v8: V8Reader,
  owned: readonly OwnedPage[],
  byAddress: ReadonlyMap<number, OwnedPage>,
  without: Set<HeapPage>,
): void {
  const layout = YOUNG.find(({ v8Number }) => v8Number === v8.layout.v8Number);
  const young = owned.find(({ page }) => page.space === 'new');
  if (layout === undefined || young === undefined) return;
  let at = byAddress.get(v8.memory.word(young.owner + layout.current));
  if (at === undefined) return;
  if (layout.top !== undefined) {
    const { page } = at;
    const top = v8.memory.word(young.owner + layout.top);
    if (top >= page.areaStart && top < page.areaEnd && top % 8 === 0) page.unused = [[top, page.areaEnd]];
  }
  // Links of a damaged list may lead in a circle.
  for (let steps = 0; steps < owned.length; steps++) {
    at = byAddress.get(v8.memory.word(at.record + layout.next));
    if (at === undefined || at.page.space !== 'new' || at.owner !== young.owner) return;
    without.add(at.page);
  }
}

/** V8's LinearAllocationArea: where it began, how far it is filled, where it ends. */
function addArea(v8: V8Reader, at: number, byAddress: ReadonlyMap<number, OwnedPage>): void {
  const start = v8.memory.word(at);
  if (!(start > 0x10000 && start < 2 ** 47) || start % 8 !== 0) return;
  const top = v8.memory.word(at + 8);
  const limit = v8.memory.word(at + 16);
  if (!(start <= top && top < limit) || top % 8 !== 0) return;
  const page = byAddress.get(start - (start % (256 * 1024)))?.page;
  if (page === undefined || page.isLarge || limit > page.areaEnd || start < page.areaStart) return;
  page.unused = [...page.unused, [top, limit]];
}

function inOrder(parts: HeapPage['unused']): HeapPage['unused'] {
  const joined: [number, number][] = [];
  for (const [from, to] of [...parts].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}
