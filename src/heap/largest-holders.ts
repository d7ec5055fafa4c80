import { NO_CLASS } from './class-table.ts';
import type { Heap } from './heap.ts';
import { EDGE, NODE } from './snapshot.ts';

/** Part of the heap from which on a child is large. */
const LEAST_PART = 0.005;
/** Or of the object it is a child of: a Map of a hundred equal things holds them all, none is large in it. */
const LEAST_OF_PARENT = 0.05;
/** An object that holds less than this part of its bytes besides its large children only passes on to them. */
const OWN_PART = 0.3;
/** So many large children of one class are what the object is there to hold. */
const PILE = 4;
/** Objects with one large child each that are gone down one after the other; longer ones are lists. */
const LONGEST_RUN = 50;
/** Objects looked into. */
const MOST_OPENED = 10_000;
/** References of one container that are counted. */
const MOST_COUNTED = 5_000_000;

/** Classes that say nothing about what an object is for: `Object` in `Object` is no list of Objects. */
const GENERAL = /^(Object|Array|Map|Set|Function|global|system \/ .*|\(.*\))$/;

interface Open {
  node: number;
  /** Where the chain of only children began that led here, and how long it is. */
  top: number;
  run: number;
}

/**
 * Objects that hold most memory and that a program knows by a name: `app.sessions`, not `global`, `app` or the table
 * inside of a Map. Largest first, at most `top`.
 *
 * From the root down the dominator tree, always into the largest. What V8 puts between (backing stores, roots, shapes) is
 * part of the object it belongs to. An object whose large children hold nearly all of it only passes on to them; where
 * the children are of its own class it is a list or a tree, and its head is the one to name, and where they are several
 * of one class it is their container.
 */
export function findLargestHolders(heap: Heap, top: number): number[] {
  const { graph, snapshot, classes } = heap;
  const { retained } = graph;
  const least = Math.max(1, retained.get(0) * LEAST_PART);
  const isUserRoot = new Set(graph.userRoots);
  const open: Open[] = [{ node: 0, top: 0, run: 0 }];
  const found = new Set<number>();
  for (let opened = 0; open.length > 0 && found.size < top && opened < MOST_OPENED; opened++) {
    // Few are open at a time: their subtrees are apart, and each is a two-hundredth of the heap.
    let largest = 0;
    for (let i = 1; i < open.length; i++)
      if (retained.get(open[i]!.node) > retained.get(open[largest]!.node)) largest = i;
    const { node, top: first, run } = open[largest]!;
    open[largest] = open.at(-1)!;
    open.pop();
    const bytes = retained.get(node);
    const children = largeChildren(heap, node, least);
    const large = children.filter((child) => retained.get(child) >= LEAST_OF_PARENT * bytes);
    let inLarge = 0;
    const byClass = new Map<number, { count: number; bytes: number }>();
    for (const child of large) {
      const size = retained.get(child);
      inLarge += size;
      const row = classes.of[child]!;
      const known = byClass.get(row) ?? { count: 0, bytes: 0 };
      byClass.set(row, { count: known.count + 1, bytes: known.bytes + size });
    }
    const isList = [...byClass].some(
      ([row, { count, bytes: sum }]) =>
        sum > inLarge / 2 &&
        (row === classes.of[node] || count >= PILE) &&
        row !== NO_CLASS &&
        !GENERAL.test(classes.name[row]!),
    );
    const isNamed =
      node !== 0 &&
      !isUserRoot.has(node) &&
      !isGlobal(heap, node) &&
      snapshot.nodeType[node] !== NODE.synthetic;
    if (isNamed && run > LONGEST_RUN) found.add(first);
    else if (isNamed && (isList || bytes - inLarge >= OWN_PART * bytes)) {
      found.add(node);
      // The rest of a list is itself again.
      if (!isList) for (const child of large) open.push({ node: child, top: child, run: 0 });
    } else
      for (const child of children) {
        const isOnly = children.length === 1 && isNamed;
        open.push({ node: child, top: isOnly ? first : child, run: isOnly ? run + 1 : 0 });
      }
  }
  return [...found].sort((a, b) => retained.get(b) - retained.get(a));
}

