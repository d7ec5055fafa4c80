import { describe, expect, test } from 'vitest';
import { blockPositionAt } from './block-position.ts';
import type { PositionTable } from './position-table.ts';

/** [pc, inlining id] each; −1 is the function that was optimised itself. */
function positions(...entries: [pc: number, inlining: number][]): PositionTable {
  return {
    pcs: Int32Array.from(entries, ([pc]) => pc),
    offsets: Int32Array.from(entries, (_, index) => index),
    inlinings: Int16Array.from(entries, ([, inlining]) => inlining),
  };
}

/** `nop` everywhere, with jumps: `jmp`, `ja` (both rel32), `ja8`, `jmp8`. */
function code(length: number, ...jumps: [at: number, kind: 'jmp' | 'ja' | 'ja8' | 'jmp8', to: number][]) {
  const bytes = Buffer.alloc(length, 0x90);
  for (const [at, kind, to] of jumps) {
    if (kind === 'jmp8' || kind === 'ja8') {
      bytes[at] = kind === 'ja8' ? 0x77 : 0xeb;
      bytes.writeInt8(to - (at + 2), at + 1);
    } else if (kind === 'jmp') {
      bytes[at] = 0xe9;
      bytes.writeInt32LE(to - (at + 5), at + 1);
    } else {
      bytes[at] = 0x0f;
      bytes[at + 1] = 0x87;
      bytes.writeInt32LE(to - (at + 6), at + 2);
    }
  }
  return bytes;
}

describe('blockPositionAt', () => {
  const table = positions([0x10, -1], [0x52, -1], [0x86, 3], [0x100, 3], [0x300, -1]);

  test('without jumps it is the last position before', () => {
    expect(blockPositionAt(table, code(0x400), 0x60)).toBe(1);
    expect(blockPositionAt(table, code(0x400), 0x86)).toBe(2);
    expect(blockPositionAt(table, code(0x400), 0x5)).toBe(-1);
  });

  test('the head of an inlined loop belongs to the loop', () => {
    for (const kind of ['ja', 'jmp'] as const) {
      const loop = code(0x400, [0x200, kind, 0x80]);
      expect(blockPositionAt(table, loop, 0x83)).toBe(2);
      // Before the head it is the function around.
      expect(blockPositionAt(table, loop, 0x7f)).toBe(1);
    }
    expect(blockPositionAt(table, code(0x400, [0xa0, 'ja8', 0x80]), 0x80)).toBe(2);
  });

  test('a loop of the same function changes nothing', () => {
    const same = positions([0x10, -1], [0x52, -1], [0x86, -1]);
    expect(blockPositionAt(same, code(0x400, [0x200, 'ja', 0x80]), 0x83)).toBe(1);
  });

  test('a loop that ends before the next position changes nothing', () => {
    expect(blockPositionAt(table, code(0x400, [0x84, 'jmp8', 0x60]), 0x70)).toBe(1);
  });

  test('a slow path belongs to where it was left from', () => {
    const slow = code(0x400, [0x90, 'ja', 0x320], [0x31b, 'jmp', 0x110]);
    expect(blockPositionAt(table, slow, 0x330)).toBe(2);
    // What others fall into may come from either.
    expect(blockPositionAt(table, code(0x400, [0x90, 'ja', 0x320]), 0x330)).toBe(4);
  });

  test('jumps that lead out of the code or are cut are none', () => {
    const bytes = code(0x100, [0xf0, 'ja', 0x4000]);
    expect(blockPositionAt(table, bytes.subarray(0, 0xf3), 0x83)).toBe(1);
    expect(blockPositionAt(positions(), bytes, 0x83)).toBe(-1);
  });
});
