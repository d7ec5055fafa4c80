import { HASH_FACTOR, HASH_START } from './string-table.ts';

/**
 * The keys a reader cares about in one kind of object, found by their bytes; `nextKey` answers with the place in the list.
 *
 *     const NODE = new JsonKeys(['id', 'callFrame']);     json.nextKey(NODE) === 1   at   "callFrame":
 */
export class JsonKeys {
  /**
   * Writers put the keys of all their objects in one order: what came last time after the key at place `i` is tried
   * first, as it would stand in compact JSON (`"name":`). `[i + 1]`, `[0]` at the beginning of an object.
   */
  readonly expected: (Uint8Array | undefined)[];
  readonly expectedPlace: Int32Array;
  /** Place + 1 of the key found last, 0 for one that is none of ours. */
  last = 0;
  readonly #patterns: readonly Uint8Array[];
  readonly #names: readonly Uint8Array[];
  /** Place in the list + 1 by hash, 0 = free. */
  readonly #slots: Uint8Array;
  readonly #places: ReadonlyMap<string, number>;

  /** @param names at most 100, none twice */
  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Uint8Array.from(Buffer.from(name)));
    this.#patterns = names.map((name) => Uint8Array.from(Buffer.from(`"${name}":`)));
    this.expected = new Array<Uint8Array | undefined>(names.length + 1).fill(undefined);
    this.expectedPlace = new Int32Array(names.length + 1);
    this.#places = new Map(names.map((name, place) => [name, place]));
    this.#slots = new Uint8Array(4 * 2 ** Math.ceil(Math.log2(names.length + 1)));
    for (const [place, name] of this.#names.entries()) {
      let hash = HASH_START;
      for (const byte of name) hash = Math.imul(hash ^ byte, HASH_FACTOR);
      let slot = this.#slot(hash);
      while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
      this.#slots[slot] = place + 1;
    }
  }

  /** Place of the key in bytes [from, to) with the hash of string-table.ts, -1 when it is none of ours. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    for (let slot = this.#slot(hash); ; slot = (slot + 1) & (slots.length - 1)) {
      const place = slots[slot]! - 1;
      if (place < 0) return -1;
      const name = this.#names[place]!;
      if (name.length !== to - from) continue;
      let same = 0;
      while (same < name.length && name[same] === bytes[from + same]) same++;
      if (same === name.length) return place;
    }
  }

  /** The same for a key that had escapes in it. */
  findText(name: string): number {
    return this.#places.get(name) ?? -1;
  }

  /** Remembers which key came after the one found before. */
  learn(before: number, place: number): void {
    this.last = place + 1;
    if (place < 0) return;
    this.expected[before] = this.#patterns[place];
    this.expectedPlace[before] = place;
  }

  #slot(hash: number): number {
    return (hash ^ (hash >>> 16)) & (this.#slots.length - 1);
  }
}
