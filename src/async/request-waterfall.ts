import type { Milliseconds } from '../base/units.ts';
import { chainOf, chainSites } from './async-chain.ts';
import type { AsyncLogRequest } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';
import { findGoals } from './build-wait-summary.ts';
import type { CreationSite, OperationKind } from './operation.ts';
import { findRequestWaits, type RequestWaits, rowsByRequest } from './request-waits.ts';

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

/**
 * The slowest request of those followed with stacks, as a waterfall; of all followed ones where none has a stack.
 * Undefined when no request was followed.
 */
export function buildSlowestRequest(table: OperationTable): RequestWaterfall | undefined {
  const { log } = table;
  const rows = rowsByRequest(table);
  const hasStacks = ({ number }: AsyncLogRequest): boolean => {
    const own = rows.get(number) ?? [];
    // Files and sockets have stacks now and then in every request; awaits only where all were taken.
    const awaits = own.filter((row) => table.kindOf(row) === 'promise');
    return isMostly(awaits.length > 0 ? awaits : own, (row) => log.operations.stack[row] !== -1);
  };
  const ended = log.requests.filter(({ endedAt }) => endedAt !== null);
  const choices = [ended.filter(hasStacks), log.requests.filter(hasStacks), ended, log.requests];
  const slowest = choices
    .find((list) => list.length > 0)
    ?.reduce((a, b) => (lasted(b, log.toMs) > lasted(a, log.toMs) ? b : a));
  if (slowest === undefined) return undefined;
  const peers = ended.filter((request) => nameOf(request) === nameOf(slowest));
  const waits = findRequestWaits(table, slowest, rows.get(slowest.number) ?? []);
  return buildWaterfall(
    table,
    waits,
    peers.length === 0
      ? 0
      : peers.filter((request) => lasted(request, log.toMs) < lasted(slowest, log.toMs)).length /
          peers.length,
  );
}

/** What one request waited for, as spans with their lines. */
export function buildWaterfall(
  table: OperationTable,
  { request, within, waits, runMs, unexplainedMs }: RequestWaits,
  slowerThan = 0,
): RequestWaterfall {
  const { log } = table;
  const goals = findGoals(table);
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

function nameOf({ method, route, path }: AsyncLogRequest): string {
  return `${method} ${route || path}`;
}
