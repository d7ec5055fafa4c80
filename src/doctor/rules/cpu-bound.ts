import { formatDuration, formatPercent } from '../../base/quantity.ts';
import { type Blame, blameFunction } from '../../cpu/blame.ts';
import { ANONYMOUS } from '../../cpu/call-line.ts';
import { type CallTree, PARTIES } from '../../cpu/call-tree.ts';
import { adviceFor } from '../advice.ts';
import { type ChargedWork, heaviestFunctions, isPlumbing, weightOf } from '../charged-work.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { isStarved, SATURATED_PERCENT, summaryOf } from '../machine-facts.ts';
import { outsideLines } from '../native-lines.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { isBlocking, nodesUnder } from '../sync-calls.ts';
import { causeWords, syncCauseOf } from '../sync-cause.ts';

const LIMIT_SHARE_PERCENT = 30;
const LIMIT_TOP_PERCENT = 50;
const TOP = 3;
/** CPU time of one function per unit of work. */
const LIMIT_UNIT_MS = 1;
const LIMIT_TOP_UNIT_MS = 1.5;
/** Where one function of the user's is nearly all there is, and the time is spent in the user's own JavaScript. */
const DOMINANT_PERCENT = 60;
const LIMIT_DOMINANT_UNIT_MS = 0.45;

/**
 * The main thread has no CPU left and a few functions of the user's take it.
 *
 *     CPU          ▇▇▇▇▇▇▇▇▇▇   at the end of one core: every server at capacity looks like this
 *     own work     ███████░░░   one function, 8 ms of CPU for each request        → finding
 *     own work     ██░█░░█░░░   0.2 ms of it for each request, the rest is I/O    → healthy, merely busy
 *
 * Statistic: CPU + run-queue wait of the main thread (what it would use on a free machine); own work of each function
 * (charged-work.ts) as share of the thread's busy time, and as CPU time per HTTP request, or per turn of the loop and
 * connection where no HTTP is served. Threshold: demand ≥ 75 %; one function ≥ 30 % and ≥ 1 ms a unit, or the first
 * three ≥ 50 % and ≥ 1.5 ms together; 0.45 ms are enough where one function has ≥ 60 % and the user's own lines, not what
 * they call, have ≥ 60 %. And the loop is late by that work, so it is not cut into turns. Reason: a request of a lean
 * server costs 0.03–0.5 ms in all, mostly in JSON, templates and sockets, so a function with 1 ms of its own is worth a
 * look, and below that only more processes help; half of that is when it is one loop the user wrote.
 */
export const cpuBound: Rule = {
  kind: 'cpu-bound',
  needs: ['outside', 'profile'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { main } = evidence;
    const { work } = facts;
    if (main === undefined || work === undefined || work.busy === 0 || facts.stuck) return [];
    if (!facts.isSaturated) return [];
    const unit = unitOfWork(evidence, facts);
    if (unit === undefined) return [];
    const suspects = findSuspects(evidence, main, work).filter(
      ({ frame }) => !isBlamedForBlocking(main, work, facts, frame),
    );
    const top = suspects.slice(0, TOP);
    const hottest = top[0];
    if (hottest === undefined) return [];
    for (const suspect of top) suspect.unitMs = facts.cpuMsOf(suspect.weight) / unit.count;
    const percent = top.reduce((sum, suspect) => sum + suspect.percent, 0);
    const unitMs = top.reduce((sum, suspect) => sum + suspect.unitMs, 0);
    const isDominant =
      hottest.percent >= DOMINANT_PERCENT && ownJavaScriptPercent(main, work) >= DOMINANT_PERCENT;
    const limitMs = isDominant ? LIMIT_DOMINANT_UNIT_MS : LIMIT_UNIT_MS;
    const alone = hottest.percent >= LIMIT_SHARE_PERCENT && hottest.unitMs >= limitMs;
    const together = hottest.percent >= 10 && percent >= LIMIT_TOP_PERCENT && unitMs >= LIMIT_TOP_UNIT_MS;
    if (!alone && !together) return [];
    if (isCutIntoTurns(evidence, main, work, hottest)) return [];

    const named = top.filter((suspect) => suspect === hottest || suspect.percent >= 8);
    for (const { blame, percent: share } of named) blame.places[0]!.share = share / 100;
    return [describe(evidence, facts, named, { ...unit, limitMs })];
  },
};

/** Share of the busy time on lines the user has written, not in builtins, native code or packages they call. */
function ownJavaScriptPercent(main: CallTree, work: ChargedWork): number {
  const user = PARTIES.indexOf('user');
  let own = 0;
  for (let node = 0; node < main.length; node++)
    if (main.frames.party[main.frame[node]!] === user) own += main.self[node]!;
  return (100 * own) / work.busy;
}

interface Suspect {
  /** Heaviest row of the frame table with this name. */
  frame: number;
  blame: Blame;
  weight: number;
  /** Own work, % of busy time. */
  percent: number;
  /** CPU time per unit of work. */
  unitMs: number;
}

/** Functions by own work, heaviest first; a callback without a name counts for the function it is written in. */
function findSuspects(evidence: Evidence, main: CallTree, work: ChargedWork): Suspect[] {
  const options = { sources: evidence.sources, stacks: evidence.blockStacks };
  const suspects = new Map<string, Suspect>();
  for (const frame of heaviestFunctions(work, 4 * TOP)) {
    const blame = blameFunction(main, weightOf(main, work, frame), frame, options);
    const weight = work.own[frame]!;
    const { function: name, file, line } = blame.places[0]!;
    const key = name === ANONYMOUS ? `${file}:${line}` : `${name}\n${file}`;
    const known = suspects.get(key) ?? { frame, blame, weight: 0, percent: 0, unitMs: 0 };
    known.weight += weight;
    known.percent += (weight / work.busy) * 100;
    suspects.set(key, known);
  }
  return [...suspects.values()].sort((a, b) => b.weight - a.weight);
}

