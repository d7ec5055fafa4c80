import { ByteCursor } from './byte-cursor.ts';

/** V8's SourcePosition (src/codegen/source-position.h), taken apart. */
export interface InlinePosition {
  /** Character in the script, 0-based; −1 unknown. */
  offset: number;
  /** Record of the inlining positions; −1: the function that was optimised itself. */
  inlining: number;
}

/** Source positions of optimised code by instruction offset, ascending. Structure of arrays. */
export interface PositionTable {
  pcs: Int32Array;
  offsets: Int32Array;
  inlinings: Int16Array;
}

const MOST_ENTRIES = 1_000_000;

/** Takes a SourcePosition apart: bit 0 external, 30 bits offset + 1, 16 bits inlining + 1. 47 bits: exact as a number. */
export function inlinePosition(value: number): InlinePosition {
  return {
    offset: (Math.floor(value / 2) % 2 ** 30) - 1,
    inlining: (Math.floor(value / 2 ** 31) % 2 ** 16) - 1,
  };
}

/**
 * Decodes the table of optimised code (V8: src/codegen/source-position-table.cc). Stops at what cannot be.
 * @param isUnsigned V8 14: steps are unsigned, with two flags below
 */
export function readPositionTable(bytes: Uint8Array, isUnsigned: boolean): PositionTable {
  const pcs: number[] = [];
  const offsets: number[] = [];
  const inlinings: number[] = [];
  const cursor = new ByteCursor(bytes);
  let pc = -1;
  let value = 0;
  while (!cursor.isAtEnd && pcs.length < MOST_ENTRIES) {
    if (isUnsigned) pc += Math.floor(cursor.unsigned() / 4);
    else {
      const step = cursor.zigzag();
      pc += step >= 0 ? step : -(step + 1);
    }
    value += cursor.zigzag();
    if (!(value >= 0 && value < 2 ** 48 && pc < 2 ** 30)) break;
    const position = inlinePosition(value);
    pcs.push(pc);
    offsets.push(position.offset);
    inlinings.push(position.inlining);
  }
  return {
    pcs: Int32Array.from(pcs),
    offsets: Int32Array.from(offsets),
    inlinings: Int16Array.from(inlinings),
  };
}

/** Index of the last entry at or before an instruction; −1: none. */
export function positionIndexAt(table: PositionTable, pc: number): number {
  let low = 0;
  let high = table.pcs.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (table.pcs[middle]! <= pc) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}

/** Where an inlined call stands. */
export interface InlinedCall extends InlinePosition {
  /** Literal with the SharedFunctionInfo of what was inlined; −1: none. */
  sharedLiteral: number;
}

/** Records of 16 bytes: SourcePosition of the call in its parent, literal of the inlined function. */
export function readInlinedCalls(bytes: Uint8Array): InlinedCall[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const calls: InlinedCall[] = [];
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const value = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
    calls.push({ ...inlinePosition(value), sharedLiteral: view.getInt32(at + 8, true) });
  }
  return calls;
}
