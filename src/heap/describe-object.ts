import type { Bytes } from '../base/units.ts';
import { classNameOf } from './class-name.ts';
import type { Heap } from './heap.ts';
import type { PathStep } from './holder.ts';
import { LargestRows } from './largest-rows.ts';
import { nodeText } from './node-text.ts';
import type { Place } from './place.ts';
import { edgeSource } from './retainers.ts';
import { pathText, retainingPath } from './retaining-path.ts';
import { EDGE, EDGE_TYPES, NODE_TYPES, type Snapshot } from './snapshot.ts';

/** One object of a list about another one. */
export interface NodeRow {
  node: number;
  /** V8's id: what `@123` means everywhere. */
  id: number;
  className: string;
  /** Text of a string, name of a function; '' of most. */
  text: string;
  shallowBytes: Bytes;
  retainedBytes: Bytes;
  distance: number;
}

/** A reference, with the object at its other end. */
export interface ReferenceRow extends NodeRow {
  /** `sessions`, `[12]`, `<table>` for V8's own. */
  edgeText: string;
  /** `property`, `element`, `context`, `internal`, `hidden`, `shortcut`, `weak`. */
  edgeType: string;
}

/** Second screen of `holter heap show`: one object. */
export interface ObjectDescription extends NodeRow {
  /** `object`, `closure`, `string` … */
  type: string;
  /** Of its constructor; of a function its own. Undefined when the snapshot does not tell. */
  place: Place | undefined;
  /** In JS syntax: `global.app.sessions`. */
  path: string;
  /** The same step by step, the root first. */
  steps: PathStep[];
  /** What it refers to, the largest first; what was cut is in `referenceCount`. */
  references: ReferenceRow[];
  referenceCount: number;
  /** Who refers to it, the nearest to the root first. */
  retainers: ReferenceRow[];
  retainerCount: number;
  /** Without any of these it would be freed: the immediate dominator first, the root last; cut after `limit`. */
  dominators: NodeRow[];
  dominatorCount: number;
  /** What would be freed with it, by class, the largest first; itself left out. */
  holds: { className: string; count: number; shallowBytes: Bytes }[];
  /** Calls that led to its allocation, the innermost first; only of snapshots with allocation tracking. */
  allocatedBy: Place[];
}

/** Steps up the dominator tree that are counted. */
const MOST_DOMINATORS = 1_000_000;

/** Node with V8's id, −1 when no object has it. One scan. */
export function nodeOfId({ nodeId, nodeCount }: Snapshot, id: number): number {
  const node = nodeId.indexOf(id);
  return node < nodeCount ? node : -1;
}

/**
 * Everything about one object, lists cut to `limit`. One pass over all edges for the retainers, and one over the nodes
 * below it: no table of all retainers is made.
 */
export function describeObject(heap: Heap, node: number, limit = 20): ObjectDescription {
  const { snapshot, scripts } = heap;
  const { references, referenceCount } = listReferences(heap, node, limit);
  const { retainers, retainerCount } = listRetainers(heap, node, limit);
  return {
    ...describeNode(heap, node, 1000),
    type: NODE_TYPES[snapshot.nodeType[node]!]!,
    place: scripts.placeOf(node),
    path: pathText(heap, node),
    steps: retainingPath(heap, node),
    references,
    referenceCount,
    retainers,
    retainerCount,
    ...listDominators(heap, node, limit),
    holds: countHeld(heap, node, limit),
    allocatedBy: allocationStack(snapshot, node),
  };
}

/** A row about a node; texts of strings at most `longest` characters. */
export function describeNode(heap: Heap, node: number, longest?: number): NodeRow {
  const { snapshot, graph } = heap;
  return {
    node,
    id: snapshot.nodeId[node]!,
    className: classNameOf(heap, node),
    text: nodeText(heap, node, longest),
    shallowBytes: graph.shallow.get(node),
    retainedBytes: graph.retained.get(node),
    distance: graph.distance[node]!,
  };
}

