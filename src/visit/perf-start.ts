import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import { listDescendants } from '../target/descendants.ts';
import { perfMapPath } from './perf-map-watch.ts';

/** A command that stands still before its first instruction, so that it can be watched from there on. */
export interface HeldCommand {
  pid: number;
  /** Lets it begin. */
  go(): void;
  /** Settles when it has ended; its exit code or the signal that ended it. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /**
   * Ends it and all it started: SIGTERM, after 5 s SIGKILL. Then removes the files V8 wrote for perf.
   * @param pids processes that perf saw; those that ended early are known to nobody else
   */
  stop(pids?: readonly number[]): Promise<void>;
}

/** V8 writes a map that perf can read; frames of the interpreter stay without names of their own (research/perf-usdt.md §1.1). */
const FLAG = '--perf-basic-prof';
const STOP_LIMIT_MS = 5000;
/** Where processes run is looked up so often: a log lies where its process was when it began. */
const FOLDERS_MS = 50;
/** Waits for a line on descriptor 3: when we die before, there is none to come, and it ends. */
const HOLD = 'read _ <&3 || exit 125; exec 3<&-; exec "$@"';

/** NODE_OPTIONS for a command whose JavaScript shall have names in perf. */
export function perfNodeOptions(given: string | undefined): string {
  const words = (given ?? '').split(/\s+/).filter((word) => word !== '');
  return words.some((word) => /^--perf[-_](?:basic[-_])?prof/.test(word))
    ? words.join(' ')
    : [...words, FLAG].join(' ');
}

/**
 * Starts a command with V8's perf map switched on, and holds it before its first instruction: a shell that becomes the
 * command once it is told to. Its output goes to our stderr.
 * @throws HolterError E_START_FAILED, E_USAGE
 */
export async function holdCommand(command: readonly string[]): Promise<HeldCommand> {
  const [file] = command;
  if (file === undefined)
    throw new HolterError('E_USAGE', 'nothing to start after --', { hint: 'holter perf -- node app.js' });
  const begunMs = Date.now();
  const child = spawn('/bin/sh', ['-c', HOLD, 'sh', ...command], {
    stdio: ['ignore', 2, 2, 'pipe'],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: perfNodeOptions(process.env.NODE_OPTIONS) },
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  const { pid } = child;
  const gate = child.stdio[3];
  if (pid === undefined || gate === null || gate === undefined || !('write' in gate))
    throw new HolterError('E_START_FAILED', `cannot start ${file}`);
  gate.on('error', () => {});
  const seen = new Set<number>([pid]);
  const folders = new Set<string>([process.cwd()]);
  const look = (): void => {
    for (const each of [pid, ...listDescendants(pid)]) {
      seen.add(each);
      try {
        folders.add(readlinkSync(`/proc/${each}/cwd`));
      } catch {
        // Gone meanwhile.
      }
    }
  };
  const timer = setInterval(look, FOLDERS_MS);
  return {
    pid,
    go: () => void gate.end('\n'),
    ended,
    async stop(pids = []) {
      clearInterval(timer);
      look();
      for (const other of pids) seen.add(other);
      const maps = [...seen].map(perfMapPath);
      gate.destroy();
      await end(child, pid);
      removeLogs(folders, begunMs, seen);
      for (const map of maps) removeIfNew(map.replace(/^\/proc\/\d+\/root/, ''), begunMs);
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
  if (!signalGroup('SIGTERM')) return;
  const deadline = performance.now() + STOP_LIMIT_MS;
  while (signalGroup(0) && performance.now() < deadline) await sleep(20);
  if (child.exitCode === null) signalGroup('SIGKILL');
}

/** Files V8 writes where a process begins, with `--perf-basic-prof` too: `isolate-0x…-4711-v8.log`. */
const LOG = /^isolate-?0x[0-9a-f]+-(\d+)-v8\.log$/;

/** Removes the logs of these processes; those of others, and older ones, stay. */
function removeLogs(folders: ReadonlySet<string>, begunMs: number, pids: ReadonlySet<number>): void {
  for (const folder of folders) {
    let names: string[] = [];
    try {
      names = readdirSync(folder);
    } catch {
      // Gone, or not ours to see.
    }
    for (const name of names)
      if (pids.has(Number(LOG.exec(name)?.[1]))) removeIfNew(join(folder, name), begunMs);
  }
}

function removeIfNew(path: string, begunMs: number): void {
  const entry = statSync(path, { throwIfNoEntry: false });
  // Times of files are coarser than our clock.
  if (entry?.isFile() === true && entry.mtimeMs >= begunMs - 1000) rmSync(path, { force: true });
}
