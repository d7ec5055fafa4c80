import type { LeakListeners } from '../../async/leak-log.ts';
import { formatDuration, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import {
  countText,
  followsLoad,
  type LeakFacts,
  leakConfidence,
  leakExcerpt,
  leakLine,
  leakPlaces,
  measureLeaks,
} from '../leak-facts.ts';
import { type CountGrowth, measureCountGrowth } from '../leak-growth.ts';
import { leakSite } from '../leak-sites.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/**
 * Listeners are added to a long-lived emitter and not taken away.
 *
 *     listeners of 'change'     ╱╲╱  in use: follows what is under way
 *                            ╱╲╱     leak: the lows rise
 *
 * Statistic: how many listeners one event has, four times a second, summed over emitters of one class to which one line adds
 * them; how many that line added. Threshold: grows by leak-growth.ts (10 at least, goes on); and either half of what was
 * added stays, or the rate of requests has not risen by more than half as much. Reason: a listener per request under way
 * follows the requests, and then most of them go away. What comes with requests not yet answered, or with connections
 * that others open, is in use.
 */
export const leakListeners: Rule = {
  kind: 'leak-listeners',
  needs: ['leaks'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const known = measureLeaks(evidence, facts);
    if (known === undefined) return [];
    return groupsOf(known)
      .map((group) => ({ group, growth: measureCountGrowth(known.log.times, group.counts, known.fromMs) }))
      .filter((row): row is { group: Group; growth: CountGrowth } => {
        const { group, growth } = row;
        if (growth === undefined || followsLoad(known, growth.growth)) return false;
        const before = Math.max(1, growth.now - growth.growth);
        const stays = growth.growth / Math.max(1, group.added * (growth.spanMs / facts.windowMs));
        return stays >= STAYS || !(known.requestTrend - 1 > (0.5 * growth.growth) / before);
      })
      .sort((a, b) => b.growth.perMinute - a.growth.perMinute)
      .slice(0, 3)
      .map(({ group, growth }) => toFinding(group, growth, known, evidence, facts));
  },
};

const STAYS = 0.5;

interface Group {
  emitter: string;
  event: string;
  kind: LeakListeners['kind'];
  emitters: number;
  counts: number[];
  added: number;
  /** Stack that added most. */
  stack: number;
  /** Its share of what was added. */
  share: number;
}

function groupsOf({ log, book }: LeakFacts): Group[] {
  const groups = new Map<string, Group>();
  for (const { emitter, event, kind, counts, added } of log.listeners) {
    const bySite = new Map<string, { count: number; stack: number }>();
    let total = 0;
    for (const [stack, count] of added) {
      const site = leakSite(book, stack);
      const key = site === undefined ? '' : `${site.file}:${site.line}`;
      const entry = bySite.get(key) ?? { count: 0, stack };
      entry.count += count;
      total += count;
      bySite.set(key, entry);
    }
    // Node adds its own to sockets, and takes them away: the program's line speaks where there is one.
    const [main] = [...bySite].sort(
      (a, b) => Number(a[0] === '') - Number(b[0] === '') || b[1].count - a[1].count,
    );
    const key = `${emitter}\n${event}\n${main?.[0] ?? ''}`;
    // Before it had many it had about as many: it was not looked at.
    const first = counts.find((count) => count !== null) ?? 0;
    const values = counts.map((count) => count ?? first);
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, {
        emitter,
        event,
        kind,
        emitters: 1,
        counts: values,
        added: total,
        stack: main?.[1].stack ?? -1,
        share: total === 0 ? 0 : (main?.[1].count ?? 0) / total,
      });
    else {
      group.emitters++;
      group.added += total;
      for (const [index, value] of values.entries()) group.counts[index]! += value;
    }
  }
  return [...groups.values()];
}

function toFinding(
  group: Group,
  { now, perMinute }: CountGrowth,
  known: LeakFacts,
  evidence: Evidence,
  facts: Facts,
): Finding {
  const { emitter, event, emitters, stack, share, added } = group;
  const site = leakSite(known.book, stack);
  const more = (perMinute * facts.windowMs) / 60_000;
  const whose = emitter === '' ? (group.kind === 'target' ? 'EventTarget' : 'emitter') : emitter;
  const holder = emitters === 1 ? `one ${whose}` : `${emitters} ${whose} objects`;
  const adder =
    site === undefined
      ? ''
      : `: ${site.function === '' ? 'an anonymous function' : site.function} adds them and nothing takes them away`;
  const source = leakExcerpt(evidence, site, group.kind === 'target' ? 'addEventListener' : '');
  return {
    kind: 'leak-listeners',
    problem: 'memory-growth',
    severity: perMinute >= 6000 ? 'critical' : 'warning',
    confidence: leakConfidence(0.86, facts),
    title: `${countText(more)} listeners more for '${event}' of ${holder} in ${formatDuration(facts.windowMs)} (${countText(perMinute)} per minute)${adder}`,
    evidence: [
      leakLine('listeners now', now, '', `${countText(now)} listeners for '${event}' on ${holder} now.`),
      leakLine('growth', perMinute, '/min', `${countText(perMinute)} more per minute.`),
      leakLine(
        'added',
        added,
        '',
        `${countText(added)} were added while it had more than eight; ${formatPercent(share * 100)} of them at this line.`,
      ),
    ],
    where: leakPlaces(known, stack, site, evidence, share),
    advice: adviceFor('leak-listeners', group.kind === 'target' ? 'signal' : '', { event }),
    next: nextCommands(evidence, 'after-fix'),
    ...(source === undefined ? {} : { source }),
  };
}
