import type { SharedStrings, SnapshotStrings } from './snapshot-strings.ts';
import { type LiteralRun, StringLiterals } from './string-literals.ts';
import { StringMarks } from './string-marks.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Decoded strings kept. */
const CACHE = 8192;

/** The string table over bytes that were indexed: in this thread or another. */
export function openStrings(shared: SharedStrings): SnapshotStrings {
  return new LiteralStrings(shared);
}

class LiteralStrings implements SnapshotStrings {
  readonly count: number;
  readonly shared: SharedStrings;
  readonly #literals: StringLiterals;
  readonly #decoded = new Map<number, string>();
  readonly #found = new Map<string, number>();
  #marks: StringMarks | undefined;

  constructor(shared: SharedStrings) {
    this.shared = shared;
    this.count = shared.count + shared.nameless;
    this.#literals = new StringLiterals(shared);
  }

  get(index: number): string {
    const known = this.#decoded.get(index);
    if (known !== undefined) return known;
    if (!(index >= 0 && index < this.shared.count)) return '';
    const text = decode(this.#literals.bytes(index));
    if (this.#decoded.size >= CACHE) this.#decoded.delete(this.#decoded.keys().next().value!);
    this.#decoded.set(index, text);
    return text;
  }

  bytes(index: number): Uint8Array {
    return index >= 0 && index < this.shared.count ? this.#literals.bytes(index) : new Uint8Array(0);
  }

  find(text: string): number {
    let index = this.#found.get(text);
    if (index === undefined) {
      index = isPlain(text) ? this.#findPlain(text) : this.#scanFor(text);
      if (this.#found.size >= CACHE) this.#found.clear();
      this.#found.set(text, index);
    }
    return index;
  }

  search({ prefix, infix, afterDigits }: Parameters<SnapshotStrings['search']>[0]): Uint32Array {
    const found: number[] = [];
    for (const run of this.#literals.runs()) {
      if (prefix !== undefined) this.#findPrefix(run, prefix, found);
      else if (afterDigits !== undefined) this.#findAfterDigits(run, afterDigits, found);
      else if (infix !== undefined) this.#findInfix(run, infix, found);
    }
    return Uint32Array.from(found);
  }

  #findPlain(text: string): number {
    this.#marks ??= new StringMarks(this.#literals);
    const index = this.#marks.find(Buffer.from(text, 'latin1'));
    // The empty string that stands for missing names has no literal.
    return index < 0 && text === '' && this.shared.nameless === 1 ? this.shared.count : index;
  }

  #scanFor(text: string): number {
    const spellings = spellingsOf(text);
    // Any character may be written as an escape: only plain text of plain tables has one spelling.
    const maySpellOtherwise = spellings.length > 1 || /[^ -~]/.test(text);
    for (const run of this.#literals.runs()) {
      const { bytes, at } = run;
      for (let index = run.from; index < run.to; index++) {
        const begin = this.#literals.begin(index) - at;
        for (const spelling of spellings)
          if (bytes[begin + spelling.length] === QUOTE && hasAt(bytes, begin, spelling)) {
            // The quote may be an escaped one of a longer string.
            if (this.#literals.endIn(run, index) === begin + spelling.length) return index;
          }
        if (!maySpellOtherwise) continue;
        const end = this.#literals.endIn(run, index);
        const literal = bytes.subarray(begin, end);
        if (literal.includes(BACKSLASH) && decode(literal) === text) return index;
      }
    }
    return -1;
  }

  #findPrefix(run: LiteralRun, prefix: string, found: number[]): void {
    const wanted = Buffer.from(prefix, 'latin1');
    for (let index = run.from; index < run.to; index++)
      if (hasAt(run.bytes, this.#literals.begin(index) - run.at, wanted)) found.push(index);
  }

  #findAfterDigits(run: LiteralRun, text: string, found: number[]): void {
    const wanted = Buffer.from(text, 'latin1');
    const { bytes, at } = run;
    for (let index = run.from; index < run.to; index++) {
      const begin = this.#literals.begin(index) - at;
      let digits = begin;
      while (bytes[digits]! >= 0x30 && bytes[digits]! <= 0x39) digits++;
      if (digits > begin && hasAt(bytes, digits, wanted)) found.push(index);
    }
  }

  #findInfix(run: LiteralRun, infix: string, found: number[]): void {
    const bytes = Buffer.from(run.bytes.buffer, run.bytes.byteOffset, run.bytes.byteLength);
    const wanted = Buffer.from(infix, 'latin1');
    let index = run.from;
    for (let hit = bytes.indexOf(wanted, 0); hit >= 0; ) {
      index = this.#indexAt(run, hit, index);
      const begin = this.#literals.begin(index) - run.at;
      const end = this.#literals.endIn(run, index);
      const inside = hit >= begin && hit + wanted.length <= end;
      if (inside && this.#contains(run.bytes.subarray(begin, end), infix)) {
        found.push(index);
        hit = bytes.indexOf(wanted, end);
      } else hit = bytes.indexOf(wanted, hit + 1);
    }
  }

  /** Bytes that look like `infix` may be part of an escape. */
  #contains(literal: Uint8Array, infix: string): boolean {
    return !literal.includes(BACKSLASH) || decode(literal).includes(infix);
  }

  /** The last string that begins at or before `hit`; at least `from`. */
  #indexAt(run: LiteralRun, hit: number, from: number): number {
    let low = from;
    let high = run.to;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#literals.begin(middle) - run.at <= hit) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Text of a JSON string literal without its quotes; what no JSON string is, as it stands. */
function decode(literal: Uint8Array): string {
  const bytes = Buffer.from(literal.buffer, literal.byteOffset, literal.byteLength);
  const text = bytes.toString('utf8');
  if (!bytes.includes(BACKSLASH)) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

/** Texts with one spelling. */
function isPlain(text: string): boolean {
  return /^[ !#-[\]-~]*$/.test(text);
}

/** How V8 writes the text (ASCII, `\uXXXX` in capitals), and how JSON.stringify does when that differs. */
function spellingsOf(text: string): Uint8Array[] {
  const json = JSON.stringify(text).slice(1, -1);
  let ascii = '';
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    ascii += code > 0x7e ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}` : json[at];
  }
  const spellings = new Set([ascii, json]);
  return [...spellings].map((spelling) => Buffer.from(spelling, 'utf8'));
}

function hasAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
