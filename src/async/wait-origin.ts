import type { AsyncLogRequest } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';

/** Where a chain of waits begins. */
export type Origin =
  | { kind: 'request'; request: AsyncLogRequest }
  /** The program's main script. */
  | { kind: 'start' }
  /** Something that began before the recorder came. */
  | { kind: 'before' };

/** Async_hooks id of the code that runs while a program's main script is loaded. */
const PROGRAM_START = 1;
/** In `nodeOfRow`: a wait, but which of its kind is not known, because no stack of it was taken. */
export const UNKNOWN_WAIT = -2;
const LONGEST_WAY = 200;
/** `endedAt` is when a callback begins: what it resolves goes on within the same turn. ms */
const SAME_TURN = 0.05;

/**
 * Gives for a wait the wait before it: the nearest one, of those with a node, in whose aftermath it was begun; else where
 * its chain begins. Triggers alone do not tell: after `await a(); await b()` the trigger of b's operation is the await,
 * whose trigger is what ran when a was called. So for an await on the way, what woke it counts: the wait of the same
 * request that ended last before it went on.
 * @param nodeOfRow −1 for operations that are no waits
 */
export function makeWayBack(
  table: OperationTable,
  nodeOfRow: Int32Array,
): (row: number) => number | Origin | undefined {
  const { operations, requests } = table.log;
  const byNumber = new Map(requests.map((request) => [request.number, request]));
  const ended = sortEnded(table, nodeOfRow);
  const wokeBy = (promise: number): number => {
    const list = ended.get(operations.request[promise]!);
    const end = table.endedAt[promise]!;
    if (list === undefined || Number.isNaN(end)) return -1;
    const last = lastEndedBy(table, list, end + SAME_TURN);
    return last !== -1 && table.endedAt[last]! > table.startedAt[promise]! ? last : -1;
  };
  return (row) => {
    const request = byNumber.get(operations.request[row]!);
    const unknown: Origin = request === undefined ? { kind: 'before' } : { kind: 'request', request };
    let trigger = operations.trigger[row]!;
    for (let steps = 0; steps < LONGEST_WAY; steps++) {
      if (trigger < 0 && trigger % 2 === 0) {
        const served = byNumber.get(trigger / -2);
        return served === undefined ? unknown : { kind: 'request', request: served };
      }
      if (trigger === PROGRAM_START) return request === undefined ? { kind: 'start' } : unknown;
      const at = table.rowOf.get(trigger);
      if (at === undefined || at === row) return unknown;
      if (nodeOfRow[at]! >= 0) return at;
      if (nodeOfRow[at]! === UNKNOWN_WAIT) return undefined;
      if (table.kindOf(at) === 'promise' && request !== undefined) {
        const woke = wokeBy(at);
        if (woke !== -1 && woke !== row && table.startedAt[woke]! < table.startedAt[row]!)
          return nodeOfRow[woke]! === UNKNOWN_WAIT ? undefined : woke;
      }
      trigger = operations.trigger[at]!;
    }
    return unknown;
  };
}

/** Waits of each request that are over, by the time of their end. */
function sortEnded(table: OperationTable, nodeOfRow: Int32Array): Map<number, number[]> {
  const ended = new Map<number, number[]>();
  const { request } = table.log.operations;
  for (let row = 0; row < table.length; row++) {
    if (nodeOfRow[row] === -1 || request[row] === 0 || Number.isNaN(table.endedAt[row]!)) continue;
    const list = ended.get(request[row]!);
    if (list === undefined) ended.set(request[row]!, [row]);
    else list.push(row);
  }
  for (const list of ended.values()) list.sort((a, b) => table.endedAt[a]! - table.endedAt[b]!);
  return ended;
}

/** −1: none. */
function lastEndedBy(table: OperationTable, sorted: readonly number[], time: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table.endedAt[sorted[middle]!]! <= time) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1] ?? -1;
}
