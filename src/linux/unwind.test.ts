import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameRow } from './call-frame-info.ts';
import { PagedMemory } from './memory.ts';
import type { ImageSymbols } from './native-symbol.ts';
import { type ProcessImage, REGISTER, type ThreadImage } from './process-image.ts';
import { unwind } from './unwind.ts';

const CODE = 0x40_0000;
const STACK = 0x7fff_0000_0000;
const SIZE = 0x8000;

/** A stack of `words` from STACK on, and code from CODE on that says nothing. */
function drawImage(words: readonly (readonly [at: number, word: number])[]): ProcessImage {
  const stack = Buffer.alloc(SIZE);
  for (const [at, word] of words) stack.writeBigUInt64LE(BigInt(Math.floor(word)), at);
  const memory = new PagedMemory({
    read(address, into) {
      const at = address - STACK;
      return at >= 0 && at < SIZE ? stack.copy(into, 0, at, Math.min(SIZE, at + into.length)) : 0;
    },
  });
  return {
    kind: 'core',
    name: 'drawn',
    pid: 1,
    memory,
    mappings: [
      { start: CODE, end: CODE + 0x10_0000, permissions: 'r-xp', offset: 0, path: '/bin/drawn' },
      { start: STACK, end: STACK + SIZE, permissions: 'rw-p', offset: 0, path: '[stack]' },
    ],
    threads: [],
    executable: '/bin/drawn',
    fileOf: () => undefined,
    problems: [],
    close() {},
  };
}

function drawThread(values: { pc: number; sp: number; fp?: number }): ThreadImage {
  const registers = new Float64Array(REGISTER.count).fill(Number.NaN);
  registers[REGISTER.rip] = values.pc;
  registers[REGISTER.rsp] = values.sp;
  if (values.fp !== undefined) registers[REGISTER.rbp] = values.fp;
  return { tid: 1, name: '', registers };
}

/** Without symbols; `rows`: rules by address, for code without frame pointers. */
function drawSymbols(rows: ReadonlyMap<number, FrameRow> = new Map()): ImageSymbols {
  return {
    at: () => undefined,
    resolve() {},
    addressOf: () => undefined,
    withPrefix: () => new Map(),
    frameRowAt: (address) => rows.get(address),
    fileAt: () => '/bin/drawn',
  };
}

/** Three functions with frame pointers; the outermost has none above it. */
const CHAIN: [number, number][] = [
  [0x100, STACK + 0x200],
  [0x108, CODE + 0x20],
  [0x200, STACK + 0x300],
  [0x208, CODE + 0x30],
  [0x300, 0],
  [0x308, CODE + 0x40],
];

describe('unwind', () => {
  test('follows frame pointers', () => {
    const thread = drawThread({ pc: CODE + 0x10, sp: STACK + 0xf0, fp: STACK + 0x100 });
    const frames = unwind(drawImage(CHAIN), thread, drawSymbols());
    expect(frames.map(({ pc }) => pc - CODE)).toEqual([0x10, 0x20, 0x30, 0x40]);
    expect(frames.map(({ isReturnAddress }) => isReturnAddress)).toEqual([false, true, true, true]);
    expect(frames[1]).toMatchObject({ sp: STACK + 0x110, fp: STACK + 0x200 });
  });

  test('finds the chain when the frame pointer is not known, as of a live process', () => {
    const thread = drawThread({ pc: CODE + 0x10, sp: STACK + 0xc0 });
    // A leftover of an earlier call leads nowhere.
    const image = drawImage([...CHAIN, [0xd0, STACK + 0xe0], [0xd8, CODE + 0x99]]);
    expect(unwind(image, thread, drawSymbols()).map(({ pc }) => pc - CODE)).toEqual([0x10, 0x20, 0x30, 0x40]);
  });

  test('goes by rules where a function keeps no frame pointer', () => {
    const rows = new Map<number, FrameRow>([
      [
        CODE + 0x10,
        {
          cfa: { kind: 'register', register: REGISTER.rsp, offset: 0x30 },
          registers: new Map([
            [REGISTER.rip, { kind: 'offset', offset: -8 }],
            [REGISTER.rbp, { kind: 'offset', offset: -16 }],
          ]),
          returnRegister: REGISTER.rip,
          isSignalFrame: false,
        },
      ],
    ]);
    const image = drawImage([...CHAIN, [0xf8, CODE + 0x18], [0xf0, STACK + 0x100]]);
    const thread = drawThread({ pc: CODE + 0x10, sp: STACK + 0xd0, fp: 0x1234 });
    const frames = unwind(image, thread, drawSymbols(rows));
    expect(frames.map(({ pc }) => pc - CODE)).toEqual([0x10, 0x18, 0x20, 0x30, 0x40]);
    expect(frames[1]).toMatchObject({ how: 'cfi', sp: STACK + 0x100, fp: STACK + 0x100 });
  });

  test('`most` frames and no more', () => {
    const thread = drawThread({ pc: CODE + 0x10, sp: STACK + 0xf0, fp: STACK + 0x100 });
    expect(unwind(drawImage(CHAIN), thread, drawSymbols(), { most: 2 })).toHaveLength(2);
  });

  test('a thread whose registers are not known has no frames', () => {
    expect(unwind(drawImage([]), drawThread({ pc: Number.NaN, sp: Number.NaN }), drawSymbols())).toEqual([]);
  });

  test('always ends, each frame above the one before, whatever lies on the stack', () => {
    const word = fc.oneof(
      fc.nat(SIZE - 8).map((at) => STACK + at),
      fc.nat(0x10_0000).map((at) => CODE + at),
      fc.nat(2 ** 31 - 1),
      fc.constant(0),
    );
    const slot = fc.tuple(
      fc.nat(SIZE / 8 - 1).map((at) => at * 8),
      word,
    );
    fc.assert(
      fc.property(
        fc.array(slot, { maxLength: 400 }),
        fc.nat(SIZE),
        fc.option(word, { nil: undefined }),
        (slots, at, fp) => {
          const thread = drawThread({ pc: CODE + 0x10, sp: STACK + at, ...(fp === undefined ? {} : { fp }) });
          const frames = unwind(drawImage(slots), thread, drawSymbols());
          for (let index = 1; index < frames.length; index++)
            expect(frames[index]!.sp).toBeGreaterThan(frames[index - 1]!.sp);
          expect(frames.length).toBeLessThanOrEqual(1 + SIZE / 16);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
