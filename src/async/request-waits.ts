import type { Milliseconds } from '../base/units.ts';
import type { AsyncLogRequest } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';
import { clip, type Interval, lengthOf, union, without } from './interval.ts';
import type { OperationKind } from './operation.ts';
import { findOwnWaits } from './own-waits.ts';

/** One stretch in which a request waited for one operation; times clipped to the request. */
export interface RequestWait {
  row: number;
  from: Milliseconds;
  to: Milliseconds;
}

/** Where the time of one request went. */
export interface RequestWaits {
  request: AsyncLogRequest;
  within: Interval;
  /** For operations known to be waited for, and awaits in the time that they leave (kind `promise`). */
  waits: RequestWait[];
  runMs: Milliseconds;
  /** Neither running nor waiting for anything known. */
  unexplainedMs: Milliseconds;
}

const WAITED_FOR: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'peer',
  'connect',
  'dns',
  'fs',
  'pool',
  'child',
  'timer',
  'http-client',
]);
/** An await shorter than this is only the way through the queue of microtasks. ms */
const SHORTEST_AWAIT = 0.2;

/** Rows of each followed request, by its number. */
export function rowsByRequest(table: OperationTable): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  const { request } = table.log.operations;
  for (let row = 0; row < table.length; row++) {
    const number = request[row]!;
    if (number === 0) continue;
    const list = rows.get(number);
    if (list === undefined) rows.set(number, [row]);
    else list.push(row);
  }
  return rows;
}

/**
 * Says what one request waited for. A request under way is taken up to where it was followed. A timer counts only
 * when it ran out while the request was in progress: one that is cleared, or still there afterwards, was a guard.
 */
export function findRequestWaits(
  table: OperationTable,
  request: AsyncLogRequest,
  rows: readonly number[],
): RequestWaits {
  const end = request.endedAt ?? request.followedTo ?? table.log.toMs;
  const within: Interval = [request.startedAt, Math.max(request.startedAt, end)];
  const waits: RequestWait[] = [];
  const clients: Interval[] = [];
  for (const row of rows)
    if (table.kindOf(row) === 'http-client') clients.push([table.startedAt[row]!, endOf(table, row)]);
  for (const row of rows) {
    const kind = table.kindOf(row);
    if (!WAITED_FOR.has(kind) || table.cancelled[row] === 1) continue;
    const endedAt = table.endedAt[row]!;
    if (kind === 'timer' && !(endedAt <= within[1])) continue;
    const from = table.startedAt[row]!;
    const to = endOf(table, row);
    // Finding and reaching the server is part of the client request, which may be told a little after it began to connect.
    if ((kind === 'dns' || kind === 'connect') && clients.some(([a, b]) => to > a && to <= b)) continue;
    const part = clip([from, to], within);
    if (part !== undefined) waits.push({ row, from: part[0], to: part[1] });
  }
  const taken = union(waits.map(({ from, to }) => [from, to]));
  const gaps = without(within, taken);
  const { trigger } = table.log.operations;
  const awaits = rows.flatMap((row) => {
    if (table.kindOf(row) !== 'promise') return [];
    const part = clip([table.startedAt[row]!, endOf(table, row)], within);
    if (part === undefined || part[1] - part[0] < SHORTEST_AWAIT) return [];
    return [{ row, from: part[0], to: part[1], trigger: trigger[row]! }];
  });
  const own = findOwnWaits(awaits, gaps).filter(({ from, to }) => to - from >= SHORTEST_AWAIT);
  const free = lengthOf(gaps);
  // JavaScript runs in the gaps too, but when is not known: awaits are shortened by it, all alike.
  const runMs = Math.min(request.runMs ?? 0, free);
  const awaited = lengthOf(own.map(({ from, to }) => [from, to]));
  const kept = awaited === 0 ? 0 : Math.min(1, Math.max(0, free - runMs) / awaited);
  for (const { row, from, to } of own)
    if ((to - from) * kept > 0) waits.push({ row, from, to: from + (to - from) * kept });
  return {
    request,
    within,
    waits: waits.sort((a, b) => a.from - b.from),
    runMs,
    unexplainedMs: Math.max(0, free - runMs - awaited * kept),
  };
}

function endOf(table: OperationTable, row: number): Milliseconds {
  const endedAt = table.endedAt[row]!;
  return Number.isNaN(endedAt) ? table.log.toMs : endedAt;
}
