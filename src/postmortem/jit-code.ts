import { field, hasType, isHeapObject, typeOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** Machine code that V8 made while the program ran. */
export interface JitCode {
  /** Tagged address of the Code object, which describes the instructions. */
  address: number;
  kind: 'baseline' | 'maglev' | 'turbofan' | 'regexp' | 'other';
  /** Of the instructions. */
  start: number;
  /** Bytes of instructions; the safepoint table begins behind them. */
  size: number;
}

/** How far behind its beginning a pc may lie, bytes: of a function; V8 optimises nothing of more than 60 kB of bytecode. */
const MOST_BYTES = 2 * 1024 * 1024;
const CHUNK = 4096;

interface Known {
  /** Map words of instruction streams: one per process, but a damaged core may show us another. */
  map: number;
  byPc: Map<number, JitCode>;
}

const known = new WeakMap<V8Reader, Known>();
const MOST_KNOWN = 20_000;

/**
 * The code an instruction belongs to, by looking backwards for the map of the object that holds the instructions
 * (V8: src/objects/instruction-stream.h; of V8 10 the Code itself); undefined: no code of V8's heap is there.
 */
export function jitCodeAt(v8: V8Reader, pc: number): JitCode | undefined {
  let cache = known.get(v8);
  if (cache === undefined) {
    cache = { map: Number.NaN, byPc: new Map() };
    known.set(v8, cache);
  }
  const cached = cache.byPc.get(pc);
  // The collector moves and frees code while the process goes on between two looks.
  if (cached !== undefined && isStillThere(v8, cached)) return cached;
  const code = findCode(v8, pc, cache);
  if (code === undefined) cache.byPc.delete(pc);
  else {
    if (cache.byPc.size >= MOST_KNOWN) cache.byPc.clear();
    cache.byPc.set(pc, code);
  }
  return code;
}

function isStillThere(v8: V8Reader, code: JitCode): boolean {
  return startOf(v8, code.address) === code.start && sizeOf(v8, code.address) === code.size;
}

function findCode(v8: V8Reader, pc: number, cache: Known): JitCode | undefined {
  if (!(pc > MOST_BYTES && pc < 2 ** 47)) return undefined;
  const lowest = pc - MOST_BYTES;
  const streamType = v8.layout.types.get('INSTRUCTION_STREAM_TYPE') ?? v8.layout.types.get('CODE_TYPE');
  for (let chunk = Math.floor(pc / CHUNK) * CHUNK; chunk > lowest; chunk -= CHUNK) {
    const bytes = v8.memory.bytes(chunk, CHUNK);
    // Nothing is mapped there: what lies behind belongs to something else.
    if (bytes.length < CHUNK) return undefined;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, CHUNK / 4);
    const last = chunk + CHUNK > pc ? Math.floor((pc - chunk) / 8) * 2 : words.length - 2;
    for (let index = last; index >= 0; index -= 2) {
      const low = words[index]!;
      if ((low & 3) !== 1) continue;
      const word = words[index + 1]! * 2 ** 32 + low;
      if (
        word !== cache.map &&
        !(isHeapObject(word) && streamType === typeOfStream(v8, chunk + index * 4 + 1))
      ) {
        continue;
      }
      const code = readCode(v8, chunk + index * 4 + 1, pc);
      if (code === undefined) continue;
      cache.map = word;
      return code;
    }
  }
  return undefined;
}

/** Words of code that look like addresses are many: only those in the range of V8's read-only space are worth a look. */
function typeOfStream(v8: V8Reader, stream: number): number {
  return typeOf(v8, stream);
}

/** Undefined: not a Code, or not one with this pc. */
function readCode(v8: V8Reader, stream: number, pc: number): JitCode | undefined {
  const code = jitCodeOf(v8, stream);
  // A return address behind the last call of a function that never returns lies at its very end.
  return code !== undefined && pc >= code.start && pc <= code.start + code.size ? code : undefined;
}

/** Code of the object that holds its instructions (tagged: an InstructionStream, of V8 10 the Code itself); undefined: it is none. */
export function jitCodeOf(v8: V8Reader, stream: number): JitCode | undefined {
  const back = v8.layout.offset('InstructionStream.code');
  const address = Number.isNaN(back) ? stream : v8.memory.word(stream - 1 + back);
  if (!hasType(v8, address, 'CODE_TYPE')) return undefined;
  const start = startOf(v8, address);
  const size = sizeOf(v8, address);
  return size > 0 && size < MOST_BYTES ? { address, kind: kindOf(v8, address), start, size } : undefined;
}

function startOf(v8: V8Reader, code: number): number {
  const embedded = v8.layout.offset('Code.instructions');
  return Number.isNaN(embedded) ? field(v8, code, 'Code.instructionStart') : code - 1 + embedded;
}

function sizeOf(v8: V8Reader, code: number): number {
  return v8.memory.u32(code - 1 + v8.layout.offset('Code.instructionSize'));
}

function kindOf(v8: V8Reader, code: number): JitCode['kind'] {
  const { layout } = v8;
  const kind = v8.memory.u32(code - 1 + layout.offset('Code.flags')) & layout.number('Code.kindMask');
  const baseline = layout.number('CodeKind.baseline');
  if (kind === baseline) return 'baseline';
  // Measured versions number them so, too; of others only the metadata's own number can be trusted.
  if (kind === (layout.isKnown ? layout.number('CodeKind.maglev') : baseline + 1)) return 'maglev';
  if (kind === (layout.isKnown ? layout.number('CodeKind.turbofan') : baseline + 2)) return 'turbofan';
  // V8: src/objects/code-kind.h, seven before INTERPRETED_FUNCTION in all versions.
  return kind === layout.number('CodeKind.interpreted') - 7 + (layout.v8Number >= 120 ? 1 : 0)
    ? 'regexp'
    : 'other';
}
