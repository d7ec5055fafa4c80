import type { WaitGroup } from '../../async/wait-summary.ts';
import { formatDuration, formatNumber, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { hidesWaits } from '../machine-facts.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { measureWaits, placesOf, subjectText, type WaitFacts } from '../wait-facts.ts';

/**
 * Requests take turns: one at a time does something that waits, the others stand in line, and the CPU idles.
 *
 *     request 1  ├──file──┤
 *     request 2  ┊ await  ├──file──┤
 *     request 3  ┊ await           ├──file──┤
 *
 * Statistic: share of the requests' time in awaits of the program's own (nothing of Node's is waited for), and how many
 * requests at once, on average, are in a known wait (file, upstream, timer …) then. Threshold: at least three requests
 * in progress, half of their time in such an await, 0.6 to 1.15 of them at once in a known wait which most requests have
 * for themselves, and the main thread less than 70 % busy. Reason: a lock lets in one at a time, so what it guards is
 * busy nearly always and never twice; requests that share one answer (batches) do not have the wait for themselves, and
 * long polls keep nobody busy.
 */
export const serialised: Rule = {
  kind: 'serialised',
  needs: ['async'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const waits = measureWaits(evidence);
    if (waits === undefined || hidesWaits(facts.machine)) return [];
    if (facts.machine.demandMedian >= BUSY_PERCENT) return [];
    const line = findLine(waits);
    if (line === undefined) return [];
    const { queue, guarded, concurrency, percent } = line;
    const { mean } = waits.all.requestsInFlight;
    const what = subjectText(guarded);
    return [
      {
        kind: 'serialised',
        problem: 'slow-throughput',
        severity: mean >= 10 && percent >= 80 ? 'critical' : 'warning',
        confidence: confidenceOf(0.6 + percent / 500 + Math.min(0.15, waits.judged / 400)),
        title: `Requests take turns: one at a time waits for ${what} (${formatDuration(guarded.median)}), the other ${formatNumber(Math.max(1, Math.round(mean - concurrency)))} stand in line for ${formatPercent(percent)} of their time`,
        evidence: [
          evidenceLine('in line, share of the time', percent, '%', LINE_PERCENT),
          evidenceLine('requests in progress, mean', mean, '', IN_FLIGHT),
          evidenceLine('at the head of the line, mean', concurrency, '', null),
          evidenceLine('what it waits for, median', guarded.median, 'ms', null),
          evidenceLine('in line, median', queue.median, 'ms', null),
          evidenceLine('main thread CPU median', facts.machine.cpuMedian, '%', BUSY_PERCENT, 'below'),
        ].filter(({ value }) => Number.isFinite(value)),
        ...placesOf([queue, guarded], evidence),
        advice: adviceFor('serialised', isOneConnection(guarded) ? 'connection' : '', { what }),
        next: [`holter async ${evidence.manifest.target.pid}`],
        alsoExplains: ['gateway-timeout'],
      },
    ];
  },
};

/** Where others are open and idle, it is not the connection that is waited for. */
function isOneConnection({ kind, connections }: WaitGroup): boolean {
  return kind === 'peer' && (connections?.open ?? 1) <= 1;
}

const BUSY_PERCENT = 70;
const LINE_PERCENT = 50;
const IN_FLIGHT = 3;
const AT_ONCE: readonly [number, number] = [0.6, 1.15];
/** Of the followed requests that must have the guarded wait for themselves. */
const OWN_SHARE = 0.6;
const FEWEST = 8;

interface Line {
  queue: WaitGroup;
  guarded: WaitGroup;
  concurrency: number;
  percent: number;
}

/** The line, and what the one at its head does; undefined when there is none. */
export function findLine({ all, judged }: Pick<WaitFacts, 'all' | 'judged'>): Line | undefined {
  if (all.requestsInFlight.mean < IN_FLIGHT || judged < FEWEST) return undefined;
  const queues = all.groups.filter(({ kind }) => kind === 'promise');
  const known = all.groups.filter(({ kind }) => kind !== 'promise');
  const [queue] = queues;
  const [guarded] = [...known].sort((a, b) => b.concurrency - a.concurrency);
  if (queue === undefined || guarded === undefined) return undefined;
  const percent = Math.min(
    100,
    queues.reduce((sum, { requestShare }) => sum + requestShare, 0),
  );
  const concurrency = known.reduce((sum, group) => sum + group.concurrency, 0);
  const isOne = concurrency >= AT_ONCE[0] && concurrency <= AT_ONCE[1];
  const isOwn = guarded.count >= OWN_SHARE * judged;
  // Two at once even once is no lock. Of a part of the requests it is a part.
  const scale = Math.max(1, all.requests / Math.max(1, all.followed));
  const isAlone = guarded.mostAtOnce <= Math.round(scale);
  // Counted over all requests, not only the followed ones.
  const isShared = (guarded.connections?.mostBusy ?? 1) > 1;
  if (percent < LINE_PERCENT || !isOne || !isOwn || !isAlone || isShared) return undefined;
  return { queue, guarded, concurrency, percent };
}
