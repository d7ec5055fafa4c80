import type { NativeFrame } from '../linux/native-frame.ts';
import type { NativeSymbol } from '../linux/native-symbol.ts';
import { baselineOffset } from './baseline-offsets.ts';
import { literalWord, type OptimizedCode, readOptimizedCode } from './deoptimization.ts';
import { frameTypeAt, isConstructFrame } from './frame-type.ts';
import { bytecodeArrayOf, sharedOf } from './function-info.ts';
import { type InlinedFrame, inlinedFrames } from './inlining.ts';
import { type JitCode, jitCodeAt } from './jit-code.ts';
import type { Tier } from './stack-frame.ts';
import type { TranslatedValue } from './translations.ts';
import { isBytecodeArray, isContext, isHeapObject, isJsFunction, isMap, smiOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** One JavaScript call that is going on. Addresses are tagged; NaN unknown throughout. */
export interface JsCall {
  shared: number;
  function: number;
  /** Tagged words. */
  receiver: number;
  /** Of a receiver that optimised code did not make. */
  receiverMap: number;
  arguments: number[];
  isConstructor: boolean;
  tier: Tier;
  isInlined: boolean;
  bytecodeArray: number;
  bytecodeOffset: number;
  /** Character in the script, where that is known instead of an offset of bytecode. */
  offset: number;
  precision: 'exact' | 'near';
}

/** What a physical frame is (research/postmortem.md §3.2). */
export type ClassifiedFrame =
  | { kind: 'js'; calls: JsCall[] }
  /** Of V8 itself; `function`: the one it calls out for, if its kind tells. */
  | { kind: 'v8'; type: string; name: string }
  | { kind: 'native'; symbol: NativeSymbol | undefined; file: string }
  | { kind: 'unknown' };

/** Offsets from the frame pointer, equal in V8 10.2–14.6 on x86-64 (V8: src/execution/frame-constants.h). */
const SLOT = {
  callerFp: 0,
  receiver: 16,
  firstArgument: 24,
  context: -8,
  function: -16,
  argumentCount: -24,
  bytecodeArray: -32,
  bytecodeOffset: -40,
} as const;
const MOST_ARGUMENTS = 64;
const BUILTIN_PREFIX = 'Builtins_';

export function classifyFrame(v8: V8Reader, frame: NativeFrame): ClassifiedFrame {
  const { fp } = frame;
  // A call that never returns may be the last instruction of its function.
  const instruction = frame.isReturnAddress ? frame.pc - 1 : frame.pc;
  const file = v8.symbols.fileAt(instruction);
  const symbol = file === '' ? undefined : v8.symbols.at(instruction);
  const builtin = builtinName(symbol);
  // Of a stripped binary builtins have no symbols, and the nearest one says nothing.
  if (file !== '' && builtin === undefined && (symbol?.isInside === true || !isJsFrame(v8, fp))) {
    return { kind: 'native', symbol, file };
  }
  const type = frameTypeAt(v8, fp);
  if (type !== undefined) return classifyTyped(v8, fp, type, builtin ?? '');
  if (!isJsFrame(v8, fp)) {
    if (builtin !== undefined) return { kind: 'v8', type: '', name: builtin };
    const code = jitCodeAt(v8, instruction);
    if (code === undefined) return { kind: 'unknown' };
    const calls = frame.isReturnAddress ? [] : framelessCalls(v8, frame, code);
    return calls.length > 0 ? { kind: 'js', calls } : { kind: 'v8', type: '', name: code.kind };
  }
  return {
    kind: 'js',
    calls: jsCalls(v8, frame, builtin === undefined && file === '' ? instruction : Number.NaN),
  };
}

/** Name of the embedded builtin a symbol is of: `ArrayMap`. */
export function builtinName(symbol: NativeSymbol | undefined): string | undefined {
  return symbol?.mangled.startsWith(BUILTIN_PREFIX) ? symbol.mangled.slice(BUILTIN_PREFIX.length) : undefined;
}

/** Has it a context and a closure where frames of JavaScript have them? */
export function isJsFrame(v8: V8Reader, fp: number): boolean {
  const { memory } = v8;
  return isContext(v8, memory.word(fp + SLOT.context)) && isJsFunction(v8, memory.word(fp + SLOT.function));
}

/** The closure of a JavaScript frame. */
export function functionOfFrame(v8: V8Reader, fp: number): number {
  return v8.memory.word(fp + SLOT.function);
}

/** Code that an instruction belongs to runs which function? Baseline code is known by its bytecode. */
export function runsFunction(v8: V8Reader, code: JitCode, jsFunction: number): boolean {
  const shared = sharedOf(v8, jsFunction);
  if (code.kind === 'baseline') return baselineBytecode(v8, code) === bytecodeArrayOf(v8, shared);
  return readOptimizedCode(v8, code).shared === shared;
}

/** BytecodeArray that baseline code was made of. */
export function baselineBytecode(v8: V8Reader, code: JitCode): number {
  const data = v8.memory.word(code.address - 1 + v8.layout.offset('Code.interpreterData'));
  return isBytecodeArray(v8, data)
    ? data
    : v8.memory.word(data - 1 + v8.layout.offset('InterpreterData.bytecodeArray'));
}

/** Calls that V8 makes through frames of its own: builtins in C++ and the second half of builtins that were left. */
function classifyTyped(v8: V8Reader, fp: number, type: string, name: string): ClassifiedFrame {
  if (type === 'BuiltinExit') {
    const call = exitCall(v8, fp);
    if (call !== undefined) return { kind: 'js', calls: [call] };
  }
  if (type.startsWith('Api')) {
    const call = apiCall(v8, fp);
    if (call !== undefined) return { kind: 'js', calls: [call] };
  }
  if (type.startsWith('JavaScriptBuiltinContinuation') && isJsFunction(v8, functionOfFrame(v8, fp))) {
    return {
      kind: 'js',
      calls: [builtinCall(v8, functionOfFrame(v8, fp), v8.memory.word(fp + SLOT.receiver), [], false)],
    };
  }
  return { kind: 'v8', type, name };
}

/** V8: BuiltinExitFrameConstants: new.target, target, argc as a Smi, padding (until V8 13), receiver, arguments. */
function exitCall(v8: V8Reader, fp: number): JsCall | undefined {
  const { memory } = v8;
  const target = memory.word(fp + 24);
  if (!isJsFunction(v8, target)) return undefined;
  const isConstructor = isJsFunction(v8, memory.word(fp + 16));
  const count = Math.min((smiOf(memory.word(fp + 32)) || 1) - 1, MOST_ARGUMENTS);
  const words: number[] = [];
  const receiver = fp + (v8.layout.v8Number >= 140 ? 40 : 48);
  for (let index = 0; index < count; index++) words.push(memory.word(receiver + 8 + 8 * index));
  return builtinCall(v8, target, memory.word(receiver), words, isConstructor);
}

/** Functions of Node's C++: the closure is among the words that FunctionCallbackInfo points to. */
function apiCall(v8: V8Reader, fp: number): JsCall | undefined {
  for (let offset = 16; offset <= 96; offset += 8) {
    const word = v8.memory.word(fp + offset);
    if (isJsFunction(v8, word)) return builtinCall(v8, word, Number.NaN, [], false);
  }
  return undefined;
}

function builtinCall(
  v8: V8Reader,
  jsFunction: number,
  receiver: number,
  words: number[],
  isConstructor: boolean,
): JsCall {
  return {
    ...blank(),
    shared: sharedOf(v8, jsFunction),
    function: jsFunction,
    receiver,
    arguments: words,
    isConstructor,
    tier: 'builtin',
  };
}

/** @param instruction in code of V8's heap; NaN: in a builtin */
function jsCalls(v8: V8Reader, frame: NativeFrame, instruction: number): JsCall[] {
  const { memory } = v8;
  const { fp } = frame;
  const jsFunction = functionOfFrame(v8, fp);
  const call: JsCall = {
    ...blank(),
    shared: sharedOf(v8, jsFunction),
    function: jsFunction,
    receiver: memory.word(fp + SLOT.receiver),
    arguments: argumentsOf(v8, fp),
    isConstructor: isConstructFrame(v8, memory.word(fp + SLOT.callerFp)),
  };
  const code = Number.isNaN(instruction) ? undefined : jitCodeAt(v8, instruction);
  if (code?.kind === 'turbofan' || code?.kind === 'maglev') {
    return optimizedCalls(v8, frame, call, code);
  }
  const bytecodeArray = memory.word(fp + SLOT.bytecodeArray);
  if (code?.kind === 'baseline') {
    call.tier = 'baseline';
    call.bytecodeArray = baselineBytecode(v8, code);
    call.bytecodeOffset = baselineOffset(v8, code, call.bytecodeArray, instruction);
  } else if (isBytecodeArray(v8, bytecodeArray)) {
    call.bytecodeArray = bytecodeArray;
    // Counted from the tagged address; baseline code keeps something else there.
    const offset =
      smiOf(memory.word(fp + SLOT.bytecodeOffset)) - (v8.layout.offset('BytecodeArray.data') - 1);
    call.bytecodeOffset = offset >= -1 ? offset : Number.NaN;
  } else {
    call.tier = 'builtin';
  }
  return [call];
}

/** Of optimised code that has not made its frame yet, or has left it: what it is is in the code alone. */
function framelessCalls(v8: V8Reader, frame: NativeFrame, code: JitCode): JsCall[] {
  if (code.kind !== 'turbofan' && code.kind !== 'maglev') return [];
  const { shared } = readOptimizedCode(v8, code);
  if (Number.isNaN(shared)) return [];
  // `sp` is where the return address lies; the receiver is above it.
  const outermost: JsCall = { ...blank(), shared, receiver: v8.memory.word(frame.sp + 8) };
  return optimizedCalls(v8, frame, outermost, code);
}

function optimizedCalls(v8: V8Reader, frame: NativeFrame, outermost: JsCall, code: JitCode): JsCall[] {
  const optimized = readOptimizedCode(v8, code);
  const tier = code.kind === 'maglev' ? 'maglev' : 'turbofan';
  const frames = inlinedFrames(v8, optimized, frame.pc - code.start, frame.isReturnAddress);
  if (frames.length === 0) return [{ ...outermost, tier, precision: 'near' }];
  return frames.map((inlined, index) => {
    const position = {
      tier,
      bytecodeOffset: inlined.bytecodeOffset,
      offset: inlined.offset,
      precision: inlined.precision,
    } as const;
    if (index === frames.length - 1) return { ...outermost, ...position };
    return { ...inlinedCall(v8, frame.fp, optimized, inlined), ...position };
  });
}

function inlinedCall(v8: V8Reader, fp: number, optimized: OptimizedCode, inlined: InlinedFrame): JsCall {
  const [closure, receiver, ...parameters] = inlined.values;
  const word = wordOf(v8, fp, optimized, closure);
  const isContinuation = Number.isNaN(inlined.bytecodeOffset) && Number.isNaN(inlined.offset);
  return {
    ...blank(),
    shared: inlined.shared,
    function: isJsFunction(v8, word) ? word : inlined.function,
    receiver: wordOf(v8, fp, optimized, receiver),
    receiverMap: mapOfCaptured(v8, optimized, receiver),
    arguments: isContinuation ? [] : parameters.map((value) => wordOf(v8, fp, optimized, value)),
    isConstructor: inlined.isConstructor ?? false,
    tier: isContinuation ? 'builtin' : 'turbofan',
    isInlined: true,
  };
}

/** A tagged word; NaN: in a register, or never made. */
function wordOf(
  v8: V8Reader,
  fp: number,
  optimized: OptimizedCode,
  value: TranslatedValue | undefined,
): number {
  if (value?.kind === 'literal') return literalWord(v8, optimized, value.index);
  // V8: OptimizedFrame::StackSlotOffsetRelativeToFp. Slots grow downwards from above the return address.
  if (value?.kind === 'slot') return v8.memory.word(fp + 8 - 8 * value.index);
  return Number.NaN;
}

function mapOfCaptured(v8: V8Reader, optimized: OptimizedCode, value: TranslatedValue | undefined): number {
  if (value?.kind !== 'captured') return Number.NaN;
  const map = literalWord(v8, optimized, value.index);
  return isMap(v8, map) ? map : Number.NaN;
}

function argumentsOf(v8: V8Reader, fp: number): number[] {
  // A raw integer that counts the receiver.
  const count = v8.memory.word(fp + SLOT.argumentCount) - 1;
  const words: number[] = [];
  if (!(count >= 0 && count < 65_536)) return words;
  for (let index = 0; index < Math.min(count, MOST_ARGUMENTS); index++) {
    const word = v8.memory.word(fp + SLOT.firstArgument + 8 * index);
    words.push(isHeapObject(word) || !Number.isNaN(smiOf(word)) ? word : Number.NaN);
  }
  return words;
}

function blank(): JsCall {
  return {
    shared: Number.NaN,
    function: Number.NaN,
    receiver: Number.NaN,
    receiverMap: Number.NaN,
    arguments: [],
    isConstructor: false,
    tier: 'interpreter',
    isInlined: false,
    bytecodeArray: Number.NaN,
    bytecodeOffset: Number.NaN,
    offset: Number.NaN,
    precision: 'exact',
  };
}
