import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import type { Duplex, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { HEADER_BYTES, readPart } from './core-header.ts';
import type { Packing } from './core-packing.ts';
import { unpackLz4 } from './lz4-frame.ts';
import { SparseFile } from './sparse-file.ts';

/** How far the unpacking of a core is. */
export interface UnpackProgress {
  stage: 'unpacking';
  /** Bytes of the compressed file. */
  done: Bytes;
  of: Bytes;
  /** Bytes that came out. */
  unpacked: Bytes;
}

export interface UnpackOptions {
  signal?: AbortSignal;
  onProgress?: (progress: UnpackProgress) => void;
  /** Looks at the first bytes that come out and throws when the rest is not worth the room. */
  checkHead?: (head: Uint8Array) => void;
}

/** A compressed file, unpacked. */
export interface UnpackedFile {
  /** Of a file without name; gone when closed. */
  fd: number;
  /** Why it ends early: the compressed file is cut or damaged. */
  damage?: string;
}

/** What unpackers hand over at a time. */
const PIECE: Bytes = 2 ** 18;
/** Unpacked between two calls of `onProgress`. */
const TOLD: Bytes = 4 * 2 ** 20;

/**
 * Unpacks a core of systemd-coredump (.zst, .lz4) or gzip into a sparse file without a name below TMPDIR. One that is cut
 * gives what came out of it.
 * @param path for messages
 * @throws HolterError E_WRITE: no room; E_INTERRUPTED; E_OPTIONAL_MISSING: zstd on a Node that cannot unpack it, and no
 *   `zstd` program; E_FILE_TRUNCATED: nothing comes out; whatever `checkHead` throws
 */
export async function unpackCore(
  path: string,
  fd: number,
  packing: Packing,
  options: UnpackOptions = {},
): Promise<UnpackedFile> {
  const { signal, onProgress, checkHead } = options;
  const of = fstatSync(fd).size;
  let done = 0;
  const pieces = piecesOf(path, fd, signal, (bytes) => {
    done += bytes;
  });
  // Packing does not make things smaller that have no pattern: what is packed takes about this room at least.
  const file = new SparseFile(of);
  let damage: string | undefined;
  let told = 0;
  const tell = () => {
    told = file.length;
    onProgress?.({ stage: 'unpacking', done, of, unpacked: told });
  };
  try {
    let head: Uint8Array | undefined = new Uint8Array(0);
    try {
      for await (const piece of unpacked(path, packing, pieces)) {
        if (head !== undefined) {
          head = Buffer.concat([head, piece.subarray(0, HEADER_BYTES)]);
          if (head.length >= HEADER_BYTES) {
            checkHead?.(head.subarray(0, HEADER_BYTES));
            head = undefined;
          }
        }
        file.append(piece);
        if (file.length - told >= TOLD) tell();
        // A little that is packed may be much when it is not.
        if (signal?.aborted) throw interrupted(path);
      }
    } catch (error) {
      if (error instanceof HolterError) throw error;
      damage = (error as Error).message;
    }
    if (file.length === 0)
      throw new HolterError('E_FILE_TRUNCATED', `nothing comes out of ${path}: ${damage ?? 'it is empty'}`, {
        hint: `it is packed with ${packing}; copy or download it again`,
      });
    if (head !== undefined) checkHead?.(head);
    tell();
    if (signal?.aborted) throw interrupted(path);
    file.finish();
    return { fd: file.fd, ...(damage === undefined ? {} : { damage }) };
  } catch (error) {
    file.close();
    throw error;
  }
}

function interrupted(path: string): HolterError {
  return new HolterError('E_INTERRUPTED', `unpacking ${path} was interrupted`);
}

/** The file in pieces; between two of them others have their turn: signals, timers, who draws the progress. */
async function* piecesOf(
  path: string,
  fd: number,
  signal: AbortSignal | undefined,
  read: (bytes: Bytes) => void,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; ; ) {
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) throw interrupted(path);
    const piece = readPart(fd, at, PIECE);
    if (piece.length === 0) return;
    at += piece.length;
    read(piece.length);
    yield piece;
  }
}

function unpacked(path: string, packing: Packing, pieces: AsyncIterable<Buffer>): AsyncIterable<Uint8Array> {
  if (packing === 'lz4') return unpackLz4(pieces);
  // What comes out before a cut is given as it is; the core's own headers tell what is missing.
  if (packing === 'gzip')
    return through(pieces, zlib.createGunzip({ chunkSize: PIECE, finishFlush: zlib.constants.Z_SYNC_FLUSH }));
  // Node 22.15 and 23.8 on; the types of Node 20 do not know it.
  const create = (zlib as { createZstdDecompress?: (options: object) => Transform }).createZstdDecompress;
  return create === undefined
    ? throughZstdProgram(path, pieces)
    : through(pieces, create({ chunkSize: PIECE }));
}

/** `pipeline` rather than pipe: an error on either side ends both, and is thrown where the output is read. */
async function* through(pieces: AsyncIterable<Buffer>, unpacker: Duplex): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  const flow = pipeline(pieces, unpacker).catch((error: unknown) => {
    failure = error;
  });
  try {
    yield* unpacker as AsyncIterable<Uint8Array>;
  } catch (error) {
    failure ??= error;
  } finally {
    unpacker.destroy();
    await flow;
  }
  // The output ended, and there was more to read: files of several frames, which only the zstd program takes as one.
  if (errnoOf(failure) === 'ERR_STREAM_PREMATURE_CLOSE')
    throw new Error('what follows its first frame is not unpacked here; gunzip or zstd -d may do it');
  if (failure !== undefined) throw failure;
}

/** A session of its own: Ctrl-C is for us, who then end it; when we die its pipes end, and it with them. */
async function* throughZstdProgram(
  path: string,
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = spawn('zstd', ['-q', '-d', '-c'], { stdio: 'pipe', detached: true });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 1000);
  });
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once('close', (code) => resolve(code === 0 ? undefined : complaint.trim() || 'zstd failed'));
    child.once('error', (cause) =>
      reject(
        new HolterError(
          'E_OPTIONAL_MISSING',
          `Node ${process.versions.node} cannot unpack zstd, and there is no zstd program here`,
          { hint: `apt-get install zstd, or where there is one: zstd -d ${path}`, cause },
        ),
      ),
    );
  });
  // Both are asked for below, after all that came out was taken.
  ended.catch(() => {});
  let failure: unknown;
  const flow = pipeline(pieces, child.stdin).catch((error: unknown) => {
    failure = error;
    child.kill('SIGKILL');
  });
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    await flow;
    const complained = await ended;
    if (failure instanceof HolterError) throw failure;
    // Its message names our pipe, then says why.
    if (complained !== undefined) throw new Error(complained.replace(/^.* : /s, ''));
  } finally {
    child.kill('SIGKILL');
  }
}
