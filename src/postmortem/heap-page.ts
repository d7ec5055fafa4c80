import type { Bytes } from '../base/units.ts';

/** A page of V8's heap, or all pages of one large object: a chunk of memory with objects in a part of it. */
export interface HeapPage {
  /** Where its header begins: a multiple of 256 KiB. */
  chunk: number;
  /** Where the first object begins (untagged). */
  areaStart: number;
  /** Exclusive. */
  areaEnd: number;
  /** `old`, `new`, `code`, `large_object`, `read_only` …, as V8 names its spaces; '' unknown. */
  space: string;
  /** One object fills it, however large. */
  isLarge: boolean;
  /** Parts without objects that V8 has set aside to allocate in: `[from, to)` untagged, ascending. What lies there is old. */
  unused: readonly (readonly [from: number, to: number])[];
}

/** The heap of one isolate: of the main thread or of a worker. */
export interface IsolateHeap {
  /** Of V8's Heap in C++. */
  heap: number;
  /** Of the Isolate; NaN: nobody measured where the Heap lies in it. */
  isolate: number;
  /** Thread that runs it; NaN: not found. Main has the pid. */
  tid: number;
  /** Ascending by address. Those that hold only leftovers of the last collection (from-space) are left out. */
  pages: HeapPage[];
}

/** All pages of V8 in a process. */
export interface HeapPages {
  /** Main first where its thread is known, then by size. */
  isolates: IsolateHeap[];
  /** Shared by all isolates: what is there from the start and never collected. */
  readOnly: HeapPage[];
}

/** Bytes that objects of these pages may fill. */
export function areaBytes(pages: readonly HeapPage[]): Bytes {
  let sum = 0;
  for (const { areaStart, areaEnd } of pages) sum += areaEnd - areaStart;
  return sum;
}
