import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { nextByte } from './read-snapshot-rows.ts';
import type { SnapshotWindow } from './snapshot-window.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LONGEST_KEY = 256;
/** Of the head of a snapshot; V8's has 2 kB. */
const LONGEST_HEAD: Bytes = 2 ** 20;

/** A key of the outermost object, from its quote; undefined when the file ends or something else is there. */
export async function readKey(window: SnapshotWindow): Promise<string | undefined> {
  if ((await nextByte(window)) !== QUOTE) return undefined;
  for (;;) {
    const { bytes } = window;
    let at = window.at + 1;
    while (at < window.end && bytes[at] !== QUOTE && at - window.at < LONGEST_KEY) at++;
    if (bytes[at] === QUOTE) {
      const key = Buffer.from(bytes.subarray(window.at + 1, at)).toString('latin1');
      window.at = at + 1;
      return key;
    }
    if (at - window.at >= LONGEST_KEY || !(await window.more())) return undefined;
  }
}

/**
 * The text of the value that follows, whole; undefined when the file ends in it.
 * @throws HolterError E_FILE_FORMAT: longer than any head
 */
export async function readHead(window: SnapshotWindow, name: string): Promise<string | undefined> {
  await nextByte(window);
  const skip = new ValueSkipper();
  let done = 0;
  for (;;) {
    const at = skip.over(window.bytes, window.at + done, window.end);
    if (skip.complete) {
      const text = Buffer.from(window.bytes.subarray(window.at, at)).toString('utf8');
      window.at = at;
      return text;
    }
    done = at - window.at;
    if (done > LONGEST_HEAD)
      throw new HolterError(
        'E_FILE_FORMAT',
        `${name} is no heap snapshot: its head is over ${LONGEST_HEAD} bytes`,
      );
    if (!(await window.more())) return undefined;
  }
}

/** Passes over the value that follows, whatever it is, in no memory; false when the file ends in it. */
export async function skipValue(window: SnapshotWindow): Promise<boolean> {
  await nextByte(window);
  const skip = new ValueSkipper();
  for (;;) {
    window.at = skip.over(window.bytes, window.at, window.end);
    if (skip.complete) return true;
    if (!(await window.more())) return false;
  }
}

/** Finds the end of a JSON value that comes in pieces. Brackets are counted, not matched: nobody looks at what is inside. */
class ValueSkipper {
  complete = false;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Where the value ends, or `end`. */
  over(bytes: Uint8Array, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const c = bytes[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (c === BACKSLASH) this.#escaped = true;
        else if (c === QUOTE) {
          this.#inString = false;
          if (this.#depth === 0) return this.#finish(at + 1);
        }
      } else if (c === QUOTE) this.#inString = true;
      else if (c === 0x5b || c === 0x7b) this.#depth++;
      else if (c === 0x5d || c === 0x7d) {
        // A bare value ends with the bracket around it.
        if (this.#depth === 0) return this.#finish(at);
        if (--this.#depth === 0) return this.#finish(at + 1);
      } else if (c === COMMA && this.#depth === 0) return this.#finish(at);
    }
    return end;
  }

  #finish(at: number): number {
    this.complete = true;
    return at;
  }
}
