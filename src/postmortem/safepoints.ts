import { ByteCursor } from './byte-cursor.ts';

/** A place where optimised code calls out; offsets in bytes from the beginning of its instructions. */
export interface Safepoint {
  /** Return address. */
  pc: number;
  /** Entry of the deoptimization data; −1: none. */
  deoptIndex: number;
  /** Where the return address is made to point to when the code was invalidated meanwhile; −1: none. */
  trampoline: number;
}

/** How the header of the table looks (research/inlined-frames.md §1). */
export interface SafepointShape {
  /** From V8 13 the table begins with the number of stack slots. */
  hasStackSlots: boolean;
  /** Maglev: a third number in the header, and a byte more per entry. */
  isMaglev: boolean;
}

/** Bytes to read for the header. */
export const SAFEPOINT_HEADER = 16;
const MOST_ENTRIES = 65_536;

/**
 * Size of a table by its header, bytes; NaN when the header cannot be one.
 */
export function safepointTableSize(header: Uint8Array, shape: SafepointShape): number {
  const { count, entrySize, headerSize } = readHeader(header, shape);
  return count <= MOST_ENTRIES ? headerSize + count * entrySize : Number.NaN;
}

/** All entries, ascending by pc (V8: src/codegen/safepoint-table.h); empty when the bytes are no table. */
export function readSafepoints(bytes: Uint8Array, shape: SafepointShape): Safepoint[] {
  const header = readHeader(bytes, shape);
  const safepoints: Safepoint[] = [];
  if (!(header.count <= MOST_ENTRIES)) return [];
  for (let index = 0; index < header.count; index++) {
    const cursor = new ByteCursor(bytes, header.headerSize + index * header.entrySize);
    const pc = cursor.fixed(header.pcSize);
    const deoptIndex = header.hasDeopt ? cursor.fixed(header.deoptSize) - 1 : -1;
    const trampoline = header.hasDeopt ? cursor.fixed(header.pcSize) - 1 : -1;
    if (Number.isNaN(pc + deoptIndex + trampoline)) break;
    safepoints.push({ pc, deoptIndex, trampoline });
  }
  return safepoints;
}

interface Header {
  count: number;
  headerSize: number;
  entrySize: number;
  hasDeopt: boolean;
  pcSize: number;
  deoptSize: number;
}

function readHeader(bytes: Uint8Array, shape: SafepointShape): Header {
  const cursor = new ByteCursor(bytes);
  if (shape.hasStackSlots) cursor.fixed(4);
  const count = cursor.fixed(4);
  const configuration = cursor.fixed(4);
  if (shape.isMaglev) cursor.fixed(4);
  const hasDeopt = (configuration & 1) !== 0;
  const registerSize = (configuration >>> 1) & 7;
  const pcSize = (configuration >>> 4) & 7;
  const deoptSize = (configuration >>> 7) & 7;
  return {
    count,
    headerSize: cursor.at,
    entrySize: pcSize + (hasDeopt ? deoptSize + pcSize : 0) + registerSize + (shape.isMaglev ? 1 : 0),
    hasDeopt,
    pcSize,
    deoptSize,
  };
}

/**
 * The entry of a return address; undefined: this is none. Code that was invalidated while it was on the stack returns to
 * the entry's trampoline instead.
 */
export function safepointAt(safepoints: readonly Safepoint[], pc: number): Safepoint | undefined {
  return safepoints.find((entry) => entry.pc === pc || (entry.trampoline >= 0 && entry.trampoline === pc));
}
