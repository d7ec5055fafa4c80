import { chainOf, chainSites } from '../async/async-chain.ts';
import { buildWaitSummary } from '../async/build-wait-summary.ts';
import type { CreationSite, OperationKind } from '../async/operation.ts';
import { findUpstreamTimeouts, type UpstreamTimeouts } from '../async/upstream-timeouts.ts';
import { groupSubject, quantile } from '../async/wait-group.ts';
import type { WaitGroup, WaitSummary } from '../async/wait-summary.ts';
import type { Milliseconds } from '../base/units.ts';
import type { Evidence } from './evidence.ts';
import { displayPath, excerptAt, round } from './finding.ts';
import type { Finding, Where } from './report.ts';

/** What the rules on waiting need: requests of the window, and the slow ones among them. */
export interface WaitFacts {
  /** Followed requests whose length is known, or known to be past `SLOW_MS`. */
  judged: number;
  /** Of those; lower bounds of requests under way are among them. */
  median: Milliseconds;
  p95: Milliseconds;
  slowCount: number;
  /** Mean length of the slow ones; 0 without any. */
  slowMean: Milliseconds;
  /** What the slow ones waited for; undefined without slow ones. */
  slow: WaitSummary | undefined;
  all: WaitSummary;
  timeouts: UpstreamTimeouts;
}

/** An answer within this is no complaint about waiting. */
export const SLOW_MS: Milliseconds = 200;

/** Undefined: no requests were followed. */
export function measureWaits({ async: waits }: Evidence): WaitFacts | undefined {
  if (waits === undefined || waits.waits.basis !== 'requests') return undefined;
  const { log } = waits.operations;
  const lengths: Milliseconds[] = [];
  const slow = new Set<number>();
  let slowSum = 0;
  for (const { number, startedAt, endedAt, followedTo } of log.requests) {
    const ms = (endedAt ?? followedTo ?? log.toMs) - startedAt;
    if (ms >= SLOW_MS) {
      slow.add(number);
      slowSum += ms;
    }
    // One under way says something only once it is past the limit.
    if (endedAt !== null || ms >= SLOW_MS) lengths.push(ms);
  }
  if (lengths.length === 0) return undefined;
  lengths.sort((a, b) => a - b);
  return {
    judged: lengths.length,
    median: quantile(lengths, 0.5),
    p95: quantile(lengths, 0.95),
    slowCount: slow.size,
    slowMean: slow.size === 0 ? 0 : slowSum / slow.size,
    slow:
      slow.size === 0 ? undefined : buildWaitSummary(waits.operations, (request) => slow.has(request.number)),
    all: waits.waits,
    timeouts: findUpstreamTimeouts(waits.operations),
  };
}

/** A place of the async models as the report lists it. */
export function siteWhere(site: CreationSite, evidence: Evidence, share: number | null = null): Where {
  return {
    function: site.function,
    file: displayPath(site.file, evidence.manifest.target.cwd),
    line: site.line,
    column: site.column,
    share: share === null ? null : round(share, 4),
    package: site.party === 'core' ? 'node' : site.package,
  };
}

/** Place and text of a finding about waits: the first group's line, who called it, the lines of the others. */
export function placesOf(
  groups: readonly (WaitGroup | undefined)[],
  evidence: Evidence,
): Pick<Finding, 'where' | 'source'> {
  const source = excerptAt(evidence, groups.find((group) => group?.site !== undefined)?.site);
  return { where: sitesWhere(groups, evidence), ...(source === undefined ? {} : { source }) };
}

/** Lines that led to a wait of the first group, innermost first, then the lines of the others; each once. */
function sitesWhere(groups: readonly (WaitGroup | undefined)[], evidence: Evidence): Where[] {
  const places = new Map<string, Where>();
  const add = (where: Where): void => {
    const key = `${where.file}:${where.line}`;
    if (!places.has(key)) places.set(key, where);
  };
  for (const [index, group] of groups.filter((known) => known !== undefined).entries()) {
    if (group.site === undefined) continue;
    add(siteWhere(group.site, evidence, group.requestShare / 100));
    if (index === 0) for (const site of callersOf(group, evidence)) add(siteWhere(site, evidence));
  }
  return [...places.values()];
}

const CALLERS = 5;

/** The asynchronous stack of the group's longest wait that has one, without its innermost line. */
function callersOf({ kind, subject, site }: WaitGroup, { async: waits }: Evidence): CreationSite[] {
  const table = waits?.operations;
  if (table === undefined) return [];
  let best = -1;
  let longest = -1;
  for (let row = 0; row < table.length; row++) {
    if (table.kindOf(row) !== kind || table.sites.sites[table.site[row]!] !== site) continue;
    if (kind !== 'promise' && groupSubject(kind, table.subjectOf(row)) !== subject) continue;
    const endedAt = table.endedAt[row]!;
    const ms = (Number.isNaN(endedAt) ? table.log.toMs : endedAt) - table.startedAt[row]!;
    if (ms <= longest) continue;
    longest = ms;
    best = row;
  }
  if (best === -1) return [];
  return chainSites(table, chainOf(table, best))
    .filter(({ party }) => party === 'user')
    .slice(0, CALLERS + 1);
}

/** How a sentence calls what is waited for: `10.0.0.5:5432`, `the file call readFile`, `the name db.internal`. */
export function subjectText({ kind, subject }: Pick<WaitGroup, 'kind' | 'subject'>): string {
  switch (kind) {
    case 'connect':
      return `a connection to ${subject || 'a server'}`;
    case 'dns':
      return subject === '' ? 'a look-up of a name' : `the look-up of ${subject}`;
    case 'fs':
      return subject === '' ? 'files' : `files (${subject})`;
    case 'child':
      return 'a child process';
    case 'timer':
      return `a timer of ${subject}`;
    case 'pool':
      return `the libuv pool (${subject})`;
    default:
      return subject === '' ? 'a server' : subject;
  }
}

/** Kinds of operations that stand in the pool's line as work of that kind. */
const POOL_WORK: Record<string, readonly OperationKind[]> = {
  crypto: ['pool'],
  zlib: ['pool'],
  fs: ['fs'],
  dns: ['dns'],
};

/** Lines that ask for most of the pool's work of one kind (`crypto`), where operations were recorded. */
export function poolAskers(evidence: Evidence, kind: string): Pick<Finding, 'where' | 'source'> {
  const kinds = POOL_WORK[kind] ?? [];
  const groups = (evidence.async?.waits.groups ?? []).filter(
    (group) => kinds.includes(group.kind) && (kind === 'zlib') === (group.subject === 'zlib'),
  );
  return placesOf(groups.slice(0, 3), evidence);
}