/** Turns of the loop this short leave room for everybody. */
const SHORT_TURN_MS = 10;

/**
 * True for work that yields to the loop: a job cut into slices with setImmediate uses the core and harms nobody. A call
 * of x ms makes the loop x ms late; when it never is, no unit of work does that much at once.
 */
function isCutIntoTurns(evidence: Evidence, main: CallTree, work: ChargedWork, suspect: Suspect): boolean {
  const delay = summaryOf(evidence.vitals, 'loop.delay_ms').median;
  if (!(delay < SHORT_TURN_MS)) return false;
  if (delay < suspect.unitMs / 8) return true;
  const { frames } = main;
  const sliced = new Uint8Array(main.length);
  let inSlices = 0;
  for (let node = 1; node < main.length; node++) {
    const frame = main.frame[node]!;
    const isImmediate = frames.name[frame] === 'processImmediate' && isPlumbing(frames.file[frame]!);
    sliced[node] = isImmediate || sliced[main.parent[node]!] === 1 ? 1 : 0;
    if (sliced[node] === 1 && work.owner[node] === suspect.frame) inSlices += main.self[node]!;
  }
  return inSlices >= 0.7 * work.own[suspect.frame]!;
}

interface Unit {
  name: string;
  count: number;
}

/** With the CPU time per unit that was allowed. */
interface JudgedUnit extends Unit {
  limitMs: number;
}

/** What the CPU time is divided by; undefined when nothing tells how much was asked of the process. */
function unitOfWork(evidence: Evidence, facts: Facts): Unit | undefined {
  if (facts.requests > 0) return { name: 'request', count: facts.requests };
  const turns = (evidence.vitals.loopIterationsPerSecond ?? 0) * (facts.windowMs / 1000);
  if (turns <= 0) return undefined;
  // One turn serves at most one message of each connection; a server without HTTP must not look worse for being busy.
  const { resources } = evidence.vitals;
  const connections = ['TCPSocketWrap', 'PipeWrap', 'TLSWrap'].map((type) => resources[type]?.[1] ?? 0);
  return { name: 'turn of the loop', count: turns * Math.max(1, Math.max(...connections)) };
}

/** True when event-loop-blocked names the function, or a caller or callee that does its work with it. */
function isBlamedForBlocking(main: CallTree, work: ChargedWork, facts: Facts, frame: number): boolean {
  return facts.syncCalls.some((calls) => {
    if (!isBlocking(calls, facts.windowMs, facts.isSaturated) || calls.blame.frame < 0) return false;
    const { name, file } = main.frames;
    const chain = calls.blame.places;
    if (chain.some((place) => place.function === name[frame] && place.file === file[frame])) return true;
    const under = nodesUnder(main, calls.blame.frame);
    let inside = 0;
    for (let node = 0; node < main.length; node++) {
      if (work.owner[node] === frame && under[node] === 1) inside += main.self[node]!;
    }
    return inside >= work.own[frame]! / 2;
  });
}

function describe(evidence: Evidence, facts: Facts, named: Suspect[], unit: JudgedUnit): Finding {
  const { machine } = facts;
  const { blame, percent, unitMs: ms } = named[0]!;
  const place = blame.places[0]!;
  const cause = syncCauseOf(evidence, blame);
  const inside = causeWords(blame, cause);
  const others = named.slice(1);
  const source = excerptOf(evidence, blame);
  const starved = isStarved(machine);
  return {
    kind: 'cpu-bound',
    problem: 'cpu-high-serving',
    severity: machine.demandMedian >= 90 && ms >= 3 ? 'critical' : 'warning',
    confidence: confidenceOf(
      0.72 +
        Math.min(0.12, ((percent - LIMIT_SHARE_PERCENT) / 100) * 0.3) +
        Math.min(0.12, Math.log2(Math.max(1, ms)) * 0.04),
    ),
    title:
      others.length > 0 && percent < LIMIT_TOP_PERCENT
        ? `${callName(place)} and ${others.length} more take the CPU of the main thread: ${formatPercent(percent)} in ${callName(place)}`
        : `${callName(place)} takes ${formatPercent(percent)} of the main thread, ${formatDuration(ms)} per ${unit.name}`,
    evidence: [
      evidenceLine('main thread CPU median', machine.cpuMedian, '%', SATURATED_PERCENT),
      ...(machine.waitMedian >= 5
        ? [evidenceLine('CPU and wait for it', machine.demandMedian, '%', SATURATED_PERCENT)]
        : []),
      ...named.map((each) =>
        evidenceLine(`own work of ${each.blame.places[0]!.function}`, each.percent, '%', LIMIT_SHARE_PERCENT),
      ),
      evidenceLine(`CPU per ${unit.name} in it`, ms, 'ms', unit.limitMs),
      evidenceLine('garbage collection', facts.gc.percent, '%', 10, 'below'),
      ...(Number.isFinite(machine.waitMedian)
        ? [evidenceLine('run-queue wait', machine.waitMedian, '%', 50, 'below')]
        : []),
      ...outsideLines(evidence.native),
    ],
    where: whereOf(
      [...blame.places, ...others.map((each) => each.blame.places[0]!)],
      evidence.manifest.target.cwd,
    ),
    advice: adviceFor('cpu-bound', cause, {
      function: callName(place),
      share: formatPercent(percent),
      unitMs: formatDuration(ms),
      unit: unit.name,
      callee: inside,
    }),
    next: nextCommands(evidence, 'cpu'),
    ...(source === undefined ? {} : { source }),
    alsoExplains: ['slow-throughput'],
    ...(starved ? { suspended: true } : {}),
  };
}
