import type { Milliseconds, Share } from '../base/units.ts';
import { type Blame, blameFunction, blameNodes, blameStacks } from '../cpu/blame.ts';
import { ANONYMOUS } from '../cpu/call-line.ts';
import { type BlockStack, CATEGORIES, type CallTree } from '../cpu/call-tree.ts';
import { weighNodes } from '../cpu/node-weights.ts';
import type { BlockedStretch } from '../metrics/series.ts';
import { isPlumbing } from './charged-work.ts';
import type { Evidence } from './evidence.ts';

/** One blocked stretch and what is known of the single call in it. */
export interface JudgedStretch {
  at: Milliseconds;
  /** Length without run-queue wait, GC and pauses holter caused. */
  netMs: Milliseconds;
  /** CPU time of the longest single call that is proven; 0 when none is. */
  callMs: Milliseconds;
}

/** All blocked stretches of one function. */
export interface SyncCalls {
  blame: Blame;
  stretches: JudgedStretch[];
  /** Sum of netMs. */
  totalMs: Milliseconds;
  /** Median of the proven calls, 0 when none is proven. */
  callMs: Milliseconds;
  /** How many stretches hold a proven single call. */
  proven: number;
  /** Witnesses that agreed: stacks with one asynchronous id, the profile, the cost per request. */
  witnesses: ('stacks' | 'profile' | 'requests')[];
}

/** A call below this is not named, however often it runs: a burst of them is no single call. */
const LEAST_CALL_MS = 15;
/** On a thread that has no CPU left every call delays all that wait; below this, cpu-bound judges. */
const LEAST_SATURATED_CALL_MS = 10;
/** Stretches below this, net, hold no call worth a look. */
const LEAST_STRETCH_MS = 40;

/**
 * Finds single synchronous calls that hold the loop. A late loop alone proves nothing: at full load one turn of the
 * loop serves dozens of one-millisecond requests and is as late as one long call.
 *
 *     many small    │req│req│req│req│req│req│req│     late 100 ms, nobody to blame
 *     one long      │        hashPassword       │     late 100 ms, one call
 *     stacks at        +25  +50       +100            same callback (asyncId) and function each time → one call
 *
 * Witnesses, any of which is enough: (1) two stacks of one callback, far apart in time, hold the same user function;
 * (2) the first stack comes late although stacks were asked for before: the thread was in native code that cannot be
 * interrupted, and the profile agrees; (3) runs of samples in the function are far longer than back-to-back calls
 * would give; (4) every request costs that much CPU. `requestMs` = CPU time per HTTP request by function name and
 * file, NaN when unknown; see facts.ts.
 */
export function findSyncCalls(
  evidence: Evidence,
  blocked: readonly BlockedStretch[],
  windowMs: Milliseconds,
  requestMs: (blame: Blame) => Milliseconds,
): SyncCalls[] {
  const { main } = evidence;
  const groups = new Map<string, Group>();
  for (const stretch of blocked) {
    const netMs = stretch.ms - stretch.waitMs - stretch.gcMs - ownPauseMs(evidence, stretch);
    if (netMs < LEAST_STRETCH_MS || stretch.at >= windowMs) continue;
    const stacks = evidence.blockStacks.filter(
      (stack) => stack.at >= stretch.at - 5 && stack.at <= stretch.at + stretch.ms + 30,
    );
    const weight = main === undefined ? undefined : weightWithin(main, stretch.at, stretch.at + stretch.ms);
    const covered = weight === undefined ? 0 : sum(weight) / (stretch.ms * 1000);
    const options = { sources: evidence.sources, stacks: evidence.blockStacks };
    const blame =
      (main !== undefined && weight !== undefined && covered >= 0.3
        ? blameNodes(main, weight, options)
        : undefined) ?? (covered < 0.3 && stacks.length > 0 ? blameStacks(stacks, options) : undefined);
    if (blame === undefined) continue;
    const net = netMs / stretch.ms;
    const proof = longestCall(main, stretch, stacks, blame, net, covered >= 0.3);
    const key = `${blame.places[0]!.function}\n${blame.places[0]!.file}`;
    const group = groups.get(key) ?? {
      judged: [],
      blame,
      weight: undefined,
      witnesses: new Set(),
      stacks: [],
    };
    group.stacks.push(...stacks);
    group.judged.push({ at: stretch.at, netMs, callMs: proof.callMs });
    for (const witness of proof.witnesses) group.witnesses.add(witness);
    if (weight !== undefined && blame.frame >= 0) {
      group.weight ??= new Float64Array(weight.length);
      for (let node = 0; node < weight.length; node++) group.weight[node]! += weight[node]!;
    }
    groups.set(key, group);
  }
  return [...groups.values()]
    .map((group) => finishGroup(evidence, group, requestMs))
    .sort((a, b) => b.totalMs - a.totalMs);
}

