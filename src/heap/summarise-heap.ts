import { classNameOf } from './class-name.ts';
import type { Heap } from './heap.ts';
import type { ClassRow, HeapSummary, ObjectRow } from './heap-summary.ts';
import { pathText } from './retaining-path.ts';
import { NODE } from './snapshot.ts';
import { countStatistics } from './statistics.ts';

export interface SummaryOptions {
  /** Rows of each table; default 20. */
  top?: number;
  /** Order of the classes; default retained. */
  sort?: 'retained' | 'shallow' | 'count';
  /** Only classes whose names contain this, case ignored. */
  filter?: string;
}

/** A dominator whose large children hold this part or more of it only passes on: the children are the ones to look at. */
const PASSES_ON = 0.7;
/** Part of the heap from which on a child is large. */
const LEAST_PART = 0.005;
const MOST_OPENED = 10_000;

/** First screen of a heap: see HeapSummary. */
export function summariseHeap(heap: Heap, options: SummaryOptions = {}): HeapSummary {
  const { snapshot, graph, classes } = heap;
  const { top = 20 } = options;
  const statistics = countStatistics(snapshot, graph);
  const { native, v8heap } = statistics;
  const counts = countTypes(heap);
  const known = v8heap.code + v8heap.jsArrays + v8heap.strings + v8heap.system;
  return {
    name: snapshot.name,
    fileBytes: snapshot.bytes,
    nodeCount: snapshot.nodeCount,
    edgeCount: snapshot.edgeCount,
    totalBytes: statistics.total,
    kinds: [
      { kind: 'objects', bytes: v8heap.total - known, count: counts.objects },
      { kind: 'arrays', bytes: v8heap.jsArrays, count: counts.arrays },
      { kind: 'strings', bytes: v8heap.strings, count: counts.strings },
      { kind: 'code', bytes: v8heap.code, count: counts.code },
      { kind: 'system', bytes: v8heap.system, count: counts.system },
      { kind: 'buffers', bytes: native.typedArrays, count: counts.buffers },
      { kind: 'other native', bytes: native.total - native.typedArrays, count: counts.native },
    ],
    classes: topClasses(heap, options).slice(0, top),
    classCount: classes.count,
    dominators: largestHolders(heap, top).map((node) => objectRow(heap, node)),
    largest: largestObjects(heap, top).map((node) => objectRow(heap, node)),
    packages: sumPackages(heap).slice(0, top),
    ...(snapshot.partial === undefined ? {} : { partial: snapshot.partial }),
  };
}

/** All classes in order. */
export function topClasses(
  { classes, scripts, snapshot }: Heap,
  { sort = 'retained', filter }: SummaryOptions,
): ClassRow[] {
  const wanted = filter?.toLowerCase();
  const by = { retained: classes.retained, shallow: classes.shallow, count: classes.instances }[sort];
  return Array.from({ length: classes.count }, (_, row) => row)
    .filter((row) => wanted === undefined || classes.name[row]!.toLowerCase().includes(wanted))
    .sort((a, b) => by[b]! - by[a]! || classes.shallow[b]! - classes.shallow[a]!)
    .map((row) => {
      const at = classes.location[row]!;
      const file = at < 0 ? '' : scripts.fileOf(snapshot.locations.script[at]!);
      return {
        name: classes.name[row]!,
        place: file === '' ? '' : `${file}:${snapshot.locations.line[at]! + 1}`,
        count: classes.instances[row]!,
        shallowBytes: classes.shallow[row]!,
        retainedBytes: classes.retained[row]!,
        distance: classes.distance[row]!,
      };
    });
}

export function objectRow(heap: Heap, node: number): ObjectRow {
  return {
    node,
    id: heap.snapshot.nodeId[node]!,
    className: classNameOf(heap, node),
    shallowBytes: heap.graph.shallow.get(node),
    retainedBytes: heap.graph.retained.get(node),
    path: pathText(heap, node),
  };
}

function countTypes({
  snapshot,
  graph,
}: Heap): Record<'objects' | 'arrays' | 'strings' | 'code' | 'system' | 'buffers' | 'native', number> {
  const { nodeType, nodeName, nodeCount } = snapshot;
  const arrayName = snapshot.strings.find('Array');
  const bufferName = snapshot.strings.find('system / JSArrayBufferData');
  const counts = { objects: 0, arrays: 0, strings: 0, code: 0, system: 0, buffers: 0, native: 0 };
  const { low } = graph.shallow;
  for (let node = 0; node < nodeCount; node++) {
    if (low[node] === 0) continue;
    const type = nodeType[node]!;
    if (type === NODE.hidden) counts.system++;
    else if (type === NODE.string || type === NODE.consString || type === NODE.slicedString) counts.strings++;
    else if (type === NODE.code) counts.code++;
    else if (type === NODE.native) counts[nodeName[node] === bufferName ? 'buffers' : 'native']++;
    else counts[nodeName[node] === arrayName ? 'arrays' : 'objects']++;
  }
  return counts;
}

