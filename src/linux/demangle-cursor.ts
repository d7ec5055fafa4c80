import type { Node } from './demangle-node.ts';

/** Thrown for what is no mangled name; one object, as its stack is of no use and costs more than a symbol. */
export const MALFORMED: Error = new Error('not a mangled name');

/** Nested productions of the grammar; the deepest in Node 18 to 26 is 61. The stack of a thread takes this many. */
const DEEPEST = 300;

/** Productions in all: guesses within guesses must end. Node 18 to 26 need 139. */
const MOST_STEPS = 100_000;

/** A place in a mangled name, and what was seen before it. */
export class Cursor {
  readonly text: string;
  at: number;
  /** Of `S_`, `S0_` …, in the order of the ABI ("Compression"). */
  readonly substitutions: Node[] = [];
  /** In the type of a conversion operator: template arguments may belong to it or to its type. */
  inConversion = false;
  /** In an expression `cv` is a cast, elsewhere the name of a conversion operator. */
  inExpression = false;
  #depth = 0;
  #steps = 0;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  /** The letter here; '' at the end. */
  get letter(): string {
    return this.text.charAt(this.at);
  }

  get next(): string {
    return this.text.charAt(this.at + 1);
  }

  /** Steps over a letter if it is here. */
  take(letter: string): boolean {
    if (this.text.charAt(this.at) !== letter) return false;
    this.at++;
    return true;
  }

  /** Steps over letters if they are here. */
  takeAll(letters: string): boolean {
    if (!this.text.startsWith(letters, this.at)) return false;
    this.at += letters.length;
    return true;
  }

  expect(letter: string): void {
    if (!this.take(letter)) throw MALFORMED;
  }

  /** One more production within another; `leave` ends it. An error ends all, so nobody needs to leave then. */
  enter(): void {
    if (++this.#depth > DEEPEST || ++this.#steps > MOST_STEPS) throw MALFORMED;
  }

  leave(): void {
    this.#depth--;
  }

  keep(node: Node): Node {
    this.substitutions.push(node);
    return node;
  }

  /** `<number>` without its sign; -1 where no digit is. */
  digits(): number {
    let value = -1;
    for (;;) {
      const digit = this.text.charCodeAt(this.at) - 48;
      if (!(digit >= 0 && digit <= 9)) return value;
      value = (value < 0 ? 0 : value * 10) + digit;
      if (value > 0x7fff_ffff) throw MALFORMED;
      this.at++;
    }
  }

  /** `<number>`, `n` for minus; NaN where none is. */
  number(): number {
    const isNegative = this.take('n');
    const value = this.digits();
    if (value < 0) return Number.NaN;
    return isNegative ? -value : value;
  }

  /** `_` is 0, `0_` is 1, `1_` is 2 … */
  compact(): number {
    const value = this.digits() + 1;
    this.expect('_');
    return value;
  }

  /** A guess that is taken back if it proves wrong. */
  attempt<T>(parse: () => T | undefined): T | undefined {
    const { at } = this;
    const kept = this.substitutions.length;
    const result = parse();
    if (result === undefined) {
      this.at = at;
      this.substitutions.length = kept;
    }
    return result;
  }
}

/** Is a letter of the alphabet in lower case, a digit …: of one letter, '' is none. */
export const isLower = (letter: string): boolean => letter >= 'a' && letter <= 'z';
export const isUpper = (letter: string): boolean => letter >= 'A' && letter <= 'Z';
export const isDigit = (letter: string): boolean => letter >= '0' && letter <= '9';
