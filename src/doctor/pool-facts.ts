import type { Milliseconds } from '../base/units.ts';
import type { PoolRecording, PoolSample } from '../metrics/pool-recording.ts';

/** What the rules on libuv's pool need. */
export interface PoolFacts {
  threads: number;
  /** Share of the samples with no idle thread and work that waits. */
  fullShare: number;
  /** Mean and most that waited, of all samples. */
  meanQueued: number;
  mostQueued: number;
  /** The longest that one piece of work was seen to wait: a lower bound. */
  longestWaitMs: Milliseconds;
  /** Kinds of work that wait, by number, `crypto` before `fs`. */
  waiting: { kind: string; share: number }[];
  /** Work that held a thread for nearly the whole window, asleep in a system call. */
  held: { threads: number; kind: string; subject: string; systemCall: string; forMs: Milliseconds }[];
  heldThreads: number;
}

/** A piece of work that is on its thread for so much of the window, and so long, does not end by itself. */
const HELD_SHARE = 0.8;
const HELD_FROM_MS = 2500;

/** Undefined: nothing has used the pool. */
export function measurePool(pool: PoolRecording): PoolFacts | undefined {
  const samples = pool.samples.filter(({ threads }) => threads > 0);
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  const spanMs = last.at - samples[0]!.at;
  const full = samples.filter(({ idle, queued }) => idle === 0 && queued > 0);
  const total = pool.waiting.reduce((sum, { count }) => sum + count, 0);
  const kinds = new Map<string, number>();
  for (const { kind, count } of pool.waiting) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  const held = pool.running
    .filter(({ longestMs }) => longestMs >= Math.max(HELD_FROM_MS, spanMs * HELD_SHARE))
    .map(({ count, kind, subject, systemCall, longestMs }) => ({
      threads: count,
      kind,
      subject,
      systemCall,
      forMs: longestMs,
    }));
  return {
    threads: last.threads,
    fullShare: full.length / samples.length,
    meanQueued: mean(samples),
    mostQueued: Math.max(...samples.map(({ queued }) => queued)),
    longestWaitMs: Math.max(0, ...pool.waiting.map(({ longestMs }) => longestMs)),
    waiting: [...kinds]
      .map(([kind, count]) => ({ kind, share: count / total }))
      .sort((a, b) => b.share - a.share),
    held,
    heldThreads: held.reduce((sum, { threads }) => sum + threads, 0),
  };
}

function mean(samples: readonly PoolSample[]): number {
  return samples.reduce((sum, { queued }) => sum + queued, 0) / samples.length;
}

/** `crypto`, `fs (open /run/jobs)`: what people call such work. */
export function workText(kind: string, subject: string): string {
  return subject === '' ? kind : `${kind} (${subject})`;
}
