import type { Heap } from './heap.ts';
import { NO_EDGE } from './heap-graph.ts';
import { type HeapValues, isInternalFile, valuesOf } from './heap-values.ts';
import { contextOwner, moduleFile } from './path-names.ts';
import { edgeSource } from './retainers.ts';
import { EDGE, NODE } from './snapshot.ts';

/** One step down a path: −1 for the edge of the first. */
export interface PathEdge {
  edge: number;
  node: number;
}

/** Nodes looked at before the search gives up and follows distances instead. */
const MOST_NODES = 4000;
/** Retainers of one node that are looked at. A node with more is a constant of the whole heap. */
const MOST_RETAINERS = 3000;
/** Most that a step, or the place where a path begins, may cost when there is nothing to explain; and its steps. */
const PLAIN = 4;
const LONGEST_PLAIN = 12;
/** Steps of a path by distance: an element deep in a linked list. */
const LONGEST = 2000;

/**
 * The way that explains best to a reader why a node is alive: from the global object, the variables of a module, a timer or a
 * waiting async function, over properties, elements and variables; over V8's own structures only where there is no
 * other. Searched backwards by cost; weak references never count. Far inside a long list (beyond 4000 nodes) the
 * shortest way by `graph.distance` is taken instead, and at last the dominators.
 * `heap.retainers` is made only where the shortest way is not a plain one.
 */
export function findPath(heap: Heap, node: number, ignore?: (edge: number) => boolean): PathEdge[] {
  if (ignore === undefined) {
    const plain = plainPath(heap, node);
    if (plain !== undefined) return plain;
  }
  return searchPath(heap, node, ignore) ?? pathByDistance(heap, node, ignore);
}

/**
 * The shortest way that was met when distances were measured, when there is nothing on it to explain: ordinary references
 * from a place that a reader knows. Most objects have one, and it saves the table of all retainers (4 bytes an edge).
 */
function plainPath(heap: Heap, node: number): PathEdge[] | undefined {
  const { snapshot, graph } = heap;
  const values = valuesOf(snapshot);
  const backwards: PathEdge[] = [];
  for (let at = node; backwards.length < LONGEST_PLAIN; ) {
    const end = anchorCost(heap, values, at, at === node);
    if (end !== undefined && end <= PLAIN) {
      backwards.push({ edge: -1, node: at });
      return backwards.reverse();
    }
    const edge = graph.reachedBy[at] as number;
    if (edge === NO_EDGE || values.isWeak(edge)) return undefined;
    const source = edgeSource(snapshot, edge);
    if (edgeCost(values, edge, source) > PLAIN) return undefined;
    backwards.push({ edge, node: at });
    at = source;
  }
  return undefined;
}

function searchPath(heap: Heap, node: number, ignore?: (edge: number) => boolean): PathEdge[] | undefined {
  const values = valuesOf(heap.snapshot);
  const { snapshot, retainers } = heap;
  const cost = new Map<number, number>([[node, 0]]);
  /** Node → the edge from it towards `node`. */
  const next = new Map<number, number>();
  const queue = new CostQueue();
  const closed = new Set<number>();
  queue.push(node, 0);
  let best: number | undefined;
  while (best === undefined) {
    const at = queue.pop();
    if (at === undefined || closed.size > MOST_NODES) return undefined;
    if (at.isEnd) {
      best = at.node;
      break;
    }
    if (closed.has(at.node)) continue;
    closed.add(at.node);
    if (at.node === 0) {
      best = 0;
      break;
    }
    const end = anchorCost(heap, values, at.node, at.node === node);
    if (end !== undefined) {
      queue.push(at.node, at.cost + end, true);
      if (end === 0) continue;
    }
    const last = Math.min(
      retainers.first[at.node + 1] as number,
      (retainers.first[at.node] as number) + MOST_RETAINERS,
    );
    for (let i = retainers.first[at.node] as number; i < last; i++) {
      const edge = retainers.edge[i] as number;
      if (((snapshot.edgeTarget[edge] as number) & 7) === EDGE.weak || ignore?.(edge) === true) continue;
      const source = edgeSource(snapshot, edge);
      if (closed.has(source) || source === at.node) continue;
      const total = at.cost + edgeCost(values, edge, source);
      const known = cost.get(source);
      if (known !== undefined && known <= total) continue;
      if (values.isWeak(edge)) continue;
      cost.set(source, total);
      next.set(source, edge);
      queue.push(source, total);
    }
  }
  const path: PathEdge[] = [{ edge: -1, node: best }];
  for (let at = best; at !== node; ) {
    const edge = next.get(at) as number;
    at = (snapshot.edgeTarget[edge] as number) >>> 3;
    path.push({ edge, node: at });
  }
  return path;
}

