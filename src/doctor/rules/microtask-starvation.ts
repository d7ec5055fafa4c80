import { formatDuration } from '../../base/quantity.ts';
import { findFunctionExtent, findLines } from '../../cpu/function-source.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { blameStuck, stuckConfidence } from '../stuck-place.ts';

const LEAST_MS = 2500;
/** What puts work back into the queues that run before the loop may turn. */
const REQUEUE = /\bqueueMicrotask\s*\(|\bnextTick\s*\(|\bawait\b|\.(then|finally|catch)\s*\(/;

/**
 * The loop does not turn, yet a probe queued as microtask or `process.nextTick` ran: code runs, returns and is queued
 * again before the loop may go on.
 *
 *     poll │ microtask microtask microtask microtask microtask …      timers and sockets never get their turn
 *
 * Statistic: which of the three probes queued into the stuck process ran. Threshold: 2.5 s without a turn of the loop,
 * microtask or nextTick probe ran, setImmediate probe did not. Reason: no other state of Node gives that combination.
 */
export const microtaskStarvation: Rule = {
  kind: 'microtask-starvation',
  needs: ['loop'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { stuck } = evidence;
    if (stuck === undefined || !facts.stuck) return [];
    if (!stuck.probes.microtask && !stuck.probes.nextTick) return [];
    const blame = blameStuck(evidence);
    const place = blame?.places[0];
    if (blame !== undefined && place !== undefined) {
      const line = requeueLine(evidence, place.file, blame.functionLine, place.line);
      if (line > 0) {
        place.line = line;
        place.column = 0;
        if (!blame.lineShares.has(line)) blame.lineShares.set(line, blame.share);
      }
    }
    const queue =
      stuck.probes.nextTick && !stuck.probes.microtask ? 'process.nextTick' : 'promises (microtasks)';
    const stall = evidenceLine('loop has not turned for', stuck.ms / 1000, 's', LEAST_MS / 1000);
    stall.text = `The loop has not turned for ${formatDuration(stuck.ms)}, but a probe queued as ${
      stuck.probes.microtask ? 'microtask' : 'process.nextTick'
    } ran meanwhile; one queued with setImmediate did not.`;
    const source = blame === undefined ? undefined : excerptOf(evidence, blame);
    return [
      {
        kind: 'microtask-starvation',
        problem: 'cpu-stuck',
        severity: 'critical',
        confidence: confidenceOf(stuckConfidence(stuck.ms) - (blame === undefined ? 0.15 : 0)),
        title: `${place === undefined ? 'Something' : callName(place)} starves the loop: it queues itself again through ${queue}`,
        evidence: [
          stall,
          ...(Number.isFinite(facts.machine.cpuMedian)
            ? [evidenceLine('main thread CPU median', facts.machine.cpuMedian, '%', null)]
            : []),
          ...(blame === undefined
            ? []
            : [evidenceLine(`samples under ${place!.function}`, blame.share * 100, '%', null)]),
        ],
        where: blame === undefined ? [] : whereOf(blame.places, evidence.manifest.target.cwd),
        advice: adviceFor('microtask-starvation', '', {
          function: place === undefined ? 'Something' : callName(place),
        }),
        next: nextCommands(evidence, 'after-fix'),
        ...(source === undefined ? {} : { source }),
        alsoExplains: ['gateway-timeout'],
      },
    ];
  },
};

/** Line of the function that queues it again; the one nearest to the hot line when there are several; 0 = not found. */
function requeueLine(evidence: Evidence, file: string, functionLine: number, hotLine: number): number {
  const lines = evidence.sources.lines(file);
  if (lines === undefined || functionLine < 1) return 0;
  const extent = findFunctionExtent(lines, functionLine, 0);
  if (extent === undefined) return 0;
  const found = findLines(lines, extent, REQUEUE);
  found.sort((a, b) => Math.abs(a - hotLine) - Math.abs(b - hotLine));
  return found[0] ?? 0;
}
