import type { Heap } from '../heap/heap.ts';
import { edgeSource } from '../heap/retainers.ts';
import type { InstanceOrder } from './questions.ts';
import { sortRows } from './sorted-rows.ts';

/** Edges of an object, those to the objects that keep most first. */
export function listReferences({ snapshot, graph }: Heap, node: number): Uint32Array {
  const first = snapshot.firstEdge[node]!;
  const edges = Uint32Array.from({ length: snapshot.firstEdge[node + 1]! - first }, (_, i) => first + i);
  const { low } = graph.retained;
  return sortRows(edges, (edge) => ~low[snapshot.edgeTarget[edge]! >>> 3]!);
}

/** Edges to an object, those from the objects nearest to the program's roots first. Makes `heap.retainers`. */
export function listRetainers({ snapshot, graph, retainers }: Heap, node: number): Uint32Array {
  const edges = retainers.edge.slice(retainers.first[node]!, retainers.first[node + 1]!);
  // What nothing reaches (−5) has the largest key and comes last.
  return sortRows(edges, (edge) => graph.distance[edgeSource(snapshot, edge)]!);
}

/** Objects directly below one in the dominator tree, those that keep most first. */
export function listDominated({ graph }: Heap, node: number): Uint32Array {
  const { rank, subtree, preorder, retained } = graph;
  const first = rank[node]!;
  const end = first + subtree[first]!;
  let count = 0;
  for (let at = first + 1; at < end; at += subtree[at]!) count++;
  const nodes = new Uint32Array(count);
  let i = 0;
  for (let at = first + 1; at < end; at += subtree[at]!) nodes[i++] = preorder[at]!;
  return sortRows(nodes, (one) => ~retained.low[one]!);
}

/** All instances of a class (row of the class table); first what is largest, nearest or oldest, `up` turns that round. */
export function listInstances(heap: Heap, row: number, order: InstanceOrder, up: boolean): Uint32Array {
  const { snapshot, graph, classes } = heap;
  const nodes = new Uint32Array(classes.instances[row]!);
  const { of } = classes;
  let count = 0;
  for (let node = 0; node < snapshot.nodeCount && count < nodes.length; node++)
    if (of[node] === row) nodes[count++] = node;
  const keys: Record<InstanceOrder, (node: number) => number> = {
    retained: (node) => ~graph.retained.low[node]!,
    shallow: (node) => ~graph.shallow.low[node]!,
    distance: (node) => graph.distance[node]!,
    id: (node) => snapshot.nodeId[node]!,
  };
  const key = keys[order];
  return sortRows(nodes.subarray(0, count), up ? (node) => ~key(node) : key);
}
