import { EDGE, NODE, type Snapshot } from './snapshot.ts';

/** Edges of an object that are looked through for one of V8's own: they stand behind its properties. */
const LOOKED_THROUGH = 4096;

/**
 * Values of a program read out of nodes: which function a closure is, what a context, a Map, a bound function leads to.
 * Names of edges are V8's own (profiler/heap-snapshot-generator.cc), the same from Node 18 to 26 but where said.
 */
export class HeapValues {
  readonly snapshot: Snapshot;
  private readonly names = new Map<string, number>();

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  /** Index of a name in the string table, −1 when no node or edge has it. */
  name(text: string): number {
    let index = this.names.get(text);
    if (index === undefined) {
      index = this.snapshot.strings.find(text);
      this.names.set(text, index);
    }
    return index;
  }

  /** Name of a node as text. */
  textOf(node: number): string {
    return this.snapshot.strings.get(this.snapshot.nodeName[node] ?? 0);
  }

  isNamed(node: number, text: string): boolean {
    const index = this.name(text);
    return index >= 0 && this.snapshot.nodeName[node] === index;
  }

  /** Where the edge of this type (EDGE) and name leads, −1 without one. Not for `element` and `hidden` edges. */
  target(node: number, type: number, name: string): number {
    const edge = this.edge(node, type, name);
    return edge < 0 ? -1 : (this.snapshot.edgeTarget[edge] as number) >>> 3;
  }

  edge(node: number, type: number, name: string): number {
    const index = this.name(name);
    if (index < 0) return -1;
    const { firstEdge, edgeTarget, edgeName } = this.snapshot;
    const begin = firstEdge[node] as number;
    const end = firstEdge[node + 1] as number;
    // V8 writes its own edges behind the properties, elements behind those: both ends are looked at.
    for (let at = 0; at < LOOKED_THROUGH && begin + at < end; at++) {
      const front = begin + at;
      if (edgeName[front] === index && ((edgeTarget[front] as number) & 7) === type) return front;
      const back = end - 1 - at;
      if (back <= front) break;
      if (edgeName[back] === index && ((edgeTarget[back] as number) & 7) === type) return back;
    }
    return -1;
  }

  /** Node of what all closures of one function share (SharedFunctionInfo), −1 of what is no closure. */
  functionOf(closure: number): number {
    return this.target(closure, EDGE.internal, 'shared');
  }

  /** The function that a bound one calls, itself otherwise. */
  unbound(closure: number): number {
    let at = closure;
    for (let depth = 0; depth < 8; depth++) {
      const bound = this.target(at, EDGE.internal, 'bound_function');
      if (bound < 0) return at;
      at = bound;
    }
    return at;
  }

  /** Name of a function by its SharedFunctionInfo, '' for one without. */
  functionName(shared: number): string {
    const text = shared < 0 ? '' : this.textOf(shared);
    return text === '(shared function info)' || text.startsWith('system / ') ? '' : text;
  }

  /** Path or URL of the script a function (SharedFunctionInfo) stands in, '' unknown. `script_or_debug_info` before Node 22. */
  scriptOf(shared: number): string {
    if (shared < 0) return '';
    let script = this.target(shared, EDGE.internal, 'script');
    if (script < 0) script = this.target(shared, EDGE.internal, 'script_or_debug_info');
    if (script < 0) return '';
    const name = this.textOf(script);
    return name.startsWith('system / ') ? '' : name;
  }

  isContext(node: number): boolean {
    return this.snapshot.nodeType[node] === NODE.object && this.isNamed(node, 'system / Context');
  }

  /** Scope (ScopeInfo) that a context belongs to; −1. */
  scopeOf(context: number): number {
    return this.target(context, EDGE.internal, 'scope_info');
  }

  /** The number that an `internal` edge has as name (slots of arrays), −1 for a word. */
  slot(edge: number): number {
    const { edgeTarget, edgeName, strings } = this.snapshot;
    const type = (edgeTarget[edge] as number) & 7;
    if (type === EDGE.element || type === EDGE.hidden) return edgeName[edge] as number;
    if (type !== EDGE.internal) return -1;
    const digits = strings.bytes(edgeName[edge] as number);
    if (digits.length === 0 || digits.length > 9) return -1;
    let slot = 0;
    for (const digit of digits) {
      if (digit < 0x30 || digit > 0x39) return -1;
      slot = slot * 10 + digit - 0x30;
    }
    return slot;
  }

  /** An edge that keeps nothing alive by itself: weak, or the value of a WeakMap seen from its table. */
  isWeak(edge: number): boolean {
    const { edgeTarget, edgeName, strings } = this.snapshot;
    const type = (edgeTarget[edge] as number) & 7;
    if (type === EDGE.weak) return true;
    if (type !== EDGE.internal) return false;
    const text = strings.bytes(edgeName[edge] as number);
    // `12 / part of key (…) -> value (…) pair in WeakMap (table @…)`: longer than any name of a slot or field.
    return text.length > 40 && strings.get(edgeName[edge] as number).includes(' / part of key (');
  }
}

const KNOWN = new WeakMap<Snapshot, HeapValues>();

/** One per snapshot: names are looked up once. */
export function valuesOf(snapshot: Snapshot): HeapValues {
  let values = KNOWN.get(snapshot);
  if (values === undefined) {
    values = new HeapValues(snapshot);
    KNOWN.set(snapshot, values);
  }
  return values;
}

/** A script of Node itself or nothing known: never to blame. */
export function isInternalFile(file: string): boolean {
  return (
    file === '' || file.startsWith('node:') || file.startsWith('internal/') || file.startsWith('evalmachine')
  );
}
