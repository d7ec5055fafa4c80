import { HolterError } from '../base/errors.ts';
import { formatDuration, formatNumber, formatPercent } from '../base/quantity.ts';
import type { LoadResult } from './load-result.ts';

type Unit = 'ms' | '%' | '';

/** `p99>200ms`: a condition under which a load test counts as failed. */
export interface FailCondition {
  /** As the user wrote it. */
  text: string;
  measure: string;
  isAbove: boolean;
  /** ms for latencies, 0–100 with `isShare`, a number otherwise. */
  limit: number;
  isShare: boolean;
}

const LATENCIES = ['min', 'mean', 'p50', 'p75', 'p90', 'p95', 'p99', 'p999', 'max'] as const;
type LatencyName = (typeof LATENCIES)[number];
/** Counts of requests: as a number, or as a share of all with `%`. */
const COUNTS: Record<string, (requests: LoadResult['requests']) => number> = {
  errors: ({ total, ok }) => total - ok,
  non2xx: ({ non2xx }) => non2xx,
  timeouts: ({ timeouts }) => timeouts,
};
const MS_PER_UNIT: Record<string, number> = { us: 1e-3, µs: 1e-3, ms: 1, s: 1000 };

/**
 * Reads `p99>200ms`, `p99.9>1s`, `max>2s`, `rps<500`, `errors>1%`, `timeouts>0`. `errors` is every request without a 2xx
 * answer. A latency without a unit is in ms.
 * @throws HolterError E_USAGE
 */
export function readFailCondition(text: string): FailCondition {
  const match = /^\s*([a-z0-9.]+)\s*([<>])\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s|%|)\s*$/i.exec(text);
  const measure = (match?.[1] ?? '').toLowerCase().replace('p99.9', 'p999');
  const unit = (match?.[4] ?? '').toLowerCase();
  const isLatency = LATENCIES.includes(measure as LatencyName);
  const isCount = measure in COUNTS;
  const fits = isLatency
    ? unit !== '%'
    : isCount
      ? unit === '%' || unit === ''
      : measure === 'rps' && unit === '';
  if (match === null || !fits)
    throw new HolterError('E_USAGE', `--fail-on ${JSON.stringify(text)} is no condition`, {
      hint:
        "for example --fail-on 'p99>200ms', 'rps<500', 'errors>1%'; measures: " +
        [...LATENCIES, 'rps', ...Object.keys(COUNTS)].join(', '),
    });
  return {
    text: text.trim(),
    measure,
    isAbove: match[2] === '>',
    limit: Number(match[3]) * (isLatency ? (MS_PER_UNIT[unit || 'ms'] ?? 1) : 1),
    isShare: unit === '%',
  };
}

/** What broke `condition`, as `p99 is 212 ms`; undefined when it holds. */
export function judgeLoad(result: LoadResult, condition: FailCondition): string | undefined {
  const { measure, limit, isAbove, isShare } = condition;
  const count = COUNTS[measure];
  let value: number;
  let unit: Unit = '';
  if (measure === 'rps') value = result.throughput.requestsPerSecond;
  else if (count === undefined) {
    value = result.latency[measure as LatencyName];
    unit = 'ms';
  } else {
    value = count(result.requests);
    if (isShare) value = (value * 100) / result.requests.total;
    unit = isShare ? '%' : '';
  }
  const holds = isAbove ? value > limit : value < limit;
  return holds ? `${measure.replace('p999', 'p99.9')} is ${say(value, unit)}` : undefined;
}

function say(value: number, unit: Unit): string {
  if (unit === 'ms') return formatDuration(value);
  return unit === '%' ? formatPercent(value) : formatNumber(value);
}
