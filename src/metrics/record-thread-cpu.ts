import { KeptFile } from '../linux/kept-file.ts';
import { parseProcessStat, TICKS_PER_SECOND } from '../linux/process-stat.ts';
import { classifyThreads, readPoolSize, surveyThreads, type ThreadRole } from '../linux/thread-role.ts';
import { listThreads, parseScheduleStat } from '../linux/threads.ts';

/** CPU time by kind of thread since the last look, in nanoseconds. */
export interface ThreadTimes {
  runNs: Record<'main' | 'v8' | 'pool' | 'worker' | 'other', number>;
  /** Main thread runnable but not running; NaN when the kernel keeps no schedstat. */
  mainWaitNs: number;
}

/** One thread of the target, for the record. */
export interface KnownThread {
  tid: number;
  /** Name as the kernel knows it, up to 15 bytes; says nothing on Node 18 and 20. */
  comm: string;
  role: ThreadRole;
}

interface Clock {
  file: KeptFile;
  runNs: number;
  waitNs: number;
}

/** How often threads that nothing identified yet are looked at again. */
const MAX_LOOKS = 10;

/** Follows the CPU time of every thread of a process through kept-open files. Never throws when threads or process end. */
export class ThreadCpu {
  readonly #pid: number;
  readonly #poolSize: number;
  readonly #clocks = new Map<number, Clock>();
  #known = new Map<number, KnownThread>();
  #hasScheduleStat = true;
  #looksLeft = MAX_LOOKS;

  constructor(pid: number) {
    this.#pid = pid;
    this.#poolSize = readPoolSize(pid);
    this.refresh(false);
  }

  /** Every thread seen so far, ended ones too. */
  get threads(): KnownThread[] {
    return [...this.#known.values()];
  }

  /**
   * Looks for new threads. Time a new thread ran before it was noticed counts when `countFromBirth`.
   * Roles are read again while some are not certain, a few times only.
   */
  refresh(countFromBirth: boolean): void {
    const tids = listThreads(this.#pid);
    let isNew = false;
    for (const tid of tids) {
      if (this.#clocks.has(tid)) continue;
      isNew = true;
      const file = this.#openClock(tid);
      const times = this.#readClock(file);
      if (times === undefined) file.close();
      else this.#clocks.set(tid, countFromBirth ? { file, runNs: 0, waitNs: 0 } : { file, ...times });
    }
    if (isNew) this.#looksLeft = MAX_LOOKS;
    if (this.#looksLeft > 0 && (isNew || this.#isUncertain())) this.#identify();
  }

  /** Time since the last call, by role. */
  read(): ThreadTimes {
    const times: ThreadTimes = {
      runNs: { main: 0, v8: 0, pool: 0, worker: 0, other: 0 },
      mainWaitNs: Number.NaN,
    };
    for (const [tid, clock] of this.#clocks) {
      const now = this.#readClock(clock.file);
      if (now === undefined) {
        clock.file.close();
        this.#clocks.delete(tid);
        continue;
      }
      const role = tid === this.#pid ? 'main' : (this.#known.get(tid)?.role ?? 'other');
      times.runNs[role === 'unknown' ? 'other' : role] += Math.max(0, now.runNs - clock.runNs);
      if (role === 'main' && this.#hasScheduleStat) times.mainWaitNs = Math.max(0, now.waitNs - clock.waitNs);
      clock.runNs = now.runNs;
      clock.waitNs = now.waitNs;
    }
    return times;
  }

  close(): void {
    for (const { file } of this.#clocks.values()) file.close();
    this.#clocks.clear();
  }

  #isUncertain(): boolean {
    for (const tid of this.#clocks.keys()) {
      const role = this.#known.get(tid)?.role;
      if (role === undefined || role === 'unknown') return true;
    }
    return false;
  }

  #identify(): void {
    this.#looksLeft--;
    const survey = surveyThreads(this.#pid);
    const roles = classifyThreads(this.#pid, survey, this.#poolSize);
    for (const { tid, comm } of survey.threads) {
      const role = roles.get(tid) ?? 'unknown';
      // A role once known stays: later looks may catch the thread running, without a readable stack.
      const before = this.#known.get(tid)?.role;
      this.#known.set(tid, { tid, comm, role: before === undefined || before === 'unknown' ? role : before });
    }
  }

  #openClock(tid: number): KeptFile {
    const folder = `/proc/${this.#pid}/task/${tid}`;
    if (this.#hasScheduleStat) {
      const file = new KeptFile(`${folder}/schedstat`, 96);
      const text = file.read();
      if (text !== undefined && (tid !== this.#pid || parseScheduleStat(text)?.runNs !== 0)) return file;
      file.close();
      if (tid !== this.#pid) return file;
      // A kernel without CONFIG_SCHED_INFO: the main thread of a running Node cannot have run for 0 ns.
      this.#hasScheduleStat = false;
    }
    return new KeptFile(`${folder}/stat`, 512);
  }

  #readClock(file: KeptFile): { runNs: number; waitNs: number } | undefined {
    const text = file.read();
    if (text === undefined) return undefined;
    if (this.#hasScheduleStat) return parseScheduleStat(text);
    const stat = parseProcessStat(text);
    if (stat === undefined) return undefined;
    return { runNs: ((stat.userTicks + stat.systemTicks) * 1e9) / TICKS_PER_SECOND, waitNs: 0 };
  }
}
