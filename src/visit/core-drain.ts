import { type ChildProcess, spawn } from 'node:child_process';
import { HolterError } from '../base/errors.ts';

/** An instance that was taken out of service. */
export interface Drained {
  /** Brings it back: runs the second command and waits for it; more than once does nothing. Throws when that fails. */
  end(): Promise<void>;
}

/**
 * Runs the second command when we are gone without having said so (kill -9): a shell in a session of its own, which reads a
 * pipe only we write to.
 */
const GUARD = 'IFS= read -r word; [ "$word" = done ] || eval "$1"';

/**
 * Runs the command that takes an instance out of service; both are given HOLTER_PID. The one that brings it back runs in any
 * case: also when the first failed half-way, when we are interrupted, and when we are killed.
 * @throws HolterError E_START_FAILED: the command failed (the other one was run)
 */
export async function drainInstance(options: {
  pid: number;
  drain?: string;
  undrain?: string;
  signal: AbortSignal;
  onStep?: (text: string) => void;
}): Promise<Drained> {
  const { pid, drain, undrain, signal, onStep } = options;
  const guard = undrain === undefined ? undefined : guardWith(undrain, pid);
  let isDone = false;
  const end = async (): Promise<void> => {
    if (isDone || undrain === undefined) return;
    isDone = true;
    onStep?.('bringing it back into service');
    try {
      await run(undrain, pid, '--undrain');
    } finally {
      guard?.stdin?.end('done\n');
    }
  };
  try {
    signal.throwIfAborted();
    if (drain !== undefined) {
      onStep?.('taking it out of service');
      await run(drain, pid, '--drain', signal);
    }
    signal.throwIfAborted();
  } catch (error) {
    await end();
    throw error;
  }
  return { end };
}

function guardWith(command: string, pid: number): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'holter', command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, HOLTER_PID: String(pid) },
  });
  guard.on('error', () => {});
  guard.stdin?.on('error', () => {});
  guard.unref();
  return guard;
}

/** Runs a command of a shell; what it prints goes to stderr, results stay clean. */
function run(command: string, pid: number, option: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new HolterError('E_START_FAILED', `the command of ${option} failed: ${why}`, { hint: command }));
    const child = spawn('/bin/sh', ['-c', command], {
      // A session of its own: Ctrl-C is for us, who end what has to be ended and run what has to be run.
      detached: true,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, HOLTER_PID: String(pid) },
    });
    const stop = (): void => {
      if (child.pid !== undefined)
        try {
          process.kill(-child.pid, 'SIGTERM');
        } catch {
          // It has ended.
        }
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, how) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted === true)
        reject(new HolterError('E_INTERRUPTED', 'interrupted: the process was not stopped'));
      else if (code === 0) resolve();
      else fail(how ?? `exit code ${code}`);
    });
  });
}
