import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { type FunctionMatch, isIdleRow } from './match-functions.ts';

/** Two trees over one. */
export interface UnionTree {
  /** Every stack of either, idle left out; `self` and `total` are those of the later tree. No samples, no lines. */
  tree: CallTree;
  /** Own weight of the earlier one by node. */
  beforeSelf: Float64Array;
}

/** Lays two trees over one another; weights as recorded. Stacks are the same when all their functions match. */
export function uniteTrees(before: CallTree, after: CallTree, match: FunctionMatch): UnionTree {
  const builder = new CallTreeBuilder(after.unit);
  const placeAfter = addStacks(builder, after, match.ofAfter);
  for (let node = 0; node < after.length; node++)
    if (!isIdleRow(after.frames, after.frame[node]!)) builder.addSelf(placeAfter[node]!, after.self[node]!);
  const placeBefore = addStacks(builder, before, match.ofBefore);
  const beforeSelf = new Float64Array(builder.length);
  for (let node = 0; node < before.length; node++)
    if (!isIdleRow(before.frames, before.frame[node]!)) beforeSelf[placeBefore[node]!]! += before.self[node]!;
  const tree = builder.finish({ from: after.from, to: after.to });
  return { tree: { ...tree, frames: match.frames }, beforeSelf };
}

/** Own weights summed up the tree. */
export function sumUp(tree: CallTree, self: Float64Array): Float64Array {
  const total = self.slice();
  for (let node = tree.length - 1; node > 0; node--) total[tree.parent[node]!]! += total[node]!;
  return total;
}

function addStacks(builder: CallTreeBuilder, tree: CallTree, rows: Int32Array): Int32Array {
  const place = new Int32Array(tree.length);
  for (let node = 1; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    const above = place[tree.parent[node]!]!;
    place[node] = isIdleRow(tree.frames, frame) ? above : builder.child(above, rows[frame]!);
  }
  return place;
}
