import type { Ephemerons } from './ephemerons.ts';
import { EDGE, type Snapshot } from './snapshot.ts';

/**
 * Whether an `internal` edge is the copy of a WeakMap's entry that leaves the table. Key and table hold the value
 * together: removing either frees it, and of the two edges the one of the key says more, so that one counts.
 */
export function leavesItsTable(
  snapshot: Snapshot,
  ephemerons: Ephemerons,
  from: number,
  edge: number,
): boolean {
  const row = ephemerons.row![snapshot.edgeName[edge]!]!;
  return row !== 0 && ephemerons.table[row - 1] === snapshot.nodeId[from];
}

/** Edges from the root that lead to what belongs to the program: its globals, and documents in a browser. */
export function isProgramRoot(snapshot: Snapshot, edge: number, documents: number): boolean {
  const packed = snapshot.edgeTarget[edge]!;
  const type = packed & 7;
  return type === EDGE.shortcut || (type === EDGE.element && packed >>> 3 === documents);
}
