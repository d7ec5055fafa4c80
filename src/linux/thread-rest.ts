import { PROC, readTextIfAny } from './proc-file.ts';
import { listThreads, readScheduleStat } from './threads.ts';

/** Less says nothing: a thread that has just been woken has not slept for all of a millisecond. */
const SHORTEST_MS = 20;
/** Of this time it must have been on a processor: it may have slept through all of it, and a machine may be crowded. */
const LEAST_SHARE = 0.25;
/** Threads that are watched: main and workers are among the first. */
const MOST_THREADS = 32;

interface Count {
  runNs: number;
  /** Times it gave the processor back because it had to wait; a preempted thread does not. */
  waits: number;
}

/** Tells which threads of a process have not waited for anything between two moments, by the kernel's own counts. */
export class ThreadRest {
  readonly #pid: number;
  #at = 0;
  #before: Map<number, Count> = new Map();

  constructor(pid: number) {
    this.#pid = pid;
    this.begin();
  }

  /** Counts from now on. */
  begin(): void {
    this.#before = this.#read();
    this.#at = performance.now();
  }

  /** Ids of threads that ran, and never slept, since `begin`; empty when that was less than 20 ms ago. */
  sleepless(): Set<number> {
    const ms = performance.now() - this.#at;
    const sleepless = new Set<number>();
    if (ms < SHORTEST_MS) return sleepless;
    for (const [tid, { runNs, waits }] of this.#read()) {
      const before = this.#before.get(tid);
      if (before?.waits === waits && runNs - before.runNs >= LEAST_SHARE * ms * 1e6) sleepless.add(tid);
    }
    return sleepless;
  }

  #read(): Map<number, Count> {
    const counts = new Map<number, Count>();
    for (const tid of listThreads(this.#pid).slice(0, MOST_THREADS)) {
      const stat = readScheduleStat(this.#pid, tid);
      const status = readTextIfAny(`${PROC}/${this.#pid}/task/${tid}/status`) ?? '';
      const waits = /^voluntary_ctxt_switches:\t(\d+)/m.exec(status);
      if (stat !== undefined && waits !== null)
        counts.set(tid, { runNs: stat.runNs, waits: Number(waits[1]) });
    }
    return counts;
  }
}
