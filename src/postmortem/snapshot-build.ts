import { EDGE, MAX_NODES, NODE } from '../heap/snapshot.ts';
import { constructorOf } from './class-of.ts';
import { readFunctionInfo, sharedOf } from './function-info.ts';
import type { LiveGraph } from './graph-build.ts';
import { isMarked } from './graph-mark.ts';
import { popCount } from './graph-objects.ts';
import { OUTSIDE, OutsideMemory } from './object-outside.ts';
import { ReferenceNames } from './reference-names.ts';
import { ROOT, type RootKind } from './root-isolate.ts';
import { GrowingColumn, SnapshotNames } from './snapshot-names.ts';
import { SnapshotNodes } from './snapshot-nodes.ts';
import { placeAt } from './source-lines.ts';
import { field, isJsFunction, smiField } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** A snapshot as columns, to be written (snapshot-write.ts). Rows of nodes in the order they are written. */
export interface SnapshotColumns {
  nodeType: Uint8Array;
  /** Numbers of `names`. */
  nodeName: Uint32Array;
  nodeId: Uint32Array;
  nodeSize: Float64Array;
  firstEdge: Uint32Array;
  nodeCount: number;
  /** `to << 3 | type`. */
  edgeTarget: GrowingColumn;
  /** Index of elements and hidden ones, else a number of `names`. */
  edgeName: GrowingColumn;
  /** Node, id of the script, line, column (0-based), in fours. */
  locations: number[];
  names: SnapshotNames;
}

/** Nodes before those of objects: the root, its roots of V8, one for each kind of root. */
const SYNTHETIC: readonly { name: string; kinds: readonly RootKind[] }[] = [
  { name: '', kinds: [] },
  { name: '(GC roots)', kinds: [] },
  { name: '(Strong roots)', kinds: [ROOT.v8, ROOT.static, ROOT.native] },
  { name: '(Stack roots)', kinds: [ROOT.stack] },
  { name: '(Handle scopes)', kinds: [ROOT.handleScope] },
  { name: '(Global handles)', kinds: [ROOT.globalHandle] },
  { name: '(Micro tasks)', kinds: [ROOT.microtask] },
  { name: '(Read-only roots)', kinds: [] },
];
/** Arrays are named by what they are for (V8: V8HeapExplorer::TagObject), which the name of a reference to them tells. */
const TAGS: Readonly<Record<string, string>> = {
  elements: '(object elements)',
  properties: '(object properties)',
  constant_pool: '(constant pool)',
  handler_table: '(handler table)',
  source_position_table: '(source position table)',
  bindings: '(bound arguments)',
  transitions: 'system / TransitionArray',
};
/** Types that tags give. */
const TYPES_OF_TAGS: Readonly<Record<string, number>> = {
  constant_pool: NODE.code,
  handler_table: NODE.code,
  source_position_table: NODE.code,
  transitions: NODE.objectShape,
};
const FIRST_GROUP = 2;
const SHARED_GROUP = SYNTHETIC.length - 1;
const FIRST = SYNTHETIC.length;

/**
 * Makes the snapshot of what is in use: as V8 would have written it, but for roots, which are named more coarsely. Nodes of
 * memory outside of the heap (backing stores, texts of external strings) come last.
 */
export function buildSnapshot(
  v8: V8Reader,
  live: LiveGraph,
  onProgress?: (done: number, of: number) => void,
): SnapshotColumns {
  return new SnapshotBuilder(v8, live).build(onProgress);
}

class SnapshotBuilder {
  readonly #v8: V8Reader;
  readonly #live: LiveGraph;
  readonly #nodes: SnapshotNodes;
  readonly #references: ReferenceNames;
  readonly #names: SnapshotNames = new SnapshotNames();
  readonly #edgeTarget: GrowingColumn = new GrowingColumn();
  readonly #edgeName: GrowingColumn = new GrowingColumn();
  /** Of each 8 objects, how many live ones come before. */
  readonly #liveBefore: Uint32Array;
  readonly #outside: { name: string; size: number }[] = [];
  readonly #outsideNode: Map<number, number> = new Map();
  readonly #locations: number[] = [];
  readonly #placeOfShared: Map<number, readonly [script: number, line: number, column: number] | undefined> =
    new Map();
  readonly #makerOfMap: (number | undefined)[] = [];
  readonly #memory: OutsideMemory;

