import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Milliseconds, Share } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';

export interface SnapshotRecording {
  /** Told every piece of the file, in order. Must not throw. */
  onChunk: (text: string) => void;
  /** V8's own progress while it builds the graph, 0–1. */
  onProgress?: (done: Share) => void;
  /** Told what was done to the thread. */
  onAct?: (what: string, pauseMs: Milliseconds, effect?: string) => void;
  /** Collect garbage before, so that finalizers run and what they release is not in it. */
  collect?: boolean;
  /** Ends it before V8 has begun; afterwards nothing can. */
  signal: AbortSignal;
  /** Longest wait for the whole (default 60 min; Node 18 takes a minute per 100 MB). */
  timeoutMs?: Milliseconds;
}

export interface RecordedSnapshot {
  /** Upper bound: from the request to its answer. */
  pauseMs: Milliseconds;
  /** The loop did not turn: the thread had to be stopped by the debugger first. */
  wasStuck: boolean;
}

/** An event loop that turns runs a setImmediate within this. */
const TURN_MS = 200;
/** No sign of life from V8 for so long after the request: it may be queued behind a loop that never ends. */
const START_MS = 3000;

/**
 * Takes a heap snapshot of one thread through the inspector; the file comes in pieces through `onChunk`.
 *
 * V8 12 and later (Node 22–26) post the request to the event loop: in a thread stuck in JavaScript it would wait, and run
 * later when nobody wants it any more (research/live-attach.md §2.1). So a thread whose loop does not turn is stopped by
 * the debugger first, whose inner loop runs what is posted; and one that gets stuck in between, too.
 *
 * V8 numbers objects as long as the session lasts: `HeapProfiler.disable` and the end of any inspector session clear the
 * numbers (V8HeapProfilerAgentImpl::disable). Snapshots that are to be compared object by object must be taken over one
 * session, so the domain stays enabled; whoever leaves, disables it.
 *
 * @throws HolterError E_INTERRUPTED (before V8 had begun), E_NATIVE_BLOCK (the thread is in native code), E_TARGET_EXITED,
 *   E_TIMEOUT, E_CDP
 */
export async function recordSnapshot(
  session: Session,
  options: SnapshotRecording,
): Promise<RecordedSnapshot> {
  const { onChunk, onProgress, onAct, signal, timeoutMs = 3_600_000 } = options;
  let begun = false;
  let paused: { since: number } | undefined;
  const offs = [
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
      begun = true;
      onChunk(chunk);
    }),
    session.on('HeapProfiler.reportHeapSnapshotProgress', ({ done, total }) => {
      begun = true;
      onProgress?.(total > 0 ? Math.min(1, done / total) : 0);
    }),
  ];
  const stop = async (): Promise<void> => {
    paused = await pauseThread(session);
    if (paused !== undefined)
      onAct?.('main loop does not turn: stopped by the debugger for the snapshot', 0, 'until it is taken');
  };
  try {
    await session.send('HeapProfiler.enable', undefined, { timeoutMs: 10_000 });
    if (!(await turns(session, TURN_MS))) {
      await stop();
      // Only busy, and idle by now: nothing to stop. Or in native code, where nothing can be done.
      if (paused === undefined && !(await turns(session, 2000)))
        throw new HolterError('E_NATIVE_BLOCK', 'the thread is inside native code and cannot be looked at', {
          hint: 'try again when it has returned',
        });
    } else if (options.collect === true) {
      const begin = performance.now();
      await session.send('HeapProfiler.collectGarbage', undefined, { timeoutMs });
      // Finalizers are run by the loop.
      await turns(session, 2000);
      onAct?.('garbage collected', performance.now() - begin);
    }
    if (signal.aborted) throw new HolterError('E_INTERRUPTED', 'ended before the snapshot began');
    const begin = performance.now();
    let answered = false;
    const taken = session
      .send('HeapProfiler.takeHeapSnapshot', { reportProgress: true }, { timeoutMs })
      .finally(() => {
        answered = true;
      });
    taken.catch(() => {});
    const watched = (async () => {
      while (!answered && !begun && paused === undefined) {
        await Promise.race([sleep(START_MS), taken.catch(() => {})]);
        // Answers while V8 has not begun: the request waits behind a loop that never turns.
        if (!answered && !begun && (await answers(session)) && !begun && !answered) await stop();
      }
    })();
    await taken;
    await watched.catch(() => {});
    const wasStuck = paused !== undefined;
    return { pauseMs: performance.now() - (paused?.since ?? begin), wasStuck };
  } catch (error) {
    if (!session.isOpen)
      throw new HolterError('E_TARGET_EXITED', 'the target ended while its heap snapshot was taken', {
        hint: 'was it killed for its memory? dmesg and the container tell; holter heap histogram needs far less',
        cause: error,
      });
    throw error;
  } finally {
    for (const off of offs) off();
    if (paused !== undefined && session.isOpen) {
      await session.send('Debugger.resume', {}, { timeoutMs: 3000 }).catch(() => {});
      await session.send('Debugger.disable', undefined, { timeoutMs: 3000 }).catch(() => {});
    }
  }
}

const TURN =
  'new Promise((done) => (process.getBuiltinModule ? process.getBuiltinModule("timers") : require("timers")).setImmediate(done, 1))';

/** Whether the event loop turns within `timeoutMs`. */
async function turns(session: Session, timeoutMs: Milliseconds): Promise<boolean> {
  return evaluate(session, TURN, { awaitPromise: true, timeoutMs }).then(
    () => true,
    () => false,
  );
}

/** Whether the thread serves requests in an interrupt. */
async function answers(session: Session): Promise<boolean> {
  return evaluate(session, '1', { timeoutMs: 500 }).then(
    () => true,
    () => false,
  );
}

/** Stops the thread; undefined when it runs no JavaScript to be stopped in. */
async function pauseThread(session: Session): Promise<{ since: number } | undefined> {
  try {
    await session.send('Debugger.enable', {}, { timeoutMs: 3000 });
    const stopped = session.once('Debugger.paused', 3000);
    stopped.catch(() => {});
    await session.send('Debugger.pause', undefined, { timeoutMs: 3000 });
    await stopped;
    return { since: performance.now() };
  } catch {
    await session.send('Debugger.disable', undefined, { timeoutMs: 1000 }).catch(() => {});
    return undefined;
  }
}
