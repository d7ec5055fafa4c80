import { readdirSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Milliseconds } from '../base/units.ts';
import { parseThrottledUs, readCgroupLimits } from '../linux/cgroup.ts';
import { KeptFile } from '../linux/kept-file.ts';
import { type MachineCpu, parseMachineCpu, parseProportionalBytes } from '../linux/machine.ts';
import { type ProcessStatus, parseProcessStatus } from '../linux/process-status.ts';
import { type KnownThread, ThreadCpu } from './record-thread-cpu.ts';
import type { Series, SeriesName } from './series.ts';
import { SeriesColumn } from './series-column.ts';

export interface OutsideOptions {
  /** 100 ms by default. */
  intervalMs?: Milliseconds;
  /** CLOCK_MONOTONIC of ms 0 of the window, in microseconds (`process.hrtime.bigint() / 1000n`). */
  startedMonotonicUs: number;
  /** Takes every value instead of keeping it, for a watch without an end; `stop` then gives no series. */
  sink?: (name: SeriesName, at: Milliseconds, value: number) => void;
}

/** What /proc told over the window. */
export interface OutsideResult {
  /** The outside series of SERIES_NAMES; those that cannot be measured here are left out. */
  series: Series[];
  /** Every thread seen, with what it is for. */
  threads: KnownThread[];
  /** When the process was found gone, in ms after window start. */
  exitedAtMs?: Milliseconds;
}

export interface OutsideSampler {
  /** Has the target ended? Series stop there. */
  readonly exited: boolean;
  /** Threads known by now, with what they are for; ended ones too. */
  readonly threads: readonly KnownThread[];
  /** Ends sampling and gives what was recorded; later calls give the same. */
  stop(): OutsideResult;
}

/** Threads that came since are looked for this often; a changed thread count makes it earlier. */
const REFRESH_MS = 1000;
const PSS_MS = 2000;
/** PSS walks all page tables of the target under its memory lock: beyond this cost it is read more seldom. */
const PSS_BUDGET = 0.002;
/** Above so many CPUs /proc/stat is long and slow to make; above so many descriptors counting them is. */
const LONG_STAT_CPUS = 16;
const MANY_DESCRIPTORS = 500;

/**
 * Samples the vital signs of a process from /proc until stopped: nothing is asked of the target, so nothing stops while
 * it is stuck. Ticks are aligned to the window, so a late tick makes no later one late. Costs about 0.3 ms a tick for
 * an ordinary process; the files stay open. Never throws: when the target ends, the series end.
 */
export function startOutsideSampling(pid: number, options: OutsideOptions): OutsideSampler {
  return new Sampler(pid, options.intervalMs ?? 100, options.startedMonotonicUs / 1000, options.sink);
}

class Sampler implements OutsideSampler {
  readonly #pid: number;
  readonly #intervalMs: number;
  readonly #startMs: number;
  readonly #sink: OutsideOptions['sink'];
  readonly #columns = new Map<SeriesName, SeriesColumn>();
  readonly #threads: ThreadCpu;
  readonly #status: KeptFile;
  readonly #machine = new KeptFile('/proc/stat', 512);
  readonly #throttles: KeptFile[];
  readonly #rollup: KeptFile;
  #timer: NodeJS.Timeout | undefined;
  #result: OutsideResult | undefined;
  #exitedAtMs: number | undefined;
  #before: { at: number; status: ProcessStatus; throttledUs: number[] } | undefined;
  #machineBefore: { at: number; cpu: MachineCpu } | undefined;
  #refreshAt = 0;
  #pssAt = 0;
  #descriptors = { at: Number.NEGATIVE_INFINITY, count: Number.NaN };

  constructor(pid: number, intervalMs: number, startMs: number, sink: OutsideOptions['sink']) {
    this.#pid = pid;
    this.#sink = sink;
    this.#intervalMs = intervalMs;
    this.#startMs = startMs;
    this.#threads = new ThreadCpu(pid);
    this.#status = new KeptFile(`/proc/${pid}/status`);
    this.#rollup = new KeptFile(`/proc/${pid}/smaps_rollup`);
    this.#throttles = readCgroupLimits(pid).cpuStatFiles.map((path) => new KeptFile(path));
    this.#sample();
    this.#schedule();
  }

  get exited(): boolean {
    return this.#exitedAtMs !== undefined;
  }

  get threads(): readonly KnownThread[] {
    return this.#threads.threads;
  }

