import type { ImageSymbols } from '../linux/native-symbol.ts';
import type { JitCode } from './jit-code.ts';
import {
  type InlinedCall,
  type PositionTable,
  readInlinedCalls,
  readPositionTable,
} from './position-table.ts';
import { readSafepoints, SAFEPOINT_HEADER, type Safepoint, safepointTableSize } from './safepoints.ts';
import { dialectOf } from './translation-opcodes.ts';
import { readTranslation, type Translation } from './translations.ts';
import { field, isHeapObject, isSharedFunctionInfo, objectOf, smiOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** What V8 keeps beside optimised code to be able to leave it (research/inlined-frames.md §1). */
export interface OptimizedCode {
  code: JitCode;
  /** SharedFunctionInfo of the function that was optimised; NaN unknown. */
  shared: number;
  /** A FixedArray-like of literals, tagged. */
  literals: number;
  safepoints: Safepoint[];
  positions: PositionTable;
  inlinedCalls: InlinedCall[];
  translations: Uint8Array;
  /** DeoptimizationData, tagged. */
  data: number;
  optimizationId: number;
}

/** What of it are bytes without addresses: good for as long as this code is there, also after the process went on. */
type CodeTables = Pick<
  OptimizedCode,
  'safepoints' | 'positions' | 'inlinedCalls' | 'translations' | 'data' | 'optimizationId'
> & { start: number };

/** More than the largest table of a function; damaged lengths end here. */
const MOST_BYTES = 8 * 1024 * 1024;

const decoded = new WeakMap<V8Reader, Map<number, OptimizedCode>>();
const tablesOfImage = new WeakMap<ImageSymbols, Map<number, CodeTables>>();
const MOST_DECODED = 5_000;

/** Tables of a piece of optimised code, read once; what is missing or damaged is empty. */
export function readOptimizedCode(v8: V8Reader, code: JitCode): OptimizedCode {
  let cache = decoded.get(v8);
  if (cache === undefined) {
    cache = new Map();
    decoded.set(v8, cache);
  }
  const data = field(v8, code.address, 'Code.deoptimizationData');
  const optimizationId = smiOf(slot(v8, data, 'DeoptimizationData.optimizationId'));
  const known = cache.get(code.address);
  if (known !== undefined && known.code.start === code.start && known.optimizationId === optimizationId)
    return known;
  const optimized = decode(v8, code, data, optimizationId);
  if (cache.size >= MOST_DECODED) cache.clear();
  cache.set(code.address, optimized);
  return optimized;
}

function decode(v8: V8Reader, code: JitCode, data: number, optimizationId: number): OptimizedCode {
  const { safepoints, positions, inlinedCalls, translations } = tablesOf(v8, code, data, optimizationId);
  return {
    code,
    shared: ownShared(v8, data),
    literals: slot(v8, data, 'DeoptimizationData.literals'),
    safepoints,
    positions,
    inlinedCalls,
    translations,
    data,
    optimizationId,
  };
}

/** Kept by image, for several looks at one process: V8 gives each optimised code of an isolate a number of its own. */
function tablesOf(v8: V8Reader, code: JitCode, data: number, optimizationId: number): CodeTables {
  let kept = tablesOfImage.get(v8.symbols);
  if (kept === undefined) {
    kept = new Map();
    tablesOfImage.set(v8.symbols, kept);
  }
  const known = kept.get(code.address);
  if (
    known !== undefined &&
    known.start === code.start &&
    known.data === data &&
    known.optimizationId === optimizationId
  )
    return known;
  const positions = byteArray(v8, field(v8, code.address, 'Code.sourcePositions'));
  const tables: CodeTables = {
    start: code.start,
    data,
    optimizationId,
    safepoints: safepointsOf(v8, code),
    positions: readPositionTable(positions, v8.layout.number('SourcePositions.isUnsigned') === 1),
    inlinedCalls: readInlinedCalls(byteArray(v8, slot(v8, data, 'DeoptimizationData.inliningPositions'))),
    translations: byteArray(v8, slot(v8, data, 'DeoptimizationData.translation')),
  };
  if (kept.size >= MOST_DECODED) kept.clear();
  // Without a number it cannot be told from another that comes to lie there.
  if (!Number.isNaN(optimizationId)) kept.set(code.address, tables);
  return tables;
}

/** SharedFunctionInfo of the function that optimised code is of, without reading its tables; NaN unknown. */
export function optimizedShared(v8: V8Reader, code: JitCode): number {
  return ownShared(v8, field(v8, code.address, 'Code.deoptimizationData'));
}

/** The frames a deopt index stands for; undefined: there is no such entry. */
export function translationOf(
  v8: V8Reader,
  optimized: OptimizedCode,
  deoptIndex: number,
): Translation | undefined {
  // An entry is three Smis: bytecode offset or builtin, first byte of its translation, pc.
  const at = v8.layout.number('DeoptimizationData.firstEntry') + 3 * deoptIndex;
  if (!(deoptIndex >= 0 && at + 3 <= smiOf(lengthWord(v8, optimized.data)))) return undefined;
  const start = smiOf(element(v8, optimized.data, at + 1));
  if (!(start >= 0)) return undefined;
  return readTranslation(optimized.translations, start, dialectOf(v8.layout.v8Number));
}

/** A literal of optimised code; NaN: collected meanwhile (literals are weak), or no object. */
export function literalAt(v8: V8Reader, optimized: OptimizedCode, index: number): number {
  return objectOf(literalWord(v8, optimized, index));
}

/** The same as a tagged word, Smis too. */
export function literalWord(v8: V8Reader, optimized: OptimizedCode, index: number): number {
  if (!(index >= 0 && index < smiOf(lengthWord(v8, optimized.literals)))) return Number.NaN;
  const word = wordAt(v8, optimized.literals, v8.layout.offset('FixedArray.data') + 8 * index);
  const object = objectOf(word);
  return Number.isNaN(object) ? word : object;
}

function safepointsOf(v8: V8Reader, code: JitCode): Safepoint[] {
  const shape = { hasStackSlots: v8.layout.v8Number >= 130, isMaglev: code.kind === 'maglev' };
  const table = code.start + code.size;
  const size = safepointTableSize(v8.memory.bytes(table, SAFEPOINT_HEADER), shape);
  return size < MOST_BYTES ? readSafepoints(v8.memory.bytes(table, size), shape) : [];
}

function ownShared(v8: V8Reader, data: number): number {
  let shared = slot(v8, data, 'DeoptimizationData.shared');
  if (v8.layout.number('DeoptimizationData.isWrapped') === 1 && !isSharedFunctionInfo(v8, shared)) {
    const offset = v8.layout.offset('SharedFunctionInfoWrapper.shared');
    shared = wordAt(v8, shared, Number.isNaN(offset) ? 8 : offset);
  }
  return isSharedFunctionInfo(v8, shared) ? shared : Number.NaN;
}

/** Bytes of a ByteArray or TrustedByteArray; none when it is none. */
function byteArray(v8: V8Reader, object: number): Uint8Array {
  const length = smiOf(lengthWord(v8, object));
  if (!(length > 0 && length <= MOST_BYTES)) return new Uint8Array();
  return v8.memory.bytes(object - 1 + v8.layout.offset('FixedArray.data'), length);
}

function slot(v8: V8Reader, data: number, name: string): number {
  const index = v8.layout.number(name);
  return index < smiOf(lengthWord(v8, data)) ? element(v8, data, index) : Number.NaN;
}

function element(v8: V8Reader, array: number, index: number): number {
  return wordAt(v8, array, v8.layout.offset('FixedArray.data') + 8 * index);
}

function lengthWord(v8: V8Reader, array: number): number {
  return isHeapObject(array) ? wordAt(v8, array, v8.layout.offset('FixedArray.length')) : Number.NaN;
}