/**
 * The largest by retained size that a program knows of. Looked for from the root down the dominator tree: what only
 * passes on (roots, V8's own, an object whose large children hold nearly everything) gives way to its children, and large
 * children of the found are looked into as well.
 */
export function largestHolders({ snapshot, graph }: Heap, top: number): number[] {
  const { preorder, rank, subtree, retained } = graph;
  const least = retained.get(0) * LEAST_PART;
  const isUserRoot = new Set(graph.userRoots);
  const open: number[] = [0];
  const found: number[] = [];
  for (let opened = 0; open.length > 0 && found.length < top && opened < MOST_OPENED; opened++) {
    // Few are open at a time: those over a thousandth of the heap.
    let largest = 0;
    for (let i = 1; i < open.length; i++)
      if (retained.get(open[i]!) > retained.get(open[largest]!)) largest = i;
    const node = open[largest]!;
    open[largest] = open.at(-1)!;
    open.pop();
    const end = rank[node]! + subtree[rank[node]!]!;
    const children: number[] = [];
    let inLarge = 0;
    for (let at = rank[node]! + 1; at < end; at += subtree[at]!) {
      const size = retained.get(preorder[at]!);
      if (size < least) continue;
      inLarge += size;
      children.push(preorder[at]!);
    }
    const type = snapshot.nodeType[node]!;
    const isOwn =
      type === NODE.synthetic ||
      type === NODE.hidden ||
      type === NODE.code ||
      type === NODE.objectShape ||
      isUserRoot.has(node);
    if (!isOwn && node !== 0 && inLarge < PASSES_ON * retained.get(node)) found.push(node);
    open.push(...children);
  }
  return found;
}

function largestObjects({ graph, snapshot }: Heap, top: number): number[] {
  const { shallow } = graph;
  const found: number[] = [];
  let least = 0;
  for (let node = 1; node < snapshot.nodeCount; node++) {
    if (shallow.low[node]! <= least || snapshot.nodeType[node] === NODE.synthetic) continue;
    const size = shallow.get(node);
    let at = found.length;
    while (at > 0 && shallow.get(found[at - 1]!) < size) at--;
    found.splice(at, 0, node);
    if (found.length > top) found.pop();
    if (found.length === top) least = Math.min(shallow.get(found.at(-1)!), 0xffff_fffe);
  }
  return found;
}

/**
 * Bytes by the package whose code made the objects: of the constructors' and functions' places, retained sizes of those
 * not below another object of the same package. Packages overlap where one holds the other's objects.
 */
export function sumPackages({ snapshot, graph, scripts }: Heap): HeapSummary['packages'] {
  const { locations } = snapshot;
  const names: string[] = [];
  const rows = new Map<string, number>();
  const byScript = new Map<number, number>();
  // By rank, so that one pass in preorder meets an object before what it dominates.
  const at = new Uint16Array(snapshot.nodeCount);
  for (let i = 0; i < locations.node.length; i++) {
    const script = locations.script[i]!;
    let row = byScript.get(script);
    if (row === undefined) {
      const name = scripts.packageOf(locations.node[i]!);
      if (name === undefined) row = 0;
      else {
        row = rows.get(name) ?? names.push(name);
        rows.set(name, row);
      }
      if (row > 0xffff) row = 0;
      byScript.set(script, row);
    }
    at[graph.rank[locations.node[i]!]!] = row;
  }
  const bytes = new Float64Array(names.length);
  const count = new Uint32Array(names.length);
  const end = new Uint32Array(names.length);
  for (let rank = 0; rank < at.length; rank++) {
    const row = at[rank]! - 1;
    if (row < 0) continue;
    count[row]!++;
    if (rank < end[row]!) continue;
    bytes[row]! += graph.retained.get(graph.preorder[rank]!);
    end[row] = rank + graph.subtree[rank]!;
  }
  return names
    .map((name, row) => ({ package: name, bytes: bytes[row]!, count: count[row]! }))
    .sort((a, b) => b.bytes - a.bytes);
}