  stop(): OutsideResult {
    if (this.#result !== undefined) return this.#result;
    clearTimeout(this.#timer);
    if (!this.exited) this.#sample();
    for (const file of [this.#status, this.#machine, this.#rollup, ...this.#throttles, this.#threads])
      file.close();
    const series = [...this.#columns.values()].flatMap((column) => column.toSeries() ?? []);
    this.#result = {
      series,
      threads: this.#threads.threads,
      ...(this.#exitedAtMs === undefined ? {} : { exitedAtMs: this.#exitedAtMs }),
    };
    return this.#result;
  }

  #now(): number {
    return Number(process.hrtime.bigint()) / 1e6 - this.#startMs;
  }

  #schedule(): void {
    const now = this.#now();
    const next = (Math.floor(now / this.#intervalMs) + 1) * this.#intervalMs;
    this.#timer = setTimeout(() => {
      this.#sample();
      if (!this.exited) this.#schedule();
    }, next - now);
    // Whoever waits for the window keeps the process alive, not the sampler.
    this.#timer.unref();
  }

  #push(name: SeriesName, at: number, value: number): void {
    if (this.#sink !== undefined) {
      this.#sink(name, at, value);
      return;
    }
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = new SeriesColumn(name);
      this.#columns.set(name, column);
    }
    column.push(at, value);
  }

  #sample(): void {
    const at = this.#now();
    const before = this.#before;
    // Two looks close together would divide the scheduler's 1–4 ms granularity by next to nothing.
    if (before !== undefined && at - before.at < this.#intervalMs / 4) return;
    const text = this.#status.read();
    const status = text === undefined ? undefined : parseProcessStatus(text);
    if (status === undefined || status.state === 'Z' || status.state === 'X') {
      this.#exitedAtMs = at;
      return;
    }
    if (before !== undefined && (status.threads !== before.status.threads || at >= this.#refreshAt)) {
      this.#refreshAt = at + REFRESH_MS;
      this.#threads.refresh(true);
    }
    const throttledUs = this.#throttles.map((file) => parseThrottledUs(file.read() ?? '') ?? Number.NaN);
    const times = this.#threads.read();
    if (before !== undefined) {
      const seconds = (at - before.at) / 1000;
      const percent = (ns: number): number => ns / 1e7 / seconds;
      this.#push('cpu.main_percent', at, Math.min(100, percent(times.runNs.main)));
      this.#push('cpu.v8_percent', at, percent(times.runNs.v8));
      this.#push('cpu.pool_percent', at, percent(times.runNs.pool));
      this.#push('cpu.workers_percent', at, percent(times.runNs.worker));
      this.#push('cpu.other_percent', at, percent(times.runNs.other));
      this.#push('sched.main_wait_percent', at, Math.min(100, percent(times.mainWaitNs)));
      const rate = (now: number, then: number): number => Math.max(0, now - then) / seconds;
      this.#push(
        'sched.voluntary_per_second',
        at,
        rate(status.voluntarySwitches, before.status.voluntarySwitches),
      );
      this.#push(
        'sched.involuntary_per_second',
        at,
        rate(status.involuntarySwitches, before.status.involuntarySwitches),
      );
      if (throttledUs.length > 0) {
        // The kernel adds the run queues of all CPUs, so several throttled threads can pass wall time.
        const worst = Math.max(...throttledUs.map((now, index) => now - before.throttledUs[index]!));
        this.#push('cgroup.throttled_percent', at, Math.min(100, worst / 1e4 / seconds));
      }
    }
    this.#before = { at, status, throttledUs };
    this.#push('memory.rss_bytes', at, status.rssBytes);
    this.#push('handles.fds', at, this.#countDescriptors(at));
    this.#sampleMachine(at);
    this.#samplePss(at);
  }

  #sampleMachine(at: number): void {
    const before = this.#machineBefore;
    if (before !== undefined && at - before.at < (cpus().length > LONG_STAT_CPUS ? 450 : 0)) return;
    const cpu = parseMachineCpu(this.#machine.read() ?? '');
    if (cpu === undefined) return;
    this.#machineBefore = { at, cpu };
    const total = before === undefined ? 0 : cpu.totalTicks - before.cpu.totalTicks;
    if (before === undefined || total <= 0) return;
    this.#push('machine.cpu_percent', at, (100 * (cpu.busyTicks - before.cpu.busyTicks)) / total);
    this.#push('machine.steal_percent', at, (100 * (cpu.stealTicks - before.cpu.stealTicks)) / total);
  }

  #samplePss(at: number): void {
    if (at < this.#pssAt) return;
    const begun = performance.now();
    const bytes = parseProportionalBytes(this.#rollup.read() ?? '');
    const cost = performance.now() - begun;
    this.#pssAt = at + Math.max(PSS_MS, cost / PSS_BUDGET);
    if (bytes !== undefined) this.#push('memory.pss_bytes', at, bytes);
  }

  #countDescriptors(at: number): number {
    if (this.#descriptors.count > MANY_DESCRIPTORS && at - this.#descriptors.at < 1000)
      return this.#descriptors.count;
    let count = Number.NaN;
    try {
      // Linux 6.2 gives the number as the folder's size; before that it is 0 and the entries must be counted.
      const folder = `/proc/${this.#pid}/fd`;
      count = statSync(folder).size || readdirSync(folder).length;
    } catch {
      // Another user's process.
    }
    this.#descriptors = { at, count };
    return count;
  }
}
