import type { Milliseconds } from '../base/units.ts';
import { chainOf, chainSites } from './async-chain.ts';
import type { AsyncLogRequest } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';
import { findGoals } from './build-wait-summary.ts';
import type { CreationSite, OperationKind } from './operation.ts';
import { findRequestWaits, type RequestWaits, rowsByRequest } from './request-waits.ts';
import { routeOf } from './wait-group.ts';

/** One wait of a request, ms after the request's start. */
export interface WaterfallSpan {
  kind: OperationKind;
  subject: string;
  /** Of an `await`: what its callback asked for first; '' nothing. */
  leadsTo: string;
  site: CreationSite | undefined;
  from: Milliseconds;
  to: Milliseconds;
  /** Still waiting when the recording ended. */
  open: boolean;
  /** Lines that led here, innermost first, up to the request's handler. */
  chain: CreationSite[];
}

/** One request and what it waited for, in order. */
export interface RequestWaterfall {
  method: string;
  path: string;
  route: string;
  status: number;
  /** ms after the window's start. */
  startedAt: Milliseconds;
  ms: Milliseconds;
  /** Ended before the recording did. */
  finished: boolean;
  runMs: Milliseconds;
  unexplainedMs: Milliseconds;
  spans: WaterfallSpan[];
  /** Shorter waits that are not listed. */
  leftOut: number;
  /** How many of the requests on the same route were faster, 0–1. */
  slowerThan: number;
}

/** Waits of a request that are listed. */
const SPAN_LIMIT = 60;

/** How many requests `buildSlowestRequests` gives. */
const ROUTES = 10;
const PER_ROUTE = 5;

/**
 * The slowest request of those followed with stacks, as a waterfall; of all followed ones where none has a stack.
 * Undefined when no request was followed.
 */
export function buildSlowestRequest(table: OperationTable): RequestWaterfall | undefined {
  const slow = findSlowRequests(table, 1);
  return slow.chosen[0] === undefined ? undefined : drawRequest(table, slow.chosen[0], slow);
}

/**
 * The slowest requests of each route, five of each and of the ten routes with the slowest ones. The first is that of
 * `buildSlowestRequest`, the others follow by their time.
 */
export function buildSlowestRequests(table: OperationTable): RequestWaterfall[] {
  const { log } = table;
  const first = findSlowRequests(table, 1).chosen[0];
  if (first === undefined) return [];
  const slow = findSlowRequests(table, PER_ROUTE);
  const byTime = slow.chosen
    .filter((request) => request !== first)
    .sort((a, b) => lasted(b, log.toMs) - lasted(a, log.toMs));
  const kept = new Set([...new Set([first, ...byTime].map(routeName))].slice(0, ROUTES));
  return [first, ...byTime]
    .filter((request) => kept.has(routeName(request)))
    .map((request) => drawRequest(table, request, slow));
}

interface SlowRequests {
  /** With `perRoute` 1 the slowest of all alone. */
  chosen: AsyncLogRequest[];
  rows: ReadonlyMap<number, number[]>;
  ended: readonly AsyncLogRequest[];
  goals: ReadonlyMap<number, string>;
}

/** Those with stacks before those without, those that ended before those under way; then by time. */
function findSlowRequests(table: OperationTable, perRoute: number): SlowRequests {
  const { log } = table;
  const rows = rowsByRequest(table);
  const hasStacks = ({ number }: AsyncLogRequest): boolean => {
    const own = rows.get(number) ?? [];
    // Files and sockets have stacks now and then in every request; awaits only where all were taken.
    const awaits = own.filter((row) => table.kindOf(row) === 'promise');
    return isMostly(awaits.length > 0 ? awaits : own, (row) => log.operations.stack[row] !== -1);
  };
  const rank = (request: AsyncLogRequest): number =>
    (hasStacks(request) ? 0 : 2) + (request.endedAt === null ? 1 : 0);
  const ranked = log.requests
    .map((request) => ({ request, rank: rank(request), ms: lasted(request, log.toMs) }))
    .sort((a, b) => a.rank - b.rank || b.ms - a.ms);
  const taken = new Map<string, number>();
  const chosen: AsyncLogRequest[] = [];
  for (const { request } of ranked) {
    const route = perRoute === 1 ? '' : routeName(request);
    const count = taken.get(route) ?? 0;
    if (count >= perRoute) continue;
    taken.set(route, count + 1);
    chosen.push(request);
  }
  return {
    chosen,
    rows,
    ended: log.requests.filter(({ endedAt }) => endedAt !== null),
    goals: findGoals(table),
  };
}

function drawRequest(
  table: OperationTable,
  request: AsyncLogRequest,
  { rows, ended, goals }: SlowRequests,
): RequestWaterfall {
  const { toMs } = table.log;
  const route = routeName(request);
  const ms = lasted(request, toMs);
  const peers = ended.filter((other) => routeName(other) === route);
  const waits = findRequestWaits(table, request, rows.get(request.number) ?? []);
  const slowerThan =
    peers.length === 0 ? 0 : peers.filter((other) => lasted(other, toMs) < ms).length / peers.length;
  return buildWaterfall(table, waits, slowerThan, goals);
}

/** What one request waited for, as spans with their lines. */
export function buildWaterfall(
  table: OperationTable,
  { request, within, waits, runMs, unexplainedMs }: RequestWaits,
  slowerThan = 0,
  goals: ReadonlyMap<number, string> = findGoals(table),
): RequestWaterfall {
  const { log } = table;
  const ms = within[1] - within[0];
  // What is too short to be seen beside the rest tells nothing.
  const listed = [...waits]
    .filter(({ from, to }) => to - from >= ms / 1000)
    .sort((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, SPAN_LIMIT)
    .sort((a, b) => a.from - b.from || a.to - b.to);
  return {
    method: request.method,
    path: request.path,
    route: request.route,
    status: request.status,
    startedAt: request.startedAt,
    ms,
    finished: request.endedAt !== null,
    runMs,
    unexplainedMs,
    spans: listed.map(({ row, from, to }) => ({
      kind: table.kindOf(row),
      subject: table.subjectOf(row),
      leadsTo: table.kindOf(row) === 'promise' ? (goals.get(log.operations.id[row]!) ?? '') : '',
      site: table.sites.sites[table.nearSite[row]!],
      from: from - within[0],
      to: to - within[0],
      open: Number.isNaN(table.endedAt[row]!),
      chain: chainSites(table, chainOf(table, row)),
    })),
    leftOut: waits.length - listed.length,
    slowerThan,
  };
}

/** True for more than half of at least one. */
function isMostly(rows: readonly number[], has: (row: number) => boolean): boolean {
  return rows.length > 0 && rows.filter(has).length * 2 > rows.length;
}

function lasted({ startedAt, endedAt, followedTo }: AsyncLogRequest, toMs: Milliseconds): Milliseconds {
  return (endedAt ?? followedTo ?? toMs) - startedAt;
}

/** `GET /orders/:id`: the framework's pattern, or the path without what names one thing. */
export function routeName({
  method,
  route,
  path,
}: Pick<AsyncLogRequest, 'method' | 'route' | 'path'>): string {
  return `${method} ${route || routeOf(path)}`;
}
