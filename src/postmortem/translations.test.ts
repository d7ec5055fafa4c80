import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytecodeOffsetOf } from './baseline-offsets.ts';
import { bodyOffsetOf, deferredJumps } from './deferred-code.ts';
import { inlinePosition, positionIndexAt, readInlinedCalls, readPositionTable } from './position-table.ts';
import { readSafepoints, safepointAt, safepointTableSize } from './safepoints.ts';
import { dialectOf } from './translation-opcodes.ts';
import { readTranslation } from './translations.ts';

/** Variable-length, sign in bit 0, as V8 writes it. */
function signed(value: number): number[] {
  return unsigned(value < 0 ? -value * 2 + 1 : value * 2);
}
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}
const zigzag = (value: number) => unsigned(value < 0 ? -value * 2 - 1 : value * 2);
const opcode = (version: number, kind: string, nth = 0) =>
  dialectOf(version).opcodes.flatMap((one, index) => (one.kind === kind ? [index] : []))[nth] as number;

describe('translations', () => {
  it('of V8 13: a function with an inlined constructor, receivers and literals', () => {
    const op = (kind: string, nth = 0) => opcode(136, kind, nth);
    const bytes = Uint8Array.from([
      ...[op('begin'), ...unsigned(0), ...signed(3), ...signed(2)],
      ...[op('function', 1), ...signed(17), ...signed(5), ...signed(0), ...signed(4)],
      ...[op('slot'), ...signed(3), op('slot'), ...signed(-1)],
      ...[op('construct'), ...signed(1), ...signed(2)],
      ...[op('function', 1), ...signed(-1), ...signed(6), ...signed(0), ...signed(2)],
      ...[
        op('literal'),
        ...signed(7),
        op('captured'),
        ...signed(2),
        op('literal'),
        ...signed(9),
        op('literal'),
      ],
      ...[...signed(10), op('duplicate'), ...signed(0)],
      ...[op('begin'), ...unsigned(0), ...signed(0), ...signed(0)],
    ]);
    expect(readTranslation(bytes, 0, dialectOf(136))).toEqual({
      isSound: true,
      frames: [
        {
          kind: 'function',
          bytecodeOffset: 17,
          sharedLiteral: 5,
          isConstructor: false,
          values: [
            { kind: 'slot', index: 3 },
            { kind: 'slot', index: -1 },
          ],
        },
        {
          kind: 'function',
          bytecodeOffset: -1,
          sharedLiteral: 6,
          isConstructor: true,
          values: [
            { kind: 'literal', index: 7 },
            { kind: 'captured', index: 9 },
            { kind: 'captured', index: 9 },
          ],
        },
      ],
    });
  });

  it('of V8 12 repeats parts of an earlier one', () => {
    const op = (kind: string, nth = 0) => opcode(124, kind, nth);
    const basis = [
      ...[op('begin'), ...unsigned(0), ...signed(1), ...signed(1)],
      ...[op('function', 1), ...signed(4), ...signed(2), ...signed(3), op('slot'), ...signed(1)],
    ];
    const repeat = dialectOf(124).opcodes.length;
    const second = [op('begin'), ...unsigned(basis.length), ...signed(1), ...signed(1), repeat + 2];
    const bytes = Uint8Array.from([...basis, ...second]);
    const first = readTranslation(bytes, 0, dialectOf(124));
    expect(first.isSound).toBe(true);
    expect(readTranslation(bytes, basis.length, dialectOf(124))).toEqual(first);
    // More than there is to repeat.
    bytes[bytes.length - 1] = repeat + 9;
    expect(readTranslation(bytes, basis.length, dialectOf(124)).isSound).toBe(false);
  });

  it('never throw or run on, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom(102, 113, 124, 136, 146),
        fc.nat(400),
        (bytes, version, at) => {
          const { frames } = readTranslation(bytes, at, dialectOf(version));
          expect(frames.length).toBeLessThanOrEqual(bytes.length * 130);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('safepoints', () => {
  // Two entries: pc of 1 byte, deopt index of 1 byte, no registers.
  const configuration = 1 | (1 << 4) | (1 << 7);
  const entries = [20, 3, 0, 40, 0, 91];
  const plain = Uint8Array.from([2, 0, 0, 0, configuration & 255, configuration >> 8, 0, 0, ...entries]);

  it('with and without deoptimization, and by the trampoline', () => {
    const shape = { hasStackSlots: false, isMaglev: false };
    expect(safepointTableSize(plain, shape)).toBe(14);
    const safepoints = readSafepoints(plain, shape);
    expect(safepoints).toEqual([
      { pc: 20, deoptIndex: 2, trampoline: -1 },
      { pc: 40, deoptIndex: -1, trampoline: 90 },
    ]);
    expect(safepointAt(safepoints, 90)?.pc).toBe(40);
    expect(safepointAt(safepoints, 21)).toBeUndefined();
  });

  it('of Maglev have a longer header and a byte more', () => {
    const bytes = Uint8Array.from([
      9,
      0,
      0,
      0,
      ...plain.subarray(0, 8),
      5,
      0,
      0,
      0,
      20,
      3,
      0,
      1,
      40,
      0,
      91,
      0,
    ]);
    const safepoints = readSafepoints(bytes, { hasStackSlots: true, isMaglev: true });
    expect(safepoints.map(({ pc, deoptIndex }) => [pc, deoptIndex])).toEqual([
      [20, 2],
      [40, -1],
    ]);
  });

  it('end where the bytes do', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isMaglev) => {
        expect(readSafepoints(bytes, { hasStackSlots: isMaglev, isMaglev }).length).toBeLessThan(65_537);
      }),
    );
  });
});

