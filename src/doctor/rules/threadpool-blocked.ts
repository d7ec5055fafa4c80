import { formatDuration } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { measurePool, workText } from '../pool-facts.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { poolAskers } from '../wait-facts.ts';

/**
 * Every thread of libuv's pool sleeps in a system call that does not return, and work waits behind them: file access,
 * name look-ups, crypto and compression stand still for the whole process, though the event loop turns.
 *
 *     thread 1   ██████████  open /run/fifo     the same work in all samples
 *     thread 2   ██████████  open /run/fifo
 *     queue      ▁▂▃▄▅▆▇█
 *
 * Statistic: libuv's own variables and the work its threads hold, read out of memory five times a second. Threshold: as
 * many pieces of work as there are threads were on their threads for at least 80 % of the window and 2.5 s, each asleep in
 * the kernel, and something waits in at least half of the samples. Reason: work of a healthy pool takes milliseconds; what
 * a thread does with the CPU (crypto) does not sleep, and is `threadpool-saturated`.
 */
export const threadpoolBlocked: Rule = {
  kind: 'threadpool-blocked',
  needs: ['pool'],
  judge(evidence: Evidence): Finding[] {
    const pool = evidence.pool === undefined ? undefined : measurePool(evidence.pool);
    if (pool === undefined || pool.heldThreads < pool.threads || pool.fullShare < 0.5) return [];
    const [first] = pool.held;
    if (first === undefined) return [];
    const what = workText(first.kind, first.subject);
    return [
      {
        kind: 'threadpool-blocked',
        problem: 'slow-throughput',
        severity: 'critical',
        confidence: confidenceOf(0.96),
        title: `All ${pool.threads} threads of the libuv pool wait in ${what}: ${pool.mostQueued} pieces of work wait for them`,
        evidence: [
          evidenceLine('pool threads held', pool.heldThreads, 'threads', pool.threads - 1),
          evidenceLine('held for', Math.round(first.forMs), 'ms', 2500),
          evidenceLine('samples in which work waits', pool.fullShare * 100, '%', 50),
          evidenceLine('work waiting, most', pool.mostQueued, '', null),
          {
            signal: 'what they do',
            value: first.threads,
            unit: 'text',
            limit: null,
            sense: 'above',
            text: `They are in ${pool.held.map(({ threads, kind, subject, systemCall }) => `${workText(kind, subject)} (${systemCall}, ${threads} threads)`).join(', ')} for ${formatDuration(first.forMs)}.`,
          },
        ],
        ...poolAskers(evidence, first.kind),
        advice: adviceFor('threadpool-blocked', first.kind, { what }),
        next: [`holter stack ${evidence.manifest.target.pid} --threads`],
        alsoExplains: ['gateway-timeout'],
      },
    ];
  },
};
