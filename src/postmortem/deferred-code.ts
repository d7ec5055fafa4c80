import { type PositionTable, positionIndexAt } from './position-table.ts';

/** A jump from the body of a function into code that was put behind it; offsets from the beginning of the instructions. */
interface Jump {
  from: number;
  to: number;
}

/**
 * Jumps out of the body of x86-64 code (`jcc rel32`, `jmp rel32`) to behind its last source position, by target.
 * Maglev puts slow paths there and records no positions for them (research/inlined-frames.md §3.4). Bytes are looked at
 * without decoding instructions: a false one would need four bytes that happen to lead there.
 */
export function deferredJumps(instructions: Uint8Array, table: PositionTable): Jump[] {
  const lastPosition = table.pcs.at(-1) ?? Number.POSITIVE_INFINITY;
  const jumps: Jump[] = [];
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
  for (let at = 0; at + 5 <= instructions.length && at <= lastPosition; at++) {
    const first = instructions[at]!;
    let end: number;
    if (first === 0xe9) end = at + 5;
    else if (first === 0x0f && (instructions[at + 1]! & 0xf0) === 0x80) end = at + 6;
    else continue;
    if (end > instructions.length) continue;
    const to = end + view.getInt32(end - 4, true);
    if (to > lastPosition && to < instructions.length) jumps.push({ from: at, to });
  }
  return jumps.sort((left, right) => left.to - right.to);
}

/** Where in the body the slow path began that an instruction belongs to; NaN: it is in the body, or no jump tells. */
export function bodyOffsetOf(jumps: readonly Jump[], table: PositionTable, pc: number): number {
  if (positionIndexAt(table, pc) !== table.pcs.length - 1) return Number.NaN;
  let best = Number.NaN;
  for (const { from, to } of jumps) {
    if (to > pc) break;
    best = from;
  }
  return best;
}