describe('positions', () => {
  const position = (offset: number, inlining: number) => (offset + 1) * 2 + (inlining + 1) * 2 ** 31;
  const wanted = [
    { pc: 0, offset: 10, inlining: -1 },
    { pc: 12, offset: 40, inlining: 1 },
    { pc: 12, offset: 41, inlining: 0 },
    { pc: 300, offset: 5, inlining: -1 },
  ];

  it.each([false, true])('of optimised code, unsigned steps: %s', (isUnsigned) => {
    const bytes: number[] = [];
    let lastPc = -1;
    let last = 0;
    for (const { pc, offset, inlining } of wanted) {
      bytes.push(...(isUnsigned ? unsigned((pc - lastPc) * 4 + 2) : zigzag(pc - lastPc)));
      bytes.push(...zigzag(position(offset, inlining) - last));
      lastPc = pc;
      last = position(offset, inlining);
    }
    const table = readPositionTable(Uint8Array.from(bytes), isUnsigned);
    expect([...table.pcs]).toEqual(wanted.map(({ pc }) => pc));
    expect([...table.offsets]).toEqual(wanted.map(({ offset }) => offset));
    expect([...table.inlinings]).toEqual(wanted.map(({ inlining }) => inlining));
    expect([-1, 0, 11, 12, 299, 300, 9999].map((pc) => positionIndexAt(table, pc))).toEqual([
      -1, 0, 0, 2, 2, 3, 3,
    ]);
  });

  it('of inlined calls', () => {
    const bytes = Buffer.alloc(32);
    bytes.writeBigUInt64LE(BigInt(position(77, -1)), 0);
    bytes.writeInt32LE(3, 8);
    bytes.writeBigUInt64LE(BigInt(position(8, 0)), 16);
    bytes.writeInt32LE(-1, 24);
    expect(readInlinedCalls(bytes)).toEqual([
      { offset: 77, inlining: -1, sharedLiteral: 3 },
      { offset: 8, inlining: 0, sharedLiteral: -1 },
    ]);
    expect(inlinePosition(position(2 ** 29, 65_534))).toEqual({ offset: 2 ** 29, inlining: 65_534 });
  });

  it('of slow paths behind the body come from the jump there', () => {
    const code = Buffer.alloc(64, 0x90);
    code.set([0x0f, 0x84], 4);
    code.writeInt32LE(40 - 10, 6);
    const table = {
      pcs: Int32Array.of(0, 20),
      offsets: Int32Array.of(1, 2),
      inlinings: Int16Array.of(-1, -1),
    };
    const jumps = deferredJumps(code, table);
    expect(jumps).toEqual([{ from: 4, to: 40 }]);
    expect(bodyOffsetOf(jumps, table, 44)).toBe(4);
    expect(bodyOffsetOf(jumps, table, 30)).toBeNaN();
    expect(bodyOffsetOf(jumps, table, 10)).toBeNaN();
  });
});

it('baseline code: bytecode by bytecode, prefixes belong to what they widen', () => {
  const sizes = { sizes: Uint8Array.from([1, 1, 1, 1, 2, 3, 1, 1, 1, 1, 3, 5, 1, 1, 1, 1, 5, 9]), count: 6 };
  const bytecodes = Uint8Array.from([4, 0, 0, 5, 0, 0, 0, 0, 4, 0]);
  const table = Uint8Array.from([...unsigned(20), ...unsigned(8), ...unsigned(200), ...unsigned(5)]);
  const at = (pc: number) => bytecodeOffsetOf(table, bytecodes, sizes, pc);
  expect([0, 19, 20, 27, 28, 227, 228, 232].map(at)).toEqual([-1, -1, 0, 0, 2, 2, 8, 8]);
  expect(at(5000)).toBeNaN();
});
