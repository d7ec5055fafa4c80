import type { ErrorPlace, ErrorSite, ErrorSites } from '../../async/error-sites.ts';
import type { CreationSite } from '../../async/operation.ts';
import { buildThrownErrors, type ThrownError, type ThrownOrigin } from '../../async/thrown-errors.ts';
import { formatNumber, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import { confidenceOf, displayPath, evidenceLine, excerptAt } from '../finding.ts';
import type { EvidenceLine, Finding, Severity, SourceExcerpt, Where } from '../report.ts';
import type { Rule } from '../rule.ts';
import { measureWaits } from '../wait-facts.ts';

/**
 * Requests are answered with a status of 500 and more, and one line of the program is why.
 *
 *     answers   ············×······×···········×·····×····  status ≥ 500
 *     sample                ↑      ↑           ↑            the error in reach of the code that answers,
 *                                                           or what was passed or thrown in that request
 *
 * Statistic: failed answers of all answers in the window, all counted; the share of them that one line has, from a sample
 * of a few. Threshold: at least three, and 1 % of 100 and more answers or 5 % of fewer: warning; 20 %: critical; a note
 * from 0.5 % on. Reason: single failures happen to every server that has callers and upstreams, at some 0.1 %, and are no
 * finding; from 1 % on a caller that asks for ten things meets one in ten times. An error that is caught counts only where
 * the requests in which it is thrown fail. Timeouts are left to upstream-timeout when that rule could judge.
 * Errors that nobody catches and that the program survives count by their number: a note, from three on a warning.
 */
export const applicationErrors: Rule = {
  kind: 'application-errors',
  needs: ['errors'],
  judge(evidence: Evidence): Finding[] {
    const { errors } = evidence;
    if (errors === undefined) return [];
    return [...judgeAnswers(evidence, errors), ...judgeUncaught(evidence, errors)].slice(0, MOST);
  },
};

const MOST = 3;
const LEAST = 3;
const NOTE_PERCENT = 0.5;
const WARNING_PERCENT = 1;
/** Of fewer than 100 answers. */
const FEW = 100;
const FEW_PERCENT = 5;
const CRITICAL_PERCENT = 20;
const UNCAUGHT_WARNING = 3;
/** Ways to an uncaught error that are told, and lines of each. */
const WAYS = 3;
const STEPS = 4;
/** The language's own: nobody says by them that an upstream was late. */
const MISTAKE = /^(?:TypeError|ReferenceError|RangeError|SyntaxError)$/;
/** Part of the answers of one status that gave up on an upstream, from which on they are left to upstream-timeout. */
const BLANK_TIMEOUT_SHARE = 0.5;
const NAMED_TIMEOUT_SHARE = 0.8;

function severityOf(failed: number, answers: number): Severity | undefined {
  const percent = (100 * failed) / Math.max(1, answers);
  if (failed < LEAST || percent < (answers < FEW ? FEW_PERCENT : NOTE_PERCENT)) return undefined;
  return percent >= CRITICAL_PERCENT ? 'critical' : percent >= WARNING_PERCENT ? 'warning' : 'note';
}

type Cause = Omit<ErrorSite, 'name' | 'message' | 'code' | 'cause' | 'isTimeout'> & Partial<ErrorSite>;

function judgeAnswers(evidence: Evidence, errors: ErrorSites): Finding[] {
  const { answers, failed } = errors;
  if (severityOf(failed, answers) === undefined) return [];
  const ofTimeouts = statusesOfTimeouts(evidence);
  const all: Cause[] = [...errors.sites, ...errors.blank].sort((a, b) => b.share - a.share);
  const causes = all.filter(({ statuses, isTimeout, name }) => {
    if (ofTimeouts === undefined) return true;
    // An error of the program's own that says the same: all that is answered so, or nearly, gave up.
    const share = name === undefined ? BLANK_TIMEOUT_SHARE : NAMED_TIMEOUT_SHARE;
    if (name !== undefined && MISTAKE.test(name)) return true;
    return isTimeout !== true && !statuses.every((status) => (ofTimeouts.get(status) ?? 0) >= share);
  });
  // Nothing was looked at (a window too short), and not everything is told by the other rule.
  if (all.length === 0) {
    const rest = errors.statuses.filter(({ status }) => (ofTimeouts?.get(status) ?? 0) < BLANK_TIMEOUT_SHARE);
    const count = rest.reduce((sum, one) => sum + one.count, 0);
    const severity = severityOf(count, answers);
    if (severity === undefined) return [];
    const routes = errors.routes.map(({ route }) => route);
    const statuses = rest.map(({ status }) => status);
    const cause = {
      how: 'answered' as const,
      places: [],
      answeredAt: [],
      samples: 0,
      share: count / failed,
      statuses,
      routes,
    };
    return [describe(evidence, errors, cause, severity)];
  }
  const findings: Finding[] = [];
  for (const cause of causes) {
    const own = severityOf(Math.round(cause.share * failed), answers);
    if (own !== undefined) findings.push(describe(evidence, errors, cause, own));
  }
  // Many small ones are as bad as a large one: the largest speaks for them.
  const [largest] = causes;
  if (findings.length === 0 && largest !== undefined) {
    const share = causes.reduce((sum, cause) => sum + cause.share, 0);
    const severity = severityOf(Math.round(share * failed), answers);
    if (severity !== undefined) findings.push(describe(evidence, errors, largest, severity));
  }
  return findings;
}

/** By status: the share of such answers that were a limit that ran out; undefined where nobody looked for that. */
function statusesOfTimeouts(evidence: Evidence): ReadonlyMap<number, number> | undefined {
  const waits = measureWaits(evidence);
  if (waits === undefined) return undefined;
  const late = new Map<number, number>();
  for (const { requests } of waits.timeouts.timeouts)
    for (const { status } of requests) late.set(status, (late.get(status) ?? 0) + 1);
  const all = new Map<number, number>();
  for (const { status, endedAt } of evidence.async?.operations.log.requests ?? [])
    if (endedAt !== null) all.set(status, (all.get(status) ?? 0) + 1);
  return new Map([...late].map(([status, count]) => [status, count / Math.max(1, all.get(status) ?? 0)]));
}

function describe(evidence: Evidence, errors: ErrorSites, cause: Cause, severity: Severity): Finding {
  const { answers, failed, seconds } = errors;
  const count = cause.share * failed;
  const percent = (100 * count) / Math.max(1, answers);
  const rate = count / Math.max(0.001, seconds);
  const statuses = cause.statuses.slice(0, 3).join(', ') || '5xx';
  const many = `to ${formatPercent(percent)} of the requests (${formatNumber(rate)}/s)`;
  const [first] = cause.places;
  const routes = routeTexts(errors, cause);
  const title =
    cause.name === undefined
      ? `${routes.length === 1 ? routes[0] : 'The program'} answers ${statuses} ${many}, no error seen`
      : `${errorText(cause)}${first === undefined ? '' : ` in ${functionText(first)}`} answers ${statuses} ${many}`;
  const lines: EvidenceLine[] = [
    evidenceLine('failed answers by this', percent, '%', answers < FEW ? FEW_PERCENT : WARNING_PERCENT),
    evidenceLine('the same, per second', rate, '/s', null),
    evidenceLine('failed answers, all', failed, `of ${answers}`, null),
    sentence('statuses', cause.statuses.length, `Statuses: ${cause.statuses.join(', ')}.`),
    sentence(
      'routes',
      routes.length,
      `Routes: ${routes.slice(0, 5).join(', ')}${routes.length > 5 ? ` and ${routes.length - 5} more` : ''}.`,
    ),
    ...errorLines(cause),
    evidenceLine('answers looked at', cause.samples, '', null),
  ];
  return {
    kind: 'application-errors',
    problem: 'server-error',
    severity,
    confidence: confidenceOf((cause.name === undefined ? 0.5 : 0.7) + Math.min(0.25, cause.samples / 40)),
    title,
    evidence: lines,
    ...placesOf(evidence, cause),
    advice: adviceFor('application-errors', variantOf(cause), {
      function: first === undefined ? undefined : functionText(first),
      code: cause.code || cause.cause?.split(':', 1)[0],
    }),
    next: [],
  };
}

function judgeUncaught(evidence: Evidence, errors: ErrorSites): Finding[] {
  const operations = evidence.async?.operations;
  const thrown = operations === undefined ? [] : buildThrownErrors(operations);
  return errors.uncaught.slice(0, MOST).map(({ site, count }) => {
    const rate = count / Math.max(0.001, errors.seconds);
    const [first] = site.places;
    const origins = sameError(thrown, site)?.origins.slice(0, WAYS) ?? [];
    const what = site.how === 'rejected' ? 'is a rejection nobody handles' : 'is caught by nobody';
    return {
      kind: 'application-errors',
      problem: 'server-error',
      severity: count >= UNCAUGHT_WARNING ? 'warning' : 'note',
      confidence: 0.9,
      title: `${errorText(site)}${first === undefined ? '' : ` in ${functionText(first)}`} ${what}, ${count === 1 ? 'once' : `${count} times`} (${formatNumber(rate)}/s), and the program goes on`,
      evidence: [
        evidenceLine('caught by nobody', count, 'times', UNCAUGHT_WARNING),
        evidenceLine('the same, per second', rate, '/s', null),
        ...errorLines(site),
        ...originLines(evidence, origins),
      ],
      ...placesOf(evidence, { ...site, answeredAt: origins.flatMap(({ chain }) => chain.slice(0, 1)) }),
      advice: adviceFor('application-errors', 'uncaught', {
        function: first === undefined ? undefined : functionText(first),
      }),
      next: [],
    };
  });
}

/** The recorder's account of an error that the sampler saw: the same name at the same line. */
function sameError(
  thrown: readonly ThrownError[],
  { name, message, places }: ErrorSite,
): ThrownError | undefined {
  const [first] = places;
  return thrown.find(({ sites, ...error }) =>
    error.name === name && first === undefined
      ? error.message === message
      : sites.some(({ file, line }) => file === first?.file && line === first.line),
  );
}

/** Who scheduled the code that threw, most frequent first, in the words of an asynchronous stack. */
function originLines(evidence: Evidence, origins: readonly ThrownOrigin[]): EvidenceLine[] {
  const { cwd } = evidence.manifest.target;
  return origins.map(({ kind, subject, chain, request, count }) => {
    const steps = chain.slice(0, STEPS).map((site) => {
      const name = site.function === '' ? '(anonymous)' : clean(site.function, 60);
      return `${name} ${displayPath(site.file, cwd)}:${site.line}`;
    });
    if (request !== '') steps.push(clean(request, 80));
    const what =
      kind === 'timer'
        ? `a timer of ${clean(subject, 40)}`
        : kind === 'promise'
          ? 'code after an await'
          : `the callback of ${kind === 'immediate' ? 'an immediate' : clean(subject || kind, 60)}`;
    return sentence(
      'begun by',
      count,
      `Thrown in ${what}, begun by ${steps.join(' < ')}, ${count === 1 ? 'once' : `${count} times`}.`,
    );
  });
}

/** The blamed line and its callers, then where the answer was written, or what scheduled the code that threw; with the text around the first. */
function placesOf(
  evidence: Evidence,
  { places, answeredAt }: Pick<Cause, 'places'> & { answeredAt: readonly (ErrorPlace | CreationSite)[] },
): { where: Where[]; source?: SourceExcerpt } {
  const { cwd } = evidence.manifest.target;
  const where: Where[] = [];
  for (const [index, place] of [...places, ...answeredAt.slice(0, 2)].entries()) {
    const file = displayPath(place.file, cwd);
    if (where.some((known) => known.file === file && known.line === place.line)) continue;
    const name = place.party === 'core' ? 'node' : place.package;
    where.push({
      function: place.function,
      file,
      line: place.line,
      column: place.column,
      share: index === 0 ? 1 : null,
      package: name,
    });
  }
  const source = excerptAt(evidence, places[0]);
  return { where, ...(source === undefined ? {} : { source }) };
}

function errorLines({ name, message, code, cause, how }: Cause): EvidenceLine[] {
  if (name === undefined)
    return [
      sentence(
        'error',
        0,
        'No error was in reach of the code that answered, and none was thrown in these requests alone.',
      ),
    ];
  const text = clean(`${name}: ${message ?? ''}${code ? ` [${code}]` : ''}`, 300);
  const because = cause ? `; caused by ${clean(cause, 200)}` : '';
  return [sentence('error', 1, `Error: ${text}${because}; ${HOW[how]}.`)];
}

const HOW: Record<ErrorSite['how'], string> = {
  answered: 'in reach of the code that wrote the answer',
  passed: 'passed to a callback in the requests that failed',
  thrown: 'thrown in the requests that failed',
  uncaught: 'uncaughtException',
  rejected: 'unhandledRejection',
};

function sentence(signal: string, value: number, text: string): EvidenceLine {
  return { signal, value, unit: 'text', limit: null, sense: 'above', text };
}

/** Routes of the finding's samples; without samples all that failed. */
function routeTexts(errors: ErrorSites, { routes }: Cause): string[] {
  return (routes.length > 0 ? routes : errors.routes.map(({ route }) => route)).map((route) =>
    clean(route, 80),
  );
}

const TITLE_LENGTH = 100;

function errorText({ name = 'Error', message = '', code = '', cause = '' }: Partial<ErrorSite>): string {
  // `fetch failed` says nothing; its cause does. Numbers are DOMException's, and say no more than the name.
  const extra =
    (/[A-Za-z]/.test(code) ? code : '') || (/^[A-Z][A-Z0-9_]+:/.test(cause) ? cause.split(':', 1)[0]! : '');
  const text = message === '' ? name : `${name}: ${message}`;
  return clean(extra === '' || text.includes(extra) ? text : `${text} (${extra})`, TITLE_LENGTH);
}

/** The program's text in one line: line ends, controls and marks that turn the writing direction become spaces. */
function clean(text: string, length: number): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
}

function functionText({ function: name, package: owner, party }: ErrorPlace): string {
  const plain = name === '' || name === '(anonymous)' ? 'an anonymous function' : clean(name, 80);
  return party === 'dependency' && owner !== '' ? `${plain} (package ${owner})` : plain;
}

function variantOf({ name, code = '', cause = '' }: Cause): string {
  if (name === undefined) return 'none';
  if (/^(?:ECONN|EPIPE|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH|UND_ERR_)/.test(code || cause))
    return 'connection';
  if (MISTAKE.test(name)) return 'mistake';
  return '';
}
