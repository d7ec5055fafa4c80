import { numbersIn, PROC, readFolderIfAny, readTextIfAny } from './proc-file.ts';
import { type ProcessStat, parseProcessStat } from './process-stat.ts';

/** Scheduler statistics of one thread (`schedstat`, Documentation/scheduler/sched-stats.rst), in nanoseconds. */
export interface ScheduleStat {
  /** Time on a CPU. */
  runNs: number;
  /** Time runnable but waiting for a CPU. */
  waitNs: number;
}

/** Thread ids in order of creation (pids wrap around, but rarely inside one process); empty when it has ended. */
export function listThreads(pid: number, proc: string = PROC): number[] {
  return numbersIn(readFolderIfAny(`${proc}/${pid}/task`) ?? []);
}

/** `stat` of one thread; undefined when it has ended. */
export function readThreadStat(pid: number, tid: number, proc: string = PROC): ProcessStat | undefined {
  const text = readTextIfAny(`${proc}/${pid}/task/${tid}/stat`);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** Parses `schedstat`: run time, wait time, time slices; undefined when the kernel does not keep it. */
export function parseScheduleStat(text: string): ScheduleStat | undefined {
  const match = /^(\d+) (\d+) \d+/.exec(text);
  return match === null ? undefined : { runNs: Number(match[1]), waitNs: Number(match[2]) };
}

/** `schedstat` of one thread; undefined when the thread has ended or the kernel keeps none. */
export function readScheduleStat(pid: number, tid: number, proc: string = PROC): ScheduleStat | undefined {
  const text = readTextIfAny(`${proc}/${pid}/task/${tid}/schedstat`);
  return text === undefined ? undefined : parseScheduleStat(text);
}

/** Pids of the children of all threads of a process: `execSync` in a worker hangs its child under the worker's tid. */
export function listChildren(pid: number, proc: string = PROC): number[] {
  const children: number[] = [];
  for (const tid of listThreads(pid, proc)) {
    const text = readTextIfAny(`${proc}/${pid}/task/${tid}/children`) ?? '';
    children.push(...numbersIn(text.trim().split(/\s+/)));
  }
  return children.sort((left, right) => left - right);
}
