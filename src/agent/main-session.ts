import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import type { Milliseconds } from '../base/units.ts';
import type { MainLook } from './worker-messages.ts';

/**
 * Looks at the main thread from the worker, through an inspector session within the process: no port, no message on
 * stderr. The main thread answers in an interrupt, also in the middle of a loop that never ends; inside a native call it
 * does not. A session lives only as long as a look: while one is open, code may run slower.
 */

type Post = (method: string, params?: object) => Promise<Record<string, unknown>>;

async function withSession<T>(
  answerMs: Milliseconds,
  use: (post: Post, session: Session) => Promise<T>,
): Promise<T> {
  const session = new Session();
  session.connectToMainThread();
  const post: Post = (method, params) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), answerMs);
      (session.post as (m: string, p: object | undefined, d: (e: Error | null, r?: object) => void) => void)(
        method,
        params,
        (error, result) => {
          clearTimeout(timer);
          if (error === null) resolve((result ?? {}) as Record<string, unknown>);
          else reject(new Error(`${method}: ${error.message}`));
        },
      );
    });
  try {
    return await use(post, session);
  } finally {
    session.disconnect();
  }
}

/**
 * Runs on the main thread on top of whatever runs there, so the stack below is that of the program. Structured frames,
 * because formatting would run the program's own `prepareStackTrace` or load source maps. Restored before it returns.
 */
const LOOK = `(() => {
  const E = Error, prepare = Object.getOwnPropertyDescriptor(E, 'prepareStackTrace'), limit = E.stackTraceLimit, holder = {};
  try {
    E.stackTraceLimit = 64;
    E.prepareStackTrace = (_, sites) => sites.map((s) => [
      s.getFunctionName() || s.getMethodName() || '', s.getFileName() || '', s.getLineNumber() || 0, s.getColumnNumber() || 0]);
    E.captureStackTrace(holder);
    const frames = holder.stack;
    return JSON.stringify({ frames, used: process.memoryUsage().heapUsed });
  } finally {
    E.stackTraceLimit = limit;
    if (prepare) Object.defineProperty(E, 'prepareStackTrace', prepare); else delete E.prepareStackTrace;
  }
})()`;

/** Stack and heap of the main thread now. @throws Error when it does not answer within `answerMs` */
export function lookAtMain(answerMs: Milliseconds): Promise<MainLook> {
  return withSession(answerMs, async (post) => {
    const { result } = (await post('Runtime.evaluate', {
      expression: LOOK,
      returnByValue: true,
      silent: true,
    })) as { result?: { value?: unknown } };
    const { frames, used } = JSON.parse(String(result?.value)) as {
      frames: [string, string, number, number][];
      used: number;
    };
    return {
      heapUsedBytes: used,
      frames: frames
        // The two innermost are the look itself: they have no file.
        .filter(([, file]) => file !== '' && file !== 'evalmachine.<anonymous>')
        .map(([name, file, line, column]) => ({
          function: name || '(anonymous)',
          file: pathOf(file),
          line,
          column,
        })),
    };
  });
}

function pathOf(file: string): string {
  return file.startsWith('file://') ? decodeURIComponent(file.slice('file://'.length)) : file;
}

/** CPU profile of the main thread, JSON text of a `.cpuprofile`. */
export function profileMain(durationMs: Milliseconds, intervalUs: number): Promise<string> {
  return withSession(durationMs + 10_000, async (post) => {
    // Sent back to back: V8 tells a profiler that starts late nothing about code optimised inside a running loop;
    // switching precise coverage on and off throws such code away once (src/cpu/record-profile.ts).
    await Promise.all([
      post('Profiler.enable'),
      post('Profiler.setSamplingInterval', { interval: intervalUs }),
      post('Profiler.start'),
      post('Profiler.startPreciseCoverage', { callCount: false, detailed: false }),
      post('Profiler.stopPreciseCoverage'),
    ]);
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    const { profile } = await post('Profiler.stop');
    return JSON.stringify(profile);
  });
}

/** Sampled allocations of the main thread that are still alive at the end, JSON text of a `.heapprofile`. */
export function sampleAllocations(durationMs: Milliseconds): Promise<string> {
  return withSession(durationMs + 10_000, async (post) => {
    await post('HeapProfiler.startSampling', { samplingInterval: 65_536 });
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    const { profile } = await post('HeapProfiler.stopSampling');
    return JSON.stringify(profile);
  });
}

/** Heap snapshot of the main thread into `folder/name`, 0600; the main thread stands still meanwhile. */
export function snapshotMain(folder: string, name: string): Promise<void> {
  return withSession(600_000, async (post, session) => {
    const path = join(folder, name);
    const file = openSync(path, 'w', 0o600);
    let failure: unknown;
    session.on('HeapProfiler.addHeapSnapshotChunk', ({ params }) => {
      if (failure !== undefined) return;
      try {
        writeSync(file, params.chunk);
      } catch (error) {
        failure = error;
      }
    });
    try {
      await post('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
    } catch (error) {
      failure ??= error;
    } finally {
      closeSync(file);
    }
    if (failure === undefined) return;
    rmSync(path, { force: true });
    throw failure;
  });
}

/** Node's diagnostic report of the main thread, JSON text; the environment is left out, it holds secrets. */
export function reportMain(answerMs: Milliseconds): Promise<string> {
  return withSession(answerMs, async (post) => {
    const { result } = (await post('Runtime.evaluate', {
      expression: `(() => {
        const r = process.report, had = r.excludeNetwork;
        if (had !== undefined) r.excludeNetwork = true;
        try { const x = r.getReport(); for (const part of [x, ...(x.workers || [])]) delete part.environmentVariables; return JSON.stringify(x); }
        finally { if (had !== undefined) r.excludeNetwork = had; }
      })()`,
      returnByValue: true,
      silent: true,
    })) as { result?: { value?: unknown } };
    if (typeof result?.value !== 'string') throw new Error('no report');
    return result.value;
  });
}
