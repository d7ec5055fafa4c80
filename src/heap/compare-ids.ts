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

/**
 * Joins two snapshots by V8's object ids. JS objects have odd ids, which ascend in the file: they are matched in one walk
 * through both. The rest (the embedder's nodes with even ids, last in the file; what is out of order in a damaged one) is
 * put aside, sorted and matched in a second, whatever its number in linear time. An id a snapshot has twice matches once.
 */
export function matchIds(older: Snapshot, newer: Snapshot): IdMatch {
  const before = new Uint32Array(newer.nodeCount).fill(NOT_THERE);
  const stays = new Uint8Array(older.nodeCount);
  const [oldIds, newIds] = [older.nodeId, newer.nodeId];
  const [oldRest, newRest] = [new NodeList(), new NodeList()];
  const [oldCount, newCount] = [older.nodeCount, newer.nodeCount];
  let common = 0;
  let oldLast = 0;
  let newLast = 0;
  let i = -1;
  let j = -1;
  let [oldId, newId] = [0, 0];
  for (;;) {
    // One step in each that is behind, over what is out of order.
    const step = oldId - newId;
    if (step <= 0) {
      for (i++; i < oldCount; i++) {
        oldId = oldIds[i] as number;
        if ((oldId & 1) === 1 && oldId > oldLast) break;
        oldRest.add(i);
      }
      if (i < oldCount) oldLast = oldId;
      else oldId = Number.POSITIVE_INFINITY;
    }
    if (step >= 0) {
      for (j++; j < newCount; j++) {
        newId = newIds[j] as number;
        if ((newId & 1) === 1 && newId > newLast) break;
        newRest.add(j);
      }
      if (j < newCount) newLast = newId;
      else newId = Number.POSITIVE_INFINITY;
    }
    if (oldId === newId) {
      if (i >= oldCount) break;
      before[j] = i;
      stays[i] = 1;
      common++;
    }
  }
  const oddRest = oldRest.hasOdd(oldIds) || newRest.hasOdd(newIds);
  // Out of order in one file, an odd id may be in order in the other: then all that has no partner yet is matched again.
  const [a, b] = oddRest
    ? [unmatched(stays, 0), unmatched(before, NOT_THERE)]
    : [oldRest.nodes(), newRest.nodes()];
  const [oldSorted, newSorted] = [sortByRadix(a, oldIds), sortByRadix(b, newIds)];
  for (let x = 0, y = 0; x < oldSorted.length && y < newSorted.length; ) {
    const [was, node] = [oldSorted[x] as number, newSorted[y] as number];
    const order = (oldIds[was] as number) - (newIds[node] as number);
    if (order <= 0) x++;
    if (order >= 0) y++;
    if (order !== 0) continue;
    before[node] = was;
    stays[was] = 1;
    common++;
  }
  return { before, stays, common, lastOlder: oldLast, lastNewer: newLast };
}

/** Nodes put aside: a column that grows. */
class NodeList {
  private rows: Uint32Array = new Uint32Array(1024);
  private count = 0;

  add(node: number): void {
    if (this.count === this.rows.length) {
      const wider = new Uint32Array(2 * this.count);
      wider.set(this.rows);
      this.rows = wider;
    }
    this.rows[this.count++] = node;
  }

  nodes(): Uint32Array {
    return this.rows.subarray(0, this.count);
  }

  hasOdd(ids: Uint32Array): boolean {
    return this.nodes().some((node) => ((ids[node] as number) & 1) === 1);
  }
}

function unmatched(column: Uint8Array | Uint32Array, none: number): Uint32Array {
  const nodes = new NodeList();
  for (let node = 0; node < column.length; node++) if (column[node] === none) nodes.add(node);
  return nodes.nodes();
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
