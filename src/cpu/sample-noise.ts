import { CATEGORIES, type CallTree } from './call-tree.ts';

/** Blocks of time the spread is taken from, and samples a block holds at least. */
const BLOCKS = 100;
const BLOCK_SAMPLES = 20;

const IDLE = CATEGORIES.indexOf('idle');

/**
 * How much more the sample counts of each group vary than independent samples would: the design effect, ≥ 1.
 * A call of 180 ms gives 180 samples in a row that are one event, not 180; taken for independent they would make every
 * change of a slow function significant.
 *
 *     busy samples cut into up to 100 blocks of m in time order, c_b of the group in block b, p = Σ c_b / n
 *     effect = Σ (c_b+1 − c_b)² / 2(B−1)  /  m p (1−p)
 *
 * Differences of neighbours (von Neumann's estimator) rather than the distance to the mean: a program that parses
 * first and prints then does so in every run, which is no noise. `groupOfNode` −1 = in no group. All 1 where the tree has
 * too few samples to tell.
 */
export function estimateDesignEffects(
  tree: CallTree,
  groupOfNode: Int32Array,
  groupCount: number,
): Float64Array {
  const effects = new Float64Array(groupCount).fill(1);
  const nodes = tree.samples.node.filter((node) => tree.frames.category[tree.frame[node]!] !== IDLE);
  const blocks = Math.min(BLOCKS, Math.floor(nodes.length / BLOCK_SAMPLES));
  if (blocks < 4) return effects;
  const size = Math.floor(nodes.length / blocks);
  const sum = new Float64Array(groupCount);
  const squares = new Float64Array(groupCount);
  let last = new Map<number, number>();
  for (let block = 0; block < blocks; block++) {
    const counts = new Map<number, number>();
    for (let i = block * size; i < (block + 1) * size; i++) {
      const group = groupOfNode[nodes[i]!]!;
      if (group >= 0) counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    for (const [group, count] of counts) {
      sum[group]! += count;
      if (block > 0) squares[group]! += (count - (last.get(group) ?? 0)) ** 2;
    }
    if (block > 0) for (const [group, count] of last) if (!counts.has(group)) squares[group]! += count ** 2;
    last = counts;
  }
  for (let group = 0; group < groupCount; group++) {
    const share = sum[group]! / (blocks * size);
    const independent = size * share * (1 - share);
    if (independent > 0) effects[group] = Math.max(1, squares[group]! / (2 * (blocks - 1)) / independent);
  }
  return effects;
}
