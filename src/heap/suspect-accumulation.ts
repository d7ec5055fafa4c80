import { formatBytes } from '../base/quantity.ts';
import { NO_CLASS } from './class-table.ts';
import { tierOfClass } from './compare-kept.ts';
import { findHolders } from './find-holders.ts';
import { isInternalFile } from './heap-values.ts';
import type { Holder } from './holder.ts';
import { NodeList } from './node-list.ts';
import { contextOwner, eachRetainer } from './path-names.ts';
import { NODE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import type { Survey } from './suspect-survey.ts';

/** A second holder counts when it holds this part of the objects: freeing the first one alone frees less than half. */
const SHARED_PART = 0.5;
/** Holders that are known must hold this part of the objects, or nothing can be said about them. */
const LEAST_HELD = 0.3;
/** Memory outside the heap is what a claim is about from this part on. */
const OUTSIDE_PART = 0.5;

/**
 * Where memory gathers. MAT's way (FindLeaksQuery) for a language in which objects have several owners: from the root
 * down the dominator tree into every child that keeps `threshold` or more; the smaller children of each such node are
 * grouped by class, and a class whose instances together keep `threshold` is a suspect, as is a node of its own that is
 * that large. A class of the program is taken together from all these points: some instances hang on one owner, others,
 * shared with a cache, on the root, and elements of a linked list each on the one before.
 *
 * Who holds them is counted from references: two holders with half of the objects or more each make it `shared-holders`.
 * Claims about memory that is mostly outside the heap are `external-memory`.
 */
export function findAccumulations(survey: Survey): Candidate[] {
  const { heap, threshold } = survey;
  const { graph, classes } = heap;
  const { preorder, rank, subtree } = graph;
  const bytes = new Float64Array(classes.count);
  const counts = new Uint32Array(classes.count);
  /** Classes of the program: what they keep at all points together. */
  const spread = new Float64Array(classes.count);
  const found: Candidate[] = [];
  const add = (candidate: Candidate | undefined): void => {
    if (candidate !== undefined) found.push(candidate);
  };
  const points = [0];
  const touched: number[] = [];
  /** Backing stores whose content counts as that of the point. */
  const stores: number[] = [];
  // A linked list is a point in a point for each of its elements: every node is a child once, so this is linear.
  while (points.length > 0) {
    const point = points.pop() as number;
    touched.length = 0;
    stores.length = 0;
    stores.push(point);
    for (let s = 0; s < stores.length; s++) {
      const top = rank[stores[s] as number] as number;
      const end = top + (subtree[top] as number);
      for (let at = top + 1; at < end; at += subtree[at] as number) {
        const child = preorder[at] as number;
        const kept = graph.retained.get(child);
        if (isStore(survey, child)) {
          if (kept >= threshold / 20 && stores.length < 10_000) stores.push(child);
          continue;
        }
        if (kept >= threshold) {
          points.push(child);
          continue;
        }
        const row = classes.of[child] as number;
        if (row === NO_CLASS) continue;
        if (counts[row] === 0) touched.push(row);
        counts[row]!++;
        bytes[row]! += kept;
      }
    }
    for (const row of touched) {
      const kept = bytes[row] as number;
      if (tierOfClass(classes.name[row] as string) === 0) spread[row]! += kept;
      else if (kept >= threshold) add(describeGroup(survey, point, row, members(survey, point, stores, row)));
      counts[row] = 0;
      bytes[row] = 0;
    }
    if (point === 0) continue;
    const own = graph.shallow.get(point) + ownStores(survey, stores);
    const row = classes.of[point] as number;
    if (own >= threshold && !isSource(survey, point))
      add(describeGroup(survey, point, row, Uint32Array.of(point)));
    else if (row !== NO_CLASS && tierOfClass(classes.name[row] as string) === 0) spread[row]! += own;
  }
  for (let row = 0; row < spread.length; row++)
    if ((spread[row] as number) >= threshold) add(describeGroup(survey, -1, row, instances(survey, row)));
  return found;
}

function instances({ heap }: Survey, row: number): Uint32Array {
  const { of } = heap.classes;
  const list = new NodeList();
  for (let node = 0; node < of.length; node++) if (of[node] === row) list.push(node);
  return list.nodes;
}

function isStore({ heap, values }: Survey, node: number): boolean {
  const type = heap.snapshot.nodeType[node];
  if (type === NODE.array) return true;
  return type === NODE.hidden && values.isNamed(node, 'system / PropertyArray');
}

/** Bytes of stores that DevTools' rules did not give to the owner. */
function ownStores({ heap }: Survey, stores: readonly number[]): number {
  let bytes = 0;
  for (let i = 1; i < stores.length; i++) bytes += heap.graph.shallow.get(stores[i] as number);
  return bytes;
}

/** Instances of the class at a point; of functions those of the program. */
function members(survey: Survey, point: number, stores: readonly number[], row: number): Uint32Array {
  const { graph, classes, scripts, snapshot } = survey.heap;
  const list = new NodeList();
  for (const store of stores) {
    const top = graph.rank[store] as number;
    const end = top + (graph.subtree[top] as number);
    for (let at = top + 1; at < end; at += graph.subtree[at] as number) {
      const child = graph.preorder[at] as number;
      if (
        classes.of[child] !== row ||
        isStore(survey, child) ||
        graph.retained.get(child) >= survey.threshold
      )
        continue;
      if (snapshot.nodeType[child] === NODE.closure) {
        // Node itself has thousands, and all that are used from several places hang on the root.
        const from = scripts.packageOf(child);
        if (from === 'node' || (from === undefined && point === 0)) continue;
      }
      if (snapshot.nodeType[child] === NODE.string && isSource(survey, child)) continue;
      list.push(child);
    }
  }
  return list.nodes.slice();
}

function describeGroup(
  survey: Survey,
  point: number,
  row: number,
  nodes: Uint32Array,
): Candidate | undefined {
  const { heap } = survey;
  const first = nodes[0];
  if (first === undefined || row === NO_CLASS) return undefined;
  const name = heap.classes.name[row] as string;
  if (!isOfProgram(survey, first, name)) return undefined;
  const roots = topmost(heap, nodes);
  const bytes = retainedOf(heap, roots);
  if (bytes < survey.threshold) return undefined;
  const isBuiltIn = tierOfClass(name) > 0;
  const holders = findHolders(heap, nodes).filter(
    (holder) => !isInternalHolder(survey, holder) && (point !== 0 || !isBuiltIn || isKnown(survey, holder)),
  );
  const most = holders.reduce((held, holder) => Math.max(held, holder.held), 0);
  if (most < LEAST_HELD * nodes.length) return undefined;
  const outside = outsideBytes(survey, nodes);
  const evidence: string[] = [];
  if (nodes.length > 1) evidence.push(`each keeps ${formatBytes(bytes / nodes.length)}`);
  const shared = holders.filter((holder) => holder.held >= SHARED_PART * nodes.length);
  const isShared = shared.length > 1 && nodes.length > 1;
  if (isShared)
    evidence.push(`held by ${shared.length} containers at once: removing them from one frees nothing`);
  const isOutside = outside >= OUTSIDE_PART * bytes;
  if (isOutside)
    evidence.push(
      'a snapshot does not tell how much of its memory a view shows: a small slice of a Buffer keeps all of it',
    );
  return {
    detector: isOutside ? 'external-memory' : isShared ? 'shared-holders' : 'accumulation',
    what: describeClass(survey, name, nodes),
    count: nodes.length,
    bytes: isOutside ? outside : bytes,
    bytesAre: isOutside ? 'outside the heap' : 'retained',
    roots,
    classRow: row,
    holders,
    evidence,
    advice: nodes.length === 1 ? '' : adviceFor(isOutside, isShared),
  };
}

/** The text of a script, which some loaders keep, too: as large as the program is. */
function isSource({ heap, values }: Survey, node: number): boolean {
  const { nodeType, edgeName } = heap.snapshot;
  if (nodeType[node] !== NODE.string) return false;
  let isText = false;
  eachRetainer(
    heap,
    node,
    (edge, source) => {
      isText = nodeType[source] === NODE.code && edgeName[edge] === values.name('source');
      return isText;
    },
    16,
  );
  return isText;
}

function adviceFor(isOutside: boolean, isShared: boolean): string {
  if (isOutside) return 'if only parts of these buffers are needed, copy them: Buffer.from(part)';
  return isShared
    ? 'remove entries from all of these when they are done with'
    : 'remove entries when they are done with, or bound the container';
}

/** A holder with a line in the program, or a variable of one of its modules. */
function isKnown({ heap, values }: Survey, { place, path }: Holder): boolean {
  if (place !== undefined && !isInternalFile(place.file)) return true;
  const start = path[0];
  return (
    start !== undefined &&
    values.isContext(start.node) &&
    !isInternalFile(contextOwner(heap, start.node).file)
  );
}

/** Classes of V8 and its compiler are nobody's leak. */
function isOfProgram({ heap }: Survey, node: number, name: string): boolean {
  const type = heap.snapshot.nodeType[node];
  if (type === NODE.string || type === NODE.consString || type === NODE.slicedString) return true;
  // Contexts are taken function by function, as closures.
  return !name.startsWith('(') && !name.startsWith('system / ');
}

/** Held by nothing but Node's own modules. */
export function isInternalHolder({ heap, values }: Survey, holder: Holder): boolean {
  const start = holder.path[0];
  if (start === undefined) return true;
  if (holder.place !== undefined && !isInternalFile(holder.place.file)) return false;
  if (values.isContext(start.node)) return isInternalFile(contextOwner(heap, start.node).file);
  if (holder.path.some(({ edgeText }) => edgeText.includes('node:per_context') || edgeText === 'primordials'))
    return true;
  return heap.snapshot.nodeType[start.node] === NODE.synthetic && holder.place === undefined;
}

/** `closure onDone` when most of the functions are one function, `string`, else the class. */
function describeClass({ heap, values }: Survey, name: string, nodes: Uint32Array): string {
  const first = nodes[0] as number;
  const type = heap.snapshot.nodeType[first];
  if (type === NODE.string || type === NODE.consString || type === NODE.slicedString) return 'string';
  if (type !== NODE.closure) return name;
  let same = 0;
  const shared = values.functionOf(first);
  const step = Math.max(1, Math.floor(nodes.length / 100));
  let looked = 0;
  for (let i = 0; i < nodes.length; i += step, looked++)
    if (values.functionOf(nodes[i] as number) === shared) same++;
  const text = values.functionName(shared);
  return same > looked / 2 && text !== '' ? `closure ${text}` : 'closure';
}

/** Memory of ArrayBuffers and external strings below the nodes. */
function outsideBytes({ heap, values }: Survey, nodes: Uint32Array): number {
  const { graph, snapshot } = heap;
  const data = values.name('system / JSArrayBufferData');
  const text = values.name('system / ExternalStringData');
  let bytes = 0;
  let looked = 0;
  let step = 1;
  if (nodes.length > 5000) step = nodes.length / 5000;
  for (let i = 0; i < nodes.length; i += step, looked++) {
    const top = graph.rank[nodes[Math.floor(i)] as number] as number;
    const end = Math.min(top + (graph.subtree[top] as number), top + 2000);
    for (let at = top; at < end; at++) {
      const node = graph.preorder[at] as number;
      if (snapshot.nodeType[node] !== NODE.native) continue;
      const name = snapshot.nodeName[node];
      // By the rules of DevTools external strings are given to their owners; array buffers stay.
      if (name === data || name === text) bytes += snapshot.selfSize.get(node);
    }
  }
  return looked === 0 ? 0 : (bytes * nodes.length) / looked;
}
