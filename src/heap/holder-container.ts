import type { Heap } from './heap.ts';
import { type HeapValues, valuesOf } from './heap-values.ts';
import { contextOwner } from './path-names.ts';
import { edgeSource } from './retainers.ts';
import { EDGE, NODE } from './snapshot.ts';

/** What holds an object, once V8's own stores between are left out. */
export interface Container {
  /** Array, Map, object, context … */
  node: number;
  /**
   * The edge by which the program holds it: a property's or variable's name as string index; −1 for elements and entries.
   */
  name: number;
  kind: 'element' | 'entry' | 'property' | 'variable' | 'internal';
}

/** Steps from a backing store up to the object it belongs to. */
const STORES = 4;

/**
 * Container at the source of an edge, or undefined when that edge holds nothing in the eyes of the program: weak, from
 * V8's code and shapes, from synthetic roots, a prototype.
 */
export function containerOf(heap: Heap, edge: number): Container | undefined {
  const { snapshot } = heap;
  const values = valuesOf(snapshot);
  if (values.isWeak(edge)) return undefined;
  let source = edgeSource(snapshot, edge);
  let via = edge;
  for (let depth = 0; depth < STORES; depth++) {
    const type = (snapshot.edgeTarget[via] as number) & 7;
    const name = snapshot.edgeName[via] as number;
    switch (snapshot.nodeType[source]) {
      case NODE.object:
      case NODE.closure:
      case NODE.regexp:
      case NODE.wasmObject:
        return ofObject(values, source, type, name, depth);
      case NODE.array:
      case NODE.hidden: {
        const owner = storeOwner(heap, values, source);
        if (owner === undefined) return undefined;
        via = owner;
        source = edgeSource(snapshot, owner);
        break;
      }
      default:
        return undefined;
    }
  }
  return undefined;
}

function ofObject(
  values: HeapValues,
  node: number,
  type: number,
  name: number,
  depth: number,
): Container | undefined {
  if (values.isContext(node)) {
    if (type === EDGE.context) return { node, name, kind: 'variable' };
    return type === EDGE.internal && name === values.name('extension')
      ? { node, name, kind: 'internal' }
      : undefined;
  }
  if (type === EDGE.element) return { node, name: -1, kind: 'element' };
  if (type === EDGE.property) {
    if (name === values.name('__proto__')) return undefined;
    return { node, name, kind: 'property' };
  }
  if (depth > 0) {
    // Reached over a store: which one says what the object is.
    if (name === values.name('table')) return { node, name: -1, kind: 'entry' };
    if (name === values.name('elements')) return { node, name: -1, kind: 'element' };
    if (name === values.name('properties')) return { node, name: -1, kind: 'property' };
    return { node, name, kind: 'internal' };
  }
  if (type !== EDGE.internal && type !== EDGE.hidden) return undefined;
  if (
    name === values.name('map') ||
    name === values.name('shared') ||
    name === values.name('context') ||
    name === values.name('prototype') ||
    name === values.name('initial_map')
  )
    return undefined;
  return { node, name: type === EDGE.internal ? name : -1, kind: 'internal' };
}

/** The edge by which an object owns a backing store (or a promise its reaction); undefined when nothing of the program does. */
function storeOwner(heap: Heap, values: HeapValues, store: number): number | undefined {
  const { retainers, snapshot } = heap;
  const end = Math.min(retainers.first[store + 1] as number, (retainers.first[store] as number) + 16);
  let hidden: number | undefined;
  for (let i = retainers.first[store] as number; i < end; i++) {
    const edge = retainers.edge[i] as number;
    if (values.isWeak(edge)) continue;
    const type = snapshot.nodeType[edgeSource(snapshot, edge)];
    if (type === NODE.object || type === NODE.closure) return edge;
    if (type === NODE.array || (type === NODE.hidden && !isScope(values, edgeSource(snapshot, edge))))
      hidden ??= edge;
  }
  return hidden;
}

function isScope(values: HeapValues, node: number): boolean {
  return (
    values.isNamed(node, 'system / NativeContext') ||
    values.isNamed(node, 'system / Map') ||
    values.isNamed(node, 'system / PropertyCell') ||
    values.isNamed(node, 'system / Cell')
  );
}

/**
 * Containers that are alike: one object for itself; of the many that hold one or a few each, all of one class by one
 * property, or all contexts of one function by one variable.
 */
export function likeness(heap: Heap, { node, name, kind }: Container): string {
  const values = valuesOf(heap.snapshot);
  if (kind === 'variable') return `v${contextOwner(heap, node).shared}:${values.scopeOf(node)}:${name}`;
  if (kind === 'property') return `p${heap.classes.of[node]}:${heap.snapshot.nodeName[node]}:${name}`;
  return `${kind}${heap.classes.of[node]}:${heap.snapshot.nodeName[node]}`;
}
