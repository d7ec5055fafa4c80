import { CORE, GC, IDLE, type ProfileTables } from './profile-tables.ts';

/**
 * What the flame graph draws: a merged tree in preorder, so that a subtree is a run [i, end[i]) and every row is met
 * from left to right. `start` and `total` are weights: x position and width before any zoom.
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
  /** Node of the profile this box stands for (the first one merged into it); bottom-up: the node on top of the stack. */
  origin: Int32Array;
  maxDepth: number;
  bottomUp: boolean;
  /** Box by node of the profile, −1 for none; only for icicles. */
  ofNode: Int32Array;
}

export interface TreeOptions {
  foldCore: boolean;
  /** Rooms (index into ROOMS) that the legend switched off. */
  hidden: ReadonlySet<number>;
}

/** Boxes of a bottom-up tree: enough for any screen, and bounded for hostile profiles. */
const MAX_BOTTOM_UP = 200_000;

interface Draft {
  length: number;
  parent: number[];
  frame: number[];
  self: number[];
  origin: number[];
}

/**
 * Callers above, callees below. Nodes of a hidden or folded room give their time to the caller; below the root that is
 * impossible, so idle and GC leave the picture there and folded core frames stay.
 */
export function buildIcicle(tables: ProfileTables, self: Float64Array, options: TreeOptions): FlameTree {
  const { parent, frame, room } = tables;
  const draft: Draft = { length: 1, parent: [-1], frame: [frame[0] ?? 0], self: [0], origin: [0] };
  const ofNode = new Int32Array(tables.length).fill(-1);
  const dropped = new Uint8Array(tables.length);
  const stride = tables.name.length + 1;
  const merged = new Map<number, number>();
  if (tables.length > 0) ofNode[0] = 0;
  for (let i = 1; i < tables.length; i++) {
    const r = room[frame[i]!]!;
    const above = ofNode[parent[i]!]!;
    if (dropped[parent[i]!]) {
      dropped[i] = 1;
      ofNode[i] = above;
      continue;
    }
    if (options.hidden.has(r) || (options.foldCore && r === CORE && above !== 0)) {
      ofNode[i] = above;
      if (above === 0 && (r === IDLE || r === GC)) dropped[i] = 1;
      else draft.self[above]! += self[i]!;
      continue;
    }
    const key = above * stride + frame[i]!;
    let box = merged.get(key);
    if (box === undefined) {
      box = draft.length++;
      merged.set(key, box);
      draft.parent.push(above);
      draft.frame.push(frame[i]!);
      draft.self.push(0);
      draft.origin.push(i);
    }
    ofNode[i] = box;
    draft.self[box]! += self[i]!;
  }
  draft.self[0]! += tables.length > 0 ? self[0]! : 0;
  return arrange(draft, tables, ofNode, false);
}

/**
 * What is on top of the stack first, its callers below. Groups of stacks are split by caller; groups too small to be
 * seen are not split further.
 */
export function buildBottomUp(icicle: FlameTree, tables: ProfileTables): FlameTree {
  const draft: Draft = { length: 1, parent: [-1], frame: [icicle.frame[0] ?? 0], self: [0], origin: [0] };
  const whole = icicle.total[0] ?? 0;
  const leaves: number[] = [];
  for (let i = 1; i < icicle.length; i++) if (icicle.self[i]! > 0) leaves.push(i);
  const groups: { box: number; leaves: number[]; cursors: number[] }[] = [
    { box: 0, leaves, cursors: leaves },
  ];
  for (let group = groups.pop(); group; group = groups.pop()) {
    const byFrame = new Map<number, { box: number; leaves: number[]; cursors: number[] }>();
    for (let k = 0; k < group.leaves.length; k++) {
      const leaf = group.leaves[k]!;
      const cursor = group.cursors[k]!;
      const weight = icicle.self[leaf]!;
      if (cursor <= 0) {
        draft.self[group.box]! += weight;
        continue;
      }
      let part = byFrame.get(icicle.frame[cursor]!);
      if (!part) {
        part = { box: draft.length++, leaves: [], cursors: [] };
        byFrame.set(icicle.frame[cursor]!, part);
        draft.parent.push(group.box);
        draft.frame.push(icicle.frame[cursor]!);
        draft.self.push(0);
        draft.origin.push(icicle.origin[leaf]!);
      }
      part.leaves.push(leaf);
      part.cursors.push(icicle.parent[cursor]!);
    }
    for (const part of byFrame.values()) {
      let weight = 0;
      for (const leaf of part.leaves) weight += icicle.self[leaf]!;
      if (weight < whole / 10_000 || draft.length > MAX_BOTTOM_UP) draft.self[part.box]! += weight;
      else groups.push(part);
    }
  }
  return arrange(draft, tables, new Int32Array(0), true);
}

