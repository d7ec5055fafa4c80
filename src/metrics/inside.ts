import type { BridgeBatch, BridgeSample } from '../cdp/protocol.ts';
import type { BlockedStretch, GcEvent, GcKind, Series, SeriesName } from './series.ts';

/** node/src/node_perf_common.h: v8::GCType values as PerformanceObserver gives them. */
const GC_KINDS = new Map<number, GcKind>([
  [1, 'minor'],
  [2, 'minor'],
  [4, 'major'],
  [8, 'incremental'],
  [16, 'weak'],
]);

export interface InsideSigns {
  series: Series[];
  blocked: BlockedStretch[];
  gc: GcEvent[];
  requests: number;
}

/** Shortest stretch kept: below that the loop is merely busy. */
const BLOCKED_FROM_MS = 50;

/** The main thread refreshes its numbers every 100 ms; older than this they are a gap. */
const STALE_MS = 300;

/**
 * The inside half of the vital signs from what the bridge sent.
 *
 * A loop that does not answer is a blocked stretch, not a gap: the sample shows an old `beat`, so the delay of that bin
 * is `time − beat`. Numbers that only the main thread can read (heap, utilisation) are gaps meanwhile.
 *
 * @param startMs CLOCK_MONOTONIC ms of window start
 */
export function buildInside(
  samples: readonly BridgeSample[],
  batches: readonly BridgeBatch[],
  startMs: number,
): InsideSigns {
  const columns = new Map<SeriesName, { time: number[]; value: number[] }>();
  const push = (name: SeriesName, time: number, value: number): void => {
    let column = columns.get(name);
    if (column === undefined) {
      column = { time: [], value: [] };
      columns.set(name, column);
    }
    column.time.push(time);
    column.value.push(value);
  };

  let before: BridgeSample | undefined;
  for (const sample of samples) {
    const time = sample.time - startMs;
    const fresh = sample.time - sample.refreshed < STALE_MS;
    const late = Math.max(0, sample.time - sample.beat - PERIOD_MS);
    push('loop.delay_ms', time, Math.max(late, sample.refreshed === before?.refreshed ? 0 : sample.delay));
    push('memory.heap_used_bytes', time, fresh ? sample.heapUsed : Number.NaN);
    push('memory.heap_total_bytes', time, fresh ? sample.heapTotal : Number.NaN);
    push('memory.external_bytes', time, fresh ? sample.external : Number.NaN);
    push('memory.array_buffers_bytes', time, fresh ? sample.arrayBuffers : Number.NaN);
    push('handles.active', time, fresh && sample.resources > 0 ? sample.resources : Number.NaN);
    if (before !== undefined) {
      const active = sample.eluActive - before.eluActive;
      const idle = sample.eluIdle - before.eluIdle;
      push(
        'loop.utilisation_percent',
        time,
        active + idle > 0 ? (100 * active) / (active + idle) : Number.NaN,
      );
      const seconds = (sample.time - before.time) / 1000;
      push('http.requests_per_second', time, (sample.requests - before.requests) / seconds);
      push('gc.percent', time, Math.min(100, (sample.gcMs - before.gcMs) / (10 * seconds)));
    }
    before = sample;
  }

  const blocked: BlockedStretch[] = [];
  const gc: GcEvent[] = [];
  for (const batch of batches) {
    for (const { at, ms } of batch.blocked)
      if (ms >= BLOCKED_FROM_MS) blocked.push({ at: at - startMs, ms, waitMs: 0, gcMs: 0 });
    for (const { at, ms, kind, used, external } of batch.gc)
      gc.push({
        at: at - startMs,
        ms,
        kind: GC_KINDS.get(kind) ?? 'minor',
        usedAfterBytes: used,
        ...(external > 0 ? { externalAfterBytes: external } : {}),
      });
  }
  // The last stretch may not have ended: the ticker never came to report it.
  if (before !== undefined) {
    const ms = before.time - before.beat - PERIOD_MS;
    if (ms >= BLOCKED_FROM_MS)
      blocked.push({ at: before.beat + PERIOD_MS - startMs, ms, waitMs: 0, gcMs: 0, open: true });
  }
  blocked.sort((a, b) => a.at - b.at);
  gc.sort((a, b) => a.at - b.at);
  const first = samples[0];
  return {
    series: [...columns].map(([name, { time, value }]) => ({
      name,
      time: Float64Array.from(time),
      value: Float64Array.from(value),
    })),
    blocked,
    gc,
    requests: first === undefined || before === undefined ? 0 : before.requests - first.requests,
  };
}

/** Period of the ticker in the target (target/bridge-source.ts). */
const PERIOD_MS = 20;

/**
 * Fills `waitMs` and `gcMs` of each stretch: the run-queue wait of the main thread (series `sched.main_wait_percent`)
 * and the collections inside it.
 */
export function explainStretches(
  blocked: BlockedStretch[],
  gc: readonly GcEvent[],
  wait: Series | undefined,
): void {
  for (const stretch of blocked) {
    const end = stretch.at + stretch.ms;
    stretch.gcMs = 0;
    for (const event of gc)
      stretch.gcMs += Math.max(0, Math.min(end, event.at + event.ms) - Math.max(stretch.at, event.at));
    stretch.waitMs = 0;
    if (wait === undefined) continue;
    for (let i = 1; i < wait.time.length; i++) {
      const from = wait.time[i - 1]!;
      const to = wait.time[i]!;
      const percent = wait.value[i]!;
      const overlap = Math.min(end, to) - Math.max(stretch.at, from);
      if (overlap <= 0 || !Number.isFinite(percent)) continue;
      // The wait of a bin may all have been inside the stretch: the loop was not asking for CPU in the rest.
      stretch.waitMs += Math.min(overlap, (percent / 100) * (to - from));
    }
    stretch.waitMs = Math.min(stretch.waitMs, stretch.ms);
  }
}
