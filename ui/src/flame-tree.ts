import { type Shape, weigh } from './call-shape.ts';
import { IDLE, type ProfileTables } from './profile-tables.ts';

/**
 * What the flame graph draws: a merged tree in preorder, so that a subtree is a run [i, end[i]) and every row is met
 * from left to right. `start` and `total` are weights: x position and width before any zoom. Boxes without width are
 * not in it.
 */
export interface FlameTree {
  length: number;
  parent: Int32Array;
  frame: Int32Array;
  depth: Int32Array;
  self: Float64Array;
  total: Float64Array;
  start: Float64Array;
  end: Int32Array;
  /** Total on the other side of a comparison, by box. */
  other: Float64Array | null;
  /** What changes are relative to: the larger of both wholes, also in a part of the graph. */
  changeWhole: number;
  /** Node of the profile this box stands for (the first one merged into it); inverted: the node its stacks end in. */
  origin: Int32Array;
  maxDepth: number;
  /** Callers below: ids of boxes count the steps up from `origin`, starting with `steps` in row 1. */
  inverted: boolean;
  steps: number;
  /** Box by node of the profile, −1 for none; empty in inverted trees. */
  ofNode: Int32Array;
}

/** Boxes of an inverted tree: enough for any screen, and bounded for hostile profiles. */
const MAX_INVERTED = 200_000;

/** A tree before it is laid out; parents before children. */
export interface Draft {
  length: number;
  parent: ArrayLike<number>;
  frame: ArrayLike<number>;
  origin: ArrayLike<number>;
  self: ArrayLike<number>;
  /** Self weight of the other side. */
  other: ArrayLike<number> | null;
}

/**
 * Callers above, callees below. `other`: self weight by node of the profile on the other side of a comparison. `both`:
 * boxes that only the other side has stay, without width; graphs that are put together anew from this one need them.
 */
export function buildIcicle(
  shape: Shape,
  tables: ProfileTables,
  self: Float64Array,
  other: Float64Array | null = null,
  both = false,
): FlameTree {
  const { length, parent, frame, origin } = shape;
  const draft: Draft = {
    length,
    parent,
    frame,
    origin,
    self: weigh(shape, self),
    other: other && weigh(shape, other),
  };
  const { tree, placed } = arrange(draft, tables, both);
  for (let i = 0; i < shape.ofNode.length; i++) {
    const node = shape.ofNode[i]!;
    tree.ofNode[i] = node < 0 ? -1 : placed[node]!;
  }
  return tree;
}

/** What is on top of the stack first, its callers below. Of a comparison from a graph of both sides. */
export function buildBottomUp(icicle: FlameTree, tables: ProfileTables): FlameTree {
  const leaves: number[] = [];
  const other = icicle.other && selfOfOther(icicle);
  for (let i = 1; i < icicle.length; i++)
    if (icicle.self[i]! > 0 || (other !== null && other[i]! > 0)) leaves.push(i);
  const root = { frame: icicle.frame[0] ?? 0, origin: 0 };
  return invert(icicle, tables, root, leaves, leaves, icicle.self, other, 1);
}

/** Own weight on the other side, from its totals. */
export function selfOfOther(tree: FlameTree): Float64Array {
  const out = tree.other!.slice();
  for (let i = 1; i < tree.length; i++) out[tree.parent[i]!]! -= tree.other![i]!;
  return out;
}

/**
 * The stacks that end in `leaves`, turned around below `root`: the first row are the frames of `cursors` (by leaf),
 * then their callers. Groups of stacks are split by caller; groups too small to be seen are not split further.
 */
