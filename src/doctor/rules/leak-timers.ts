import { formatDuration, formatPercent } from '../../base/quantity.ts';
import { quantile } from '../../metrics/statistics.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import {
  calledOf,
  countText,
  followsLoad,
  type LeakFacts,
  leakConfidence,
  leakExcerpt,
  leakLine,
  leakPlaces,
  measureLeaks,
} from '../leak-facts.ts';
import { type CountGrowth, LEAST_GROWTH, measureCountGrowth } from '../leak-growth.ts';
import { groupLeakSites, type LeakSite, leaks } from '../leak-sites.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/**
 * Timers are made and never end.
 *
 *     setInterval per request      ╱   each one runs for ever
 *     setTimeout(30 s) per request ╱▔▔  rate × delay of them, then no more
 *
 * Statistic: creations by line (a sample with weak references) and which of them are not cleared at the end; Node's count
 * of timers that hold the loop. Threshold: for `setInterval` at least 10 more, as many of the older ones alive as of the
 * younger ones, and 5 % at least; the count grows too, or (timers that do not hold the loop are not counted) nine of ten
 * of the line's own stay. A time-out ends by itself: it is a leak only where its callback sets the next one (more than half
 * are made so), the count of timers grows, and longer than 1.5 delays; with a delay of ten minutes and more a note, when
 * rate × delay comes to 100 000. Reason: caches and time limits are level after one delay. What comes with requests not yet
 * answered or with connections that others open is in use.
 */
export const leakTimers: Rule = {
  kind: 'leak-timers',
  needs: ['leaks'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const known = measureLeaks(evidence, facts);
    if (known === undefined) return [];
    const { log, book } = known;
    const count = measureCountGrowth(
      log.times,
      log.resources.Timeout ?? log.times.map(() => 0),
      known.fromMs,
    );
    const sites = groupLeakSites(log, book, ([, , , , , , flags], type) =>
      type !== 'Timeout' ? undefined : (flags & 1) === 1 ? 'repeats' : 'once',
    );
    const repeats = (site: LeakSite) => (site.rows[0]![6] & 1) === 1;
    const total = sites.reduce((sum, { alive }) => sum + alive, 0);
    const findings: Finding[] = [];
    const [worst, ...others] = sites.filter(
      (site) =>
        repeats(site) && leaks(site, LEAST_GROWTH) && (count !== undefined || site.oldSurvival >= UNCOUNTED),
    );
    if (worst !== undefined && !followsLoad(known, worst.alive))
      findings.push(intervalFinding(worst, others, { evidence, facts, known, count, total }));
    const chain = sites.find((site) => !repeats(site) && isChain(site, count));
    if (chain !== undefined && count !== undefined && !followsLoad(known, count.growth))
      findings.push(chainFinding(chain, { evidence, facts, known, count, total }));
    if (findings.length > 0) return findings;
    const long = sites.find((site) => !repeats(site) && comesTo(site) >= MANY && delayOf(site) >= LONG_MS);
    return long === undefined || long.sampledAlive < 8
      ? []
      : [longFinding(long, { evidence, facts, known, count, total })];
  },
};

const UNCOUNTED = 0.9;
const LONG_MS = 600_000;
const MANY = 100_000;

interface Context {
  evidence: Evidence;
  facts: Facts;
  known: LeakFacts;
  count: CountGrowth | undefined;
  total: number;
}

function intervalFinding(site: LeakSite, others: LeakSite[], context: Context): Finding {
  const { evidence, facts, count, known } = context;
  const all = [site, ...others].reduce((sum, { perMinute }) => sum + perMinute, 0);
  const share = site.perMinute / Math.max(1, all);
  // Of one line all growth is its own; the count is exact where the sample is an estimate.
  const perMinute = others.length === 0 && count !== undefined ? count.perMinute : site.perMinute;
  const more = (perMinute * facts.windowMs) / 60_000;
  const called = calledOf(known, site.stack) || 'setInterval';
  const where = site.site?.function === '' ? 'an anonymous function' : site.site?.function;
  return finding(site, context, {
    share,
    severity: perMinute >= 6000 ? 'critical' : 'warning',
    confidence: 0.86 + (site.oldSurvival >= 0.9 ? 0.04 : 0),
    title: `${countText(more)} timers more in ${formatDuration(facts.windowMs)} (${countText(perMinute)} per minute): ${called}${where === undefined ? '' : ` in ${where}`} is ${site.oldSurvival >= 0.9 ? 'never cleared' : `not cleared in ${formatPercent(site.oldSurvival * 100)} of the cases`}`,
    lines: [
      ...nowLine(context),
      leakLine('growth', perMinute, '/min', `${countText(perMinute)} more per minute.`),
      madeLine(site),
      ...(others.length === 0
        ? []
        : [
            leakLine(
              'share of the growth',
              share * 100,
              '%',
              `${formatPercent(share * 100)} of the growth is of this line, the rest of ${others.length} other${others.length === 1 ? '' : 's'}.`,
            ),
          ]),
    ],
    advice: adviceFor('leak-timers', '', { every: formatDuration(delayOf(site)) }),
    evidence,
  });
}

