import { readEnvironment } from './command-line.ts';
import { type Mapping, mappingAt, readMemoryMap } from './memory-map.ts';
import { PROC } from './proc-file.ts';
import { hasSignal, readProcessStatus } from './process-status.ts';
import { readSystemCall, readWaitChannel } from './system-call.ts';
import { listThreads, readThreadStat } from './threads.ts';

/** What a thread of a Node process is for. `unknown` = nothing tells yet; counted as other. */
export type ThreadRole = 'main' | 'v8' | 'pool' | 'worker' | 'other' | 'unknown';

/** What is known of all threads of a process, to be told apart by {@link classifyThreads}. */
export interface ThreadSurvey {
  threads: ThreadTraits[];
  /** Stacks of worker size that are mapped, those of ended workers that glibc keeps for reuse included. */
  workerStacks: number;
}

/** What is known of one thread. */
export interface ThreadTraits {
  tid: number;
  comm: string;
  /** Signals this thread blocks. */
  blocked: bigint;
  startTicks: number;
  /** Size of its stack mapping; 0 while it runs (nobody knows where its stack is) and without the right to look. */
  stackBytes: number;
  /** Was on a CPU at the moment of the look, as far as may be known. */
  running: boolean;
  /** Sleeps in epoll: an event loop of its own. */
  inEventLoop: boolean;
}

const SIGTERM = 15;
const SIGHUP = 1;
const SIGUSR1 = 10;

/** node/src/node_worker.h, `stack_size_`: every worker gets 4 MB; all others have the libuv or ulimit default, 8 MB. */
const WORKER_STACK_BYTES = 4 * 1024 * 1024;

/** Names that Node's own threads give themselves. */
const NAMED: [RegExp, ThreadRole][] = [
  [/^holter/, 'other'],
  [/^(node-)?V8Worker$|^DelayedTaskSche$/, 'v8'],
  [/^libuv-worker$/, 'pool'],
  [/^(SignalInspector|InspectorIo|Watchdog|WorkerWatchdog)$/, 'other'],
  [/^WorkerThread$/, 'worker'],
];

/**
 * Tells the threads of a Node process apart. Verified on 18.20, 20.20, 22.23, 24.21 and 26.10 (Linux x86-64):
 *
 *              creation order after main         names                                      SigBlk
 *   V8          delayed tasks, 4 workers          18, 20: none; 22: DelayedTaskSche only;    SIGUSR1 only, all versions
 *                                                 24: V8Worker, 26: node-V8Worker
 *   inspector   SignalInspector                   24, 26                                     nearly all
 *   pool        on first use, all 4 at once       22.23, 24, 26: libuv-worker                none
 *   worker      when started                      24, 26: its name, else WorkerThread        none; 4 MB stack
 *
 * Threads without a name carry the name of the thread that made them, so a name that is not in the list says nothing.
 * Node starts its V8 workers while SIGUSR1 is blocked and unblocks it afterwards: that marks them for life, unless the
 * process blocks SIGUSR1 as a whole (`--disable-sigusr1`), where 24 and 26 still have names.
 *
 * @param poolSize UV_THREADPOOL_SIZE of the process, 4 by default
 */
export function classifyThreads(
  pid: number,
  survey: ThreadSurvey,
  poolSize: number,
): Map<number, ThreadRole> {
  const main = survey.threads.find(({ tid }) => tid === pid);
  const marksV8 = main === undefined || !hasSignal(main.blocked, SIGUSR1);
  const roles = new Map<number, ThreadRole>();
  const unnamed: ThreadTraits[] = [];
  for (const thread of survey.threads) {
    const role = roleBySigns(pid, thread, marksV8);
    roles.set(thread.tid, role);
    if (role === 'unknown') unnamed.push(thread);
  }
  const poolIsNamed = [...roles.values()].includes('pool');
  const pool = poolIsNamed ? [] : poolAmong(unnamed, poolSize);
  let spareStacks = survey.workerStacks - survey.threads.filter(isOnWorkerStack).length;
  for (const { tid, inEventLoop, running } of unnamed) {
    if (pool.includes(tid)) roles.set(tid, 'pool');
    else if (inEventLoop) roles.set(tid, 'worker');
    // A worker that spins is never caught asleep, but one of the worker stacks must be its own.
    else if (running && spareStacks-- > 0) roles.set(tid, 'worker');
  }
  return roles;
}

