import type { Bytes } from '../base/units.ts';
import type { HeapBatch } from './heap-walk.ts';

/** Strings that carry their characters, by the size of the whole. */
export interface StringSizes {
  /** Bytes an object of this row has at most; Infinity the last. */
  upTo: Bytes;
  count: number;
  bytes: Bytes;
}

/** One of the largest strings. */
export interface LargeString {
  /** Tagged. */
  address: number;
  bytes: Bytes;
}

const LIMITS: readonly Bytes[] = [64, 1024, 16 * 1024, 256 * 1024, 4 * 2 ** 20, Number.POSITIVE_INFINITY];
const MOST_LARGE = 10;
/** Shorter ones are none of the largest. */
const LEAST_LARGE: Bytes = 1024;

/** Sizes of strings, and the largest of them. */
export class StringTally {
  readonly #counts: Float64Array = new Float64Array(LIMITS.length);
  readonly #bytes: Float64Array = new Float64Array(LIMITS.length);
  /** Descending. */
  readonly largest: LargeString[] = [];
  #least: Bytes = LEAST_LARGE;

  /** Object `i` of a batch is a string with `outside` bytes of characters beside its own. */
  add(batch: HeapBatch, i: number, outside: Bytes): void {
    const bytes = batch.sizes[i]! + outside;
    let row = 0;
    while (bytes > LIMITS[row]!) row++;
    this.#counts[row]!++;
    this.#bytes[row]! += bytes;
    if (bytes <= this.#least) return;
    const at = this.largest.findLastIndex((one) => one.bytes >= bytes) + 1;
    this.largest.splice(at, 0, { address: batch.base + batch.offsets[i]! + 1, bytes });
    if (this.largest.length <= MOST_LARGE) return;
    this.largest.length = MOST_LARGE;
    this.#least = this.largest.at(-1)!.bytes;
  }

  rows(): StringSizes[] {
    return LIMITS.map((upTo, row) => ({ upTo, count: this.#counts[row]!, bytes: this.#bytes[row]! }));
  }
}
