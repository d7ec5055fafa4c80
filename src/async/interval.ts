import type { Milliseconds } from '../base/units.ts';

/** From, to: half open, ms. Lists of them are sorted and disjoint where said so. */
export type Interval = readonly [Milliseconds, Milliseconds];

/** Sorted, disjoint intervals that cover the same time; empty and backward ones are left out. O(n log n). */
export function union(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter(([from, to]) => to > from).sort((a, b) => a[0] - b[0]);
  const merged: [Milliseconds, Milliseconds][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** The part of `within` that none of `taken` covers. `taken` sorted and disjoint. */
export function without(within: Interval, taken: readonly Interval[]): Interval[] {
  const left: Interval[] = [];
  let at = within[0];
  for (const [from, to] of taken) {
    if (to <= at) continue;
    if (from >= within[1]) break;
    if (from > at) left.push([at, from]);
    at = to;
  }
  if (at < within[1]) left.push([at, within[1]]);
  return left;
}

/** Sum of lengths; of disjoint intervals the time they cover. */
export function lengthOf(intervals: readonly Interval[]): Milliseconds {
  let sum = 0;
  for (const [from, to] of intervals) sum += to - from;
  return sum;
}

/** The part of `interval` inside `within`; undefined when there is none. */
export function clip(interval: Interval, within: Interval): Interval | undefined {
  const from = Math.max(interval[0], within[0]);
  const to = Math.min(interval[1], within[1]);
  return to > from ? [from, to] : undefined;
}

/** How many intervals overlap at the busiest moment. */
export function mostAtOnce(intervals: readonly Interval[]): number {
  const edges: [Milliseconds, number][] = [];
  for (const [from, to] of intervals) if (to > from) edges.push([from, 1], [to, -1]);
  // An end goes before a start at the same time: the intervals are half open.
  edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let now = 0;
  let most = 0;
  for (const [, by] of edges) {
    now += by;
    if (now > most) most = now;
  }
  return most;
}
