import type { HeapPage } from './heap-page.ts';
import type { HeapWalk } from './heap-walk.ts';
import type { ReferenceSlots } from './reference-slots.ts';

/** Where in a chunk objects may begin: one bit for each word of 256 KiB. */
const WORDS = 1024;
const SLOTS = WORDS * 32;
const CHUNK_BYTES = 256 * 1024;

/**
 * Which objects there are, by address: a number (ordinal) for each, ascending in the order their pages were walked. One bit
 * for each word of the heap and as much again for counting: 3 % of the heap, whatever lies in it.
 *
 * Addresses are given as the two halves of a tagged word, as heaps have them; tags of weak references are taken off.
 */
export class ObjectIndex {
  /** Objects. */
  readonly count: number;
  /** `(address >>> 18)` of each row, which fits in 31 bits. */
  readonly #keys: Int32Array;
  readonly #bits: Uint32Array;
  /** Ordinal of the first object of each 32 words. */
  readonly #before: Uint32Array;
  /** Open addressing: row plus 1. */
  readonly #table: Int32Array;
  readonly #mask: number;
  #lastKey = -1;
  #lastRow = -1;

  /** @param rows bits of each chunk, in the order of their keys' first sight */
  constructor(keys: readonly number[], rows: readonly Uint32Array[]) {
    this.#keys = Int32Array.from(keys);
    this.#bits = new Uint32Array(rows.length * WORDS);
    this.#before = new Uint32Array(rows.length * WORDS + 1);
    let size = 16;
    while (size < rows.length * 2) size *= 2;
    this.#table = new Int32Array(size);
    this.#mask = size - 1;
    let count = 0;
    for (const [row, bits] of rows.entries()) {
      this.#bits.set(bits, row * WORDS);
      for (let word = 0; word < WORDS; word++) {
        this.#before[row * WORDS + word] = count;
        count += popCount(bits[word]!);
      }
      let at = hash(this.#keys[row]!) & this.#mask;
      while (this.#table[at] !== 0) at = (at + 1) & this.#mask;
      this.#table[at] = row + 1;
    }
    this.#before[rows.length * WORDS] = count;
    this.count = count;
  }

  /** Chunks that have objects, by `address >>> 18`. */
  get chunkKeys(): Int32Array {
    return this.#keys;
  }

  /** @returns the object that begins exactly there; −1: none does */
  ordinalOf(low: number, high: number): number {
    const key = (high << 14) | (low >>> 18);
    if (key !== this.#lastKey) {
      this.#lastRow = this.#rowOf(key);
      this.#lastKey = key;
    }
    if (this.#lastRow < 0) return -1;
    const slot = (low & 0x3_ffff) >>> 3;
    const at = this.#lastRow * WORDS + (slot >>> 5);
    const bits = this.#bits[at]!;
    const bit = 1 << (slot & 31);
    if ((bits & bit) === 0) return -1;
    return this.#before[at]! + popCount(bits & (bit - 1));
  }

  /** Of a tagged or untagged address. */
  ordinalAt(address: number): number {
    return address >= 0 && address < 2 ** 48
      ? this.ordinalOf((address % 2 ** 32) | 0, Math.floor(address / 2 ** 32))
      : -1;
  }

  /** Tagged address of an object; NaN: there is no such. */
  addressOf(ordinal: number): number {
    if (!(ordinal >= 0 && ordinal < this.count)) return Number.NaN;
    const before = this.#before;
    let low = 0;
    let high = before.length - 1;
    // The last word that begins at or before it: of several that are empty the one behind them.
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (before[middle]! <= ordinal) low = middle;
      else high = middle;
    }
    let bits = this.#bits[low]!;
    for (let skip = ordinal - before[low]!; skip > 0; skip--) bits &= bits - 1;
    const slot = (low % WORDS) * 32 + (31 - Math.clz32(bits & -bits));
    return (this.#keys[Math.floor(low / WORDS)]! >>> 0) * CHUNK_BYTES + slot * 8 + 1;
  }

  #rowOf(key: number): number {
    for (let at = hash(key) & this.#mask; ; at = (at + 1) & this.#mask) {
      const row = this.#table[at]! - 1;
      if (row < 0 || this.#keys[row] === key) return row;
    }
  }
}

/**
 * Walks over pages once.
 * @param slots learns what tables of WeakMaps look like, before any reference is read
 * @param onPage called after each with bytes read so far
 */
export function indexObjects(
  walk: HeapWalk,
  pages: Iterable<HeapPage>,
  slots?: ReferenceSlots,
  onPage?: (bytes: number) => void,
): ObjectIndex {
  let known = 0;
  const keys: number[] = [];
  const rows: Uint32Array[] = [];
  const rowOf = new Map<number, Uint32Array>();
  let done = 0;
  walk.walk(pages, (batch) => {
    const { base, offsets, count } = batch;
    const inChunk = base % CHUNK_BYTES;
    const key = Math.floor(base / CHUNK_BYTES);
    for (let i = 0; i < count; i++) {
      const at = inChunk + offsets[i]!;
      const chunk = key + Math.floor(at / CHUNK_BYTES);
      let row = rowOf.get(chunk);
      if (row === undefined) {
        row = new Uint32Array(WORDS);
        rowOf.set(chunk, row);
        rows.push(row);
        keys.push(chunk | 0);
      }
      const slot = (at >>> 3) % SLOTS;
      row[slot >>> 5]! |= 1 << (slot & 31);
    }
    if (slots !== undefined && walk.maps.length > known) {
      for (let i = 0; i < count; i++)
        if (batch.maps[i]! >= known && slots.isWeakCollection(walk.maps[batch.maps[i]!]!))
          slots.learnTable(base + offsets[i]! + 1);
      known = walk.maps.length;
    }
    done += batch.length;
    onPage?.(done);
  });
  return new ObjectIndex(keys, rows);
}

function hash(key: number): number {
  const mixed = Math.imul(key, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** Bits that are set (H. S. Warren, Hacker's Delight, §5–1). */
export function popCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
