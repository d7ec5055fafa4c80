import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { type ByteSource, isGzip, openFile } from './byte-source.ts';
import { HolterError } from './errors.ts';
import type { Bytes } from './units.ts';

/**
 * Bytes read forward in pieces, like ByteSource, for what has to be unpacked on the way: a compressed file of any size
 * in bounded memory. Every ByteSource is one.
 */
export interface ByteStream {
  /** For messages: a path, or what the bytes are. */
  readonly name: string;
  /** Length of what is read; undefined when unknown (compressed, a pipe). */
  readonly size: Bytes | undefined;
  /** Set when the bytes are those of this file, one to one: then what is needed later can be read again. */
  readonly path?: string;
  /** How much of the file has been used up, when that is not the number of bytes read. */
  readonly packed?: { readonly done: Bytes; readonly of: Bytes };
  /** Why the bytes ended early, once they have: a damaged compressed file. */
  readonly damage?: string | undefined;
  /** Fills the beginning of `into`; how many bytes, 0 at the end. @throws HolterError E_FILE_NOT_FOUND */
  read(into: Uint8Array): number | Promise<number>;
  /** Reads on at an offset. Only where `path` is set. */
  seek?(offset: Bytes): void;
  close(): void;
}

/** What zlib hands over at a time; each piece costs a trip to another thread. */
const PIECE: Bytes = 2 ** 20;

/**
 * Opens a file, unpacking gzip and zstd (known by their first bytes) while it is read. A compressed file that is cut
 * gives what is there; the reader of its content finds that something is missing.
 *
 * @throws HolterError E_FILE_NOT_FOUND; E_PLATFORM: zstd on a Node that cannot unpack it
 */
export function openStream(path: string): ByteStream {
  const plain = openPlain(path);
  if (!('packing' in plain)) return plain;
  const { size, packing } = plain;
  if (packing === 'gzip') {
    const options = { chunkSize: PIECE, finishFlush: zlib.constants.Z_SYNC_FLUSH };
    return unpacking(path, size, zlib.createGunzip(options));
  }
  // Node 22.15 and 23.8 on; the types of Node 20 do not know it.
  const create = (zlib as { createZstdDecompress?: (options: object) => Transform }).createZstdDecompress;
  if (create === undefined)
    throw new HolterError('E_PLATFORM', `Node ${process.versions.node} cannot unpack zstd`, {
      hint: `zstd -d ${path}`,
    });
  return unpacking(path, size, create({ chunkSize: PIECE }));
}

/** By the magic number of RFC 8878. */
export function isZstd(head: Uint8Array): boolean {
  return head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
}

function openPlain(path: string): ByteSource | { packing: 'gzip' | 'zstd'; size: Bytes } {
  let packing: 'gzip' | 'zstd' | undefined;
  let size = 0;
  try {
    const fd = openSync(path, 'r');
    try {
      const entry = fstatSync(fd);
      const head = new Uint8Array(4);
      if (entry.isFile() && readSync(fd, head, 0, 4, 0) >= 2)
        packing = isGzip(head) ? 'gzip' : isZstd(head) ? 'zstd' : undefined;
      size = entry.size;
    } finally {
      closeSync(fd);
    }
  } catch {
    // openFile says why, in words.
  }
  return packing === undefined ? openFile(path) : { packing, size };
}

function unpacking(path: string, size: Bytes, unpacker: Transform): ByteStream {
  const packed = { done: 0, of: size };
  const file: Readable = createReadStream(path, { highWaterMark: PIECE });
  file.on('data', (piece) => {
    packed.done += piece.length;
  });
  file.on('error', (error) => unpacker.destroy(error));
  file.pipe(unpacker);
  const pieces: AsyncIterator<Uint8Array> = unpacker[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let damage: string | undefined;
  return {
    name: path,
    size: undefined,
    packed,
    get damage() {
      return damage;
    },
    async read(into) {
      while (rest.length === 0) {
        try {
          const next = await pieces.next();
          if (next.done === true) return 0;
          rest = next.value;
        } catch (error) {
          damage = (error as Error).message;
          return 0;
        }
      }
      const count = Math.min(into.length, rest.length);
      into.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
    close() {
      file.destroy();
      unpacker.destroy();
    },
  };
}
