import type { Share } from '../base/units.ts';
import {
  type BlockStack,
  CATEGORIES,
  type CallTree,
  PARTIES,
  type Party,
  type StackFrame,
} from './call-tree.ts';
import { callPattern, findFunctionExtent, findLines, type SourceLines } from './function-source.ts';

/** A place in the code; line and column 1-based, 0 unknown. */
export interface BlamedPlace {
  function: string;
  file: string;
  line: number;
  column: number;
  /** 0–1 of the weight that was judged; null when not counted. */
  share: Share | null;
  /** npm package, '' for the user's own code, `node` for core. */
  package: string;
}

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

export interface BlameOptions {
  sources: SourceLines;
  /** Exact positions of frames, read in interrupts: they give the call lines that a profile does not have. */
  stacks?: readonly BlockStack[];
  /** What the blamed function must hold of the weight (default 0.75). */
  minimumShare?: Share;
}

export const ANONYMOUS = '(anonymous)';
const CORE = PARTIES.indexOf('core');
const USER = PARTIES.indexOf('user');
const DEPENDENCY = PARTIES.indexOf('dependency');
const PLACE_LIMIT = 8;

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

interface PathFrame {
  function: string;
  file: string;
  /** First line of the function. */
  line: number;
  column: number;
  party: Party;
  package: string;
  native?: boolean;
  /** Line of the call inside this function, when known. */
  callLine?: number;
  callColumn?: number;
}

/** Frames from `node` to the root, innermost first. Recursion is shown once. */
function framesOutward(tree: CallTree, node: number): PathFrame[] {
  const { frames } = tree;
  const path: PathFrame[] = [];
  const seen = new Set<number>();
  for (let each = node; each > 0; each = tree.parent[each]!) {
    const frame = tree.frame[each]!;
    if (seen.has(frame)) continue;
    seen.add(frame);
    path.push({
      function: frames.name[frame]!,
      file: frames.file[frame]!,
      line: frames.line[frame]!,
      column: frames.column[frame]!,
      party: PARTIES[frames.party[frame]!]!,
      package: frames.package[frame]!,
      native: CATEGORIES[frames.category[frame]!] === 'native',
    });
  }
  return path;
}

/**
 * Name for the innermost frame of `path`. A callback without a name that an iterator runs (`sort`, `map`, `replace`,
 * lodash) says nothing; the named function it is written in does, if that is still on the stack. `depth` = how many
 * frames of the path the name covers.
 */
function nameAround(
  path: readonly PathFrame[],
  sources: SourceLines,
): { name: string; line: number; depth: number } {
  const blamed = path[0]!;
  const own = { name: blamed.function || ANONYMOUS, line: blamed.line, depth: 1 };
  if (!isAnonymous(blamed.function)) return own;
  const lines = sources.lines(blamed.file);
  for (let depth = 1; depth < path.length; depth++) {
    const around = path[depth]!;
    if (around.file === blamed.file) {
      const extent = lines && findFunctionExtent(lines, around.line, around.column);
      // Without the text, only a direct caller (builtins leave no frame) is taken for the surrounding function.
      const encloses =
        extent === undefined
          ? depth === 1 && around.line <= blamed.line
          : extent.first <= blamed.line && blamed.line <= extent.last;
      if (!encloses) return own;
      if (!isAnonymous(around.function))
        return { name: around.function, line: around.line, depth: depth + 1 };
    } else if (around.party === 'user') {
      return own;
    }
  }
  return own;
}

function isAnonymous(name: string): boolean {
  return name === '' || name === ANONYMOUS || name === 'anonymous';
}

