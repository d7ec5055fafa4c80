import { measureDistances } from './distances.ts';
import { findDomState } from './dom-state.ts';
import { findDominators } from './dominators.ts';
import { findEphemerons } from './ephemerons.ts';
import { findDocuments, findUserRoots } from './graph-roots.ts';
import { asResult, GraphScratch } from './graph-scratch.ts';
import type { HeapGraph } from './heap-graph.ts';
import { numberNodes } from './number-nodes.ts';
import { attributeSizes } from './ownership.ts';
import { buildTreeColumns } from './retained-sizes.ts';
import type { Snapshot } from './snapshot.ts';

/** Works out what the references of a snapshot mean, as DevTools does; see heap-graph.ts. Synchronous: seconds for tens of millions of nodes. */
export function analyseSnapshot(snapshot: Snapshot): HeapGraph {
  const documents = findDocuments(snapshot);
  const userRoots = findUserRoots(snapshot, documents);
  const ephemerons = findEphemerons(snapshot.strings);
  const { nodeCount } = snapshot;
  const scratch = new GraphScratch(nodeCount, snapshot.edgeCount);
  const shallow = attributeSizes(snapshot, userRoots.length > 0, asResult(scratch.columns[4], nodeCount));
  const numbering = numberNodes(snapshot, ephemerons, documents, scratch);
  const tree = findDominators(numbering, scratch);
  const columns = buildTreeColumns(numbering, tree, shallow, scratch);
  const distance = scratch.columns[3].subarray(0, nodeCount);
  const queue = asResult(scratch.columns[4], nodeCount);
  const reachedBy = asResult(scratch.columns[0], nodeCount);
  measureDistances(snapshot, ephemerons, userRoots, distance, reachedBy, queue);
  return { ...columns, shallow, distance, reachedBy, userRoots, detachedness: findDomState(snapshot) };
}
