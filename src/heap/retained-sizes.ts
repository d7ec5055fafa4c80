import type { NumberedTree } from './dominators.ts';
import { asResult, type GraphScratch } from './graph-scratch.ts';
import type { Numbering } from './number-nodes.ts';
import { sharedUint32 } from './shared-column.ts';
import { SizeColumn } from './size-column.ts';

/** The parts of a HeapGraph that follow from the dominator tree. */
export interface TreeColumns {
  retained: SizeColumn;
  dominator: Uint32Array;
  preorder: Uint32Array;
  rank: Uint32Array;
  subtree: Uint32Array;
}

/**
 * Sums sizes up the dominator tree, puts the tree into preorder, and brings all from numbers back to nodes. Uses all of
 * `scratch`; column 2 and most lists become part of the result, the rest is free again.
 */
export function buildTreeColumns(
  numbering: Numbering,
  tree: NumberedTree,
  sizes: SizeColumn,
  scratch: GraphScratch,
): TreeColumns {
  const { count, node, lists, info } = numbering;
  const { dominator } = tree;
  const [, , kept, size, position] = scratch.columns;
  // Not needed any more, and as large as what takes its place: 8 bytes for each node.
  const sums = new Float64Array(info.buffer, 0, count + 1);
  for (let n = 1; n <= count; n++) {
    sums[n] = sizes.get(node[n]!);
    size[n] = 1;
  }
  for (let n = count; n > 1; n--) {
    const above = dominator[n]!;
    sums[above]! += sums[n]!;
    size[above]! += size[n]!;
  }
  // Lists of edges are done with too; a quarter of their memory is enough for four columns in most heaps.
  const columns = columnsIn(lists.buffer as SharedArrayBuffer, count);
  const [low, dominators, ranks, preorder] = columns as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const subtree = asResult(kept, count);
  const retained = new SizeColumn(low);
  // `position` of a node: where its next child goes. Children have larger numbers, so parents are placed before.
  position[1] = 1;
  for (let n = 1; n <= count; n++) {
    let rank = 0;
    const above = dominator[n]!;
    if (n > 1) {
      rank = position[above]!;
      position[above] = rank + size[n]!;
      position[n] = rank + 1;
    }
    const ordinal = node[n]!;
    ranks[ordinal] = rank;
    preorder[rank] = ordinal;
    subtree[rank] = size[n]!;
    dominators[ordinal] = node[above]!;
    retained.set(ordinal, sums[n]!);
  }
  return { retained, dominator: dominators, preorder, rank: ranks, subtree };
}

/** Four columns in memory that is there already, if there is enough; else in new. */
function columnsIn(buffer: SharedArrayBuffer, count: number): Uint32Array[] {
  const has = buffer.byteLength >= 16 * count;
  return [0, 1, 2, 3].map((i) => (has ? new Uint32Array(buffer, 4 * count * i, count) : sharedUint32(count)));
}
