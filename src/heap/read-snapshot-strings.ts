import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { nextByte, type SectionEnd, skipSpace, skipTo } from './read-snapshot-rows.ts';
import { sharedUint8, sharedUint32, widerUint8, widerUint32 } from './shared-column.ts';
import { BASE_SHIFT } from './snapshot-strings.ts';
import type { SnapshotWindow } from './snapshot-window.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const CLOSE = 0x5d;
const NEWLINE = 0x0a;

/** Longest section that is kept in memory when its length is not known before. */
const LARGEST_BLOB: Bytes = 2 ** 32 - 4096;
/** Most strings: what one typed array of Node 20 holds. */
const MOST_STRINGS = 2 ** 30;
const MASK = 2 ** BASE_SHIFT - 1;

/** The section `strings`: where each literal begins and, unless it can be read again, its bytes. */
export interface StringSection {
  end: SectionEnd;
  count: number;
  offsets: Uint32Array;
  bases: Float64Array;
  /** Offset of the section's `[` in the file. Offsets of strings count from it. */
  begin: Bytes;
  blob: Uint8Array | undefined;
}

/**
 * Reads the section from its `[`.
 * @param keep how long the section is at most, to keep it in memory; 'in file' keeps nothing of it; undefined: length
 *   unknown, keep all
 */
export async function readStrings(
  window: SnapshotWindow,
  keep: Bytes | 'in file' | undefined,
  name: string,
): Promise<StringSection> {
  await nextByte(window);
  const taker = new StringTaker(window, keep, name);
  window.onLeave = () => taker.keep();
  let end: SectionEnd;
  try {
    if (await skipTo(window, 0x5b)) end = await takeAll(window, taker);
    else end = window.at < window.end ? 'damaged' : 'cut';
    taker.keep();
  } finally {
    window.onLeave = undefined;
  }
  return taker.finish(end);
}

async function takeAll(window: SnapshotWindow, taker: StringTaker): Promise<SectionEnd> {
  let first = true;
  for (;;) {
    // At a comma, a quote that follows one, or the end.
    const { bytes } = window;
    let at = skipSpace(bytes, window.at);
    if (bytes[at] === CLOSE) {
      window.at = at + 1;
      return 'complete';
    }
    if (!first && bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
    else if (!first && at < window.end) return 'damaged';
    if (bytes[at] === QUOTE) {
      if (taker.takeMany(at)) {
        first = false;
        continue;
      }
    } else if (at < window.end) return 'damaged';
    if (!(await window.more())) return 'cut';
  }
}

/** Strings found in one go: few at first, so that V8 has seen how the loop ends before it optimises it for going on. */
const FIRST_STEP = 16;
const LAST_STEP = 2 ** 20;

class StringTaker {
  #count = 0;
  #offsets: Uint32Array = sharedUint32(1024);
  readonly #bases: number[] = [];
  /** Relative to what `#offsets` are now. */
  #base: Bytes = 0;
  #blob: Uint8Array | undefined;
  /** Up to here the bytes are in `#blob`. */
  #kept: Bytes;
  readonly #begin: Bytes;
  readonly #window: SnapshotWindow;
  readonly #name: string;
  #step = FIRST_STEP;

  constructor(window: SnapshotWindow, keep: Bytes | 'in file' | undefined, name: string) {
    this.#window = window;
    this.#name = name;
    this.#begin = window.position;
    this.#kept = window.position;
    if (keep !== 'in file') this.#blob = sharedUint8(keep ?? 2 ** 20);
  }

  /** Literals from the quote at `from`, as long as they are whole and one comma apart; false when there is none. */
  takeMany(from: number): boolean {
    const before = this.#count;
    let at = from;
    while (at >= 0) {
      if (this.#count === this.#offsets.length) this.#grow();
      if ((this.#count & MASK) === 0) this.#rebase(this.#window.before + at + 1 - this.#begin);
      // No further than the room there is and the next base.
      const stop = Math.min(this.#offsets.length, this.#count + this.#step, (this.#count | MASK) + 1);
      if (this.#step < LAST_STEP) this.#step *= 2;
      at = this.#takeUpTo(stop, at);
    }
    return this.#count > before;
  }

  /** Place of the quote of the next one; −1 when that is not in sight. */
  #takeUpTo(stop: number, from: number): number {
    const window = this.#window;
    const { bytes, end } = window;
    const offsets = this.#offsets;
    const shift = window.before - this.#begin - this.#base + 1;
    // A literal is never longer than the window, but windows grow.
    if (shift + end > 0xffff_ffff) throw this.#tooLarge();
    let count = this.#count;
    let next = from;
    let last = window.at;
    while (count < stop) {
      let i = next + 1;
      let byte = bytes[i]!;
      while (byte !== QUOTE && i < end) {
        if (byte === BACKSLASH) i++;
        byte = bytes[++i]!;
      }
      if (i >= end) {
        next = -1;
        break;
      }
      offsets[count++] = shift + next;
      last = ++i;
      next = -1;
      if (bytes[i] !== COMMA) break;
      i++;
      if (bytes[i] === NEWLINE) i++;
      if (bytes[i] !== QUOTE) break;
      next = i;
    }
    this.#count = count;
    window.at = last;
    return next;
  }

  /** Bytes that have been passed go into the blob. */
  keep(): void {
    const window = this.#window;
    const upTo = window.position;
    if (this.#blob === undefined || upTo <= this.#kept) return;
    const to = upTo - this.#begin;
    if (to > this.#blob.length) {
      if (to > LARGEST_BLOB)
        throw new HolterError(
          'E_FILE_FORMAT',
          `${this.#name} has over 4 GB of strings in a compressed file`,
          {
            hint: 'unpack it first: strings of a plain file stay in it',
          },
        );
      this.#blob = widerUint8(this.#blob, Math.min(LARGEST_BLOB, Math.max(to, this.#blob.length * 2)));
    }
    this.#blob.set(window.bytes.subarray(this.#kept - window.before, window.at), this.#kept - this.#begin);
    this.#kept = upTo;
  }

  finish(end: SectionEnd): StringSection {
    const length = this.#window.position - this.#begin;
    if (this.#count === this.#offsets.length) this.#grow();
    if ((this.#count & MASK) === 0) this.#rebase(length);
    if (length - this.#base > 0xffff_ffff) throw this.#tooLarge();
    this.#offsets[this.#count] = length - this.#base;
    return {
      end,
      count: this.#count,
      offsets: this.#offsets.subarray(0, this.#count + 1),
      bases: Float64Array.from(this.#bases),
      begin: this.#begin,
      blob: this.#blob?.subarray(0, length),
    };
  }

  #rebase(offset: Bytes): void {
    this.#base = offset;
    this.#bases[this.#count >>> BASE_SHIFT] = offset;
  }

  #grow(): void {
    if (this.#count >= MOST_STRINGS)
      throw new HolterError('E_FILE_FORMAT', `${this.#name} has over ${MOST_STRINGS} strings`);
    this.#offsets = widerUint32(this.#offsets, this.#count * 2);
  }

  #tooLarge(): HolterError {
    return new HolterError('E_FILE_FORMAT', `${this.#name} has strings of over 4 GB`);
  }
}
