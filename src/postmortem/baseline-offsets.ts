import type { ImageSymbols } from '../linux/native-symbol.ts';
import { ByteCursor } from './byte-cursor.ts';
import type { JitCode } from './jit-code.ts';
import { field, isHeapObject, smiField } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/**
 * Sizes of bytecodes with their operands, bytes: three tables of one per bytecode, for operands of single, double (after
 * the prefix Wide) and fourfold width (ExtraWide). V8: src/interpreter/bytecodes.h.
 */
export interface BytecodeSizes {
  sizes: Uint8Array;
  /** How many bytecodes there are. */
  count: number;
}

/** Wide, ExtraWide, DebugBreakWide, DebugBreakExtraWide: the first four bytecodes. */
const PREFIXES = 4;
const MOST_BYTES = 1024 * 1024;

/**
 * Bytecode offset that an offset of baseline code belongs to; NaN: the table is damaged.
 * Baseline code is bytecode by bytecode in order; its table has the machine code's length of the prologue, then of each
 * bytecode (V8: src/baseline/bytecode-offset-iterator.h).
 * @param pc the last byte of the call for return addresses
 */
export function bytecodeOffsetOf(
  table: Uint8Array,
  bytecodes: Uint8Array,
  { sizes, count }: BytecodeSizes,
  pc: number,
): number {
  const cursor = new ByteCursor(table);
  let end = cursor.unsigned();
  if (pc < end) return -1;
  let offset = 0;
  while (offset < bytecodes.length) {
    end += cursor.unsigned();
    if (Number.isNaN(end)) return Number.NaN;
    if (pc < end) return offset;
    const first = bytecodes[offset]!;
    if (first < PREFIXES) {
      const scale = first % 2 === 0 ? 1 : 2;
      offset += 1 + (sizes[scale * count + (bytecodes[offset + 1] ?? 0)] || 1);
    } else {
      offset += sizes[first] || 1;
    }
  }
  return Number.NaN;
}

/** By symbols, not by reader: the binary stays the same when a process goes on. */
const sizesOf = new WeakMap<ImageSymbols, BytecodeSizes | undefined>();

/** The binary's own table; undefined: it has no symbols. */
function bytecodeSizes(v8: V8Reader): BytecodeSizes | undefined {
  if (sizesOf.has(v8.symbols)) return sizesOf.get(v8.symbols);
  const name = '_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE';
  const symbol = v8.symbols.withPrefix(name).get(name);
  let sizes: BytecodeSizes | undefined;
  if (symbol !== undefined && symbol.size > 0 && symbol.size <= 3 * 256 && symbol.size % 3 === 0) {
    const bytes = v8.memory.bytes(symbol.address, symbol.size);
    if (bytes.length === symbol.size) sizes = { sizes: bytes, count: symbol.size / 3 };
  }
  sizesOf.set(v8.symbols, sizes);
  return sizes;
}

/** Bytecode offset of a pc in baseline code; NaN unknown. */
export function baselineOffset(v8: V8Reader, code: JitCode, bytecodeArray: number, pc: number): number {
  const sizes = bytecodeSizes(v8);
  const table = field(v8, code.address, 'Code.bytecodeOffsets');
  const tableLength = smiField(v8, table, 'FixedArray.length');
  const length = smiField(v8, bytecodeArray, 'BytecodeArray.length');
  if (sizes === undefined || !isHeapObject(table) || !(tableLength <= MOST_BYTES && length <= MOST_BYTES)) {
    return Number.NaN;
  }
  const { memory, layout } = v8;
  return bytecodeOffsetOf(
    memory.bytes(table - 1 + layout.offset('FixedArray.data'), tableLength),
    memory.bytes(bytecodeArray - 1 + layout.offset('BytecodeArray.data'), length),
    sizes,
    pc - code.start,
  );
}
