import { JitCodeBook } from './jit-code-book.ts';

const NEWLINE = 10;
const SPACE = 0x20;
/** Values of hexadecimal digits by byte; −1: none. */
const DIGIT = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  DIGIT[value.toString(16).charCodeAt(0)] = value;
  DIGIT[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** When the bytes of a map were written: byte `offset[i]` and all behind it were not there before `time[i]` (ns). */
export interface MapTimes {
  time: ArrayLike<number>;
  offset: ArrayLike<number>;
}

/**
 * A perf map (Documentation in linux/tools/perf/Documentation/jit-interface.txt): a line `START SIZE name` for each piece of
 * code, addresses in hexadecimal, in the order in which the code was made. V8 never says when code is gone. Names are
 * decoded when asked for. With `times` every line has the moment it was seen; without, all count as there from the start, and
 * the last line that covers an address wins.
 */
export function readPerfMap(bytes: Buffer, times?: MapTimes): JitCodeBook {
  const nameOf = (at: number): string => {
    const end = bytes.indexOf(NEWLINE, at);
    return bytes.toString('utf8', at, end < 0 ? bytes.length : end);
  };
  const book = new JitCodeBook(nameOf);
  let window = -1;
  const windows = times?.offset.length ?? 0;
  for (let at = 0; at < bytes.length; ) {
    const lineAt = at;
    // A line may begin with 0x, as other runtimes write it.
    if (bytes[at] === 0x30 && bytes[at + 1] === 0x78) at += 2;
    let first = at;
    let start = 0;
    for (; isDigit(bytes[at]); at++) start = start * 16 + DIGIT[bytes[at]!]!;
    const hasStart = at > first && at - first <= 16 && bytes[at] === SPACE;
    if (hasStart) at++;
    if (hasStart && bytes[at] === 0x30 && bytes[at + 1] === 0x78) at += 2;
    first = at;
    let size = 0;
    for (; hasStart && isDigit(bytes[at]); at++) size = size * 16 + DIGIT[bytes[at]!]!;
    const digits = at - first;
    const nameAt = at + 1;
    while (at < bytes.length && bytes[at] !== NEWLINE) at++;
    const isWhole = at < bytes.length;
    const nameBytes = at - nameAt;
    at++;
    if (!hasStart || digits === 0 || nameBytes <= 0 || size === 0 || !isWhole) continue;
    while (window + 1 < windows && times!.offset[window + 1]! <= lineAt) window++;
    book.add(start, size, window < 0 ? 0 : times!.time[window]!, nameAt);
  }
  return book;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && DIGIT[byte]! >= 0;
}
