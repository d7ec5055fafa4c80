import { NODE, type Snapshot } from './snapshot.ts';

/** Name V8 gives the root of all documents in Chrome. */
const DOCUMENTS = '(Document DOM trees)';

/** Node `(Document DOM trees)` among the children of the root, −1 when there is none. */
export function findDocuments(snapshot: Snapshot): number {
  for (let edge = snapshot.firstEdge[0]!; edge < snapshot.firstEdge[1]!; edge++) {
    const node = snapshot.edgeTarget[edge]! >>> 3;
    if (
      snapshot.nodeType[node] === NODE.synthetic &&
      snapshot.strings.get(snapshot.nodeName[node]!) === DOCUMENTS
    )
      return node;
  }
  return -1;
}

/**
 * Children of the root that belong to the program, in the order of the root's edges, each as often as it has one.
 * None in a snapshot that was taken with `exposeInternals`.
 */
export function findUserRoots(snapshot: Snapshot, documents: number): Uint32Array {
  const roots: number[] = [];
  for (let edge = snapshot.firstEdge[0]!; edge < snapshot.firstEdge[1]!; edge++) {
    const node = snapshot.edgeTarget[edge]! >>> 3;
    if (snapshot.nodeType[node] !== NODE.synthetic || node === documents) roots.push(node);
  }
  return Uint32Array.from(roots);
}
