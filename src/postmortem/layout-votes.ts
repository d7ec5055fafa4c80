import { REGISTER } from '../linux/process-image.ts';
import { choosePositions } from './source-positions.ts';
import type { V8Layout } from './v8-layout.ts';
import {
  hasType,
  isBytecodeArray,
  isContext,
  isHeapObject,
  isJsFunction,
  isScript,
  isSharedFunctionInfo,
  smiField,
  typeNameOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** A field that a new V8 may have moved, and what must be there. */
interface DoubtfulField {
  field: string;
  /** Objects to ask. */
  of: 'functions' | 'shared' | 'bytecode';
  /** Offsets it had in some version. */
  candidates: readonly number[];
  holds(v8: V8Reader, word: number, object: number): boolean;
  /** What is degraded without it. */
  loss: string;
}

const DOUBTFUL: readonly DoubtfulField[] = [
  {
    field: 'JSFunction.shared',
    of: 'functions',
    candidates: [24, 32, 40],
    holds: isSharedFunctionInfo,
    loss: 'functions have no names',
  },
  {
    field: 'JSFunction.context',
    of: 'functions',
    candidates: [32, 40, 48],
    holds: isContext,
    loss: 'closure variables are missing',
  },
  {
    field: 'SharedFunctionInfo.script',
    of: 'shared',
    candidates: [32, 40, 48],
    // V8's own functions have none: undefined.
    holds: (v8, word) =>
      isScript(v8, word) || hasType(v8, word, 'DEBUG_INFO_TYPE') || hasType(v8, word, 'ODDBALL_TYPE'),
    loss: 'functions have no files',
  },
  {
    field: 'SharedFunctionInfo.nameOrScopeInfo',
    of: 'shared',
    candidates: [16, 24, 32],
    holds: (v8, word) => {
      const name = typeNameOf(v8, word);
      return name === 'SCOPE_INFO_TYPE' || name.endsWith('STRING_TYPE') || word === 0;
    },
    loss: 'functions have no names',
  },
  {
    field: 'BytecodeArray.sourcePositions',
    of: 'bytecode',
    candidates: [24, 32, 40, 16],
    holds: holdsPositions,
    loss: 'frames have no lines',
  },
];

/** Bytes of each stack that are searched for functions, and stacks. */
const STACK = 16 * 1024;
const MOST_STACKS = 4;
const MOST_SAMPLES = 60;
/** Fewer objects decide nothing. */
const LEAST_VOTES = 3;
const MAJORITY = 0.75;

/**
 * Tests the doubtful parts of a layout on objects that lie on the stacks. A field that does not hold what it must, in most
 * objects, is taken from where another version had it, if that holds; else it is said to be degraded. Stacks without
 * functions (idle processes, racing ones) decide nothing: the layout stays as it is.
 * @returns the reader, with a mended layout where it had to be
 */
export function testLayout(v8: V8Reader): V8Reader {
  let reader = v8;
  const functions = functionsOnStacks(v8);
  if (functions.length < LEAST_VOTES) return v8;
  for (const doubtful of DOUBTFUL) {
    const objects = samplesOf(reader, doubtful.of, functions);
    if (objects.length < LEAST_VOTES) continue;
    const votesFor = (offset: number): number =>
      objects.filter((object) => doubtful.holds(reader, wordAt(reader, object, offset), object)).length;
    const now = reader.layout.offset(doubtful.field);
    if (votesFor(now) >= objects.length * MAJORITY) continue;
    const better = doubtful.candidates.find((offset) => votesFor(offset) >= objects.length * MAJORITY);
    v8.problems.push(
      better === undefined
        ? `${doubtful.field} does not hold what it should: ${doubtful.loss}`
        : `${doubtful.field} was found at ${better}, not at ${now}, in most objects`,
    );
    // NaN rather than rubbish: readers degrade.
    reader = { ...reader, layout: withOffset(reader.layout, doubtful.field, better ?? Number.NaN) };
  }
  return reader;
}

function samplesOf(v8: V8Reader, of: DoubtfulField['of'], functions: readonly number[]): readonly number[] {
  if (of === 'functions') return functions;
  const shared = new Set<number>();
  for (const jsFunction of functions) {
    const word = wordAt(v8, jsFunction, v8.layout.offset('JSFunction.shared'));
    if (isSharedFunctionInfo(v8, word)) shared.add(word);
  }
  if (of === 'shared') return [...shared];
  const bytecode = new Set<number>();
  for (const each of shared) {
    for (const field of ['SharedFunctionInfo.trustedFunctionData', 'SharedFunctionInfo.functionData']) {
      const word = wordAt(v8, each, v8.layout.offset(field));
      if (isBytecodeArray(v8, word)) bytecode.add(word);
    }
  }
  return [...bytecode];
}

function functionsOnStacks(v8: V8Reader): number[] {
  const functions = new Set<number>();
  const { memory, image } = v8;
  const stacks = image.threads.filter(({ registers }) => registers[REGISTER.rsp]! > 0).slice(0, MOST_STACKS);
  for (const { registers } of stacks) {
    const sp = Math.floor(registers[REGISTER.rsp]! / 8) * 8;
    for (let at = sp; at < sp + STACK && functions.size < MOST_SAMPLES; at += 8) {
      const word = memory.word(at);
      if (Number.isNaN(word)) break;
      if (isHeapObject(word) && !functions.has(word) && isJsFunction(v8, word)) functions.add(word);
    }
  }
  return [...functions];
}

function holdsPositions(v8: V8Reader, word: number, bytecodeArray: number): boolean {
  if (!hasType(v8, word, 'BYTE_ARRAY_TYPE') && !hasType(v8, word, 'TRUSTED_BYTE_ARRAY_TYPE')) return false;
  const length = smiField(v8, word, 'FixedArray.length');
  // An empty table is in other fields, too (no handlers): it is no vote.
  if (!(length > 0 && length < 65_536)) return false;
  const bytes = v8.memory.bytes(word - 1 + v8.layout.offset('FixedArray.data'), length);
  const codeLength = smiField(v8, bytecodeArray, 'BytecodeArray.length');
  return (
    choosePositions(bytes, codeLength, v8.layout.number('SourcePositions.isUnsigned') === 1) !== undefined
  );
}

function withOffset(layout: V8Layout, field: string, offset: number): V8Layout {
  return { ...layout, offset: (name) => (name === field ? offset : layout.offset(name)) };
}
