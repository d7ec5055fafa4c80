import { classNameOf } from '../heap/class-name.ts';
import type { Heap } from '../heap/heap.ts';
import { nodeText } from '../heap/node-text.ts';
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

/** `sessions: Map`, `"text of a str…"`, `function render`: what a single box is called. */
export function boxName(heap: Heap, node: number, edge: string | undefined): string {
  const text = nodeText(heap, node);
  const type = heap.snapshot.nodeType[node];
  const name =
    text === '' || type === NODE.code
      ? cut(classNameOf(heap, node), 120)
      : type === NODE.closure
        ? `function ${text}`
        : text;
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
