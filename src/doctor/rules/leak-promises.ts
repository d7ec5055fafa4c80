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
import { groupLeakSites, type LeakSite, leaks } from '../leak-sites.ts';
import { isGrowing } from '../memory-growth.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/**
 * Promises that never settle pile up, and with them what awaits them.
 *
 *     record ──await──► new Promise in acknowledged     made 600, settled 0, held 600
 *
 * Statistic: a sample of the promises made from a third of the window on, held by weak references; after a full collection
 * those that are still there and pending, by line, older and younger ones apart (leak-sites.ts). Threshold: 20 of one line
 * (estimated), of the older ones as many as of the younger, and 5 % of them at least. Reason: what is garbage is gone after
 * the collection, and what merely waits has settled among the older ones. Left out: promises that a timer will settle, and
 * what comes with requests not yet answered or with connections that others open, which is in use. A wait of more than half
 * of a short window looks the same: confidence stays low unless the window is long or the heap grows for sure.
 * Blamed is the innermost line that awaits; the line that makes the promise comes after it.
 */
export const leakPromises: Rule = {
  kind: 'leak-promises',
  needs: ['leaks'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const known = measureLeaks(evidence, facts);
    if (known === undefined || !known.log.collected) return [];
    const { log, book } = known;
    const kindOf = (stack: number, parent: number): string =>
      parent !== 0 ? 'wait' : isExecutor(known, stack) ? 'made' : 'function';
    const groups = groupLeakSites(log, book, ([, stack, , , , , , , parent], type) =>
      type === 'PROMISE' ? kindOf(stack, parent) : undefined,
    ).filter((group) => group.site !== undefined && leaks(group, LEAST_PROMISES));
    const of = (kind: string) =>
      groups.filter(({ stack, rows }) => kindOf(stack, rows[0]![8]) === kind && !endsByTimer(known, stack));
    const waits = of('wait').filter((group) => !waitsForTimer(known, group));
    const made = of('made');
    const main = waits[0] ?? made[0] ?? of('function').find((group) => !waitsForTimer(known, group));
    if (main === undefined || followsLoad(known, main.alive)) return [];
    const maker = made.find((group) => group !== main && leadsTo(known, group, main));
    // One wait makes several promises: what is awaited, the await, the function's own. Each is an estimate of the same.
    const same = groups.filter(
      (group) => group === main || group === maker || group.site!.function === main.site!.function,
    );
    return [toFinding(main, maker, same, known, evidence, facts)];
  },
};

const LEAST_PROMISES = 20;

function toFinding(
  main: LeakSite,
  maker: LeakSite | undefined,
  same: readonly LeakSite[],
  known: LeakFacts,
  evidence: Evidence,
  facts: Facts,
): Finding {
  const mean = (read: (group: LeakSite) => number) =>
    same.reduce((sum, group) => sum + read(group), 0) / same.length;
  const [perMinute, created, alive] = [
    mean((group) => group.perMinute),
    mean((group) => group.created),
    mean((group) => group.alive),
  ].map(twoDigits) as [number, number, number];
  const { spanMs, oldSurvival } = main;
  const name = (group: LeakSite) =>
    group.site!.function === '' ? 'an anonymous function' : group.site!.function;
  const cwd = evidence.manifest.target.cwd;
  const makers =
    maker === undefined ? [] : leakPlaces(known, maker.stack, maker.site, evidence, null).slice(0, 1);
  const places = leakPlaces(known, main.stack, main.site, evidence, 1);
  const waits = main.rows[0]![8] !== 0;
  const what =
    maker !== undefined
      ? `${name(main)} awaits a promise of ${name(maker)}`
      : waits
        ? `${name(main)} awaits one`
        : `${name(main)} makes them`;
  const source = leakExcerpt(evidence, main.site, waits ? 'await' : '');
  const grows = isGrowing(facts.heap);
  return {
    kind: 'leak-promises',
    problem: 'memory-growth',
    severity: perMinute >= 6000 ? 'critical' : 'warning',
    confidence: leakConfidence(0.7 + (grows ? 0.12 : 0) + (oldSurvival >= 0.9 ? 0.05 : 0), facts),
    title: `Promises that never settle pile up, about ${countText(perMinute)} per minute: ${what}${oldSurvival >= 0.9 ? '' : ` (${formatPercent(oldSurvival * 100)} of them stay)`}`,
    evidence: [
      leakLine(
        'pending',
        alive,
        '',
        `Of about ${countText(created)} made in ${formatDuration(spanMs)}, about ${countText(alive)} are pending and held after a full collection.`,
      ),
      leakLine('growth', perMinute, '/min', `About ${countText(perMinute)} more per minute.`),
      ...makers.map((place) =>
        leakLine(
          'made by',
          maker!.alive,
          '',
          `What is awaited is made by ${place.function || 'an anonymous function'} (${displayName(place.file, cwd)}:${place.line}) and never settled.`,
        ),
      ),
    ],
    where: [...places.slice(0, 1), ...makers, ...places.slice(1)],
    advice: adviceFor('leak-promises', ''),
    next: nextCommands(evidence, 'heap'),
    ...(source === undefined ? {} : { source }),
  };
}

