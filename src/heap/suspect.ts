import type { Bytes } from '../base/units.ts';
import type { Holder } from './holder.ts';
import type { Place } from './place.ts';

export const DETECTORS = [
  'accumulation',
  'shared-holders',
  'growth',
  'duplicate-strings',
  'closures',
  'timers',
  'listeners',
  'pending-promises',
  'external-memory',
  'waste',
  'packages',
  'duplicate-modules',
] as const;
export type Detector = (typeof DETECTORS)[number];

/** One statement about a heap: what takes memory, who holds it, which line. research/heap.md §6. */
export interface Suspect {
  detector: Detector;
  /** `Session × 71 204 in app.sessions (Map)`: a claim with numbers. */
  title: string;
  /** Class or kind that is accumulated: `Session`. */
  what: string;
  count: number;
  /** Bytes it explains (retained, wasted, outside the heap …). */
  bytes: Bytes;
  /** What `bytes` are: `retained`, `wasted`, `outside the heap`. */
  bytesAre: string;
  /** Of the whole heap, 0…1. */
  share: number;
  holders: Holder[];
  /** The line to look at: where it is added, constructed, registered. */
  place: Place | undefined;
  /** With an older snapshot: change of count and bytes, and per minute where the times are known. */
  growth?: { count: number; bytes: Bytes; perMinute?: number };
  /** Further sentences with numbers. */
  evidence: string[];
  /** What to do about it, one sentence; '' none. */
  advice: string;
  /** Node ordinals to look at, the largest first (accumulation point first). */
  nodes: number[];
}

export interface SuspectReport {
  suspects: Suspect[];
  /** Share of the heap the suspects explain together (nodes counted once), 0…1. */
  explained: number;
  /** Of all detectors, those that found nothing, for "what was checked". */
  quiet: Detector[];
}
