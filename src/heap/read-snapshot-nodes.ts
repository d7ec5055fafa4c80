import { HolterError } from '../base/errors.ts';
import type { RowTaker } from './read-snapshot-rows.ts';
import {
  firstCapacity,
  nextCapacity,
  sharedUint8,
  sharedUint32,
  widerUint8,
  widerUint32,
} from './shared-column.ts';
import { OVERFLOWS, SizeColumn } from './size-column.ts';
import { MAX_NODES, NODE } from './snapshot.ts';
import { type SnapshotMeta, TYPE_NUMBERS } from './snapshot-meta.ts';
import type { SnapshotWindow } from './snapshot-window.ts';

const COMMA = 0x2c;
const NEWLINE = 0x0a;
/** `byte ^ ZERO` is below 10 for digits, and is then the digit, and for no other byte. */
const ZERO = 0x30;
const FIRST_STEP = 16;
const LAST_STEP = 2 ** 20;
/** Numbers of more digits may not fit 32 bits; they are few (hashed ids, sizes of 1 GB) and go the slow way. */
const SAFE_DIGITS = 9;
/** Sizes of 4 GiB and more that are kept; a heap has a handful, a hostile file must not fill memory with them. */
const MOST_HUGE = 2 ** 20;

/** Fields in the order of all V8s so far; what follows these five is read by name. */
const USUAL = ['type', 'name', 'id', 'self_size', 'edge_count'];

/** The section `nodes` on its way into columns. */
export class NodeTaker implements RowTaker {
  readonly fields: number;
  readonly row: Float64Array;
  count = 0;
  type: Uint8Array;
  name: Uint32Array;
  id: Uint32Array;
  size: SizeColumn;
  /** One longer than the others. */
  firstEdge: Uint32Array;
  /** Only once a node has one. */
  detachedness: Uint8Array | undefined;
  traceNode: Uint32Array | undefined;
  /** Σ edge_count so far. */
  edges = 0;
  largestName = 0;
  readonly #file: string;
  readonly #claimed: number;
  readonly #types: Uint8Array;
  /** Places in a row. */
  readonly #at: { type: number; name: number; id: number; size: number; edges: number };
  readonly #traceAt: number;
  readonly #detachedAt: number;
  readonly #usual: boolean;
  /** Rows taken in one go: few at first, so that V8 has seen how the loop ends before it optimises it for going on. */
  #step = FIRST_STEP;

  constructor(meta: SnapshotMeta, file: string, bytes: number | undefined) {
    const fields = meta.nodeFields;
    this.#file = file;
    this.fields = fields.length;
    this.row = new Float64Array(fields.length);
    this.#types = meta.nodeTypes;
    this.#claimed = Math.min(meta.nodeCount, MAX_NODES);
    this.#at = {
      type: fields.indexOf('type'),
      name: fields.indexOf('name'),
      id: fields.indexOf('id'),
      size: fields.indexOf('self_size'),
      edges: fields.indexOf('edge_count'),
    };
    this.#traceAt = fields.indexOf('trace_node_id');
    this.#detachedAt = fields.indexOf('detachedness');
    this.#usual = fields.length <= 7 && USUAL.every((field, place) => fields[place] === field);
    const capacity = firstCapacity(this.#claimed, this.fields, bytes);
    this.type = sharedUint8(capacity);
    this.name = sharedUint32(capacity);
    this.id = sharedUint32(capacity);
    this.size = new SizeColumn(sharedUint32(capacity));
    this.firstEdge = sharedUint32(capacity + 1);
  }