export function invert(
  icicle: FlameTree,
  tables: ProfileTables,
  root: { frame: number; origin: number },
  leaves: number[],
  cursors: number[],
  weight: Float64Array,
  other: Float64Array | null,
  steps: number,
): FlameTree {
  const parent = [-1];
  const frame = [root.frame];
  const origin = [root.origin];
  const self = [0];
  const otherSelf = [0];
  let whole = 0;
  for (const leaf of leaves) whole += weight[leaf]!;
  const groups: { box: number; leaves: number[]; cursors: number[] }[] = [{ box: 0, leaves, cursors }];
  for (let group = groups.pop(); group; group = groups.pop()) {
    const byFrame = new Map<number, { box: number; leaves: number[]; cursors: number[] }>();
    for (let k = 0; k < group.leaves.length; k++) {
      const leaf = group.leaves[k]!;
      const cursor = group.cursors[k]!;
      if (cursor <= 0) {
        self[group.box]! += weight[leaf]!;
        if (other) otherSelf[group.box]! += other[leaf]!;
        continue;
      }
      let part = byFrame.get(icicle.frame[cursor]!);
      if (!part) {
        part = { box: parent.length, leaves: [], cursors: [] };
        byFrame.set(icicle.frame[cursor]!, part);
        parent.push(group.box);
        frame.push(icicle.frame[cursor]!);
        origin.push(icicle.origin[leaf]!);
        self.push(0);
        otherSelf.push(0);
      }
      part.leaves.push(leaf);
      part.cursors.push(icicle.parent[cursor]!);
    }
    for (const part of byFrame.values()) {
      let sum = 0;
      let otherSum = 0;
      for (const leaf of part.leaves) {
        sum += weight[leaf]!;
        if (other) otherSum += other[leaf]!;
      }
      if (Math.max(sum, otherSum) < whole / 10_000 || parent.length > MAX_INVERTED) {
        self[part.box]! += sum;
        otherSelf[part.box]! += otherSum;
      } else groups.push(part);
    }
  }
  const draft = { length: parent.length, parent, frame, origin, self, other: other ? otherSelf : null };
  return { ...arrange(draft, tables).tree, inverted: true, steps, ofNode: new Int32Array(0) };
}

/** Preorder, siblings by weight, idle always last. `placed`: box by node of the draft, −1 without weight. */
export function arrange(
  draft: Draft,
  tables: ProfileTables,
  both = false,
): { tree: FlameTree; placed: Int32Array } {
  const n = draft.length;
  const total = Float64Array.from(draft.self);
  const other = draft.other && Float64Array.from(draft.other);
  for (let i = n - 1; i > 0; i--) {
    total[draft.parent[i]!]! += total[i]!;
    if (other) other[draft.parent[i]!]! += other[i]!;
  }
  const { from, child, kept } = sortedChildren(draft, total, both ? other : null, tables);
  const tree: FlameTree = {
    length: kept,
    parent: new Int32Array(kept),
    frame: new Int32Array(kept),
    depth: new Int32Array(kept),
    self: new Float64Array(kept),
    total: new Float64Array(kept),
    start: new Float64Array(kept),
    end: new Int32Array(kept),
    other: other && new Float64Array(kept),
    changeWhole: Math.max(total[0] ?? 0, other?.[0] ?? 0),
    origin: new Int32Array(kept),
    maxDepth: 0,
    inverted: false,
    steps: 1,
    ofNode: new Int32Array(tables.length).fill(-1),
  };
  const placed = new Int32Array(n).fill(-1);
  const cursor = new Float64Array(kept);
  const stack = n > 0 ? [0] : [];
  for (let at = 0; stack.length > 0; at++) {
    const i = stack.pop()!;
    const above = i === 0 ? -1 : placed[draft.parent[i]!]!;
    placed[i] = at;
    tree.parent[at] = above;
    tree.frame[at] = draft.frame[i]!;
    tree.self[at] = draft.self[i]!;
    tree.total[at] = total[i]!;
    if (tree.other) tree.other[at] = other![i]!;
    tree.origin[at] = draft.origin[i]!;
    tree.end[at] = at + 1;
    if (above >= 0) {
      tree.depth[at] = tree.depth[above]! + 1;
      tree.start[at] = cursor[above]!;
      cursor[above]! += total[i]!;
      if (tree.depth[at]! > tree.maxDepth) tree.maxDepth = tree.depth[at]!;
    }
    cursor[at] = tree.start[at]!;
    for (let k = from[i + 1]! - 1; k >= from[i]!; k--) stack.push(child[k]!);
  }
  for (let i = kept - 1; i > 0; i--) {
    const above = tree.parent[i]!;
    if (tree.end[i]! > tree.end[above]!) tree.end[above] = tree.end[i]!;
  }
  return { tree, placed };
}

