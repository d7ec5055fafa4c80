import type { Share } from '../base/units.ts';
import {
  type BlamedPlace,
  type BlameOptions,
  callersOutward,
  framesOutward,
  nameAround,
  packageOf,
} from './call-chain.ts';
import { callLineFromSource, callLineFromStacks, functionPosition } from './call-line.ts';
import { type CallTree, PARTIES, type Party, type StackFrame } from './call-tree.ts';

/** Whom a set of samples points at. */
export interface Blame {
  /** Row in the frame table; -1 when only stacks were there. */
  frame: number;
  party: Party;
  /** First line of the blamed function, 0 unknown. */
  functionLine: number;
  /** Blamed place first, then its callers outward; user code first-class, runs of core and dependencies folded. */
  places: BlamedPlace[];
  /** Share of the blamed function, with all below it. */
  share: Share;
  /** What it spends most of the time in when that is not its own code: `pbkdf2Sync`. */
  callee?: { function: string; file: string; line: number; package: string; party: Party; share: Share };
  /** Share by line of the blamed function's own file, as the excerpt shows it. */
  lineShares: Map<number, Share>;
}

const USER = PARTIES.indexOf('user');
const DEPENDENCY = PARTIES.indexOf('dependency');

/**
 * Blames the deepest function that still holds three quarters of `weight` (one entry per node of the tree, self
 * weight only): the user's own first, a dependency's when the user has none.
 *
 *     handler 100 % ─ login 98 % ─ hashPassword 97 % ─ pbkdf2Sync (core) 96 %
 *                                  ▲ deepest function the reader can change
 *
 * A recursive function counts once per sample. undefined when no function holds that much.
 */
export function blameNodes(tree: CallTree, weight: Float64Array, options: BlameOptions): Blame | undefined {
  const functions = weighFunctions(tree, weight);
  const least = (options.minimumShare ?? 0.75) * functions.all;
  for (const party of [USER, DEPENDENCY]) {
    const frame = deepest(tree, functions, party, least);
    if (frame >= 0) return blameFunction(tree, weight, frame, options);
  }
  return undefined;
}

/** Blame that is already decided to be on function row `frame`: finds its line, callers and what it calls. */
export function blameFunction(
  tree: CallTree,
  weight: Float64Array,
  frame: number,
  options: BlameOptions,
): Blame {
  const { frames } = tree;
  const inside = weighInside(tree, weight, frame);
  const all = weight.reduce((sum, value) => sum + value, 0) || 1;
  const path = framesOutward(tree, inside.heaviest);
  const callee = heaviestCallee(tree, inside);
  const named = nameAround(path, options.sources);
  const lineShares = new Map<number, Share>();
  for (const [line, value] of inside.lines) lineShares.set(line, value / all);
  const line = blamedLine(tree, frame, inside, callee?.frame ?? -1, options);
  if (!lineShares.has(line.line)) lineShares.set(line.line, inside.total / all);

  const first: BlamedPlace = {
    function: named.name,
    file: frames.file[frame]!,
    line: line.line,
    column: line.column,
    share: inside.total / all,
    package: packageOf(frames.party[frame]!, frames.package[frame]!),
  };
  const blame: Blame = {
    frame,
    party: PARTIES[frames.party[frame]!]!,
    functionLine: named.line,
    places: [first, ...callersOutward(path, named.depth, options)],
    share: inside.total / all,
    lineShares,
  };
  if (callee !== undefined && inside.self < inside.total / 2) {
    blame.callee = {
      function: frames.name[callee.frame]!,
      file: frames.file[callee.frame]!,
      line: frames.line[callee.frame]!,
      package: packageOf(frames.party[callee.frame]!, frames.package[callee.frame]!),
      party: PARTIES[frames.party[callee.frame]!]!,
      share: callee.weight / all,
    };
  }
  return blame;
}

