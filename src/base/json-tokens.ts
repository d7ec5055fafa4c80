import type { ByteSource } from './byte-source.ts';
import { HASH_FACTOR, HASH_START } from './string-table.ts';
import type { Bytes } from './units.ts';

const WINDOW: Bytes = 512 * 1024;
/** Longest single string or number; V8 has none longer than 2^29 − 24 characters. */
const TOKEN_LIMIT: Bytes = 2 ** 28;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
const DOT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** Powers of ten that are exact in a double, so that a short decimal fraction needs one division. */
const POWERS: Float64Array = Float64Array.from({ length: 23 }, (_, power) => 10 ** power);
/** A whole number up to this takes one more digit and stays exact. */
const ROOM_FOR_A_DIGIT = 2 ** 53 / 10 - 1;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const LITERALS: readonly (readonly [text: string, value: boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/**
 * The lower half of JsonReader: the window over the bytes, single tokens, skipping, and where the text is damaged. Fields are
 * shared with it rather than hidden, because its loops run over the same bytes.
 */
export class JsonTokens {
  readonly #source: ByteSource;
  /** One byte longer than the window: a 0 behind the last byte ends every inner loop without a check of its own. */
  protected bytes: Uint8Array;
  protected at = 0;
  protected end = 0;
  /** Bytes of the file before the window. */
  #before = 0;
  #sourceEnded = false;
  protected depth = 0;
  /** Nothing of the container entered last has been read. */
  protected first = true;
  #damageFound: Bytes | undefined;
  /** What scanNumber found. NaN at first: V8 then keeps the field as a double, and code for it need not be thrown away. */
  protected number: number = Number.NaN;
  /** What scanString found: the closing quote, the hash of what is before it, whether that holds escapes. */
  protected quote = 0;
  protected hash = 0;
  protected escaped = false;
  /** Kinds of the brackets open in a skipped value. */
  #open = new Uint8Array(64);

  /** @param window bytes held at a time, more only for longer strings; tests make it tiny */
  constructor(source: ByteSource, window: Bytes = WINDOW) {
    this.#source = source;
    this.bytes = new Uint8Array(window + 1);
    while (this.end < 3 && this.more());
    const [a, b, c] = this.bytes;
    if (a === 0xef && b === 0xbb && c === 0xbf) this.at = 3;
  }

  /** Where the text ends early or turns into something that is not JSON; undefined while all is well. */
  get damagedAt(): Bytes | undefined {
    return this.#damageFound;
  }

  /** Bytes read so far. */
  get position(): Bytes {
    return this.#before + this.at;
  }

  /** Bytes still to be read; undefined for a pipe. */
  get remaining(): Bytes | undefined {
    return this.#source.size === undefined ? undefined : Math.max(0, this.#source.size - this.position);
  }

  /** To be called after the outermost value: anything but white space behind it is damage. True when all was sound. */
  finish(): boolean {
    for (;;) {
      const c = this.bytes[this.at]!;
      if (isSpace(c)) this.at++;
      else if (this.at < this.end) return this.damage(this.at);
      else if (!this.more()) return this.#damageFound === undefined;
    }
  }

  /** `file is sound for 61204 of 99810 bytes`, or undefined when it is so for all of them. Reads the rest of a pipe. */
  describeDamage(): string | undefined {
    const sound = this.#damageFound;
    if (sound === undefined) return undefined;
    let size = this.#source.size;
    if (size === undefined) {
      size = this.#before + this.end;
      const rest = new Uint8Array(64 * 1024);
      for (let count = this.#source.read(rest); count > 0; count = this.#source.read(rest)) size += count;
    }
    return `file is sound for ${sound} of ${size} bytes`;
  }

  /** Passes over the value that follows, whatever it is, in no memory. */
  skip(): void {
    const c = this.token();
    if (c === QUOTE) this.#skipString();
    else if (c === OPEN_OBJECT || c === OPEN_LIST) this.#skipContainer();
    else if (c === MINUS || (c >= ZERO && c <= NINE)) this.scanNumber();
    else this.readLiteral();
  }

  readLiteral(): boolean | null | undefined {
    while (this.end - this.at < 5 && this.more());
    for (const [text, value] of LITERALS) {
      let same = 0;
      while (same < text.length && this.bytes[this.at + same] === text.charCodeAt(same)) same++;
      if (same < text.length) continue;
      this.at += same;
      return value;
    }
    this.damage(this.at);
    return undefined;
  }

  protected leave(): void {
    this.at++;
    this.depth--;
    // The container around it holds at least the one just left.
    this.first = false;
  }

  /** Skips white space; the byte that follows it, 0 at the end of a text that should go on. */
  protected token(): number {
    for (;;) {
      const c = this.bytes[this.at]!;
      if (c > 0x20) return c;
      if (isSpace(c)) this.at++;
      else if (this.at < this.end || !this.more()) {
        this.damage(this.at);
        return 0;
      }
    }
  }

  /** Finds the end of the string that begins at `at`; false, and damage, when there is none. */
  protected scanString(): boolean {
    for (;;) {
      const bytes = this.bytes;
      let at = this.at + 1;
      let hash = HASH_START;
      let escaped = false;
      for (;;) {
        let c = bytes[at]!;
        if (c === QUOTE) {
          this.quote = at;
          this.hash = hash;
          this.escaped = escaped;
          return true;
        }
        // Raw control characters may not stand in a string (RFC 8259 §7).
        if (c < 0x20) break;
        if (c === BACKSLASH) {
          escaped = true;
          hash = Math.imul(hash ^ c, HASH_FACTOR);
          c = bytes[++at]!;
          if (c < 0x20) break;
        }
        hash = Math.imul(hash ^ c, HASH_FACTOR);
        at++;
      }
      if (at < this.end || !this.more()) return this.damage(this.at);
    }
  }

  /** Text of the string in [from, to), which scanString has just found. Undefined, and damage, for bad escapes. */
  protected decode(from: number, to: number): string | undefined {
    const text = Buffer.from(this.bytes.buffer, from, to - from).toString('utf8');
    if (!this.escaped) return text;
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch {
      this.damage(from - 1);
      return undefined;
    }
  }

  #skipString(): void {
    const begin = this.position;
    this.at++;
    for (;;) {
      const bytes = this.bytes;
      let at = this.at;
      for (;;) {
        const c = bytes[at]!;
        if (c === QUOTE) {
          this.at = at + 1;
          return;
        }
        if (c < 0x20) break;
        if (c === BACKSLASH) {
          // Its second byte may be in the next window.
          if (at + 1 === this.end) break;
          at++;
        }
        at++;
      }
      this.at = at;
      if ((at < this.end && bytes[at] !== BACKSLASH) || !this.more()) {
        this.#damageAt(begin);
        return;
      }
    }
  }

  #skipContainer(): void {
    let depth = 0;
    let bytes = this.bytes;
    let at = this.at;
    for (;;) {
      const c = bytes[at]!;
      if (c === QUOTE) {
        this.at = at;
        this.#skipString();
        if (this.#damageFound !== undefined) return;
        bytes = this.bytes;
        at = this.at;
        continue;
      }
      if (c === OPEN_LIST || c === OPEN_OBJECT) {
        if (depth === this.#open.length) {
          const wider = new Uint8Array(depth * 2);
          wider.set(this.#open);
          this.#open = wider;
        }
        this.#open[depth++] = c;
      } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) {
        // In ASCII a closing bracket is its opening one plus 2.
        if (this.#open[--depth] !== c - 2) {
          this.damage(at);
          return;
        }
        if (depth === 0) {
          this.at = at + 1;
          this.first = false;
          return;
        }
      } else if (c < 0x20 && !isSpace(c)) {
        this.at = at;
        if (at < this.end || !this.more()) {
          this.damage(this.at);
          return;
        }
        bytes = this.bytes;
        at = this.at;
        continue;
      }
      at++;
    }
  }

  /** Reads the number that begins at `at` into `#number`; false, and damage, when it is none or cut off. */
  protected scanNumber(): boolean {
    const bytes = this.bytes;
    let at = this.at;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const from = at;
    let value = 0;
    let digit = bytes[at]! - ZERO;
    while (digit >= 0 && digit <= 9 && value <= ROOM_FOR_A_DIGIT) {
      value = value * 10 + digit;
      digit = bytes[++at]! - ZERO;
    }
    if (at === from || (bytes[from] === ZERO && at - from > 1)) return this.#scanLongNumber();
    if (digit + ZERO === DOT) {
      const dot = at;
      digit = bytes[++at]! - ZERO;
      while (digit >= 0 && digit <= 9 && value <= ROOM_FOR_A_DIGIT) {
        value = value * 10 + digit;
        digit = bytes[++at]! - ZERO;
      }
      const places = at - dot - 1;
      if (places === 0 || places > 22) return this.#scanLongNumber();
      // Both are exact, so that the quotient is rounded once, as it should be.
      value /= POWERS[places]!;
    }
    if (!isDelimiter(digit + ZERO)) return this.#scanLongNumber();
    this.number = negative ? -value : value;
    this.at = at;
    return true;
  }

  /** The same for all others: long ones, with exponents, at the end of the window or of the text, and wrong ones. */
  #scanLongNumber(): boolean {
    let at = this.at;
    for (;;) {
      const c = this.bytes[at]!;
      if ((c >= ZERO && c <= NINE) || c === MINUS || c === DOT || c === 0x2b || c === 0x45 || c === 0x65)
        at++;
      else if (at < this.end) {
        if (!isDelimiter(c)) return this.damage(this.at);
        break;
      } else {
        const length = at - this.at;
        const more = this.more();
        at = this.at + length;
        if (more) continue;
        // Only the outermost value may end with the text; of any other, digits may be missing.
        if (this.depth > 0) return this.damage(this.at);
        break;
      }
    }
    const text = Buffer.from(this.bytes.buffer, this.at, at - this.at).toString('latin1');
    if (!NUMBER.test(text)) return this.damage(this.at);
    this.number = Number(text);
    this.at = at;
    return true;
  }

  /** Reads on, keeping what is behind `at`; false when nothing came. Places in the window change. */
  protected more(): boolean {
    if (this.#sourceEnded) return false;
    if (this.at > 0) {
      this.bytes.copyWithin(0, this.at, this.end);
      this.#before += this.at;
      this.end -= this.at;
      this.at = 0;
    } else if (this.end === this.bytes.length - 1) {
      if (this.end >= TOKEN_LIMIT) return false;
      const wider = new Uint8Array(this.end * 2 + 1);
      wider.set(this.bytes);
      this.bytes = wider;
    }
    const count = this.#source.read(this.bytes.subarray(this.end, this.bytes.length - 1));
    this.end += count;
    this.bytes[this.end] = 0;
    this.#sourceEnded = count === 0;
    return count > 0;
  }

  protected damage(at: number): false {
    return this.#damageAt(this.#before + at);
  }

  /** From here on the text is over. */
  #damageAt(position: Bytes): false {
    if (this.#damageFound !== undefined) return false;
    this.#damageFound = position;
    this.#before += this.end;
    this.at = 0;
    this.end = 0;
    this.bytes[0] = 0;
    this.#sourceEnded = true;
    return false;
  }
}

export function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

function isDelimiter(c: number): boolean {
  return c === COMMA || c === CLOSE_LIST || c === CLOSE_OBJECT || isSpace(c);
}
