import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { listDescendants } from '../target/descendants.ts';

/** A command that stands still before its first instruction, so that it can be watched from there on. */
export interface HeldCommand {
  pid: number;
  /** Lets it begin. */
  go(): void;
  /** Settles when it has ended; its exit code or the signal that ended it. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Ends it and all it started: SIGTERM, after 5 s SIGKILL. Then removes the files V8 wrote for perf. */
  stop(): Promise<void>;
}

/** V8 writes a map that perf can read; frames of the interpreter stay without names of their own (research/perf-usdt.md §1.1). */
const FLAG = '--perf-basic-prof';
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 5000;

/** NODE_OPTIONS for a command whose JavaScript shall have names in perf. */
export function perfNodeOptions(given: string | undefined): string {
  const words = (given ?? '').split(/\s+/).filter((word) => word !== '');
  return words.some((word) => /^--perf[-_](?:basic[-_])?prof/.test(word))
    ? words.join(' ')
    : [...words, FLAG].join(' ');
}

/**
 * Starts a command with V8's perf map switched on, and stops it before its first instruction: a shell stops itself and
 * then becomes the command. Its output goes to our stderr.
 * @throws HolterError E_START_FAILED, E_USAGE
 */
export async function holdCommand(command: readonly string[]): Promise<HeldCommand> {
  const [file] = command;
  if (file === undefined)
    throw new HolterError('E_USAGE', 'nothing to start after --', { hint: 'holter perf -- node app.js' });
  const before = new Set(v8Logs(process.cwd()));
  const begunMs = Date.now();
  const child = spawn('/bin/sh', ['-c', 'kill -STOP $$; exec "$@"', 'sh', ...command], {
    stdio: ['ignore', 2, 2],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: perfNodeOptions(process.env.NODE_OPTIONS) },
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  const { pid } = child;
  if (pid === undefined) throw new HolterError('E_START_FAILED', `cannot start ${file}`);
  const deadline = performance.now() + START_LIMIT_MS;
  while (readProcessStat(pid)?.state !== 'T') {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new HolterError('E_START_FAILED', `cannot start ${file}: the shell did not stop as it was told`);
    }
    await sleep(5);
  }
  const seen = new Set<number>([pid]);
  return {
    pid,
    go: () => void child.kill('SIGCONT'),
    ended,
    async stop() {
      for (const other of listDescendants(pid)) seen.add(other);
      await end(child, pid);
      removeLogs(before, begunMs, seen);
    },
  };
}

async function end(child: ChildProcess, pid: number): Promise<void> {
  const signalGroup = (name: NodeJS.Signals | 0): boolean => {
    try {
      process.kill(-pid, name);
      return true;
    } catch {
      return false;
    }
  };
  if (!signalGroup(0)) return;
  signalGroup('SIGCONT');
  signalGroup('SIGTERM');
  const deadline = performance.now() + STOP_LIMIT_MS;
  while (signalGroup(0) && performance.now() < deadline) {
    await sleep(20);
    if (child.exitCode !== null || child.signalCode !== null) {
      // What it left in its group goes on a moment longer.
      if (!signalGroup(0)) break;
    }
  }
  signalGroup('SIGKILL');
}

const LOG = /^isolate-?0x[0-9a-f]+(?:-\d+)*-v8\.log$/;

/** Files V8 writes where the process runs, with `--perf-basic-prof` too: `isolate0x…-4711-v8.log`. */
function v8Logs(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => LOG.test(name));
  } catch {
    return [];
  }
}

/** Removes the logs that came into being since, and the maps of the processes; those of others stay. */
function removeLogs(before: ReadonlySet<string>, begunMs: number, pids: ReadonlySet<number>): void {
  for (const name of v8Logs(process.cwd())) {
    if (before.has(name)) continue;
    const path = join(process.cwd(), name);
    const isOurs = [...pids].some((pid) => name.includes(`-${pid}-`)) || !/-\d+-v8\.log$/.test(name);
    if (isOurs && (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= begunMs - 1000)
      rmSync(path, { force: true });
  }
  for (const pid of pids) {
    const map = `/tmp/perf-${pid}.map`;
    if (existsSync(map)) rmSync(map, { force: true });
  }
}
