import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { BASE_SHIFT, type SharedStrings } from './snapshot-strings.ts';

const QUOTE = 0x22;
/** Read at a time when the strings are in the file. */
const BLOCK: Bytes = 64 * 1024;
const BLOCKS = 64;
/** Read at a time when all strings are looked at. */
const RUN: Bytes = 4 * 2 ** 20;

/** Consecutive literals: string `i` of [from, to) is `bytes[begin(i) − at]` up to `bytes[end(i) − at]`. */
export interface LiteralRun {
  from: number;
  to: number;
  bytes: Uint8Array;
  /** Offset in the section of `bytes[0]`. */
  at: Bytes;
}

/** Access to the bytes of string literals, in memory or in the file they come from. */
export class StringLiterals {
  readonly strings: SharedStrings;
  readonly #blocks = new Map<number, Uint8Array>();

  constructor(strings: SharedStrings) {
    this.strings = strings;
  }

  /** Offset in the section behind the opening quote. */
  begin(index: number): Bytes {
    return this.strings.bases[index >>> BASE_SHIFT]! + this.strings.offsets[index]!;
  }

  /** The literal without its quotes. @throws HolterError E_FILE_FORMAT: the file has changed; E_FILE_NOT_FOUND */
  bytes(index: number): Uint8Array {
    const bytes = this.#read(this.begin(index), this.#behind(index));
    return bytes.subarray(0, closingQuote(bytes, bytes.length));
  }

  /** All literals in order, some thousand at a time. */
  *runs(): Generator<LiteralRun> {
    const { count, blob } = this.strings;
    if (blob !== undefined) {
      if (count > 0) yield { from: 0, to: count, bytes: blob, at: 0 };
      return;
    }
    const bytes = new Uint8Array(RUN);
    for (let from = 0; from < count; ) {
      const at = this.begin(from);
      let to = from + 1;
      // Strings are short: steps, then the rest one by one.
      for (let step = 1 << 14; step >= 1; step >>= 1)
        while (to + step <= count && this.begin(to + step) - at <= RUN) to += step;
      const size = this.begin(to) - at;
      const room = size <= RUN ? bytes : new Uint8Array(size);
      yield { from, to, bytes: this.#readFile(room.subarray(0, size), at), at };
      from = to;
    }
  }

  /** Where literal `index` ends in the bytes of a run, exclusive. */
  endIn(run: LiteralRun, index: number): number {
    return closingQuote(run.bytes, this.#behind(index) - run.at);
  }

  /** Before the opening quote of the next literal; the last one may be followed by `]`, or by nothing in a cut file. */
  #behind(index: number): Bytes {
    const next = this.begin(index + 1);
    return index + 1 === this.strings.count ? next : next - 1;
  }

  #read(begin: Bytes, end: Bytes): Uint8Array {
    const { blob } = this.strings;
    if (blob !== undefined) return blob.subarray(begin, end);
    const first = Math.floor(begin / BLOCK);
    const last = Math.floor(Math.max(begin, end - 1) / BLOCK);
    if (first === last) return this.#block(first).subarray(begin - first * BLOCK, end - first * BLOCK);
    return this.#readFile(new Uint8Array(end - begin), begin);
  }

  #block(number: number): Uint8Array {
    const known = this.#blocks.get(number);
    if (known !== undefined) return known;
    const { count } = this.strings;
    const at = number * BLOCK;
    const block = this.#readFile(new Uint8Array(Math.min(BLOCK, this.begin(count) - at)), at);
    if (this.#blocks.size >= BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value!);
    this.#blocks.set(number, block);
    return block;
  }

  #readFile(into: Uint8Array, at: Bytes): Uint8Array {
    const { file, name } = this.strings;
    if (file === undefined) throw new HolterError('E_BUG', `${name} has neither strings nor a file`);
    let fd: number;
    try {
      fd = openSync(file.path, 'r');
    } catch (cause) {
      const gone = errnoOf(cause) === 'ENOENT';
      throw new HolterError(
        'E_FILE_NOT_FOUND',
        `${file.path} ${gone ? 'is gone' : 'cannot be read any more'}`,
        {
          hint: 'strings of a large snapshot stay in the file: keep it until you are done',
          cause,
        },
      );
    }
    try {
      const entry = fstatSync(fd, { bigint: true });
      let length = 0;
      if (Number(entry.size) === file.size && entry.mtimeNs === file.mtimeNs)
        for (let count = -1; count !== 0 && length < into.length; length += count)
          count = readSync(fd, into, length, into.length - length, file.begin + at + length);
      if (length < into.length)
        throw new HolterError('E_FILE_FORMAT', `${file.path} has changed since it was read`, {
          hint: 'open it again',
        });
      return into;
    } finally {
      closeSync(fd);
    }
  }
}

/** Place of the last quote before `behind`: between literals are only a comma and white space. */
function closingQuote(bytes: Uint8Array, behind: number): number {
  let at = behind - 1;
  while (at > 0 && bytes[at] !== QUOTE) at--;
  return at;
}
