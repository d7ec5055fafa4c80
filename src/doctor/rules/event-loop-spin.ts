import { formatNumber } from '../../base/quantity.ts';
import { type Blame, blameFunction } from '../../cpu/blame.ts';
import { CATEGORIES, type CallTree, PARTIES } from '../../cpu/call-tree.ts';
import { findFunctionExtent, findLines } from '../../cpu/function-source.ts';
import { adviceFor } from '../advice.ts';
import { isInputOutput } from '../charged-work.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

const LIMIT_CPU_PERCENT = 75;
const LIMIT_TURNS_PER_SECOND = 4000;
/** Turns of the loop per HTTP request above which requests cannot be what turns it. */
const TURNS_PER_REQUEST = 4;
const LIMIT_SPIN_SHARE = 0.6;
const LIMIT_FUNCTION_SHARE = 0.5;

const REQUEUE =
  /\b(setImmediate|setTimeout|setInterval|nextTick|queueMicrotask|postMessage|scheduler\.(yield|wait))\b/;

/**
 * The loop turns without waiting because a callback queues itself again each time.
 *
 *     CPU   ▇▇▇▇▇▇▇▇▇▇      turns/s  ▇▇▇▇▇▇      delay  ▁▁▁▁▁▁      work per turn: microseconds
 *
 * Statistic: CPU + run-queue wait of the main thread, turns of the loop per second (a short count), and whose stacks
 * the turns run: share of JavaScript samples that were *not* started by a socket, and share of those in one function.
 * Threshold: demand ≥ 75 %, ≥ 4 000 turns a second and ≥ 4 per HTTP request, ≥ 60 % outside of sockets, ≥ 50 % of the
 * user's part in one function. Reason: a saturated server may turn as often, but then each turn serves a socket; work
 * that is cut into slices of milliseconds with setImmediate turns a few hundred times a second and is healthy.
 */
export const eventLoopSpin: Rule = {
  kind: 'event-loop-spin',
  needs: ['loop', 'profile'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { main, vitals } = evidence;
    const turns = vitals.loopIterationsPerSecond ?? 0;
    if (main === undefined || facts.stuck || turns < LIMIT_TURNS_PER_SECOND) return [];
    const demand = facts.machine.demandMedian;
    if (demand < LIMIT_CPU_PERCENT) return [];
    if (turns < TURNS_PER_REQUEST * (facts.requests / (facts.windowMs / 1000))) return [];
    const turned = whoTurns(main);
    if (turned === undefined || turned.spinShare < LIMIT_SPIN_SHARE || turned.share < LIMIT_FUNCTION_SHARE)
      return [];

    const blame = blameFunction(main, turned.weight, turned.frame, {
      sources: evidence.sources,
      stacks: evidence.blockStacks,
    });
    moveToRequeueLine(evidence, blame, main, turned.frame);
    const place = blame.places[0]!;
    const perTurn = evidenceLine(
      'work per turn',
      (facts.machine.cpuMs / facts.windowMs / turns) * 1e6,
      'µs',
      null,
    );
    const source = excerptOf(evidence, blame);
    return [
      {
        kind: 'event-loop-spin',
        problem: 'cpu-high-serving',
        severity: 'critical',
        confidence: confidenceOf(0.8 + (turned.share > 0.8 ? 0.08 : 0) + (turns > 10_000 ? 0.05 : 0)),
        title: `${callName(place)} queues itself again without a pause: ${formatNumber(turns)} turns of the loop a second`,
        evidence: [
          evidenceLine('loop turns', turns, '/s', LIMIT_TURNS_PER_SECOND),
          evidenceLine('main thread CPU median', facts.machine.cpuMedian, '%', LIMIT_CPU_PERCENT),
          evidenceLine(
            'JavaScript not started by a socket',
            turned.spinShare * 100,
            '%',
            LIMIT_SPIN_SHARE * 100,
          ),
          evidenceLine(
            `of your code in ${place.function}`,
            turned.share * 100,
            '%',
            LIMIT_FUNCTION_SHARE * 100,
          ),
          ...(Number.isFinite(perTurn.value) ? [perTurn] : []),
        ],
        where: whereOf(blame.places, evidence.manifest.target.cwd),
        advice: adviceFor('event-loop-spin', '', { function: callName(place) }),
        next: nextCommands(evidence, 'cpu'),
        ...(source === undefined ? {} : { source }),
      },
    ];
  },
};

interface Turned {
  /** Share of JavaScript samples whose stack holds no socket or protocol frame outside of the user's code. */
  spinShare: number;
  /** The outermost user (or dependency) function with most of those, and its share of them. */
  frame: number;
  share: number;
  weight: Float64Array;
}

/** Who is run by turns of the loop that no socket caused. */
function whoTurns(tree: CallTree): Turned | undefined {
  const { frames } = tree;
  const entry = new Int32Array(tree.length).fill(-1);
  const socket = new Uint8Array(tree.length);
  const weight = new Float64Array(tree.length);
  const byFrame = new Float64Array(frames.length);
  const inScript = new Uint8Array(tree.length);
  let all = 0;
  let spinning = 0;
  let entered = 0;
  for (let node = 1; node < tree.length; node++) {
    const frame = tree.frame[node]!;
    const parent = tree.parent[node]!;
    const party = PARTIES[frames.party[frame]!];
    const category = CATEGORIES[frames.category[frame]!];
    entry[node] = entry[parent]!;
    socket[node] = socket[parent]!;
    inScript[node] = inScript[parent] === 1 || category === 'js' ? 1 : 0;
    if (entry[node] === -1 && (party === 'user' || party === 'dependency')) entry[node] = frame;
    // Inside of the user's function sockets may be written to; what counts is who started the turn.
    if (entry[node] === -1 && isInputOutput(frames.file[frame]!)) socket[node] = 1;
    if (inScript[node] === 0) continue;
    const self = tree.self[node]!;
    all += self;
    if (socket[node] === 1) continue;
    spinning += self;
    if (entry[node]! < 0) continue;
    entered += self;
    weight[node] = self;
    byFrame[entry[node]!]! += self;
  }
  let best = -1;
  for (let frame = 0; frame < byFrame.length; frame++)
    if (best < 0 || byFrame[frame]! > byFrame[best]!) best = frame;
  if (best < 0 || entered === 0) return undefined;
  return { spinShare: spinning / all, frame: best, share: byFrame[best]! / entered, weight };
}

function moveToRequeueLine(evidence: Evidence, blame: Blame, tree: CallTree, frame: number): void {
  const place = blame.places[0]!;
  const lines = evidence.sources.lines(place.file);
  if (lines === undefined) return;
  const extent = findFunctionExtent(lines, tree.frames.line[frame]!, tree.frames.column[frame]!);
  const found = extent === undefined ? [] : findLines(lines, extent, REQUEUE);
  if (found[0] === undefined) return;
  place.line = found[0];
  place.column = 0;
  if (!blame.lineShares.has(place.line)) blame.lineShares.set(place.line, blame.share);
}
