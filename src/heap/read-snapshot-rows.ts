import type { SnapshotWindow } from './snapshot-window.ts';

/** How a section ended: at its `]`, with the file, or at something that should not be there. */
export type SectionEnd = 'complete' | 'cut' | 'damaged';

/** Takes the rows of a section: `fields` numbers each, written without brackets around them. */
export interface RowTaker {
  readonly fields: number;
  /** The row read last. */
  readonly row: Float64Array;
  /** `row` is filled. */
  take(): void;
  /**
   * Reads as many rows as it can as V8 writes them, from `window.at`, the first digit of a row. True when it stopped at
   * the first digit of a row again, false behind the last digit of one.
   */
  takeMany?(window: SnapshotWindow): boolean;
}

const BAD = 0;
const ROW = 1;
const END = 2;
const MORE = 3;

/** Reads a list of numbers from its `[`: rows as V8 writes them fast, any other way JSON allows them slowly. */
export async function readRows(window: SnapshotWindow, taker: RowTaker): Promise<SectionEnd> {
  if (!(await skipTo(window, OPEN))) return window.at < window.end ? 'damaged' : 'cut';
  let place: RowPlace = 'first';
  for (;;) {
    if (place === 'after') place = skipComma(window);
    if (place !== 'after' && taker.takeMany !== undefined && isDigit(window.bytes[window.at]!))
      place = taker.takeMany(window) ? 'before' : 'after';
    const found = readRow(window, taker, place);
    if (found === ROW) place = 'after';
    else if (found === END) return 'complete';
    else if (found === BAD) return 'damaged';
    else if (!(await window.more())) return 'cut';
  }
}

type RowPlace = 'first' | 'before' | 'after';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;

/** Over the comma between two rows, when it is where V8 writes it. */
function skipComma(window: SnapshotWindow): RowPlace {
  const { bytes } = window;
  let at = window.at;
  if (bytes[at] === 0x0a) at++;
  if (bytes[at] !== COMMA || !isDigit(bytes[at + 1]!)) return 'after';
  window.at = at + 1;
  return 'before';
}

/** One row; leaves `window.at` where it was unless it is whole. */
function readRow(window: SnapshotWindow, taker: RowTaker, place: RowPlace): number {
  const { bytes, end } = window;
  const { row, fields } = taker;
  let at = skipSpace(bytes, window.at);
  if (place !== 'before' && bytes[at] === CLOSE) {
    window.at = at + 1;
    return END;
  }
  if (place === 'after') {
    if (bytes[at] !== COMMA) return at < end ? BAD : MORE;
    at = skipSpace(bytes, at + 1);
  }
  for (let field = 0; field < fields; field++) {
    if (field > 0) {
      at = skipSpace(bytes, at);
      if (bytes[at] !== COMMA) return at < end ? BAD : MORE;
      at = skipSpace(bytes, at + 1);
    }
    const begin = at;
    let value = 0;
    let byte = bytes[at]!;
    for (; isDigit(byte); byte = bytes[++at]!) value = value * 10 + (byte - 0x30);
    const plain = at > begin && !isOfNumber(byte);
    while (isOfNumber(bytes[at]!)) at++;
    // A number that ends with the window may go on behind it, and in a file that is cut nobody knows.
    if (at >= end) return MORE;
    if (!plain) {
      value = numberOf(bytes, begin, at);
      if (Number.isNaN(value)) return BAD;
    }
    row[field] = value;
  }
  window.at = at;
  taker.take();
  return ROW;
}

/** A JSON number, NaN when it is none. Sections hold whole ones; a fraction loses it. */
function numberOf(bytes: Uint8Array, begin: number, end: number): number {
  if (begin === end) return Number.NaN;
  return Math.trunc(Number(Buffer.from(bytes.subarray(begin, Math.min(end, begin + 64))).toString('latin1')));
}

/** Over white space to `byte` and behind it; false when something else is there or the file ends. */
export async function skipTo(window: SnapshotWindow, byte: number): Promise<boolean> {
  if ((await nextByte(window)) !== byte) return false;
  window.at++;
  return true;
}

/** Skips white space; the byte that follows, 0 at the end of the file. */
export async function nextByte(window: SnapshotWindow): Promise<number> {
  for (;;) {
    window.at = skipSpace(window.bytes, window.at);
    if (window.at < window.end) return window.bytes[window.at]!;
    if (!(await window.more())) return 0;
  }
}

export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let c = bytes[at]!; c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09; c = bytes[at]!) at++;
  return at;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Digits, sign, point, exponent. */
function isOfNumber(byte: number): boolean {
  return isDigit(byte) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x65 || byte === 0x45;
}
