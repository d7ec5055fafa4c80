/**
 * Finds a row by two whole numbers, in typed arrays: what a Map with a joined key does, several times as fast and
 * without its limit of 2^24 entries. The rows keep their own keys, in two columns that the caller fills; row 0 is
 * never found.
 */
export class PairIndex {
  /** Row by hash, 0 = free. */
  #table = new Int32Array(64);
  /** Where the search that found nothing ended. */
  #free = 0;
  /** Unknown to whoever made a file, so that no file can make all keys collide. */
  readonly #seed = Math.floor(Math.random() * 2 ** 31) | 1;

  /** The row whose `first` and `second` are these, or 0. The columns hold the keys of the rows that were added. */
  find(first: Int32Array, second: Int32Array, a: number, b: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = this.#hash(a, b) & mask;
    for (;;) {
      const row = table[slot]!;
      if (row === 0) {
        this.#free = slot;
        return 0;
      }
      if (first[row] === a && second[row] === b) return row;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds `row` under the keys that `find` has just not found. Rows are added in order, from 1 on. */
  add(first: Int32Array, second: Int32Array, row: number): void {
    this.#table[this.#free] = row;
    if (row * 2 >= this.#table.length) this.#rebuild(first, second, row, this.#table.length * 4);
  }

  /** Makes room for so many rows at once; before the first is added. */
  reserve(rows: number): void {
    if (rows * 2 > this.#table.length) this.#table = new Int32Array(2 ** Math.ceil(Math.log2(rows * 2 + 2)));
  }

  #rebuild(first: Int32Array, second: Int32Array, last: number, size: number): void {
    this.#table = new Int32Array(size);
    for (let row = 1; row <= last; row++) {
      this.find(first, second, first[row]!, second[row]!);
      this.#table[this.#free] = row;
    }
  }

  #hash(a: number, b: number): number {
    let hash = (Math.imul(a ^ this.#seed, 0x9e3779b1) + Math.imul(b, 0x85ebca6b)) | 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }
}