interface Group {
  judged: JudgedStretch[];
  blame: Blame;
  /** Self weight by node of all its stretches. */
  weight: Float64Array | undefined;
  stacks: BlockStack[];
  witnesses: Set<SyncCalls['witnesses'][number]>;
}

function finishGroup(evidence: Evidence, group: Group, requestMs: (blame: Blame) => Milliseconds): SyncCalls {
  const options = { sources: evidence.sources, stacks: evidence.blockStacks, minimumShare: 0.6 };
  // All stretches of the function together give better lines and shares than any one of them.
  const together =
    evidence.main && group.weight ? blameNodes(evidence.main, group.weight, options) : undefined;
  const same = together?.places[0]?.function === group.blame.places[0]!.function;
  const blame = deeperByStacks(evidence, group, together !== undefined && same ? together : group.blame);
  const perRequest = requestMs(blame);
  const requests = evidence.vitals.requests ?? 0;
  // Fewer requests than stretches cannot have caused them.
  if (perRequest >= LEAST_SATURATED_CALL_MS && requests >= group.judged.length) {
    group.witnesses.add('requests');
    for (const stretch of group.judged) {
      // What stacks and samples prove of one call is a lower bound; the mean of all calls may be more.
      stretch.callMs = Math.max(stretch.callMs, Math.min(perRequest, stretch.netMs));
    }
  }
  const calls = group.judged.map((stretch) => stretch.callMs).filter((ms) => ms > 0);
  return {
    blame,
    stretches: group.judged,
    totalMs: group.judged.reduce((total, stretch) => total + stretch.netMs, 0),
    callMs: calls.length === 0 ? 0 : calls.sort((a, b) => a - b)[Math.floor(calls.length / 2)]!,
    proven: calls.length,
    witnesses: [...group.witnesses],
  };
}

/** Stacks that make a statement of their own. */
const ENOUGH_STACKS = 5;

/**
 * V8's profile charges a function that was inlined before we came to its caller; stacks read in interrupts do not. When
 * they agree on a function further in, that one is blamed.
 */
function deeperByStacks(evidence: Evidence, group: Group, blame: Blame): Blame {
  const { main, sources } = evidence;
  const stacks = group.stacks.filter((stack) => stack.frames.length > 0);
  if (main === undefined || group.weight === undefined || stacks.length < ENOUGH_STACKS) return blame;
  const seen = blameStacks(stacks, { sources });
  const current = blame.places[0]!;
  const places = seen?.places ?? [];
  const outward = places.findIndex(
    (place) => place.function === current.function && place.file === current.file,
  );
  // A name is what tells functions of one file apart here: a stack does not say where its functions begin.
  const inner = places.slice(0, Math.max(0, outward)).find((place) => place.function !== ANONYMOUS);
  if (seen === undefined || inner === undefined || inner.package !== current.package) return blame;
  const { frames } = main;
  for (let frame = 0; frame < frames.length; frame++) {
    if (frames.name[frame] !== inner.function || frames.file[frame] !== inner.file) continue;
    const found = blameFunction(main, group.weight, frame, { sources, stacks: evidence.blockStacks });
    if (found.share === 0) continue;
    // The profile's share is too low for it, that is the point; how many stacks hold it is the better number.
    found.share = Math.max(found.share, seen.share);
    found.places[0]!.share = found.share;
    return found;
  }
  return blame;
}

