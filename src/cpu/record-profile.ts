import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Microseconds, Milliseconds } from '../base/units.ts';
import type { InspectorSession } from './inspector-session.ts';

export interface RecordProfileOptions {
  /** Sampling interval (default 1 ms). */
  intervalUs?: Microseconds;
  /** How long to record. Give this or `until`. */
  durationMs?: Milliseconds;
  /** Records until it settles, either way. */
  until?: Promise<unknown>;
  /**
   * Makes functions visible that V8 had optimised inside a running loop before we came (default true); see
   * `showRunningLoops`. Switch it off where another client collects coverage in the same thread, e.g. a target run
   * with NODE_V8_COVERAGE: its collection would end.
   */
  lateFix?: boolean;
  /** Longest wait for the profile after the end (default 10 s); a thread blocked in native code never answers. */
  answerMs?: Milliseconds;
  /** Called once, when the profiler runs: what is to be measured may begin. */
  onStarted?: () => void;
  /** Told what was done to the thread; `pauseMs` is the time to the answer, an upper bound of the pause. */
  onAct?: (what: string, pauseMs: Milliseconds) => void;
}

/**
 * Records a CPU profile of one thread of a live process; returns the JSON text of a `.cpuprofile`. The thread may be
 * idle, busy, or stuck in JavaScript.
 * @throws HolterError E_TIMEOUT when the thread answers nothing (it is inside native code), or what `session.send`
 * throws. Whenever the profiler may have been started, it is asked to stop.
 */
export async function recordCpuProfile(
  session: InspectorSession,
  options: RecordProfileOptions = {},
): Promise<string> {
  const { lateFix = true, answerMs = 10_000, onAct, onStarted } = options;
  // V8 takes whole numbers only, and 100us in seconds and back is 99.99999999999999.
  const intervalUs = Math.max(1, Math.round(options.intervalUs ?? 1000));
  const end = (options.until ?? sleep(options.durationMs ?? 10_000)).then(
    () => ENDED,
    () => ENDED,
  );
  const clocked = async (what: string, answer: Promise<unknown>): Promise<void> => {
    const begin = performance.now();
    await answer;
    onAct?.(what, performance.now() - begin);
  };

  // All sent at once: they run back to back in one interrupt of the thread, and a loop has no time to be optimised
  // between `start` and the fix.
  const started = clocked(`CPU profile started, every ${intervalUs} µs`, start(session, intervalUs));
  const shown = lateFix
    ? clocked(
        'functions optimised inside running loops sent back to the interpreter once, so that the profile can name them',
        showRunningLoops(session),
      ).catch(() => {
        // The profile is worth having without it; the thread's own answer to `stop` will tell if it is gone.
      })
    : undefined;
  const preparing = Promise.all([started, shown]).then(() => onStarted?.());
  // It may fail after `end` has won the race below.
  preparing.catch(() => {});
  try {
    // A thread inside a native call answers when it comes back: until then it is recording time like any other.
    await Promise.race([preparing, end]);
    await end;
    return await stop(session, answerMs, onAct);
  } catch (error) {
    session.send('Profiler.disable', undefined, { timeoutMs: 1000 }).catch(() => {});
    throw error;
  }
}

const ENDED = Symbol('ended');

async function start(session: InspectorSession, intervalUs: Microseconds): Promise<void> {
  await Promise.all([
    session.send('Profiler.enable'),
    session.send('Profiler.setSamplingInterval', { interval: intervalUs }),
    session.send('Profiler.start'),
  ]);
}

/**
 * V8 tells a CPU profiler that starts late about code it has compiled, but not about optimised code of a loop that is
 * running (on-stack replacement lives in the function's feedback cells, which nobody enumerates). Samples in such
 * code lose the function, and its time goes to the caller: measured on Node 18–26, a loop that never returns gets 0 %
 * on every version, a hot loop called from a timer 0–30 % on 22, 24 and 26.
 *
 * Precise coverage switched on throws away all optimised code of the thread; what is still hot is optimised again
 * within milliseconds, and now the profiler hears of it. It must come after `Profiler.start`: what is compiled between
 * the two would be lost again. `collectGarbage` has a similar effect but misses inlined callees. Costs one walk over
 * the heap, as `Profiler.start` itself does; numbers in bench/late-profile.mjs.
 */
async function showRunningLoops(session: InspectorSession): Promise<void> {
  await Promise.all([
    session.send('Profiler.startPreciseCoverage', { callCount: false, detailed: false }),
    session.send('Profiler.stopPreciseCoverage'),
  ]);
}

async function stop(
  session: InspectorSession,
  answerMs: Milliseconds,
  onAct: RecordProfileOptions['onAct'],
): Promise<string> {
  const begin = performance.now();
  const timer = new AbortController();
  const late = sleep(answerMs, undefined, { signal: timer.signal }).then(
    () => {
      throw new HolterError(
        'E_TIMEOUT',
        `CPU profile: the thread did not hand it over within ${answerMs} ms`,
        {
          hint: 'it is inside native code; `holter stack` shows where',
        },
      );
    },
    () => undefined,
  );
  try {
    const answer = await Promise.race([session.send('Profiler.stop'), late]);
    onAct?.('CPU profile stopped and read', performance.now() - begin);
    const profile = (answer as { profile?: unknown } | undefined)?.profile;
    if (typeof profile !== 'object' || profile === null) {
      throw new HolterError('E_CDP', 'Profiler.stop: the answer holds no profile');
    }
    await session.send('Profiler.disable', undefined, { timeoutMs: 2000 }).catch(() => {});
    return JSON.stringify(profile);
  } finally {
    timer.abort();
  }
}
