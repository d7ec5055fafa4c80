import type { Milliseconds } from '../base/units.ts';

export interface HistogramBar {
  from: Milliseconds;
  /** Exclusive. */
  to: Milliseconds;
  count: number;
}

/** Edges within one decade, fine to coarse: people read 2–3 ms, nobody reads 2.154–3.162 ms. */
const EDGES: readonly (readonly number[])[] = [
  [
    1, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2, 2.2, 2.4, 2.7, 3, 3.3, 3.6, 3.9, 4.3, 4.7, 5.1, 5.6, 6.2, 6.8, 7.5,
    8.2, 9.1,
  ],
  [1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2],
  [1, 1.5, 2, 3, 5, 7],
  [1, 2, 5],
  [1],
];

/**
 * Groups counted values (ascending) into bars with the finest edges that need no more than `most` of them; the coarsest
 * edges, whole decades, are taken whatever they need.
 */
export function buildBars(
  values: readonly { value: Milliseconds; count: number }[],
  most: number,
): HistogramBar[] {
  const [lowest, highest] = [values[0]?.value, values.at(-1)?.value];
  if (lowest === undefined || highest === undefined) return [];
  let edges: Milliseconds[] = [];
  for (const decade of EDGES) {
    edges = edgesAround(lowest, highest, decade);
    if (edges.length - 1 <= most) break;
  }
  const bars = edges.slice(1).map((to, index): HistogramBar => ({ from: edges[index]!, to, count: 0 }));
  let bar = 0;
  for (const { value, count } of values) {
    while (bar < bars.length - 1 && value >= bars[bar]!.to) bar++;
    bars[bar]!.count += count;
  }
  return bars;
}

/** From the last edge at or below `lowest` to the first above `highest`. */
function edgesAround(lowest: Milliseconds, highest: Milliseconds, decade: readonly number[]): Milliseconds[] {
  const edges: Milliseconds[] = [];
  const last = Math.floor(Math.log10(highest)) + 1;
  for (let power = Math.floor(Math.log10(lowest)) - 1; power <= last; power++) {
    for (const step of decade) {
      const edge = Number(`${step}e${power}`);
      if (edge <= lowest) edges[0] = edge;
      else edges.push(edge);
      if (edge > highest) return edges;
    }
  }
  return edges;
}
