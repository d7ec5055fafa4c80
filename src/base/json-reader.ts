import type { JsonKeys } from './json-keys.ts';
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isSpace,
  JsonTokens,
  MINUS,
  NINE,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  ZERO,
} from './json-tokens.ts';
import type { StringTable } from './string-table.ts';

/** `nextKey`: the object is over. */
export const END = -2;
/** `nextKey`: a key that was not asked for. Its value has to be skipped. */
export const OTHER_KEY = -1;

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'literal' | 'end';

/**
 * Reads JSON (RFC 8259) of any size from a byte source, in one pass forward and through a window of fixed size. The
 * caller pulls the values it wants and skips the rest, which costs no memory whatever its size and depth:
 *
 *     if (json.enterObject())
 *       for (let key = json.nextKey(KEYS); key !== END; key = json.nextKey(KEYS))
 *         if (key === 0) total = json.readNumber(0);
 *         else json.skip();
 *
 * Bad JSON throws nothing: from the first byte that is missing or wrong, all containers end, values read as "something
 * else", and `damagedAt` says where that was. So a loop as above ends by itself, with all that was whole before. What is
 * skipped is checked for strings and brackets only.
 */
export class JsonReader extends JsonTokens {
  /** What the value that follows is; `end` for what is none. */
  peek(): JsonKind {
    const c = this.token();
    if (c === OPEN_OBJECT) return 'object';
    if (c === OPEN_LIST) return 'array';
    if (c === QUOTE) return 'string';
    if (c === MINUS || (c >= ZERO && c <= NINE)) return 'number';
    if (c === 0x74 || c === 0x66 || c === 0x6e) return 'literal';
    return 'end';
  }

  /** Goes into an object; anything else is skipped, answer false. */
  enterObject(): boolean {
    return this.#enter(OPEN_OBJECT);
  }

  /** Goes into an array; anything else is skipped, answer false. */
  enterArray(): boolean {
    return this.#enter(OPEN_LIST);
  }

  /** In an array: true when a value follows; false when the array is over, which leaves it. */
  nextElement(): boolean {
    const c = this.token();
    if (c === CLOSE_LIST) {
      this.leave();
      return false;
    }
    if (this.first) {
      this.first = false;
      return c !== 0;
    }
    if (c !== COMMA) return this.damage(this.at);
    this.at++;
    const next = this.token();
    return next === CLOSE_LIST ? this.damage(this.at) : next !== 0;
  }

  /** In an object: place of the next key in `keys`, its value follows; OTHER_KEY; or END, which leaves the object. */
  nextKey(keys: JsonKeys): number {
    const bytes = this.bytes;
    if (bytes[this.at] === CLOSE_OBJECT) {
      this.leave();
      return END;
    }
    const before = this.first ? 0 : keys.last;
    const expected = keys.expected[before];
    if (expected !== undefined) {
      let at = this.at;
      if (this.first || bytes[at++] === COMMA) {
        let same = 0;
        while (same < expected.length && bytes[at + same] === expected[same]) same++;
        if (same === expected.length) {
          this.at = at + same;
          this.first = false;
          const place = keys.expectedPlace[before]!;
          keys.last = place + 1;
          return place;
        }
      }
    }
    return this.#findKey() ? this.#lookUpKey(keys, before) : END;
  }

  #lookUpKey(keys: JsonKeys, before: number): number {
    const from = this.at + 1;
    const to = this.quote;
    let key: number;
    if (this.escaped) {
      const name = this.decode(from, to);
      if (name === undefined) return END;
      key = keys.findText(name);
    } else key = keys.find(this.bytes, from, to, this.hash);
    this.at = to + 1;
    if (!this.#colon()) return END;
    keys.learn(before, key);
    return key;
  }

