import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DwarfCursor } from './dwarf-cursor.ts';

const cursor = (...bytes: number[]): DwarfCursor => new DwarfCursor(Uint8Array.from(bytes), 0x1000);

/** LEB128 as DWARF 5 §7.6 tells to write it. */
function leb(value: number, isSigned: boolean): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; ) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = isSigned ? rest === ((byte & 0x40) === 0 ? 0n : -1n) : rest === 0n;
    bytes.push(isLast ? byte : byte | 0x80);
    if (isLast) return bytes;
  }
}

describe('DwarfCursor', () => {
  test('numbers of any length', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeInteger(), (natural, integer) => {
        const both = cursor(...leb(natural, false), ...leb(integer, true));
        expect([both.uleb(), both.sleb(), both.isAtEnd]).toEqual([natural, integer, true]);
      }),
    );
    // DWARF 5, figures C.1 and C.2.
    expect([cursor(0xe5, 0x8e, 0x26).uleb(), cursor(0x80, 0x7f).sleb()]).toEqual([624485, -128]);
  });

  test('words and texts', () => {
    const words = cursor(1, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x61, 0x62, 0);
    expect([words.u8(), words.i64(), words.text(), words.isAtEnd]).toEqual([1, -2, 'ab', true]);
    expect(cursor(0, 0, 0, 0, 1, 0, 0, 0).u64()).toBe(2 ** 32);
  });

  test('pointers: absolute, relative to where they stand, signed; left out', () => {
    expect(cursor(0x10, 0, 0, 0).pointer(0x03)).toBe(0x10);
    const relative = cursor(0, 0xf0, 0xff, 0xff, 0xff);
    relative.skip(1);
    expect(relative.pointer(0x1b)).toBe(0x1001 - 0x10);
    expect(cursor(0xfe, 0xff).pointer(0x0a)).toBe(-2);
    expect(cursor().pointer(0xff)).toBe(0);
    // Relative to .text or .data, which nobody writes on x86-64.
    expect(() => cursor(0, 0, 0, 0).pointer(0x33)).toThrow(RangeError);
    expect(() => cursor(0, 0, 0, 0).pointer(0x05)).toThrow(RangeError);
  });

  test('the end of the bytes is a RangeError, whatever is asked', () => {
    const questions: ((at: DwarfCursor) => unknown)[] = [
      (at) => at.u8(),
      (at) => at.u16(),
      (at) => at.u64(),
      (at) => at.uleb(),
      (at) => at.sleb(),
      (at) => at.text(),
      (at) => at.block(),
      (at) => at.skip(at.uleb()),
      (at) => at.pointer(at.u8()),
    ];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 20 }),
        fc.array(fc.nat(questions.length - 1)),
        (bytes, asked) => {
          const at = new DwarfCursor(bytes, 0);
          try {
            for (const which of asked) questions[which]!(at);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { numRuns: 2000 },
    );
    expect(() => cursor(...new Array(30).fill(0x80)).uleb()).toThrow(RangeError);
    expect(() => cursor(200, 1).block()).toThrow(RangeError);
  });
});
