import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, HolterError } from '../base/errors.ts';
import { formatBytes } from '../base/quantity.ts';
import type { Bytes } from '../base/units.ts';

const BLOCK: Bytes = 4096;
const ZEROS: Uint8Array = new Uint8Array(BLOCK);
/** How often the room on the disk is looked at. */
const CHECKED: Bytes = 64 * 2 ** 20;
/** Left for the others on that disk: a twentieth of it, and this at most. */
const RESERVE: Bytes = 256 * 2 ** 20;
/** No process has more memory than this; what claims to is a bomb. */
const LONGEST: Bytes = 2 ** 41;

/**
 * A file without a name, only its owner could read it while it had one: bytes are written to it in order, blocks of zeros
 * left out, and read by its descriptor. It is gone with the descriptor, however the process ends.
 */
export class SparseFile {
  /** Readable; closing it is up to whoever asked for the file. */
  readonly fd: number;
  /** Bytes so far, zeros included. */
  length: Bytes = 0;
  /** Bytes that take room. */
  written: Bytes = 0;
  readonly #folder: string;
  #unchecked: Bytes = 0;

  /**
   * @param need what it will hold at least
   * @throws HolterError E_WRITE: no room, or no file can be made in TMPDIR
   */
  constructor(need: Bytes, folder: string = tmpdir()) {
    this.#folder = folder;
    this.#checkRoom(need);
    const path = join(folder, `holter-${process.pid}-${randomBytes(6).toString('hex')}.core`);
    try {
      this.fd = openSync(path, 'wx+', 0o600);
    } catch (cause) {
      throw cannotWrite(folder, (cause as Error).message, cause);
    }
    unlinkSync(path);
  }

  /** @throws HolterError E_WRITE: the disk is full */
  append(bytes: Uint8Array): void {
    // Blocks of zeros are told by their place in the file, so that holes are whole blocks of the file system.
    let at = 0;
    while (at < bytes.length) {
      const isZero = this.#isZero(bytes, at);
      const from = at;
      while (at < bytes.length && this.#isZero(bytes, at) === isZero) at += this.#blockAt(at);
      at = Math.min(at, bytes.length);
      if (!isZero) this.#write(bytes.subarray(from, at), this.length + from);
    }
    this.length += bytes.length;
    if (this.length > LONGEST)
      throw new HolterError(
        'E_FILE_FORMAT',
        `it holds more than ${formatBytes(LONGEST)}: no core is so large`,
      );
  }

  /** Zeros at the end count, too. */
  finish(): void {
    try {
      ftruncateSync(this.fd, this.length);
    } catch (cause) {
      throw cannotWrite(this.#folder, (cause as Error).message, cause);
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Up to the next border of blocks. */
  #blockAt(at: number): number {
    return BLOCK - ((this.length + at) % BLOCK);
  }

  #isZero(bytes: Uint8Array, at: number): boolean {
    const length = Math.min(this.#blockAt(at), bytes.length - at);
    return Buffer.compare(bytes.subarray(at, at + length), ZEROS.subarray(0, length)) === 0;
  }

  #write(bytes: Uint8Array, position: Bytes): void {
    this.#unchecked += bytes.length;
    if (this.#unchecked >= CHECKED) {
      this.#checkRoom(0);
      this.#unchecked = 0;
    }
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(this.fd, bytes, done, bytes.length - done, position + done);
      } catch (cause) {
        const why = errnoOf(cause) === 'ENOSPC' ? `no room is left` : (cause as Error).message;
        throw cannotWrite(this.#folder, why, cause);
      }
    }
    this.written += bytes.length;
  }

  #checkRoom(need: Bytes): void {
    let free: Bytes;
    let reserve: Bytes;
    try {
      const { bavail, blocks, bsize } = statfsSync(this.#folder);
      free = bavail * bsize;
      reserve = Math.min(RESERVE, (blocks * bsize) / 20);
    } catch (cause) {
      throw cannotWrite(this.#folder, (cause as Error).message, cause);
    }
    if (free < need + reserve)
      throw cannotWrite(
        this.#folder,
        `${formatBytes(free)} are free, and ${formatBytes(need + reserve)} are needed at least`,
      );
  }
}

function cannotWrite(folder: string, why: string, cause?: unknown): HolterError {
  return new HolterError('E_WRITE', `cannot unpack into ${folder}: ${why}`, {
    hint: 'name a folder with more room: TMPDIR=/var/tmp holter core …, or unpack it yourself',
    ...(cause === undefined ? {} : { cause }),
  });
}
