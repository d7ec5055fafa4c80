import type { Milliseconds } from '../base/units.ts';
import type { CallTree } from './call-tree.ts';

/** Self weight per node of the samples inside [fromMs, toMs); a sample across the edge counts in part. */
export function weighNodes(tree: CallTree, fromMs: Milliseconds, toMs: Milliseconds): Float64Array {
  return weighNodesInRanges(tree, [[fromMs, toMs]]);
}

/**
 * The same for several ranges, e.g. all blocked stretches. Ranges ascend; time where they overlap counts once.
 * All zero for trees without time.
 */
export function weighNodesInRanges(
  tree: CallTree,
  ranges: readonly (readonly [from: Milliseconds, to: Milliseconds])[],
): Float64Array {
  const weights = new Float64Array(tree.length);
  const merged = mergeRanges(ranges);
  const { time, node, weight } = tree.samples;
  let range = 0;
  for (let i = 0; i < time.length; i++) {
    const start = time[i]!;
    const length = weight[i]! / 1000;
    while (range < merged.length && merged[range]![1] <= start) range++;
    for (let r = range; r < merged.length && merged[r]![0] < start + length; r++) {
      const inside = Math.min(merged[r]![1], start + length) - Math.max(merged[r]![0], start);
      if (inside > 0) weights[node[i]!]! += inside * 1000;
    }
  }
  return weights;
}

/** Sorted, without overlap. */
function mergeRanges(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else if (to > from) merged.push([from, to]);
  }
  return merged;
}
