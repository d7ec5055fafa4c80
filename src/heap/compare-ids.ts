import type { Snapshot } from './snapshot.ts';

/** Stands in `IdMatch.before` for a node the other snapshot does not have. */
export const NOT_THERE = 0xffff_ffff;

/** Which nodes of two snapshots of one process are the same object. */
export interface IdMatch {
  /** Node of the newer snapshot → node of the older with the same id, or NOT_THERE. */
  readonly before: Uint32Array;
  /** By node of the older snapshot: 1 = the newer has its id too. */
  readonly stays: Uint8Array;
  readonly common: number;
}

/**
 * Joins two snapshots by V8's object ids, in one walk through both in ascending order. Ids ascend in the file but for the
 * embedder's nodes, which are few and come last: those are sorted and merged in, whatever their number, in linear time.
 * An id a snapshot has twice (only a damaged file) matches once.
 */
export function matchIds(older: Snapshot, newer: Snapshot): IdMatch {
  const [oldOrder, newOrder] = [orderById(older.nodeId), orderById(newer.nodeId)];
  const before = new Uint32Array(newer.nodeCount).fill(NOT_THERE);
  const stays = new Uint8Array(older.nodeCount);
  const [oldIds, newIds] = [older.nodeId, newer.nodeId];
  const [oldCount, newCount] = [older.nodeCount, newer.nodeCount];
  let common = 0;
  let i = 0;
  let j = 0;
  while (i < oldCount && j < newCount) {
    const a = oldOrder === undefined ? i : (oldOrder[i] as number);
    const b = newOrder === undefined ? j : (newOrder[j] as number);
    const oldId = oldIds[a] as number;
    const newId = newIds[b] as number;
    if (oldId < newId) i++;
    else if (oldId > newId) j++;
    else {
      before[b] = a;
      stays[a] = 1;
      common++;
      i++;
      j++;
    }
  }
  return { before, stays, common };
}

/**
 * Nodes by ascending id, equal ids in file order; undefined when the file has them so already. What ascends in the file
 * (the odd ids of JS objects, nearly all) stays as it is; the rest is sorted by radix and merged, so that no order of ids
 * a file could have costs more than linear time.
 */
export function orderById(ids: Uint32Array): Uint32Array | undefined {
  const count = ids.length;
  let straggling = 0;
  let last = -1;
  let ascends = true;
  for (let node = 0, previous = -1; node < count; node++) {
    const id = ids[node] as number;
    if (id < previous) ascends = false;
    previous = id;
    if ((id & 1) === 1 && id >= last) last = id;
    else straggling++;
  }
  if (ascends) return undefined;
  const straight = new Uint32Array(count - straggling);
  const rest = new Uint32Array(straggling);
  last = -1;
  for (let node = 0, s = 0, r = 0; node < count; node++) {
    const id = ids[node] as number;
    if ((id & 1) === 1 && id >= last) {
      last = id;
      straight[s++] = node;
    } else rest[r++] = node;
  }
  const sorted = sortByRadix(rest, ids);
  const order = new Uint32Array(count);
  let s = 0;
  let r = 0;
  for (let at = 0; at < count; at++) {
    const fromRest =
      s === straight.length ||
      (r < sorted.length && (ids[sorted[r] as number] as number) < (ids[straight[s] as number] as number));
    order[at] = fromRest ? (sorted[r++] as number) : (straight[s++] as number);
  }
  return order;
}

/** Two stable counting passes of 16 bits. */
function sortByRadix(nodes: Uint32Array, ids: Uint32Array): Uint32Array {
  let from = nodes;
  let to: Uint32Array = new Uint32Array(nodes.length);
  const at = new Uint32Array(0x10000 + 1);
  for (const shift of [0, 16]) {
    at.fill(0);
    for (const node of from) at[(((ids[node] as number) >>> shift) & 0xffff) + 1]! += 1;
    for (let digit = 0; digit < 0x10000; digit++) at[digit + 1]! += at[digit] as number;
    for (const node of from) {
      const digit = ((ids[node] as number) >>> shift) & 0xffff;
      to[at[digit] as number] = node;
      at[digit]! += 1;
    }
    [from, to] = [to, from];
  }
  return from;
}
