/** Space of the kernel: one for all processes. Those of processes count up from 1. */
export const KERNEL_SPACE = 0;

const FIRST_SLOTS = 1 << 12;

/**
 * Different code addresses of a recording, by number: (space, address). Addresses are 48 bits wide; the kernel's upper
 * 16 bits are all ones and left away. Open addressing over typed arrays: 1.3 million frames hold some thousand
 * addresses, and each frame asks once.
 */
export class AddressTable {
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #low = new Uint32Array(1024);
  #high = new Uint32Array(1024);
  #count = 0;

  /** Addresses so far. */
  get length(): number {
    return this.#count;
  }

  /** Number of an address, made when new. `low` and `high` are its 32-bit halves; the upper 16 bits are ignored. */
  intern(space: number, low: number, high: number): number {
    const key = ((high & 0xffff) | (space << 16)) >>> 0;
    const mask = this.#slots.length - 1;
    let slot = hash(low, key) & mask;
    for (;;) {
      const row = this.#slots[slot]!;
      if (row < 0) return this.#add(slot, low, key);
      if (this.#low[row] === low && this.#high[row] === key) return row;
      slot = (slot + 1) & mask;
    }
  }

  spaceOf(row: number): number {
    return this.#high[row]! >>> 16;
  }

  addressOf(row: number): number {
    return (this.#high[row]! & 0xffff) * 2 ** 32 + this.#low[row]!;
  }

  #add(slot: number, low: number, key: number): number {
    const row = this.#count++;
    if (row === this.#low.length) {
      this.#low = widen(this.#low);
      this.#high = widen(this.#high);
    }
    this.#low[row] = low;
    this.#high[row] = key;
    this.#slots[slot] = row;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return row;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 4).fill(-1);
    const mask = this.#slots.length - 1;
    for (let row = 0; row < this.#count; row++) {
      let slot = hash(this.#low[row]!, this.#high[row]!) & mask;
      while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = row;
    }
  }
}

/** Spaces that can be told apart; further processes share the last one. */
export const MOST_SPACES = 0xffff;

function hash(low: number, key: number): number {
  let mixed = Math.imul(low ^ Math.imul(key, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function widen(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(values.length * 2);
  wider.set(values);
  return wider;
}
