import { IntList } from './number-list.ts';

/**
 * Hash of a string's bytes: from HASH_START on, `hash = Math.imul(hash ^ byte, HASH_FACTOR)`. Both are unknown to whoever
 * made a file, so that no file can make all its strings collide. Written out where bytes are scanned anyway.
 */
export const HASH_START: number = Math.floor(Math.random() * 2 ** 31);
export const HASH_FACTOR: number = (Math.floor(Math.random() * 2 ** 27) * 8 + 5) | 0;

/**
 * Strings by number, found by their bytes: the same name a million times in a file is decoded once, when somebody asks
 * for it. Ids count up from 0, and id 0 is the empty string.
 */
export class StringTable {
  /** All different raw strings, back to back. */
  #arena = new Uint8Array(4096);
  #used = 0;
  /** One row per raw string, row 0 unused: where it begins in the arena, its length and its hash. */
  readonly #start = new IntList();
  readonly #size = new IntList();
  readonly #hash = new IntList();
  /** Row → id. Two spellings of one string (escapes) are two rows and one id. */
  readonly #id = new IntList();
  /** Id → row, and the string once decoded. */
  readonly #row = new IntList();
  readonly #text: (string | undefined)[] = [''];
  /** Text → id; filled only in a file with escapes. */
  readonly #ofText = new Map<string, number>([['', 0]]);
  #byText = false;
  #slots = new Int32Array(256);

  constructor() {
    for (const column of [this.#start, this.#size, this.#hash, this.#id]) column.push(0);
    this.#row.push(0);
  }

  /** Strings so far. */
  get length(): number {
    return this.#row.length;
  }

  /**
   * Id of the string in UTF-8 bytes [from, to). `hash` is the hash of these bytes as above.
   * `text` is given when the bytes are not the text itself (JSON escapes).
   */
  intern(bytes: Uint8Array, from: number, to: number, hash: number, text?: string): number {
    if (to === from) return 0;
    const mask = this.#slots.length - 1;
    let slot = mix(hash) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]!;
      if (row === 0) break;
      if (this.#hash.values[row] === (hash | 0) && this.#equals(row, bytes, from, to))
        return this.#id.values[row]!;
    }
    return this.#add(slot, bytes, from, to, hash, text);
  }

  /** Id of a string that is already one. */
  internText(text: string): number {
    const bytes = Buffer.from(text);
    let hash = HASH_START;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, HASH_FACTOR);
    // A lone surrogate has no UTF-8: its text must be kept as it is.
    return this.intern(bytes, 0, bytes.length, hash, /\p{Surrogate}/u.test(text) ? text : undefined);
  }

  text(id: number): string {
    const known = this.#text[id];
    if (known !== undefined) return known;
    const text = this.#decode(this.#row.values[id]!);
    this.#text[id] = text;
    return text;
  }

  #equals(row: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#size.values[row] !== to - from) return false;
    const arena = this.#arena;
    let at = this.#start.values[row]!;
    for (let i = from; i < to; i++) if (arena[at++] !== bytes[i]) return false;
    return true;
  }

  #add(
    slot: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    hash: number,
    text: string | undefined,
  ): number {
    const row = this.#start.length;
    this.#slots[slot] = row;
    const end = this.#used + (to - from);
    if (end > this.#arena.length) this.#widenArena(end);
    this.#arena.set(bytes.subarray(from, to), this.#used);
    this.#start.push(this.#used);
    this.#size.push(to - from);
    this.#hash.push(hash);
    this.#used = end;
    const id = this.#idOf(row, text);
    this.#id.push(id);
    if (row * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #idOf(row: number, given: string | undefined): number {
    const id = this.#row.length;
    if (given !== undefined && !this.#byText) {
      // From the first escape on, strings are known by their text too: the plain spelling may come before or after.
      this.#byText = true;
      for (let known = 1; known < id; known++) this.#ofText.set(this.text(known), known);
    }
    let text = given;
    if (this.#byText) {
      text ??= this.#decode(row);
      const known = this.#ofText.get(text);
      if (known !== undefined) return known;
      this.#ofText.set(text, id);
    }
    this.#row.push(row);
    this.#text.push(text);
    return id;
  }

  #decode(row: number): string {
    const start = this.#start.values[row]!;
    return Buffer.from(this.#arena.buffer, start, this.#size.values[row]!).toString('utf8');
  }

  #widenArena(least: number): void {
    const wider = new Uint8Array(Math.max(least, this.#arena.length * 2));
    wider.set(this.#arena.subarray(0, this.#used));
    this.#arena = wider;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    const mask = this.#slots.length - 1;
    for (let row = 1; row < this.#start.length; row++) {
      let slot = mix(this.#hash.values[row]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = row;
    }
  }
}

function mix(hash: number): number {
  let mixed = Math.imul(hash, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