/** Children with weight of every node: those of node i are child[from[i]] … child[from[i + 1] − 1]. */
function sortedChildren(
  draft: Draft,
  total: Float64Array,
  /** Weights that are reason enough to stay, too. */
  other: Float64Array | null,
  tables: ProfileTables,
): { from: Int32Array; child: Int32Array; kept: number } {
  const n = draft.length;
  const from = new Int32Array(n + 2);
  let kept = Math.min(1, n);
  const stays = (i: number) => total[i]! > 0 || (other !== null && other[i]! > 0);
  for (let i = 1; i < n; i++) {
    if (!stays(i)) continue;
    from[draft.parent[i]! + 2]!++;
    kept++;
  }
  for (let i = 2; i < from.length; i++) from[i]! += from[i - 1]!;
  const child = new Int32Array(Math.max(0, kept - 1));
  // from[p + 1] walks from the start of p's children to their end, which is where from[p + 1] belongs.
  for (let i = 1; i < n; i++) if (stays(i)) child[from[draft.parent[i]! + 1]!++] = i;
  const idle = (i: number) => (tables.room[draft.frame[i]!] === IDLE ? 1 : 0);
  const order = (a: number, b: number) => idle(a) - idle(b) || total[b]! - total[a]! || a - b;
  for (let i = 0; i < n; i++) {
    const [first, end] = [from[i]!, from[i + 1]!];
    if (end - first < 2) continue;
    if (end - first > 8) child.subarray(first, end).sort(order);
    else {
      for (let k = first + 1; k < end; k++) {
        const one = child[k]!;
        let at = k;
        for (; at > first && order(one, child[at - 1]!) < 0; at--) child[at] = child[at - 1]!;
        child[at] = one;
      }
    }
  }
  return { from, child, kept };
}

/** Children of a box, left to right. */
export function childrenOf(tree: FlameTree, box: number): number[] {
  const out: number[] = [];
  for (let i = box + 1; i < tree.end[box]!; i = tree.end[i]!) out.push(i);
  return out;
}

/** Name of a box that survives a reload: node of the profile, and how many callers up for inverted trees. */
export function boxId(tree: FlameTree, box: number): string {
  const up = tree.depth[box]! + tree.steps - 1;
  return tree.inverted ? `${tree.origin[box]}.${up}` : String(tree.origin[box]);
}

/** The box of an id, or the heaviest box of `frame` (−1: none) when the id belongs to another shape of the tree. */
export function boxById(tree: FlameTree, id: string, frame: number): number {
  if (!id.includes('.') && !tree.inverted) {
    const box = tree.ofNode[Number(id)] ?? -1;
    if (box >= 0 && (frame < 0 || tree.frame[box] === frame)) return box;
  }
  if (tree.inverted && id.includes('.')) {
    const [origin, up] = id.split('.').map(Number);
    const depth = up! - tree.steps + 1;
    for (let i = 0; i < tree.length; i++) if (tree.origin[i] === origin && tree.depth[i] === depth) return i;
  }
  return frame < 0 ? -1 : heaviestOf(tree, (candidate) => candidate === frame);
}

/** The heaviest box whose frame is wanted, −1 for none. The first of equals: the one closest to the root. */
export function heaviestOf(tree: FlameTree, wanted: (frame: number) => boolean): number {
  let best = -1;
  for (let i = 1; i < tree.length; i++) {
    if (wanted(tree.frame[i]!) && (best < 0 || tree.total[i]! > tree.total[best]!)) best = i;
  }
  return best;
}

/** The next box in the same row: the keyboard's left (−1) and right (1). `box` itself at the edge. */
export function neighbourOf(tree: FlameTree, box: number, step: -1 | 1): number {
  for (let i = box + step; i > 0 && i < tree.length; i += step)
    if (tree.depth[i] === tree.depth[box]) return i;
  return box;
}
