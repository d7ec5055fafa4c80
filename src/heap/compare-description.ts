import { NO_CLASS } from './class-table.ts';
import type { Heap } from './heap.ts';
import { SYSTEM_DISTANCE } from './heap-graph.ts';
import type { Holder } from './holder.ts';
import { sourceFinder } from './query-edges.ts';
import { nameOfType } from './query-object-columns.ts';
import { pathText, retainingPath } from './retaining-path.ts';
import { EDGE, NODE } from './snapshot.ts';

/** Name of a node's class; of one without a size, and so without a class, what DevTools would call it. */
export function classNameOf({ classes, snapshot }: Heap, node: number): string {
  const row = classes.of[node] as number;
  if (row !== NO_CLASS) return classes.name[row] as string;
  const type = snapshot.nodeType[node] as number;
  if (type !== NODE.object && type !== NODE.native) return nameOfType(type);
  return snapshot.strings.get(snapshot.nodeName[node] as number);
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
      text: pathText(heap, node),
      kind: classNameOf(heap, node),
      held: Math.min(count, nodes.length),
      place: heap.scripts.placeOf(node),
      path: retainingPath(heap, node),
    }));
}

/** The object a backing store belongs to, through which it is dominated; other nodes are their own. */
function ownerOf({ snapshot, graph }: Heap, node: number): number {
  const type = snapshot.nodeType[node];
  return type === NODE.array || type === NODE.hidden ? (graph.dominator[node] as number) : node;
}

/** `path:line` of the constructor (1-based), '' when the snapshot does not tell. */
export function placeOfClass(heap: Pick<Heap, 'classes' | 'scripts' | 'snapshot'>, row: number): string {
  const at = row < 0 ? -1 : (heap.classes.location[row] as number);
  if (at < 0) return '';
  const place = heap.scripts.placeOf(heap.snapshot.locations.node[at] as number);
  if (place === undefined || place.file === '') return '';
  return place.line > 0 ? `${place.file}:${place.line}` : place.file;
}
