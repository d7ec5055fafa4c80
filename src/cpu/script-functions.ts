import { JsonKeys } from '../base/json-keys.ts';
import { END, type JsonReader } from '../base/json-reader.ts';
import { IntList } from '../base/number-list.ts';
import { StringTable } from '../base/string-table.ts';

/**
 * Generated functions of a V8 profile, one row each: name, script URL and place. Profiles repeat them at every node;
 * here each is kept once.
 */
export class ScriptFunctions {
  readonly strings: StringTable = new StringTable();
  /** Ids in `strings`. */
  readonly name: IntList = new IntList();
  readonly url: IntList = new IntList();
  /** 1-based, 0 unknown. */
  readonly line: IntList = new IntList();
  readonly column: IntList = new IntList();
  /** Row + 1 by hash, 0 = free. */
  #slots = new Int32Array(256);
  readonly #seed = Math.floor(Math.random() * 2 ** 31) | 1;

  get length(): number {
    return this.name.length;
  }

  /** Row of a function, made when new. */
  row(name: number, url: number, line: number, column: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = this.#hash(name, url, line, column) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]! - 1;
      if (row < 0) {
        this.#slots[slot] = this.#add(name, url, line, column) + 1;
        if (this.length * 2 > this.#slots.length) this.#widen();
        return this.length - 1;
      }
      if (
        this.name.values[row] === name &&
        this.url.values[row] === url &&
        this.line.values[row] === line &&
        this.column.values[row] === column
      )
        return row;
    }
  }

  nameOf(row: number): string {
    return this.strings.text(this.name.values[row]!);
  }

  urlOf(row: number): string {
    return this.strings.text(this.url.values[row]!);
  }

  #add(name: number, url: number, line: number, column: number): number {
    this.name.push(name);
    this.url.push(url);
    this.line.push(line);
    this.column.push(column);
    return this.length - 1;
  }

  #widen(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    const mask = this.#slots.length - 1;
    const { name, url, line, column } = this;
    for (let row = 0; row < this.length; row++) {
      let slot =
        this.#hash(name.values[row]!, url.values[row]!, line.values[row]!, column.values[row]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = row + 1;
    }
  }

  #hash(name: number, url: number, line: number, column: number): number {
    let hash = Math.imul(name ^ this.#seed, 0x9e3779b1) + Math.imul(url, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) + Math.imul(line, 0xc2b2ae35) + column;
    hash = Math.imul(hash ^ (hash >>> 13), 0x297a2d39);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}

const CALL_FRAME = new JsonKeys(['functionName', 'url', 'lineNumber', 'columnNumber', 'scriptId']);

/**
 * Reads a `Runtime.CallFrame`, whose place is 0-based and −1 or absent when unknown; row in `functions`, −1 for a value
 * that is no object, or is cut: half a place would be another function's.
 */
export function readCallFrame(json: JsonReader, functions: ScriptFunctions): number {
  if (!json.enterObject()) return -1;
  let name = 0;
  let url = 0;
  let line = 0;
  let column = 0;
  for (;;) {
    const key = json.nextKey(CALL_FRAME);
    if (key === END) break;
    if (key === 0) name = json.readStringId(functions.strings, 0);
    else if (key === 1) url = json.readStringId(functions.strings, 0);
    else if (key === 2) line = wholeNumber(json.readNumber(-1), -1) + 1;
    else if (key === 3) column = wholeNumber(json.readNumber(-1), -1) + 1;
    else json.skip();
  }
  return json.damagedAt === undefined ? functions.row(name, url, line, column) : -1;
}

/** A count or a place that fits an Int32Array, also after adding 1, else `otherwise`. */
export function wholeNumber(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && value >= 0 && value < 0x7fffffff ? Math.trunc(value) : otherwise;
}
