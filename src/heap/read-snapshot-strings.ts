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
  let offsets = sharedUint32(1024);
  const bases: number[] = [0];
  let count = 0;
  await nextByte(window);
  const begin = window.position;
  let blob = keep === 'in file' ? undefined : sharedUint8(keep ?? 2 ** 20);
  let kept = begin;
  window.onLeave = () => {
    const upTo = window.position;
    if (blob === undefined || upTo <= kept) return;
    const from = kept - begin;
    const to = upTo - begin;
    if (to > blob.length) {
      if (to > LARGEST_BLOB)
        throw new HolterError('E_FILE_FORMAT', `${name} has over 4 GB of strings in a compressed file`, {
          hint: 'unpack it first: strings of a plain file stay in it',
        });
      blob = widerUint8(blob, Math.min(LARGEST_BLOB, Math.max(to, blob.length * 2)));
    }
    blob.set(window.bytes.subarray(kept - window.before, window.at), from);
    kept = upTo;
  };
  let end: SectionEnd;
  try {
    end = (await skipTo(window, 0x5b)) ? await readAll() : window.at < window.end ? 'damaged' : 'cut';
    window.onLeave();
  } finally {
    window.onLeave = undefined;
  }
  push(window.position - begin);
  count--;
  return {
    end,
    count,
    offsets: offsets.subarray(0, count + 1),
    bases: Float64Array.from(bases),
    begin,
    blob: blob?.subarray(0, window.position - begin),
  };

  async function readAll(): Promise<SectionEnd> {
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
        const had = count;
        readMany(at);
        if (count > had) {
          first = false;
          continue;
        }
      } else if (at < window.end) return 'damaged';
      if (!(await window.more())) return 'cut';
    }
  }

  /** Literals from the quote at `from`, as long as they are whole and one comma apart. */
  function readMany(from: number): void {
    const { bytes, end, before } = window;
    const base = before - begin;
    let at = from;
    for (;;) {
      let i = at + 1;
      for (let c = bytes[i]!; c !== QUOTE; c = bytes[++i]!) {
        if (c === BACKSLASH) i++;
        else if (i >= end) return;
      }
      if (i >= end) return;
      push(base + at + 1);
      window.at = ++i;
      if (bytes[i] !== COMMA) return;
      i++;
      if (bytes[i] === NEWLINE) i++;
      if (bytes[i] !== QUOTE) return;
      at = i;
    }
  }

  function push(offset: number): void {
    if (count === offsets.length) {
      if (count >= MOST_STRINGS)
        throw new HolterError('E_FILE_FORMAT', `${name} has over ${MOST_STRINGS} strings`);
      offsets = widerUint32(offsets, count * 2);
    }
    if ((count & ((1 << BASE_SHIFT) - 1)) === 0) bases[count >>> BASE_SHIFT] = offset;
    const relative = offset - bases[count >>> BASE_SHIFT]!;
    if (relative > 0xffff_ffff) throw new HolterError('E_FILE_FORMAT', `${name} has strings of over 4 GB`);
    offsets[count++] = relative;
  }
}
