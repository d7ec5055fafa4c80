import { type PositionTable, positionIndexAt } from './position-table.ts';

/** Longest look for jumps, bytes of instructions on both sides: loops and slow paths of most functions. */
const REACH = 64 * 1024;

/**
 * Entry of the table of source positions that an instruction of TurboFan's belongs to; −1: none.
 *
 * Only instructions that may call or throw have positions, so the last one before an instruction may be of another block,
 * and name the function around the one that was inlined. Where a jump leads to between the two, the block begins there:
 * the head of a loop goes with what comes next in it, a slow path behind an unconditional jump with where it was left from.
 * Bytes are looked at without decoding instructions: a false jump would need bytes that happen to lead there.
 */
export function blockPositionAt(table: PositionTable, instructions: Uint8Array, pc: number): number {
  const index = positionIndexAt(table, pc);
  const last = index < 0 ? 0 : table.pcs[index]!;
  const next = table.pcs[index + 1] ?? Number.POSITIVE_INFINITY;
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
  const end = Math.min(instructions.length, pc + REACH);
  for (let at = Math.max(0, pc - REACH); at + 2 <= end; at++) {
    const jumpEnd = endOfJump(instructions, at);
    if (jumpEnd === 0 || jumpEnd > instructions.length) continue;
    const target = jumpEnd + (jumpEnd === at + 2 ? view.getInt8(at + 1) : view.getInt32(jumpEnd - 4, true));
    if (target <= last || target > pc) continue;
    // Back to the head of a loop from behind what comes next.
    if (at > pc) {
      if (next < at && isInside(table, index + 1, index)) return index + 1;
    } else if (at < last && followsJump(instructions, target)) return positionIndexAt(table, at);
  }
  return index;
}

/** 0: no jump begins there. Short and long, conditional or not; not `call`. */
function endOfJump(instructions: Uint8Array, at: number): number {
  const first = instructions[at]!;
  if (first === 0xe9) return at + 5;
  if (first === 0xeb || (first & 0xf0) === 0x70) return at + 2;
  return first === 0x0f && (instructions[at + 1]! & 0xf0) === 0x80 ? at + 6 : 0;
}

/** Nothing falls through into it. */
function followsJump(instructions: Uint8Array, at: number): boolean {
  return instructions[at - 5] === 0xe9 || instructions[at - 2] === 0xeb;
}

/** Is the one an inlined function, and the other not the same? */
function isInside(table: PositionTable, index: number, outer: number): boolean {
  const inlining = table.inlinings[index]!;
  return inlining >= 0 && inlining !== (outer < 0 ? -1 : table.inlinings[outer]!);
}