/** Preorder, siblings by weight, idle always last. */
function arrange(draft: Draft, tables: ProfileTables, ofNode: Int32Array, bottomUp: boolean): FlameTree {
  const n = draft.length;
  const total = Float64Array.from(draft.self);
  const children: number[][] = [];
  for (let i = n - 1; i > 0; i--) total[draft.parent[i]!]! += total[i]!;
  for (let i = 1; i < n; i++) {
    const above = draft.parent[i]!;
    const list = children[above];
    if (list) list.push(i);
    else children[above] = [i];
  }
  const isIdle = (i: number) => (tables.room[draft.frame[i]!] === IDLE ? 1 : 0);
  const tree: FlameTree = {
    length: n,
    parent: new Int32Array(n),
    frame: new Int32Array(n),
    depth: new Int32Array(n),
    self: new Float64Array(n),
    total: new Float64Array(n),
    start: new Float64Array(n),
    end: new Int32Array(n),
    origin: new Int32Array(n),
    maxDepth: 0,
    bottomUp,
    ofNode: new Int32Array(ofNode.length),
  };
  const place = new Int32Array(n);
  const cursor = new Float64Array(n);
  const stack = [0];
  for (let at = 0; stack.length > 0; at++) {
    const i = stack.pop()!;
    const above = i === 0 ? -1 : place[draft.parent[i]!]!;
    place[i] = at;
    tree.parent[at] = above;
    tree.frame[at] = draft.frame[i]!;
    tree.self[at] = draft.self[i]!;
    tree.total[at] = total[i]!;
    tree.origin[at] = draft.origin[i]!;
    tree.end[at] = at + 1;
    if (above >= 0) {
      tree.depth[at] = tree.depth[above]! + 1;
      tree.start[at] = cursor[above]!;
      cursor[above]! += total[i]!;
      if (tree.depth[at]! > tree.maxDepth) tree.maxDepth = tree.depth[at]!;
    }
    cursor[at] = tree.start[at]!;
    const below = children[i];
    if (!below) continue;
    below.sort((a, b) => isIdle(a) - isIdle(b) || total[b]! - total[a]! || a - b);
    for (let k = below.length - 1; k >= 0; k--) stack.push(below[k]!);
  }
  for (let i = n - 1; i > 0; i--) {
    const above = tree.parent[i]!;
    if (tree.end[i]! > tree.end[above]!) tree.end[above] = tree.end[i]!;
  }
  for (let i = 0; i < ofNode.length; i++) tree.ofNode[i] = ofNode[i]! < 0 ? -1 : place[ofNode[i]!]!;
  return tree;
}

/** Children of a box, left to right. */
export function childrenOf(tree: FlameTree, box: number): number[] {
  const out: number[] = [];
  for (let i = box + 1; i < tree.end[box]!; i = tree.end[i]!) out.push(i);
  return out;
}

/** Name of a box that survives a reload: node of the profile, and how many callers up for bottom-up trees. */
export function boxId(tree: FlameTree, box: number): string {
  return tree.bottomUp ? `${tree.origin[box]}.${tree.depth[box]}` : String(tree.origin[box]);
}

/** The box of an id, or the heaviest box of `frame` (−1: none) when the id belongs to another shape of the tree. */
export function boxById(tree: FlameTree, id: string, frame: number): number {
  if (!id.includes('.') && !tree.bottomUp) {
    const box = tree.ofNode[Number(id)] ?? -1;
    if (box >= 0 && (frame < 0 || tree.frame[box] === frame)) return box;
  }
  if (tree.bottomUp && id.includes('.')) {
    for (let i = 0; i < tree.length; i++) if (boxId(tree, i) === id) return i;
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
