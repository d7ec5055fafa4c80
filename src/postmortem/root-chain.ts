import type { Bytes } from '../base/units.ts';
import { EDGE } from '../heap/snapshot.ts';
import { readFunctionInfo, sharedOf } from './function-info.ts';
import type { LiveGraph } from './graph-build.ts';
import { AS_MAP, isMarked, type Marks, markLive } from './graph-mark.ts';
import type { HeapMap } from './heap-maps.ts';
import { ENTRY, type HeapObject, isStore } from './reference-find.ts';
import { ReferenceNames } from './reference-names.ts';
import type { RootKind } from './root-isolate.ts';
import { hasType, isContext, isJsFunction, isJsReceiver } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** One object on the way, and how it refers to the next one. */
export interface ChainStep extends HeapObject {
  /** EDGE value and name of the reference to the next; of the last step, the object itself, NaN and ''. */
  type: number;
  name: string | number;
  /** Of contexts and what follows in them: tagged address of the script, as a function on the way tells. NaN none. */
  script: number;
}

/** A shortest way from outside of the heap to an object. */
export interface RootChain {
  root: { kind: RootKind /** Address of the word that refers to the first. */; at: number };
  /** From the first object to the one that was asked about. */
  steps: ChainStep[];
}

const MOST_STEPS = 100_000;
/** An array of properties, a table, a cell. */
const MOST_BETWEEN = 4;
/** Of references between two objects the one that says most to people. */
const RANK: Readonly<Record<number, number>> = {
  [EDGE.context]: 0,
  [EDGE.property]: 1,
  [EDGE.element]: 2,
  [EDGE.internal]: 3,
  [EDGE.hidden]: 4,
  [EDGE.weak]: 5,
};

/**
 * The shortest way from a root to an object, along references that keep alive. What V8 keeps elements, properties and
 * entries in is left out where its owner names the reference.
 * @param live made with `withPaths`
 * @returns undefined: nothing leads to it, it is garbage, or no object
 */
export function buildRootChain(v8: V8Reader, live: LiveGraph, address: number): RootChain | undefined {
  const { graph, marks, roots, walk, slots } = live;
  const { objects, mapOf, size } = graph;
  const asked = objects.ordinalAt(address);
  if (asked < 0 || marks.from === undefined || !isMarked(marks.bits, asked)) return undefined;
  const path = [asked];
  const seen = new Set(path);
  let firstOf: Int32Array | undefined;
  for (let at = asked; path.length < MOST_STEPS; ) {
    let from = marks.from[at]!;
    if (from === AS_MAP) {
      firstOf ??= firstOfMaps(live);
      from = firstOf[walk.mapAt(objects.addressOf(at))] ?? -1;
    }
    if (from === at || from < 0 || seen.has(from)) break;
    seen.add(from);
    path.push(from);
    at = from;
  }
  path.reverse();
  const names = new ReferenceNames(v8, walk.maps, slots);
  const objectOf = (ordinal: number): HeapObject => ({
    address: objects.addressOf(ordinal),
    map: mapOf[ordinal]!,
    size: size.get(ordinal),
  });
  const steps: ChainStep[] = [];
  const scripts = new ContextScripts(v8, live, path);
  let script = Number.NaN;
  for (let i = 0; i < path.length; i++) {
    const object = objectOf(path[i]!);
    if (isJsFunction(v8, object.address))
      script = readFunctionInfo(v8, sharedOf(v8, object.address))?.script ?? Number.NaN;
    else if (!isContext(v8, object.address)) script = Number.NaN;
    else if (Number.isNaN(script)) script = scripts.of(path[i]!);
    const next = path[i + 1];
    if (next === undefined) {
      steps.push({ ...object, type: Number.NaN, name: '', script });
      break;
    }
    // What V8 keeps properties, elements and entries in: the owner's name for what is behind it says more.
    let ahead = i + 1;
    while (
      ahead + 1 < path.length &&
      ahead < i + MOST_BETWEEN &&
      isBetween(v8, walk.maps, objectOf(path[ahead]!))
    )
      ahead++;
    let found: { type: number; name: string | number } | undefined;
    for (; ahead > i + 1; ahead--) {
      found = nameOf(names, object, objects.addressOf(path[ahead]!));
      if (found !== undefined && RANK[found.type]! <= RANK[EDGE.element]!) break;
      found = undefined;
    }
    const direct = nameOf(names, object, objects.addressOf(next));
    if (found === undefined && direct?.name === 'table' && path[i + 2] !== undefined) {
      found = { type: EDGE.internal, name: ENTRY };
      ahead = i + 2;
    }
    steps.push({ ...object, ...(found ?? direct ?? { type: EDGE.hidden, name: '' }), script });
    i = found === undefined ? i : ahead - 1;
  }
  // All that is global begins there.
  const global = steps.findLastIndex(({ address }) => hasType(v8, address, 'JS_GLOBAL_OBJECT_TYPE'));
  if (global > 0) steps.splice(0, global);
  const first = roots.ordinal.indexOf(path[0]!);
  const root =
    first === -1
      ? { kind: 0 as RootKind, at: Number.NaN }
      : { kind: roots.kind[first]!, at: roots.at[first]! };
  return { root, steps };
}

