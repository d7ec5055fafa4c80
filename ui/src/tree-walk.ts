/**
 * Per node the outermost node above it that belongs to the same group, −1 for none: what recursion-right totals and
 * collapsing need. `groupOf` is by node, groups are 0 … groups−1; −1 belongs to nothing. Parents come before children.
 * One walk over the tree, whatever its depth.
 */
export function outermostSame(
  parent: Int32Array,
  groupOf: Int32Array,
  groups: number,
  length: number,
): Int32Array {
  const out = new Int32Array(length).fill(-1);
  const { first, next } = childLists(parent, length);
  const open = new Int32Array(groups).fill(-1);
  const enter = (node: number) => {
    const group = groupOf[node]!;
    if (group < 0) return;
    if (open[group]! >= 0) out[node] = open[group]!;
    else open[group] = node;
  };
  const leave = (node: number) => {
    const group = groupOf[node]!;
    if (group >= 0 && open[group] === node) open[group] = -1;
  };
  if (length === 0) return out;
  let node = 0;
  enter(0);
  for (;;) {
    if (first[node]! >= 0) {
      node = first[node]!;
      enter(node);
      continue;
    }
    while (node >= 0 && next[node]! < 0) {
      leave(node);
      node = parent[node]!;
    }
    if (node < 0) return out;
    leave(node);
    node = next[node]!;
    enter(node);
  }
}

/** First child and next sibling by node, −1 for none; siblings in the order of their numbers. */
function childLists(parent: Int32Array, length: number): { first: Int32Array; next: Int32Array } {
  const first = new Int32Array(length).fill(-1);
  const next = new Int32Array(length).fill(-1);
  for (let i = length - 1; i > 0; i--) {
    const above = parent[i]!;
    next[i] = first[above]!;
    first[above] = i;
  }
  return { first, next };
}

/** Finds the node with a given parent and frame while a tree grows; a hash table, because Maps are slow at 10^6. */
export class EdgeIndex {
  private readonly slots: Int32Array;
  private readonly mask: number;

  /** For at most `most` nodes. */
  constructor(most: number) {
    let size = 16;
    while (size < most * 2) size *= 2;
    this.slots = new Int32Array(size).fill(-1);
    this.mask = size - 1;
  }

  /** The node below `above` with `frame`; when there is none, `fresh`, which is remembered as that node. */
  findOrAdd(above: number, frame: number, fresh: number, parents: Int32Array, frames: Int32Array): number {
    let at = (Math.imul(above, 0x9e3779b1) ^ Math.imul(frame + 1, 0x85ebca6b)) & this.mask;
    for (;;) {
      const node = this.slots[at]!;
      if (node < 0) {
        this.slots[at] = fresh;
        return fresh;
      }
      if (parents[node] === above && frames[node] === frame) return node;
      at = (at + 1) & this.mask;
    }
  }
}
