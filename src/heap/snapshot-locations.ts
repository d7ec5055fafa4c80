import { IntList } from '../base/number-list.ts';
import type { RowTaker } from './read-snapshot-rows.ts';
import type { SnapshotLocations } from './snapshot.ts';

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

  constructor(fields: readonly string[], nodeFields: number) {
    this.fields = fields.length;
    this.row = new Float64Array(fields.length);
    this.#nodeFields = nodeFields;
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

  /** Ascending by node; those of nodes that do not exist are left out. */
  finish(nodeCount: number): SnapshotLocations {
    const given = this.#node.packed();
    let sorted = true;
    for (let i = 1; i < given.length && sorted; i++) sorted = given[i]! >= given[i - 1]!;
    const order = sorted ? undefined : orderOf(given);
    let length = 0;
    for (const node of given) if (node < nodeCount) length++;
    // Several locations of a node stay together; nodes beyond the last are at the end of the order.
    const pick = (column: IntList): Int32Array => {
      const picked = new Int32Array(new SharedArrayBuffer(length * 4));
      let at = 0;
      for (let i = 0; i < given.length; i++) {
        const row = order === undefined ? i : order[i]!;
        if (given[row]! < nodeCount) picked[at++] = column.values[row]!;
      }
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

/** Rows ascending by value, of one value in their order. Numbers sort many times faster than by a comparing function. */
function orderOf(values: Int32Array): Uint32Array {
  const count = values.length;
  // Below 2^53: V8 has at most one location for each of the fewer than 2^29 nodes.
  const keys = Float64Array.from(values, (value, row) => value * count + row).sort();
  return Uint32Array.from(keys, (key) => key % count);
}