/**
 * What would be free if nothing referred to an object any more: it, and what lives by it alone. Found by marking once more
 * without it, so that it needs no dominator tree.
 * @returns undefined: it is garbage already, or no object
 */
export function measureRetained(
  live: LiveGraph,
  address: number,
): { bytes: Bytes; objects: number } | undefined {
  const { graph, marks, roots, walk, isShared } = live;
  const { objects, size } = graph;
  const asked = objects.ordinalAt(address);
  if (asked < 0 || !isMarked(marks.bits, asked)) return undefined;
  const mark = (ordinals: readonly number[], without: number): Marks =>
    markLive(graph, walk.maps, rootsOf(ordinals, objects.count, isShared), false, without);
  // A store that is just being copied is on the stack twice: it must not seem to be held by that.
  let named = roots.ordinal.filter((ordinal) => !live.passing.has(ordinal));
  let whole = live.passing.size === 0 ? marks : mark(named, -1);
  if (!isMarked(whole.bits, asked)) [named, whole] = [roots.ordinal, marks];
  const rest = mark(named, asked);
  let bytes = 0;
  let count = 0;
  const add = (ordinal: number): void => {
    bytes += size.get(ordinal);
    count++;
  };
  for (let at = 0; at < rest.bits.length; at++) {
    let lost = whole.bits[at]! & ~rest.bits[at]!;
    for (; lost !== 0; lost &= lost - 1) add(at * 8 + 31 - Math.clz32(lost & -lost));
  }
  add(asked);
  return { bytes, objects: count };
}

function* rootsOf(
  ordinals: readonly number[],
  count: number,
  isShared: (ordinal: number) => boolean,
): Generator<number> {
  yield* ordinals;
  // They were walked last.
  for (let ordinal = count - 1; ordinal >= 0 && isShared(ordinal); ordinal--) yield ordinal;
}

/** Scripts of contexts on a path: those of functions in use that have them, looked for once and only where one is asked about. */
class ContextScripts {
  readonly #v8: V8Reader;
  readonly #live: LiveGraph;
  readonly #path: readonly number[];
  /** By ordinal of the context. */
  #functions: Map<number, number> | undefined;

  constructor(v8: V8Reader, live: LiveGraph, path: readonly number[]) {
    this.#v8 = v8;
    this.#live = live;
    this.#path = path;
  }

  /** Tagged address of the script; NaN: no function has the context. */
  of(context: number): number {
    this.#functions ??= this.#findFunctions();
    const found = this.#functions.get(context);
    if (found === undefined) return Number.NaN;
    const address = this.#live.graph.objects.addressOf(found);
    return readFunctionInfo(this.#v8, sharedOf(this.#v8, address))?.script ?? Number.NaN;
  }

  #findFunctions(): Map<number, number> {
    const { graph, marks, walk } = this.#live;
    const { objects, mapOf, firstEdge, target } = graph;
    const { types } = this.#v8.layout;
    const from = types.get('FIRST_JS_FUNCTION_TYPE') ?? Number.NaN;
    const to = types.get('LAST_JS_FUNCTION_TYPE') ?? Number.NaN;
    const isFunction = walk.maps.map(({ type }) => type >= from && type <= to);
    const contexts = new Set(this.#path.filter((ordinal) => isContext(this.#v8, objects.addressOf(ordinal))));
    const found = new Map<number, number>();
    for (let ordinal = 0; ordinal < objects.count; ordinal++) {
      if (isFunction[mapOf[ordinal]!] !== true || !isMarked(marks.bits, ordinal)) continue;
      for (let edge = firstEdge[ordinal]!; edge < firstEdge[ordinal + 1]!; edge++) {
        const context = target[edge]! >>> 3;
        if (contexts.has(context) && !found.has(context)) found.set(context, ordinal);
      }
    }
    return found;
  }
}

/** By index of the map: a live object of it; −1 none. */
function firstOfMaps({ graph, marks, walk }: LiveGraph): Int32Array {
  const { objects, mapOf } = graph;
  const firstOf = new Int32Array(walk.maps.length).fill(-1);
  for (let ordinal = 0; ordinal < objects.count; ordinal++)
    if (firstOf[mapOf[ordinal]!] === -1 && isMarked(marks.bits, ordinal)) firstOf[mapOf[ordinal]!] = ordinal;
  return firstOf;
}

function isBetween(v8: V8Reader, maps: readonly HeapMap[], { address, map }: HeapObject): boolean {
  if (isContext(v8, address) || isJsReceiver(v8, address)) return false;
  return isStore(v8, maps[map]!) || hasType(v8, address, 'PROPERTY_CELL_TYPE');
}

function nameOf(
  names: ReferenceNames,
  { address, map, size }: HeapObject,
  target: number,
): { type: number; name: string | number } | undefined {
  let best: { type: number; name: string | number } | undefined;
  names.each(address, map, size, (type, name, to) => {
    if (to === target && (best === undefined || RANK[type]! < RANK[best.type]!)) best = { type, name };
  });
  return best;
}
