import type { Bytes } from '../base/units.ts';
import { isMarked, type Marks, markLive } from './graph-mark.ts';
import { indexObjects } from './graph-objects.ts';
import { type ReferenceGraph, readReferences } from './graph-references.ts';
import { areaBytes, type HeapPage, type HeapPages } from './heap-page.ts';
import { HeapWalk } from './heap-walk.ts';
import { ReferenceSlots } from './reference-slots.ts';
import { ROOT, type RootKind } from './root-isolate.ts';
import { findRoots, type Roots } from './root-scan.ts';
import { hasType, isContext, isJsReceiver } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** A heap with what refers to what, and what is in use. */
export interface LiveGraph {
  walk: HeapWalk;
  pages: HeapPage[];
  slots: ReferenceSlots;
  graph: ReferenceGraph;
  roots: Roots;
  marks: Marks;
  /** Roots on stacks and the like that are V8's own: arrays that are just being copied, numbers that look like addresses. */
  passing: ReadonlySet<number>;
  /** Objects of the pages that all isolates share: always in use. */
  isShared: (ordinal: number) => boolean;
}

export interface GraphOptions {
  /** Used again, where another pass over this heap was made with it. */
  walk?: HeapWalk;
  /** Isolates whose objects the graph has; absent: all. Roots are looked for as what all of them together have. */
  isolates?: HeapPages['isolates'];
  /** Keep the way to each object. */
  withPaths?: boolean;
  onProgress?: (done: Bytes, of: Bytes) => void;
}

/**
 * Reads the references of a heap in two passes over it, finds its roots, and marks what they lead to.
 * @throws HolterError E_TOO_LITTLE_MEMORY
 */
export function buildLiveGraph(v8: V8Reader, all: HeapPages, options: GraphOptions = {}): LiveGraph {
  const walk = options.walk ?? new HeapWalk(v8);
  const isolates = options.isolates ?? all.isolates;
  const pages = [...isolates.flatMap((isolate) => isolate.pages), ...all.readOnly];
  const of = 2 * areaBytes(pages);
  const slots = new ReferenceSlots(v8);
  let first = 0;
  const objects = indexObjects(walk, pages, slots, (done) => {
    first = done;
    options.onProgress?.(done, of);
  });
  const graph = readReferences(walk, pages, objects, slots, (done) => options.onProgress?.(first + done, of));
  const roots = findRoots(v8, all, objects);
  const shared = sharedOrdinals(all.readOnly, graph);
  const isLate = (ordinal: number, row: number): boolean =>
    LATE.has(roots.kind[row]!) ||
    graph.size.get(ordinal) >= LARGE ||
    // V8's own lead on to realms; other objects of the program in its C++ objects are there for the moment, or by accident.
    (roots.kind[row] === ROOT.v8 &&
      isOfJavaScript(v8, objects.addressOf(ordinal)) &&
      !hasType(v8, objects.addressOf(ordinal), 'NATIVE_CONTEXT_TYPE'));
  const late = roots.ordinal.filter(isLate);
  const passing = new Set(late.filter((ordinal) => !isOfJavaScript(v8, objects.addressOf(ordinal))));
  const marks = markLive(graph, walk.maps, rootOrdinals(roots, isLate, shared), options.withPaths, -1, [
    ...late.filter((ordinal) => !passing.has(ordinal)),
    ...passing,
  ]);
  return {
    walk,
    pages,
    slots,
    graph,
    roots,
    marks,
    passing,
    isShared: (ordinal) => ordinal >= shared[0] && ordinal < shared[1],
  };
}

/**
 * Which objects are in use.
 * @returns whether the object at an address (tagged) is
 * @throws HolterError E_TOO_LITTLE_MEMORY
 */
export function liveTest({ graph, marks }: Pick<LiveGraph, 'graph' | 'marks'>): (address: number) => boolean {
  const { objects } = graph;
  const { bits } = marks;
  return (address) => {
    const ordinal = objects.ordinalAt(address);
    return ordinal >= 0 && isMarked(bits, ordinal);
  };
}

function isOfJavaScript(v8: V8Reader, address: number): boolean {
  return isJsReceiver(v8, address) || isContext(v8, address);
}

/** What refers for the moment, and may look so by accident. */
const LATE: ReadonlySet<RootKind> = new Set([ROOT.stack, ROOT.handleScope, ROOT.microtask, ROOT.native]);

/** V8 (kMaxRegularHeapObjectSize): has pages of its own; V8 notes the newest, which is a store that grows. */
const LARGE: Bytes = 128 * 1024;

/** They were walked last, so that their ordinals are the last. */
function sharedOrdinals(
  readOnly: readonly HeapPage[],
  { objects }: ReferenceGraph,
): readonly [from: number, to: number] {
  const chunks = new Set(readOnly.map(({ chunk }) => chunk));
  let from = objects.count;
  // From behind: few chunks, and the first that is none of them ends it.
  for (let ordinal = objects.count - 1; ordinal >= 0; ordinal--) {
    const chunk = Math.floor(objects.addressOf(ordinal) / 2 ** 18) * 2 ** 18;
    if (!chunks.has(chunk)) break;
    from = ordinal;
  }
  return [from, objects.count];
}

function* rootOrdinals(
  roots: Roots,
  isLate: (ordinal: number, row: number) => boolean,
  [from, to]: readonly [number, number],
): Generator<number> {
  for (const [row, ordinal] of roots.ordinal.entries()) if (!isLate(ordinal, row)) yield ordinal;
  for (let ordinal = from; ordinal < to; ordinal++) yield ordinal;
}
