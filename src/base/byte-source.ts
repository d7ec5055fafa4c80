import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { errnoOf, HolterError } from './errors.ts';
import type { Bytes } from './units.ts';

/**
 * Bytes of a file or of memory, read forward in pieces: files of any size in bounded memory. Synchronous, because the
 * readers are byte loops that an `await` per piece would turn inside out, and a command reads one file at a time.
 */
export interface ByteSource {
  /** For messages: a path, or what the bytes are. */
  readonly name: string;
  /** Whole length; undefined when unknown (a pipe). */
  readonly size: Bytes | undefined;
  /** Set when the bytes are those of this file, one to one: then what is needed later can be read again. */
  readonly path?: string;
  /** Fills the beginning of `into`; returns how many bytes, 0 at the end. @throws HolterError E_FILE_NOT_FOUND */
  read(into: Uint8Array): number;
  /** Reads on at an offset. Only where `path` is set. */
  seek?(offset: Bytes): void;
  close(): void;
}

/** Largest content of a compressed file: it is unpacked in memory, and a hostile one could be anything. */
const UNPACKED_LIMIT: Bytes = 2 ** 31 - 1;

/** A source over bytes in memory. Compressed (gzip) bytes are unpacked. @throws HolterError E_FILE_TRUNCATED */
export function openBytes(bytes: Uint8Array, name = 'data'): ByteSource {
  const plain = isGzip(bytes) ? unpack(bytes, name) : bytes;
  let at = 0;
  return {
    name,
    size: plain.length,
    read(into) {
      const count = Math.min(into.length, plain.length - at);
      into.set(plain.subarray(at, at + count));
      at += count;
      return count;
    },
    close() {},
  };
}

/**
 * Opens a file, a compressed one (gzip, by its first bytes) unpacked in memory.
 * @throws HolterError E_FILE_NOT_FOUND: no such file, a folder, no permission; E_FILE_TRUNCATED: broken gzip
 */
export function openFile(path: string): ByteSource {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw cannotRead(path, error);
  }
  try {
    const entry = fstatSync(fd);
    if (entry.isDirectory()) throw new HolterError('E_FILE_NOT_FOUND', `${path} is a folder`);
    const head = new Uint8Array(2);
    if (entry.isFile() && readSync(fd, head, 0, 2, 0) === 2 && isGzip(head)) {
      const source = openBytes(readFileSync(fd), path);
      closeSync(fd);
      return source;
    }
    const isFile = entry.isFile();
    let at = 0;
    return {
      name: path,
      size: isFile ? entry.size : undefined,
      ...(isFile ? { path } : {}),
      read(into) {
        try {
          const count = readSync(fd, into, 0, into.length, isFile ? at : null);
          at += count;
          return count;
        } catch (error) {
          throw cannotRead(path, error);
        }
      },
      seek(offset) {
        at = offset;
      },
      close() {
        if (fd >= 0) closeSync(fd);
        fd = -1;
      },
    };
  } catch (error) {
    closeSync(fd);
    throw error instanceof HolterError ? error : cannotRead(path, error);
  }
}

/** A source whose beginning can be looked at before it is read. */
export interface PeekableSource extends ByteSource {
  /** The first bytes, `count` of them or all there are; only before the first `read`. They stay to be read. */
  peek(count: Bytes): Uint8Array;
}

/** Makes the beginning of a source visible without using it up. */
export function peekable(source: ByteSource): PeekableSource {
  let seen = new Uint8Array(0);
  let at = 0;
  return {
    name: source.name,
    size: source.size,
    peek(count) {
      if (count > seen.length) {
        const wider = new Uint8Array(count);
        wider.set(seen);
        let length = seen.length;
        for (let more = -1; more !== 0 && length < count; length += more)
          more = source.read(wider.subarray(length));
        seen = wider.subarray(0, length);
      }
      return seen.subarray(0, count);
    },
    read(into) {
      if (at === seen.length) return source.read(into);
      const count = Math.min(into.length, seen.length - at);
      into.set(seen.subarray(at, at + count));
      at += count;
      return count;
    },
    close() {
      source.close();
    },
  };
}

/** All bytes of a source. @throws HolterError E_FILE_FORMAT over `limit` */
export function readAll(source: ByteSource, limit: Bytes = UNPACKED_LIMIT): Uint8Array {
  let bytes = new Uint8Array(Math.max(64 * 1024, Math.min(source.size ?? 0, limit) + 1));
  let length = 0;
  for (;;) {
    if (length === bytes.length) {
      const wider = new Uint8Array(bytes.length * 2);
      wider.set(bytes);
      bytes = wider;
    }
    const count = source.read(bytes.subarray(length));
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length > limit)
      throw new HolterError('E_FILE_FORMAT', `${source.name} is larger than ${limit} bytes`);
  }
}

/** By the magic number of RFC 1952. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

function unpack(bytes: Uint8Array, name: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: UNPACKED_LIMIT });
  } catch (error) {
    throw new HolterError('E_FILE_TRUNCATED', `${name} is a damaged gzip file: ${(error as Error).message}`, {
      hint: 'unpack it yourself (gunzip) to save what is readable, or copy it again',
      cause: error,
    });
  }
}

function cannotRead(path: string, error: unknown): HolterError {
  const why: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  };
  const reason = why[errnoOf(error) ?? ''] ?? (error as Error).message;
  return new HolterError('E_FILE_NOT_FOUND', `cannot read ${path}: ${reason}`, { cause: error });
}