/** Estimates of a sample are no better than that. */
function twoDigits(value: number): number {
  if (!(value >= 1)) return value;
  const scale = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.round(value / scale) * scale;
}

function displayName(file: string, cwd: string): string {
  return file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file;
}

/** Made by `new Promise`: its built-in constructor is the innermost frame. */
function isExecutor({ book }: LeakFacts, stack: number): boolean {
  const [first] = book.frames(stack);
  return first !== undefined && first.function === 'Promise' && first.party !== 'user';
}

/** `timers/promises`, or `new Promise` whose executor sets a timer: it settles by itself. */
function endsByTimer(known: LeakFacts, stack: number): boolean {
  const frames = known.book.frames(stack);
  if (frames.some(({ party, file }) => party === 'core' && file.startsWith('node:timers'))) return true;
  const at = frames.findIndex(({ function: name, party }) => name === 'Promise' && party !== 'user');
  const around = frames[at + 1];
  return (
    at !== -1 &&
    around !== undefined &&
    timerLines(known).has(`${around.file}:${around.line}:${around.column}`)
  );
}

/** An await in whose line, or in what it calls, a promise is made that a timer settles. */
function waitsForTimer(known: LeakFacts, group: LeakSite): boolean {
  const { log, book } = known;
  const key = ({ file, line, column }: { file: string; line: number; column: number }) =>
    `${file}:${line}:${column}`;
  const own = group.site === undefined ? '' : key(group.site);
  return log.rows.some(
    ([type, stack]) =>
      log.types[type] === 'PROMISE' &&
      endsByTimer(known, stack) &&
      book.frames(stack).some((frame) => frame.party === 'user' && key(frame) === own),
  );
}

const timerCache = new WeakMap<LeakFacts, Set<string>>();

/** Places right outside of executors that set a one-shot timer. */
function timerLines(known: LeakFacts): Set<string> {
  let lines = timerCache.get(known);
  if (lines === undefined) {
    lines = new Set();
    for (const [type, stack, , , , , flags] of known.log.rows) {
      if (known.log.types[type] !== 'Timeout' || (flags & 1) === 1) continue;
      const frames = known.book.frames(stack);
      const at = frames.findIndex(({ function: name, party }) => name === 'Promise' && party !== 'user');
      const around = frames[at + 1];
      if (at !== -1 && around !== undefined) lines.add(`${around.file}:${around.line}:${around.column}`);
    }
    timerCache.set(known, lines);
  }
  return lines;
}

/** True when the promise was made in a call that the awaiting line made. */
function leadsTo({ book }: LeakFacts, maker: LeakSite, main: LeakSite): boolean {
  const { site } = main;
  return (
    site !== undefined &&
    book
      .frames(maker.stack)
      .some(
        ({ file, line, function: name }) =>
          file === site.file && (line === site.line || name === site.function),
      )
  );
}
