import type { OperationKind } from '../../async/operation.ts';
import type { WaitGroup } from '../../async/wait-summary.ts';
import { formatDuration, formatNumber, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { hidesWaits } from '../machine-facts.ts';
import { measurePool } from '../pool-facts.ts';
import type { EvidenceLine, Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { measureWaits, placesOf, SLOW_MS, subjectText, type WaitFacts } from '../wait-facts.ts';

/**
 * Requests are slow because they wait for somebody else: an upstream, a file, a name.
 *
 *     request  ├─┬──────────────────────────────┬─┤   412 ms
 *     db:5432    └──────────── 380 ms ──────────┘
 *
 * Statistic: of the followed requests that took 200 ms and more, the share of their time in which they waited for one
 * subject (the queue before its connections counted with it), and the median length of such a wait. Threshold: at
 * least five slow requests which are 5 % of all, the subject has 40 % of their time, and one wait (of files: all of a
 * request's) is at least 80 ms and three times what the loop is late (p95). Where every connection to an upstream is busy and requests queue for one,
 * the queue must be 50 ms and longer than the answer; the requests themselves need not be slow then. Reason: waiting is
 * what a server does, and every healthy one waits most of the time; it is a finding when somebody waits noticeably long
 * for the answer, for one cause, and the loop or a saturated machine is not that cause.
 */
export const ioBound: Rule = {
  kind: 'io-bound',
  needs: ['async'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const waits = measureWaits(evidence);
    if (waits === undefined || facts.isSaturated || hidesWaits(facts.machine)) return [];
    const exhausted = findExhausted(waits);
    const findings: Finding[] = [];
    if (exhausted !== undefined) findings.push(describeExhausted(evidence, waits, exhausted));
    for (const cause of findSlowCauses(evidence, facts, waits)) {
      if (exhausted !== undefined && cause.peer?.subject === exhausted.peer.subject) continue;
      findings.push(describeSlow(evidence, waits, cause));
    }
    return findings;
  },
};

const EXTERNAL: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'peer',
  'http-client',
  'connect',
  'dns',
  'fs',
  'child',
]);
/** These pass through libuv's pool: when it is full, its own rule tells why they take long. */
const POOLED: ReadonlySet<OperationKind> = new Set<OperationKind>(['fs', 'dns']);

const SLOW_COUNT = 5;
const SLOW_SHARE = 0.05;
const CAUSE_PERCENT = 40;
const LEAST_WAIT_MS = 80;
const LOOP_FACTOR = 3;
const QUEUE_MS = 50;
const BUSY_SHARE = 0.85;
/** Of the requests' time. */
const QUEUE_PERCENT = 25;

interface Cause {
  peer: WaitGroup | undefined;
  queue: WaitGroup | undefined;
  /** Of the slow requests' time, %. */
  percent: number;
  wait: number;
  /** `wait` is that of a request for all pieces, not the median of one. */
  isSummed: boolean;
}

function findSlowCauses(evidence: Evidence, facts: Facts, waits: WaitFacts): Cause[] {
  const { slow, slowCount, judged } = waits;
  if (slow === undefined || slowCount < SLOW_COUNT || slowCount < SLOW_SHARE * judged) return [];
  const pool = evidence.pool === undefined ? undefined : measurePool(evidence.pool);
  const poolIsFull = pool !== undefined && (pool.fullShare >= 0.5 || pool.heldThreads >= pool.threads);
  const late = Number.isFinite(facts.machine.delayP95) ? facts.machine.delayP95 : 0;
  const causes: Cause[] = [];
  for (const { kind, subject } of distinct(slow.groups.filter(({ kind }) => EXTERNAL.has(kind)))) {
    if (poolIsFull && POOLED.has(kind)) continue;
    // upstream-timeout says the same, and more.
    if (waits.timeouts.timeouts.some((timeout) => timeout.subject === subject)) continue;
    const asked = slow.groups.filter((group) => group.kind === kind && group.subject === subject);
    const queues = slow.groups.filter((group) => group.kind === 'promise' && group.leadsTo === subject);
    const percent = [...asked, ...queues].reduce((sum, { requestShare }) => sum + requestShare, 0);
    // One `readFile` is an open, a stat, reads and a close: what counts is how long a request waits for all of them.
    const summed = kind === 'fs' ? Math.min(1, percent / 100) * waits.slowMean : 0;
    const single = Math.max(...[...asked, ...queues].map(waitOf));
    const wait = Math.max(summed, single);
    if (percent < CAUSE_PERCENT || wait < LEAST_WAIT_MS || wait < LOOP_FACTOR * late) continue;
    causes.push({
      peer: asked[0],
      queue: queues[0],
      percent: Math.min(100, percent),
      wait,
      isSummed: wait > single,
    });
  }
  return causes.sort((a, b) => b.percent - a.percent).slice(0, 2);
}

/** Median of the waits that are over; where none is, how long the requests have waited so far. */
function waitOf({ median, concurrency, waitingNow }: WaitGroup): number {
  if (Number.isFinite(median)) return median;
  return waitingNow > 0 && concurrency > 0 ? Number.POSITIVE_INFINITY : 0;
}

