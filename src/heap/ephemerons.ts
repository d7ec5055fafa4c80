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
  /** Number of the pair: the same for both edges of an entry. */
  readonly pair: Uint32Array;
}

const INFIX = ' / part of key (';
const VALUE = ') -> value (';
const SUFFIX = ') pair in WeakMap (table @';

export function findEphemerons(strings: SnapshotStrings): Ephemerons {
  const names = strings.search({ infix: INFIX });
  const table = new Float64Array(names.length);
  const pair = new Uint32Array(names.length);
  if (names.length === 0) return { row: undefined, table, pair };
  const row = new Uint32Array(strings.count);
  const pairs = new Map<number, number>();
  for (let i = 0; i < names.length; i++) {
    const bytes = strings.bytes(names[i]!);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const digits = digitsFrom(bytes, 0);
    const id = idAtEnd(bytes);
    if (digits === 0 || id < 0 || text.indexOf(INFIX) !== digits || !text.includes(VALUE)) continue;
    table[i] = id;
    row[names[i]!] = i + 1;
    const key = hash(bytes, digits);
    const number = pairs.get(key) ?? pairs.size;
    pairs.set(key, number);
    pair[i] = number;
  }
  return { row, table, pair };
}

function digitsFrom(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at - from;
}

/** 17 of `… pair in WeakMap (table @17)`, −1 for any other end. */
function idAtEnd(bytes: Uint8Array): number {
  let at = bytes.length - 2;
  while (at >= 0 && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at--;
  const begin = at + 1 - SUFFIX.length;
  if (bytes[bytes.length - 1] !== 0x29 || at + 1 === bytes.length - 1 || begin < 0) return -1;
  for (let i = 0; i < SUFFIX.length; i++) if (bytes[begin + i] !== SUFFIX.charCodeAt(i)) return -1;
  let id = 0;
  for (let i = at + 1; i < bytes.length - 1; i++) id = id * 10 + bytes[i]! - 0x30;
  return id;
}

/** 53 bits of two FNV-1a hashes: ids are in the text, so two pairs of one hash would have to be sought. */
function hash(bytes: Uint8Array, from: number): number {
  let a = 0x811c9dc5;
  let b = 0x1000193;
  for (let i = from; i < bytes.length; i++) {
    a = Math.imul(a ^ bytes[i]!, 0x01000193);
    b = Math.imul(b ^ bytes[i]!, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}
