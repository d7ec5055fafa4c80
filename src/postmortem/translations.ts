import { ByteCursor } from './byte-cursor.ts';
import type { TranslationDialect, TranslationKind, TranslationOpcode } from './translation-opcodes.ts';

/** A value that the deoptimizer would put into a frame; where it is to be found. */
export interface TranslatedValue {
  /** `captured`: an object that optimised code never made. `value`: of another kind or lost. */
  kind: 'literal' | 'slot' | 'register' | 'captured' | 'value';
  /** Index of the literal, of the stack slot (V8's numbering), of the register; of a captured object that of its map's literal. */
  index: number;
}

/** A JavaScript frame that optimised code stands for. */
export interface TranslatedFrame {
  /** `continuation`: of an inlined builtin such as Array.prototype.map. */
  kind: 'function' | 'continuation';
  /** Of a function; −1 at its entry. NaN for continuations. */
  bytecodeOffset: number;
  /** Literal with its SharedFunctionInfo. Of continuations Maglev names the caller's: better ask `values[0]`. */
  sharedLiteral: number;
  /** Called by `new`. */
  isConstructor: boolean;
  /** The closure, the receiver, the parameters, …: the first of them. */
  values: TranslatedValue[];
}

export interface Translation {
  /** Outermost first. */
  frames: TranslatedFrame[];
  /** The bytes told their own counts of frames and both were right. */
  isSound: boolean;
}

interface Instruction {
  opcode: TranslationOpcode;
  operands: number[];
}

const MOST_INSTRUCTIONS = 100_000;
const MOST_VALUES = 16;

/**
 * Frames of the translation that begins at a byte (research/inlined-frames.md §2; V8: src/deoptimizer/translation-array.cc).
 * Hostile bytes give a translation that is not sound, never an exception.
 */
export function readTranslation(bytes: Uint8Array, at: number, dialect: TranslationDialect): Translation {
  const cursor = new ByteCursor(bytes, at);
  const begin = readInstruction(cursor, dialect);
  if (begin?.opcode.kind !== 'begin') return { frames: [], isSound: false };
  const lookback = dialect.hasLookback ? begin.operands[0]! : 0;
  const counted = dialect.hasLookback ? begin.operands.slice(1) : begin.operands;
  const basis = lookback > 0 ? readBasis(bytes, at - lookback, dialect) : [];
  const builder = new FrameBuilder(counted[0]!);
  let index = 0;
  while (index < MOST_INSTRUCTIONS && !cursor.isAtEnd) {
    const start = cursor.at;
    const instruction = readInstruction(cursor, dialect);
    if (instruction === undefined) return { frames: builder.frames, isSound: false };
    const { opcode, operands } = instruction;
    // All frames are complete when their values are, and only the next translation's beginning tells that.
    if (opcode.kind === 'begin') {
      cursor.at = start;
      break;
    }
    const repeats = opcode.kind === 'repeat' ? operands[0]! : 0;
    if (repeats === 0) {
      builder.add(opcode.kind, operands);
      index++;
      continue;
    }
    if (!(index + repeats <= basis.length)) return { frames: builder.frames, isSound: false };
    for (const end = index + repeats; index < end; index++) {
      builder.add(basis[index]!.opcode.kind, basis[index]!.operands);
    }
  }
  return {
    frames: builder.frames,
    isSound: builder.frameCount === counted[0] && builder.frames.length === counted[1],
  };
}

/** Instructions of a translation that another one repeats parts of; it repeats none itself. */
function readBasis(bytes: Uint8Array, at: number, dialect: TranslationDialect): Instruction[] {
  const cursor = new ByteCursor(bytes, at);
  const instructions: Instruction[] = [];
  if (!(at >= 0) || readInstruction(cursor, dialect)?.opcode.kind !== 'begin') return [];
  while (instructions.length < MOST_INSTRUCTIONS && !cursor.isAtEnd) {
    const instruction = readInstruction(cursor, dialect);
    if (instruction === undefined) break;
    if (instruction.opcode.kind === 'begin' || instruction.opcode.kind === 'repeat') break;
    instructions.push(instruction);
  }
  return instructions;
}

