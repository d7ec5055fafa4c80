import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { DamagedArchive, unpackLz4 } from './lz4-frame.ts';
import { xxh32 } from './xxh32.ts';

const FIXTURES = new URL('../../test/fixtures/lz4/', import.meta.url);
const hasLz4 = spawnSync('lz4', ['--version']).status === 0;

interface Unpacked {
  bytes: Buffer;
  damage?: string;
}

/** All that comes out, in pieces of `piece` bytes in; anything but DamagedArchive fails the test. */
async function unpack(packed: Uint8Array, piece = packed.length, checksums = true): Promise<Unpacked> {
  function* pieces(): Generator<Uint8Array> {
    for (let at = 0; at < packed.length; at += piece) yield packed.subarray(at, at + piece);
  }
  const out: Buffer[] = [];
  try {
    for await (const bytes of unpackLz4(pieces(), { checksums })) out.push(Buffer.from(bytes));
  } catch (error) {
    if (!(error instanceof DamagedArchive)) throw error;
    return { bytes: Buffer.concat(out), damage: error.message };
  }
  return { bytes: Buffer.concat(out) };
}

function lz4(bytes: Uint8Array, args: readonly string[]): Buffer {
  return execFileSync('lz4', ['-q', '-c', ...args], { input: bytes, maxBuffer: 2 ** 28 });
}

/** Text, zeros and noise in turn, the same for the same length. */
function mixed(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at += 1000) {
    const kind = (at / 1000) % 4;
    const end = Math.min(length, at + 1000);
    for (let i = at; i < end && kind > 0; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      bytes[i] = kind === 1 ? state >>> 24 : kind === 2 ? 97 + (i % 7) : (i * 31) % 251;
    }
  }
  return bytes;
}

/** Literals only, as one block: the simplest frame there is, for tests where no lz4 program is. */
function frameOf(bytes: Uint8Array, flag = 0x60): Buffer {
  const head = Buffer.from([flag, 0x70]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE((bytes.length | 0x8000_0000) >>> 0);
  return Buffer.concat([
    Buffer.from([0x04, 0x22, 0x4d, 0x18]),
    head,
    Buffer.from([(xxh32(head) >>> 8) & 0xff]),
    size,
    bytes,
    Buffer.alloc(4),
  ]);
}

// Values of the reference: xxhsum -H0.
test.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('xxh32 of %j', (text, hash) => {
  expect(xxh32(Buffer.from(text))).toBe(hash);
});

// See test/fixtures/lz4/README.md: they hold what `mixed` gives.
describe('frames of the lz4 program, committed', () => {
  it.each([
    ['linked.lz4', mixed(80_000)],
    ['independent.lz4', mixed(9000)],
    ['legacy.lz4', mixed(9000)],
    ['two-and-skippable.lz4', Buffer.concat([mixed(9000), mixed(9000)])],
  ])('%s', async (name, plain) => {
    const packed = readFileSync(new URL(name, FIXTURES));
    for (const piece of [packed.length, 1]) {
      const { bytes, damage } = await unpack(packed, piece);
      expect(damage).toBeUndefined();
      expect(bytes.equals(plain)).toBe(true);
    }
  });
});

describe.skipIf(!hasLz4)('as the lz4 program packs them (apt-get install lz4)', () => {
  const options = fc.record({
    level: fc.constantFrom('-1', '-9', '--fast=5'),
    block: fc.constantFrom('-B4', '-B5', '-B7'),
    linked: fc.constantFrom('-BD', '-BI'),
    sums: fc.constantFrom([], ['-BX'], ['--no-frame-crc'], ['--content-size']),
  });
  /** Runs, repeats and noise: what makes matches of all lengths and distances. */
  const content = fc
    .array(
      fc.oneof(
        fc
          .record({ byte: fc.nat(255), count: fc.integer({ min: 1, max: 70_000 }) })
          .map(({ byte, count }) => Buffer.alloc(count, byte)),
        fc
          .record({
            unit: fc.uint8Array({ minLength: 1, maxLength: 40 }),
            count: fc.integer({ min: 1, max: 2000 }),
          })
          .map(({ unit, count }) => Buffer.concat(Array(count).fill(Buffer.from(unit)))),
        fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
      ),
      { maxLength: 12 },
    )
    .map((parts) => Buffer.concat([...parts, ...parts.slice(0, 3)]));

  it('gives back what was packed', async () => {
    await fc.assert(
      fc.asyncProperty(
        content,
        options,
        fc.integer({ min: 1, max: 100_000 }),
        async (bytes, option, piece) => {
          const { level, block, linked, sums } = option;
          const found = await unpack(lz4(bytes, [level, block, linked, ...sums]), piece);
          expect(found.damage).toBeUndefined();
          expect(found.bytes.equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('legacy frames of more than one block', async () => {
    const bytes = mixed(20 * 2 ** 20);
    const found = await unpack(lz4(bytes, ['-l']), 2 ** 20);
    expect(found.damage).toBeUndefined();
    expect(found.bytes.equals(bytes)).toBe(true);
  });

  it('a cut one gives its beginning and says that it is cut', async () => {
    const bytes = mixed(700_000);
    const packed = lz4(bytes, ['-B4', '-BX']);
    for (let at = 5; at < packed.length; at += Math.ceil(packed.length / 50)) {
      const { bytes: found, damage } = await unpack(packed.subarray(0, at));
      expect(damage).toBeDefined();
      expect(bytes.subarray(0, found.length).equals(found)).toBe(true);
    }
    const half = await unpack(packed.subarray(0, packed.length / 2));
    expect(half.bytes.length).toBeGreaterThan(bytes.length / 4);
  });

  it('flipped bytes are told where there are checksums', async () => {
    const bytes = mixed(100_000);
    const packed = lz4(bytes, ['-B4', '-BX']);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const damaged = Buffer.from(packed);
        damaged[at]! ^= mask;
        const found = await unpack(damaged);
        if (found.damage === undefined) expect(found.bytes.equals(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

it('bytes of any kind end with DamagedArchive at most, and never give more than a block for each', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (noise, isFrame) => {
      const bytes = isFrame ? Buffer.concat([frameOf(Buffer.alloc(0)).subarray(0, 7), noise]) : noise;
      const { bytes: found } = await unpack(bytes, 7, false);
      expect(found.length).toBeLessThanOrEqual(noise.length * 300);
    }),
    { numRuns: 500 },
  );
});

it.each([
  ['nothing', Buffer.alloc(0), 'it ends within the head of a frame'],
  ['text', Buffer.from('no frame at all'), 'it is no LZ4 file'],
  ['a damaged head', frameOf(Buffer.from('x')).fill(0xff, 6, 7), 'the head of a frame is damaged'],
  ['another version', frameOf(Buffer.from('x'), 0x20), 'this version of LZ4 is not known'],
  [
    'text behind it',
    Buffer.concat([frameOf(Buffer.from('x')), Buffer.from('more of it')]),
    'what follows the last frame is no LZ4',
  ],
  [
    'a skippable frame of 4 GB',
    Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 1]),
    'it ends too early',
  ],
])('%s', async (_what, bytes, damage) => {
  expect((await unpack(bytes)).damage).toBe(damage);
});
