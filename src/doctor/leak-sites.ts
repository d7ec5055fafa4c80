import type { LeakLog } from '../async/leak-log.ts';
import type { CreationSite } from '../async/operation.ts';
import type { SiteBook } from '../async/site-book.ts';
import type { Milliseconds } from '../base/units.ts';

/** Creations of one line, as the sample tells them. */
export interface LeakSite {
  /** Undefined: nothing of the user's is in the stack. */
  site: CreationSite | undefined;
  /** A stack of it, index into the log's. */
  stack: number;
  /** Estimated: made while it was watched, and of these alive at the end. */
  created: number;
  alive: number;
  /** Share alive of those that are older than half the time it was watched, and of the younger ones. */
  oldSurvival: number;
  youngSurvival: number;
  /** Of the sample. */
  sampledAlive: number;
  /** Share made in the younger half of the time. */
  youngShare: number;
  spanMs: Milliseconds;
  /** What stays, by the survival of the old ones. */
  perMinute: number;
  rows: LeakLog['rows'];
}

/** Which creations belong together, beside their line; undefined: leave out. */
export type LeakKey = (row: LeakLog['rows'][number], type: string) => string | undefined;

/** Groups rows by line and `key`, most alive first. */
export function groupLeakSites(log: LeakLog, book: SiteBook, key: LeakKey): LeakSite[] {
  const groups = new Map<string, LeakLog['rows']>();
  for (const row of log.rows) {
    const part = key(row, log.types[row[0]] ?? '');
    if (part === undefined) continue;
    const place = leakSite(book, row[1]);
    const name = `${place?.function}\n${place?.file}:${place?.line}\n${part}`;
    const rows = groups.get(name);
    if (rows === undefined) groups.set(name, [row]);
    else rows.push(row);
  }
  // How many were made is counted; the sample only tells which part is whose.
  const weights = log.types.map(() => 0);
  for (const [type, , weight] of log.rows) weights[type]! += weight;
  const scale = weights.map((weight, type) => (weight === 0 ? 1 : (log.created[type] ?? weight) / weight));
  return [...groups.values()]
    .map((rows) => measure(rows, scale, log, book))
    .sort((a, b) => b.alive - a.alive);
}

/** The innermost line of the user's, else of a dependency; undefined: only Node's own. */
export function leakSite(book: SiteBook, stack: number): CreationSite | undefined {
  return (
    book.sites[book.siteOf[stack] ?? -1] ??
    book.frames(stack).find(({ party, line }) => party === 'dependency' && line > 0)
  );
}

function measure(rows: LeakLog['rows'], scale: readonly number[], log: LeakLog, book: SiteBook): LeakSite {
  const [type, stack] = rows[0]!;
  const armedAt = log.armedAt[type] ?? log.fromMs;
  const spanMs = Math.max(1, log.toMs - armedAt);
  const half = armedAt + spanMs / 2;
  const sum = { created: 0, alive: 0, old: 0, oldAlive: 0, young: 0, youngAlive: 0, sampledAlive: 0 };
  for (const [of, , counted, time, alive] of rows) {
    const weight = counted * (scale[of] ?? 1);
    sum.created += weight;
    if (time <= half) sum.old += weight;
    else sum.young += weight;
    if (alive === 0) continue;
    sum.sampledAlive++;
    sum.alive += weight;
    if (time <= half) sum.oldAlive += weight;
    else sum.youngAlive += weight;
  }
  const oldSurvival = sum.old === 0 ? 0 : sum.oldAlive / sum.old;
  return {
    site: leakSite(book, stack),
    stack,
    created: sum.created,
    alive: sum.alive,
    oldSurvival,
    youngSurvival: sum.young === 0 ? 0 : sum.youngAlive / sum.young,
    sampledAlive: sum.sampledAlive,
    youngShare: sum.created === 0 ? 0 : sum.young / sum.created,
    spanMs,
    perMinute: (sum.created * oldSurvival * 60_000) / spanMs,
    rows,
  };
}

/** Watched for less, old and young are the same, and the rate is that of a moment. */
export const LEAST_SPAN_MS: Milliseconds = 1400;
/** Of the sample, so many at least must be alive. */
const SAMPLED_ALIVE = 8;
/** A line that leaves one of twenty behind leaks; below it is noise of the young ones. */
const SURVIVAL = 0.05;
/** Those that end, end: the older, the fewer. A leak leaves as many of the old as of the young. */
const FLAT = 0.6;
/** Half of a steady stream falls into each half; what was made once, at the beginning, does not go on. */
const GOING_ON = 0.2;

/**
 * True when a line leaves something behind, time after time.
 *
 *     survival ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔ leak      of what is older than half the time as many are there as of what is younger
 *              ▔▔▔╲___________ in use    none of the old ones
 *              young  →  old
 */
export function leaks(site: LeakSite, least: number): boolean {
  return (
    site.spanMs >= LEAST_SPAN_MS &&
    site.sampledAlive >= SAMPLED_ALIVE &&
    site.alive >= least &&
    site.oldSurvival >= SURVIVAL &&
    site.oldSurvival >= FLAT * site.youngSurvival &&
    site.youngShare >= GOING_ON &&
    site.youngShare <= 1 - GOING_ON
  );
}
