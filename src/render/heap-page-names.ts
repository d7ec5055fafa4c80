import { NO_CLASS } from '../heap/class-table.ts';
import type { Heap } from '../heap/heap.ts';
import { EDGE, NODE, NODE_TYPES, type Snapshot } from '../heap/snapshot.ts';
import { PAGE_ROOMS, type PageRoom } from './page-data.ts';

/** Longest text of a string of the heap on a page: they may hold secrets, and a name only has to be told apart. */
const LONGEST_TEXT = 60;
/** Edges of one object looked through for the names of its largest children. */
const MOST_EDGES = 200_000;

/**
 * The page's seven colours for kinds of memory: user = objects, dependency = strings, core = V8's own, native = memory
 * of C++ and buffers, kernel = arrays, gc = functions and code; idle is what was not taken apart.
 */
const ROOMS: Partial<Record<(typeof NODE_TYPES)[number], PageRoom>> = {
  object: 'user',
  regexp: 'user',
  'wasm object': 'user',
  string: 'dependency',
  'concatenated string': 'dependency',
  'sliced string': 'dependency',
  symbol: 'dependency',
  array: 'kernel',
  native: 'native',
  closure: 'gc',
  code: 'gc',
};
const ROOM_OF_TYPE = Uint8Array.from(NODE_TYPES, (type) => PAGE_ROOMS.indexOf(ROOMS[type] ?? 'core'));

/** Index into PAGE_ROOMS of a node's kind. */
export function roomOfNode(snapshot: Snapshot, node: number): number {
  return ROOM_OF_TYPE[snapshot.nodeType[node]!]!;
}

/** Class as the histogram says it; of nodes that are in none their own name. */
export function classNameOf(heap: Heap, node: number): string {
  const row = heap.classes.of[node]!;
  if (row !== NO_CLASS) return heap.classes.name[row]!;
  const { snapshot } = heap;
  const type = NODE_TYPES[snapshot.nodeType[node]!]!;
  return type === 'object' || type === 'native' || type === 'synthetic'
    ? snapshot.strings.get(snapshot.nodeName[node]!) || `(${type})`
    : `(${type})`;
}

/** `sessions: Map`, `"text of a str…"`, `function render`: what a single box is called. */
export function boxName(heap: Heap, node: number, edge: string | undefined): string {
  const { snapshot } = heap;
  const type = snapshot.nodeType[node];
  const text = () => snapshot.strings.get(snapshot.nodeName[node]!);
  let name = classNameOf(heap, node);
  if (type === NODE.string || type === NODE.consString || type === NODE.slicedString)
    name = JSON.stringify(cut(text()));
  else if (type === NODE.closure) name = `function ${cut(text()) || '(anonymous)'}`;
  else if (type === NODE.synthetic) name = cut(text());
  return edge === undefined ? name : `${edge}: ${name}`;
}

/** Names by which `node` refers to some of the objects below it; without those only V8 sees. */
export function edgeNames(snapshot: Snapshot, node: number, wanted: readonly number[]): Map<number, string> {
  const names = new Map<number, string>();
  const open = new Set(wanted);
  const end = Math.min(snapshot.firstEdge[node + 1]!, snapshot.firstEdge[node]! + MOST_EDGES);
  for (let edge = snapshot.firstEdge[node]!; edge < end && open.size > 0; edge++) {
    const target = snapshot.edgeTarget[edge]!;
    if (!open.has(target >>> 3)) continue;
    const type = target & 7;
    const name = snapshot.edgeName[edge]!;
    if (type === EDGE.element) names.set(target >>> 3, `[${name}]`);
    else if (type === EDGE.property || type === EDGE.context)
      names.set(target >>> 3, cut(snapshot.strings.get(name)));
    else continue;
    open.delete(target >>> 3);
  }
  return names;
}

/** Text of the heap as far as a page shows it. */
export function cut(text: string, longest: number = LONGEST_TEXT): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