/** The same from stacks alone, each counting once: the deepest user function on at least `minimumShare` of them. */
export function blameStacks(
  stacks: readonly { frames: readonly StackFrame[] }[],
  options: BlameOptions,
): Blame | undefined {
  for (const party of ['user', 'dependency'] as const) {
    const count = new Map<
      string,
      { stacks: number; depth: number; sample: readonly StackFrame[]; at: number }
    >();
    for (const { frames } of stacks) {
      const seen = new Set<string>();
      frames.forEach((frame, at) => {
        const key = `${frame.function}\n${frame.file}`;
        if (frame.party !== party || seen.has(key)) return;
        seen.add(key);
        const known = count.get(key) ?? { stacks: 0, depth: 0, sample: frames, at };
        known.stacks++;
        known.depth += frames.length - at;
        count.set(key, known);
      });
    }
    const least = (options.minimumShare ?? 0.75) * stacks.length;
    const best = [...count.values()]
      .filter((entry) => entry.stacks >= least)
      .sort((a, b) => b.depth / b.stacks - a.depth / a.stacks)[0];
    if (best !== undefined)
      return blameStack(best.sample, best.at, best.stacks / stacks.length, stacks, options);
  }
  return undefined;
}

function blameStack(
  sample: readonly StackFrame[],
  at: number,
  share: Share,
  stacks: readonly { frames: readonly StackFrame[] }[],
  options: BlameOptions,
): Blame {
  const blamed = sample[at]!;
  const lines = new Map<number, { count: number; column: number }>();
  for (const { frames } of stacks) {
    const frame = frames.find((each) => each.function === blamed.function && each.file === blamed.file);
    if (frame === undefined) continue;
    const known = lines.get(frame.line) ?? { count: 0, column: frame.column };
    known.count++;
    lines.set(frame.line, known);
  }
  const [line, hot] = [...lines].sort((a, b) => b[1].count - a[1].count)[0]!;
  const outward = sample
    .slice(at)
    .map((frame) => ({ ...frame, callLine: frame.line, callColumn: frame.column }));
  const named = nameAround(outward, options.sources);
  const callee = sample[at - 1];
  const blame: Blame = {
    frame: -1,
    party: blamed.party,
    functionLine: 0,
    places: [
      {
        function: named.name,
        file: blamed.file,
        line,
        column: hot.column,
        share,
        package: packageOf(PARTIES.indexOf(blamed.party), blamed.package),
      },
      ...callersOutward(outward, named.depth, options),
    ],
    share,
    lineShares: new Map([...lines].map(([each, { count }]) => [each, count / stacks.length])),
  };
  if (callee !== undefined) {
    blame.callee = {
      function: callee.function,
      file: callee.file,
      line: callee.line,
      package: packageOf(PARTIES.indexOf(callee.party), callee.package),
      party: callee.party,
      share,
    };
  }
  return blame;
}

/** Total weight and mean depth of every function; recursion counts once per node. */
export function weighFunctions(
  tree: CallTree,
  weight: Float64Array,
): { total: Float64Array; depth: Float64Array; all: number } {
  const total = new Float64Array(tree.frames.length);
  const depth = new Float64Array(tree.frames.length);
  const stamp = new Int32Array(tree.frames.length).fill(-1);
  const outermost = new Int32Array(tree.frames.length);
  let all = 0;
  for (let node = 0; node < tree.length; node++) {
    const own = weight[node]!;
    if (!(own > 0)) continue;
    all += own;
    for (let each = node; each >= 0; each = tree.parent[each]!) {
      const frame = tree.frame[each]!;
      if (stamp[frame] !== node) {
        stamp[frame] = node;
        total[frame]! += own;
        depth[frame]! += own * tree.depth[each]!;
        outermost[frame] = tree.depth[each]!;
      } else {
        // Seen deeper in this stack already: the outermost place is the one that counts.
        depth[frame]! -= own * (outermost[frame]! - tree.depth[each]!);
        outermost[frame] = tree.depth[each]!;
      }
    }
  }
  for (let frame = 0; frame < total.length; frame++) if (total[frame]! > 0) depth[frame]! /= total[frame]!;
  return { total, depth, all };
}

function deepest(
  tree: CallTree,
  functions: { total: Float64Array; depth: Float64Array },
  party: number,
  least: number,
): number {
  let best = -1;
  for (let frame = 0; frame < tree.frames.length; frame++) {
    if (
      tree.frames.party[frame] !== party ||
      functions.total[frame]! < least ||
      functions.total[frame] === 0
    ) {
      continue;
    }
    if (best === -1 || functions.depth[frame]! > functions.depth[best]!) best = frame;
  }
  return best;
}

