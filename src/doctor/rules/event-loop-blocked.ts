import { formatDuration, formatNumber, formatRate } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { p99Of, STARVED_WAIT_PERCENT } from '../machine-facts.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { isBlocking, type SyncCalls } from '../sync-calls.ts';
import { causeWords, syncCauseOf } from '../sync-cause.ts';

/** Limits, see {@link eventLoopBlocked}. */
const LIMIT_SHARE_PERCENT = 10;
const LIMIT_DELAY_MS = 50;
const MAX_FINDINGS = 3;

/**
 * One synchronous call holds the loop for 50 ms or more.
 *
 * Statistic: blocked stretches in which a *single call* of one function is proven long (sync-calls.ts), net of
 * run-queue wait (the machine's fault), GC (gc-pressure) and pauses by holter itself.
 *
 *     delay   ▁▁▁█▁▁▁▁█▁▁▁█▁▁      each peak one call of the same function
 *     delay   ▄▅▄▅▅▄▅▄▅▄▅▄▅▄▅      a saturated loop: many short calls per turn, no finding here
 *
 * Threshold: such stretches (each ≥ 50 ms) take ≥ 10 % of the window, or three calls are ≥ 60 ms, two ≥ 100 ms, one
 * ≥ 500 ms. A call must take ≥ 20 ms of CPU, on a saturated thread ≥ 45 ms: below, cpu-bound judges. Reason: 10 % of the
 * time is what every tenth request meets; long calls that come again are felt as time-outs at low rates; one of half a
 * second is felt by every client at once. One single call of 100 ms is what a warm server may do at start, and calls
 * of a few ms stack up to late turns in every healthy server under bursts.
 */
export const eventLoopBlocked: Rule = {
  kind: 'event-loop-blocked',
  needs: ['loop'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    return facts.syncCalls
      .filter((calls) => isBlocking(calls, facts.windowMs, facts.isSaturated))
      .slice(0, MAX_FINDINGS)
      .map((calls) => describe(evidence, facts, calls));
  },
};

function describe(evidence: Evidence, facts: Facts, calls: SyncCalls): Finding {
  const { blame } = calls;
  const place = blame.places[0]!;
  const { cwd } = evidence.manifest.target;
  const percent = (calls.totalMs / facts.windowMs) * 100;
  const perSecond = Math.max(calls.stretches.length, calls.totalMs / calls.callMs) / (facts.windowMs / 1000);
  const p99 = p99Of(evidence.vitals, 'loop.delay_ms');
  const cause = syncCauseOf(evidence, blame);
  const inside = causeWords(blame, cause);

  const lines = [
    ...(Number.isFinite(p99) ? [evidenceLine('event-loop delay p99', p99, 'ms', LIMIT_DELAY_MS)] : []),
    evidenceLine('time in stretches > 50 ms', percent, '%', LIMIT_SHARE_PERCENT),
    evidenceLine(`samples under ${place.function}`, blame.share * 100, '%', null),
    evidenceLine('one call, median', calls.callMs, 'ms', LIMIT_DELAY_MS),
  ];
  lines[lines.length - 2]!.text =
    `${formatNumber(blame.share * 100)} % of the samples in its blocked stretches are under ${place.function}.`;
  lines[lines.length - 1]!.text =
    `One call of ${place.function} takes ${formatDuration(calls.callMs)}, shown by ${calls.witnesses.join(', ')} in ${calls.proven} of ${calls.stretches.length} stretches.`;
  if (inside !== '' && blame.callee !== undefined) {
    lines.push(evidenceLine(`of that in ${inside}`, blame.callee.share * 100, '%', null));
  }
  if (Number.isFinite(facts.machine.waitMedian)) {
    lines.push(evidenceLine('run-queue wait', facts.machine.waitMedian, '%', STARVED_WAIT_PERCENT, 'below'));
  }
  const confidence =
    0.8 +
    (calls.witnesses.length >= 2 ? 0.07 : 0) +
    (calls.proven >= 5 ? 0.05 : 0) +
    (blame.share >= 0.9 ? 0.04 : 0) +
    (evidence.main === undefined ? -0.1 : 0) +
    (calls.proven === 1 && calls.stretches.length === 1 ? -0.08 : 0);
  const source = excerptOf(evidence, blame);
  return {
    kind: 'event-loop-blocked',
    problem: 'slow-throughput',
    severity: percent > 25 || calls.callMs > 250 ? 'critical' : 'warning',
    confidence: confidenceOf(confidence),
    title: `${callName(place)} blocks the loop ${formatDuration(calls.callMs)}, ${formatRate(perSecond)}`,
    evidence: lines,
    where: whereOf(blame.places, cwd),
    advice: adviceFor('event-loop-blocked', cause, {
      function: callName(place),
      callMs: formatDuration(calls.callMs),
      callee: inside || 'the synchronous form',
      poolThreads: formatNumber(Math.min(4, (calls.callMs * perSecond) / 1000)),
    }),
    next: nextCommands(evidence, 'cpu'),
    ...(source === undefined ? {} : { source }),
    alsoExplains: ['gateway-timeout'],
  };
}
