import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ByteStream, openStream } from './byte-stream.ts';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, at) => `${(at * 7919) % 100_003},`).join(''));

let path: string;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-stream-'));
  path = join(folder, 'x');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function readWhole(stream: ByteStream): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const piece = new Uint8Array(65_000);
  for (let count = await stream.read(piece); count > 0; count = await stream.read(piece))
    pieces.push(piece.slice(0, count));
  stream.close();
  return Buffer.concat(pieces);
}

describe('openStream', () => {
  it('reads a plain file, whose bytes can be read again', async () => {
    writeFileSync(path, CONTENT);
    const stream = openStream(path);
    expect(stream.path).toBe(path);
    expect(stream.size).toBe(CONTENT.length);
    expect((await readWhole(stream)).equals(CONTENT)).toBe(true);
  });

  it('unpacks gzip as it goes, also of several members', async () => {
    const half = CONTENT.length >> 1;
    writeFileSync(
      path,
      Buffer.concat([CONTENT.subarray(0, half), CONTENT.subarray(half)].map((part) => zlib.gzipSync(part))),
    );
    const stream = openStream(path);
    expect(stream.path).toBeUndefined();
    expect(stream.size).toBeUndefined();
    expect((await readWhole(stream)).equals(CONTENT)).toBe(true);
    expect(stream.packed).toEqual({ done: stream.packed?.of, of: stream.packed?.of });
    expect(stream.damage).toBeUndefined();
  });

  it('gives what is there of a gzip file that is cut', async () => {
    const packed = zlib.gzipSync(CONTENT);
    writeFileSync(path, packed.subarray(0, packed.length >> 1));
    const read = await readWhole(openStream(path));
    expect(read.length).toBeGreaterThan(CONTENT.length / 3);
    expect(read.equals(CONTENT.subarray(0, read.length))).toBe(true);
  });

  it('says that a gzip file is damaged', async () => {
    const packed = zlib.gzipSync(CONTENT);
    packed.fill(0xff, packed.length - 2000, packed.length - 500);
    writeFileSync(path, packed);
    const stream = openStream(path);
    const read = await readWhole(stream);
    expect(read.length).toBeLessThan(CONTENT.length);
    expect(stream.damage).toBeTruthy();
  });

  it('unpacks zstd where Node can, else says how to', async () => {
    const compress = (zlib as { zstdCompressSync?: (data: Uint8Array) => Buffer }).zstdCompressSync;
    if (compress === undefined) {
      writeFileSync(path, Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0]));
      expect(() => openStream(path)).toThrowError(
        expect.objectContaining({ code: 'E_PLATFORM', hint: `zstd -d ${path}` }),
      );
      return;
    }
    writeFileSync(path, compress(CONTENT));
    expect((await readWhole(openStream(path))).equals(CONTENT)).toBe(true);
  });

  it('says why a file cannot be read', () => {
    expect(() => openStream(path)).toThrowError(expect.objectContaining({ code: 'E_FILE_NOT_FOUND' }));
    expect(() => openStream(folder)).toThrowError(/is a folder/);
  });
});
