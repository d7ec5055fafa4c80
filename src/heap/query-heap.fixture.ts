import { type ClassTable, NO_CLASS } from './class-table.ts';
import type { Heap } from './heap.ts';
import { type HeapGraph, NO_EDGE, UNREACHED } from './heap-graph.ts';
import { SizeColumn } from './size-column.ts';
import { EDGE, EDGE_TYPES, NODE, NODE_TYPES, type NodeTypeName, type Snapshot } from './snapshot.ts';

/** A node of a drawn heap: id, type, name, self size and its edges as [type, name or index, index of the target]. */
export interface DrawnNode {
  id: number;
  type: NodeTypeName;
  name: string;
  self: number;
  edges: [type: (typeof EDGE_TYPES)[number], name: string | number, to: number][];
}

/** A heap drawn by hand, worked out by plain and slow means: what queries and comparisons are tested on. */
export function drawHeap(nodes: readonly DrawnNode[], name = 'drawn'): Heap {
  const texts: string[] = [];
  const indexes = new Map<string, number>();
  const intern = (text: string) => {
    const known = indexes.get(text) ?? texts.push(text) - 1;
    indexes.set(text, known);
    return known;
  };
  const edges = nodes.flatMap((node) => node.edges);
  const firstEdge = new Uint32Array(nodes.length + 1);
  for (const [index, node] of nodes.entries())
    firstEdge[index + 1] = (firstEdge[index] ?? 0) + node.edges.length;
  const nodeName = Uint32Array.from(nodes, (node) => intern(node.name));
  const edgeName = Uint32Array.from(edges, ([, label]) =>
    typeof label === 'number' ? label : intern(label),
  );
  const snapshot: Snapshot = {
    name,
    bytes: 0,
    nodeCount: nodes.length,
    edgeCount: edges.length,
    nodeType: Uint8Array.from(nodes, ({ type }) => NODE_TYPES.indexOf(type)),
    nodeName,
    nodeId: Uint32Array.from(nodes, ({ id }) => id),
    selfSize: new SizeColumn(Uint32Array.from(nodes, ({ self }) => self)),
    firstEdge,
    edgeTarget: Uint32Array.from(edges, ([type, , to]) => ((to << 3) | EDGE_TYPES.indexOf(type)) >>> 0),
    edgeName,
    strings: {
      count: texts.length,
      get: (index) => texts[index] ?? '',
      bytes: (index) => new TextEncoder().encode(JSON.stringify(texts[index] ?? '').slice(1, -1)),
      find: (text) => indexes.get(text) ?? -1,
      search: ({ prefix = '', infix = '' }) =>
        Uint32Array.from(texts.keys()).filter(
          (index) => (texts[index] ?? '').startsWith(prefix) && (texts[index] ?? '').includes(infix),
        ),
    },
    locations: {
      node: new Uint32Array(0),
      script: new Int32Array(0),
      line: new Int32Array(0),
      column: new Int32Array(0),
    },
    extraNativeBytes: 0,
  };
  return naiveHeap(snapshot);
}

/** A heap of any snapshot by plain means: every edge but weak ones counts, classes are names. */
export function naiveHeap(snapshot: Snapshot): Heap {
  const graph = naiveGraph(snapshot);
  const classes = naiveClasses(snapshot, graph);
  const first = new Uint32Array(snapshot.nodeCount + 1);
  for (const target of snapshot.edgeTarget) first[(target >>> 3) + 1]! += 1;
  for (let node = 0; node < snapshot.nodeCount; node++) first[node + 1]! += first[node] as number;
  const at = first.slice();
  const edge = new Uint32Array(snapshot.edgeCount);
  for (let each = 0; each < snapshot.edgeCount; each++)
    edge[at[(snapshot.edgeTarget[each] as number) >>> 3]!++] = each;
  return {
    snapshot,
    graph,
    classes,
    answers: new Map(),
    retainers: { first, edge },
    scripts: { fileOf: () => '', placeOf: () => undefined, packageOf: () => undefined },
  };
}

