import { formatDuration, formatNumber } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { measurePool } from '../pool-facts.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { poolAskers } from '../wait-facts.ts';

/**
 * libuv's pool is busy all the time and work stands in line for it.
 *
 *     busy   ████████████   no idle thread
 *     queue  ▅▆▅▆▇▆▅▆▆▅▆▇
 *
 * Statistic: libuv's own variables (`idle_threads`, the length of its queues), read out of memory five times a second; how
 * long one piece of work was seen to wait, which is a lower bound. Threshold: no idle thread and something waiting in at
 * least 60 % of the samples, and either at least one whole round of work waits (mean queue ≥ number of threads) or one
 * piece waited 200 ms or more. Reason: bursts fill a healthy pool for some milliseconds; a queue that is there at most
 * looks, and is longer than what is being done, adds its own length to every answer.
 */
export const threadpoolSaturated: Rule = {
  kind: 'threadpool-saturated',
  needs: ['pool'],
  judge(evidence: Evidence): Finding[] {
    const pool = evidence.pool === undefined ? undefined : measurePool(evidence.pool);
    if (pool === undefined || pool.fullShare < FULL_SHARE || pool.heldThreads >= pool.threads) return [];
    if (pool.meanQueued < pool.threads && pool.longestWaitMs < LONG_WAIT_MS) return [];
    const kinds = pool.waiting.slice(0, 3);
    const main = kinds[0]?.kind ?? 'other';
    const listed = kinds.map(({ kind, share }) => `${kind} ${Math.round(share * 100)} %`).join(', ');
    return [
      {
        kind: 'threadpool-saturated',
        problem: 'slow-throughput',
        severity: pool.meanQueued >= 4 * pool.threads ? 'critical' : 'warning',
        confidence: confidenceOf(0.75 + Math.min(0.2, pool.fullShare / 5)),
        title: `The libuv pool is full: ${formatNumber(pool.meanQueued)} pieces of work wait for its ${pool.threads} threads, mostly ${main}`,
        evidence: [
          evidenceLine('samples with a full pool and a queue', pool.fullShare * 100, '%', FULL_SHARE * 100),
          evidenceLine('work waiting, mean', pool.meanQueued, '', pool.threads),
          evidenceLine('work waiting, most', pool.mostQueued, '', null),
          evidenceLine('longest wait seen', Math.round(pool.longestWaitMs), 'ms', LONG_WAIT_MS),
          {
            signal: 'what waits',
            value: kinds.length,
            unit: 'text',
            limit: null,
            sense: 'above',
            text: `What waits: ${listed}; for ${formatDuration(pool.longestWaitMs)} and more.`,
          },
        ],
        ...poolAskers(evidence, main),
        advice: adviceFor('threadpool-saturated', main),
        next: [`holter stack ${evidence.manifest.target.pid} --threads`],
        alsoExplains: ['gateway-timeout'],
      },
    ];
  },
};

const FULL_SHARE = 0.6;
const LONG_WAIT_MS = 200;
