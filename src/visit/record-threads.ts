import type { Bytes, Microseconds, Milliseconds } from '../base/units.ts';
import type { Session } from '../cdp/session.ts';
import { attachToWorkers } from '../cdp/worker-sessions.ts';
import { startAllocationSampling, stopAllocationSampling } from '../cpu/record-allocations.ts';
import { recordCpuProfile } from '../cpu/record-profile.ts';
import type { WindowClock } from './clock.ts';
import type { ActSink } from './watch-inside.ts';

/** The profile of one thread as V8 gave it. */
export interface RecordedThread {
  /** `main`, or `worker 3 resize`. */
  thread: string;
  /** Content of a `.cpuprofile` or `.heapprofile`. */
  json: string;
  /** ms after window start. */
  fromMs: Milliseconds;
  toMs: Milliseconds;
}

export interface RecordThreadsOptions {
  clock: WindowClock;
  intervalUs: Microseconds;
  lateFix: boolean;
  /** Worker threads too (at most 16 of them). */
  workers: boolean;
  /** The end of recording. */
  until: Promise<unknown>;
  act: ActSink;
  /** Called once, when the main thread's profiler runs. */
  onStarted?: () => void;
  /** Sampled allocations instead of CPU time. */
  allocations?: { intervalBytes: Bytes; keepFreed: boolean };
}

/**
 * Making running loops visible walks the heap: 230–350 ms for 200 MB (bench/late-profile.mjs), on top of what V8's own
 * Profiler.start takes. Above this size it is not done unasked.
 */
const LATE_FIX_LIMIT_BYTES = 512 * 2 ** 20;
const MOST_WORKERS = 16;

/** Whether a heap of this size may be walked for the late fix, and the sentence that says what is lost without. */
export function decideLateFix(
  heapUsedBytes: Bytes,
  consent: boolean,
): { lateFix: boolean; note: string | undefined } {
  if (heapUsedBytes < LATE_FIX_LIMIT_BYTES || consent) return { lateFix: true, note: undefined };
  return {
    lateFix: false,
    note: `the heap holds ${Math.round(heapUsedBytes / 1e6)} MB: functions optimised before we came were not sent back to the interpreter, which would pause about ${(heapUsedBytes / 7e8).toFixed(1)} s, so time may show at their callers; --yes does it`,
  };
}

/**
 * Profiles the main thread and, if asked, its workers until `until` settles or the target goes. Never throws: threads
 * that gave nothing are in `failures`. Main first.
 */
export async function recordThreads(
  session: Session,
  options: RecordThreadsOptions,
): Promise<{ recorded: RecordedThread[]; failures: { thread: string; error: unknown }[]; skipped: number }> {
  const { clock, act, until } = options;
  const recorded: RecordedThread[] = [];
  const failures: { thread: string; error: unknown }[] = [];
  const record = async (thread: string, on: Session) => {
    const fromMs = clock.now();
    const end = Promise.race([until, on.closed.then(() => {})]);
    const say: ActSink = (what, pauseMs, effect) =>
      act(thread === 'main' ? what : `${thread}: ${what}`, pauseMs, effect);
    try {
      const json =
        options.allocations === undefined
          ? await recordCpuProfile(on, {
              intervalUs: options.intervalUs,
              lateFix: options.lateFix,
              until: end,
              onAct: say,
              ...(thread === 'main' && options.onStarted !== undefined
                ? { onStarted: options.onStarted }
                : {}),
            })
          : await recordAllocations(on, options.allocations, end, say, () => {
              if (thread === 'main') options.onStarted?.();
            });
      recorded.push({ thread, json, fromMs, toMs: clock.now() });
    } catch (error) {
      failures.push({ thread, error });
    }
  };
  const main = record('main', session);
  const workers = options.workers
    ? await attachToWorkers(session, (title) => /\bholter$/.test(title)).catch(() => [])
    : [];
  await Promise.all([
    main,
    ...workers.slice(0, MOST_WORKERS).map(({ title, session: worker }) => record(workerName(title), worker)),
  ]);
  if (options.workers && session.isOpen)
    await session.send('NodeWorker.disable', undefined, { timeoutMs: 1000 }).catch(() => {});
  recorded.sort((a, b) => Number(b.thread === 'main') - Number(a.thread === 'main'));
  return { recorded, failures, skipped: Math.max(0, workers.length - MOST_WORKERS) };
}

async function recordAllocations(
  session: Session,
  options: { intervalBytes: Bytes; keepFreed: boolean },
  end: Promise<unknown>,
  act: ActSink,
  onStarted: () => void,
): Promise<string> {
  try {
    await startAllocationSampling(session, options);
    act(
      `allocation sampling started, one in ${Math.round(options.intervalBytes / 1024)} kB`,
      0,
      'until leaving',
    );
    onStarted();
    await end;
    const begin = performance.now();
    const json = await stopAllocationSampling(session);
    const pauseMs = performance.now() - begin;
    // V8 collects before it hands them over (kSamplingForceGC), whichever kind was asked for.
    act('allocations read', pauseMs, `full collection, paused at most ${Math.ceil(pauseMs)} ms`);
    return json;
  } finally {
    if (session.isOpen)
      await session.send('HeapProfiler.disable', undefined, { timeoutMs: 1000 }).catch(() => {});
  }
}

/** `[worker 3] resize` → `worker 3 resize`. */
function workerName(title: string): string {
  return title.replace(/^\[worker (\d+)\]\s*/, 'worker $1 ').trim();
}