function readInstruction(cursor: ByteCursor, dialect: TranslationDialect): Instruction | undefined {
  const { opcodes } = dialect;
  const code = dialect.isOpcodeSigned ? cursor.signed() : cursor.u8();
  // A byte beyond the opcodes: repeat that many, in one byte.
  if (dialect.hasLookback && code >= opcodes.length) {
    return { opcode: opcodes.at(-1)!, operands: [code - opcodes.length] };
  }
  const opcode = opcodes[code];
  if (opcode === undefined) return undefined;
  const operands: number[] = [];
  for (let index = 0; index < opcode.operands; index++) {
    const isUnsigned =
      opcode.kind === 'repeat' || (opcode.kind === 'begin' && dialect.hasLookback && index === 0);
    operands.push(isUnsigned ? cursor.unsigned() : cursor.signed());
  }
  return operands.some(Number.isNaN) ? undefined : { opcode, operands };
}

/** Puts instructions together to frames with the first of their values. */
class FrameBuilder {
  readonly frames: TranslatedFrame[] = [];
  /** Of all kinds. */
  frameCount = 0;
  readonly #announced: number;
  #current: TranslatedFrame | undefined;
  /** A stub that constructs came before. */
  #isConstructor = false;
  /** Values that belong to a captured object, not to the frame. */
  #nested = 0;
  /** Captured objects by V8's numbering: a later value may be the same one. */
  readonly #objects: TranslatedValue[] = [];
  #expectsMap: TranslatedValue | undefined;

  constructor(announced: number) {
    this.#announced = announced;
  }

  add(kind: TranslationKind, operands: readonly number[]): void {
    switch (kind) {
      case 'begin':
      case 'repeat':
      case 'feedback':
        return;
      case 'function':
      case 'continuation':
      case 'construct':
      case 'frame':
        this.#addFrame(kind, operands);
        return;
      default:
        this.#addValue(kind, operands[0] ?? Number.NaN);
    }
  }

  #addFrame(kind: 'function' | 'continuation' | 'construct' | 'frame', operands: readonly number[]): void {
    this.frameCount++;
    this.#nested = 0;
    this.#expectsMap = undefined;
    this.#current = undefined;
    if (kind === 'construct') this.#isConstructor = true;
    if (kind === 'construct' || kind === 'frame' || this.frameCount > this.#announced) return;
    this.#current = {
      kind,
      bytecodeOffset: kind === 'function' ? operands[0]! : Number.NaN,
      sharedLiteral: operands[1]!,
      isConstructor: this.#isConstructor,
      values: [],
    };
    this.#isConstructor = false;
    this.frames.push(this.#current);
  }

  #addValue(kind: TranslationKind, index: number): void {
    const isObject = kind === 'captured' || kind === 'elements' || kind === 'concatenation';
    let value: TranslatedValue;
    if (kind === 'duplicate') value = this.#objects[index] ?? { kind: 'value', index: Number.NaN };
    else if (kind === 'literal' || kind === 'slot' || kind === 'register') value = { kind, index };
    else value = { kind: kind === 'captured' ? 'captured' : 'value', index: Number.NaN };
    if (isObject) this.#objects.push(value);
    // The first field of an object is its map.
    if (this.#expectsMap !== undefined && kind === 'literal') this.#expectsMap.index = index;
    this.#expectsMap = kind === 'captured' ? value : undefined;
    if (this.#nested > 0) this.#nested--;
    else if (this.#current !== undefined && this.#current.values.length < MOST_VALUES) {
      this.#current.values.push(value);
    }
    if (kind === 'captured') this.#nested += index;
    if (kind === 'concatenation') this.#nested += 2;
  }
}