function roleBySigns(pid: number, thread: ThreadTraits, marksV8: boolean): ThreadRole {
  if (thread.tid === pid) return 'main';
  for (const [name, role] of NAMED) {
    if (name.test(thread.comm)) return role;
  }
  if (blocksEverything(thread.blocked)) return 'other';
  if (marksV8 && hasSignal(thread.blocked, SIGUSR1)) return 'v8';
  return isOnWorkerStack(thread) ? 'worker' : 'unknown';
}

function isOnWorkerStack(thread: ThreadTraits): boolean {
  return thread.stackBytes === WORKER_STACK_BYTES;
}

/** libuv makes all threads of its pool in one go (uv_once): the first run of that many, born within two ticks. */
function poolAmong(threads: readonly ThreadTraits[], poolSize: number): number[] {
  for (let first = 0; first + poolSize <= threads.length; first++) {
    const run = threads.slice(first, first + poolSize);
    const together = run.at(-1)!.startTicks - run[0]!.startTicks <= 2;
    if (together && run.every(({ inEventLoop }) => !inEventLoop)) return run.map(({ tid }) => tid);
  }
  return [];
}

/** Node's SignalInspector thread blocks every signal that can be blocked, so that it never runs a handler. */
function blocksEverything(blocked: bigint): boolean {
  return hasSignal(blocked, SIGTERM) && hasSignal(blocked, SIGHUP) && hasSignal(blocked, SIGUSR1);
}

/** Is this Node's SignalInspector thread, which opens the inspector on demand? */
export function isSignalThread(pid: number, tid: number, proc: string = PROC): boolean {
  const status = tid === pid ? undefined : readProcessStatus(pid, proc, tid);
  return status !== undefined && blocksEverything(status.blocked);
}

/** Reads what {@link classifyThreads} needs. Stacks need the right to ptrace and count 0 without it. */
export function surveyThreads(pid: number, proc: string = PROC): ThreadSurvey {
  const threads: ThreadTraits[] = [];
  const mappings = readMemoryMap(pid, proc) ?? [];
  for (const tid of listThreads(pid, proc)) {
    const stat = readThreadStat(pid, tid, proc);
    const status = readProcessStatus(pid, proc, tid);
    if (stat === undefined || status === undefined) continue;
    const call = tid === pid ? undefined : readSystemCall(pid, tid, proc);
    const stack = call && mappingAt(mappings, call.stackPointer);
    threads.push({
      tid,
      comm: stat.comm,
      blocked: status.blocked,
      startTicks: stat.startTicks,
      stackBytes: stack === undefined ? 0 : stack.end - stack.start,
      running: call === undefined && stat.state === 'R',
      inEventLoop:
        call?.name.startsWith('epoll') === true || readWaitChannel(pid, tid, proc).includes('epoll'),
    });
  }
  return { threads, workerStacks: countWorkerStacks(mappings) };
}

/** Anonymous, writable, of worker size and right above a guard page. */
function countWorkerStacks(mappings: readonly Mapping[]): number {
  return mappings.filter((mapping, index) => {
    const guard = mappings[index - 1];
    return (
      mapping.end - mapping.start === WORKER_STACK_BYTES &&
      mapping.path === '' &&
      mapping.permissions.startsWith('rw-') &&
      guard?.end === mapping.start &&
      guard.permissions.startsWith('---')
    );
  }).length;
}

/** UV_THREADPOOL_SIZE a process was started with; libuv's default 4 when it has none or the environment is closed. */
export function readPoolSize(pid: number, proc: string = PROC): number {
  const size = Number(readEnvironment(pid, proc)?.get('UV_THREADPOOL_SIZE'));
  return Number.isInteger(size) && size > 0 && size <= 1024 ? size : 4;
}
