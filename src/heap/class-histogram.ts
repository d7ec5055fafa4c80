import type { Bytes } from '../base/units.ts';

/** Classes of a live process counted without a snapshot (`Runtime.queryObjects`, grouped in the target). */
export interface ClassHistogram {
  /** ISO time. */
  takenAt: string;
  /** `main`, or `worker 3 resize`. */
  thread: string;
  /** Largest first. */
  rows: ClassCount[];
  objectCount: number;
  /** V8's own numbers at that moment, in bytes. */
  heap: { used: Bytes; total: Bytes; limit: Bytes; external: Bytes; arrayBuffers: Bytes };
  /** How long the thread could do nothing else. */
  pauseMs: number;
  /** What the count cannot see, as sentences. */
  notes: string[];
}

export interface ClassCount {
  /** Constructor name, or `{id, name}` for plain objects of one shape. */
  name: string;
  /** `path:line:column` of the constructor (1-based), '' unknown. */
  place: string;
  count: number;
  /** Estimate of own size (objects, elements, entries; typed arrays and Buffers by their bytes). */
  bytes: Bytes;
  /** Entries held by all of them: lengths of Arrays, sizes of Maps and Sets, listeners of emitters. */
  entries: number;
}
