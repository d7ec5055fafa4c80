import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { listDescendants, listNodeDescendants } from './descendants.ts';
import { checkSignalGate } from './gate.ts';
import { describeProcess } from './node-process.ts';

export interface StartedTarget {
  pid: number;
  child: ChildProcess;
  /** Ends what was started and all that it started in turn: SIGTERM, after 5 s SIGKILL. */
  stop(): Promise<void>;
}

/**
 * Starts `command` (`-- node app.js …`) and waits until it can be attached to. Its output goes to our stderr, so that
 * stdout stays the result's.
 * @throws HolterError E_START_FAILED when it cannot be started, ends at once, or starts no Node process; E_INTERRUPTED
 */
export async function startTarget(command: readonly string[], signal?: AbortSignal): Promise<StartedTarget> {
  const [file, ...args] = command;
  if (file === undefined)
    throw new HolterError('E_USAGE', 'nothing to start after --', { hint: 'holter doctor -- node app.js' });
  // A group of its own: `npm start` and shells do not pass a signal on to the app, and Ctrl-C is ours to answer.
  const child = spawn(file, args, { stdio: ['ignore', 2, 2], detached: true });
  const failure = new Promise<never>((_, reject) => {
    child.once('error', (error) =>
      reject(new HolterError('E_START_FAILED', `cannot start ${file}: ${error.message}`, { cause: error })),
    );
    child.once('exit', (code, signal) =>
      reject(
        new HolterError(
          'E_START_FAILED',
          `${command.join(' ')} ended at once (${signal ?? `exit code ${code}`})`,
        ),
      ),
    );
  });
  let failed = false;
  failure.catch(() => {
    failed = true;
  });
  const stop = async (): Promise<void> => {
    const { pid } = child;
    if (pid === undefined) return;
    // Of their own groups, where the app has started something detached: found now, while it is its parent.
    const others = listDescendants(pid).flatMap((other) => readProcessStat(other) ?? []);
    const signalAll = (name: NodeJS.Signals | 0): boolean => {
      const group = signalProcess(-pid, name);
      const left = others.filter(({ pid: other, startTicks }) => {
        const now = readProcessStat(other);
        // The same process, and not one that only waits to be asked how it ended.
        return now?.startTicks === startTicks && now.state !== 'Z' && signalProcess(other, name);
      });
      return group || left.length > 0;
    };
    signalAll('SIGTERM');
    const deadline = performance.now() + STOP_LIMIT_MS;
    while (signalAll(0) && performance.now() < deadline) await sleep(20);
    signalAll('SIGKILL');
  };
  const ready = async (): Promise<number> => {
    const deadline = performance.now() + START_LIMIT_MS;
    while (!failed) {
      if (signal?.aborted) throw new HolterError('E_INTERRUPTED', 'interrupted before the app had started');
      const pid = child.pid === undefined ? undefined : findNode(child.pid);
      if (pid !== undefined) {
        await sleep(300);
        return pid;
      }
      if (performance.now() > deadline)
        throw new HolterError(
          'E_START_FAILED',
          `${command.join(' ')} started no Node.js process within ${START_LIMIT_MS / 1000} s`,
          { hint: 'start it yourself and give its pid (holter ps)' },
        );
      await sleep(20);
    }
    return failure;
  };
  try {
    return { pid: await Promise.race([ready(), failure]), child, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What was started, or the first Node process below it (`sh -c 'node app.js'`), once it may be signalled. */
function findNode(pid: number): number | undefined {
  const isNode = (one: number) => describeProcess(one)?.kind === 'node';
  // The gate opens when Node has set up its signals; before that the signal would kill it.
  const isReady = (one: number) => readProcessStat(one) !== undefined && checkSignalGate(one).safe;
  return isNode(pid) ? (isReady(pid) ? pid : undefined) : listNodeDescendants(pid).find(isReady);
}

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5000;

/** Signals a process, or a group given as a negative number; false when there is none left. */
function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
