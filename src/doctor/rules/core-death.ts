import { formatBytes, formatNumber } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import { anchorOf, excerptOnStack, placesOnStack } from '../core-facts.ts';
import type { Evidence } from '../evidence.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { nextCommands } from '../next-commands.ts';
import type { EvidenceLine, Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/** Of the heap's limit: V8 gives up a little before it. */
const FULL_PERCENT = 85;

/**
 * The process ended because its heap reached the limit.
 *
 * Statistic: the functions on the stack with which V8 reports it (`FatalProcessOutOfMemory` …), else old space against its
 * limit in a process that aborted. Told with it: where it asked for the last bit of memory, which is not always who fills
 * the heap, and what fills it with its holder.
 */
export const coreOutOfMemory: Rule = {
  kind: 'out-of-memory-risk',
  needs: ['core'],
  judge(evidence: Evidence): Finding[] {
    const core = evidence.core!;
    const { heap, crash, held, frames, objects } = core;
    const used = heap?.usedBytes ?? objects.bytes;
    const limit = heap?.limitBytes ?? Number.NaN;
    const percent = (100 * used) / limit;
    const isTold = crash?.reason.startsWith('out of memory') === true;
    if (crash === null || (!isTold && !(percent >= FULL_PERCENT && crash.signal === 'SIGABRT'))) return [];
    const where = placesOnStack(evidence, frames);
    const [first] = where;
    const anchor = held === null ? undefined : anchorOf(evidence, held);
    const lines: EvidenceLine[] = [
      evidenceLine('heap in use', round(used / 1e6), 'MB', Number.isNaN(limit) ? null : round(limit / 1e6)),
      evidenceLine('objects in use', objects.count, '', null),
      ...spaceLines(evidence),
      ...(crash.message === '' ? [] : [sentence('last words', `Its last words: ${crash.message}`)]),
      ...(first === undefined
        ? []
        : [
            sentence(
              'asked for memory',
              `The last memory was asked for in ${first.function} (${first.file}:${first.line}).`,
            ),
          ]),
      ...requestLines(evidence),
      ...heldLines(evidence),
    ];
    const pile =
      held === null || anchor === undefined
        ? ''
        : `: ${anchor.text} keeps ${formatBytes(held.retainedBytes)}, ${formatNumber(held.count)} ${held.name}`;
    return [
      {
        kind: 'out-of-memory-risk',
        problem: 'memory-growth',
        severity: 'critical',
        confidence: confidenceOf(isTold ? 0.98 : 0.7),
        title: `Ended out of memory at ${formatBytes(used)}${Number.isNaN(limit) ? '' : ` of ${formatBytes(limit)}`}${pile}`,
        evidence: lines,
        where: [...(anchor?.where === undefined ? [] : [anchor.where]), ...where],
        advice: adviceFor('out-of-memory-risk', 'core', { holder: anchor?.text, class: held?.name }),
        next: nextCommands(evidence, 'core-heap'),
        ...(anchor?.source === undefined
          ? excerptOnStack(evidence, frames, first)
          : { source: anchor.source }),
      },
    ];
  },
};

/** The process ended because nobody caught an error; the core has the stack of the throw. */
export const coreUncaught: Rule = {
  kind: 'application-errors',
  needs: ['core'],
  judge(evidence: Evidence): Finding[] {
    const { crash, exception, frames } = evidence.core!;
    if (crash?.reason.startsWith('uncaught') !== true) return [];
    const where = placesOnStack(evidence, frames);
    const [first] = where;
    const text =
      exception === null
        ? 'An error'
        : `${exception.name}${exception.message === '' ? '' : `: ${exception.message}`}`;
    const clean = text.replace(/[\p{C}\p{Z}]+/gu, ' ').slice(0, 160);
    return [
      {
        kind: 'application-errors',
        problem: 'server-error',
        severity: 'critical',
        confidence: confidenceOf(exception === null ? 0.85 : 0.97),
        title: `${clean}${first === undefined ? '' : ` in ${first.function}`}, caught by nobody: the process ended`,
        evidence: [
          sentence('ended by', `Signal ${crash.signal}: ${crash.reason}.`),
          sentence('error', `Error: ${clean}.`),
          ...requestLines(evidence),
        ],
        where,
        advice: adviceFor('application-errors', 'uncaught', { function: first?.function }),
        next: nextCommands(evidence, 'core-stack'),
        ...excerptOnStack(evidence, frames, first),
      },
    ];
  },
};

/** The largest spaces of the heap. */
function spaceLines(evidence: Evidence): EvidenceLine[] {
  const spaces = [...(evidence.core!.heap?.spaces ?? [])]
    .sort((a, b) => b.usedBytes - a.usedBytes)
    .slice(0, 4);
  const text = spaces.map(({ name, usedBytes }) => `${name.replaceAll('_', ' ')} ${formatBytes(usedBytes)}`);
  return text.length === 0 ? [] : [sentence('spaces', `Spaces of the heap: ${text.join(', ')}.`)];
}

/** Lines about what the heap is full of; shared with core-state.ts. */
export function heldLines(evidence: Evidence): EvidenceLine[] {
  const { held, classes } = evidence.core!;
  const top = classes
    .slice(0, 3)
    .map(
      ({ name, count, bytes, outsideBytes }) =>
        `${formatNumber(count)} ${name} ${formatBytes(bytes + outsideBytes)}`,
    );
  return [
    ...(top.length === 0 ? [] : [sentence('most bytes', `Most of its heap: ${top.join(', ')}.`)]),
    ...(held === null ? [] : [sentence('held by', `Held so: ${anchorOf(evidence, held).chain}.`)]),
  ];
}

/** The request that was being handled, if one is to be seen; shared with core-state.ts. */
export function requestLines(evidence: Evidence): EvidenceLine[] {
  const { request } = evidence.core!;
  return request === null ? [] : [sentence('request', `While handling ${request.method} ${request.url}.`)];
}

function sentence(signal: string, text: string): EvidenceLine {
  return { signal, value: 1, unit: 'text', limit: null, sense: 'above', text };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
