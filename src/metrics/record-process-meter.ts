import { KeptFile } from '../linux/kept-file.ts';
import { parseProcessStat, TICKS_PER_SECOND } from '../linux/process-stat.ts';
import { parseProcessStatus } from '../linux/process-status.ts';
import { parseScheduleStat } from '../linux/threads.ts';
import type { ProcessReading } from './process-row.ts';

interface Clocks {
  atMs: number;
  ticks: number;
  runNs: number;
  waitNs: number;
}

/**
 * CPU, run-queue wait, memory and threads of one process at a look every second or so: three kept-open files, about
 * 0.1 ms. CPU of all threads comes in the kernel's ticks of 10 ms, of the main thread in nanoseconds.
 */
export class ProcessMeter {
  readonly #stat: KeptFile;
  readonly #status: KeptFile;
  readonly #main: KeptFile;
  #before: Clocks | undefined;

  constructor(pid: number) {
    this.#stat = new KeptFile(`/proc/${pid}/stat`, 1024);
    this.#status = new KeptFile(`/proc/${pid}/status`);
    this.#main = new KeptFile(`/proc/${pid}/task/${pid}/schedstat`, 96);
  }

  /**
   * What it did since the call before; the first call gives NaN for all that needs two. undefined: it has ended.
   * @param atMs CLOCK_MONOTONIC ms
   */
  read(atMs: number): ProcessReading | undefined {
    const stat = parseProcessStat(this.#stat.read() ?? '');
    const text = this.#status.read();
    if (stat === undefined || text === undefined || stat.state === 'Z' || stat.state === 'X')
      return undefined;
    const status = parseProcessStatus(text);
    // A kernel without CONFIG_SCHED_INFO: no Node has run for 0 ns.
    const main = parseScheduleStat(this.#main.read() ?? '');
    const clocks: Clocks = {
      atMs,
      ticks: stat.userTicks + stat.systemTicks,
      runNs: main === undefined || main.runNs === 0 ? Number.NaN : main.runNs,
      waitNs: main === undefined || main.runNs === 0 ? Number.NaN : main.waitNs,
    };
    const before = this.#before;
    this.#before = clocks;
    const seconds = before === undefined ? Number.NaN : Math.max(1e-3, (atMs - before.atMs) / 1000);
    const percent = (now: number, then: number | undefined, perSecond: number): number =>
      Math.max(0, (100 * (now - (then ?? Number.NaN))) / perSecond / seconds);
    return {
      cpuPercent: percent(clocks.ticks, before?.ticks, TICKS_PER_SECOND),
      mainPercent: Math.min(100, percent(clocks.runNs, before?.runNs, 1e9)),
      waitPercent: Math.min(100, percent(clocks.waitNs, before?.waitNs, 1e9)),
      rssBytes: status.rssBytes,
      threads: status.threads,
      state: stat.state,
    };
  }

  close(): void {
    for (const file of [this.#stat, this.#status, this.#main]) file.close();
  }
}
