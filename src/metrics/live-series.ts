import type { Milliseconds } from '../base/units.ts';
import type { Series, SeriesName } from './series.ts';

interface Column {
  time: number[];
  value: number[];
}

/** How much one bin of {@link LiveSeries.bins} is: the mean of rates, the worst of delays, the last of levels. */
export type BinStatistic = 'mean' | 'max' | 'last';

/**
 * The newest part of each series, for whoever looks on: points older than `keepMs` are forgotten, so that memory is the
 * same after a minute and after a week.
 */
export class LiveSeries {
  readonly #keepMs: Milliseconds;
  readonly #columns = new Map<SeriesName, Column>();

  constructor(keepMs: Milliseconds) {
    this.#keepMs = keepMs;
  }

  /** `time` must not fall within one series; NaN = known gap. */
  push(name: SeriesName, time: Milliseconds, value: number): void {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = { time: [], value: [] };
      this.#columns.set(name, column);
    }
    column.time.push(time);
    column.value.push(value);
    // In large steps: cutting the head of an array moves all of it.
    if (column.time[0]! < time - 1.25 * this.#keepMs) {
      const old = column.time.findIndex((at) => at >= time - this.#keepMs);
      column.time.splice(0, old);
      column.value.splice(0, old);
    }
  }

  /** Takes back what was pushed from a time on: it proved to mean nothing. */
  drop(name: SeriesName, from: Milliseconds): void {
    const column = this.#columns.get(name);
    if (column === undefined) return;
    column.time.length = firstAtOrAfter(column.time, from);
    column.value.length = column.time.length;
  }

  /** All series between `from` and `to`, times counted from `from`. */
  window(from: Milliseconds, to: Milliseconds): Series[] {
    const all: Series[] = [];
    for (const [name, { time, value }] of this.#columns) {
      const begin = firstAtOrAfter(time, from);
      const end = firstAtOrAfter(time, to);
      if (!value.slice(begin, end).some((one) => !Number.isNaN(one))) continue;
      all.push({
        name,
        time: Float64Array.from(time.slice(begin, end), (at) => at - from),
        value: Float64Array.from(value.slice(begin, end)),
      });
    }
    return all;
  }

  /** `count` bins of `binMs` up to `to`, oldest first; NaN where nothing was measured. */
  bins(
    name: SeriesName,
    to: Milliseconds,
    count: number,
    binMs: Milliseconds,
    statistic: BinStatistic,
  ): number[] {
    const column = this.#columns.get(name);
    const bins = new Array<number>(count).fill(Number.NaN);
    if (column === undefined) return bins;
    const counts = new Array<number>(count).fill(0);
    const from = to - count * binMs;
    for (let index = firstAtOrAfter(column.time, from); index < column.time.length; index++) {
      const value = column.value[index]!;
      const bin = Math.floor((column.time[index]! - from) / binMs);
      if (Number.isNaN(value) || bin >= count) continue;
      const known = bins[bin]!;
      counts[bin]!++;
      if (Number.isNaN(known) || statistic === 'last') bins[bin] = value;
      else if (statistic === 'max') bins[bin] = Math.max(known, value);
      else bins[bin] = known + (value - known) / counts[bin]!;
    }
    return bins;
  }
}

function firstAtOrAfter(time: readonly number[], at: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
