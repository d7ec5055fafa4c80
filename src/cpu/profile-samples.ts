import type { CallTree } from './call-tree.ts';

/** Samples as `.cpuprofile` has them: one after the other, each with a node, together covering the whole time. */
export interface TiledSamples {
  length: number;
  node(index: number): number;
  /** µs after the start, ascending. */
  time(index: number): number;
  /** µs after the start where the last sample ends. */
  end: number;
  /** µs between the profile's own ms 0 and the start; 0 for times that were made up. */
  start: number;
}

/** What a tree's unit is in µs, where the file can only hold time: a sample is 1 ms, a byte 1 µs (so 1 MB reads as 1 s). */
export const MICROSECONDS_PER: Readonly<Record<CallTree['unit'], number>> = {
  microseconds: 1,
  samples: 1000,
  bytes: 1,
};

/** Share of the whole that times may be off before they are made up anew. */
const TOLERANCE = 0.001;

/**
 * The samples of a tree for a `.cpuprofile`. Their own, where each lasts until the next begins, as V8's do. Samples that
 * leave gaps or overlap (several threads in one tree) keep their order and their weight, one behind the other.
 * A tree whose samples do not make up its weights, or that has none, gets one per node with weight.
 */
export function tileSamples(tree: CallTree): TiledSamples {
  const { samples } = tree;
  const scale = MICROSECONDS_PER[tree.unit];
  if (samples.time.length === 0 || !coverTree(tree)) return oneByNode(tree, scale);
  return (tree.unit === 'microseconds' ? ownTimes(tree) : undefined) ?? inARow(tree, scale);
}

function ownTimes(tree: CallTree): TiledSamples | undefined {
  const { time, node, weight } = tree.samples;
  const count = time.length;
  let total = 0;
  let off = 0;
  for (let i = 0; i < count; i++) {
    total += weight[i]!;
    if (i + 1 < count) off += Math.abs((time[i + 1]! - time[i]!) * 1000 - weight[i]!);
  }
  if (!(off <= total * TOLERANCE)) return undefined;
  const start = Math.min(tree.from, time[0]!) * 1000;
  return {
    length: count,
    node: (index) => node[index]!,
    time: (index) => time[index]! * 1000 - start,
    end: time[count - 1]! * 1000 - start + weight[count - 1]!,
    start,
  };
}

function inARow(tree: CallTree, scale: number): TiledSamples {
  const { node, weight } = tree.samples;
  const times = new Float64Array(weight.length + 1);
  for (let i = 0; i < weight.length; i++) times[i + 1] = times[i]! + Math.max(0, weight[i]!) * scale;
  return {
    length: weight.length,
    node: (index) => node[index]!,
    time: (index) => times[index]!,
    end: times[weight.length]!,
    start: 0,
  };
}

function oneByNode(tree: CallTree, scale: number): TiledSamples {
  const nodes: number[] = [];
  const times = [0];
  for (let node = 0; node < tree.length; node++) {
    if (!(tree.self[node]! > 0)) continue;
    times.push(times[nodes.length]! + tree.self[node]! * scale);
    nodes.push(node);
  }
  return {
    length: nodes.length,
    node: (index) => nodes[index]!,
    time: (index) => times[index]!,
    end: times[nodes.length]!,
    start: 0,
  };
}

/** Whether the samples of every node add up to its weight. */
function coverTree(tree: CallTree): boolean {
  const sums = new Float64Array(tree.length);
  for (let i = 0; i < tree.samples.node.length; i++) sums[tree.samples.node[i]!]! += tree.samples.weight[i]!;
  let total = 0;
  let off = 0;
  for (let node = 0; node < tree.length; node++) {
    total += tree.self[node]!;
    off += Math.abs(tree.self[node]! - sums[node]!);
  }
  return off <= total * TOLERANCE;
}
