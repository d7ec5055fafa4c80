import { describe, expect, test } from 'vitest';
import { PagedMemory } from './memory.ts';
import type { ProcessImage } from './process-image.ts';
import { StackWalk } from './stack-walk.ts';

const CODE = 0x40_0000;
const STACK = 0x7fff_0000_0000;
const SIZE = 0x8000;

/** A stack of `words` from STACK on, and `code` (hex) at its addresses. */
function draw(
  words: readonly (readonly [at: number, word: number])[],
  code: [number, string][] = [],
): StackWalk {
  const stack = Buffer.alloc(SIZE);
  for (const [at, word] of words) stack.writeBigUInt64LE(BigInt(word), at);
  const text = Buffer.alloc(0x1000, 0x90);
  for (const [at, hex] of code) text.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'), at);
  const memory = new PagedMemory({
    read(address, into) {
      const bytes = address >= STACK ? stack : text;
      const at = address - (address >= STACK ? STACK : CODE);
      return at >= 0 && at < bytes.length
        ? bytes.copy(into, 0, at, Math.min(bytes.length, at + into.length))
        : 0;
    },
  });
  const image: ProcessImage = {
    kind: 'core',
    name: 'drawn',
    pid: 1,
    memory,
    mappings: [
      { start: CODE, end: CODE + 0x1000, permissions: 'r-xp', offset: 0, path: '/bin/drawn' },
      { start: CODE + 0x1000, end: CODE + 0x2000, permissions: 'rw-p', offset: 0x1000, path: '/bin/drawn' },
      { start: STACK, end: STACK + SIZE, permissions: 'rw-p', offset: 0, path: '[stack]' },
    ],
    threads: [],
    executable: '/bin/drawn',
    fileOf: () => undefined,
    problems: [],
    close() {},
  };
  return new StackWalk(image, STACK + 0x40);
}

/** Frames at 0x100, 0x200, 0x300. */
const CHAIN: [number, number][] = [
  [0x100, STACK + 0x200],
  [0x108, CODE + 0x20],
  [0x200, STACK + 0x300],
  [0x208, CODE + 0x30],
  [0x300, 0],
  [0x308, CODE + 0x40],
];

describe('StackWalk', () => {
  test('words of this stack, and code', () => {
    const walk = draw([]);
    expect([STACK, STACK + SIZE - 8].every((at) => walk.holds(at))).toBe(true);
    for (const at of [STACK - 8, STACK + SIZE, STACK + 4, CODE, Number.NaN])
      expect(walk.holds(at)).toBe(false);
    expect(walk.isCode(CODE + 5)).toBe(true);
    // Data of a binary is no code.
    for (const at of [CODE + 0x1000, STACK, 8, Number.NaN]) expect(walk.isCode(at)).toBe(false);
  });

  test('a frame pointer leads on when a return address stands beside it', () => {
    const walk = draw([...CHAIN, [0x400, STACK + 0x500], [0x408, CODE + 0x1008]]);
    expect(walk.leadsOn(STACK + 0x100, STACK + 0x40)).toBe(true);
    // The outermost has none above it.
    expect(walk.leadsOn(STACK + 0x300, STACK + 0x40)).toBe(true);
    expect(walk.leadsOn(STACK + 0x100, STACK + 0x108)).toBe(false);
    expect(walk.leadsOn(STACK + 0x400, STACK + 0x40)).toBe(false);
    expect(walk.leadsOn(Number.NaN, STACK + 0x40)).toBe(false);
  });

  test('the longest chain, not the nearest', () => {
    const leftover: [number, number][] = [
      [0x50, STACK + 0x60],
      [0x58, CODE + 0x77],
    ];
    expect(draw([...leftover, ...CHAIN]).longestChain(STACK + 0x40)).toBe(STACK + 0x100);
    expect(draw(leftover).longestChain(STACK + 0x40)).toBe(STACK + 0x50);
    expect(draw([]).longestChain(STACK + 0x40)).toBeNaN();
    // In a circle, and down.
    const circle: [number, number][] = [
      [0x100, STACK + 0x100],
      [0x108, CODE + 0x20],
      [0x200, STACK + 0x100],
      [0x208, CODE + 0x20],
    ];
    expect(draw(circle).longestChain(STACK + 0x40)).toBeNaN();
  });

  test("a function's own frame pointer: by its prologue, by what is left to pop, by who called it", () => {
    const start = CODE + 0x400;
    // push rbp; mov rbp, rsp; push rbx; sub rsp, 0xb8 − beyond a byte
    const prologue = draw(CHAIN, [[0x400, '55 4889e5 53 4881ecb8000000']]);
    expect(prologue.framePointerOf(STACK + 0x40, start, start + 0x80)).toBe(STACK + 0x100);
    // add rsp, …; pop rbx; [here] pop r12; pop rbp; ret
    const epilogue = draw(CHAIN, [[0x480, '415c 5d c3']]);
    expect(epilogue.framePointerOf(STACK + 0xf8, start, start + 0x80)).toBe(STACK + 0x100);
    // Not to be read; but the call before CODE + 0x30 is one of it: E8 rel32, relative to CODE + 0x30.
    const call = draw(CHAIN, [
      [0x400, '4c8bdc'],
      [0x2b, 'e8 d0030000'],
    ]);
    expect(call.framePointerOf(STACK + 0x40, start, start + 0x80)).toBe(STACK + 0x200);
    expect(draw(CHAIN, [[0x400, '4c8bdc']]).framePointerOf(STACK + 0x40, start, start + 0x80)).toBeNaN();
  });
});
