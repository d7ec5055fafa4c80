import type { UpstreamTimeout } from '../../async/upstream-timeouts.ts';
import { formatDuration, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import { confidenceOf, evidenceLine, excerptAt } from '../finding.ts';
import type { Finding, Where } from '../report.ts';
import type { Rule } from '../rule.ts';
import { measureWaits, siteWhere, subjectText } from '../wait-facts.ts';

/**
 * Requests fail because an upstream did not answer within a limit that the program set.
 *
 *     request   ├──────────────────────────┤ 504
 *     upstream   ├ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─
 *     timer      ├──────── 2 000 ms ───────┤ fires
 *
 * Statistic: followed requests that ended with a status of 500 or more, or without an answer, within 100 ms (or a tenth
 * of the limit) after a timer of theirs fired while they waited for an upstream. Threshold: three such requests which are
 * 1 % of those that ended, or every one of fewer than ten. Reason: a single one is a hiccup of the network; timers that
 * are cleared or fire without a failure are guards.
 */
export const upstreamTimeout: Rule = {
  kind: 'upstream-timeout',
  needs: ['async'],
  judge(evidence: Evidence): Finding[] {
    const found = measureWaits(evidence)?.timeouts;
    if (found === undefined) return [];
    const { ended } = found;
    return found.timeouts
      .filter(({ requests: { length } }) =>
        ended < 10 ? length >= 2 && length >= ended * 0.5 : length >= LEAST && length >= LEAST_SHARE * ended,
      )
      .slice(0, 3)
      .map((timeout) => describe(evidence, timeout, ended));
  },
};

const LEAST = 3;
const LEAST_SHARE = 0.01;

function describe(evidence: Evidence, timeout: UpstreamTimeout, ended: number): Finding {
  const { requests, timeoutMs, setAt, askedAt } = timeout;
  const share = requests.length / ended;
  const name = subjectText(timeout);
  const limit = formatDuration(timeoutMs);
  const statuses = new Map<string, number>();
  for (const { status } of requests) {
    const text = status === 0 ? 'no answer' : String(status);
    statuses.set(text, (statuses.get(text) ?? 0) + 1);
  }
  const answers = [...statuses].sort((a, b) => b[1] - a[1]).map(([status]) => status);
  const routes = [...new Set(requests.map(({ method, route, path }) => `${method} ${route || path}`))];
  const where: Where[] = [];
  for (const site of [setAt, askedAt])
    if (site !== undefined) {
      const place = siteWhere(site, evidence, share);
      if (!where.some(({ file, line }) => file === place.file && line === place.line)) where.push(place);
    }
  const source = excerptAt(evidence, setAt ?? askedAt);
  return {
    kind: 'upstream-timeout',
    problem: 'gateway-timeout',
    severity: share >= 0.1 ? 'critical' : 'warning',
    confidence: confidenceOf(0.7 + Math.min(0.25, requests.length / 40)),
    title: `${name} does not answer within ${limit}: ${formatPercent(share * 100)} of the requests give up (${answers.slice(0, 3).join(', ')})`,
    evidence: [
      evidenceLine('requests that gave up', share * 100, '%', LEAST_SHARE * 100),
      evidenceLine('requests that gave up, seen', requests.length, `of ${ended} followed`, null),
      evidenceLine('limit that ran out', timeoutMs, 'ms', null),
      {
        signal: 'routes',
        value: routes.length,
        unit: 'text',
        limit: null,
        sense: 'above',
        text: `Routes: ${routes.slice(0, 5).join(', ')}${routes.length > 5 ? ` and ${routes.length - 5} more` : ''}.`,
      },
    ],
    where,
    ...(source === undefined ? {} : { source }),
    advice: adviceFor('upstream-timeout', '', { subject: name, limit }),
    next: [`holter async ${evidence.manifest.target.pid}`],
    alsoExplains: ['server-error', 'slow-throughput'],
  };
}
