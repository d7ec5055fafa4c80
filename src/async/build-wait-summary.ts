import type { Milliseconds } from '../base/units.ts';
import type { AsyncLogRequest } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';
import { clip, type Interval, lengthOf, mostAtOnce, union } from './interval.ts';
import type { OperationKind } from './operation.ts';
import { findRequestWaits, type RequestWaits, rowsByRequest } from './request-waits.ts';
import { type Gathered, gatherRows, groupSubject, quantile } from './wait-group.ts';
import type { WaitGroup, WaitSummary } from './wait-summary.ts';

/** Groups that are listed; what is beyond has next to no share. */
const GROUP_LIMIT = 200;

/** Followed requests that say something: fewer are left to the window. */
const FEWEST_REQUESTS = 1;

/**
 * Says what requests waited for; of a process without requests, what it waited for at all.
 * @param choose only these of the followed requests
 */
export function buildWaitSummary(
  table: OperationTable,
  choose?: (request: AsyncLogRequest) => boolean,
): WaitSummary {
  const { log } = table;
  const windowMs = Math.max(0, log.toMs - log.fromMs);
  const requests = log.requests.filter(
    (request) => request.startedAt < log.toMs && (choose === undefined || choose(request)),
  );
  const basis = choose !== undefined || requests.length >= FEWEST_REQUESTS ? 'requests' : 'window';
  const rows = rowsByRequest(table);
  const waits = requests.map((request) => findRequestWaits(table, request, rows.get(request.number) ?? []));
  const requestMs = lengthOf(waits.map(({ within }) => within));
  const share = (ms: Milliseconds): number => (requestMs === 0 ? 0 : (100 * ms) / requestMs);
  // A part of the requests is followed: what they do at the same time stands for all.
  const scale = log.counts.followed === 0 ? 1 : Math.max(1, log.counts.requests / log.counts.followed);
  const groups = (
    basis === 'requests' ? requestGroups(table, waits, requestMs, scale) : windowGroups(table, windowMs)
  )
    .sort((a, b) => b.requestShare - a.requestShare || b.waitingNow - a.waitingNow || b.count - a.count)
    .slice(0, GROUP_LIMIT);
  return {
    requests: log.counts.requests,
    requestsInFlight: {
      mean: windowMs === 0 ? 0 : (requestMs / windowMs) * scale,
      most: Math.round(mostAtOnce(waits.map(({ within }) => within)) * scale),
      now: Math.round(requests.filter(isUnderWay).length * scale),
    },
    basis,
    windowMs,
    followed: requests.length,
    runningShare: basis === 'window' ? Number.NaN : share(sum(waits, ({ runMs }) => runMs)),
    unexplainedShare: basis === 'window' ? Number.NaN : share(sum(waits, (wait) => wait.unexplainedMs)),
    groups,
    notes: noteLimits(table),
  };
}

function requestGroups(
  table: OperationTable,
  all: readonly RequestWaits[],
  requestMs: Milliseconds,
  scale: number,
): WaitGroup[] {
  /** Pieces by row: an await may wait for the program's own things several times. */
  const pieces = new Map<number, { part: Interval; request: AsyncLogRequest }[]>();
  for (const { request, waits } of all)
    for (const { row, from, to } of waits) {
      const list = pieces.get(row);
      if (list === undefined) pieces.set(row, [{ part: [from, to], request }]);
      else list.push({ part: [from, to], request });
    }
  const goals = findGoals(table);
  const weigh = (row: number): Milliseconds => lengthOf((pieces.get(row) ?? []).map(({ part }) => part));
  return gatherRows(table, pieces.keys(), weigh).map((gathered) => {
    const byRequest = new Map<AsyncLogRequest, Interval[]>();
    const parts: Interval[] = [];
    const lengths: Milliseconds[] = [];
    for (const row of gathered.rows) {
      const own = pieces.get(row) ?? [];
      let length = 0;
      for (const { part, request } of own) {
        parts.push(part);
        length += part[1] - part[0];
        const list = byRequest.get(request);
        if (list === undefined) byRequest.set(request, [part]);
        else list.push(part);
      }
      const endedAt = table.endedAt[row]!;
      if (Number.isNaN(endedAt)) continue;
      lengths.push(gathered.kind === 'promise' ? length : endedAt - table.startedAt[row]!);
    }
    const mostOfAll =
      gathered.all === gathered.rows
        ? 0
        : (mostAtOnce(gathered.all.flatMap((row) => (pieces.get(row) ?? []).map(({ part }) => part))) *
            lengthOf(parts) *
            gathered.timeScale) /
          Math.max(1e-6, sum(gathered.all, weigh));
    const waited = sum([...byRequest.values()], (intervals) => lengthOf(union(intervals)));
    return describeGroup(table, gathered, {
      share: requestMs === 0 ? 0 : Math.min(100, (100 * waited * gathered.timeScale) / requestMs),
      lengths,
      parts,
      scale,
      mostOfAll,
      goals,
    });
  });
}

const IN_WINDOW: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'peer',
  'connect',
  'dns',
  'fs',
  'pool',
  'child',
  'timer',
  'http-client',
  'promise',
]);

