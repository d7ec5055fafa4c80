import { formatBytes, formatNumber, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import { anchorOf, asSubject, excerptOnStack, placesOnStack } from '../core-facts.ts';
import type { Evidence } from '../evidence.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { heldLines, requestLines } from './core-death.ts';

/** Of the heap in use that one container keeps, and how many there must be of one class in it: caches keep less. */
const LEAST_PERCENT = 25;
const CLEAR_PERCENT = 60;
const LEAST_COUNT = 5000;
const LEAST_BYTES = 1e6;

/**
 * The main thread was at work when the core was made. One look cannot tell a long turn from one without end, so this is a
 * warning; a process that somebody ended with a signal because it did not answer makes it likelier.
 */
export const coreRunning: Rule = {
  kind: 'event-loop-stuck',
  needs: ['core'],
  judge(evidence: Evidence): Finding[] {
    const { crash, thread, frames } = evidence.core!;
    if (thread === null || thread.isIdle || (crash !== null && crash.reason !== '')) return [];
    const where = placesOnStack(evidence, frames);
    const [first] = where;
    if (first === undefined) return [];
    // Ended by a signal of somebody who had lost patience.
    const isEnded = crash !== null;
    return [
      {
        kind: 'event-loop-stuck',
        problem: 'cpu-stuck',
        severity: 'warning',
        confidence: confidenceOf(isEnded ? 0.65 : 0.5),
        title: `${first.function || 'An anonymous function'} was running when ${isEnded ? `${crash.signal} ended the process` : 'the core was taken'}: nobody was served meanwhile`,
        evidence: [
          {
            ...evidenceLine(
              'frames of JavaScript',
              frames.filter(({ isNative }) => !isNative).length,
              '',
              null,
            ),
            text: `Main thread: ${thread.state}. One look cannot tell a long turn from one that never ends.`,
          },
          ...requestLines(evidence),
        ],
        where,
        advice: adviceFor('event-loop-stuck', 'core', { function: first.function }),
        next: nextCommands(evidence, 'core-stack'),
        ...excerptOnStack(evidence, frames, first),
      },
    ];
  },
};

/**
 * One container keeps a large part of the heap, with thousands of one class in it.
 *
 * Statistic: what would be free without the container, of all that can be reached. Threshold: 25 % and 5 000 of one class.
 * A core shows no growth: a full cache looks the same, so it is a warning at most, and a note below 60 %.
 */
export const coreHeap: Rule = {
  kind: 'memory-leak-heap',
  needs: ['core'],
  judge(evidence: Evidence): Finding[] {
    const { held, objects, crash } = evidence.core!;
    if (held === null || crash?.reason.startsWith('out of memory') === true) return [];
    const percent = (100 * held.retainedBytes) / Math.max(1, objects.bytes);
    if (percent < LEAST_PERCENT || held.count < LEAST_COUNT || held.retainedBytes < LEAST_BYTES) return [];
    const anchor = anchorOf(evidence, held);
    return [
      {
        kind: 'memory-leak-heap',
        problem: 'memory-growth',
        severity: percent >= CLEAR_PERCENT ? 'warning' : 'note',
        confidence: confidenceOf(0.4 + percent / 250),
        title: `${asSubject(anchor.text)} keeps ${formatPercent(percent)} of the heap, ${formatBytes(held.retainedBytes)}: ${formatNumber(held.count)} ${held.name}`,
        evidence: [
          evidenceLine('of the heap, held by one container', percent, '%', LEAST_PERCENT),
          evidenceLine(`${held.name}, in use`, held.count, '', LEAST_COUNT),
          ...heldLines(evidence),
        ],
        where: anchor.where === undefined ? [] : [anchor.where],
        advice: adviceFor('memory-leak-heap', 'core', { holder: anchor.text, class: held.name }),
        next: nextCommands(evidence, 'core-growth'),
        ...(anchor.source === undefined ? {} : { source: anchor.source }),
      },
    ];
  },
};
