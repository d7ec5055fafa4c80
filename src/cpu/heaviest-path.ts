import { CATEGORIES, type CallTree, PARTIES, type Party } from './call-tree.ts';
import { busyWeights, chargeUserFunctions } from './charged.ts';

/** One frame of a path, outermost first in arrays. Line 1-based, 0 unknown. */
export interface PathStep {
  name: string;
  file: string;
  line: number;
  party: Party;
  package: string;
  /** How often the function stands here one after the other: direct recursion is one step. */
  repeats: number;
  /** Weight of this stack and all below it, in the tree's unit, idle left out. */
  total: number;
}

/** The heaviest stack of a function. */
export interface HeaviestPath {
  name: string;
  file: string;
  line: number;
  /** What the path answers for: charged weight of the function, or its own weight when it is not the user's. */
  weight: number;
  steps: PathStep[];
  /** Index in `steps` of the function itself. */
  at: number;
  /** Where `count` frames were left out: before index `before` of `steps` (= its length: below the last one). */
  gaps: { before: number; count: number }[];
}

/** A path longer than this shows its outermost steps and those around the function. */
const STEP_LIMIT = 40;
const OUTER_STEPS = 12;

const USER = PARTIES.indexOf('user');
const IDLE = CATEGORIES.indexOf('idle');
const GC = CATEGORIES.indexOf('gc');

/**
 * The heaviest stack, root to leaf, of each of the `limit` functions that weigh most: the user's by charged weight, or
 * all by own weight when none is the user's. From the function's heaviest place it goes up to the root and down along
 * the heaviest callee.
 */
export function findHeaviestPaths(tree: CallTree, limit: number): HeaviestPath[] {
  const weights = busyWeights(tree);
  const below = weights.slice();
  const heaviestChild = new Int32Array(tree.length).fill(-1);
  for (let node = tree.length - 1; node > 0; node--) {
    const parent = tree.parent[node]!;
    below[parent]! += below[node]!;
    const known = heaviestChild[parent]!;
    if (below[node]! > 0 && (known < 0 || below[node]! >= below[known]!)) heaviestChild[parent] = node;
  }
  const { owner } = chargeUserFunctions(tree, weights);
  const chargedAt = new Float64Array(tree.length);
  for (let node = 1; node < tree.length; node++) {
    const place = owner[node]!;
    if (place >= 0) chargedAt[place]! += weights[node]!;
  }
  let places = heaviestPlaces(tree, chargedAt, limit, (frame) => tree.frames.party[frame] === USER);
  if (places.length === 0)
    places = heaviestPlaces(tree, weights, limit, (frame) => {
      const category = tree.frames.category[frame]!;
      return category !== IDLE && category !== GC;
    });
  return places.map(({ node, weight }) => tracePath(tree, node, weight, below, heaviestChild));
}

/** For the functions with the most `weight` in sum: the node of each that holds the most. */
function heaviestPlaces(
  tree: CallTree,
  weight: Float64Array,
  limit: number,
  counts: (frame: number) => boolean,
): { node: number; weight: number }[] {
  const sums = new Float64Array(tree.frames.length);
  const best = new Int32Array(tree.frames.length).fill(-1);
  for (let node = 1; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    if (!(weight[node]! > 0) || !counts(frame)) continue;
    sums[frame]! += weight[node]!;
    if (best[frame]! < 0 || weight[node]! > weight[best[frame]!]!) best[frame] = node;
  }
  return [...best]
    .filter((node) => node >= 0)
    .map((node) => ({ node, weight: sums[tree.frame[node]!]! }))
    .sort((a, b) => b.weight - a.weight || a.node - b.node)
    .slice(0, limit);
}

function tracePath(
  tree: CallTree,
  node: number,
  weight: number,
  below: Float64Array,
  heaviestChild: Int32Array,
): HeaviestPath {
  const { frames } = tree;
  const nodes: number[] = [];
  for (let each = node; each > 0; each = tree.parent[each]!) nodes.push(each);
  nodes.reverse();
  for (let each = heaviestChild[node]!; each >= 0; each = heaviestChild[each]!) nodes.push(each);
  const steps: PathStep[] = [];
  let at = 0;
  let last = -1;
  for (const each of nodes) {
    const frame = tree.frame[each]!;
    if (frame === last) steps.at(-1)!.repeats++;
    else
      steps.push({
        name: frames.name[frame]!,
        file: frames.file[frame]!,
        line: frames.line[frame]!,
        party: PARTIES[frames.party[frame]!]!,
        package: frames.package[frame]!,
        repeats: 1,
        total: below[each]!,
      });
    last = frame;
    if (each === node) at = steps.length - 1;
  }
  const frame = tree.frame[node]!;
  const head = { name: frames.name[frame]!, file: frames.file[frame]!, line: frames.line[frame]!, weight };
  return { ...head, ...cutMiddle(steps, at) };
}

function cutMiddle(steps: PathStep[], at: number): Pick<HeaviestPath, 'steps' | 'at' | 'gaps'> {
  if (steps.length <= STEP_LIMIT) return { steps, at, gaps: [] };
  const inner = STEP_LIMIT - OUTER_STEPS;
  const from = Math.max(OUTER_STEPS, Math.min(at - Math.floor(inner / 2), steps.length - inner));
  const kept = [...steps.slice(0, OUTER_STEPS), ...steps.slice(from, from + inner)];
  const gaps = [
    { before: OUTER_STEPS, count: from - OUTER_STEPS },
    { before: kept.length, count: steps.length - from - inner },
  ];
  return {
    steps: kept,
    at: at < OUTER_STEPS ? at : at - (from - OUTER_STEPS),
    gaps: gaps.filter(({ count }) => count > 0),
  };
}
