import type { Milliseconds } from '../base/units.ts';
import { theilSen } from '../metrics/statistics.ts';

/** A count that grows for sure. */
export interface CountGrowth {
  /** At the end of the window. */
  now: number;
  /** Over the part that was judged, and its length. */
  growth: number;
  spanMs: Milliseconds;
  perMinute: number;
}

/** Fewer more than that in a window may be anything. */
export const LEAST_GROWTH = 10;
const LEAST_LOOKS = 5;

/**
 * Undefined unless the count grows for sure, and goes on growing.
 *
 *     │        ╭──── a load that begins with the window: level in the last two thirds
 *     │   ╭────╯                           ╱ a leak: the lows of the thirds rise, the last as much as the others
 *     │  ╱ ╭ not judged ╮            ╱╲╱╲╱
 *     │╱   ╰────────────╯      ╱╲╱╲╱
 *
 * Statistic, from `fromMs` on (a third of the window: what begins with it has its number by then): the lowest value of the
 * last third of that stretch minus the lowest of its first third; the Mann–Kendall test of a trend (ties taken into account:
 * counts move in steps); means of the thirds. Threshold: at least 10 more, a trend upwards at 95 %, and from the middle to the last third at least 0.25 of what
 * the means grew from the first to the last (a line has 0.5; what nears a plateau exponentially and has reached 90 % of it
 * has 0.18). Reason: lows do not follow bursts, and connections, caches and timers that end all reach a plateau.
 */
export function measureCountGrowth(
  times: readonly Milliseconds[],
  values: readonly number[],
  fromMs: Milliseconds,
): CountGrowth | undefined {
  const rows = times.map((at, index) => ({ at, value: values[index]! })).filter(({ at }) => at >= fromMs);
  const first = rows[0];
  const last = rows.at(-1);
  if (first === undefined || last === undefined || rows.length < LEAST_LOOKS) return undefined;
  const spanMs = last.at - first.at;
  const thirds = [0, 1, 2].map((part) =>
    rows.filter(({ at }) => Math.min(2, Math.floor((3 * (at - first.at)) / Math.max(1, spanMs))) === part),
  );
  if (thirds.some((third) => third.length === 0)) return undefined;
  const low = thirds.map((third) => Math.min(...third.map(({ value }) => value)));
  const mean = thirds.map((third) => third.reduce((sum, { value }) => sum + value, 0) / third.length);
  if (low[2]! - low[0]! < LEAST_GROWTH) return undefined;
  if (mean[2]! - mean[1]! < 0.25 * (mean[2]! - mean[0]!)) return undefined;
  const heights = rows.map(({ value }) => value);
  if (!isRising(heights)) return undefined;
  const { slopePerMinute } = theilSen(
    rows.map(({ at }) => at),
    heights,
  );
  // The median of the pairs is 0 where the count moves in few large steps.
  const perMinute =
    slopePerMinute > 0 ? slopePerMinute : ((mean[2]! - mean[0]!) / ((2 / 3) * spanMs)) * 60_000;
  return { now: last.value, growth: (perMinute * spanMs) / 60_000, spanMs, perMinute };
}

/** Mann–Kendall (M. G. Kendall, Rank Correlation Methods, 1975), one-sided at 97.5 %, variance less what ties take away. */
function isRising(values: readonly number[]): boolean {
  const n = values.length;
  let score = 0;
  for (let right = 1; right < n; right++)
    for (let left = 0; left < right; left++) score += Math.sign(values[right]! - values[left]!);
  const term = (size: number): number => size * (size - 1) * (2 * size + 5);
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  let variance = term(n);
  for (const size of ties.values()) variance -= term(size);
  return score > 1.96 * Math.sqrt(variance / 18);
}

/** By how much the mean of the last third is above that of the first; 0 without values. */
export function meanGrowth(
  times: readonly Milliseconds[],
  values: readonly (number | null)[],
  fromMs: Milliseconds,
): number {
  const known: { at: Milliseconds; value: number }[] = [];
  for (const [index, at] of times.entries()) {
    const value = values[index];
    if (at >= fromMs && value !== null && value !== undefined) known.push({ at, value });
  }
  const third = Math.floor(known.length / 3);
  if (third === 0) return 0;
  const mean = (part: typeof known) => part.reduce((sum, { value }) => sum + value, 0) / part.length;
  return mean(known.slice(-third)) - mean(known.slice(0, third));
}
