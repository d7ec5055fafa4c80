import { CATEGORIES, type CallTree } from './call-tree.ts';

export interface FlameLayoutOptions {
  /** Width of the root in px. */
  width: number;
  /** Boxes below this are not laid out; several of one parent share a box when they make up this much. Default 0.4. */
  minWidth?: number;
  /** Leaves idle time out: the width is then the rest. */
  hideIdle?: boolean;
  /** Levels below the root. Default no limit. */
  maxDepth?: number;
}

/**
 * Boxes of a flame graph, callers first; struct of arrays, row 0 the root. Children begin where their parent begins,
 * heaviest first, idle time last, so that what is not covered by them on the right is the parent's own weight.
 */
export interface FlameLayout {
  length: number;
  /** Node of the tree; for the box of what is too narrow the parent, see `merged`. */
  node: Int32Array;
  /** 0 for the root. */
  depth: Int32Array;
  /** px from the left. */
  x: Float64Array;
  width: Float64Array;
  /** 0 for a box of its own, else how many narrow children of `node` it stands for. */
  merged: Int32Array;
  /** Weight of the whole width, in the tree's unit; below `tree.total[0]` when idle time is hidden. */
  total: number;
  /** Levels with boxes, the root's included. */
  levels: number;
  /** Weight below `maxDepth`, drawn as the own weight of the deepest boxes. */
  deeper: number;
}

/** Lays out a call tree: one loop over the nodes and one over the boxes, no recursion. */
export function layoutFlame(tree: CallTree, options: FlameLayoutOptions): FlameLayout {
  const minWidth = options.minWidth ?? 0.4;
  const maxDepth = options.maxDepth ?? Number.POSITIVE_INFINITY;
  const idle = CATEGORIES.indexOf('idle');
  const isIdle = (node: number): boolean =>
    tree.frames.category[tree.frame[node]!] === idle && tree.parent[node] === 0;
  let total = tree.total[0] ?? 0;
  if (options.hideIdle === true) {
    for (let node = 1; node < tree.length; node++) if (isIdle(node)) total -= tree.total[node]!;
  }
  const scale = total > 0 ? options.width / total : 0;

  // Children wide enough, as linked lists; the others as a sum per parent.
  const firstChild = new Int32Array(tree.length).fill(-1);
  const nextSibling = new Int32Array(tree.length).fill(-1);
  const narrow = new Float64Array(tree.length);
  const narrowCount = new Int32Array(tree.length);
  let deeper = 0;
  for (let node = tree.length - 1; node > 0; node--) {
    const parent = tree.parent[node]!;
    const weight = tree.total[node]!;
    if (options.hideIdle === true && isIdle(node)) continue;
    if (tree.depth[node]! > maxDepth) {
      if (tree.depth[node]! === maxDepth + 1) deeper += weight;
    } else if (weight * scale >= minWidth) {
      nextSibling[node] = firstChild[parent]!;
      firstChild[parent] = node;
    } else if (weight > 0) {
      narrow[parent]! += weight;
      narrowCount[parent]!++;
    }
  }

  const boxes = new Boxes();
  boxes.add(0, 0, 0, options.width, 0);
  const children: number[] = [];
  for (let box = 0; box < boxes.length; box++) {
    if (boxes.merged[box]! > 0) continue;
    const parent = boxes.node[box]!;
    children.length = 0;
    for (let child = firstChild[parent]!; child >= 0; child = nextSibling[child]!) children.push(child);
    children.sort(
      (a, b) => Number(isIdle(a)) - Number(isIdle(b)) || tree.total[b]! - tree.total[a]! || a - b,
    );
    let x = boxes.x[box]!;
    for (const child of children) {
      const width = tree.total[child]! * scale;
      boxes.add(child, boxes.depth[box]! + 1, x, width, 0);
      x += width;
    }
    const rest = narrow[parent]! * scale;
    if (rest >= minWidth) boxes.add(parent, boxes.depth[box]! + 1, x, rest, narrowCount[parent]!);
  }
  return boxes.finish(total, deeper);
}

class Boxes {
  readonly node: number[] = [];
  readonly depth: number[] = [];
  readonly x: number[] = [];
  readonly width: number[] = [];
  readonly merged: number[] = [];

  get length(): number {
    return this.node.length;
  }

  add(node: number, depth: number, x: number, width: number, merged: number): void {
    this.node.push(node);
    this.depth.push(depth);
    this.x.push(x);
    this.width.push(width);
    this.merged.push(merged);
  }

  finish(total: number, deeper: number): FlameLayout {
    return {
      length: this.length,
      node: Int32Array.from(this.node),
      depth: Int32Array.from(this.depth),
      x: Float64Array.from(this.x),
      width: Float64Array.from(this.width),
      merged: Int32Array.from(this.merged),
      total,
      // Boxes are added level by level.
      levels: this.depth.at(-1)! + 1,
      deeper,
    };
  }
}
