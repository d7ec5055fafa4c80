import { sharedUint32 } from './shared-column.ts';
import type { SnapshotStrings } from './snapshot-strings.ts';

/**
 * Names of the two edges V8 writes for an entry of a WeakMap, one out of the key and one out of the table:
 * `5 / part of key (Foo @11) -> value (Bar @13) pair in WeakMap (table @17)` (v8 heap-snapshot-generator.cc). A heap can
 * have hundreds of thousands, so they are read as bytes.
 */
export interface Ephemerons {
  /** By string index: row of the arrays below plus 1, 0 = no such name. Undefined when there is none. */
  readonly row: Uint32Array | undefined;
  /** Id of the table. */
  readonly table: Float64Array;
  /** Number of the pair: the same for both edges of an entry, below `pairCount`. */
  readonly pair: Uint32Array;
  readonly pairCount: number;
}

const BEGIN = ' / part of key (';
const VALUE: Uint8Array = Buffer.from(') -> value (');
const SUFFIX: Uint8Array = Buffer.from(') pair in WeakMap (table @');
const AT: Uint8Array = Buffer.from('@');

export function findEphemerons(strings: SnapshotStrings): Ephemerons {
  const names = strings.search({ afterDigits: BEGIN });
  const table = new Float64Array(names.length);
  const pair = sharedUint32(names.length);
  if (names.length === 0) return { row: undefined, table, pair, pairCount: 0 };
  const row = sharedUint32(strings.count);
  const pairs = new PairNumbers(names.length);
  const ids = new Float64Array(3);
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (!readIds(strings.bytes(name), ids)) continue;
    table[i] = ids[0]!;
    row[name] = i + 1;
    pair[i] = pairs.numberOf(ids);
  }
  return { row, table, pair, pairCount: pairs.count };
}

/** Ids of table, value and key, from the end of the name, where there are no names of classes in the way. */
function readIds(bytes: Uint8Array, ids: Float64Array): boolean {
  let at = readId(bytes, bytes.length - 1, SUFFIX, ids, 0);
  if (at < 0) return false;
  at = readId(bytes, at, AT, ids, 1);
  // Back over the class of the value.
  for (at -= VALUE.length; at >= 0; at--)
    if (bytes[at] === 0x29 && isAt(bytes, at, VALUE)) return readId(bytes, at, AT, ids, 2) >= 0;
  return false;
}

/** Reads the number that ends at the parenthesis at `end` and begins behind `before`; where that begins, −1 if there is none. */
function readId(bytes: Uint8Array, end: number, before: Uint8Array, ids: Float64Array, into: number): number {
  if (end < 0 || bytes[end] !== 0x29) return -1;
  let id = 0;
  let place = 1;
  let at = end - 1;
  for (; at >= 0; at--, place *= 10) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    id += digit * place;
  }
  const begin = at + 1 - before.length;
  if (at + 1 === end || begin < 0 || !isAt(bytes, begin, before)) return -1;
  ids[into] = id;
  return begin;
}

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** Numbers triples of ids in the order of their first sight: a hash table of open addressing. */
class PairNumbers {
  count = 0;
  readonly #mask: number;
  /** A file whose ids all fall on one place would take forever: none can know this number. */
  readonly #seed: number = Math.floor(Math.random() * 2 ** 32);
  /** By place, number of the pair plus 1; 0 is a free place. */
  readonly #places: Uint32Array;
  readonly #ids: Float64Array;

  constructor(most: number) {
    let size = 16;
    while (size < 2 * most) size *= 2;
    this.#mask = size - 1;
    this.#places = new Uint32Array(size);
    this.#ids = new Float64Array(3 * most);
  }

  numberOf(ids: Float64Array): number {
    const known = this.#ids;
    const table = ids[0]!;
    const value = ids[1]!;
    const key = ids[2]!;
    let hash = Math.imul(key ^ this.#seed, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ value, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ table, 0xc2b2ae35);
    hash ^= hash >>> 16;
    let at = hash & this.#mask;
    for (let number = this.#places[at]!; number !== 0; number = this.#places[at]!) {
      const row = 3 * (number - 1);
      if (known[row] === table && known[row + 1] === value && known[row + 2] === key) return number - 1;
      at = (at + 1) & this.#mask;
    }
    known[3 * this.count] = table;
    known[3 * this.count + 1] = value;
    known[3 * this.count + 2] = key;
    this.#places[at] = ++this.count;
    return this.count - 1;
  }
}
