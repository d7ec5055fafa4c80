import type { Milliseconds } from '../base/units.ts';

/**
 * Names of all series; the unit is part of the name. `cpu.*` are percent of one core.
 *
 * outside (from /proc, never stops):
 *   cpu.main_percent             main JS thread
 *   cpu.v8_percent               V8 platform workers: concurrent GC, compiler
 *   cpu.pool_percent             libuv pool
 *   cpu.workers_percent          user worker threads
 *   cpu.other_percent            all other threads
 *   sched.main_wait_percent      main thread runnable but not running (run queue), % of wall time
 *   sched.voluntary_per_second, sched.involuntary_per_second   context switches of the main thread
 *   cgroup.throttled_percent     share of wall time the cgroup was throttled (CFS quota)
 *   machine.cpu_percent          whole machine, 0–100 of all cores;  machine.steal_percent likewise
 *   memory.rss_bytes, memory.pss_bytes
 *   handles.fds                  open file descriptors
 * inside (from the target, a gap while it cannot answer):
 *   loop.delay_ms                longest event-loop delay in the bin (100 ms bins)
 *   pool.queued, pool.busy       work that waits for a thread of libuv's pool, threads that have some (read from memory)
 *   loop.utilisation_percent     masked while a V8 profiler runs (research/fleet.md 3.6)
 *   memory.heap_used_bytes, memory.heap_total_bytes, memory.external_bytes, memory.array_buffers_bytes
 *   gc.percent                   GC time of the main isolate, % of the bin
 *   handles.active               active resources (libuv handles and requests)
 *   http.requests_per_second     requests begun on HTTP/1 servers of the process
 */
export const SERIES_NAMES = [
  'cpu.main_percent',
  'cpu.v8_percent',
  'cpu.pool_percent',
  'cpu.workers_percent',
  'cpu.other_percent',
  'sched.main_wait_percent',
  'sched.voluntary_per_second',
  'sched.involuntary_per_second',
  'cgroup.throttled_percent',
  'machine.cpu_percent',
  'machine.steal_percent',
  'memory.rss_bytes',
  'memory.pss_bytes',
  'handles.fds',
  'pool.queued',
  'pool.busy',
  'loop.delay_ms',
  'loop.utilisation_percent',
  'memory.heap_used_bytes',
  'memory.heap_total_bytes',
  'memory.external_bytes',
  'memory.array_buffers_bytes',
  'gc.percent',
  'handles.active',
  'http.requests_per_second',
] as const;
export type SeriesName = (typeof SERIES_NAMES)[number];

/** One series: `value[i]` was read at `time[i]` ms after window start. NaN = known gap. Times ascend. */
export interface Series {
  name: SeriesName;
  time: Float64Array;
  value: Float64Array;
  /** Stretches in which the values mean nothing, e.g. utilisation while profiling. */
  masked?: { fromMs: Milliseconds; toMs: Milliseconds; why: string }[];
}

/** The loop did not turn from `at` for `ms`. */
export interface BlockedStretch {
  at: Milliseconds;
  ms: Milliseconds;
  /** Part of it in which the main thread waited for a CPU: the machine's fault, not the code's. */
  waitMs: Milliseconds;
  /** Part of it spent in GC. */
  gcMs: Milliseconds;
  /** Still blocked when the window ended: `ms` is a lower bound. */
  open?: boolean;
}

export type GcKind = 'minor' | 'major' | 'incremental' | 'weak';
export interface GcEvent {
  at: Milliseconds;
  ms: Milliseconds;
  kind: GcKind;
  /** heapUsed right after, when known: the material of post-GC lows. */
  usedAfterBytes?: number;
  externalAfterBytes?: number;
}

/** All vital signs of one window. */
export interface VitalSigns {
  seconds: number;
  series: Map<SeriesName, Series>;
  blocked: BlockedStretch[];
  gc: GcEvent[];
  /** Forced full collections holter asked for, with what was left alive: exact live sizes. */
  forcedGc: { at: Milliseconds; usedAfterBytes: number; externalAfterBytes: number; rssAfterBytes: number }[];
  /** Active resources by type, at start and end: `{ TCPSocketWrap: [3, 120] }`. */
  resources: Record<string, [first: number, last: number]>;
  /** V8 heap spaces at end. */
  heapSpaces: { name: string; usedBytes: number; sizeBytes: number }[];
  /** HTTP requests begun in the window; undefined when not counted. */
  requests?: number;
  /** Loop iterations per second measured in a short burst, only when CPU was high. */
  loopIterationsPerSecond?: number;
}
