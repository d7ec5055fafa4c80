import type { Bytes, Share } from '../base/units.ts';
import { type Blame, blameFunction, blameStacks } from '../cpu/blame.ts';
import { type CallTree, type ExternalAllocation, PARTIES } from '../cpu/call-tree.ts';
import { findFunctionExtent, findLines } from '../cpu/function-source.ts';
import { type ChargedWork, chargeWork, heaviestFunctions, weightOf } from './charged-work.ts';
import type { Evidence } from './evidence.ts';

/** Where memory that stays comes from. */
export interface AllocationSite {
  blame: Blame;
  /** Sampled bytes alive from this place. */
  bytes: Bytes;
  /** Of all sampled bytes alive. */
  share: Share;
  /** Bytes alive of all that was allocated there; 1 when only what is alive was sampled. */
  keptShare: Share;
}

/** Lines that put something where it stays. */
const KEEPING =
  /\.(push|unshift|set|add|append|enqueue|insert)\s*\(|\.(on|once|addListener|addEventListener|prependListener|subscribe)\s*\(|\]\s*(\?\?|\|\|)?=(?![=>])|\bset(Interval|Timeout)\s*\(/;
/** Lines that make large things. */
const MAKING =
  /\bnew\s+[\w$.]+|\bBuffer\s*\.\s*(alloc|from|concat)|\.repeat\s*\(|\.fill\s*\(|\bArray\s*\.\s*from|\bJSON\s*\.\s*parse|\bstructuredClone|\{\s*\.\.\.|\.(map|slice|concat|split)\s*\(/;

/** Charges what is alive to the user's (or, without one, a dependency's) innermost functions; undefined without any. */
export function heaviestSite(evidence: Evidence, tree: CallTree): AllocationSite | undefined {
  const work = chargeWork(tree, true);
  const heaviest = heaviestFunctions(work, 1)[0];
  if (heaviest === undefined || work.busy === 0) return undefined;
  const inlined = findInlinedCallee(evidence, tree, work, heaviest);
  const at = inlined ?? { tree, frame: heaviest };
  const weight = weightOf(at.tree, at.tree === tree ? work : chargeWork(at.tree, true), at.frame);
  const blame = blameFunction(at.tree, weight, at.frame, { sources: evidence.sources });
  let bytes = work.own[heaviest]!;
  if (inlined?.tree === tree) bytes += work.own[inlined.frame]!;
  const share = bytes / work.busy;
  blame.share = share;
  blame.places[0]!.share = share;
  const { frames } = at.tree;
  if (!hasLines(tree, heaviest))
    moveToAllocatingLine(evidence, blame, frames.line[at.frame]!, frames.column[at.frame]!);
  return { blame, bytes, share, keptShare: 1 };
}

/** The same for Buffers: the innermost user function of the stacks with most bytes alive. */
export function heaviestExternalSite(evidence: Evidence): AllocationSite | undefined {
  let all = 0;
  const groups = new Map<string, { bytes: Bytes; stacks: ExternalAllocation[] }>();
  for (const allocation of evidence.external) {
    all += allocation.aliveBytes;
    const frame =
      allocation.frames.find((each) => each.party === 'user') ??
      allocation.frames.find((each) => each.party === 'dependency');
    if (frame === undefined || allocation.aliveBytes <= 0) continue;
    const key = `${frame.function}\n${frame.file}`;
    const group = groups.get(key) ?? { bytes: 0, stacks: [] };
    group.bytes += allocation.aliveBytes;
    group.stacks.push(allocation);
    groups.set(key, group);
  }
  const best = [...groups.values()].sort((a, b) => b.bytes - a.bytes)[0];
  if (best === undefined) return undefined;
  best.stacks.sort((a, b) => b.aliveBytes - a.aliveBytes);
  // The line of most bytes, not of most stacks: the heaviest stack alone decides.
  const blame = blameStacks(best.stacks.slice(0, 1), { sources: evidence.sources });
  if (blame === undefined) return undefined;
  blame.share = best.bytes / all;
  blame.places[0]!.share = blame.share;
  const allocated = best.stacks.reduce((sum, each) => sum + each.bytes, 0);
  return { blame, bytes: best.bytes, share: blame.share, keptShare: best.bytes / Math.max(1, allocated) };
}

/** Share of a function's CPU time in one callee that tells it does the caller's work … */
const SEEN_SHARE = 0.35;
/** … and of the caller's bytes that it was itself seen to allocate. */
const LEAST_OF_CALLER = 0.1;
/** … and where it was never seen to allocate by itself, only that its text makes things. */
const UNSEEN_SHARE = 0.5;

/**
 * V8 charges what an inlined function allocates to the one it was inlined into, and gives no line by which to tell.
 * A callee in which the CPU profile (where lines tell, cpu/uninline.ts) sees most of the caller's time is the one, if it
 * was seen to allocate before it was inlined, or its text makes objects.
 */
function findInlinedCallee(
  evidence: Evidence,
  tree: CallTree,
  work: ChargedWork,
  frame: number,
): { tree: CallTree; frame: number } | undefined {
  const { main } = evidence;
  if (main === undefined) return undefined;
  const caller = keyOf(tree, frame);
  let total = 0;
  const inCallee = new Map<string, { time: number; frame: number }>();
  for (let node = 1; node < main.length; node++) {
    const row = main.frame[node]!;
    if (keyOf(main, row) === caller) total += main.total[node]!;
    else if (keyOf(main, main.frame[main.parent[node]!]!) === caller && isUser(main, row)) {
      const known = inCallee.get(keyOf(main, row)) ?? { time: 0, frame: row };
      known.time += main.total[node]!;
      inCallee.set(keyOf(main, row), known);
    }
  }
  const best = [...inCallee.entries()].sort((a, b) => b[1].time - a[1].time)[0];
  if (best === undefined || total === 0) return undefined;
  const [key, { time, frame: row }] = best;
  const seen = findFrame(tree, key);
  if (seen !== undefined) {
    const own = (of: number) => work.own[of]!;
    return time >= SEEN_SHARE * total && own(seen) >= LEAST_OF_CALLER * own(frame)
      ? { tree, frame: seen }
      : undefined;
  }
  // Of what is still alive a callee may have no part although it allocates a lot: only all allocations tell.
  if (tree !== evidence.allocationAll) return undefined;
  return time >= UNSEEN_SHARE * total && makesThings(evidence, main, row)
    ? { tree: main, frame: row }
    : undefined;
}

function makesThings(evidence: Evidence, { frames }: CallTree, row: number): boolean {
  const lines = evidence.sources.lines(frames.file[row]!);
  const extent = lines && findFunctionExtent(lines, frames.line[row]!, frames.column[row]!);
  return lines !== undefined && extent !== undefined && findLines(lines, extent, MAKING).length > 0;
}

function findFrame(tree: CallTree, key: string): number | undefined {
  for (let row = 0; row < tree.frames.length; row++) if (keyOf(tree, row) === key) return row;
  return undefined;
}

function isUser(tree: CallTree, frame: number): boolean {
  return tree.frames.party[frame] === PARTIES.indexOf('user');
}

function keyOf({ frames }: CallTree, frame: number): string {
  return `${frames.name[frame]}\n${frames.file[frame]}:${frames.line[frame]}`;
}

function hasLines(tree: CallTree, frame: number): boolean {
  return tree.lines.node.some((node) => tree.frame[node] === frame);
}

/**
 * V8's allocation samples know the function, not the line. When the function's text has one line that keeps something,
 * or else one that makes something, that is the line; otherwise the function's first line stays.
 */
function moveToAllocatingLine(evidence: Evidence, blame: Blame, line: number, column: number): void {
  const place = blame.places[0]!;
  const lines = evidence.sources.lines(place.file);
  const extent = lines && findFunctionExtent(lines, line, column);
  if (lines === undefined || extent === undefined || blame.callee !== undefined) return;
  const keeping = findLines(lines, extent, KEEPING);
  const making = findLines(lines, extent, MAKING);
  const both = keeping.filter((each) => making.includes(each));
  const found = both[0] ?? making[0] ?? keeping[0];
  if (found === undefined) return;
  place.line = found;
  place.column = 0;
  if (!blame.lineShares.has(found)) blame.lineShares.set(found, blame.share);
}
