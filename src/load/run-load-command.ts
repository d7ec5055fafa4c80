import { type ChildProcess, spawn } from 'node:child_process';
import { HolterError } from '../base/errors.ts';
import type { Seconds } from '../base/units.ts';
import type { LoadResult } from './load-result.ts';
import { buildForeignResult, readLoadOutput } from './read-load-output.ts';

export interface LoadCommandOptions {
  /** Added to our own environment: URL and PORT of the server. */
  env: Record<string, string>;
  /** Ends the command and everything it started. */
  signal?: AbortSignal | undefined;
  /** The same happens after this time; default an hour. */
  timeoutSeconds?: Seconds | undefined;
}

export interface LoadCommandResult {
  /** As a shell gives it: 128 + signal number after a signal. */
  exitCode: number;
  seconds: Seconds;
  /** We ended it, by `signal` or by time. */
  wasStopped: boolean;
  /** The last 256 kB of what it printed, stdout before stderr. */
  output: string;
  /** What it measured, when its output is that of a known load generator; NaN for what that one does not tell. */
  result?: LoadResult;
}

const KEPT_CHARACTERS = 256 * 1024;
/** Between SIGTERM and SIGKILL. */
const PATIENCE_MS = 2000;
const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/**
 * Runs `command` in a shell (`wrk -d10 $URL`), its output going to our stderr, so that stdout stays the result's. It gets
 * a process group of its own, and that group is ended on abort, time-out and when our own process ends.
 * @throws HolterError E_START_FAILED when there is no shell
 */
export async function runLoadCommand(
  command: string,
  options: LoadCommandOptions,
): Promise<LoadCommandResult> {
  const startedAt = new Date().toISOString();
  const startedMonotonicUs = Number(process.hrtime.bigint() / 1000n);
  const begun = performance.now();
  const child = spawn(command, {
    shell: true,
    detached: true,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = keepTail(child.stdout);
  const stderr = keepTail(child.stderr);
  let wasStopped = false;
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (wasStopped) return;
    wasStopped = true;
    signalGroup(child, 'SIGTERM');
    killer = setTimeout(() => signalGroup(child, 'SIGKILL'), PATIENCE_MS);
  };
  const leave = (): void => signalGroup(child, 'SIGKILL');
  const timer = setTimeout(stop, (options.timeoutSeconds ?? 3600) * 1000);
  options.signal?.addEventListener('abort', stop, { once: true });
  process.once('exit', leave);
  try {
    if (options.signal?.aborted) stop();
    const exitCode = await ended(child, command);
    const seconds = (performance.now() - begun) / 1000;
    const partial = readLoadOutput(stdout()) ?? readLoadOutput(stderr());
    return {
      exitCode,
      seconds,
      wasStopped,
      output: stdout() + stderr(),
      ...(partial === undefined
        ? {}
        : {
            result: buildForeignResult(partial, {
              url: options.env.URL ?? '',
              startedAt,
              startedMonotonicUs,
              seconds,
            }),
          }),
    };
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    options.signal?.removeEventListener('abort', stop);
    process.off('exit', leave);
  }
}

function ended(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new HolterError('E_START_FAILED', `cannot run ${command}: ${cause.message}`, { cause })),
    );
    // 'exit' and not 'close': something it left in the background may hold the pipes open for ever.
    child.once('exit', (code, signal) => {
      const drained = Promise.all([flowsOut(child.stdout), flowsOut(child.stderr)]);
      const patience = new Promise<void>((go) => setTimeout(go, 500).unref());
      void Promise.race([drained, patience]).then(() =>
        resolve(code ?? 128 + ((signal === null ? undefined : SIGNAL_NUMBERS[signal]) ?? 0)),
      );
    });
  });
}

function flowsOut(stream: NodeJS.ReadableStream | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null || (stream as { readableEnded?: boolean }).readableEnded === true) resolve();
    else stream.once('end', resolve).once('error', () => resolve());
  });
}

/** Passes the stream on to stderr and remembers its end. */
function keepTail(stream: NodeJS.ReadableStream): () => string {
  let tail = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    tail += text;
    if (tail.length > 2 * KEPT_CHARACTERS) tail = tail.slice(-KEPT_CHARACTERS);
  });
  return () => tail.slice(-KEPT_CHARACTERS);
}

/** The group is that of our own child; once the child is reaped and the group empty, the signal finds nobody. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}
