import type { Heap } from './heap.ts';
import { type HeapValues, valuesOf } from './heap-values.ts';
import type { PathStep } from './holder.ts';
import { contextOwner, moduleFile, placeOfFunction, placeText, shortFile } from './path-names.ts';
import { findPath, isGlobalObject, type PathEdge } from './path-search.ts';
import { EDGE, NODE } from './snapshot.ts';

export interface PathOptions {
  /** Edges that do not count, as with DevTools' “ignore this retainer”. */
  ignore?: (edge: number) => boolean;
}

/** Most of a text is said by its first and last steps. */
const MOST_STEPS = 12;

/**
 * Why a node is alive, from a root down: the way that a reader understands best (`findPath`). Makes `heap.retainers`.
 */
export function retainingPath(heap: Heap, node: number, options: PathOptions = {}): PathStep[] {
  return describePath(heap, findPath(heap, node, options.ignore));
}

/** Steps in words. */
export function describePath(heap: Heap, path: readonly PathEdge[]): PathStep[] {
  const values = valuesOf(heap.snapshot);
  return path.map(({ edge, node }) => ({
    edge,
    node,
    edgeText: edge < 0 ? rootText(heap, values, node) : edgeText(values, edge),
    className: className(values, node),
  }));
}

/**
 * The same as an expression, as far as there is one: `global.app.sessions.get("s1")`, `module app/session.js > sessions`,
 * `closure variable request of watch (app/poll.js:4)`, `Timeout of poll (app/poll.js:9)`, `listener onTick of global.bus 'tick'`.
 * What a closure holds begins anew, because that is the line to look at; the steps before it are in `retainingPath`.
 */
export function pathText(heap: Heap, node: number, options: PathOptions = {}): string {
  return textOfPath(heap, findPath(heap, node, options.ignore));
}

export function textOfPath(heap: Heap, path: readonly PathEdge[]): string {
  const values = valuesOf(heap.snapshot);
  const first = path[0];
  if (first === undefined) return '';
  let text = rootText(heap, values, first.node);
  let steps = 0;
  let skipped = 0;
  for (let i = 1; i < path.length; i++) {
    const { edge, node } = path[i] as PathEdge;
    const from = (path[i - 1] as PathEdge).node;
    if (edge < 0) {
      text += ` > … > ${className(values, node)}`;
      continue;
    }
    const context = contextText(heap, values, edge, from);
    if (context !== undefined) {
      text = context;
      steps = 0;
      continue;
    }
    const listener = listenerText(values, path, i, text);
    if (listener !== undefined) {
      text = listener;
      continue;
    }
    const part = stepText(values, path, i);
    if (part === '') continue;
    if (++steps > MOST_STEPS && i < path.length - 2) {
      skipped++;
      continue;
    }
    if (skipped > 0) text += ` … ${skipped} steps … `;
    skipped = 0;
    text += part;
  }
  return text;
}

/** `leaks of pushLeak`; a variable of a module: `module app/session.js > sessions`. Undefined for other edges. */
function contextText(heap: Heap, values: HeapValues, edge: number, from: number): string | undefined {
  if (((heap.snapshot.edgeTarget[edge] as number) & 7) !== EDGE.context || !values.isContext(from))
    return undefined;
  const variable = heap.snapshot.strings.get(heap.snapshot.edgeName[edge] as number);
  const owner = contextOwner(heap, from);
  if (owner.isModule) return `module ${shortFile(owner.file) || 'unknown'} > ${variable}`;
  const place = placeOfFunction(heap, owner.shared);
  return `closure variable ${variable} of ${place === undefined && owner.file !== '' ? `a function in ${shortFile(owner.file)}` : placeText(place)}`;
}