function naiveGraph(snapshot: Snapshot): HeapGraph {
  const { nodeCount, firstEdge, edgeTarget, selfSize } = snapshot;
  const targets = (node: number) =>
    Array.from(edgeTarget.subarray(firstEdge[node], firstEdge[node + 1]))
      .filter((target) => (target & 7) !== EDGE.weak)
      .map((target) => target >>> 3);
  // Postorder by an own stack; what nothing reaches hangs below the root.
  const order: number[] = [];
  const seen = new Uint8Array(nodeCount);
  const predecessors: number[][] = Array.from({ length: nodeCount }, () => []);
  const walk = (start: number) => {
    if (seen[start] === 1) return;
    seen[start] = 1;
    const stack: { node: number; to: number[]; at: number }[] = [{ node: start, to: targets(start), at: 0 }];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const next = top.to[top.at++];
      if (next === undefined) order.push(stack.pop()!.node);
      else if (seen[next] === 0) {
        seen[next] = 1;
        stack.push({ node: next, to: targets(next), at: 0 });
      }
    }
  };
  seen[0] = 1;
  for (const target of targets(0)) walk(target);
  for (let node = 1; node < nodeCount; node++)
    if (seen[node] === 0) {
      predecessors[node]!.push(0);
      walk(node);
    }
  order.push(0);
  for (let node = 0; node < nodeCount; node++)
    for (const target of targets(node)) predecessors[target]!.push(node);
  // Cooper, Harvey and Kennedy's iteration.
  const number = new Int32Array(nodeCount);
  order.forEach((node, index) => {
    number[node] = index;
  });
  const dominator = new Int32Array(nodeCount).fill(-1);
  dominator[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = order.length - 2; index >= 0; index--) {
      const node = order[index]!;
      let best = -1;
      for (const from of predecessors[node]!) {
        if (dominator[from] === -1) continue;
        let [a, b] = [from, best];
        if (best === -1) b = from;
        while (a !== b) {
          while (number[a]! < number[b]!) a = dominator[a]!;
          while (number[b]! < number[a]!) b = dominator[b]!;
        }
        best = a;
      }
      if (best !== dominator[node]) {
        dominator[node] = best;
        changed = true;
      }
    }
  }
  const children: number[][] = Array.from({ length: nodeCount }, () => []);
  for (let node = 1; node < nodeCount; node++) children[dominator[node]!]!.push(node);
  const preorder: number[] = [];
  for (const stack = [0]; stack.length > 0; ) {
    const node = stack.pop()!;
    preorder.push(node);
    for (let index = children[node]!.length - 1; index >= 0; index--) stack.push(children[node]![index]!);
  }
  const rank = new Uint32Array(nodeCount);
  const subtree = new Uint32Array(nodeCount).fill(1);
  const retained = Float64Array.from({ length: nodeCount }, (_, node) => selfSize.get(node));
  preorder.forEach((node, index) => {
    rank[node] = index;
  });
  for (let index = nodeCount - 1; index > 0; index--) {
    const node = preorder[index]!;
    retained[dominator[node]!]! += retained[node]!;
    subtree[rank[dominator[node]!]!]! += subtree[index]!;
  }
  const distance = new Int32Array(nodeCount).fill(UNREACHED);
  distance[0] = 0;
  for (let queue = [0]; queue.length > 0; ) {
    const next: number[] = [];
    for (const node of queue)
      for (const target of targets(node))
        if (distance[target] === UNREACHED) {
          distance[target] = distance[node]! + 1;
          next.push(target);
        }
    queue = next;
  }
  const column = new SizeColumn(new Uint32Array(nodeCount));
  retained.forEach((bytes, node) => {
    column.set(node, bytes);
  });
  return {
    shallow: selfSize,
    retained: column,
    dominator: Uint32Array.from(dominator),
    distance,
    reachedBy: new Uint32Array(nodeCount).fill(NO_EDGE),
    detachedness: undefined,
    preorder: Uint32Array.from(preorder),
    rank,
    subtree,
    userRoots: Uint32Array.from(targets(0)),
  };
}

function naiveClasses(snapshot: Snapshot, graph: HeapGraph): ClassTable {
  const names: string[] = [];
  const rows = new Map<string, number>();
  const of = new Uint32Array(snapshot.nodeCount).fill(NO_CLASS);
  const [instances, shallow, retained, distance]: number[][] = [[], [], [], []];
  const openUntil: number[] = [];
  for (const [rank, node] of graph.preorder.entries()) {
    const bytes = graph.shallow.get(node);
    if (bytes === 0) continue;
    const type = snapshot.nodeType[node]!;
    const name =
      type === NODE.object || type === NODE.native
        ? snapshot.strings.get(snapshot.nodeName[node]!)
        : type === NODE.closure
          ? 'Function'
          : `(${NODE_TYPES[type]})`;
    let row = rows.get(name);
    if (row === undefined) {
      row = names.push(name) - 1;
      rows.set(name, row);
      for (const column of [instances, shallow, retained, openUntil]) column!.push(0);
      distance!.push(graph.distance[node]!);
    }
    of[node] = row;
    instances![row]! += 1;
    shallow![row]! += bytes;
    distance![row] = Math.min(distance![row]!, graph.distance[node]!);
    if (rank >= openUntil[row]!) {
      retained![row]! += graph.retained.get(node);
      openUntil[row] = rank + graph.subtree[rank]!;
    }
  }
  return {
    of,
    count: names.length,
    name: names,
    key: names,
    stableKey: names,
    instances: Uint32Array.from(instances!),
    shallow: Float64Array.from(shallow!),
    retained: Float64Array.from(retained!),
    distance: Int32Array.from(distance!),
    location: new Int32Array(names.length).fill(-1),
  };
}
