import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epilogueDepth, prologueDepth } from './x86-prologue.ts';

/** Filled up with nops, as code goes on behind a prologue. */
function bytes(hex: string): Uint8Array {
  const code = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return Buffer.concat([code, Buffer.alloc(16, 0x90)]);
}

describe('prologueDepth', () => {
  test.each([
    ['push rbp; mov rbp, rsp; sub rsp, 0x20', '55 4889e5 4883ec20', 0x20],
    ['… behind endbr64', 'f30f1efa 55 4889e5 4883ec10', 0x10],
    ['… push r15; push r14; push rbx; sub rsp, 0x18', '55 4889e5 4157 4156 53 4883ec18', 0x30],
    ['… sub rsp, 0x1238', '55 4889e5 4881ec38120000', 0x1238],
    ['… add rsp, -0x80', '55 4889e5 53 4883c480', 0x88],
    ['… mov rax, [rsi+8] between', '55 4889e5 4154 488b4608 4883ec08', 0x10],
    ['… and then a call', '55 4889e5 53 e800000000', 8],
  ])('%s', (_, hex, depth) => {
    expect(prologueDepth(bytes(hex))).toBe(depth);
  });

  test.each([
    ['no push of rbp', '4157 4156 4883ec18'],
    ['no frame pointer before the stack grows', '55 4883ec20'],
    ['aligns its stack', '55 4889e5 4883e4e0 4883ec40'],
    ['a jump', '55 4889e5 eb10 53'],
    ['nothing', ''],
  ])('none: %s', (_, hex) => {
    expect(prologueDepth(bytes(hex))).toBe(-1);
  });

  test('counts what has been executed only', () => {
    // push rbp; mov rbp, rsp; push r15; push rbx; sub rsp, 0x20
    const code = bytes('55 4889e5 4157 53 4883ec20');
    expect([0, 1, 4, 6, 7, 11].map((done) => prologueDepth(code, done))).toEqual([-1, -1, 0, 8, 16, 0x30]);
  });

  test('ends for all bytes, cut ones too', () => {
    const code = fc
      .uint8Array({ maxLength: 40 })
      .map((rest) => Uint8Array.of(0x55, 0x48, 0x89, 0xe5, ...rest));
    fc.assert(
      fc.property(code, fc.nat(50), (drawn, done) => {
        expect(Number.isInteger(prologueDepth(drawn, done))).toBe(true);
        expect(Number.isInteger(epilogueDepth(drawn.subarray(4)))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

test('epilogueDepth: what is left to pop', () => {
  expect(epilogueDepth(bytes('5b 415e 415f 5d c3'))).toBe(24);
  expect(epilogueDepth(bytes('5d c3'))).toBe(0);
  expect(epilogueDepth(bytes('5b 5d 4889c3'))).toBe(-1);
  expect(epilogueDepth(bytes('5b c3'))).toBe(-1);
});