/** `listener onTick of app.emitter 'tick'` where the path goes from an emitter over `_events` to a function. */
function listenerText(
  values: HeapValues,
  path: readonly PathEdge[],
  i: number,
  text: string,
): string | undefined {
  const { snapshot } = values;
  const { node } = path[i] as PathEdge;
  if (snapshot.nodeType[node] !== NODE.closure) return undefined;
  // emitter –_events→ object –tick→ [Array –3→] closure
  for (let at = i; at > Math.max(0, i - 4); at--) {
    const step = path[at] as PathEdge;
    const above = path[at - 1] as PathEdge;
    if (step.edge < 0 || above.edge < 0) continue;
    if (snapshot.edgeName[above.edge] !== values.name('_events')) continue;
    if (((snapshot.edgeTarget[above.edge] as number) & 7) !== EDGE.property) continue;
    const event = snapshot.strings.get(snapshot.edgeName[step.edge] as number);
    const cut = text.lastIndexOf('._events');
    const emitter = cut < 0 ? text : text.slice(0, cut);
    const name = values.textOf(node) || 'function';
    return `listener ${name} of ${emitter} '${event}'`;
  }
  return undefined;
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

function stepText(values: HeapValues, path: readonly PathEdge[], i: number): string {
  const { snapshot } = values;
  const { edge, node } = path[i] as PathEdge;
  const from = (path[i - 1] as PathEdge).node;
  const type = (snapshot.edgeTarget[edge] as number) & 7;
  if (type === EDGE.element) return `[${snapshot.edgeName[edge]}]`;
  if (type === EDGE.hidden)
    return snapshot.nodeType[from] === NODE.array || isSystem(values, from)
      ? ''
      : ` > ${className(values, node)}`;
  const name = snapshot.strings.get(snapshot.edgeName[edge] as number);
  if (type === EDGE.property) return propertyText(name);
  if (type === EDGE.shortcut) return i === 1 ? '' : ` > ${className(values, node)}`;
  if (type === EDGE.internal) return internalText(values, path, i, name);
  return '';
}

function propertyText(name: string): string {
  if (IDENTIFIER.test(name) || name.startsWith('#')) return `.${name}`;
  if (name.startsWith('<symbol')) return `[Symbol(${name.slice(8, -1)})]`;
  return `[${JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)}]`;
}

function internalText(values: HeapValues, path: readonly PathEdge[], i: number, name: string): string {
  const { snapshot } = values;
  const { edge, node } = path[i] as PathEdge;
  const from = (path[i - 1] as PathEdge).node;
  if (
    /^(?:table|elements|properties|context|previous|extension|global_proxy|global_object|bound_function)$/.test(
      name,
    )
  )
    return '';
  if (snapshot.nodeType[from] === NODE.array && values.slot(edge) >= 0) {
    const owner = i >= 2 ? (path[i - 2] as PathEdge).node : -1;
    const into = i >= 2 ? (path[i - 1] as PathEdge).edge : -1;
    const isTable =
      into >= 0 &&
      ((snapshot.edgeTarget[into] as number) & 7) === EDGE.internal &&
      snapshot.edgeName[into] === values.name('table');
    if (owner >= 0 && isTable) return entryText(values, owner, from, edge);
    return `[${values.slot(edge)}]`;
  }
  if (name === 'reactions_or_result') return ' > waiting on the promise';
  if (name === 'buffer') return '.buffer';
  if (name === 'backing_store') return ' > memory';
  if (name.includes('/ part of key')) return ' > value in a WeakMap';
  return isSystem(values, node) ? '' : ` > ${className(values, node)}`;
}

/** `.get("s1")` of a Map, a member of a Set. */
function entryText(values: HeapValues, owner: number, table: number, edge: number): string {
  const { snapshot } = values;
  const name = values.textOf(owner);
  if (/Set$/.test(name)) return ' > member';
  const key = keyBefore(values, table, values.slot(edge));
  if (key === undefined) return ' > entry';
  if (key < 0) return ' > key';
  const text = values.textOf(key);
  const type = snapshot.nodeType[key];
  if (type === NODE.string)
    return `.get(${JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)})`;
  return `.get(${className(values, key)})`;
}

/** Key of the entry of a Map whose value is in `slot`: the slot before it. Undefined: not on the heap, or no Map. −1: it is a key itself. */
function keyBefore(values: HeapValues, table: number, slot: number): number | undefined {
  const { firstEdge, edgeTarget } = values.snapshot;
  const end = firstEdge[table + 1] as number;
  let key: number | undefined;
  let slots = 0;
  for (let edge = firstEdge[table] as number; edge < end; edge++) {
    // The neighbours in the table are the neighbours in the file.
    const at = values.slot(edge);
    if (at === slot - 1) key = (edgeTarget[edge] as number) >>> 3;
    if (at === slot + 1) slots++;
    if (at > slot + 1) break;
  }
  if (key === undefined && slots > 0) return -1;
  return key;
}

function isSystem(values: HeapValues, node: number): boolean {
  const type = values.snapshot.nodeType[node];
  return type === NODE.hidden || type === NODE.array || type === NODE.code || type === NODE.objectShape;
}

function rootText(heap: Heap, values: HeapValues, node: number): string {
  if (isGlobalObject(values, node)) return 'global';
  if (node === 0) return 'root';
  if (values.isNamed(node, 'system / NativeContext')) return 'global';
  if (values.isContext(node)) {
    const owner = contextOwner(heap, node);
    if (owner.isModule) return `module ${shortFile(owner.file) || 'unknown'}`;
    return `variables of ${placeText(placeOfFunction(heap, owner.shared))}`;
  }
  const file = moduleFile(heap, node);
  if (file !== '') return `module ${shortFile(file)}`;
  if (values.isNamed(node, 'Timeout') || values.isNamed(node, 'Immediate')) {
    const edge = values.isNamed(node, 'Timeout') ? '_onTimeout' : '_onImmediate';
    const callback = values.target(node, EDGE.property, edge);
    const kind = values.textOf(node);
    if (callback < 0) return kind;
    return `${kind} of ${placeText(placeOfFunction(heap, values.functionOf(values.unbound(callback))))}`;
  }
  if (values.isNamed(node, 'Generator')) {
    const closure = values.target(node, EDGE.internal, 'function');
    if (closure >= 0) return `suspended ${placeText(placeOfFunction(heap, values.functionOf(closure)))}`;
  }
  return className(values, node);
}

/** An edge in words: `sessions`, `[12]`, `context variable cache`, `<internal> table`. */
export function edgeText(values: HeapValues, edge: number): string {
  const { snapshot } = values;
  const name = snapshot.edgeName[edge] as number;
  switch ((snapshot.edgeTarget[edge] as number) & 7) {
    case EDGE.element:
      return `[${name}]`;
    case EDGE.hidden:
      return `<hidden> ${name}`;
    case EDGE.context:
      return `context variable ${snapshot.strings.get(name)}`;
    case EDGE.internal:
      return `<internal> ${snapshot.strings.get(name)}`;
    case EDGE.shortcut:
      return `<shortcut> ${snapshot.strings.get(name)}`;
    default:
      return snapshot.strings.get(name);
  }
}

/** As DevTools' class names, without the table of classes: a path asks for a handful. */
export function className(values: HeapValues, node: number): string {
  const { nodeType } = values.snapshot;
  const name = values.textOf(node);
  switch (nodeType[node]) {
    case NODE.closure:
      return name === '' ? 'Function' : `Function ${name}`;
    case NODE.string:
    case NODE.consString:
    case NODE.slicedString:
      return 'string';
    case NODE.array:
      return name === '' ? '(array)' : name.startsWith('(') ? name : `(${name})`;
    case NODE.number:
      return 'number';
    case NODE.regexp:
      return 'RegExp';
    default:
      return name === '' ? '(nameless)' : name;
  }
}