/** Rows that count as waits of a process that serves no requests. */
export function windowRows(table: OperationTable): number[] {
  const rows: number[] = [];
  for (let row = 0; row < table.length; row++)
    if (
      IN_WINDOW.has(table.kindOf(row)) &&
      table.cancelled[row] !== 1 &&
      // An await that is over waited for one of the others; one that is not may be the leak.
      (table.kindOf(row) !== 'promise' || Number.isNaN(table.endedAt[row]!))
    )
      rows.push(row);
  return rows;
}

function windowGroups(table: OperationTable, windowMs: Milliseconds): WaitGroup[] {
  const { fromMs, toMs } = table.log;
  const rows = windowRows(table);
  const goals = findGoals(table);
  const weigh = (row: number): Milliseconds => {
    const endedAt = table.endedAt[row]!;
    return Math.max(0, (Number.isNaN(endedAt) ? toMs : endedAt) - table.startedAt[row]!);
  };
  return gatherRows(table, rows, weigh).map((gathered) => {
    const parts: Interval[] = [];
    const lengths: Milliseconds[] = [];
    for (const row of gathered.rows) {
      const endedAt = table.endedAt[row]!;
      const part = clip([table.startedAt[row]!, Number.isNaN(endedAt) ? toMs : endedAt], [fromMs, toMs]);
      if (part !== undefined) parts.push(part);
      if (!Number.isNaN(endedAt)) lengths.push(endedAt - table.startedAt[row]!);
    }
    const share = windowMs === 0 ? 0 : (100 * lengthOf(union(parts))) / windowMs;
    return describeGroup(table, gathered, { share, lengths, parts, scale: 1, mostOfAll: 0, goals });
  });
}

function describeGroup(
  table: OperationTable,
  { kind, subject, site, rows, timeScale, countScale }: Gathered,
  seen: {
    share: number;
    lengths: Milliseconds[];
    parts: Interval[];
    scale: number;
    /** This line's part of the most at once of all lines. */
    mostOfAll: number;
    goals: ReadonlyMap<number, string>;
  },
): WaitGroup {
  const { log } = table;
  const lengths = Float64Array.from(seen.lengths).sort();
  const windowMs = Math.max(1e-6, log.toMs - log.fromMs);
  const peer = kind === 'peer' ? log.peers.find(({ address }) => address === subject) : undefined;
  const waitingNow = rows.filter(
    (row) => Number.isNaN(table.endedAt[row]!) && table.cancelled[row] !== 1,
  ).length;
  const most = Math.round(Math.max(mostAtOnce(seen.parts), seen.mostOfAll) * seen.scale);
  return {
    kind,
    subject,
    site: table.sites.sites[site],
    count: Math.round(rows.length * countScale),
    requestShare: seen.share,
    median: quantile(lengths, 0.5),
    p95: quantile(lengths, 0.95),
    max: lengths.at(-1) ?? Number.NaN,
    concurrency: (lengthOf(seen.parts) / windowMs) * seen.scale * timeScale,
    mostAtOnce: most,
    waitingNow: Math.min(most, Math.round(waitingNow * seen.scale * timeScale)),
    leadsTo: kind === 'promise' ? commonGoal(table, rows, seen.goals) : '',
    ...(peer === undefined
      ? {}
      : {
          connections: {
            open: peer.connections,
            meanBusy: peer.meanBusy,
            mostBusy: peer.mostBusy,
            busyNow: peer.busyNow,
          },
        }),
  };
}

/** By id of an operation: what its callback asked a peer or server for first. */
export function findGoals(table: OperationTable): Map<number, string> {
  const goals = new Map<number, string>();
  for (let row = 0; row < table.length; row++) {
    const kind = table.kindOf(row);
    if (kind !== 'peer' && kind !== 'http-client') continue;
    const trigger = table.log.operations.trigger[row]!;
    if (!goals.has(trigger)) goals.set(trigger, groupSubject(kind, table.subjectOf(row)));
  }
  return goals;
}

/** What more than half of the awaits that are over went on with. */
function commonGoal(
  table: OperationTable,
  rows: readonly number[],
  goals: ReadonlyMap<number, string>,
): string {
  const counts = new Map<string, number>();
  let ended = 0;
  for (const row of rows) {
    if (Number.isNaN(table.endedAt[row]!)) continue;
    ended++;
    const goal = goals.get(table.log.operations.id[row]!);
    if (goal !== undefined) counts.set(goal, (counts.get(goal) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best !== undefined && best[1] * 2 > ended ? best[0] : '';
}

function isUnderWay({ endedAt, followedTo }: AsyncLogRequest): boolean {
  return endedAt === null && followedTo === null;
}

/** What the numbers leave out. */
function noteLimits({ log }: OperationTable): string[] {
  const { requests, followed, stacks, operations, dropped, errors, ownPercent, onPercent } = log.counts;
  const notes: string[] = [];
  if (requests > followed)
    notes.push(`${followed} of ${requests} requests were followed, the others only counted`);
  if (onPercent < 99) notes.push(`the recorder listened ${onPercent.toFixed(0)} % of the time`);
  notes.push(
    `lines come from a sample of ${stacks} stacks of ${operations} operations; recording took ${ownPercent.toFixed(1)} % of one core, and about as much again in Node's calls of it`,
  );
  if (dropped > 0) notes.push(`${dropped} operations were not written down: there were too many at once`);
  if (errors > 0) notes.push(`${errors} errors in holter's own recorder were swallowed: please report it`);
  return [...notes, ...log.notes];
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  let all = 0;
  for (const item of list) all += value(item);
  return all;
}
