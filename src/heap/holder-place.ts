import type { Heap } from './heap.ts';
import { type HeapValues, isInternalFile, valuesOf } from './heap-values.ts';
import type { Container } from './holder-container.ts';
import { findAddingLine } from './holder-source.ts';
import { contextOwner, eachRetainer, placeOfFunction } from './path-names.ts';
import type { PathEdge } from './path-search.ts';
import type { Place } from './place.ts';
import { edgeSource } from './retainers.ts';
import { EDGE, NODE } from './snapshot.ts';

/** Own files of the program that are searched for a name. */
const MOST_FILES = 100;
/** Users of a class that are weighed against each other. */
const MOST_USERS = 200;

/**
 * The line that belongs to a holder, the best of what the snapshot knows:
 *
 * 1. with allocation tracking, the innermost line of the program on the stack that made `held`;
 * 2. the function that makes such objects: V8's feedback of calls names the constructors a function has called and the
 *    literals it has evaluated. One that can see the container's variable, or that also stands in its file, before others.
 *    Where the file is there to be read, the very line that adds to the container by its name;
 * 3. where the class of `held` is declared; 4. where the class of the container is; 5. the file of the variable.
 */
export function findHolderPlace(
  heap: Heap,
  container: Container | undefined,
  path: readonly PathEdge[],
  held: number,
): Place | undefined {
  const traced = allocationPlace(heap, held);
  if (traced !== undefined) return traced;
  const contexts = path.filter(({ node }) => valuesOf(heap.snapshot).isContext(node)).map(({ node }) => node);
  if (container?.kind === 'variable') contexts.push(container.node);
  const file = contexts.map((node) => contextOwner(heap, node).file).find((each) => !isInternalFile(each));
  const name = lastName(heap, container, path);
  const maker = findMaker(heap, held, contexts, file);
  const declared = ownPlace(heap, held) ?? (container && ownPlace(heap, container.node));
  const place = maker ?? declared;
  // Nobody is known to make them: the first line of the file that adds to such a name.
  const line =
    maker === undefined
      ? findAddingLine(name, undefined, file ?? declared?.file)
      : findAddingLine(name, maker, file);
  if (line !== undefined) return line;
  if (place === undefined && file === undefined) return lineAnywhere(heap, name);
  if (place !== undefined) return place;
  if (file === undefined) return undefined;
  return { function: '', file, line: 0, column: 0, package: '' };
}

const FILES = new WeakMap<Heap, string[]>();

/** The only line of the program's own files that adds to such a name. */
function lineAnywhere(heap: Heap, name: string): Place | undefined {
  let files = FILES.get(heap);
  if (files === undefined) {
    const all = [...new Set(heap.snapshot.locations.script)].map((script) => heap.scripts.fileOf(script));
    files = [...new Set(all)].filter((each) => !isInternalFile(each) && !each.includes('node_modules'));
    FILES.set(heap, files);
  }
  const found = files.slice(0, MOST_FILES).flatMap((each) => findAddingLine(name, undefined, each) ?? []);
  return found.length === 1 ? found[0] : undefined;
}

/** Last name of the program on the way to the container: `sessions`. */
function lastName(heap: Heap, container: Container | undefined, path: readonly PathEdge[]): string {
  const { snapshot } = heap;
  if (container !== undefined && container.kind === 'variable' && container.name >= 0)
    return snapshot.strings.get(container.name);
  for (let i = path.length - 1; i > 0; i--) {
    const edge = (path[i] as PathEdge).edge;
    if (edge < 0) return '';
    const type = (snapshot.edgeTarget[edge] as number) & 7;
    if (type === EDGE.property || type === EDGE.context)
      return snapshot.strings.get(snapshot.edgeName[edge] as number);
  }
  return '';
}

function ownPlace(heap: Heap, node: number): Place | undefined {
  const place = heap.scripts.placeOf(node);
  return place === undefined || place.line === 0 || isInternalFile(place.file) ? undefined : place;
}

