import { CATEGORIES, type CallTree, PARTIES } from './call-tree.ts';

/**
 * Weight charged to the user's functions: what a function does itself and what it makes builtins, native code, node core
 * and dependencies do, up to the next function of the user. Every node's own weight is charged once at most, so
 * recursion needs no care and the charges of all functions add up to no more than the busy weight.
 *
 *     handler ─ render ─ escape (dependency) ─ replace (native)     all charged to render
 *             └ end (node:_http_outgoing) ─ writev (native)         charged to handler
 *     (garbage collector)                                           charged to nobody, also where a tool knows its stack:
 *                                                                   V8 does not, and the same program must weigh the same
 *
 * Idle is nobody's. It is the ranking of the page and, core plumbing apart, of the rules of `doctor/`.
 */
export interface ChargedWeights {
  /** By row of the frame table; 0 for all but the user's functions. */
  charged: Float64Array;
  /** Closest node of a user function at or above each node; −1 = none, or idle, or GC. */
  owner: Int32Array;
  /** First node below the owner on the way to each node: the call that is charged. −1 for the owner itself and without one. */
  call: Int32Array;
}

const USER = PARTIES.indexOf('user');
const GC = CATEGORIES.indexOf('gc');
const IDLE = CATEGORIES.indexOf('idle');

/** Charges `weights` (own weight by node, default the tree's) to the user's functions; one walk, parents first. */
export function chargeUserFunctions(tree: CallTree, weights: Float64Array = tree.self): ChargedWeights {
  const { frames } = tree;
  const owner = new Int32Array(tree.length).fill(-1);
  const call = new Int32Array(tree.length).fill(-1);
  const charged = new Float64Array(frames.length);
  for (let node = 0; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    const category = frames.category[frame]!;
    if (category === GC || category === IDLE) continue;
    const parent = tree.parent[node]!;
    if (frames.party[frame]! === USER) owner[node] = node;
    else if (parent >= 0 && owner[parent]! >= 0) {
      owner[node] = owner[parent]!;
      call[node] = call[parent]! >= 0 ? call[parent]! : node;
    }
    if (owner[node]! >= 0) charged[tree.frame[owner[node]!]!]! += weights[node]!;
  }
  return { charged, owner, call };
}

/** Own weight by node with idle taken out: what shares of the busy time are made of. */
export function busyWeights(tree: CallTree): Float64Array {
  const weights = tree.self.slice();
  for (let node = 0; node < tree.length; node++)
    if (tree.frames.category[tree.frame[node]!] === IDLE) weights[node] = 0;
  return weights;
}

/** Charged weight by what was called, heaviest first, for each user function that calls anything: function row → calls. */
export function chargedCalls(
  tree: CallTree,
  { owner, call }: ChargedWeights,
  weights: Float64Array,
): Map<number, { frame: number; weight: number }[]> {
  const byPair = new Map<number, number>();
  for (let node = 0; node < tree.length; node++) {
    if (call[node]! < 0 || weights[node] === 0) continue;
    const key = tree.frame[owner[node]!]! * tree.frames.length + tree.frame[call[node]!]!;
    byPair.set(key, (byPair.get(key) ?? 0) + weights[node]!);
  }
  const calls = new Map<number, { frame: number; weight: number }[]>();
  for (const [key, weight] of byPair) {
    const caller = Math.floor(key / tree.frames.length);
    const list = calls.get(caller) ?? [];
    list.push({ frame: key % tree.frames.length, weight });
    calls.set(caller, list);
  }
  for (const list of calls.values()) list.sort((a, b) => b.weight - a.weight);
  return calls;
}
