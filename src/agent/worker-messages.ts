import type { TargetInfo } from '../base/target-info.ts';
import type { BoxEvent, BoxFrame } from '../metrics/black-box.ts';
import type { Settings } from './settings.ts';

/** What the worker is started with. */
export interface WorkerStart {
  settings: Settings;
  folder: string;
  target: TargetInfo;
  holter: string;
  shared: SharedArrayBuffer;
  /** The delay histogram of the main loop: a clone shares its numbers, and its count stands still while the loop does. */
  delays: import('node:perf_hooks').IntervalHistogram;
  /** Delays since the start, for metrics; disabled when nobody asks. */
  scrape: import('node:perf_hooks').IntervalHistogram;
  spaces: readonly string[];
  /** Settings of the environment that were not understood. */
  problems: readonly string[];
}

/** Main thread → worker. */
export type ToWorker =
  | { kind: 'leak'; text: string; numbers: Record<string, number> }
  | { kind: 'near-heap-limit'; text: string; numbers: Record<string, number> }
  | { kind: 'capture'; why: string }
  | { kind: 'stop' };

/** Worker → main thread: every event. */
export interface FromWorker {
  event: BoxEvent;
}

/** Result of a look at the main thread. */
export interface MainLook {
  frames: BoxFrame[];
  heapUsedBytes: number;
}