/** What it costs to end the search at a node; undefined where it cannot end. */
function anchorCost(heap: Heap, values: HeapValues, node: number, isGoal: boolean): number | undefined {
  const { nodeType } = heap.snapshot;
  if (heap.graph.userRoots.includes(node)) return isGlobalScope(values, node) ? 12 : 0;
  if (nodeType[node] !== NODE.object || isGoal) return undefined;
  const name = heap.snapshot.nodeName[node];
  if (name === values.name('system / Context')) {
    const owner = contextOwner(heap, node);
    if (!owner.isModule) return undefined;
    return isInternalFile(owner.file) ? 30 : 2;
  }
  if (isGlobalObject(values, node)) return 0;
  if (name === values.name('Timeout') || name === values.name('Immediate')) return 4;
  if (name === values.name('Generator')) return 12;
  if (name === values.name('Module') && moduleFile(heap, node) !== '') return 4;
  return undefined;
}

/** `global` of Node up to 24; in Node 26 `global (global*)`, and its proxy `global (global)`. */
export function isGlobalObject(values: HeapValues, node: number): boolean {
  return (
    values.isNamed(node, 'global') ||
    values.isNamed(node, 'global (global*)') ||
    values.isNamed(node, 'global (global)')
  );
}

function isGlobalScope(values: HeapValues, node: number): boolean {
  return values.isNamed(node, 'system / NativeContext');
}

/** Ordinary references of the program cost 2, V8's tables and contexts as much, what no program can write far more. */
function edgeCost(values: HeapValues, edge: number, source: number): number {
  const { snapshot } = values;
  const sourceType = snapshot.nodeType[source];
  if (sourceType === NODE.synthetic) return 300;
  if (sourceType === NODE.code || sourceType === NODE.objectShape) return 60;
  const name = snapshot.edgeName[edge];
  switch ((snapshot.edgeTarget[edge] as number) & 7) {
    case EDGE.property:
      return name === values.name('__proto__') || name === values.name('constructor') ? 24 : 2;
    case EDGE.element:
    case EDGE.context:
      return 2;
    case EDGE.shortcut:
      return 8;
    case EDGE.hidden:
      return sourceType === NODE.object ? 4 : 8;
    default:
      if (sourceType === NODE.hidden && source < snapshot.nodeCount && isShape(values, source)) return 60;
      // A closure leads to what is outside of it: one step less than over its bound receiver.
      return 2;
  }
}

/** Hidden classes and what hangs on them, typed `hidden` before Node 20. */
function isShape(values: HeapValues, node: number): boolean {
  return (
    values.isNamed(node, 'system / Map') ||
    values.isNamed(node, 'system / PropertyCell') ||
    values.isNamed(node, 'system / Cell') ||
    values.isNamed(node, 'system / NativeContext') ||
    values.isNamed(node, 'system / AllocationSite') ||
    values.isNamed(node, 'system / WeakArrayList')
  );
}

/** A shortest way: from each node to a retainer that is nearer to the roots; by dominators where nothing is nearer. */
function pathByDistance(heap: Heap, node: number, ignore?: (edge: number) => boolean): PathEdge[] {
  const { snapshot, graph, retainers } = heap;
  const backwards: PathEdge[] = [];
  let at = node;
  for (let steps = 0; at !== 0 && steps < LONGEST; steps++) {
    let best = -1;
    let from = -1;
    let nearest = graph.distance[at] as number;
    if (nearest < 0) nearest = Number.POSITIVE_INFINITY;
    const last = Math.min(
      retainers.first[at + 1] as number,
      (retainers.first[at] as number) + MOST_RETAINERS,
    );
    for (let i = retainers.first[at] as number; i < last; i++) {
      const edge = retainers.edge[i] as number;
      if (((snapshot.edgeTarget[edge] as number) & 7) === EDGE.weak || ignore?.(edge) === true) continue;
      const source = edgeSource(snapshot, edge);
      const distance = source === 0 ? -1 : (graph.distance[source] as number);
      if ((source !== 0 && distance < 0) || distance >= nearest) continue;
      nearest = distance;
      best = edge;
      from = source;
    }
    if (best < 0) {
      backwards.push({ edge: -1, node: at });
      at = graph.dominator[at] as number;
      continue;
    }
    backwards.push({ edge: best, node: at });
    at = from;
    if (graph.userRoots.includes(at)) break;
  }
  backwards.push({ edge: -1, node: at });
  return backwards.reverse();
}

interface Queued {
  node: number;
  cost: number;
  isEnd: boolean;
}

/** Costs are small integers: one list per cost, first in, first out. */
class CostQueue {
  private readonly lists: Queued[][] = [];
  private lowest = 0;

  push(node: number, cost: number, isEnd = false): void {
    const list = this.lists[cost];
    if (list === undefined) this.lists[cost] = [{ node, cost, isEnd }];
    else list.push({ node, cost, isEnd });
    if (cost < this.lowest) this.lowest = cost;
  }

  pop(): Queued | undefined {
    for (; this.lowest < this.lists.length; this.lowest++) {
      const list = this.lists[this.lowest];
      if (list !== undefined && list.length > 0) return list.shift();
    }
    return undefined;
  }
}