function distinct(groups: readonly WaitGroup[]): WaitGroup[] {
  const seen = new Map<string, WaitGroup>();
  for (const group of groups) {
    const key = `${group.kind}\n${group.subject}`;
    if (!seen.has(key)) seen.set(key, group);
  }
  return [...seen.values()];
}

/** All connections to an upstream are busy all the time, and requests queue for one. One connection: `serialised`. */
function findExhausted({ all }: WaitFacts): { peer: WaitGroup; queue: WaitGroup } | undefined {
  for (const queue of all.groups) {
    if (queue.kind !== 'promise' || queue.leadsTo === '' || queue.requestShare < QUEUE_PERCENT) continue;
    const peer = all.groups.find(({ kind, subject }) => kind === 'peer' && subject === queue.leadsTo);
    const connections = peer?.connections;
    if (peer === undefined || connections === undefined || connections.mostBusy < 2) continue;
    if (connections.meanBusy < BUSY_SHARE * connections.mostBusy) continue;
    if (queue.median >= QUEUE_MS && queue.median >= peer.median) return { peer, queue };
  }
  return undefined;
}

function describeExhausted(
  evidence: Evidence,
  waits: WaitFacts,
  { peer, queue }: { peer: WaitGroup; queue: WaitGroup },
): Finding {
  const { open, meanBusy, mostBusy } = peer.connections!;
  const count = formatNumber(mostBusy);
  return {
    kind: 'io-bound',
    problem: 'slow-throughput',
    severity: queue.median >= 1000 ? 'critical' : 'warning',
    confidence: confidenceOf(0.7 + Math.min(0.2, waits.judged / 500)),
    title: `All ${count} connections to ${peer.subject} are busy: requests wait ${formatDuration(queue.median)} for one, the answer takes ${formatDuration(peer.median)}`,
    evidence: [
      evidenceLine('wait for a connection, median', queue.median, 'ms', QUEUE_MS),
      evidenceLine('its answer, median', peer.median, 'ms', null),
      evidenceLine('queue, share of the time', queue.requestShare, '%', QUEUE_PERCENT),
      evidenceLine('connections busy, mean', meanBusy, `of ${formatNumber(open)}`, null),
      evidenceLine('requests in progress, mean', waits.all.requestsInFlight.mean, '', null),
      ...requestLines(waits),
    ],
    ...placesOf([queue, peer], evidence),
    advice: adviceFor('io-bound', 'exhausted', {
      connections: count,
      subject: peer.subject,
      answer: formatDuration(peer.median),
    }),
    next: [`holter async ${evidence.manifest.target.pid}`],
    alsoExplains: ['gateway-timeout'],
  };
}

function describeSlow(
  evidence: Evidence,
  waits: WaitFacts,
  { peer, queue, percent, wait, isSummed }: Cause,
): Finding {
  const group = peer ?? queue!;
  const name = subjectText(group);
  const never = !Number.isFinite(wait);
  const took = never ? 'has not answered yet' : `takes ${formatDuration(wait)}`;
  const busy = group.connections;
  const lines: EvidenceLine[] = [
    evidenceLine('share of the slow requests’ time', percent, '%', CAUSE_PERCENT),
    ...(never
      ? []
      : [
          evidenceLine(isSummed ? 'wait of a request' : 'wait for it, median', wait, 'ms', LEAST_WAIT_MS),
          evidenceLine('wait for it, p95', isSummed ? Number.NaN : group.p95, 'ms', null),
        ]),
    evidenceLine(
      'waiting at once, mean',
      group.concurrency,
      busy === undefined ? '' : `on ${formatNumber(busy.open)} connections`,
      null,
    ),
    evidenceLine('waiting now', group.waitingNow, '', null),
    ...requestLines(waits),
  ];
  return {
    kind: 'io-bound',
    problem: waits.p95 >= GATEWAY_MS ? 'gateway-timeout' : 'slow-throughput',
    severity: waits.p95 >= 1000 && waits.slowCount >= 0.3 * waits.judged ? 'critical' : 'warning',
    confidence: confidenceOf(0.55 + percent / 400 + Math.min(0.15, waits.slowCount / 400)),
    title: `Requests wait for ${name}: it ${took}, ${formatPercent(percent)} of the time of those that are slow`,
    evidence: lines.filter(({ value }) => Number.isFinite(value)),
    ...placesOf([peer, queue], evidence),
    advice: adviceFor('io-bound', group.kind, { subject: name }),
    next: [`holter async ${evidence.manifest.target.pid}`],
    alsoExplains: [waits.p95 >= GATEWAY_MS ? 'slow-throughput' : 'gateway-timeout'],
  };
}

/** Proxies give up after some seconds. */
const GATEWAY_MS = 5000;

function requestLines({ median, p95, slowCount, judged, all }: WaitFacts): EvidenceLine[] {
  return [
    evidenceLine('requests, median', median, 'ms', null),
    evidenceLine('requests, p95', p95, 'ms', SLOW_MS),
    evidenceLine(
      `requests of ${SLOW_MS} ms and more`,
      slowCount,
      `of ${formatNumber(judged)} followed`,
      null,
    ),
    evidenceLine('JavaScript of their time', all.runningShare, '%', null),
  ].filter(({ value }) => Number.isFinite(value));
}