function describeReference(heap: Heap, edge: number, node: number): ReferenceRow {
  return {
    ...describeNode(heap, node),
    edgeText: referenceText(heap.snapshot, edge),
    edgeType: EDGE_TYPES[heap.snapshot.edgeTarget[edge]! & 7]!,
  };
}

/** `sessions`, `[12]`, `variable cache`, `<table>` for V8's own. */
export function referenceText(snapshot: Snapshot, edge: number): string {
  const type = snapshot.edgeTarget[edge]! & 7;
  const name = snapshot.edgeName[edge]!;
  if (type === EDGE.element || type === EDGE.hidden) return `[${name}]`;
  const text = snapshot.strings.get(name);
  if (type === EDGE.context) return `variable ${text}`;
  return type === EDGE.property || type === EDGE.shortcut ? text : `<${text}>`;
}

function listReferences(heap: Heap, node: number, limit: number) {
  const { firstEdge, edgeTarget } = heap.snapshot;
  const largest = new LargestRows(limit);
  for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge++)
    largest.offer(edge, heap.graph.retained.get(edgeTarget[edge]! >>> 3));
  return {
    references: largest.rows().map((edge) => describeReference(heap, edge, edgeTarget[edge]! >>> 3)),
    referenceCount: largest.offered,
  };
}

function listRetainers(heap: Heap, node: number, limit: number) {
  const { snapshot, graph } = heap;
  const { edgeCount, edgeTarget } = snapshot;
  const nearest = new LargestRows(limit);
  for (let edge = 0; edge < edgeCount; edge++) {
    if (edgeTarget[edge]! >>> 3 !== node) continue;
    const distance = graph.distance[edgeSource(snapshot, edge)]!;
    nearest.offer(edge, distance < 0 ? -Infinity : -distance);
  }
  return {
    retainers: nearest.rows().map((edge) => describeReference(heap, edge, edgeSource(snapshot, edge))),
    retainerCount: nearest.offered,
  };
}

function listDominators(heap: Heap, node: number, limit: number) {
  const { dominator } = heap.graph;
  const dominators: NodeRow[] = [];
  let dominatorCount = 0;
  for (let at = node; at !== 0 && dominatorCount < MOST_DOMINATORS; dominatorCount++) {
    at = dominator[at]!;
    if (dominators.length < limit) dominators.push(describeNode(heap, at));
  }
  return { dominators, dominatorCount };
}

/** Instances below a node in the dominator tree, by class. */
function countHeld({ graph, classes }: Heap, node: number, limit: number): ObjectDescription['holds'] {
  const { preorder, rank, subtree, shallow } = graph;
  const count = new Uint32Array(classes.count);
  const bytes = new Float64Array(classes.count);
  const begin = rank[node]!;
  const end = begin + subtree[begin]!;
  for (let at = begin + 1; at < end; at++) {
    const one = preorder[at]!;
    const row = classes.of[one]!;
    if (row >= count.length) continue;
    count[row]!++;
    bytes[row]! += shallow.get(one);
  }
  const largest = new LargestRows(limit);
  for (let row = 0; row < count.length; row++) if (count[row]! > 0) largest.offer(row, bytes[row]!);
  return largest
    .rows()
    .map((row) => ({ className: classes.name[row]!, count: count[row]!, shallowBytes: bytes[row]! }));
}

/** Deepest allocation stack that is followed. */
const DEEPEST = 1000;

function allocationStack({ allocations, traceNode, strings }: Snapshot, node: number): Place[] {
  const id = traceNode?.[node] ?? 0;
  if (allocations === undefined || id === 0) return [];
  const { nodes, functions } = allocations;
  const stack: Place[] = [];
  for (let row = nodes.id.indexOf(id); row > 0 && stack.length < DEEPEST; row = nodes.parent[row]!) {
    const at = nodes.function[row]!;
    if (functions.name[at] === undefined) break;
    stack.push({
      function: strings.get(functions.name[at]!),
      file: strings.get(functions.scriptName[at]!),
      line: functions.line[at]! + 1,
      column: functions.column[at]! + 1,
      package: '',
    });
  }
  return stack;
}
