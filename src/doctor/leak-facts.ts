import type { LeakLog } from '../async/leak-log.ts';
import type { CreationSite } from '../async/operation.ts';
import type { SiteBook } from '../async/site-book.ts';
import { formatNumber } from '../base/quantity.ts';
import type { Milliseconds } from '../base/units.ts';
import type { Evidence } from './evidence.ts';
import type { Facts } from './facts.ts';
import { displayPath, round } from './finding.ts';
import { meanGrowth } from './leak-growth.ts';
import type { EvidenceLine, SourceExcerpt, Where } from './report.ts';

/** What the rules on leaks share. */
export interface LeakFacts {
  log: LeakLog;
  book: SiteBook;
  /** From here on counts are judged: what begins with the window has its number by then. */
  fromMs: Milliseconds;
  /** Requests more without an answer, and incoming connections more: what each of them holds is in use. */
  unanswered: number;
  incoming: number;
  /** Rate of the requests in the second half of what is judged, of that in the first; NaN without requests. */
  requestTrend: number;
}

const JUDGED_FROM = 1 / 3;

/** Undefined: counts are missing. */
export function measureLeaks({ leaks, vitals }: Evidence, facts: Facts): LeakFacts | undefined {
  if (leaks === undefined || leaks.log.times.length < 6) return undefined;
  const { log, book } = leaks;
  const fromMs = log.fromMs + (log.toMs - log.fromMs) * JUDGED_FROM;
  const descriptors = log.descriptors;
  const incoming =
    descriptors === undefined
      ? []
      : descriptors.times.map((_, index) =>
          Object.entries(descriptors.counts).reduce(
            (sum, [name, counts]) => sum + (isIncoming(name, descriptors.counts) ? (counts[index] ?? 0) : 0),
            0,
          ),
        );
  const rate = vitals.series.get('http.requests_per_second');
  const half = (fromMs + facts.windowMs) / 2;
  const mean = (from: Milliseconds, to: Milliseconds): number => {
    let sum = 0;
    let count = 0;
    for (let index = 0; index < (rate?.time.length ?? 0); index++) {
      const [at, value] = [rate!.time[index]!, rate!.value[index]!];
      if (at < from || at >= to || Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count === 0 ? Number.NaN : sum / count;
  };
  return {
    log,
    book,
    fromMs,
    unanswered: meanGrowth(log.times, log.unanswered, fromMs),
    incoming: descriptors === undefined ? 0 : meanGrowth(descriptors.times, incoming, fromMs),
    requestTrend: mean(half, Number.POSITIVE_INFINITY) / mean(fromMs, half),
  };
}

/** Connections that others made; those of the process to itself are its own doing. */
function isIncoming(name: string, counts: Record<string, unknown>): boolean {
  const address = /^in ESTABLISHED (.*)$/.exec(name)?.[1];
  return address !== undefined && counts[`out ESTABLISHED ${address}`] === undefined;
}

/**
 * True when `growth` is what the load holds: half of it or more has come with requests that still wait for their answer, or
 * with connections others opened to us. Each may hold a timer, a listener, a socket to an upstream.
 */
export function followsLoad({ unanswered, incoming }: LeakFacts, growth: number): boolean {
  return Math.max(unanswered, incoming) >= 0.5 * growth;
}

/** A place and its callers of the user's, innermost first. */
export function leakPlaces(
  { book }: LeakFacts,
  stack: number,
  site: CreationSite | undefined,
  evidence: Evidence,
  share: number | null,
): Where[] {
  if (site === undefined) return [];
  const callers = book.frames(stack).filter(({ party, line }) => party === 'user' && line > 0);
  const places = [
    site,
    ...callers.slice(callers.findIndex(({ line, file }) => line === site.line && file === site.file) + 1),
  ];
  const seen = new Set<string>();
  return places
    .filter(({ file, line }) => !seen.has(`${file}:${line}`) && seen.add(`${file}:${line}`))
    .slice(0, 6)
    .map((place, index) => ({
      function: place.function,
      file: displayPath(place.file, evidence.manifest.target.cwd),
      line: place.line,
      column: place.column,
      share: index === 0 && share !== null ? round(share, 4) : null,
      package: place.package,
    }));
}

/** The function of Node that the line calls: `setInterval`, `connect`; '' unknown. */
export function calledOf({ book }: LeakFacts, stack: number): string {
  let name = '';
  for (const { party, function: called } of book.frames(stack)) {
    if (party === 'user') break;
    if (party === 'core' && called !== '') name = called;
  }
  return (name.split('.').at(-1) ?? '').replace(/^new /, '');
}

/** Nine lines around the blamed one; undefined when the source is not in the recording. */
export function leakExcerpt(
  evidence: Evidence,
  site: CreationSite | undefined,
  called: string,
): SourceExcerpt | undefined {
  const lines = site === undefined ? undefined : evidence.sources.lines(site.file);
  if (site === undefined || lines === undefined || site.line < 1 || site.line > lines.length)
    return undefined;
  const firstLine = Math.max(1, site.line - 4);
  const text = lines[site.line - 1]!;
  const at = called === '' ? -1 : text.indexOf(called);
  return {
    file: displayPath(site.file, evidence.manifest.target.cwd),
    firstLine,
    lines: lines.slice(firstLine - 1, site.line + 4).map((line) => line.slice(0, 500)),
    blamedLine: site.line,
    shares: {},
    ...(at === -1 ? {} : { underline: [at, at + called.length] as [number, number] }),
  };
}

/** Whole sentence with its value; leaks have few limits. */
export function leakLine(
  signal: string,
  value: number,
  unit: string,
  text: string,
  limit: number | null = null,
): EvidenceLine {
  return { signal, value: round(value, 2), unit, limit, sense: 'above', text };
}

/** `1 870`: counts are whole, rates of few have one decimal. */
export function countText(value: number): string {
  return formatNumber(value >= 20 ? Math.round(value) : round(value, 1));
}

/** How sure: longer windows and processes that have run for a while tell a leak from a cache that fills. */
export function leakConfidence(base: number, facts: Facts): number {
  const sure = base + Math.min(0.1, Math.max(0, (facts.windowMs - 5000) / 250_000));
  return round(Math.min(0.97, facts.uptime >= 60 ? sure : Math.min(0.75, sure)), 2);
}
