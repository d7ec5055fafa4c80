import type { Milliseconds, Percent } from '../base/units.ts';
import type { Series, SeriesName, VitalSigns } from '../metrics/series.ts';
import { median, quantile, summarise } from '../metrics/statistics.ts';

/** What the process asked of the machine and what it got. NaN = not measured. */
export interface MachineFacts {
  /** Median CPU of the main thread, % of one core. */
  cpuMedian: Percent;
  cpuP95: Percent;
  /** CPU time of the main thread over the window. */
  cpuMs: Milliseconds;
  /** Median of 1 s means of run-queue wait of the main thread, % of wall time. */
  waitMedian: Percent;
  /** First quartile of the same: a starvation that comes and goes is not sustained. */
  waitLow: Percent;
  /** Median of CPU + wait: what the thread would have used on a free machine. */
  demandMedian: Percent;
  /** 0–1: part of its runnable time in which the main thread really ran. 1 when unknown. */
  runShare: number;
  throttledMedian: Percent;
  stealMedian: Percent;
  machineMedian: Percent;
  /** Median CPU of all its other threads together, % of one core. */
  ownThreadsMedian: Percent;
  /** 95th percentile of the loop's delay; NaN when it was not seen. */
  delayP95: Milliseconds;
}

const BIN_MS = 1000;
const OTHER_THREADS: readonly SeriesName[] = [
  'cpu.v8_percent',
  'cpu.pool_percent',
  'cpu.workers_percent',
  'cpu.other_percent',
];

/** Medians over 1 s means: /proc counts CPU in 10 ms ticks, so a 100 ms value alone is coarse. */
export function measureMachine(vitals: VitalSigns, windowMs: Milliseconds): MachineFacts {
  const cpu = binMeans(vitals.series.get('cpu.main_percent'), windowMs);
  const wait = binMeans(vitals.series.get('sched.main_wait_percent'), windowMs);
  const demand = cpu.map((value, bin) => value + (Number.isFinite(wait[bin]) ? wait[bin]! : 0));
  const cpuMean = mean(cpu);
  const waitMean = mean(wait);
  const runnable = cpuMean + waitMean;
  const series = vitals.series.get('cpu.main_percent');
  return {
    cpuMedian: median(cpu),
    cpuP95: series === undefined ? Number.NaN : summarise(series).p95,
    cpuMs: (cpuMean / 100) * windowMs,
    waitMedian: median(wait),
    waitLow: quantile(wait, 0.25),
    demandMedian: median(demand),
    runShare: runnable > 1 ? cpuMean / runnable : 1,
    throttledMedian: median(binMeans(vitals.series.get('cgroup.throttled_percent'), windowMs)),
    stealMedian: median(binMeans(vitals.series.get('machine.steal_percent'), windowMs)),
    ownThreadsMedian: OTHER_THREADS.reduce((sum, name) => {
      const threads = median(binMeans(vitals.series.get(name), windowMs));
      return sum + (Number.isFinite(threads) ? threads : 0);
    }, 0),
    delayP95: summaryOf(vitals, 'loop.delay_ms').p95,
    machineMedian: median(binMeans(vitals.series.get('machine.cpu_percent'), windowMs)),
  };
}

/** Summary of a series by name, all NaN when it was not recorded. */
export function summaryOf(vitals: VitalSigns, name: SeriesName): ReturnType<typeof summarise> {
  const series = vitals.series.get(name);
  return series === undefined
    ? { min: Number.NaN, median: Number.NaN, p95: Number.NaN, max: Number.NaN }
    : summarise(series);
}

/** 99th percentile of a series, NaN when it was not recorded. */
export function p99Of(vitals: VitalSigns, name: SeriesName): number {
  const series = vitals.series.get(name);
  return series === undefined ? Number.NaN : quantile(series.value, 0.99);
}

function binMeans(series: Series | undefined, windowMs: Milliseconds): number[] {
  if (series === undefined) return [];
  const bins = Math.max(1, Math.round(windowMs / BIN_MS));
  const sum = new Float64Array(bins);
  const count = new Float64Array(bins);
  for (let index = 0; index < series.time.length; index++) {
    const value = series.value[index]!;
    const bin = Math.min(bins - 1, Math.floor(series.time[index]! / BIN_MS));
    if (!Number.isFinite(value) || bin < 0) continue;
    sum[bin]! += value;
    count[bin]!++;
  }
  const means: number[] = [];
  for (let bin = 0; bin < bins; bin++) means.push(count[bin]! > 0 ? sum[bin]! / count[bin]! : Number.NaN);
  return means;
}

function mean(values: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** CPU and run-queue wait from which on the main thread counts as having no CPU left. */
export const SATURATED_PERCENT: Percent = 75;

/** Limits of cpu-starved; the reasons are in its docstring. */
export const STARVED_WAIT_PERCENT: Percent = 50;
export const STARVED_WAIT_LOW_PERCENT: Percent = 35;
export const STARVED_THROTTLED_PERCENT: Percent = 20;
export const STARVED_STEAL_PERCENT: Percent = 20;
const STARVED_DEMAND_PERCENT = 50;
const LATE_MS: Milliseconds = 8;
/** The process's own other threads: from here on it competes with itself. */
const OWN_THREADS_PERCENT: Percent = 30;
const CRAWLING_RUN_SHARE = 0.33;
const CRAWLING_WAIT_PERCENT = 4;

/** Which shortage of the machine holds the process back; undefined when none does. Throttling first: it is exact. */
export function starvation(machine: MachineFacts): 'throttled' | 'steal' | 'wait' | undefined {
  // A throttled or stolen-from thread shows neither as running nor, on some kernels, as waiting.
  const kept =
    (Number.isFinite(machine.throttledMedian) ? machine.throttledMedian : 0) + machine.demandMedian;
  if (machine.throttledMedian >= STARVED_THROTTLED_PERCENT && kept >= STARVED_DEMAND_PERCENT)
    return 'throttled';
  if (machine.stealMedian >= STARVED_STEAL_PERCENT && machine.demandMedian >= 30) return 'steal';
  // Its own pool, workers or V8's helpers take the CPU: that is the process, not its neighbours.
  if (machine.ownThreadsMedian >= OWN_THREADS_PERCENT) return undefined;
  // Standing in line that makes nothing late is the price of a busy machine, not a trouble.
  if (machine.delayP95 < LATE_MS) return undefined;
  // A process with little to do is starved as well when every ms of work costs it two or more of standing in line.
  const crawls = machine.runShare <= CRAWLING_RUN_SHARE && machine.waitLow >= CRAWLING_WAIT_PERCENT;
  if (crawls) return 'wait';
  const waits = machine.waitMedian >= STARVED_WAIT_PERCENT && machine.waitLow >= STARVED_WAIT_LOW_PERCENT;
  return waits && machine.demandMedian >= STARVED_DEMAND_PERCENT ? 'wait' : undefined;
}

/** True when the machine holds the process back, see {@link starvation}. */
export function isStarved(machine: MachineFacts): boolean {
  return starvation(machine) !== undefined;
}

const HIDING_WAIT_PERCENT: Percent = 25;
const HIDING_THROTTLED_PERCENT: Percent = 10;

/** True when the machine alone makes waits long: what they are waits for cannot be told then. */
export function hidesWaits({ waitMedian, throttledMedian, stealMedian }: MachineFacts): boolean {
  return (
    waitMedian >= HIDING_WAIT_PERCENT ||
    throttledMedian >= HIDING_THROTTLED_PERCENT ||
    stealMedian >= HIDING_THROTTLED_PERCENT
  );
}
