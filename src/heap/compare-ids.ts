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
  /** Largest id of a JS object in the older: ids are counted up, so the later snapshot has the larger one. */
  readonly lastOlder: number;
  readonly lastNewer: number;
}

/** Slots of the table of ids, per node, above which sorting is better; V8 counts ids up, so there are two to five. */
const SPARSEST = 8;

/**
 * Joins two snapshots by V8's object ids, in linear time whatever their order in the files. JS objects have odd ids that
 * are counted up: the older's go into a table, which the newer's are looked up in. (They do not ascend in a second snapshot
 * of a process: new objects stand between old ones.) The embedder's nodes have even ids up to 2³²: these are sorted and
 * merged, as is all of a file whose ids are spread wider than V8 would. An id a snapshot has twice matches once.
 */
export function matchIds(older: Snapshot, newer: Snapshot): IdMatch {
  const before = new Uint32Array(newer.nodeCount).fill(NOT_THERE);
  const stays = new Uint8Array(older.nodeCount);
  const lastOlder = largestOdd(older.nodeId);
  const lastNewer = largestOdd(newer.nodeId);
  const dense = lastOlder / 2 <= SPARSEST * Math.max(older.nodeCount, 1024);
  let common = dense ? matchByTable(older.nodeId, newer.nodeId, lastOlder, before, stays) : 0;
  const left = (ids: Uint32Array) => nodesWhere(ids, (id) => !dense || (id & 1) === 0);
  const [a, b] = [
    sortByRadix(left(older.nodeId), older.nodeId),
    sortByRadix(left(newer.nodeId), newer.nodeId),
  ];
  for (let x = 0, y = 0; x < a.length && y < b.length; ) {
    const [was, node] = [a[x] as number, b[y] as number];
    const order = (older.nodeId[was] as number) - (newer.nodeId[node] as number);
    if (order <= 0) x++;
    if (order >= 0) y++;
    if (order !== 0) continue;
    before[node] = was;
    stays[was] = 1;
    common++;
  }
  return { before, stays, common, lastOlder, lastNewer };
}

/** Matches odd ids; returns how many. */
function matchByTable(
  olderIds: Uint32Array,
  newerIds: Uint32Array,
  last: number,
  before: Uint32Array,
  stays: Uint8Array,
): number {
  // Node + 1 by half the id; 0: nobody, or matched already.
  const nodeOf = new Uint32Array(last / 2 + 1);
  for (let node = 0; node < olderIds.length; node++) {
    const id = olderIds[node] as number;
    if ((id & 1) === 1) nodeOf[id >>> 1] = node + 1;
  }
  let common = 0;
  for (let node = 0; node < newerIds.length; node++) {
    const id = newerIds[node] as number;
    if ((id & 1) === 0 || id > last) continue;
    const was = nodeOf[id >>> 1] as number;
    if (was === 0) continue;
    nodeOf[id >>> 1] = 0;
    before[node] = was - 1;
    stays[was - 1] = 1;
    common++;
  }
  return common;
}

function largestOdd(ids: Uint32Array): number {
  let largest = 0;
  for (let node = 0; node < ids.length; node++) {
    const id = ids[node] as number;
    if (id > largest && (id & 1) === 1) largest = id;
  }
  return largest;
}

function nodesWhere(ids: Uint32Array, test: (id: number) => boolean): Uint32Array {
  let count = 0;
  for (let node = 0; node < ids.length; node++) if (test(ids[node] as number)) count++;
  const nodes = new Uint32Array(count);
  for (let node = 0, at = 0; at < count; node++) if (test(ids[node] as number)) nodes[at++] = node;
  return nodes;
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
