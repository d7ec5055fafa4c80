import { spawn } from 'node:child_process';
import type { Milliseconds } from '../base/units.ts';

export interface ChildResult {
  /** null: ended by a signal, or it could not be started. */
  code: number | null;
  stdout: string;
  /** The end of it. */
  stderr: string;
  tookMs: Milliseconds;
  timedOut: boolean;
}

export interface ChildOptions {
  env?: Readonly<Record<string, string>>;
  limitMs: Milliseconds;
  signal: AbortSignal;
  /** Signals go to all that it started, too. Not for captures: their guards outlive them to put things right. */
  group?: boolean;
}

const MOST_OUT = 32 * 2 ** 20;
const MOST_ERR = 8192;
/** Leaving a target takes well under this. */
const GRACE_MS: Milliseconds = 15_000;

/**
 * Runs a command of an action and never throws. Captures run in a process of their own: what they read weighs nothing on
 * the watch, and one that fails or hangs takes nothing along. When the watch is killed they come to their end by
 * themselves and leave the target as it was. An abort and the time limit ask with SIGTERM, and kill 15 s later.
 */
export function runChild(command: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const [file = '', ...args] = command;
  const begun = performance.now();
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      // A group of its own: Ctrl-C reaches the watch, which asks the capture to leave.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    let hard: NodeJS.Timeout | undefined;
    const signal = (name: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(options.group === true ? -child.pid : child.pid, name);
      } catch {
        // It has ended.
      }
    };
    const end = (): void => {
      signal('SIGTERM');
      hard ??= setTimeout(() => signal('SIGKILL'), GRACE_MS);
    };
    const limit = setTimeout(() => {
      timedOut = true;
      end();
    }, options.limitMs);
    options.signal.addEventListener('abort', end, { once: true });
    if (options.signal.aborted) end();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < MOST_OUT) stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MOST_ERR);
    });
    const settle = (code: number | null): void => {
      clearTimeout(limit);
      clearTimeout(hard);
      options.signal.removeEventListener('abort', end);
      resolve({ code, stdout, stderr, tookMs: performance.now() - begun, timedOut });
    };
    child.once('error', (error) => {
      stderr += error.message;
      settle(null);
    });
    child.once('close', settle);
  });
}