  /** The same for any key, as text; undefined at the end. */
  nextName(): string | undefined {
    if (!this.#findKey()) return undefined;
    const name = this.decode(this.at + 1, this.quote);
    if (name === undefined) return undefined;
    this.at = this.quote + 1;
    return this.#colon() ? name : undefined;
  }

  /** The number that follows; anything else is skipped and reads as `otherwise`. */
  readNumber(otherwise: number): number {
    const bytes = this.bytes;
    const from = this.at;
    let at = from;
    let value = 0;
    let digit = bytes[at]! - ZERO;
    // Up to nine digits: a whole number that needs no double.
    while (digit >= 0 && digit <= 9) {
      value = (Math.imul(value, 10) + digit) | 0;
      digit = bytes[++at]! - ZERO;
    }
    const after = digit + ZERO;
    const digits = at - from;
    if (
      (after === COMMA || after === CLOSE_OBJECT || after === CLOSE_LIST) &&
      digits > 0 &&
      (digits === 1 || (digits <= 9 && bytes[from] !== ZERO))
    ) {
      this.at = at;
      return value;
    }
    return this.#readOtherNumber(otherwise);
  }

  #readOtherNumber(otherwise: number): number {
    const c = this.token();
    if (c === MINUS || (c >= ZERO && c <= NINE)) return this.scanNumber() ? this.number : otherwise;
    this.skip();
    return otherwise;
  }

  /**
   * In an array: fills `batch` from its beginning with the numbers that follow (NaN for an element that is none) and
   * returns how many; 0 when the array is over, which leaves it. The fast path for long arrays.
   */
  readNumbers(batch: Float64Array): number {
    if (!this.nextElement()) return 0;
    let count = 0;
    let bytes = this.bytes;
    let at = this.at;
    for (;;) {
      let digit = bytes[at]! - ZERO;
      if (digit < 0) {
        while (isSpace(bytes[at]!)) at++;
        digit = bytes[at]! - ZERO;
      }
      let next = at;
      let value = 0;
      // Up to nine digits: whole numbers that need no double.
      while (digit >= 0 && digit <= 9) {
        value = (Math.imul(value, 10) + digit) | 0;
        digit = bytes[++next]! - ZERO;
      }
      const digits = next - at;
      const after = digit + ZERO;
      if (
        (after === COMMA || after === CLOSE_LIST) &&
        digits > 0 &&
        (digits === 1 || (digits <= 9 && bytes[at] !== ZERO))
      ) {
        batch[count++] = value;
        at = next;
      } else {
        this.at = at;
        const number = this.readNumber(Number.NaN);
        if (this.damagedAt !== undefined) return count;
        batch[count++] = number;
        bytes = this.bytes;
        at = this.at;
      }
      if (count < batch.length && bytes[at] === COMMA) {
        at++;
        continue;
      }
      this.at = at;
      if (count === batch.length || this.token() === CLOSE_LIST || !this.nextElement()) return count;
      bytes = this.bytes;
      at = this.at;
    }
  }

  /** The string that follows; anything else is skipped and reads as undefined. */
  readString(): string | undefined {
    if (this.token() !== QUOTE) {
      this.skip();
      return undefined;
    }
    if (!this.scanString()) return undefined;
    const text = this.decode(this.at + 1, this.quote);
    if (text !== undefined) this.at = this.quote + 1;
    return text;
  }

  /** Id in `strings` of the string that follows; anything else is skipped and reads as `otherwise`. */
  readStringId(strings: StringTable, otherwise: number): number {
    if (this.token() !== QUOTE) {
      this.skip();
      return otherwise;
    }
    if (!this.scanString()) return otherwise;
    const from = this.at + 1;
    const to = this.quote;
    let text: string | undefined;
    if (this.escaped) {
      text = this.decode(from, to);
      if (text === undefined) return otherwise;
    }
    const id = strings.intern(this.bytes, from, to, this.hash, text);
    this.at = to + 1;
    return id;
  }

  #enter(bracket: number): boolean {
    if (this.token() !== bracket) {
      this.skip();
      return false;
    }
    this.at++;
    this.depth++;
    this.first = true;
    return true;
  }

  /** Finds the next key of an object, at its opening quote; false at the end of the object or on damage. */
  #findKey(): boolean {
    let c = this.token();
    if (c === CLOSE_OBJECT) {
      this.leave();
      return false;
    }
    if (!this.first) {
      if (c !== COMMA) return this.damage(this.at);
      this.at++;
      c = this.token();
    }
    this.first = false;
    return c === QUOTE ? this.scanString() : this.damage(this.at);
  }

  #colon(): boolean {
    if (this.bytes[this.at] !== COLON && this.token() !== COLON) return this.damage(this.at);
    this.at++;
    return true;
  }
}
