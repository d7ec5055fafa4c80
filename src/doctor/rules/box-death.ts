import { formatBytes, formatDuration } from '../../base/quantity.ts';
import type { BoxFrame } from '../../metrics/black-box.ts';
import { classifyLocation } from '../../source-map/location.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import { confidenceOf, displayPath, evidenceLine } from '../finding.ts';
import type { EvidenceLine, Finding, Where } from '../report.ts';
import type { Rule } from '../rule.ts';

/** Rules on how a process with an agent ended; the cause itself is named by metrics/box-death.ts. */

/** Share of the limit from which it is worth telling. */
const NEAR_LIMIT = 0.8;

/** V8 gave up at its limit, or the kernel killed for want of memory. */
export const boxOutOfMemory: Rule = {
  kind: 'out-of-memory-risk',
  needs: ['box'],
  judge(evidence: Evidence): Finding[] {
    const box = evidence.box!;
    if (box.cause !== 'heap-limit' && box.cause !== 'oom-kill') return [];
    const {
      heapUsedBytes: heap,
      heapLimitBytes: heapLimit,
      memoryBytes: memory,
      memoryLimitBytes: limit,
    } = box;
    const isHeap = box.cause === 'heap-limit';
    // V8's limit counts room for the young generation that old objects cannot have: far above what was used it misleads.
    const isNear = heap !== undefined && heapLimit !== undefined && heap >= NEAR_LIMIT * heapLimit;
    const [used, of] = isHeap ? [heap, isNear ? heapLimit : undefined] : [memory, limit];
    const size =
      used === undefined ? '' : ` at ${formatBytes(used)}${of === undefined ? '' : ` of ${formatBytes(of)}`}`;
    return [
      {
        kind: 'out-of-memory-risk',
        problem: 'memory-growth',
        severity: 'critical',
        confidence: confidenceOf(box.confidence),
        title: isHeap
          ? `Ended out of memory${size}: V8 gave up`
          : `Killed by the kernel for want of memory${size}`,
        evidence: [
          ...(used === undefined
            ? []
            : [
                evidenceLine(
                  isHeap ? 'heap in use' : 'memory in use',
                  round(used / 1e6),
                  'MB',
                  of === undefined ? null : round(of / 1e6),
                ),
              ]),
          ...reasons(box.reasons),
        ],
        where: placesOf(evidence, box.frames),
        advice: adviceFor('out-of-memory-risk', isHeap ? 'heap' : 'cgroup', {}),
        next: [],
      },
    ];
  },
};

/** Nobody caught it. */
export const boxUncaught: Rule = {
  kind: 'application-errors',
  needs: ['box'],
  judge(evidence: Evidence): Finding[] {
    const box = evidence.box!;
    if (box.cause !== 'uncaught' || box.error === undefined) return [];
    const where = placesOf(evidence, box.frames);
    const text = `${box.error.name}: ${box.error.message}`.replace(/[\p{C}\p{Z}]+/gu, ' ').slice(0, 160);
    return [
      {
        kind: 'application-errors',
        problem: 'server-error',
        severity: 'critical',
        confidence: confidenceOf(box.confidence),
        title: `${text}${where[0] === undefined ? '' : ` in ${where[0].function}`}, caught by nobody: the process ended`,
        evidence: reasons([`Ended by ${box.how}.`]),
        where,
        advice: adviceFor('application-errors', 'uncaught', { function: where[0]?.function }),
        next: [],
      },
    ];
  },
};

/** Somebody ended it while it was stuck. */
export const boxStuck: Rule = {
  kind: 'event-loop-stuck',
  needs: ['box'],
  judge(evidence: Evidence): Finding[] {
    const box = evidence.box!;
    if (box.cause !== 'stuck-kill') return [];
    const where = placesOf(evidence, box.frames);
    const [first] = where;
    const place =
      first === undefined ? 'in a native call' : `in ${first.function} (${first.file}:${first.line})`;
    return [
      {
        kind: 'event-loop-stuck',
        problem: 'cpu-stuck',
        severity: 'critical',
        confidence: confidenceOf(box.confidence),
        title: `Stuck ${place} for ${formatDuration(box.stuckMs ?? 0)} when it was killed`,
        evidence: [
          evidenceLine('no turn of the loop', round((box.stuckMs ?? 0) / 1000), 's', null),
          ...reasons(box.reasons),
        ],
        where,
        advice: adviceFor('event-loop-stuck', '', {}),
        next: [],
      },
    ];
  },
};

function reasons(sentences: readonly string[]): EvidenceLine[] {
  return sentences.map((text) => ({
    signal: 'how it ended',
    value: 1,
    unit: 'text',
    limit: null,
    sense: 'above',
    text,
  }));
}

/** The program's own places first, innermost first; without any, those of its packages. */
function placesOf(evidence: Evidence, frames: readonly BoxFrame[]): Where[] {
  const { cwd } = evidence.manifest.target;
  const places = frames.map(({ function: name, file, line, column }) => {
    const { party, package: owner, file: path } = classifyLocation(file, { roots: [cwd] });
    const where: Where = {
      function: name,
      file: displayPath(path, cwd),
      line,
      column,
      share: null,
      package: owner,
    };
    return { party, where };
  });
  const own = places.filter(({ party }) => party === 'user');
  const shown = own.length > 0 ? own : places.filter(({ party }) => party === 'dependency');
  return shown.slice(0, 8).map(({ where }) => where);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
