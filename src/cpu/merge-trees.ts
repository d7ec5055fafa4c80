import { HolterError } from '../base/errors.ts';
import { CATEGORIES, type CallTree, PARTIES } from './call-tree.ts';
import { CallTreeBuilder, ROOT_FRAME } from './call-tree-builder.ts';
import type { NamedTree } from './profile-file.ts';

export interface MergeOptions {
  /** Each input stands below a frame of its name, `main` or `worker 3 resize`, instead of all being one stack. */
  separate?: boolean;
}

/**
 * Merges the trees of threads or processes into one. A function is the same when name, file, line, column and category
 * are. Weights of equal stacks add up; samples of all inputs are in one time order, so a moment may hold several. The
 * span is from the earliest begin to the latest end: times of the inputs must have one origin, as those of a recording have.
 * @throws HolterError E_USAGE for no tree, or trees of different units
 */
export function mergeTrees(inputs: readonly NamedTree[], options: MergeOptions = {}): CallTree {
  const [first] = inputs;
  if (first === undefined) throw new HolterError('E_USAGE', 'cannot merge: there is no profile');
  const { unit } = first.tree;
  const other = inputs.find(({ tree }) => tree.unit !== unit);
  if (other !== undefined)
    throw new HolterError(
      'E_USAGE',
      `cannot merge: ${first.name} is in ${unit}, ${other.name} in ${other.tree.unit}`,
    );
  const builder = new CallTreeBuilder(unit);
  const places = inputs.map(({ name, tree }) => {
    const top = options.separate ? builder.child(0, builder.frameRow({ ...ROOT_FRAME, name })) : 0;
    return addTree(builder, tree, top);
  });
  const spans = inputs.map(({ tree }) => tree);
  const partial = inputs
    .filter(({ tree }) => tree.partial !== undefined)
    .map(({ name, tree }) => `${name}: ${tree.partial}`)
    .join('; ');
  const merged = builder.finish({
    from: spans.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY),
    to: spans.reduce((most, { to }) => Math.max(most, to), Number.NEGATIVE_INFINITY),
    partial: partial === '' ? undefined : partial,
  });
  return { ...merged, samples: mergeSamples(spans, places) };
}

/** Adds nodes, own weights and lines below `top`; returns the place of each node in the builder's tree. */
function addTree(builder: CallTreeBuilder, tree: CallTree, top: number): Int32Array {
  const { frames } = tree;
  const rows = Int32Array.from({ length: frames.length }, (_, frame) =>
    builder.frameRow({
      name: frames.name[frame]!,
      file: frames.file[frame]!,
      line: frames.line[frame]!,
      column: frames.column[frame]!,
      category: CATEGORIES[frames.category[frame]!]!,
      party: PARTIES[frames.party[frame]!]!,
      package: frames.package[frame]!,
    }),
  );
  const place = new Int32Array(tree.length).fill(top);
  for (let node = 0; node < tree.length; node++) {
    if (node > 0) place[node] = builder.child(place[tree.parent[node]!]!, rows[tree.frame[node]!]!);
    builder.addSelf(place[node]!, tree.self[node]!);
  }
  const { node, line, weight } = tree.lines;
  for (let i = 0; i < node.length; i++) builder.addLine(place[node[i]!]!, line[i]!, weight[i]!);
  return place;
}

/** All samples by time; those of one moment in the order of the inputs. */
function mergeSamples(trees: readonly CallTree[], places: readonly Int32Array[]): CallTree['samples'] {
  const length = trees.reduce((sum, { samples }) => sum + samples.node.length, 0);
  const time = new Float64Array(length);
  const node = new Int32Array(length);
  const weight = new Float64Array(length);
  let from = 0;
  for (const [index, { samples }] of trees.entries()) {
    time.set(samples.time, from);
    weight.set(samples.weight, from);
    for (let i = 0; i < samples.node.length; i++) node[from + i] = places[index]![samples.node[i]!]!;
    from += samples.node.length;
  }
  if (trees.length === 1) return { time, node, weight };
  // Typed arrays sort in place without boxing; stable, and nearly sorted runs are what it does best.
  const order = Uint32Array.from({ length }, (_, i) => i).sort((a, b) => time[a]! - time[b]! || a - b);
  return {
    time: Float64Array.from(order, (i) => time[i]!),
    node: Int32Array.from(order, (i) => node[i]!),
    weight: Float64Array.from(order, (i) => weight[i]!),
  };
}