function longestCall(
  main: CallTree | undefined,
  stretch: BlockedStretch,
  stacks: readonly BlockStack[],
  blame: Blame,
  net: Share,
  profiled: boolean,
): { callMs: Milliseconds; witnesses: ('stacks' | 'profile')[] } {
  const witnesses: ('stacks' | 'profile')[] = [];
  const run =
    profiled && main !== undefined && blame.frame >= 0
      ? longestRun(main, blame.frame, stretch.at, stretch.at + stretch.ms)
      : undefined;
  let callMs = 0;
  const byStacks = callFromStacks(stretch, stacks, blame, run?.ms) * net;
  if (byStacks >= LEAST_SPAN_MS * 0.75) {
    callMs = byStacks;
    witnesses.push('stacks');
  }
  // Calls shorter than the gaps between samples run together in a profile; only runs far beyond what chance gives
  // for a function with this share are one call.
  if (run !== undefined && run.ms * net >= LEAST_STRETCH_MS && run.ms >= 1.5 * run.byChanceMs) {
    callMs = Math.max(callMs, run.ms * net);
    witnesses.push('profile');
  }
  return { callMs: Math.min(callMs, stretch.ms * net), witnesses };
}

/** Two stacks this far apart are two looks, not one answered twice. */
const LEAST_SPAN_MS = 20;

/** The first stack is asked for at +25 ms; this late, the one at +50 could not be read either. */
const LATE_MS = 45;

/** Length of the longest single callback that stacks prove inside a stretch, wall time; 0 when they prove none. */
function callFromStacks(
  stretch: BlockedStretch,
  stacks: readonly BlockStack[],
  blame: Blame,
  runMs: Milliseconds | undefined,
): Milliseconds {
  const place = blame.places[0]!;
  const holds = (stack: BlockStack): boolean =>
    stack.frames.some(
      (frame) =>
        frame.file === place.file && (frame.function === place.function || frame.line === place.line),
    );
  const held = stacks.filter(holds);
  if (held.length === 0) return 0;
  // Two stacks of one asynchronous id are of one callback, whatever it was doing at both moments.
  const callbacks = new Map<number, { first: number; last: number; held: number; count: number }>();
  for (const stack of stacks) {
    if (stack.asyncId <= 0) continue;
    const known = callbacks.get(stack.asyncId) ?? { first: stack.at, last: stack.at, held: 0, count: 0 };
    known.last = Math.max(known.last, stack.at);
    known.count++;
    if (holds(stack)) known.held++;
    callbacks.set(stack.asyncId, known);
  }
  let longest = 0;
  for (const callback of callbacks.values()) {
    const span = callback.last - callback.first;
    if (callback.held < callback.count / 2) continue;
    longest = Math.max(longest, span);
    // Nothing else was seen in the whole stretch: then the stretch is this one callback.
    if (span >= LEAST_SPAN_MS && callback.count === stacks.length) longest = Math.max(longest, stretch.ms);
  }
  // No stack at +25 and +50 though they were asked for: the thread could not be interrupted, it ran native code.
  const first = stacks[0]!;
  const late = Math.min(first.lateMs, stretch.ms);
  if (late >= LATE_MS && holds(first) && (runMs === undefined || runMs >= 0.6 * late)) {
    const inner = first.frames[0];
    const native = inner !== undefined && inner.party === 'core' && !isPlumbing(inner.file);
    if (native || (runMs !== undefined && runMs >= 0.6 * late)) longest = Math.max(longest, late);
  }
  return longest;
}

const GC = CATEGORIES.indexOf('gc');
const IDLE = CATEGORIES.indexOf('idle');
const PROGRAM = CATEGORIES.indexOf('program');

/**
 * Self weight by node of the samples in [from, to). Left out are idle, GC, and `(program)`: while the loop does not turn
 * that is mostly V8 at work for the function whose stack it could not read.
 */
function weightWithin(tree: CallTree, from: Milliseconds, to: Milliseconds): Float64Array {
  const weight = weighNodes(tree, from, to);
  for (let node = 0; node < tree.length; node++) {
    const category = tree.frames.category[tree.frame[node]!]!;
    if (category === GC || category === IDLE || category === PROGRAM) weight[node] = 0;
  }
  return weight;
}

