import { NO_CLASS } from './class-table.ts';
import type { Heap } from './heap.ts';
import { SYSTEM_DISTANCE } from './heap-graph.ts';
import type { Holder, PathStep } from './holder.ts';
import { edgeText, sourceFinder } from './query-edges.ts';
import { EDGE, NODE } from './snapshot.ts';

/** Longest way that is followed; a linked list of a million is not. */
const LONGEST = 200;

/** Name of a node's class, of one without by its own name. */
export function classNameOf({ classes, snapshot }: Heap, node: number): string {
  const row = classes.of[node] as number;
  return row === NO_CLASS ? snapshot.strings.get(snapshot.nodeName[node] as number) : (classes.name[row] as string);
}

/** Shortest way to an object, the root's child first; empty when nothing reaches it. */
export function pathSteps(heap: Heap, node: number): PathStep[] {
  const { graph, snapshot, retainers } = heap;
  const sourceOf = sourceFinder(snapshot);
  const steps: PathStep[] = [];
  for (let at = node; steps.length < LONGEST; ) {
    let best = -1;
    let bestSource = at;
    let nearest = graph.distance[at] as number;
    const end = retainers.first[at + 1] as number;
    for (let row = retainers.first[at] as number; row < end; row++) {
      const edge = retainers.edge[row] as number;
      if (((snapshot.edgeTarget[edge] as number) & 7) === EDGE.weak) continue;
      const source = sourceOf(edge);
      const distance = graph.distance[source] as number;
      if (source === at || distance < 0 || distance >= nearest) continue;
      [best, bestSource, nearest] = [edge, source, distance];
    }
    steps.push({
      edge: best,
      node: at,
      edgeText: best < 0 ? '' : edgeText(snapshot, best),
      className: classNameOf(heap, at),
    });
    if (best < 0 || bestSource === 0) break;
    at = bestSource;
  }
  return steps.reverse();
}

/** Way to an object in the syntax of JavaScript: `global.app.sessions`, `global.app.cache["a b"]`, `[12]` for elements. */
export function pathOf(heap: Heap, node: number): string {
  const { edgeTarget } = heap.snapshot;
  let text = '';
  for (const { edge, edgeText: name, className } of pathSteps(heap, node)) {
    const type = edge < 0 ? EDGE.hidden : (edgeTarget[edge] as number) & 7;
    if (text === '') text = /^global|^Window/.test(className) || type === EDGE.shortcut ? 'global' : className;
    else if (type === EDGE.element) text += `[${name}]`;
    else if (type === EDGE.property || type === EDGE.context || type === EDGE.shortcut)
      text += /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
    // Tables and backing stores are part of the container; other links of V8's own are named.
    else if (!/^(table|elements|properties|\d+)$/.test(name)) text += `.<${name}>`;
  }
  return text;
}

/** Containers that hold most of some objects, directly or through a backing store; three at most. */
export function holdersOf(heap: Heap, nodes: Uint32Array): Holder[] {
  const { snapshot, retainers, graph } = heap;
  const sourceOf = sourceFinder(snapshot);
  const held = new Map<number, number>();
  const last = new Map<number, number>();
  const most = nodes.length > 20_000 ? Math.ceil(nodes.length / 20_000) : 1;
  for (let at = 0; at < nodes.length; at += most) {
    const node = nodes[at] as number;
    const end = Math.min(retainers.first[node + 1] as number, (retainers.first[node] as number) + 64);
    for (let row = retainers.first[node] as number; row < end; row++) {
      const edge = retainers.edge[row] as number;
      if (((snapshot.edgeTarget[edge] as number) & 7) === EDGE.weak) continue;
      const owner = ownerOf(heap, sourceOf(edge));
      const distance = graph.distance[owner] as number;
      if (distance < 0 || distance >= SYSTEM_DISTANCE || last.get(owner) === node) continue;
      last.set(owner, node);
      held.set(owner, (held.get(owner) ?? 0) + most);
    }
  }
  return [...held]
    .filter(([, count]) => count > 1 || nodes.length === 1)
    .sort((a, b) => b[1] - a[1] || (graph.distance[a[0]] as number) - (graph.distance[b[0]] as number))
    .slice(0, 3)
    .map(([node, count]) => ({
      node,
      text: pathOf(heap, node),
      kind: classNameOf(heap, node),
      held: Math.min(count, nodes.length),
      place: heap.scripts.placeOf(node),
      path: pathSteps(heap, node),
    }));
}

/** The object a backing store belongs to, through which it is dominated; other nodes are their own. */
function ownerOf({ snapshot, graph }: Heap, node: number): number {
  const type = snapshot.nodeType[node];
  return type === NODE.array || type === NODE.hidden ? (graph.dominator[node] as number) : node;
}

/** `path:line` of the constructor (1-based), '' when the snapshot does not tell. */
export function placeOfClass(heap: Heap, row: number): string {
  const at = row < 0 ? -1 : (heap.classes.location[row] as number);
  if (at < 0) return '';
  const place = heap.scripts.placeOf(heap.snapshot.locations.node[at] as number);
  if (place === undefined || place.file === '') return '';
  return place.line > 0 ? `${place.file}:${place.line}` : place.file;
}