function allocationPlace(heap: Heap, node: number): Place | undefined {
  const { allocations, traceNode, strings } = heap.snapshot;
  const id = traceNode?.[node] ?? 0;
  if (allocations === undefined || id === 0) return undefined;
  const { nodes, functions } = allocations;
  let row = traceRow(nodes.id, id);
  for (let depth = 0; row >= 0 && depth < 10_000; depth++) {
    const at = nodes.function[row] as number;
    const file = strings.get(functions.scriptName[at] ?? 0).replace(/^file:\/\//, '');
    if (!isInternalFile(file) && !file.startsWith('('))
      return {
        function: strings.get(functions.name[at] as number),
        file,
        line: (functions.line[at] as number) + 1,
        column: (functions.column[at] as number) + 1,
        package: /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? '',
      };
    row = nodes.parent[row] as number;
  }
  return undefined;
}

/** Rows are in the order of the file, whose ids need not ascend. */
function traceRow(ids: Uint32Array, id: number): number {
  return ids.indexOf(id);
}

interface Maker {
  shared: number;
  score: number;
}

/** The function of the program that most likely makes objects like `held`. */
function findMaker(
  heap: Heap,
  held: number,
  contexts: readonly number[],
  file: string | undefined,
): Place | undefined {
  const values = valuesOf(heap.snapshot);
  const makers = new Map<number, Maker>();
  const add = (shared: number, score: number) => {
    if (shared < 0 || makers.size >= MOST_USERS) return;
    const maker = makers.get(shared);
    if (maker === undefined) makers.set(shared, { shared, score });
    else maker.score += score;
  };
  const shape = values.target(held, EDGE.internal, 'map');
  const proto = values.target(held, EDGE.property, '__proto__');
  const built = proto < 0 ? -1 : values.target(proto, EDGE.property, 'constructor');
  const own = built < 0 ? -1 : values.functionOf(built);
  const isBuiltIn = own < 0 || isInternalFile(values.scriptOf(own));
  if (heap.snapshot.nodeType[held] === NODE.closure) {
    // A function is made where the function around it stands: the one that owns its context.
    const context = values.target(held, EDGE.internal, 'context');
    if (context >= 0 && values.isContext(context)) {
      const owner = contextOwner(heap, context);
      if (!owner.isModule) add(owner.shared, 6);
      else return ownPlace(heap, held);
    }
  }
  if (built >= 0 && !isBuiltIn) for (const user of usersOf(heap, values, built)) add(user, 4);
  if (shape >= 0) for (const user of literalsOf(heap, values, shape)) add(user, 4);
  if (shape >= 0 && !isBuiltIn) for (const user of usersOf(heap, values, shape)) add(user, 1);
  if (isBuiltIn && built >= 0) for (const user of usersOf(heap, values, built)) add(user, 2);
  let best: Maker | undefined;
  for (const maker of makers.values()) {
    const script = values.scriptOf(maker.shared).replace(/^file:\/\//, '');
    if (isInternalFile(script) || maker.shared === own) continue;
    // A built-in's callers are everywhere: only one that sees the container tells anything.
    const sees = seesContext(heap, values, maker.shared, contexts);
    if (sees) maker.score += 3;
    if (file !== undefined && script === file) maker.score += 2;
    if (values.functionName(maker.shared) !== '') maker.score += 1;
    if (maker.score < (isBuiltIn ? 5 : 4)) continue;
    if (best === undefined || maker.score > best.score) best = maker;
  }
  if (best === undefined) return undefined;
  const place = placeOfFunction(heap, best.shared);
  return place === undefined || place.line === 0 ? undefined : place;
}

/** Functions whose feedback (calls, loads, stores) weakly names a constructor or a shape. */
function usersOf(heap: Heap, values: HeapValues, node: number): number[] {
  const { snapshot, retainers } = heap;
  const found: number[] = [];
  const end = Math.min(retainers.first[node + 1] as number, (retainers.first[node] as number) + 2_000_000);
  for (let i = retainers.first[node] as number; i < end; i++) {
    const edge = retainers.edge[i] as number;
    if (((snapshot.edgeTarget[edge] as number) & 7) !== EDGE.weak) continue;
    const shared = functionOfFeedback(values, edgeSource(snapshot, edge));
    if (shared >= 0 && !found.includes(shared)) found.push(shared);
    if (found.length >= MOST_USERS) break;
  }
  return found;
}

/** Functions with a literal of the shape: feedback → AllocationSite → the literal's first copy. */
function literalsOf(heap: Heap, values: HeapValues, shape: number): number[] {
  const found: number[] = [];
  for (const site of sitesOf(heap, values).get(shape) ?? [])
    eachRetainer(heap, site, (_, source) => {
      const shared = functionOfFeedback(values, source);
      if (shared >= 0 && !found.includes(shared)) found.push(shared);
      return found.length >= MOST_USERS;
    });
  return found;
}

function functionOfFeedback(values: HeapValues, node: number): number {
  if (!values.isNamed(node, 'system / FeedbackVector')) return -1;
  const { snapshot } = values;
  const end = snapshot.firstEdge[node + 1] as number;
  for (let edge = snapshot.firstEdge[node] as number; edge < end; edge++) {
    const target = snapshot.edgeTarget[edge] as number;
    if ((target & 7) === EDGE.hidden && snapshot.edgeName[edge] === 0) return target >>> 3;
    if ((target & 7) === EDGE.internal && snapshot.edgeName[edge] === values.name('shared_function_info'))
      return target >>> 3;
  }
  return -1;
}

const SITES = new WeakMap<Heap, Map<number, number[]>>();

/** Shape of an object literal → the AllocationSites that have made such. One pass over the nodes. */
function sitesOf(heap: Heap, values: HeapValues): Map<number, number[]> {
  let sites = SITES.get(heap);
  if (sites !== undefined) return sites;
  sites = new Map();
  SITES.set(heap, sites);
  const { snapshot } = heap;
  const name = values.name('system / AllocationSite');
  if (name < 0) return sites;
  for (let node = 0; node < snapshot.nodeCount; node++) {
    if (snapshot.nodeName[node] !== name) continue;
    const end = snapshot.firstEdge[node + 1] as number;
    for (let edge = snapshot.firstEdge[node] as number; edge < end; edge++) {
      const target = (snapshot.edgeTarget[edge] as number) >>> 3;
      if (snapshot.nodeType[target] !== NODE.object) continue;
      const shape = values.target(target, EDGE.internal, 'map');
      if (shape < 0) continue;
      const known = sites.get(shape);
      if (known === undefined) sites.set(shape, [node]);
      else known.push(node);
    }
  }
  return sites;
}

/** Was a closure of the function made in (or within) one of the contexts? */
function seesContext(heap: Heap, values: HeapValues, shared: number, contexts: readonly number[]): boolean {
  if (contexts.length === 0) return false;
  let sees = false;
  eachRetainer(
    heap,
    shared,
    (_, source) => {
      if (heap.snapshot.nodeType[source] !== NODE.closure) return false;
      let context = values.target(source, EDGE.internal, 'context');
      for (let depth = 0; context >= 0 && depth < 12; depth++) {
        if (contexts.includes(context)) {
          sees = true;
          return true;
        }
        if (!values.isContext(context)) break;
        context = values.target(context, EDGE.internal, 'previous');
      }
      return false;
    },
    50,
  );
  return sees;
}