/**
 * Longest run of samples with the function on the stack between two times, GC counted in; and the longest run that short
 * calls back to back would give by chance over the whole profile. A function with share p of n samples has n (1 - p)
 * runs of 1 / (1 - p) samples in the mean, and the longest of k such runs is about ln k times the mean.
 */
function longestRun(
  tree: CallTree,
  frame: number,
  from: Milliseconds,
  to: Milliseconds,
): { ms: Milliseconds; byChanceMs: Milliseconds } {
  const { time, node, weight } = tree.samples;
  const under = nodesUnder(tree, frame);
  let inFunction = 0;
  let samples = 0;
  let span = 0;
  for (let index = 0; index < time.length; index++) {
    const category = tree.frames.category[tree.frame[node[index]!]!]!;
    if (category === GC) continue;
    samples++;
    span += weight[index]!;
    if (under[node[index]!] === 1) inFunction++;
  }
  let longest = 0;
  let run = 0;
  for (let index = firstSample(time, from); index < time.length && time[index]! < to; index++) {
    const category = tree.frames.category[tree.frame[node[index]!]!]!;
    if (under[node[index]!] === 1 || (category === GC && run > 0)) {
      run += Math.min(weight[index]!, (to - time[index]!) * 1000);
      longest = Math.max(longest, run);
    } else {
      run = 0;
    }
  }
  const share = samples === 0 ? 1 : Math.min(inFunction / samples, 1 - 1 / (samples + 1));
  const sampleMs = samples === 0 ? 1 : span / samples / 1000;
  const runs = Math.max(Math.E, samples * (1 - share));
  return { ms: longest / 1000, byChanceMs: (sampleMs / (1 - share)) * Math.log(runs) };
}

/** 1 for every node at or below an occurrence of the function. */
export function nodesUnder(tree: CallTree, frame: number): Uint8Array {
  const under = new Uint8Array(tree.length);
  for (let node = 0; node < tree.length; node++) {
    const parent = tree.parent[node]!;
    if (tree.frame[node] === frame || (parent >= 0 && under[parent] === 1)) under[node] = 1;
  }
  return under;
}

/** Part of a stretch that holter itself caused: pauses it has noted in the recording. */
function ownPauseMs(evidence: Evidence, stretch: BlockedStretch): Milliseconds {
  const start = Date.parse(evidence.manifest.window.startedAt);
  let ms = 0;
  for (const action of evidence.manifest.actions) {
    const at = Date.parse(action.at) - start;
    if (!Number.isFinite(at) || !(action.pauseMs > 0)) continue;
    const overlap =
      Math.min(stretch.at + stretch.ms, at + action.pauseMs + 10) - Math.max(stretch.at, at - 10);
    ms += Math.min(action.pauseMs, Math.max(0, overlap));
  }
  return ms;
}

function firstSample(time: Float64Array, from: Milliseconds): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time[middle]! < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

const LIMIT_SHARE = 0.1;
/** That many calls of that length are beyond the limit, longest first. */
const LIMIT_CALLS: readonly (readonly [count: number, ms: Milliseconds])[] = [
  [1, 500],
  [2, 100],
  [3, 60],
];

/**
 * True when these calls are beyond the limits of event-loop-blocked, whose docstring has the reasons. `isSaturated`: the
 * thread has no CPU left.
 */
export function isBlocking(calls: SyncCalls, windowMs: Milliseconds, isSaturated: boolean): boolean {
  if (calls.proven === 0 || calls.callMs < (isSaturated ? LEAST_SATURATED_CALL_MS : LEAST_CALL_MS))
    return false;
  // Some stretches have no witness because no stack could be read in them; a good part must have one.
  if (calls.proven < 0.25 * calls.stretches.length) return false;
  if (calls.totalMs >= LIMIT_SHARE * windowMs) return true;
  return LIMIT_CALLS.some(
    ([count, ms]) => calls.stretches.filter((stretch) => stretch.callMs >= ms).length >= count,
  );
}
