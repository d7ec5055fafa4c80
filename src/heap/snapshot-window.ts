import type { ByteStream } from '../base/byte-stream.ts';
import { HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';

export interface ReadOptions {
  /** Ends the reading; the promise rejects with E_INTERRUPTED. */
  signal?: AbortSignal;
  /** Called every 50 ms or so. `total` is undefined for a pipe. */
  onProgress?: (read: Bytes, total: Bytes | undefined) => void;
  /** Bytes held at a time; tests make it tiny. */
  window?: Bytes;
}

/** Best of 256 kB … 8 MB on a machine with 1 MB of L2 cache: the bytes are still in it when they are parsed. */
const WINDOW: Bytes = 512 * 1024;
/** Longest single string. V8 cuts at 1024 characters; Bun writes strings whole. */
const WINDOW_LIMIT: Bytes = 2 ** 29;
/** Longest time between two turns of the event loop. */
const TURN: Milliseconds = 50;

/**
 * The part of the file that is looked at. Readers are byte loops over `bytes` from `at`; what they cannot finish before
 * `end` they leave, ask for `more` and begin again where they left. `bytes[end]` is 0, which is in no snapshot: loops
 * over digits or strings end there without a check of their own.
 */
export class SnapshotWindow {
  bytes: Uint8Array;
  at = 0;
  end = 0;
  /** Bytes of the file before `bytes[0]`. */
  before: Bytes = 0;
  /** The file has no more than what is in the window. */
  ended = false;
  /** More was asked for than the file has: whatever was being read is cut. */
  ranOut = false;
  /** Called before bytes that have been read leave the window. */
  onLeave: (() => void) | undefined;
  readonly #stream: ByteStream;
  readonly #options: ReadOptions;
  #turn: Milliseconds = performance.now();

  constructor(stream: ByteStream, options: ReadOptions) {
    this.#stream = stream;
    this.#options = options;
    this.bytes = new Uint8Array((options.window ?? WINDOW) + 1);
  }

  /** Offset in the file of `bytes[at]`. */
  get position(): Bytes {
    return this.before + this.at;
  }

  /**
   * Reads on; what is before `at` goes. False at the end of the file.
   * @throws HolterError E_INTERRUPTED, E_FILE_NOT_FOUND; E_FILE_FORMAT: a value longer than any snapshot has
   */
  async more(): Promise<boolean> {
    if (this.ended) {
      this.ranOut = true;
      return false;
    }
    await this.#pause();
    this.onLeave?.();
    if (this.at > 0) {
      this.bytes.copyWithin(0, this.at, this.end);
      this.before += this.at;
      this.end -= this.at;
      this.at = 0;
    }
    if (this.end === this.bytes.length - 1) this.#widen();
    const had = this.end;
    // A pipe gives little at a time; a window nearly empty would make every reader begin again too often.
    while (this.end < this.bytes.length - 1) {
      const room = this.bytes.subarray(this.end, this.bytes.length - 1);
      let count = this.#stream.read(room);
      if (typeof count !== 'number') count = await count;
      this.end += count;
      if (count === 0) {
        this.ended = true;
        break;
      }
      if (this.end - had >= this.bytes.length >> 1) break;
    }
    this.bytes[this.end] = 0;
    this.ranOut = this.end === had;
    return !this.ranOut;
  }

  /** Goes on at an offset of the file; only where the stream has `seek`. */
  seek(position: Bytes): void {
    this.onLeave?.();
    this.#stream.seek?.(position);
    this.before = position;
    this.at = 0;
    this.end = 0;
    this.bytes[0] = 0;
    this.ended = false;
    this.ranOut = false;
  }

  async #pause(): Promise<void> {
    if (this.#options.signal?.aborted)
      throw new HolterError('E_INTERRUPTED', `reading ${this.#stream.name} was interrupted`, {
        cause: this.#options.signal.reason,
      });
    if (performance.now() - this.#turn < TURN) return;
    const packed = this.#stream.packed;
    this.#options.onProgress?.(packed?.done ?? this.before + this.end, packed?.of ?? this.#stream.size);
    await new Promise((resume) => setImmediate(resume));
    this.#turn = performance.now();
  }

  #widen(): void {
    if (this.bytes.length > WINDOW_LIMIT)
      throw new HolterError(
        'E_FILE_FORMAT',
        `${this.#stream.name} has a value of over ${WINDOW_LIMIT} bytes`,
      );
    const wider = new Uint8Array(this.bytes.length * 2);
    wider.set(this.bytes.subarray(0, this.end));
    this.bytes = wider;
  }
}
