import type { ImageSymbols } from '../linux/native-symbol.ts';
import { type PositionTable, readPositionTable } from './position-table.ts';
import { field, hasType, isBytecodeArray, smiField } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** Of one function; Node's own longest is 30 kB. */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_TABLES = 2000;

/** By BytecodeArray: several frames of a stack, and several looks, are in the same function. */
const tables = new WeakMap<V8Reader, Map<number, PositionTable | undefined>>();
/** Decoded in earlier looks at the same process, by the address of the table; good while its bytes are the same. */
const decoded = new WeakMap<ImageSymbols, Map<number, { bytes: Buffer; table: PositionTable | undefined }>>();

/**
 * Where in its script (UTF-16 units) the bytecode at an offset comes from: of a frame, the position of the call that is
 * going on. NaN: V8 kept no positions for this function, or they cannot be read.
 * @param bytecodeOffset from the first byte of the bytecode; −1: before the first, the function is being entered
 */
export function positionAt(v8: V8Reader, bytecodeArray: number, bytecodeOffset: number): number {
  const table = tableOf(v8, bytecodeArray);
  if (table === undefined || Number.isNaN(bytecodeOffset)) return Number.NaN;
  const { pcs, offsets } = table;
  let low = 0;
  let high = pcs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pcs[middle]! <= bytecodeOffset) low = middle + 1;
    else high = middle;
  }
  // Before the first entry V8 itself answers with the first (Error.stack of a frame on entry).
  return offsets[Math.max(0, low - 1)] ?? Number.NaN;
}

/** All positions of a function by bytecode offset, ascending; undefined: none. */
export function tableOf(v8: V8Reader, bytecodeArray: number): PositionTable | undefined {
  let known = tables.get(v8);
  if (known === undefined) {
    known = new Map();
    tables.set(v8, known);
  }
  if (known.has(bytecodeArray)) return known.get(bytecodeArray);
  const table = readTable(v8, bytecodeArray);
  if (known.size >= MOST_TABLES) known.clear();
  known.set(bytecodeArray, table);
  return table;
}

function readTable(v8: V8Reader, bytecodeArray: number): PositionTable | undefined {
  if (!isBytecodeArray(v8, bytecodeArray)) return undefined;
  const positions = field(v8, bytecodeArray, 'BytecodeArray.sourcePositions');
  if (!hasType(v8, positions, 'BYTE_ARRAY_TYPE') && !hasType(v8, positions, 'TRUSTED_BYTE_ARRAY_TYPE'))
    return undefined;
  const length = smiField(v8, positions, 'FixedArray.length');
  if (!(length > 0 && length <= MOST_BYTES)) return undefined;
  const bytes = v8.memory.bytes(positions - 1 + v8.layout.offset('FixedArray.data'), length);
  let before = decoded.get(v8.symbols);
  if (before === undefined) {
    before = new Map();
    decoded.set(v8.symbols, before);
  }
  const known = before.get(positions);
  if (known?.bytes.equals(bytes) === true) return known.table;
  const codeLength = smiField(v8, bytecodeArray, 'BytecodeArray.length');
  const table = choosePositions(bytes, codeLength, v8.layout.number('SourcePositions.isUnsigned') === 1);
  if (before.size >= MOST_TABLES) before.clear();
  before.set(positions, { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), table });
  return table;
}

/**
 * Decodes a table in the encoding of the version, or in the other when the result cannot be: a new V8 may have changed
 * sides, and a wrong reading shows at once (bytecode offsets behind the end of the function).
 * @param codeLength bytes of bytecode; NaN unknown
 */
export function choosePositions(
  bytes: Uint8Array,
  codeLength: number,
  isUnsigned: boolean,
): PositionTable | undefined {
  for (const encoding of [isUnsigned, !isUnsigned]) {
    const table = readPositionTable(bytes, encoding);
    if (isPlausible(table, codeLength)) return table;
  }
  return undefined;
}

function isPlausible({ pcs, offsets, inlinings }: PositionTable, codeLength: number): boolean {
  if (pcs.length === 0) return false;
  for (let index = 0; index < pcs.length; index++) {
    // Bytecode has no inlined functions: an inlining id is a sign of misreading.
    if (offsets[index]! < 0 || inlinings[index]! !== -1) return false;
    if (pcs[index]! < (index === 0 ? -1 : pcs[index - 1]!)) return false;
  }
  return !(pcs[pcs.length - 1]! >= codeLength);
}
