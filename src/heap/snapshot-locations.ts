import { IntList } from '../base/number-list.ts';
import type { RowTaker } from './read-snapshot-rows.ts';
import type { SnapshotLocations } from './snapshot.ts';
import type { SnapshotWindow } from './snapshot-window.ts';

const COMMA = 0x2c;
const NEWLINE = 0x0a;
const CLOSE = 0x5d;
/** `byte ^ ZERO` is below 10 for digits, and is then the digit, and for no other byte. */
const ZERO = 0x30;
/** Numbers of more digits may not fit and go the slow way. */
const SAFE_DIGITS = 9;
const USUAL = 'object_index,script_id,line,column';

/** The section `locations` on its way into columns. */
export class LocationTaker implements RowTaker {
  readonly fields: number;
  readonly row: Float64Array;
  readonly #node = new IntList();
  readonly #script = new IntList();
  readonly #line = new IntList();
  readonly #column = new IntList();
  readonly #at: readonly number[];
  readonly #nodeFields: number;
  readonly #usual: boolean;

  constructor(fields: readonly string[], nodeFields: number) {
    this.fields = fields.length;
    this.row = new Float64Array(fields.length);
    this.#nodeFields = nodeFields;
    this.#usual = fields.join() === USUAL;
    this.#at = ['object_index', 'script_id', 'line', 'column'].map((field) => fields.indexOf(field));
  }

  take(): void {
    const [node, script, line, column] = this.#at as [number, number, number, number];
    const ordinal = this.row[node]! / this.#nodeFields;
    if (!(Number.isInteger(ordinal) && ordinal >= 0 && ordinal < 2 ** 31)) return;
    this.#node.push(ordinal);
    this.#script.push(this.row[script]!);
    this.#line.push(this.row[line]!);
    this.#column.push(this.row[column]!);
  }

  /** Rows as V8 writes them; anything unusual is left to `take`. */
  takeMany(window: SnapshotWindow): boolean {
    if (!this.#usual) return true;
    const { bytes } = window;
    const { row } = this;
    let at = window.at;
    for (;;) {
      let i = at;
      let field = 0;
      for (; field < 4; field++) {
        const begin = i;
        let value = 0;
        for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
          value = (Math.imul(value, 10) + digit) | 0;
        if (i - begin > SAFE_DIGITS + 1 || i - begin === 1 || (field < 3 && bytes[i - 1] !== COMMA)) break;
        row[field] = value;
      }
      const last = bytes[i - 1]!;
      if (field < 4 || (last !== COMMA && last !== NEWLINE && last !== CLOSE)) break;
      this.take();
      if (last === COMMA) at = i;
      else if (last === NEWLINE && bytes[i] === COMMA) at = i + 1;
      else {
        window.at = i - 1;
        return false;
      }
    }
    window.at = at;
    return true;
  }

  /** Ascending by node; those of nodes that do not exist are left out. */
  finish(nodeCount: number): SnapshotLocations {
    const given = this.#node.packed();
    const order = orderOf(given, nodeCount);
    const { length } = order;
    const pick = (column: IntList): Int32Array => {
      const picked = new Int32Array(new SharedArrayBuffer(length * 4));
      for (let i = 0; i < length; i++) picked[i] = column.values[order[i]!]!;
      return picked;
    };
    const node = pick(this.#node);
    return {
      node: new Uint32Array(node.buffer, 0, length),
      script: pick(this.#script),
      line: pick(this.#line),
      column: pick(this.#column),
    };
  }
}

const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;

/**
 * Rows ascending by node, of one node in their order, without those of nodes that do not exist: radix sort, V8 writes
 * hundreds of thousands in disorder.
 */
function orderOf(nodes: Int32Array, nodeCount: number): Uint32Array {
  let order = new Uint32Array(nodes.length);
  for (let row = 0; row < order.length; row++) order[row] = row;
  let sorted = new Uint32Array(nodes.length);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const begin = new Uint32Array(DIGITS + 1);
    for (let row = 0; row < nodes.length; row++) begin[((nodes[row]! >>> shift) & (DIGITS - 1)) + 1]!++;
    for (let digit = 0; digit < DIGITS; digit++) begin[digit + 1]! += begin[digit]!;
    for (let at = 0; at < order.length; at++) {
      const row = order[at]!;
      sorted[begin[(nodes[row]! >>> shift) & (DIGITS - 1)]!++] = row;
    }
    [order, sorted] = [sorted, order];
  }
  let length = order.length;
  while (length > 0 && nodes[order[length - 1]!]! >= nodeCount) length--;
  return order.subarray(0, length);
}
