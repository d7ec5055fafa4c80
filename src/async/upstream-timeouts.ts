import type { Milliseconds } from '../base/units.ts';
import type { AsyncLogRequest } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';
import type { CreationSite, OperationKind } from './operation.ts';
import { rowsByRequest } from './request-waits.ts';
import { groupSubject } from './wait-group.ts';

/** Requests that gave up on one upstream after one time. */
export interface UpstreamTimeout {
  kind: OperationKind;
  /** `10.0.0.5:5432`, `GET http://stock:8080/items/:id`. */
  subject: string;
  /** The limit that ran out. */
  timeoutMs: Milliseconds;
  /** Line that set it; undefined: no stack was taken. */
  setAt: CreationSite | undefined;
  /** Line that asked the upstream. */
  askedAt: CreationSite | undefined;
  requests: AsyncLogRequest[];
}

export interface UpstreamTimeouts {
  /** Most requests first. */
  timeouts: UpstreamTimeout[];
  /** Followed requests whose end is known: of so many. */
  ended: number;
}

const UPSTREAM: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'peer',
  'http-client',
  'connect',
  'dns',
]);
/** A shorter limit is not what a caller of an upstream sets. */
const SHORTEST_LIMIT_MS = 20;
/** Limit and question begin in one go of code; a look-up or a queue may be between. Of the limit. */
const OVERLAP = 0.5;
/** The answer of a request that gave up follows at once: of the limit, or at least so many ms. */
const AFTER = 0.1;
const AFTER_LEAST_MS = 100;
/** What a timer may fire before its time, by rounding. */
const EARLY_MS = 2;
/** An upstream's end may be told at once with the timer's or, where Node does not tell, at the next flush. */
const SLACK_MS = 5;

/**
 * Finds requests that failed (status 500 and more, or gone without an answer) right after a timer of theirs ran out
 * while they waited for an upstream: that timer is the limit, whatever API it was set by (AbortSignal.timeout, `timeout`
 * of node:http, a race against setTimeout, a driver's own).
 */
export function findUpstreamTimeouts(table: OperationTable): UpstreamTimeouts {
  const rows = rowsByRequest(table);
  const found = new Map<string, UpstreamTimeout>();
  let ended = 0;
  for (const request of table.log.requests) {
    if (request.endedAt === null) continue;
    ended++;
    if (request.status !== 0 && request.status < 500) continue;
    const own = rows.get(request.number) ?? [];
    const limit = limitOf(table, request.endedAt, own);
    if (limit === undefined) continue;
    const upstream = upstreamAt(table, own, limit);
    if (upstream === undefined) continue;
    const kind = table.kindOf(upstream);
    const subject = groupSubject(kind, table.subjectOf(upstream));
    const key = `${subject}\n${limit.ms}`;
    let group = found.get(key);
    if (group === undefined) {
      group = { kind, subject, timeoutMs: limit.ms, setAt: undefined, askedAt: undefined, requests: [] };
      found.set(key, group);
    }
    group.setAt ??= siteOf(table, limit.row);
    group.askedAt ??= siteOf(table, upstream);
    group.requests.push(request);
  }
  return { timeouts: [...found.values()].sort((a, b) => b.requests.length - a.requests.length), ended };
}

interface Limit {
  row: number;
  ms: Milliseconds;
  firedAt: Milliseconds;
}

/** The timer after which the request ended. */
function limitOf(table: OperationTable, end: Milliseconds, rows: readonly number[]): Limit | undefined {
  let best: Limit | undefined;
  for (const row of rows) {
    const firedAt = table.endedAt[row]!;
    if (Number.isNaN(firedAt) || firedAt > end) continue;
    const type = table.log.types[table.log.operations.type[row]!];
    if (type !== 'Timeout' && type !== 'IdleTimeout') continue;
    const ms = limitMs(table.subjectOf(row));
    if (!(ms >= SHORTEST_LIMIT_MS) || firedAt - table.startedAt[row]! < ms - EARLY_MS) continue;
    if (end - firedAt > Math.max(AFTER_LEAST_MS, ms * AFTER)) continue;
    // The longest of those that fit: a retry's short pause is not the limit.
    if (best === undefined || ms > best.ms) best = { row, ms, firedAt };
  }
  return best;
}

/** `3000 ms` → 3000; NaN for intervals and what is no timer. */
export function limitMs(subject: string): Milliseconds {
  const match = /^(\d+(?:\.\d+)?) ms$/.exec(subject);
  return match === null ? Number.NaN : Number(match[1]);
}

/** The upstream that was waited for while the limit ran, up to its end; the latest asked of several. */
function upstreamAt(table: OperationTable, rows: readonly number[], limit: Limit): number | undefined {
  let best: number | undefined;
  for (const row of rows) {
    if (!UPSTREAM.has(table.kindOf(row))) continue;
    const endedAt = table.endedAt[row]!;
    const from = Math.max(table.startedAt[row]!, limit.firedAt - limit.ms);
    if (endedAt < limit.firedAt - SLACK_MS || limit.firedAt - from < limit.ms * OVERLAP) continue;
    // A client request says more than its socket; among equals the latest is the one that hangs.
    if (best === undefined || rank(table, row) >= rank(table, best)) best = row;
  }
  return best;
}

function rank(table: OperationTable, row: number): number {
  const kind = table.kindOf(row);
  return kind === 'http-client' ? 3 : kind === 'peer' ? 2 : kind === 'connect' ? 1 : 0;
}

function siteOf(table: OperationTable, row: number): CreationSite | undefined {
  const own = table.site[row]!;
  return table.sites.sites[own === -1 ? table.nearSite[row]! : own];
}
