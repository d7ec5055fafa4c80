import { classNameOf } from './class-name.ts';
import type { Heap } from './heap.ts';
import type { ClassRow, HeapSummary, ObjectRow } from './heap-summary.ts';
import { contentOf, findLargestHolders } from './largest-holders.ts';
import { LargestRows } from './largest-rows.ts';
import { nodeText } from './node-text.ts';
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

/** Rows of a summary that is kept in the index. */
const MOST_KEPT = 100;

/** First screen of a heap: see HeapSummary. Kept in `heap.answers`. */
export function summariseHeap(heap: Heap, options: SummaryOptions = {}): HeapSummary {
  const { top = 20, sort = 'retained', filter } = options;
  // Only what is asked without a second thought: the index is no place for every question.
  if (filter !== undefined || top > MOST_KEPT) return makeSummary(heap, options);
  const question = `summary ${top} ${sort}`;
  let summary = heap.answers.get(question) as HeapSummary | undefined;
  if (summary === undefined) {
    summary = makeSummary(heap, options);
    heap.answers.set(question, summary);
  }
  return { ...summary, name: heap.snapshot.name };
}

function makeSummary(heap: Heap, options: SummaryOptions): HeapSummary {
  const { snapshot, graph } = heap;
  const { top = 20 } = options;
  const statistics = countStatistics(snapshot, graph);
  const { native, v8heap, counts, functions } = statistics;
  const sorted = sortClasses(heap, options);
  const told = v8heap.code + v8heap.jsArrays + v8heap.strings + v8heap.system + functions;
  return {
    name: snapshot.name,
    fileBytes: snapshot.bytes,
    nodeCount: snapshot.nodeCount,
    edgeCount: snapshot.edgeCount,
    totalBytes: statistics.total,
    kinds: [
      { kind: 'objects', bytes: v8heap.total - told, count: counts.objects },
      { kind: 'functions', bytes: functions, count: counts.functions },
      { kind: 'arrays', bytes: v8heap.jsArrays, count: counts.arrays },
      { kind: 'strings', bytes: v8heap.strings, count: counts.strings },
      { kind: 'code', bytes: v8heap.code, count: counts.code },
      { kind: 'system', bytes: v8heap.system, count: counts.system },
      { kind: 'buffers', bytes: native.typedArrays, count: counts.buffers },
      { kind: 'other native', bytes: native.total - native.typedArrays, count: counts['other native'] },
    ],
    classes: sorted.slice(0, top).map((row) => classRow(heap, row)),
    classCount: sorted.length,
    dominators: findLargestHolders(heap, top).map((node) => holderRow(heap, node)),
    largest: largestObjects(heap, top).map((node) => objectRow(heap, node)),
    packages: sumPackages(heap).slice(0, top),
    ...(snapshot.partial === undefined ? {} : { partial: snapshot.partial }),
  };
}

/** Rows of `heap.classes` in order; `filter` leaves out the others. */
export function sortClasses(
  { classes }: Heap,
  { sort = 'retained', filter }: Pick<SummaryOptions, 'sort' | 'filter'>,
): number[] {
  const wanted = filter?.toLowerCase();
  const by = { retained: classes.retained, shallow: classes.shallow, count: classes.instances }[sort];
  return Array.from({ length: classes.count }, (_, row) => row)
    .filter((row) => wanted === undefined || classes.name[row]!.toLowerCase().includes(wanted))
    .sort((a, b) => by[b]! - by[a]! || classes.shallow[b]! - classes.shallow[a]!);
}

/** A row of `heap.classes` for people. */
export function classRow({ classes, scripts, snapshot }: Heap, row: number): ClassRow {
  const at = classes.location[row]!;
  const place = at < 0 ? undefined : scripts.placeOf(snapshot.locations.node[at]!);
  return {
    name: classes.name[row]!,
    place: place === undefined || place.file === '' ? '' : `${place.file}:${place.line}`,
    count: classes.instances[row]!,
    shallowBytes: classes.shallow[row]!,
    retainedBytes: classes.retained[row]!,
    distance: classes.distance[row]!,
  };
}

/** An object for people, with its path. */
export function objectRow(heap: Heap, node: number): ObjectRow {
  const text = nodeText(heap, node);
  return {
    node,
    id: heap.snapshot.nodeId[node]!,
    className: classNameOf(heap, node),
    ...(text === '' ? {} : { text }),
    shallowBytes: heap.graph.shallow.get(node),
    retainedBytes: heap.graph.retained.get(node),
    path: pathText(heap, node),
  };
}

/** The same with what it mostly holds. */
function holderRow(heap: Heap, node: number): ObjectRow {
  const holds = contentOf(heap, node);
  return { ...objectRow(heap, node), ...(holds === undefined ? {} : { holds }) };
}

/** Largest by own size, V8's own left out. */
function largestObjects({ graph, snapshot }: Heap, top: number): readonly number[] {
  const { low } = graph.shallow;
  const { nodeType, nodeCount } = snapshot;
  const largest = new LargestRows(top);
  for (let node = 1; node < nodeCount; node++) {
    if (low[node]! <= largest.least) continue;
    const type = nodeType[node]!;
    if (type === NODE.hidden || type === NODE.code || type === NODE.synthetic || type === NODE.objectShape)
      continue;
    largest.offer(node, graph.shallow.get(node));
  }
  return largest.rows();
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
