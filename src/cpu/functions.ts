import type { Milliseconds } from '../base/units.ts';
import { CATEGORIES, type CallTree, type Category, PARTIES, type Party } from './call-tree.ts';
import { weighNodes } from './node-weights.ts';

export interface AggregateOptions {
  /**
   * Only what lies inside [from, to), ms after window start. Needs samples; those of trees in another unit than time
   * count whole, by when they were taken.
   */
  from?: Milliseconds;
  to?: Milliseconds;
  /** Self weight per node instead of the tree's own; wins over `from` and `to`. */
  weights?: Float64Array;
}

/** Weights are in the tree's unit. */
export interface FunctionRow {
  /** Row in `tree.frames`. */
  frame: number;
  name: string;
  file: string;
  /** 1-based, 0 unknown. */
  line: number;
  column: number;
  category: Category;
  party: Party;
  package: string;
  self: number;
  /** Weight of all stacks the function is on; a stack counts once however often it recurs in it. */
  total: number;
}

/** One file or package. */
export interface GroupRow {
  name: string;
  party: Party;
  self: number;
  total: number;
}

/** Functions with any weight, heaviest self first, then total, then name. (root) is left out. */
export function aggregateFunctions(tree: CallTree, options: AggregateOptions = {}): FunctionRow[] {
  const { frames } = tree;
  const groups = new Int32Array(frames.length);
  for (let frame = 0; frame < frames.length; frame++) groups[frame] = frame;
  const { self, total } = aggregateGroups(tree, groups, frames.length, options);
  const rows: FunctionRow[] = [];
  for (let frame = 0; frame < frames.length; frame++) {
    if (total[frame] === 0 || frame === tree.frame[0]) continue;
    rows.push({
      frame,
      name: frames.name[frame]!,
      file: frames.file[frame]!,
      line: frames.line[frame]!,
      column: frames.column[frame]!,
      category: CATEGORIES[frames.category[frame]!]!,
      party: PARTIES[frames.party[frame]!]!,
      package: frames.package[frame]!,
      self: self[frame]!,
      total: total[frame]!,
    });
  }
  return rows.sort(heaviestFirst);
}

/** Files with any weight, heaviest first; code without a file (native, GC, idle) is left out. */
export function aggregateFiles(tree: CallTree, options: AggregateOptions = {}): GroupRow[] {
  return aggregateNames(tree, tree.frames.file, options);
}

/** Packages of dependencies with any weight, heaviest first. */
export function aggregatePackages(tree: CallTree, options: AggregateOptions = {}): GroupRow[] {
  return aggregateNames(tree, tree.frames.package, options);
}

/** The same for any grouping: `nameOfFrame` has the group of each row of the frame table, '' = in none. */
export function aggregateNames(
  tree: CallTree,
  nameOfFrame: readonly string[],
  options: AggregateOptions,
): GroupRow[] {
  const indexOf = new Map<string, number>();
  const parties: Party[] = [];
  const groups = new Int32Array(nameOfFrame.length).fill(-1);
  for (let frame = 0; frame < nameOfFrame.length; frame++) {
    const name = nameOfFrame[frame]!;
    if (name === '') continue;
    let index = indexOf.get(name);
    if (index === undefined) {
      index = parties.push(PARTIES[tree.frames.party[frame]!]!) - 1;
      indexOf.set(name, index);
    }
    groups[frame] = index;
  }
  const { self, total } = aggregateGroups(tree, groups, parties.length, options);
  return [...indexOf]
    .map(([name, index]) => ({ name, party: parties[index]!, self: self[index]!, total: total[index]! }))
    .filter((row) => row.total > 0)
    .sort(heaviestFirst);
}

function heaviestFirst(a: { self: number; total: number; name: string }, b: typeof a): number {
  return b.self - a.self || b.total - a.total || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * Self and total per group of frames (−1 = in none). Total counts a node only where no ancestor is of the same group;
 * one walk down and up the tree with a count per group, so that depth costs nothing extra.
 */
function aggregateGroups(
  tree: CallTree,
  groupOfFrame: Int32Array,
  groupCount: number,
  options: AggregateOptions,
): { self: Float64Array; total: Float64Array } {
  const weights = weightsOf(tree, options);
  let below = tree.total;
  if (weights !== tree.self) {
    below = weights.slice();
    for (let node = tree.length - 1; node > 0; node--) below[tree.parent[node]!]! += below[node]!;
  }
  const firstChild = new Int32Array(tree.length).fill(-1);
  const nextSibling = new Int32Array(tree.length).fill(-1);
  for (let node = tree.length - 1; node > 0; node--) {
    const parent = tree.parent[node]!;
    nextSibling[node] = firstChild[parent]!;
    firstChild[parent] = node;
  }
  const self = new Float64Array(groupCount);
  const total = new Float64Array(groupCount);
  const open = new Int32Array(groupCount);
  let node = 0;
  while (node >= 0) {
    const group = groupOfFrame[tree.frame[node]!]!;
    if (group >= 0) {
      self[group]! += weights[node]!;
      if (open[group] === 0) total[group]! += below[node]!;
      open[group]!++;
    }
    if (firstChild[node]! >= 0) {
      node = firstChild[node]!;
      continue;
    }
    // Up until there is a sibling, closing the groups left behind.
    while (node >= 0) {
      const left = groupOfFrame[tree.frame[node]!]!;
      if (left >= 0) open[left]!--;
      if (nextSibling[node]! >= 0) {
        node = nextSibling[node]!;
        break;
      }
      node = tree.parent[node]!;
    }
  }
  return { self, total };
}

function weightsOf(tree: CallTree, options: AggregateOptions): Float64Array {
  if (options.weights !== undefined) return options.weights;
  if (options.from === undefined && options.to === undefined) return tree.self;
  const from = options.from ?? tree.from;
  const to = options.to ?? tree.to;
  return tree.unit === 'microseconds' ? weighNodes(tree, from, to) : sumSamples(tree, from, to);
}

/** Bytes and counts have no length in time: a sample is inside or not. */
function sumSamples(tree: CallTree, from: Milliseconds, to: Milliseconds): Float64Array {
  const weights = new Float64Array(tree.length);
  const { time, node, weight } = tree.samples;
  for (let i = 0; i < time.length; i++)
    if (time[i]! >= from && time[i]! < to) weights[node[i]!]! += weight[i]!;
  return weights;
}
