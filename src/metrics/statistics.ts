import type { Milliseconds } from '../base/units.ts';
import type { Series } from './series.ts';

/** What tables and reports show of one series, in the unit of the series; all NaN when nothing was measured. */
export interface Summary {
  min: number;
  median: number;
  p95: number;
  max: number;
}

/** A robust trend: unit of the value per minute, with its 95 % confidence interval. */
export interface Trend {
  slopePerMinute: number;
  /** -Infinity when there are too few points (under 5) to bound it. */
  lower: number;
  /** Infinity when there are too few points to bound it. */
  upper: number;
  /** Points the slope was computed from, after leaving out gaps and thinning. */
  n: number;
}

/**
 * The value below which the share `q` (0–1) of `values` lies, linear between neighbours (Hyndman and Fan's type 7,
 * the default of R and NumPy). NaN values are gaps and ignored; NaN when nothing is left.
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  return quantileOfSorted(sortedWithoutGaps(values), q);
}

/** The middle of `values`; see {@link quantile}. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/** min, median, p95 and max of a series; gaps (NaN) and masked stretches are left out. */
export function summarise(series: Series): Summary {
  const { time, value, masked } = series;
  let kept: ArrayLike<number> = value;
  if (masked !== undefined && masked.length > 0) {
    const inside = (at: number): boolean =>
      masked.some((stretch) => at >= stretch.fromMs && at <= stretch.toMs);
    kept = value.filter((_, index) => !inside(time[index] ?? Number.NaN));
  }
  const sorted = sortedWithoutGaps(kept);
  return {
    min: quantileOfSorted(sorted, 0),
    median: quantileOfSorted(sorted, 0.5),
    p95: quantileOfSorted(sorted, 0.95),
    max: quantileOfSorted(sorted, 1),
  };
}

/** Above this many points the pairs (n²/2) would cost more than they tell: 300 points are 44 850 slopes, about 10 ms. */
const MAX_POINTS = 300;
/** Two-sided 95 % of the normal distribution. */
const Z95 = 1.959964;

/**
 * Theil–Sen trend: the median of the slopes of all pairs, which a third of the points may be outliers of without
 * moving it; the interval is Sen's, from the variance of Kendall's S with ties (P. K. Sen, JASA 63, 1968).
 * `time` in ms, `value` in any unit. Points with NaN are gaps. More than 300 points are thinned evenly, which widens
 * the interval, never narrows it. Slope and bounds are NaN below 2 points.
 */
export function theilSen(time: ArrayLike<number>, value: ArrayLike<number>): Trend {
  const points = thin(indexesWithoutGaps(time, value), MAX_POINTS);
  const n = points.length;
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let count = 0;
  for (let right = 1; right < n; right++) {
    const rightIndex = points[right]!;
    for (let left = 0; left < right; left++) {
      const leftIndex = points[left]!;
      const run = time[rightIndex]! - time[leftIndex]!;
      if (run !== 0) slopes[count++] = ((value[rightIndex]! - value[leftIndex]!) / run) * 60_000;
    }
  }
  if (count === 0) return { slopePerMinute: Number.NaN, lower: Number.NaN, upper: Number.NaN, n };
  const sorted = slopes.subarray(0, count).sort();
  const halfWidth = Z95 * Math.sqrt(kendallVariance(points, value));
  // Sen's ranks are 1-based: lower = the ((N - C) / 2)-th slope, upper = the ((N + C) / 2 + 1)-th.
  const lowerRank = Math.floor((count - halfWidth) / 2) - 1;
  const upperRank = Math.ceil((count + halfWidth) / 2);
  return {
    slopePerMinute: quantileOfSorted(sorted, 0.5),
    lower: lowerRank < 0 ? Number.NEGATIVE_INFINITY : sorted[lowerRank]!,
    upper: upperRank >= count ? Number.POSITIVE_INFINITY : sorted[upperRank]!,
    n,
  };
}

/** The part of a series with `from` ≤ time < `to` (ms), masks cut to fit. Shares memory with the original. */
export function clip(series: Series, from: Milliseconds, to: Milliseconds): Series {
  const first = firstAtOrAfter(series.time, from);
  const end = Math.max(first, firstAtOrAfter(series.time, to));
  const clipped: Series = {
    name: series.name,
    time: series.time.subarray(first, end),
    value: series.value.subarray(first, end),
  };
  const masked = series.masked
    ?.filter((stretch) => stretch.toMs >= from && stretch.fromMs < to)
    .map((stretch) => ({
      ...stretch,
      fromMs: Math.max(stretch.fromMs, from),
      toMs: Math.min(stretch.toMs, to),
    }));
  if (masked !== undefined && masked.length > 0) clipped.masked = masked;
  return clipped;
}

function sortedWithoutGaps(values: ArrayLike<number>): Float64Array {
  const kept = new Float64Array(values.length);
  let count = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isNaN(value)) kept[count++] = value;
  }
  return kept.subarray(0, count).sort();
}

function quantileOfSorted(sorted: Float64Array, q: number): number {
  if (sorted.length === 0 || Number.isNaN(q)) return Number.NaN;
  const position = Math.min(1, Math.max(0, q)) * (sorted.length - 1);
  const low = sorted[Math.floor(position)]!;
  const high = sorted[Math.ceil(position)]!;
  // Equal neighbours apart: Infinity - Infinity would be NaN.
  return low === high ? low : low + (high - low) * (position - Math.floor(position));
}

function indexesWithoutGaps(time: ArrayLike<number>, value: ArrayLike<number>): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < Math.min(time.length, value.length); index++) {
    if (Number.isFinite(time[index]) && Number.isFinite(value[index])) indexes.push(index);
  }
  return indexes;
}

/** Keeps first and last, so that the span stays. */
function thin(indexes: number[], limit: number): number[] {
  if (indexes.length <= limit) return indexes;
  return Array.from({ length: limit }, (_, kept) => {
    return indexes[Math.round((kept * (indexes.length - 1)) / (limit - 1))]!;
  });
}

/** Variance of Kendall's S under "no trend", less what equal values take away. */
function kendallVariance(points: number[], value: ArrayLike<number>): number {
  const n = points.length;
  const term = (size: number): number => size * (size - 1) * (2 * size + 5);
  const sorted = Float64Array.from(points, (index) => value[index]!).sort();
  let ties = 0;
  let run = 1;
  for (let index = 1; index <= n; index++) {
    if (index < n && sorted[index] === sorted[index - 1]) {
      run++;
    } else {
      ties += term(run);
      run = 1;
    }
  }
  return (term(n) - ties) / 18;
}

function firstAtOrAfter(time: Float64Array, at: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
