import type { Milliseconds, Percent, Seconds } from '../base/units.ts';
import type { Blame } from '../cpu/blame.ts';
import { type CallTree, PARTIES } from '../cpu/call-tree.ts';
import type { BlockedStretch, GcEvent } from '../metrics/series.ts';
import { collectStretches } from './blocked-stretches.ts';
import { type ChargedWork, chargeWork } from './charged-work.ts';
import type { Evidence } from './evidence.ts';
import { type MachineFacts, measureMachine, SATURATED_PERCENT } from './machine-facts.ts';
import { type MemoryGrowth, measureGrowth } from './memory-growth.ts';
import { findSyncCalls, nodesUnder, type SyncCalls } from './sync-calls.ts';

/** What several rules need, computed once. */
export interface Facts {
  /** Length of the window, or up to the target's death. */
  windowMs: Milliseconds;
  /** How long the process had run when the window began; NaN unknown. */
  uptime: Seconds;
  machine: MachineFacts;
  /** The main thread uses or waits for (almost) all of one core. */
  isSaturated: boolean;
  /** Charged work of the main thread's CPU profile. */
  work: ChargedWork | undefined;
  /** HTTP requests in the window; 0 = none or not counted. */
  requests: number;
  gc: GcFacts;
  heap: MemoryGrowth;
  external: MemoryGrowth;
  /** All stretches in which the loop did not turn, wait and GC taken apart. */
  blocked: BlockedStretch[];
  syncCalls: SyncCalls[];
  /** The loop did not turn and the probe queued into it did not run. */
  stuck: boolean;
  /** CPU time of the main thread, in ms, of profile weight `weight`: wall-clock gaps of a busy machine cancel out. */
  cpuMsOf(weight: number): Milliseconds;
}

export interface GcFacts {
  /** GC of the main isolate over the window, run-queue wait taken out in proportion. */
  ms: Milliseconds;
  /** The same as % of wall time. */
  percent: Percent;
  /** `(garbage collector)` in the CPU profile, % of all its samples; NaN without a profile. */
  profilePercent: Percent;
  minor: number;
  major: number;
  longestMs: Milliseconds;
  /** Share of `ms` in full and incremental collections. */
  majorShare: number;
}

/** Derives all facts. Pure and deterministic; cost: a few passes over the profile. */
export function deriveFacts(evidence: Evidence): Facts {
  const { vitals, main, manifest } = evidence;
  const end = manifest.window.end;
  const windowMs = Math.max(1, end.kind === 'target-exited' ? end.atMs : vitals.seconds * 1000);
  const machine = measureMachine(vitals, windowMs);
  const work = main === undefined ? undefined : chargeWork(main);
  const requests = vitals.requests ?? 0;
  const cpuMsOf = (weight: number): Milliseconds => {
    if (main === undefined || work === undefined || work.busy === 0) return Number.NaN;
    const span = Math.max(1, main.to - main.from);
    const cpuMs = Number.isFinite(machine.cpuMs) ? machine.cpuMs : (work.busy / 1000) * (windowMs / span);
    return (weight / work.busy) * cpuMs;
  };
  const requestMs = (blame: Blame): Milliseconds => {
    if (main === undefined || blame.frame < 0 || requests === 0) return Number.NaN;
    // The outermost function of the user's is what one request runs; the blamed one has its share of that.
    const outer = outermostFrame(main, blame);
    return (cpuMsOf(weightUnder(main, outer)) / requests) * (outer === blame.frame ? 1 : blame.share);
  };
  const blocked = collectStretches(evidence);
  const stuck = isStuck(evidence, blocked);
  return {
    windowMs,
    uptime: (Date.parse(manifest.window.startedAt) - Date.parse(manifest.target.startedAt)) / 1000,
    machine,
    isSaturated: machine.demandMedian >= SATURATED_PERCENT,
    work,
    requests,
    gc: measureGc(evidence, machine, work, windowMs),
    heap: measureGrowth(vitals, 'heap', windowMs),
    external: measureGrowth(vitals, 'external', windowMs),
    blocked,
    syncCalls: stuck ? [] : findSyncCalls(evidence, blocked, windowMs, requestMs),
    stuck,
    cpuMsOf,
  };
}

function measureGc(
  evidence: Evidence,
  machine: MachineFacts,
  work: ChargedWork | undefined,
  windowMs: Milliseconds,
): GcFacts {
  let ms = 0;
  let majorMs = 0;
  let minor = 0;
  let major = 0;
  let longestMs = 0;
  for (const gc of evidence.vitals.gc) {
    if (isForced(evidence, gc)) continue;
    ms += gc.ms;
    longestMs = Math.max(longestMs, gc.ms);
    if (gc.kind === 'minor') minor++;
    else majorMs += gc.ms;
    if (gc.kind === 'major') major++;
  }
  let samples = 0;
  if (evidence.main !== undefined) samples = evidence.main.total[0] ?? 0;
  const running = ms * machine.runShare;
  return {
    ms: running,
    percent: (running / windowMs) * 100,
    profilePercent: work === undefined || samples === 0 ? Number.NaN : (work.gc / samples) * 100,
    minor,
    major,
    longestMs,
    majorShare: ms === 0 ? 0 : majorMs / ms,
  };
}

/** Collections holter asked for are not the target's. `forcedGc.at` is when the answer came, a little after. */
function isForced(evidence: Evidence, gc: GcEvent): boolean {
  return (
    gc.kind !== 'minor' &&
    evidence.vitals.forcedGc.some((forced) => gc.at >= forced.at - gc.ms - 400 && gc.at <= forced.at + 100)
  );
}

/** Shorter than that is a long call, even if it has not ended when the window does. */
const STUCK_MS: Milliseconds = 2500;

/**
 * A loop that does not turn at the end of the window. When it had stalls of that length before and came back, this one is
 * most likely another of them: event-loop-blocked tells more then.
 */
function isStuck({ stuck }: Evidence, blocked: readonly BlockedStretch[]): boolean {
  if (stuck === undefined || stuck.probes.immediate) return false;
  const recovered = blocked.some(
    (stretch) =>
      stretch.open !== true && stretch.at + stretch.ms <= stuck.since + 100 && stretch.ms >= stuck.ms / 2,
  );
  return !recovered && (stuck.ms >= STUCK_MS || stuck.native !== undefined);
}

function weightUnder(tree: CallTree, frame: number): number {
  const under = nodesUnder(tree, frame);
  let weight = 0;
  for (let node = 0; node < tree.length; node++) if (under[node] === 1) weight += tree.self[node]!;
  return weight;
}

/** Row of the user's outermost function above most of the blamed one's weight: what one request runs. */
function outermostFrame(tree: CallTree, blame: Blame): number {
  const under = nodesUnder(tree, blame.frame);
  const top = new Int32Array(tree.length).fill(-1);
  const weight = new Float64Array(tree.frames.length);
  for (let node = 1; node < tree.length; node++) {
    const above = top[tree.parent[node]!]!;
    const frame = tree.frame[node]!;
    top[node] = above === -1 && PARTIES[tree.frames.party[frame]!] === 'user' ? frame : above;
    if (under[node] === 1 && top[node]! >= 0) weight[top[node]!]! += tree.self[node]!;
  }
  let best = blame.frame;
  for (let frame = 0; frame < weight.length; frame++) if (weight[frame]! > weight[best]!) best = frame;
  return best;
}