  constructor(v8: V8Reader, live: LiveGraph) {
    this.#v8 = v8;
    this.#live = live;
    const { maps } = live.walk;
    this.#nodes = new SnapshotNodes(v8, maps);
    this.#references = new ReferenceNames(v8, maps, live.slots);
    this.#memory = new OutsideMemory(v8);
    const { bits } = live.marks;
    this.#liveBefore = new Uint32Array(bits.length + 1);
    for (let i = 0; i < bits.length; i++) this.#liveBefore[i + 1] = this.#liveBefore[i]! + popCount(bits[i]!);
  }

  build(onProgress?: (done: number, of: number) => void): SnapshotColumns {
    const { graph, marks, isShared, walk } = this.#live;
    const { objects, mapOf, size } = graph;
    const most = Math.min(MAX_NODES, FIRST + marks.liveCount);
    const nodeType = new Uint8Array(most);
    const nodeName = new Uint32Array(most);
    const nodeId = new Uint32Array(most);
    const nodeSize = new Float64Array(most);
    const firstEdge = new Uint32Array(most + 1);
    const names = this.#names;
    for (const [node, { name }] of SYNTHETIC.entries()) {
      nodeType[node] = NODE.synthetic;
      nodeName[node] = names.numberOf(name);
      nodeId[node] = 2 * node + 1;
    }
    this.#addRoots(firstEdge);
    const idOf = this.#ids();
    const aside = this.#entriesByKey(idOf);
    const text = (name: string): number => names.numberOf(name);
    /** By number of the reference's name. */
    const tagOf = new Map(Object.entries(TAGS).map(([name, tag]) => [text(name), text(tag)]));
    const typeOfTag = new Map(Object.entries(TYPES_OF_TAGS).map(([name, type]) => [text(TAGS[name]!), type]));
    const outside = walk.maps.map((map) => this.#memory.kindOf(map));

    let node = FIRST;
    for (let ordinal = 0; ordinal < objects.count && node < most; ordinal++) {
      if (!isMarked(marks.bits, ordinal)) continue;
      const address = objects.addressOf(ordinal);
      const map = mapOf[ordinal]!;
      const label = this.#nodes.labelOf(address, map, isShared(ordinal));
      // Arrays may be named by their owner already; what else is pointed at so has a name of its own.
      const isTagged = label.type === NODE.array && nodeName[node] !== 0;
      nodeType[node] = (isTagged ? typeOfTag.get(nodeName[node]!) : undefined) ?? label.type;
      if (!isTagged) nodeName[node] = text(label.name);
      nodeId[node] = idOf(ordinal);
      nodeSize[node] = size.get(ordinal);
      firstEdge[node] = this.#edgeTarget.length;
      this.#references.each(address, map, size.get(ordinal), (type, name, target) => {
        const to = this.#nodeOf(objects.ordinalAt(target));
        // What nothing keeps is not in the snapshot.
        if (to < 0 || to === node) return;
        // Values of WeakMaps: entries have them.
        if (type === EDGE.shortcut) return;
        const isIndex = typeof name === 'number';
        const number = isIndex ? name : text(name);
        this.#edge(to, type, number);
        if (type !== EDGE.internal) return;
        const tag = tagOf.get(number);
        if (tag === undefined || (to < node && nodeType[to] !== NODE.array)) return;
        nodeName[to] = tag;
        if (to < node) nodeType[to] = typeOfTag.get(tag) ?? NODE.array;
      });
      for (const { name, value } of aside.get(ordinal) ?? []) {
        const to = this.#nodeOf(value);
        if (to >= 0) this.#edge(to, EDGE.internal, text(name));
      }
      const kind = outside[map] ?? OUTSIDE.nothing;
      if (kind === OUTSIDE.buffer || kind === OUTSIDE.string) this.#addOutside(address, map, kind, most);
      this.#addLocation(address, map, node);
      node++;
      if ((node & 0xffff) === 0) onProgress?.(node, most);
    }
    firstEdge[node] = this.#edgeTarget.length;
    return this.#withOutside({ nodeType, nodeName, nodeId, nodeSize, firstEdge, nodeCount: node });
  }

  #edge(to: number, type: number, name: number): void {
    this.#edgeTarget.push(to * 8 + type);
    this.#edgeName.push(name);
  }

  /** Node of an object; −1: it is not in use, or none. */
  #nodeOf(ordinal: number): number {
    if (ordinal < 0) return -1;
    const { bits } = this.#live.marks;
    const byte = bits[ordinal >>> 3]!;
    const bit = 1 << (ordinal & 7);
    if ((byte & bit) === 0) return -1;
    return FIRST + this.#liveBefore[ordinal >>> 3]! + popCount(byte & (bit - 1));
  }

  /**
   * V8 gives ids by order of sight, which a core does not tell. The address keeps an object's id from one core of a process to
   * the next where it did not move: odd numbers of 32 bits hold 16 GB of them.
   */
  #ids(): (ordinal: number) => number {
    const { objects } = this.#live.graph;
    const chunks = new Set<number>();
    for (const key of objects.chunkKeys) chunks.add(key & 0xffff);
    const isUnique = chunks.size === objects.chunkKeys.length && !chunks.has(0);
    if (!isUnique) return (ordinal) => 2 * (ordinal + FIRST) + 1;
    return (ordinal) => 2 * Math.floor((objects.addressOf(ordinal) % 2 ** 34) / 8) + 1;
  }

  #addRoots(firstEdge: Uint32Array): void {
    const { roots, graph, isShared } = this.#live;
    const text = (name: string): number => this.#names.numberOf(name);
    this.#edge(1, EDGE.element, 1);
    for (const global of this.#globals()) this.#edge(global, EDGE.shortcut, text('global'));
    firstEdge[1] = this.#edgeTarget.length;
    for (let group = FIRST_GROUP; group < FIRST; group++)
      this.#edge(group, EDGE.element, group - FIRST_GROUP);
    for (let group = FIRST_GROUP; group < FIRST; group++) {
      firstEdge[group] = this.#edgeTarget.length;
      const { kinds } = SYNTHETIC[group]!;
      let index = 0;
      for (const [row, ordinal] of roots.ordinal.entries()) {
        if (!kinds.includes(roots.kind[row]!) || isShared(ordinal)) continue;
        const to = this.#nodeOf(ordinal);
        if (to >= 0) this.#edge(to, EDGE.element, index++);
      }
      if (group !== SHARED_GROUP) continue;
      for (let ordinal = graph.objects.count - 1; ordinal >= 0 && isShared(ordinal); ordinal--)
        this.#edge(this.#nodeOf(ordinal), EDGE.element, index++);
    }
    firstEdge[FIRST] = this.#edgeTarget.length;
  }

  /** Global objects of the contexts, through which the program's objects are reached. */
  #globals(): number[] {
    const { graph, walk, marks } = this.#live;
    const { types } = this.#v8.layout;
    const wanted = types.get('JS_GLOBAL_OBJECT_TYPE');
    const isGlobal = walk.maps.map(({ type }) => type === wanted);
    const globals: number[] = [];
    for (let ordinal = 0; ordinal < graph.objects.count; ordinal++)
      if (isGlobal[graph.mapOf[ordinal]!] === true && isMarked(marks.bits, ordinal))
        globals.push(this.#nodeOf(ordinal));
    return globals;
  }

  /** What V8 writes for each entry of a WeakMap out of its key. */
  #entriesByKey(idOf: (ordinal: number) => number): Map<number, { name: string; value: number }[]> {
    const { ephemerons, objects, mapOf } = this.#live.graph;
    const byKey = new Map<number, { name: string; value: number }[]>();
    const label = (ordinal: number): string => {
      const { name } = this.#nodes.labelOf(objects.addressOf(ordinal), mapOf[ordinal]!, false);
      return `${name.slice(0, 40)} @${idOf(ordinal)}`;
    };
    let number = 0;
    for (const { table, key, value } of ephemerons) {
      if (this.#nodeOf(table) < 0 || this.#nodeOf(key) < 0 || this.#nodeOf(value) < 0) continue;
      const name = `${++number} / part of key (${label(key)}) -> value (${label(value)}) pair in WeakMap (table @${idOf(table)})`;
      for (const ordinal of [key, table]) {
        const list = byKey.get(ordinal);
        const entry = { name, value };
        if (list === undefined) byKey.set(ordinal, [entry]);
        else list.push(entry);
      }
    }
    return byKey;
  }

  #addOutside(address: number, map: number, kind: number, firstNode: number): void {
    const v8 = this.#v8;
    const isBuffer = kind === OUTSIDE.buffer;
    const store = isBuffer
      ? field(v8, address, 'JSArrayBuffer.backingStore')
      : field(v8, address, 'ExternalString.resource');
    const bytes = isBuffer
      ? field(v8, address, 'JSArrayBuffer.byteLength')
      : this.#bytesOfString(address, map);
    if (!(store > 4096) || !(bytes > 0 && bytes < 2 ** 46)) return;
    let node = this.#outsideNode.get(store);
    if (node === undefined) {
      node = this.#outside.length;
      this.#outsideNode.set(store, node);
      this.#outside.push({
        name: isBuffer ? 'system / JSArrayBufferData' : 'system / ExternalStringData',
        size: bytes,
      });
    }
    this.#edge(
      firstNode + node,
      EDGE.internal,
      this.#names.numberOf(isBuffer ? 'backing_store' : 'resource'),
    );
  }

  #bytesOfString(address: number, map: number): number {
    const { layout, memory } = this.#v8;
    const { type } = this.#live.walk.maps[map]!;
    const isOneByte = (type & layout.number('String.encodingMask')) === layout.number('String.oneByteTag');
    return memory.u32(address - 1 + layout.offset('String.length')) * (isOneByte ? 1 : 2);
  }

  #addLocation(address: number, map: number, node: number): void {
    const v8 = this.#v8;
    const { address: mapAddress, type } = this.#live.walk.maps[map]!;
    if (!(type >= (v8.layout.types.get('JS_PROXY_TYPE') ?? Number.NaN))) return;
    let closure = address;
    if (!isJsFunction(v8, address)) {
      this.#makerOfMap[map] ??= constructorOf(v8, mapAddress);
      const maker = this.#makerOfMap[map]!;
      if (!isJsFunction(v8, maker)) return;
      closure = maker;
    }
    const shared = sharedOf(v8, closure);
    let place = this.#placeOfShared.get(shared);
    if (place === undefined && !this.#placeOfShared.has(shared)) {
      const info = readFunctionInfo(v8, shared);
      const found =
        info === undefined || Number.isNaN(info.script) ? undefined : placeAt(v8, info.script, info.start);
      const id = info === undefined ? Number.NaN : smiField(v8, info.script, 'Script.id');
      place = found === undefined || Number.isNaN(id) ? undefined : [id, found.line - 1, found.column - 1];
      this.#placeOfShared.set(shared, place);
    }
    if (place !== undefined) this.#locations.push(node, ...place);
  }

  #withOutside(
    columns: Pick<
      SnapshotColumns,
      'nodeType' | 'nodeName' | 'nodeId' | 'nodeSize' | 'firstEdge' | 'nodeCount'
    >,
  ): SnapshotColumns {
    const rest = {
      edgeTarget: this.#edgeTarget,
      edgeName: this.#edgeName,
      locations: this.#locations,
      names: this.#names,
    };
    const extra = this.#outside;
    const first = columns.nodeCount;
    const count = first + extra.length;
    const nodeType = new Uint8Array(count);
    const nodeName = new Uint32Array(count);
    const nodeId = new Uint32Array(count);
    const nodeSize = new Float64Array(count);
    const firstEdge = new Uint32Array(count + 1).fill(this.#edgeTarget.length);
    nodeType.set(columns.nodeType.subarray(0, first));
    nodeName.set(columns.nodeName.subarray(0, first));
    nodeId.set(columns.nodeId.subarray(0, first));
    nodeSize.set(columns.nodeSize.subarray(0, first));
    firstEdge.set(columns.firstEdge.subarray(0, first + 1));
    for (const [index, { name, size }] of extra.entries()) {
      nodeType[first + index] = NODE.native;
      nodeName[first + index] = this.#names.numberOf(name);
      nodeId[first + index] = 2 * (index + 1);
      nodeSize[first + index] = size;
    }
    return { nodeType, nodeName, nodeId, nodeSize, firstEdge, nodeCount: count, ...rest };
  }
}