function chainFinding(site: LeakSite, context: Context): Finding {
  const { evidence, facts, count } = context;
  const perMinute = count?.perMinute ?? site.perMinute;
  const more = (perMinute * facts.windowMs) / 60_000;
  const delay = formatDuration(delayOf(site));
  return finding(site, context, {
    share: null,
    severity: 'warning',
    confidence: 0.65,
    title: `${countText(more)} timers more in ${formatDuration(facts.windowMs)} (${countText(perMinute)} per minute): a setTimeout of ${delay} sets itself again and never stops`,
    lines: [
      ...nowLine(context),
      leakLine('growth', perMinute, '/min', `${countText(perMinute)} more per minute.`),
    ],
    advice: adviceFor('leak-timers', 'again', { every: delay }),
    evidence,
  });
}

function longFinding(site: LeakSite, context: Context): Finding {
  const delay = formatDuration(delayOf(site));
  return finding(site, context, {
    share: null,
    severity: 'note',
    confidence: 0.8,
    title: `Time-outs of ${delay} are set ${countText((site.created * 60_000) / site.spanMs)} times a minute: ${countText(comesTo(site))} of them wait when the first one ends`,
    lines: [...nowLine(context), madeLine(site)],
    advice: adviceFor('leak-timers', 'long', { every: delay }),
    evidence: context.evidence,
  });
}

function finding(
  site: LeakSite,
  { known, facts }: Context,
  parts: Pick<Finding, 'severity' | 'title' | 'advice' | 'confidence'> & {
    share: number | null;
    lines: Finding['evidence'];
    evidence: Evidence;
  },
): Finding {
  const { evidence, share, lines, severity, title, advice } = parts;
  const called = calledOf(known, site.stack);
  const source = leakExcerpt(evidence, site.site, called);
  return {
    kind: 'leak-timers',
    problem: 'memory-growth',
    severity,
    confidence: leakConfidence(parts.confidence, facts),
    title,
    evidence: lines,
    where: leakPlaces(known, site.stack, site.site, evidence, share),
    advice,
    next: nextCommands(evidence, 'after-fix'),
    ...(source === undefined ? {} : { source }),
  };
}

function nowLine({ known, count }: Context): Finding['evidence'] {
  const now = known.log.resources.Timeout?.at(-1) ?? 0;
  return count === undefined
    ? []
    : [leakLine('timers now', now, '', `${countText(now)} timers hold the event loop now.`)];
}

function madeLine(site: LeakSite): Finding['evidence'][number] {
  const { created, alive, spanMs } = site;
  return leakLine(
    'made and not ended',
    alive,
    '',
    `In ${formatDuration(spanMs)} this line made ${countText(created)}, of which ${countText(created - alive)} have ended and ${countText(alive)} have not.`,
  );
}

function delayOf({ rows }: LeakSite): number {
  return quantile(
    rows.map((row) => row[5]),
    0.5,
  );
}

/** How many there are once the first one ends: rate × delay. */
function comesTo(site: LeakSite): number {
  return site.alive < 0.5 * site.created ? 0 : (site.created / site.spanMs) * delayOf(site);
}

/** Timers that set themselves again, and the count grows for longer than they last. */
function isChain(site: LeakSite, count: CountGrowth | undefined): boolean {
  if (count === undefined || site.rows.length < 8) return false;
  const again = site.rows.filter(([, , , , , , flags]) => (flags & 2) === 2).length;
  return again > 0.5 * site.rows.length && count.spanMs >= 1.5 * delayOf(site);
}
