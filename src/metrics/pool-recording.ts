import type { Milliseconds } from '../base/units.ts';
import type { Series } from './series.ts';

/** libuv's pool at one moment. */
export interface PoolSample {
  at: Milliseconds;
  threads: number;
  idle: number;
  queued: number;
  slowQueued: number;
}

/** Pieces of work of one kind and subject. */
export interface PoolWorkSeen {
  kind: string;
  subject: string;
  count: number;
  /** The longest that one of them was seen, ms: a lower bound of its time. */
  longestMs: Milliseconds;
}

/** What the libuv pool did in a window, read out of memory without using it: `pool.json` of a recording. */
export interface PoolRecording {
  schema: 'holter.pool/1';
  samples: PoolSample[];
  /** Waiting for a thread, by time seen. */
  waiting: PoolWorkSeen[];
  /** On a thread, by time seen; `systemCall` where it slept. */
  running: (PoolWorkSeen & { systemCall: string })[];
}

/** Its samples as series: what waits, and the threads that work. */
export function poolSeries({ samples }: PoolRecording): Series[] {
  const used = samples.filter(({ threads }) => threads > 0);
  const time = Float64Array.from(used, ({ at }) => at);
  return used.length === 0
    ? []
    : [
        { name: 'pool.queued', time, value: Float64Array.from(used, ({ queued }) => queued) },
        { name: 'pool.busy', time, value: Float64Array.from(used, ({ threads, idle }) => threads - idle) },
      ];
}