  take(): void {
    if (this.count === this.type.length) this.#grow();
    const { row } = this;
    const node = this.count++;
    const type = row[this.#at.type]!;
    this.type[node] = type >= 0 && type < TYPE_NUMBERS ? this.#types[type]! : NODE.unknown;
    const name = row[this.#at.name]! >>> 0;
    if (name > this.largestName) this.largestName = name;
    this.name[node] = name;
    this.id[node] = row[this.#at.id]! >>> 0;
    const size = Math.max(0, row[this.#at.size]!);
    if (size < OVERFLOWS) this.size.low[node] = size;
    else if (this.size.high.size < MOST_HUGE) this.size.set(node, Math.min(size, Number.MAX_SAFE_INTEGER));
    else this.size.low[node] = OVERFLOWS;
    this.#addEdges(Math.max(0, row[this.#at.edges]!));
    this.firstEdge[node + 1] = this.edges;
    if (this.#traceAt >= 0 && row[this.#traceAt] !== 0) this.#setTrace(node, row[this.#traceAt]! >>> 0);
    if (this.#detachedAt >= 0 && row[this.#detachedAt] !== 0) this.#setDetached(node, row[this.#detachedAt]!);
  }

  takeMany(window: SnapshotWindow): boolean {
    if (!this.#usual) return true;
    for (;;) {
      if (this.count === this.type.length) this.#grow();
      const stop = Math.min(this.type.length, this.count + this.#step);
      if (this.#step < LAST_STEP) this.#step *= 2;
      const more = this.#takeUsual(window, stop);
      if (this.count < stop || !more) return more;
    }
  }

  /** The columns at their length. */
  finish(): void {
    // Columns keep the room they have: pages behind `count` were never touched.
    const { count } = this;
    this.type = this.type.subarray(0, count);
    this.name = this.name.subarray(0, count);
    this.id = this.id.subarray(0, count);
    this.size = new SizeColumn(this.size.low.subarray(0, count), this.size.high);
    this.firstEdge = this.firstEdge.subarray(0, count + 1);
    this.detachedness = this.detachedness?.subarray(0, count);
    this.traceNode = this.traceNode?.subarray(0, count);
  }

  /**
   * Rows as V8 writes them. Each field is a loop of its own: a branch predictor learns how long ids are, and how long
   * types, but not both at once. Anything unusual leaves the row to `take`.
   */
  #takeUsual(window: SnapshotWindow, stop: number): boolean {
    const { bytes } = window;
    const { type: typeColumn, name: nameColumn, id: idColumn, firstEdge } = this;
    const sizeColumn = this.size.low;
    const types = this.#types;
    const extra = this.fields - USUAL.length;
    let node = this.count;
    let edges = this.edges;
    let largestName = this.largestName;
    let at = window.at;
    let before = true;
    while (node < stop) {
      let i = at;
      let begin = i;

      let type = 0;
      for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
        type = (Math.imul(type, 10) + digit) | 0;
      if (bytes[i - 1] !== COMMA || i - begin > 3 || i - begin === 1) break;

      begin = i;
      let name = 0;
      for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
        name = (Math.imul(name, 10) + digit) | 0;
      if (bytes[i - 1] !== COMMA || i - begin > SAFE_DIGITS + 1 || i - begin === 1) break;

      begin = i;
      let id = 0;
      for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
        id = (Math.imul(id, 10) + digit) | 0;
      if (bytes[i - 1] !== COMMA || i - begin > SAFE_DIGITS + 1 || i - begin === 1) break;

      begin = i;
      let size = 0;
      for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
        size = (Math.imul(size, 10) + digit) | 0;
      if (bytes[i - 1] !== COMMA || i - begin > SAFE_DIGITS + 1 || i - begin === 1) break;

      begin = i;
      let count = 0;
      for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
        count = (Math.imul(count, 10) + digit) | 0;
      if (i - begin > SAFE_DIGITS + 1 || i - begin === 1) break;
      let last = bytes[i - 1]!;

      if (extra > 0) {
        // 0 nearly always: no allocation stack, no document.
        if (last !== COMMA || bytes[i] !== 48) break;
        last = bytes[i + 1]!;
        i += 2;
        if (extra > 1) {
          if (last !== COMMA || bytes[i] !== 48) break;
          last = bytes[i + 1]!;
          i += 2;
        }
      }
      // Whatever ends a number, but not the end of the window: the number may go on.
      if (last !== COMMA && last !== NEWLINE && last !== 0x5d) break;
      edges += count;
      if (edges > 0xffff_ffff) break;

      typeColumn[node] = types[type]!;
      if (name > largestName) largestName = name;
      nameColumn[node] = name;
      idColumn[node] = id;
      sizeColumn[node] = size;
      node++;
      firstEdge[node] = edges;
      if (last === COMMA) at = i;
      else if (last === NEWLINE && bytes[i] === COMMA) at = i + 1;
      else {
        at = i - 1;
        before = false;
        break;
      }
    }
    this.count = node;
    this.edges = node === 0 ? 0 : firstEdge[node]!;
    this.largestName = largestName;
    window.at = at;
    return before;
  }

  #addEdges(count: number): void {
    this.edges += count;
    if (this.edges > 0xffff_ffff)
      throw new HolterError('E_FILE_FORMAT', `${this.#file}: its nodes claim over 2^32 edges`);
  }

  #setTrace(node: number, id: number): void {
    this.traceNode ??= sharedUint32(this.type.length);
    this.traceNode[node] = id;
  }

  #setDetached(node: number, value: number): void {
    this.detachedness ??= sharedUint8(this.type.length);
    this.detachedness[node] = value;
  }

  #grow(): void {
    const capacity = nextCapacity(this.type.length, this.#claimed, MAX_NODES);
    if (capacity === this.type.length)
      throw new HolterError('E_FILE_FORMAT', `${this.#file} has over ${MAX_NODES} nodes`);
    this.type = widerUint8(this.type, capacity);
    this.name = widerUint32(this.name, capacity);
    this.id = widerUint32(this.id, capacity);
    this.size = new SizeColumn(widerUint32(this.size.low, capacity), this.size.high);
    this.firstEdge = widerUint32(this.firstEdge, capacity + 1);
    if (this.detachedness !== undefined) this.detachedness = widerUint8(this.detachedness, capacity);
    if (this.traceNode !== undefined) this.traceNode = widerUint32(this.traceNode, capacity);
  }
}
