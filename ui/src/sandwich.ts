import { arrange, type FlameTree, invert, selfOfOther } from './flame-tree.ts';
import type { ProfileTables } from './profile-tables.ts';
import { EdgeIndex } from './tree-walk.ts';

/** One function between those that call it and those it calls. */
export interface Sandwich {
  frame: number;
  /** Root: the function; below it its callers, theirs, … */
  callers: FlameTree;
  /** Root: the function; below it what it calls. */
  callees: FlameTree;
  /** Weight of the stacks the function is on, each counted once however often it recurs, and its own. */
  total: number;
  self: number;
  /** Whole weight of the profile as shown. */
  whole: number;
  /** Whether the function is anywhere below itself. */
  recursive: boolean;
}

/**
 * Callers and callees of a function, from the flame graph as it is shown. Under recursion only the outermost call
 * counts: its callers above, everything below it, inner calls included, beneath; so both halves have the same weight.
 * null when the function is not in the graph. Of a comparison from a graph of both sides.
 */
export function buildSandwich(icicle: FlameTree, tables: ProfileTables, frame: number): Sandwich | null {
  const outer: number[] = [];
  let covered = 0;
  let total = 0;
  let self = 0;
  let recursive = false;
  for (let i = 1; i < icicle.length; i++) {
    if (icicle.frame[i] !== frame) continue;
    self += icicle.self[i]!;
    if (i < covered) {
      recursive = true;
      continue;
    }
    outer.push(i);
    total += icicle.total[i]!;
    covered = icicle.end[i]!;
  }
  if (!(total > 0)) return null;
  const heaviest = outer.reduce((best, i) => (icicle.total[i]! > icicle.total[best]! ? i : best), outer[0]!);
  const above = outer.map((i) => icicle.parent[i]!);
  const root = { frame, origin: icicle.origin[heaviest]! };
  // Both halves are parts of the whole, and changes stay relative to that.
  const { changeWhole } = icicle;
  return {
    frame,
    callers: { ...invert(icicle, tables, root, outer, above, icicle.total, icicle.other, 2), changeWhole },
    callees: { ...mergeBelow(icicle, tables, outer, root), changeWhole },
    total,
    self,
    whole: icicle.total[0] ?? 0,
    recursive,
  };
}

/** The subtrees of some boxes of one function, merged. */
function mergeBelow(
  icicle: FlameTree,
  tables: ProfileTables,
  outer: number[],
  root: { frame: number; origin: number },
): FlameTree {
  const size = outer.reduce((sum, i) => sum + icicle.end[i]! - i, 1);
  const parent = new Int32Array(size).fill(-1);
  const frame = new Int32Array(size);
  const origin = new Int32Array(size);
  const self = new Float64Array(size);
  const other = icicle.other && new Float64Array(size);
  const otherSelf = icicle.other && selfOfOther(icicle);
  const edges = new EdgeIndex(size);
  const went = new Map<number, number>();
  frame[0] = root.frame;
  origin[0] = root.origin;
  let length = 1;
  for (const top of outer) {
    for (let i = top; i < icicle.end[top]!; i++) {
      let node = 0;
      if (i !== top) {
        parent[length] = went.get(icicle.parent[i]!)!;
        frame[length] = icicle.frame[i]!;
        origin[length] = icicle.origin[i]!;
        node = edges.findOrAdd(parent[length]!, frame[length]!, length, parent, frame);
        if (node === length) length++;
      }
      went.set(i, node);
      self[node]! += icicle.self[i]!;
      if (other) other[node]! += otherSelf![i]!;
    }
  }
  const { tree } = arrange({ length, parent, frame, origin, self, other }, tables);
  for (let i = 0; i < tree.length; i++) tree.ofNode[tree.origin[i]!] = i;
  return tree;
}
