import { sharedUint32 } from './shared-column.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Who refers to a node: `edge[first[n]]` to `edge[first[n + 1] - 1]` are the ordinals of edges that lead to `n`,
 * ascending. The source of an edge is found by `edgeSource`.
 */
export interface Retainers {
  readonly first: Uint32Array;
  readonly edge: Uint32Array;
}

/** Turns the edges round: a counting sort by target, O(edges). */
export function buildRetainers(snapshot: Snapshot): Retainers {
  const { nodeCount, edgeCount, edgeTarget } = snapshot;
  const first = sharedUint32(nodeCount + 1);
  const edge = sharedUint32(edgeCount);
  for (let e = 0; e < edgeCount; e++) first[(edgeTarget[e]! >>> 3) + 1]!++;
  for (let node = 0; node < nodeCount; node++) first[node + 1]! += first[node]!;
  // Filled from the back, so that `first` ends where it began and edges ascend.
  for (let e = edgeCount - 1; e >= 0; e--) edge[--first[(edgeTarget[e]! >>> 3) + 1]!] = e;
  first.copyWithin(0, 1);
  first[nodeCount] = edgeCount;
  return { first, edge };
}

/** The node an edge starts from: binary search over `firstEdge`. */
export function edgeSource(snapshot: Snapshot, edge: number): number {
  const { firstEdge } = snapshot;
  let low = 0;
  let high = snapshot.nodeCount;
  // The last node whose edges begin at or before it; those in front without edges begin there too.
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firstEdge[middle]! <= edge) low = middle;
    else high = middle - 1;
  }
  return low;
}
