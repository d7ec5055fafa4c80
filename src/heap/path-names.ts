import type { Heap } from './heap.ts';
import { type HeapValues, isInternalFile, valuesOf } from './heap-values.ts';
import type { Place } from './place.ts';
import { edgeSource } from './retainers.ts';
import { EDGE, NODE } from './snapshot.ts';

/** Retainers of one node that are looked at for a name. */
const MOST_RETAINERS = 2000;

/** Calls `visit(edge, source)` for edges that lead to the node, until it returns true. */
export function eachRetainer(
  heap: Heap,
  node: number,
  visit: (edge: number, source: number) => boolean,
  most: number = MOST_RETAINERS,
): void {
  const { first, edge } = heap.retainers;
  const end = Math.min(first[node + 1] as number, (first[node] as number) + most);
  for (let at = first[node] as number; at < end; at++) {
    const e = edge[at] as number;
    if (visit(e, edgeSource(heap.snapshot, e)) === true) return;
  }
}

/** Where a function stands that is known by what its closures share; undefined when no closure of it is in the heap. */
export function placeOfFunction(heap: Heap, shared: number): Place | undefined {
  if (shared < 0) return undefined;
  const values = valuesOf(heap.snapshot);
  let place: Place | undefined;
  eachRetainer(heap, shared, (edge, source) => {
    if (heap.snapshot.nodeType[source] !== NODE.closure) return false;
    if (heap.snapshot.edgeName[edge] !== values.name('shared')) return false;
    place = heap.scripts.placeOf(source);
    return place !== undefined;
  });
  const file = fileName(values.scriptOf(shared));
  if (place === undefined && file === '') return undefined;
  return {
    function: values.functionName(shared),
    file: place?.file || file,
    line: place?.line ?? 0,
    column: place?.column ?? 0,
    package: place?.package ?? packageOfFile(file),
  };
}

/** Path of a script's URL; other names as they are. */
export function fileName(script: string): string {
  if (!script.startsWith('file://')) return script;
  try {
    return decodeURIComponent(new URL(script).pathname);
  } catch {
    return script;
  }
}

function packageOfFile(file: string): string {
  if (isInternalFile(file)) return 'node';
  const at = file.lastIndexOf('node_modules/');
  if (at < 0) return '';
  const parts = file.slice(at + 13).split('/');
  return parts[0]?.startsWith('@') === true ? `${parts[0]}/${parts[1] ?? ''}` : (parts[0] ?? '');
}

/** What a context belongs to. */
export interface ContextOwner {
  /** SharedFunctionInfo of the function whose variables it holds, −1 unknown. */
  shared: number;
  /** It holds the variables of a whole file (CommonJS or ES module, or a script). */
  isModule: boolean;
  /** It holds the variables of a block (a loop, a class) within that. */
  isBlock: boolean;
  file: string;
}

const OWNERS = new WeakMap<Heap, Map<number, ContextOwner>>();

/**
 * Whose variables a context holds. A scope (ScopeInfo) leads back to its function. The context of a CommonJS module is
 * that of the nameless function Node wraps around the file, directly below the global scope; that of an ES module
 * leads to its SourceTextModule.
 */
export function contextOwner(heap: Heap, context: number): ContextOwner {
  let owners = OWNERS.get(heap);
  if (owners === undefined) {
    owners = new Map();
    OWNERS.set(heap, owners);
  }
  let owner = owners.get(context);
  if (owner === undefined) {
    owner = findOwner(heap, context);
    // Bounded: a heap may have millions of contexts, and a report asks for a few thousand.
    if (owners.size < 100_000) owners.set(context, owner);
  }
  return owner;
}

function findOwner(heap: Heap, context: number): ContextOwner {
  const values = valuesOf(heap.snapshot);
  let shared = functionOfScope(heap, values, values.scopeOf(context));
  const isBlock = shared < 0;
  let outer = context;
  // A block has no function of its own. (One in a function without captured variables seems to be of the file.)
  for (let depth = 0; shared < 0 && depth < 16; depth++) {
    const above = values.target(outer, EDGE.internal, 'previous');
    if (above < 0 || !values.isContext(above)) break;
    outer = above;
    shared = functionOfScope(heap, values, values.scopeOf(outer));
  }
  const extension = values.target(outer, EDGE.internal, 'extension');
  const isEsm = extension >= 0 && values.isNamed(extension, 'system / SourceTextModule');
  const previous = values.target(outer, EDGE.internal, 'previous');
  const isOutermost = previous < 0 || !values.isContext(previous);
  const isModule = isEsm || (isOutermost && values.functionName(shared) === '');
  let file = fileName(values.scriptOf(shared));
  if (file === '') file = fileOfClosures(heap, values, context);
  return { shared, isModule, isBlock: isBlock && outer !== context, file };
}

function functionOfScope(heap: Heap, values: HeapValues, scope: number): number {
  if (scope < 0) return -1;
  let shared = -1;
  eachRetainer(heap, scope, (edge, source) => {
    if (heap.snapshot.edgeName[edge] !== values.name('name_or_scope_info')) return false;
    if (((heap.snapshot.edgeTarget[edge] as number) & 7) !== EDGE.internal) return false;
    shared = source;
    return true;
  });
  return shared;
}

/** File of any function that was made in the context, or in one inside it. */
function fileOfClosures(heap: Heap, values: HeapValues, context: number): string {
  let file = '';
  let inner = -1;
  eachRetainer(
    heap,
    context,
    (_, source) => {
      if (heap.snapshot.nodeType[source] === NODE.closure)
        file = fileName(values.scriptOf(values.functionOf(source)));
      else if (inner < 0 && values.isContext(source)) inner = source;
      return file !== '';
    },
    200,
  );
  if (file === '' && inner >= 0)
    eachRetainer(
      heap,
      inner,
      (_, source) => {
        if (heap.snapshot.nodeType[source] === NODE.closure)
          file = fileName(values.scriptOf(values.functionOf(source)));
        return file !== '';
      },
      200,
    );
  return file;
}

/** A CommonJS module, as Node's `require` keeps it: its file; '' for any other object. */
export function moduleFile(heap: Heap, node: number): string {
  const values = valuesOf(heap.snapshot);
  if (heap.snapshot.nodeType[node] !== NODE.object || !values.isNamed(node, 'Module')) return '';
  if (values.edge(node, EDGE.property, 'exports') < 0) return '';
  const text = values.target(node, EDGE.property, 'filename');
  return text < 0 ? '' : values.textOf(text);
}

/** The last two parts of a path: `app/session.js`; from the package on in node_modules. */
export function shortFile(file: string): string {
  const path = file.replaceAll('\\', '/');
  const at = path.lastIndexOf('/node_modules/');
  if (at >= 0) return path.slice(at + 14);
  return path.split('/').slice(-2).join('/').replace(/^\//, '');
}

/** `openSession (app/session.js:12)`, `app/session.js` for a function without a name. */
export function placeText(place: Place | undefined): string {
  if (place === undefined) return 'a function';
  const where = place.line > 0 ? `${shortFile(place.file)}:${place.line}` : shortFile(place.file);
  if (place.function === '') return where === '' ? 'a function' : `a function (${where})`;
  return where === '' ? place.function : `${place.function} (${where})`;
}
