import type { ClassTable } from './class-table.ts';
import { NO_CLASS } from './class-table.ts';
import type { HeapGraph } from './heap-graph.ts';

/**
 * What a class is to the program: 0 its own (and the libraries'), 1 what JavaScript and Node are made of, which holds the
 * program's data, 2 what V8 makes for all of them.
 */
export type ClassTier = 0 | 1 | 2;

const BUILT_IN = new Set(
  (
    'Object Array Map Set WeakMap WeakSet WeakRef Promise Function Date Error RegExp Arguments Proxy Generator ' +
    'Buffer FastBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array ' +
    'Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array BigInt64Array BigUint64Array ' +
    'Number String Boolean Symbol BigInt global FinalizationRegistry Iterator AsyncFunction GeneratorFunction'
  ).split(' '),
);

/** By the name DevTools gives the class. Plain objects of one shape (`{id, name}`) are the program's own. */
export function tierOfClass(name: string): ClassTier {
  // An ArrayBuffer is what the Buffers and typed arrays over it are made of.
  if (/^\(|^(Detached )?(system|Node) \/ |^node::|^(Shared)?ArrayBuffer$/.test(name)) return 2;
  if (BUILT_IN.has(name) || / Iterator$|^(Async)?Generator/.test(name)) return 1;
  return 0;
}

export function tiersOf(classes: ClassTable): Uint8Array {
  return Uint8Array.from({ length: classes.count }, (_, row) => tierOfClass(classes.name[row] as string));
}

/**
 * Bytes that the new objects of each class keep alive (those marked in `isNew`, which are all that count), each byte once
 * per class. Bytes below an object of a lower tier are left to that one: a session that came into a Map brings strings,
 * arrays and a larger table along, and all of these are not three more leaks. So what leaks has the largest number,
 * while `(string)` keeps only strings that belong to nobody.
 *
 * One walk of the dominator tree in preorder: a class is open from its topmost instance to the end of that subtree.
 */
export function keptByClass(
  graph: HeapGraph,
  classes: ClassTable,
  tiers: Uint8Array,
  isNew: Uint8Array,
): Float64Array {
  const { preorder, subtree, shallow } = graph;
  const of = classes.of;
  const kept = new Float64Array(classes.count);
  const openUntil = new Uint32Array(classes.count);
  // Bytes met so far outside of all lower tiers, by tier.
  let met0 = 0;
  let met1 = 0;
  let met2 = 0;
  let open0 = 0;
  let open1 = 0;
  const endStack: number[] = [];
  const classStack: number[] = [];
  const close = () => {
    endStack.pop();
    const row = classStack.pop() as number;
    const tier = tiers[row];
    if (tier === 0) {
      kept[row]! += met0;
      open0--;
    } else if (tier === 1) {
      kept[row]! += met1;
      open1--;
    } else kept[row]! += met2;
  };
  let nextEnd = -1;
  for (let rank = 0; rank < preorder.length; rank++) {
    while (nextEnd === rank) {
      close();
      nextEnd = endStack.length === 0 ? -1 : (endStack[endStack.length - 1] as number);
    }
    const node = preorder[rank] as number;
    if (isNew[node] === 0) continue;
    const row = of[node] as number;
    if (row !== NO_CLASS && (openUntil[row] as number) <= rank) {
      const end = rank + (subtree[rank] as number);
      const tier = tiers[row];
      openUntil[row] = end;
      endStack.push(end);
      classStack.push(row);
      nextEnd = end;
      if (tier === 0) {
        kept[row]! -= met0;
        open0++;
      } else if (tier === 1) {
        kept[row]! -= met1;
        open1++;
      } else kept[row]! -= met2;
    }
    const bytes = shallow.get(node);
    met0 += bytes;
    if (open0 === 0) {
      met1 += bytes;
      if (open1 === 0) met2 += bytes;
    }
  }
  while (endStack.length > 0) close();
  return kept;
}

/**
 * The same of a whole heap, to be compared with another: here an old container that holds everything must not seem to be
 * what grew. So below the classes of the program a byte belongs to the nearest object of tier 1 above it, else to itself.
 */
export function keptInWhole(graph: HeapGraph, classes: ClassTable, tiers: Uint8Array): Float64Array {
  const { preorder, subtree, shallow } = graph;
  const of = classes.of;
  const kept = new Float64Array(classes.count);
  const openUntil = new Uint32Array(classes.count);
  let met = 0;
  let open = 0;
  const endStack: number[] = [];
  const classStack: number[] = [];
  const ownerEnds: number[] = [];
  const owners: number[] = [];
  for (let rank = 0; rank < preorder.length; rank++) {
    while (endStack.length > 0 && endStack[endStack.length - 1] === rank) {
      endStack.pop();
      kept[classStack.pop() as number]! += met;
      open--;
    }
    while (ownerEnds.length > 0 && ownerEnds[ownerEnds.length - 1] === rank) {
      ownerEnds.pop();
      owners.pop();
    }
    const node = preorder[rank] as number;
    const row = of[node] as number;
    const bytes = shallow.get(node);
    const tier = row === NO_CLASS ? 2 : tiers[row];
    if (tier === 0 && (openUntil[row] as number) <= rank) {
      const end = rank + (subtree[rank] as number);
      openUntil[row] = end;
      endStack.push(end);
      classStack.push(row);
      kept[row]! -= met;
      open++;
    } else if (tier === 1 && (subtree[rank] as number) > 1) {
      ownerEnds.push(rank + (subtree[rank] as number));
      owners.push(row);
    }
    met += bytes;
    if (open > 0) continue;
    const owner = tier === 1 ? row : owners.length > 0 ? (owners[owners.length - 1] as number) : row;
    if (owner !== NO_CLASS) kept[owner]! += bytes;
  }
  while (endStack.length > 0) {
    endStack.pop();
    kept[classStack.pop() as number]! += met;
  }
  return kept;
}
