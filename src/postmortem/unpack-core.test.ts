import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { openCore } from './core-file.ts';
import { drawCore } from './drawn-core.fixture.ts';
import type { UnpackProgress } from './unpack-core.ts';
import { xxh32 } from './xxh32.ts';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;
/** Two stretches of memory, one mostly zeros; noise, so that packed files are long enough to be cut. */
const START = 0x10_0000;
const memory = Buffer.alloc(400_000);
for (let at = 0, state = 1; at < 300_000; at++) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  memory[at] = state >>> 24;
}
const core = drawCore({
  loads: [
    { start: START, bytes: memory },
    { start: 0x100_0000, bytes: Buffer.alloc(3 * 2 ** 20) },
  ],
});

let folder: string;
let room: string;
const before = process.env.TMPDIR;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-packed-'));
  room = join(folder, 'room');
  mkdirSync(room);
  process.env.TMPDIR = room;
});
afterEach(() => {
  process.env.TMPDIR = room;
  // Not one file is left, whatever happened.
  expect(readdirSync(room)).toEqual([]);
});
afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  rmSync(folder, { recursive: true, force: true });
});

/** Literals only, in blocks of 64 kB. */
function lz4(bytes: Buffer): Buffer {
  const head = Buffer.from([0x60, 0x40]);
  const parts: Buffer[] = [
    Buffer.from([0x04, 0x22, 0x4d, 0x18]),
    head,
    Buffer.from([(xxh32(head) >>> 8) & 0xff]),
  ];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const block = bytes.subarray(at, at + 65_536);
    const size = Buffer.alloc(4);
    size.writeUInt32LE((block.length | 0x8000_0000) >>> 0);
    parts.push(size, block);
  }
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

function zstd(bytes: Buffer): Buffer {
  return execFileSync('zstd', ['-q', '-c'], { input: bytes, maxBuffer: 2 ** 26 });
}

function saved(bytes: Buffer, name: string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function fail(path: string, options: Parameters<typeof openCore>[1] = {}): Promise<HolterError> {
  try {
    (await openCore(path, options)).close();
  } catch (error) {
    if (error instanceof HolterError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

const PACKERS: [string, (bytes: Buffer) => Buffer, boolean][] = [
  ['gzip', (bytes) => gzipSync(bytes), true],
  ['lz4', lz4, true],
  ['zstd', zstd, hasZstd],
];

describe.each(PACKERS)('%s', (name, pack, isThere) => {
  const test = it.skipIf(!isThere);

  test('is known by its first bytes, and read as if it were not packed', async () => {
    const image = await openCore(saved(pack(core), 'a-name'));
    expect(image.problems).toEqual([
      'the core does not tell which files were mapped (no NT_FILE note): native functions have no names',
    ]);
    expect(Buffer.from(image.memory.bytes(START, memory.length)).equals(memory)).toBe(true);
    expect(image.memory.bytes(0x100_0000, 3 * 2 ** 20).every((byte) => byte === 0)).toBe(true);
    expect(image.memory.isReadable(0x100_0000 + 3 * 2 ** 20)).toBe(false);
    image.close();
  });

  test('a cut one gives what came out, and says that it is cut', async () => {
    const packed = pack(core);
    const image = await openCore(saved(packed.subarray(0, 290_000), 'cut'));
    expect(image.problems.join('\n')).toMatch(/the core is cut: \d+ MB of memory are missing/);
    expect(image.memory.u8(START)).toBe(memory[0]);
    image.close();
  });

  test('cut anywhere it gives a core or HolterError', async () => {
    const packed = pack(core);
    const places = [5, 6, 10, 40, 200, 1000, 5000, 100_000, 200_000, packed.length - 5, packed.length - 1];
    for (const at of places) {
      try {
        (await openCore(saved(packed.subarray(0, at), 'cut'))).close();
      } catch (error) {
        expect(error).toBeInstanceOf(HolterError);
      }
    }
  });

  test('damaged bytes give a core or HolterError', async () => {
    const packed = pack(core);
    for (let at = 4; at < packed.length; at = Math.floor(at * 1.7 + 1)) {
      const damaged = Buffer.from(packed);
      damaged[at]! ^= 0x55;
      try {
        (await openCore(saved(damaged, 'damaged'))).close();
      } catch (error) {
        expect(error).toBeInstanceOf(HolterError);
      }
    }
  });

  test('something else in it is refused before all of it is unpacked', async () => {
    const error = await fail(saved(pack(Buffer.alloc(2 ** 20, 'text ')), 'text'));
    expect(error.code).toBe('E_FILE_FORMAT');
    expect(error.message).toContain('is no core file');
    expect((await fail(saved(pack(Buffer.from('short')), 'short'))).code).toBe('E_FILE_FORMAT');
  });

  test('tells how far it is, and ends when told to', async () => {
    const path = saved(pack(core), 'progress');
    const seen: UnpackProgress[] = [];
    (await openCore(path, { onProgress: (progress) => seen.push(progress) })).close();
    expect(seen.at(-1)).toEqual({
      stage: 'unpacking',
      done: readFileSync(path).length,
      of: readFileSync(path).length,
      unpacked: core.length,
    });
    const stop = new AbortController();
    const error = await fail(path, { signal: stop.signal, onProgress: () => stop.abort() });
    expect(error.code).toBe('E_INTERRUPTED');
    expect((await fail(path, { signal: AbortSignal.abort() })).code).toBe('E_INTERRUPTED');
  });

  test(`no folder to unpack into: what to do (${name})`, async () => {
    process.env.TMPDIR = join(folder, 'nowhere');
    const error = await fail(saved(pack(core), 'homeless'));
    expect(error.code).toBe('E_WRITE');
    expect(error.hint).toContain('TMPDIR=');
  });
});

it('a packed file of zeros takes no room', async () => {
  const zeros = drawCore({ loads: [{ start: START, bytes: Buffer.alloc(64 * 2 ** 20) }] });
  const { unpackCore } = await import('./unpack-core.ts');
  const { closeSync, fstatSync, openSync } = await import('node:fs');
  const path = saved(gzipSync(zeros), 'zeros');
  const fd = openSync(path, 'r');
  const unpacked = await unpackCore(path, fd, 'gzip');
  const { size, blocks, mode } = fstatSync(unpacked.fd);
  expect(size).toBe(zeros.length);
  expect(blocks * 512).toBeLessThan(200_000);
  expect(mode & 0o777).toBe(0o600);
  closeSync(unpacked.fd);
  closeSync(fd);
});

const canUnpackZstd = 'createZstdDecompress' in zlib;
it.skipIf(!hasZstd || canUnpackZstd)('zstd without a program says what to run', async () => {
  const path = process.env.PATH;
  const packed = saved(zstd(core), 'x.zst');
  process.env.PATH = folder;
  try {
    const error = await fail(packed);
    expect(error.code).toBe('E_OPTIONAL_MISSING');
    expect(error.hint).toContain(`zstd -d ${packed}`);
  } finally {
    process.env.PATH = path;
  }
});
