import type { Milliseconds } from '../base/units.ts';

/** CLOCK_MONOTONIC in ms: the clock of /proc readings, of the bridge and of V8's profile timestamps alike. */
export function monotonicMs(): Milliseconds {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The window's own time: ms 0 is its start. */
export interface WindowClock {
  /** ISO time of ms 0. */
  startedAt: string;
  /** CLOCK_MONOTONIC ms of ms 0. */
  startMs: Milliseconds;
  /** ms since start. */
  now(): Milliseconds;
}

export function startClock(): WindowClock {
  const startMs = monotonicMs();
  return { startedAt: new Date().toISOString(), startMs, now: () => monotonicMs() - startMs };
}
