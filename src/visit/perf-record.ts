import { type ChildProcess, spawn } from 'node:child_process';
import { HolterError } from '../base/errors.ts';
import type { PerfTool } from '../linux/perf-tool.ts';

export interface PerfRecordOptions {
  tool: PerfTool;
  pid: number;
  /** Where perf.data goes. */
  path: string;
  /** Samples per second and thread. */
  hz: number;
  /** Context switches with their stacks, for the time off the CPUs. */
  offCpu: boolean;
}

/** A `perf record` that runs. */
export interface PerfRecord {
  /** The words it was started with, the program first. */
  command: string[];
  /** Settles when perf has ended by itself: the target is gone, or perf gave up. */
  readonly ended: Promise<void>;
  /** Ends the recording and waits until the file is whole. @throws HolterError when perf could not record */
  stop(): Promise<void>;
}

const READY = 'ready';
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 60_000;
/** Of what perf says on its way, so much is kept for an error. */
const MOST_TEXT = 8000;

/**
 * Starts `perf record` on a process and resolves when it records. What perf runs beside it is a `cat` that reads from us:
 * perf ends when that ends, so at the latest when we do, however we die. It is in a group of its own: Ctrl-C is ours to
 * answer.
 * @throws HolterError E_PERMISSION, E_NO_SUCH_PROCESS, E_START_FAILED
 */
export async function startPerfRecord(options: PerfRecordOptions): Promise<PerfRecord> {
  const { tool, pid, path, hz, offCpu } = options;
  const words = ['record', '-o', path, '-g', '-k', 'mono', '--switch-events'];
  // A rate given for all would pick a few of the switches.
  if (offCpu) words.push('-c', '1', '-e', `cpu-clock/freq=${hz}/`, '-e', 'sched:sched_switch');
  else words.push('-F', String(hz), '-e', tool.hasKernel ? 'cpu-clock' : 'cpu-clock:u');
  // Samples of threads that do nothing are few; a larger buffer keeps those of the busy ones.
  words.push(
    '-m',
    tool.hasKernel ? '1024' : '64',
    '-p',
    String(pid),
    '--',
    'sh',
    '-c',
    `echo ${READY}; exec cat`,
  );
  const child = spawn(tool.path, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < MOST_TEXT) said += text;
  });
  child.stdin.on('error', () => {});
  const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => {
      said += error.message;
      resolve({ code: 127, signal: null });
    });
  });
  const ready = new Promise<boolean>((resolve) => {
    let seen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (seen.length < 100) seen += text;
      if (seen.includes(READY)) resolve(true);
    });
    void exit.then(() => resolve(false));
    setTimeout(() => resolve(false), START_LIMIT_MS).unref();
  });
  if (!(await ready)) {
    endByForce(child);
    throw explain(said, pid);
  }
  let stopping = false;
  const ended = exit.then(() => undefined);
  return {
    command: ['perf', ...words],
    ended,
    async stop() {
      if (!stopping) {
        stopping = true;
        child.stdin.end();
      }
      const timer = setTimeout(() => child.kill('SIGINT'), STOP_LIMIT_MS / 2);
      const last = setTimeout(() => endByForce(child), STOP_LIMIT_MS);
      const { code, signal } = await exit;
      clearTimeout(timer);
      clearTimeout(last);
      // 130 and SIGINT: it was told to end. When the process is gone it ends its own command, and takes over how that ended.
      const isWhole = code === 0 || code === 130 || signal === 'SIGINT' || /Captured and wrote/.test(said);
      if (!isWhole) throw explain(said, pid);
    },
  };
}

function endByForce(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  child.stdin?.destroy();
}

/** What perf said, as an error of ours. */
function explain(said: string, pid: number): HolterError {
  const text = said
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 6)
    .join(' · ')
    .slice(0, 600);
  if (/No permission|not allowed|Operation not permitted|Permission denied|EACCES|EPERM|paranoid/i.test(said))
    return new HolterError('E_PERMISSION', `perf may not look at process ${pid}: ${text}`, {
      hint: 'run it as root or as the user of the process; in a container perf needs CAP_PERFMON and seccomp that allows perf_event_open',
    });
  if (/No such process|couldn't open event.*ESRCH|no threads to record/i.test(said))
    return new HolterError('E_NO_SUCH_PROCESS', `process ${pid} has ended`, { hint: 'holter ps' });
  if (/No space left/i.test(said))
    return new HolterError('E_WRITE', `perf could not write: ${text}`, {
      hint: 'give another place with -o',
    });
  return new HolterError(
    'E_START_FAILED',
    `perf record did not work: ${text === '' ? 'it said nothing' : text}`,
    {
      hint: 'try it by hand: perf record -g -p PID -- sleep 1',
    },
  );
}
