import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PagedMemory } from '../linux/memory.ts';
import { type ProcessImage, REGISTER, type Registers } from '../linux/process-image.ts';
import { readStartArguments } from './start-arguments.ts';

const END = 0x7ffd_0000_8000;
const AUXV = [
  [33, 0x7fff_f000],
  [6, 4096],
  [25, 0x1234],
];

/** An image of nothing but the main thread's stack, `bytes` up to its end. */
function stackOf(bytes: Uint8Array, sp = END - bytes.length): ProcessImage {
  const start = END - bytes.length;
  const registers: Registers = new Float64Array(REGISTER.count).fill(Number.NaN);
  registers[REGISTER.rsp] = sp;
  return {
    kind: 'core',
    name: 'drawn',
    pid: 1,
    memory: new PagedMemory({
      read(address, into) {
        const part =
          address < start || address >= END ? bytes.subarray(0, 0) : bytes.subarray(address - start);
        into.set(part.subarray(0, into.length));
        return Math.min(part.length, into.length);
      },
    }),
    mappings: [{ start, end: END, permissions: 'rw-p', offset: 0, path: '[stack]' }],
    threads: [{ tid: 1, name: '', registers }],
    executable: '',
    fileOf: () => undefined,
    problems: [],
    close: () => {},
  };
}

/** As the kernel lays it out (x86-64 psABI §3.4.1): argc, argv, 0, environment, 0, pairs, 0 0, strings. */
function drawStart(argv: readonly string[], environment: readonly string[], above = 512): Buffer {
  const texts = [...argv, ...environment].map((text) => Buffer.from(`${text}\0`));
  const strings = Buffer.concat(texts);
  const wordCount = 1 + argv.length + 1 + environment.length + 1 + 2 * (AUXV.length + 1);
  const bytes = Buffer.alloc(above + wordCount * 8 + Math.ceil((strings.length + 16) / 8) * 8);
  let at = above;
  const word = (value: number) => {
    bytes.writeBigUInt64LE(BigInt(value), at);
    at += 8;
  };
  let text = END - bytes.length + above + wordCount * 8;
  const pointers = texts.map(({ length }) => {
    text += length;
    return text - length;
  });
  word(argv.length);
  for (const pointer of pointers.slice(0, argv.length)) word(pointer);
  word(0);
  for (const pointer of pointers.slice(argv.length)) word(pointer);
  word(0);
  for (const [type, value] of [...AUXV, [0, 0]]) {
    word(type!);
    word(value!);
  }
  strings.copy(bytes, at);
  return bytes;
}

it('gives what it was started with', () => {
  const argv = ['/usr/bin/node', '--max-old-space-size=64', 'app é.js', ''];
  const environment = ['HOME=/root', 'EMPTY=', 'N=ä'];
  expect(readStartArguments(stackOf(drawStart(argv, environment)))).toEqual({ argv, environment });
  expect(readStartArguments(stackOf(drawStart(['node'], [])))).toEqual({ argv: ['node'], environment: [] });
});

it('gives nothing where that part is missing', () => {
  const whole = drawStart(['node', 'a.js'], ['A=1']);
  expect(readStartArguments(stackOf(whole.fill(0, 512, 520)))).toBeUndefined();
  expect(readStartArguments(stackOf(Buffer.alloc(64)))).toBeUndefined();
  expect(readStartArguments(stackOf(whole, Number.NaN))).toBeUndefined();
  expect(readStartArguments({ ...stackOf(whole), threads: [] })).toBeUndefined();
});

it('ends soon in a stack full of what looks like a vector', () => {
  const bytes = Buffer.alloc(4 * 2 ** 20);
  for (let at = 0; at < bytes.length; at += 16) {
    bytes.writeUInt32LE(6, at);
    bytes.writeUInt32LE(4096, at + 8);
  }
  expect(readStartArguments(stackOf(bytes))).toBeUndefined();
});

it('takes no more text than a process can have, however many words point to it', () => {
  const many = drawStart(Array(19_000).fill('x'), []);
  const start = END - many.length;
  const target = many.length - 10_000;
  many.fill(0x78, target, many.length - 1);
  for (let i = 0; i < 19_000; i++) many.writeBigUInt64LE(BigInt(start + target), 512 + 8 + i * 8);
  const found = readStartArguments(stackOf(many));
  expect(found?.argv.join('').length).toBeLessThan(10e6);
});

it('whatever the memory holds', () => {
  const whole = drawStart(['node', 'app.js', '--port', '3000'], ['A=1', 'B=2']);
  const damage = fc.array(fc.record({ at: fc.nat(whole.length - 8), word: fc.bigInt(0n, 2n ** 64n - 1n) }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(damage, fc.nat(whole.length), (places, cut) => {
      const bytes = Buffer.from(whole);
      for (const { at, word } of places) bytes.writeBigUInt64LE(word, at);
      const found = readStartArguments(stackOf(bytes.subarray(cut)));
      expect(found === undefined || Array.isArray(found.argv)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
