import type { Bytes } from '../base/units.ts';
import type { Heap } from './heap.ts';
import { type HeapValues, valuesOf } from './heap-values.ts';
import { NodeList } from './node-list.ts';
import { EDGE, NODE } from './snapshot.ts';

/** What a claim must explain to be worth a line: this part of the heap, */
const LEAST_SHARE = 0.05;
/** and no less than this. A bare Node process has 4–6 MB, none of it worth a word. */
const LEAST_BYTES: Bytes = 1_000_000;

/** What all detectors look at, gathered in one pass over the nodes and the edges of objects. */
export interface Survey {
  heap: Heap;
  values: HeapValues;
  /** retained(root) and memory outside that V8 counts. */
  total: Bytes;
  /** Smallest claim: max(1 MB, 5 % of total). */
  threshold: Bytes;
  timers: Uint32Array;
  promises: Uint32Array;
  contexts: Uint32Array;
  /** The same by scope (ScopeInfo, −1 unknown), the scope with most first. Made on first use. */
  contextsByScope: () => [number, Uint32Array][];
  /** CommonJS modules as `require` keeps them, and what else is called so. */
  modules: Uint32Array;
  /** Objects with a property `_events`. */
  emitters: Uint32Array;
  /** Node's own listener records of EventTargets. */
  targetListeners: Uint32Array;
  /** Maps and Sets, also of classes made from them: objects with an internal edge `table`. */
  collections: Uint32Array;
  slicedStrings: Uint32Array;
  /** Instances and bytes of texts, by string index; strings with a size of their own only. */
  textCount: Uint32Array;
  textBytes: Float64Array;
}

const KIND = { timer: 1, promise: 2, context: 3, targetListener: 4, module: 5 } as const;

export function surveyHeap(heap: Heap): Survey {
  const { snapshot, graph } = heap;
  const { nodeCount, nodeType, nodeName, firstEdge, edgeTarget, edgeName, selfSize, strings } = snapshot;
  const values = valuesOf(snapshot);
  const total = (nodeCount === 0 ? 0 : graph.retained.get(0)) + snapshot.extraNativeBytes;
  const kinds = new Map<number, number>();
  for (const [name, kind] of [
    ['Timeout', KIND.timer],
    ['Immediate', KIND.timer],
    ['Promise', KIND.promise],
    ['system / Context', KIND.context],
    ['Listener', KIND.targetListener],
    ['Module', KIND.module],
  ] as const)
    if (values.name(name) >= 0) kinds.set(values.name(name), kind);
  const kindOf = new Uint8Array(strings.count + 1);
  for (const [name, kind] of kinds) kindOf[name] = kind;
  const lists = {
    timer: new NodeList(),
    promise: new NodeList(),
    context: new NodeList(),
    targetListener: new NodeList(),
    module: new NodeList(),
    emitter: new NodeList(),
    collection: new NodeList(),
    sliced: new NodeList(),
  };
  const textCount = new Uint32Array(strings.count + 1);
  const textBytes = new Float64Array(strings.count + 1);
  const events = values.name('_events');
  const table = values.name('table');
  for (let node = 0; node < nodeCount; node++) {
    const type = nodeType[node];
    if (type === NODE.string) {
      const size = selfSize.get(node);
      if (size === 0) continue;
      const name = nodeName[node] as number;
      textCount[name]!++;
      textBytes[name]! += size;
      continue;
    }
    if (type === NODE.slicedString) lists.sliced.push(node);
    if (type !== NODE.object) continue;
    const kind = kindOf[nodeName[node] as number];
    if (kind === KIND.timer) lists.timer.push(node);
    else if (kind === KIND.promise) lists.promise.push(node);
    else if (kind === KIND.context) {
      lists.context.push(node);
      continue;
    } else if (kind === KIND.targetListener) lists.targetListener.push(node);
    else if (kind === KIND.module) lists.module.push(node);
    const begin = firstEdge[node] as number;
    // Both stand among the first edges; an object with thousands of properties is not searched.
    const end = Math.min(firstEdge[node + 1] as number, begin + 48);
    for (let edge = begin; edge < end; edge++) {
      const name = edgeName[edge];
      if (name !== events && name !== table) continue;
      const of = (edgeTarget[edge] as number) & 7;
      if (of === EDGE.property && name === events) lists.emitter.push(node);
      else if (of === EDGE.internal && name === table) lists.collection.push(node);
      else continue;
      break;
    }
  }
  let byScope: [number, Uint32Array][] | undefined;
  return {
    heap,
    values,
    total,
    threshold: Math.max(LEAST_BYTES, LEAST_SHARE * total),
    timers: lists.timer.nodes,
    promises: lists.promise.nodes,
    contexts: lists.context.nodes,
    contextsByScope() {
      byScope ??= groupByScope(values, lists.context.nodes);
      return byScope;
    },
    modules: lists.module.nodes,
    emitters: lists.emitter.nodes,
    targetListeners: lists.targetListener.nodes,
    collections: lists.collection.nodes,
    slicedStrings: lists.sliced.nodes,
    textCount,
    textBytes,
  };
}

function groupByScope(values: HeapValues, contexts: Uint32Array): [number, Uint32Array][] {
  const groups = new NodeGroups();
  for (const context of contexts) groups.add(values.scopeOf(context), context);
  return groups.largest();
}

/** Nodes gathered under a number. */
export class NodeGroups {
  private readonly lists = new Map<number, NodeList>();

  add(key: number, node: number): void {
    let list = this.lists.get(key);
    if (list === undefined) {
      list = new NodeList();
      this.lists.set(key, list);
    }
    list.push(node);
  }

  /** Largest groups first. */
  largest(): [number, Uint32Array][] {
    return [...this.lists]
      .map(([key, list]): [number, Uint32Array] => [key, list.nodes])
      .sort((a, b) => b[1].length - a[1].length || a[0] - b[0]);
  }
}
