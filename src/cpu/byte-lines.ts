import type { ByteSource } from '../base/byte-source.ts';
import type { Bytes } from '../base/units.ts';

const WINDOW: Bytes = 1024 * 1024;
/** A stack of 10 000 frames on one line is 1 MB; a file without line ends must not be held in memory whole. */
const LINE_LIMIT: Bytes = 32 * 1024 * 1024;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
/** Room behind the last byte, so that eight bytes can be read from it. */
const ROOM = 8;

/**
 * The lines of a text as byte ranges, with a hash each: what a reader needs that meets the same lines millions of times
 * and wants to make a string of each but once. LF and CRLF; the ending is not part of the line.
 *
 *     while (lines.next()) table.find(lines.view, lines.start, lines.end, lines.hash)
 */
export class ByteLines {
  /** Holds the current line; replaced and overwritten by `next`. */
  bytes: Uint8Array = new Uint8Array(WINDOW + ROOM);
  /** The same memory. */
  view: DataView = new DataView(this.bytes.buffer);
  /** The current line is [start, end). */
  start = 0;
  end = 0;
  /** Of the bytes of the line; lines ended by LF and by CRLF differ. */
  hash = 0;
  /** False for a last line without a line end: it may be cut. */
  closed = true;
  /** Changes when positions in `bytes` no longer hold. */
  moved = 0;
  /** Lines left out because they were longer than can be held. */
  tooLong = 0;
  #buffer = Buffer.from(this.bytes.buffer);
  readonly #source: ByteSource;
  readonly #limit: Bytes;
  /** Unknown to whoever made a file, so that no file can make all its lines collide. */
  readonly #seed = Math.floor(Math.random() * 2 ** 31);
  #next = 0;
  #filled = 0;
  #ended = false;

  constructor(source: ByteSource, limit: Bytes = LINE_LIMIT) {
    this.#source = source;
    this.#limit = limit;
    this.bytes[0] = NEWLINE;
  }

  /** Goes to the next line; false at the end of the text. */
  next(): boolean {
    for (;;) {
      const start = this.#next;
      const end = this.#scan(start);
      if (end < this.#filled) {
        this.#next = end + 1;
        this.closed = true;
        return this.#line(start, end);
      }
      if (!this.#ended) {
        if (this.#fill(start)) continue;
        if (!this.#skipLine()) return false;
        continue;
      }
      if (start === this.#filled) return false;
      this.#next = this.#filled;
      this.closed = false;
      return this.#line(start, this.#filled);
    }
  }

  /** The current line, or a part of it, as text. */
  text(start: number = this.start, end: number = this.end): string {
    return this.#buffer.toString('utf8', start, end);
  }

  /** Where the line after the current one begins in `bytes`. */
  get position(): number {
    return this.#next;
  }

  /**
   * Whether the text after the current line is the same as [from, to) of `bytes`; if so, goes behind it. One native
   * comparison instead of a scan by lines.
   */
  skipSame(from: number, to: number): boolean {
    const start = this.#next;
    const end = start + (to - from);
    if (end > this.#filled || this.#buffer.compare(this.#buffer, from, to, start, end) !== 0) return false;
    this.#next = end;
    return true;
  }

  /** The next lines, at most `count` and only those already in memory and whole, without going there. */
  ahead(count: number): string[] {
    const lines: string[] = [];
    for (let start = this.#next; lines.length < count; ) {
      const end = this.bytes.indexOf(NEWLINE, start);
      if (end < 0 || end >= this.#filled) break;
      lines.push(this.text(start, end));
      start = end + 1;
    }
    return lines;
  }

  /** Hash of a part of the window, for keys that are less than a line. */
  hashOf(start: number, end: number): number {
    let hash = this.#seed;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ this.bytes[i]!, 0x9e3779b1);
    return mix(hash);
  }

  #line(start: number, end: number): boolean {
    this.start = start;
    this.end = end > start && this.bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    return true;
  }

  /** Finds the line end from `start` on and hashes up to it; there is one behind the last byte. */
  #scan(start: number): number {
    const view = this.view;
    let hash = this.#seed;
    let at = start;
    for (;;) {
      const first = view.getInt32(at, true);
      const second = view.getInt32(at + 4, true);
      const a = first ^ 0x0a0a0a0a;
      const b = second ^ 0x0a0a0a0a;
      // Some byte of the eight is a line end (and perhaps, by the borrow, one above it that is none).
      if (((((a - 0x01010101) & ~a) | ((b - 0x01010101) & ~b)) & 0x80808080) !== 0) break;
      hash = Math.imul(hash ^ first, 0x9e3779b1);
      hash = Math.imul(((hash << 15) | (hash >>> 17)) ^ second, 0x85ebca6b);
      hash = (hash << 15) | (hash >>> 17);
      at += 8;
    }
    const bytes = this.bytes;
    for (; bytes[at] !== NEWLINE; at++) hash = Math.imul(hash ^ bytes[at]!, 0x9e3779b1);
    this.hash = mix(hash);
    return at;
  }

  /** Reads more behind the line begun at `start`; false when the line is over the limit. */
  #fill(start: number): boolean {
    const kept = this.#filled - start;
    if (kept > this.#limit) return false;
    if (kept + ROOM >= this.bytes.length / 2 && start === 0) this.#widen();
    else this.bytes.copyWithin(0, start, this.#filled);
    this.moved++;
    this.#next = 0;
    this.#filled = kept;
    this.#read();
    return true;
  }

  #widen(): void {
    const wider = new Uint8Array((this.bytes.length - ROOM) * 2 + ROOM);
    wider.set(this.bytes.subarray(0, this.#filled));
    this.bytes = wider;
    this.view = new DataView(wider.buffer);
    this.#buffer = Buffer.from(wider.buffer);
  }

  #read(): void {
    const count = this.#source.read(this.bytes.subarray(this.#filled, this.bytes.length - ROOM));
    if (count === 0) this.#ended = true;
    this.#filled += count;
    this.bytes[this.#filled] = NEWLINE;
  }

  /** Leaves the line out that did not fit; false when it was the last. */
  #skipLine(): boolean {
    this.tooLong++;
    this.moved++;
    for (;;) {
      this.#filled = 0;
      this.#read();
      if (this.#ended) return false;
      const end = this.bytes.indexOf(NEWLINE);
      if (end >= this.#filled) continue;
      this.#next = end + 1;
      return true;
    }
  }
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