interface Inside {
  total: number;
  self: number;
  /** Weight by node, of the nodes below and including an occurrence of the function; 0 elsewhere. */
  below: Float64Array;
  /** Outermost node of the function with most weight; its way to the root is the call chain shown. */
  heaviest: number;
  lines: Map<number, number>;
}

function weighInside(tree: CallTree, weight: Float64Array, frame: number): Inside {
  const under = new Uint8Array(tree.length);
  const below = new Float64Array(tree.length);
  let self = 0;
  for (let node = 0; node < tree.length; node++) {
    const parent = tree.parent[node]!;
    const own = tree.frame[node] === frame;
    if (own || (parent >= 0 && under[parent] === 1)) {
      under[node] = 1;
      below[node] = weight[node]!;
      if (own) self += weight[node]!;
    }
  }
  for (let node = tree.length - 1; node > 0; node--) {
    const parent = tree.parent[node]!;
    if (under[node] === 1 && under[parent] === 1) below[parent]! += below[node]!;
  }
  let heaviest = -1;
  let total = 0;
  for (let node = 0; node < tree.length; node++) {
    const parent = tree.parent[node]!;
    if (under[node] === 0 || (parent >= 0 && under[parent] === 1)) continue;
    total += below[node]!;
    if (heaviest === -1 || below[node]! > below[heaviest]!) heaviest = node;
  }
  const lines = new Map<number, number>();
  for (let index = 0; index < tree.lines.node.length; index++) {
    const node = tree.lines.node[index]!;
    if (tree.frame[node] !== frame || !(weight[node]! > 0)) continue;
    // Line ticks are of the whole profile; the part of the node's time that is judged here scales them.
    const part = tree.self[node]! > 0 ? Math.min(1, weight[node]! / tree.self[node]!) : 1;
    const line = tree.lines.line[index]!;
    lines.set(line, (lines.get(line) ?? 0) + tree.lines.weight[index]! * part);
  }
  return { total, self, below, heaviest, lines };
}

/** The direct callee with most weight, all calls from the function added up. */
function heaviestCallee(tree: CallTree, inside: Inside): { frame: number; weight: number } | undefined {
  const frame = tree.frame[inside.heaviest]!;
  const byFrame = new Map<number, number>();
  for (let node = 1; node < tree.length; node++) {
    if (tree.frame[node] === frame || !(inside.below[node]! > 0)) continue;
    if (tree.frame[tree.parent[node]!] !== frame) continue;
    byFrame.set(tree.frame[node]!, (byFrame.get(tree.frame[node]!) ?? 0) + inside.below[node]!);
  }
  let best: { frame: number; weight: number } | undefined;
  for (const [each, weight] of byFrame)
    if (best === undefined || weight > best.weight) best = { frame: each, weight };
  return best;
}

function blamedLine(
  tree: CallTree,
  frame: number,
  inside: Inside,
  callee: number,
  options: BlameOptions,
): { line: number; column: number } {
  const { frames } = tree;
  const position = functionPosition(
    frames.name[frame]!,
    frames.file[frame]!,
    frames.line[frame]!,
    frames.column[frame]!,
  );
  const stacks = options.stacks ?? [];
  const hottest = [...inside.lines].sort((a, b) => b[1] - a[1])[0];
  const isOwn = hottest !== undefined && inside.self >= inside.total / 2;
  // A bundle is one generated line: all its ticks fall on the first line of the function. Stacks know columns too.
  if (isOwn && hottest[0] !== position.line) return { line: hottest[0], column: 0 };
  if (callee >= 0 && !isOwn) {
    const exact = callLineFromStacks(position, stacks, options.sources, {
      function: frames.name[callee]!,
      file: frames.file[callee]!,
    });
    if (exact !== undefined) return exact;
    const written = callLineFromSource(options.sources, position, [frames.name[callee]!]);
    if (written !== undefined) return { line: written, column: 0 };
  }
  // Wrappers without a name hide the callee; the line of any call it was seen in is still nearer than a rare tick.
  const any = callLineFromStacks(position, stacks, options.sources, undefined);
  if (any !== undefined) return any;
  if (hottest !== undefined) return { line: hottest[0], column: 0 };
  return { line: position.line, column: position.column };
}