function blamedLine(
  tree: CallTree,
  frame: number,
  inside: Inside,
  callee: number,
  options: BlameOptions,
): { line: number; column: number } {
  const { frames } = tree;
  const hottest = [...inside.lines].sort((a, b) => b[1] - a[1])[0];
  if (hottest !== undefined && inside.self >= inside.total / 2) return { line: hottest[0], column: 0 };
  if (callee >= 0) {
    const exact = callLineFromStacks(frames.name[frame]!, frames.file[frame]!, options.stacks ?? [], {
      function: frames.name[callee]!,
      file: frames.file[callee]!,
    });
    if (exact !== undefined) return exact;
    const written = callLineFromSource(
      options.sources,
      frames.file[frame]!,
      frames.line[frame]!,
      frames.column[frame]!,
      [frames.name[callee]!],
    );
    if (written !== undefined) return { line: written, column: 0 };
    // Wrappers without a name hide the callee; the line of any call it was seen in is still nearer than a rare tick.
    const any = callLineFromStacks(frames.name[frame]!, frames.file[frame]!, options.stacks ?? [], undefined);
    if (any !== undefined) return any;
  }
  if (hottest !== undefined) return { line: hottest[0], column: 0 };
  return { line: frames.line[frame]!, column: frames.column[frame]! };
}

/** Most frequent line from which a function called `callee` (or anything, when undefined) in exact stacks. */
function callLineFromStacks(
  name: string,
  file: string,
  stacks: readonly BlockStack[],
  callee: { function: string; file: string } | undefined,
): { line: number; column: number } | undefined {
  const found = new Map<number, { count: number; column: number }>();
  for (const { frames } of stacks) {
    frames.forEach((frame, at) => {
      if (frame.file !== file || (frame.function || ANONYMOUS) !== name || frame.line === 0) return;
      const inner = frames[at - 1];
      if (callee !== undefined && (inner?.function !== callee.function || inner.file !== callee.file)) return;
      const known = found.get(frame.line) ?? { count: 0, column: frame.column };
      known.count++;
      found.set(frame.line, known);
    });
  }
  const best = [...found].sort((a, b) => b[1].count - a[1].count)[0];
  return best === undefined ? undefined : { line: best[0], column: best[1].column };
}

/** The one line of the function's text that calls one of `names`; undefined when there is none or more than one. */
function callLineFromSource(
  sources: SourceLines,
  file: string,
  line: number,
  column: number,
  names: readonly string[],
): number | undefined {
  const lines = sources.lines(file);
  const extent = lines && findFunctionExtent(lines, line, column);
  if (lines === undefined || extent === undefined) return undefined;
  for (const name of names) {
    const pattern = callPattern(name);
    const found = pattern === undefined ? [] : findLines(lines, extent, pattern);
    if (found.length === 1) return found[0];
  }
  return undefined;
}

/** User callers outward; of each run of dependency frames only the one the user's code called. */
function callersOutward(path: readonly PathFrame[], from: number, options: BlameOptions): BlamedPlace[] {
  const places: BlamedPlace[] = [];
  let lastPackage = '';
  for (let at = from; at < path.length && places.length < PLACE_LIMIT - 1; at++) {
    const frame = path[at]!;
    if (frame.party === 'dependency') {
      // Runs of one package say the same thing many times.
      if (frame.package === lastPackage) continue;
      lastPackage = frame.package;
    } else if (frame.party === 'user') {
      lastPackage = '';
    } else {
      continue;
    }
    places.push(callerPlace(frame, path[at - 1], options));
  }
  return places;
}

function callerPlace(frame: PathFrame, inner: PathFrame | undefined, options: BlameOptions): BlamedPlace {
  let line = frame.callLine ?? 0;
  let column = frame.callColumn ?? 0;
  if (line === 0) {
    const stacks = options.stacks ?? [];
    const exact =
      (inner && callLineFromStacks(frame.function, frame.file, stacks, inner)) ??
      callLineFromStacks(frame.function, frame.file, stacks, undefined);
    const written =
      inner === undefined
        ? undefined
        : callLineFromSource(options.sources, frame.file, frame.line, frame.column, [inner.function]);
    line = exact?.line ?? written ?? frame.line;
    column = exact?.column ?? (line === frame.line ? frame.column : 0);
  }
  return {
    function: frame.function || ANONYMOUS,
    file: frame.file,
    line,
    column,
    share: null,
    package: packageOf(PARTIES.indexOf(frame.party), frame.package),
  };
}

function packageOf(party: number, name: string): string {
  return party === CORE ? 'node' : name;
}
