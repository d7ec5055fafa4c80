import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { checkSignalGate } from './gate.ts';

export interface StartedTarget {
  pid: number;
  child: ChildProcess;
  /** Ends what was started: SIGTERM, after 5 s SIGKILL. */
  stop(): Promise<void>;
}

/**
 * Starts `command` (`-- node app.js …`) and waits until it can be attached to. Its output goes to our stderr, so that
 * stdout stays the result's.
 * @throws HolterError E_START_FAILED when it cannot be started or ends at once
 */
export async function startTarget(command: readonly string[]): Promise<StartedTarget> {
  const [file, ...args] = command;
  if (file === undefined)
    throw new HolterError('E_USAGE', 'nothing to start after --', { hint: 'holter doctor -- node app.js' });
  const child = spawn(file, args, { stdio: ['ignore', 2, 2] });
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
  const ready = async (): Promise<number> => {
    while (!failed) {
      const { pid } = child;
      // The gate opens when Node has set up its signals; before that the signal would kill it.
      if (pid !== undefined && readProcessStat(pid) !== undefined && checkSignalGate(pid).safe) {
        await sleep(300);
        return pid;
      }
      await sleep(20);
    }
    return failure;
  };
  const pid = await Promise.race([ready(), failure]);
  return {
    pid,
    child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(killer);
    },
  };
}
