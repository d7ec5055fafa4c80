import { HolterError } from '../base/errors.ts';
import type { RowTaker } from './read-snapshot-rows.ts';
import { firstCapacity, nextCapacity, sharedUint32, widerUint32 } from './shared-column.ts';
import { EDGE, MAX_NODES } from './snapshot.ts';
import { type SnapshotMeta, TYPE_NUMBERS } from './snapshot-meta.ts';
import type { SnapshotWindow } from './snapshot-window.ts';

const COMMA = 0x2c;
const NEWLINE = 0x0a;
/** `byte ^ ZERO` is below 10 for digits, and is then the digit, and for no other byte. */
const ZERO = 0x30;
const FIRST_STEP = 16;
const LAST_STEP = 2 ** 20;
/** Numbers of more digits may not fit 32 bits and go the slow way. */
const SAFE_DIGITS = 9;

/** Longest typed array of four bytes each that Node 20 makes, and the range of `firstEdge`. */
export const MAX_EDGES: number = 2 ** 30;

/** Stands for an edge whose target does not exist. */
export const NOWHERE = 0xffff_ffff;

/** The section `edges` on its way into columns. */
export class EdgeTaker implements RowTaker {
  readonly fields: number;
  readonly row: Float64Array;
  count = 0;
  target: Uint32Array;
  name: Uint32Array;
  /** Edges that lead to no node; their target is NOWHERE. */
  astray = 0;
  /** Of edges whose name is a string. */
  largestName = 0;
  /** False when the nodes were not known yet, so that targets could not be checked. */
  readonly checked: boolean;
  readonly #file: string;
  readonly #claimed: number;
  readonly #nodes: number;
  readonly #nodeFields: number;
  readonly #types: Uint8Array;
  readonly #at: { type: number; name: number; to: number };
  readonly #usual: boolean;
  /** Rows taken in one go: few at first, so that V8 has seen how the loop ends before it optimises it for going on. */
  #step = FIRST_STEP;

  /** @param nodes how many there are, if that is known yet; targets from there on are astray */
  constructor(meta: SnapshotMeta, file: string, nodes: number | undefined, bytes: number | undefined) {
    const fields = meta.edgeFields;
    this.#file = file;
    this.checked = nodes !== undefined;
    this.#nodes = nodes ?? MAX_NODES - 1;
    this.#nodeFields = meta.nodeFields.length;
    this.fields = fields.length;
    this.row = new Float64Array(fields.length);
    this.#types = meta.edgeTypes;
    this.#claimed = Math.min(meta.edgeCount, MAX_EDGES);
    this.#at = {
      type: fields.indexOf('type'),
      name: fields.indexOf('name_or_index'),
      to: fields.indexOf('to_node'),
    };
    this.#usual = fields.length === 3 && this.#at.type === 0 && this.#at.name === 1 && this.#at.to === 2;
    const capacity = firstCapacity(this.#claimed, this.fields, bytes);
    this.target = sharedUint32(capacity);
    this.name = sharedUint32(capacity);
  }

  take(): void {
    if (this.count === this.target.length) this.#grow();
    const { row } = this;
    const edge = this.count++;
    const number = row[this.#at.type]!;
    const type = number >= 0 && number < TYPE_NUMBERS ? this.#types[number]! : EDGE.unknown;
    const name = row[this.#at.name]! >>> 0;
    if (type !== EDGE.element && type !== EDGE.hidden && name > this.largestName) this.largestName = name;
    this.name[edge] = name;
    const node = row[this.#at.to]! / this.#nodeFields;
    if (node >= 0 && node < this.#nodes && Number.isInteger(node)) this.target[edge] = (node << 3) | type;
    else {
      this.target[edge] = NOWHERE;
      this.astray++;
    }
  }

  takeMany(window: SnapshotWindow): boolean {
    if (!this.#usual) return true;
    for (;;) {
      if (this.count === this.target.length) this.#grow();
      const stop = Math.min(this.target.length, this.count + this.#step);
      if (this.#step < LAST_STEP) this.#step *= 2;
      const more = this.#takeUsual(window, stop);
      if (this.count < stop || !more) return more;
    }
  }

  /** Rows as V8 writes them; anything unusual is left to `take`. */
  #takeUsual(window: SnapshotWindow, stop: number): boolean {
    const { bytes } = window;
    const { target, name: nameColumn } = this;
    const types = this.#types;
    const nodes = this.#nodes;
    const { inverse, shift } = divisor(this.#nodeFields);
    const unshift = (32 - shift) & 31;
    let edge = this.count;
    let largestName = this.largestName;
    let at = window.at;
    let before = true;
    while (edge < stop) {
      let i = at;

      const number = bytes[i]! ^ ZERO;
      if (number > 9 || bytes[i + 1] !== COMMA) break;
      i += 2;

      let begin = i;
      let name = 0;
      for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
        name = (Math.imul(name, 10) + digit) | 0;
      if (bytes[i - 1] !== COMMA || i - begin > SAFE_DIGITS + 1 || i - begin === 1) break;

      begin = i;
      let to = 0;
      for (let digit = bytes[i++]! ^ ZERO; digit < 10; digit = bytes[i++]! ^ ZERO)
        to = (Math.imul(to, 10) + digit) | 0;
      if (i - begin > SAFE_DIGITS + 1 || i - begin === 1) break;
      const last = bytes[i - 1]!;
      if (last !== COMMA && last !== NEWLINE && last !== 0x5d) break;

      // Exact division: by the odd part times its inverse modulo 2^32, by the rest rotating. What does not divide
      // comes out larger than any node.
      const product = Math.imul(to, inverse);
      const node = shift === 0 ? product >>> 0 : ((product >>> shift) | (product << unshift)) >>> 0;
      if (node >= nodes) break;

      const type = types[number]!;
      if (name > largestName && type !== EDGE.element && type !== EDGE.hidden) largestName = name;
      nameColumn[edge] = name;
      target[edge] = (node << 3) | type;
      edge++;
      if (last === COMMA) at = i;
      else if (last === NEWLINE && bytes[i] === COMMA) at = i + 1;
      else {
        at = i - 1;
        before = false;
        break;
      }
    }
    this.count = edge;
    this.largestName = largestName;
    window.at = at;
    return before;
  }

  #grow(): void {
    const capacity = nextCapacity(this.target.length, this.#claimed, MAX_EDGES);
    if (capacity === this.target.length)
      throw new HolterError('E_FILE_FORMAT', `${this.#file} has over ${MAX_EDGES} edges`);
    this.target = widerUint32(this.target, capacity);
    this.name = widerUint32(this.name, capacity);
  }
}

/** `n / fields` is `(n × inverse) rotated right by shift`, modulo 2^32, for all n that divide. */
function divisor(fields: number): { inverse: number; shift: number } {
  let odd = fields;
  let shift = 0;
  for (; odd % 2 === 0; odd /= 2) shift++;
  // Newton: each step doubles the bits that are right; odd × odd ≡ 1 modulo 8.
  let inverse = odd;
  for (let step = 0; step < 4; step++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return { inverse, shift };
}
