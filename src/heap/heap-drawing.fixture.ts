import { analyseSnapshot } from './analyse-snapshot.ts';
import { type DrawnEdge, type DrawnNode, drawSnapshot } from './graph-drawing.fixture.ts';
import { type Heap, makeHeap } from './heap.ts';
import type { EDGE_TYPES, NodeTypeName } from './snapshot.ts';

/** A heap of Node drawn by hand, with V8's own objects where detectors look for them. For tests. */
export class HeapDrawing {
  private readonly nodes: (DrawnNode & { edges: DrawnEdge[] })[] = [];
  /** The global object. */
  readonly global: number;
  private ids = 1;

  constructor() {
    this.add('', 0, 'synthetic');
    this.global = this.add('global', 32);
    this.link(0, this.global, 'global', 'shortcut');
  }

  add(name: string, size = 0, type: NodeTypeName = 'object'): number {
    this.nodes.push({ name, size, type, edges: [], id: this.ids });
    this.ids += 2;
    return this.nodes.length - 1;
  }

  link(from: number, to: number, name: string | number, type?: (typeof EDGE_TYPES)[number]): void {
    this.nodes[from]!.edges.push(type === undefined ? [to, name] : [to, name, type]);
  }

  /** An object that another has as property, element or variable. */
  child(from: number, edge: string | number, name: string, size = 0, type: NodeTypeName = 'object'): number {
    const node = this.add(name, size, type);
    this.link(from, node, edge);
    return node;
  }

  /** What all closures of a function share. */
  function(name: string, script: string): number {
    const shared = this.add(name, 56, 'code');
    this.link(shared, this.add(script, 100, 'code'), 'script', 'internal');
    return shared;
  }

  closure(shared: number, context?: number): number {
    const node = this.add(this.nodes[shared]!.name ?? '', 64, 'closure');
    this.link(node, shared, 'shared', 'internal');
    if (context !== undefined) this.link(node, context, 'context', 'internal');
    return node;
  }

  /** Scope of a function's variables, for `context`. */
  scope(shared: number): number {
    const scope = this.add('system / ScopeInfo', 40, 'code');
    this.link(shared, scope, 'name_or_scope_info', 'internal');
    return scope;
  }

  context(scope: number, previous?: number): number {
    const node = this.add('system / Context', 40);
    this.link(node, scope, 'scope_info', 'internal');
    if (previous !== undefined) this.link(node, previous, 'previous', 'internal');
    return node;
  }

  /** A Map (or Set) with these entries: nodes, of a Map key and value in turn. */
  collection(name: 'Map' | 'Set', entries: readonly number[]): number {
    const node = this.add(name, 32);
    const table = this.add('', entries.length === 0 ? 152 : 16 + 8 * entries.length, 'array');
    this.link(node, table, 'table', 'internal');
    entries.forEach((entry, i) => {
      const slot = name === 'Map' ? 5 + Math.floor(i / 2) * 3 + (i % 2) : 5 + i * 2;
      this.link(table, entry, String(slot), 'internal');
    });
    return node;
  }

  heap(): Heap {
    const snapshot = drawSnapshot(this.nodes);
    return makeHeap(snapshot, analyseSnapshot(snapshot));
  }
}