/** The global object itself: what it holds is told by name. Some versions keep it below a native context. */
function isGlobal({ snapshot, graph }: Heap, node: number): boolean {
  if (graph.distance[node]! > 2 || snapshot.nodeType[node] !== NODE.object) return false;
  return /^(global|Window|system \/ NativeContext)\b/.test(snapshot.strings.get(snapshot.nodeName[node]!));
}

/** Children of at least `least` bytes in the dominator tree, those of V8's own replaced by theirs. */
function largeChildren({ graph, snapshot }: Heap, node: number, least: number): number[] {
  const { preorder, rank, subtree, retained } = graph;
  const { nodeType, nodeName, strings } = snapshot;
  const arrayBuffer = strings.find('ArrayBuffer');
  const children: number[] = [];
  const through = [node];
  for (let at = through.pop(); at !== undefined; at = through.pop()) {
    const begin = rank[at]!;
    const end = begin + subtree[begin]!;
    for (let next = begin + 1; next < end; next += subtree[next]!) {
      const child = preorder[next]!;
      if (retained.low[child]! < least) continue;
      const type = nodeType[child]!;
      const isInside =
        type === NODE.array ||
        type === NODE.hidden ||
        type === NODE.code ||
        type === NODE.objectShape ||
        type === NODE.synthetic ||
        type === NODE.native ||
        // What a Buffer or a typed array is a view of.
        (type === NODE.object && nodeName[child] === arrayBuffer);
      (isInside ? through : children).push(child);
    }
  }
  return children;
}

/**
 * The class that makes up most of what an object contains: by bytes retained, of what it refers to directly or through
 * its backing stores (elements of an Array, entries of a Map). Undefined when nothing is there twice.
 */
export function contentOf(heap: Heap, node: number): { className: string; count: number } | undefined {
  const { snapshot, graph, classes } = heap;
  const { nodeType, firstEdge, edgeTarget, edgeName, strings } = snapshot;
  const count = new Uint32Array(classes.count);
  const bytes = new Float64Array(classes.count);
  // Elements and properties are edges of the object itself already.
  const told = [strings.find('elements'), strings.find('properties')];
  const stores = [node];
  const seen = new Set(stores);
  let counted = 0;
  for (let at = stores.pop(); at !== undefined; at = stores.pop()) {
    for (let edge = firstEdge[at]!; edge < firstEdge[at + 1]! && counted < MOST_COUNTED; edge++, counted++) {
      const packed = edgeTarget[edge]!;
      const to = packed >>> 3;
      const type = packed & 7;
      if (type === EDGE.weak || type === EDGE.shortcut) continue;
      if (nodeType[to] === NODE.array) {
        if (type === EDGE.property || type === EDGE.context || seen.has(to)) continue;
        // Chains of buckets end with the object they belong to: others' stores are not its own.
        if (graph.dominator[to] !== at || (at === node && told.includes(edgeName[edge]!))) continue;
        seen.add(to);
        stores.push(to);
        continue;
      }
      // An object's own links of V8 (map, prototype) are no content, those of a store are.
      if (at === node && type !== EDGE.property && type !== EDGE.element && type !== EDGE.context) continue;
      const row = classes.of[to]!;
      if (row === NO_CLASS) continue;
      count[row]!++;
      bytes[row]! += graph.retained.get(to);
    }
  }
  let best = -1;
  for (let row = 0; row < count.length; row++)
    if (count[row]! > 1 && classes.name[row] !== '(system)' && (best < 0 || bytes[row]! > bytes[best]!))
      best = row;
  return best < 0 ? undefined : { className: classes.name[best]!, count: count[best]! };
}
