import { formatBytes, formatDuration, formatPercent } from '../../base/quantity.ts';
import type { Bytes, Milliseconds } from '../../base/units.ts';
import { theilSen } from '../../metrics/statistics.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { summaryOf } from '../machine-facts.ts';
import { nextCommands } from '../next-commands.ts';
import type { EvidenceLine, Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { memoryLeakExternal } from './memory-leak-external.ts';
import { memoryLeakHeap } from './memory-leak-heap.ts';

const HORIZON_MS: Milliseconds = 3_600_000;
const SOON_MS: Milliseconds = 5 * 60_000;
const LIMIT_HEAP_PERCENT = 85;
const LIMIT_CGROUP_PERCENT = 90;

/**
 * The process will reach a memory limit and be ended there.
 *
 *     limit ─────────────────────────┬─ 512 MB
 *     live            ▁▂▃▄▅▆▇ ┄┄┄┄┄┄┄┘ in 11 min
 *
 * Statistic: (limit − live) / slope for a growth that memory-leak-heap or -external has proven, against the V8 heap limit
 * and the cgroup's; live heap after GC against the heap limit; RSS against the cgroup limit. Threshold: under an hour
 * left; or live ≥ 85 % of the heap limit; or RSS ≥ 90 % of the cgroup limit and rising. Reason: growth that no leak rule
 * confirms is warm-up, and extending it for an hour would alarm about every fresh process; from 85 % on V8 collects
 * the whole heap again and again. Without an inside view only the cgroup part is judged.
 */
export const outOfMemoryRisk: Rule = {
  kind: 'out-of-memory-risk',
  needs: ['outside'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { heapLimitBytes, memoryLimitBytes } = evidence.manifest.target;
    const rss = summaryOf(evidence.vitals, 'memory.rss_bytes').p95;
    const candidates: Risk[] = [];
    const leaks = [...memoryLeakHeap.judge(evidence, facts), ...memoryLeakExternal.judge(evidence, facts)];
    const leaksHeap = leaks.some((leak) => leak.kind === 'memory-leak-heap');
    const leaksExternal = leaks.some((leak) => leak.kind === 'memory-leak-external');
    if (leaksHeap && heapLimitBytes !== undefined) {
      candidates.push(
        timeTo('V8 heap limit', heapLimitBytes, facts.heap.liveBytes, facts.heap.bytesPerMinute),
      );
    }
    if ((leaksHeap || leaksExternal) && memoryLimitBytes !== undefined && Number.isFinite(rss)) {
      const rate =
        (leaksHeap ? facts.heap.bytesPerMinute : 0) + (leaksExternal ? facts.external.bytesPerMinute : 0);
      candidates.push(timeTo('container memory limit', memoryLimitBytes, rss, rate));
    }
    const soonest = candidates.sort((a, b) => a.leftMs - b.leftMs)[0];
    if (soonest !== undefined && soonest.leftMs < HORIZON_MS)
      return [describeGrowth(evidence, soonest, leaks[0])];

    const live = facts.heap.liveBytes;
    const heapPercent = (live / (heapLimitBytes ?? Number.NaN)) * 100;
    // A low after young collections still holds garbage; only full ones say what is alive.
    const isExact = evidence.vitals.forcedGc.length > 0 || facts.gc.major > 0;
    if (isExact && heapPercent >= LIMIT_HEAP_PERCENT) {
      return [describeLevel(evidence, 'heap', live, heapLimitBytes!, heapPercent, LIMIT_HEAP_PERCENT)];
    }
    const cgroupPercent = (rss / (memoryLimitBytes ?? Number.NaN)) * 100;
    if (cgroupPercent >= LIMIT_CGROUP_PERCENT && isRising(evidence)) {
      return [describeLevel(evidence, 'cgroup', rss, memoryLimitBytes!, cgroupPercent, LIMIT_CGROUP_PERCENT)];
    }
    return [];
  },
};

interface Risk {
  what: string;
  limit: Bytes;
  used: Bytes;
  perMinute: Bytes;
  leftMs: Milliseconds;
}

function timeTo(what: string, limit: Bytes, used: Bytes, perMinute: Bytes): Risk {
  const leftMs =
    perMinute > 0 ? Math.max(0, ((limit - used) / perMinute) * 60_000) : Number.POSITIVE_INFINITY;
  return { what, limit, used, perMinute, leftMs };
}

function isRising(evidence: Evidence): boolean {
  const series = evidence.vitals.series.get('memory.rss_bytes');
  return series !== undefined && theilSen(series.time, series.value).lower > 0;
}

function describeGrowth(evidence: Evidence, risk: Risk, leak: Finding | undefined): Finding {
  const isSoon = risk.leftMs < SOON_MS;
  const left = evidenceLine('time to the limit', risk.leftMs / 60_000, 'min', 60);
  left.text = `${formatBytes(risk.used)} of ${formatBytes(risk.limit)} (${risk.what}) are used; at ${formatBytes(risk.perMinute)} a minute it is reached in ${formatDuration(risk.leftMs)}.`;
  return {
    kind: 'out-of-memory-risk',
    problem: 'memory-growth',
    severity: isSoon ? 'critical' : 'warning',
    // The leak is the cause and comes first, unless there is no time left to look for it.
    confidence: confidenceOf(isSoon ? 0.85 : Math.min(0.75, (leak?.confidence ?? 1) - 0.01)),
    title: `Out of memory in about ${formatDuration(risk.leftMs)} if it goes on growing like this (${risk.what})`,
    evidence: [left, percentLine('used of the limit', (risk.used / risk.limit) * 100, LIMIT_HEAP_PERCENT)],
    where: leak?.where ?? [],
    advice: adviceFor('out-of-memory-risk', '', {
      limit: formatBytes(risk.limit),
      timeLeft: formatDuration(risk.leftMs),
    }),
    next: nextCommands(evidence, 'allocations'),
    ...(leak?.source === undefined ? {} : { source: leak.source }),
  };
}

function describeLevel(
  evidence: Evidence,
  variant: 'heap' | 'cgroup',
  used: Bytes,
  limit: Bytes,
  percent: number,
  limitPercent: number,
): Finding {
  const words = variant === 'heap' ? 'live heap after GC' : 'RSS of the container limit';
  return {
    kind: 'out-of-memory-risk',
    problem: 'memory-growth',
    severity: percent >= 95 ? 'critical' : 'warning',
    confidence: confidenceOf(variant === 'heap' ? 0.85 : 0.75),
    title:
      variant === 'heap'
        ? `${formatBytes(used)} are alive on a heap of at most ${formatBytes(limit)}: ${formatPercent(percent)}`
        : `The process uses ${formatBytes(used)} of its container's ${formatBytes(limit)} and grows`,
    evidence: [percentLine(words, percent, limitPercent)],
    where: [],
    advice: adviceFor('out-of-memory-risk', variant, { limit: formatBytes(limit), live: formatBytes(used) }),
    next: nextCommands(evidence, 'allocations'),
  };
}

function percentLine(signal: string, percent: number, limit: number): EvidenceLine {
  return evidenceLine(signal, percent, '%', limit, percent >= limit ? 'above' : 'below');
}
