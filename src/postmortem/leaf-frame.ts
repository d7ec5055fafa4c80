import { mappingAt } from '../linux/memory-map.ts';
import { REGISTER, type ThreadImage } from '../linux/process-image.ts';
import { frameTypeAt } from './frame-type.ts';
import { readFunctionInfo, sharedOf } from './function-info.ts';
import { type JitCode, jitCodeAt } from './jit-code.ts';
import { builtinName, functionOfFrame, isJsFrame, runsFunction } from './js-frame.ts';
import { isBytecodeArray } from './v8-objects.ts';
import { EPILOGUE_BYTES, frameStage, PROLOGUE_BYTES } from './v8-prologue.ts';
import type { V8Reader } from './v8-reader.ts';

/** Where a thread that runs V8's code really has its frames. */
export interface LeafFrame {
  /** Set when the innermost code has no frame of its own: the address where its return address lies. */
  returnSlot: number;
  /** To unwind from: of the frame that `fp` belongs to. */
  pc: number;
  sp: number;
  fp: number;
}

/** A frame of V8 is no larger: locals of a function are at most some thousand. */
const LARGEST_FRAME = 64 * 1024;
/** Baseline code begins with a call of a builtin that makes its frame. */
const BASELINE_ENTRY = 0x14;
/** push rbp; mov rbp, rsp */
const PUSH = Buffer.of(0x55, 0x48, 0x89, 0xe5);
const LONGEST_ARGUMENTS = 256;
const INTERPRETER = /Handler$|^InterpreterEntryTrampoline/;

/**
 * The innermost frame of a thread in JIT code or a builtin. A live process does not tell its frame pointer, and a search
 * for the longest chain on the stack finds leftovers of earlier calls in what optimised code reserved and has not written
 * yet. So the code says where its frame is: by its prologue and how far it got, by the function it belongs to.
 * Undefined: it is other code, or the stack does not bear out what the code says.
 */
export function readLeafFrame(v8: V8Reader, thread: ThreadImage): LeafFrame | undefined {
  const pc = thread.registers[REGISTER.rip]!;
  const sp = thread.registers[REGISTER.rsp]!;
  const rbp = thread.registers[REGISTER.rbp]!;
  const place = codeAt(v8, pc);
  if (place === undefined) return undefined;
  const stage = frameStage(
    v8.memory.bytes(place.start, PROLOGUE_BYTES),
    v8.memory.bytes(pc, EPILOGUE_BYTES),
    pc - place.start,
  );
  if (stage.kind === 'frameless') return framelessLeaf(v8, sp + stage.returnAddress, rbp);
  if (rbp > 0) return undefined;
  if (stage.kind === 'exact' && isFramePointer(v8, sp + stage.depth)) {
    return { returnSlot: Number.NaN, pc, sp, fp: sp + stage.depth };
  }
  let depth = stage.kind === 'body' ? stage.depth : 0;
  if (stage.kind === 'unknown') {
    // What makes its frame on slow paths only, or never: its return address is what lies on top.
    const plain = isEntered(v8, place, pc) ? undefined : framelessLeaf(v8, sp);
    if (plain !== undefined) return plain;
    if (place.code === undefined && !INTERPRETER.test(place.builtin)) {
      const late = lateFrameDepth(v8, place, pc);
      if (Number.isNaN(late)) return leafBelowArguments(v8, sp);
      depth = late;
    }
  }
  const fp = frameAbove(v8, place, sp, depth);
  if (Number.isNaN(fp) && place.code === undefined) return leafBelowArguments(v8, sp);
  return Number.isNaN(fp) ? undefined : { returnSlot: Number.NaN, pc, sp, fp };
}

/** Builtins that make calls hold the return address in a register while they move arguments on the stack. */
function leafBelowArguments(v8: V8Reader, sp: number): LeafFrame | undefined {
  for (let slot = sp; slot < sp + LONGEST_ARGUMENTS; slot += 8) {
    const code = codeAt(v8, v8.memory.word(slot) - 1)?.code;
    const leaf = code === undefined ? undefined : framelessLeaf(v8, slot);
    if (leaf !== undefined) return leaf;
  }
  return undefined;
}

/** Has code whose beginning does not show it a frame for sure? */
function isEntered(v8: V8Reader, { code, start, builtin }: CodePlace, pc: number): boolean {
  if (code !== undefined) return code.kind !== 'baseline' || pc - start > BASELINE_ENTRY;
  return INTERPRETER.test(builtin) && !v8.symbols.at(pc)!.mangled.endsWith('Trampoline');
}

/** @param rbp not moved yet, the register is the caller's; NaN unknown */
function framelessLeaf(v8: V8Reader, returnSlot: number, rbp: number = Number.NaN): LeafFrame | undefined {
  const caller = v8.memory.word(returnSlot);
  const callerCode = codeAt(v8, caller - 1);
  if (callerCode === undefined || !isBehindCall(v8, caller)) return undefined;
  // Called to make the frame of its caller, which therefore has none either.
  if (callerCode.code?.kind === 'baseline' && caller - callerCode.start <= BASELINE_ENTRY)
    return framelessLeaf(v8, returnSlot + 8);
  const sp = returnSlot + 8;
  const fp = rbp > 0 ? rbp : frameAbove(v8, callerCode, sp, depthOf(v8, callerCode, caller));
  return Number.isNaN(fp) ? undefined : { returnSlot, pc: caller, sp, fp };
}

/** `call rel32`, or a call through a register or memory, of two to seven bytes. */
function isBehindCall(v8: V8Reader, pc: number): boolean {
  const code = v8.memory.bytes(pc - 7, 7);
  if (code[2] === 0xe8) return true;
  for (let at = 0; at <= 5; at++) if (code[at] === 0xff && ((code[at + 1]! >> 3) & 7) === 2) return true;
  return false;
}

/** Depth of the last frame that is made before an instruction; NaN: none is. */
function lateFrameDepth(v8: V8Reader, { start }: CodePlace, pc: number): number {
  const code = v8.memory.bytes(start, Math.min(pc - start, LARGEST_FRAME));
  const push = Buffer.from(code.buffer, code.byteOffset, code.length).lastIndexOf(PUSH);
  if (push < 0) return Number.NaN;
  const from = start + push;
  const stage = frameStage(v8.memory.bytes(from, PROLOGUE_BYTES), new Uint8Array(), pc - from);
  return stage.kind === 'body' || stage.kind === 'exact' ? stage.depth : Number.NaN;
}

/** Code of V8 that an instruction is in. */
interface CodePlace {
  start: number;
  code: JitCode | undefined;
  /** Name of a builtin; '' for code of the heap. */
  builtin: string;
}

function codeAt(v8: V8Reader, pc: number): CodePlace | undefined {
  if (mappingAt(v8.image.mappings, pc)?.permissions[2] !== 'x') return undefined;
  if (v8.symbols.fileAt(pc) === '') {
    const code = jitCodeAt(v8, pc);
    return code === undefined ? undefined : { start: code.start, code, builtin: '' };
  }
  const symbol = v8.symbols.at(pc);
  const builtin = builtinName(symbol);
  return symbol === undefined || builtin === undefined
    ? undefined
    : { start: pc - symbol.offset, code: undefined, builtin };
}

function depthOf(v8: V8Reader, place: CodePlace, pc: number): number {
  const stage = frameStage(v8.memory.bytes(place.start, PROLOGUE_BYTES), new Uint8Array(), pc - place.start);
  return stage.kind === 'body' || stage.kind === 'exact' ? stage.depth : 0;
}

/** The nearest frame on the stack that can be this code's; NaN none. */
function frameAbove(v8: V8Reader, place: CodePlace, sp: number, depth: number): number {
  for (let fp = sp + depth; fp < sp + LARGEST_FRAME; fp += 8) {
    if (isFramePointer(v8, fp) && isFrameOf(v8, place, sp, fp)) return fp;
  }
  return Number.NaN;
}

function isFrameOf(v8: V8Reader, { code, builtin }: CodePlace, sp: number, fp: number): boolean {
  if (code !== undefined) {
    if (!isJsFrame(v8, fp)) return code.kind === 'regexp' || code.kind === 'other';
    return (
      (code.kind === 'baseline' || code.kind === 'maglev' || code.kind === 'turbofan') &&
      runsFunction(v8, code, functionOfFrame(v8, fp))
    );
  }
  if (INTERPRETER.test(builtin)) return isInterpreterFrame(v8, sp, fp);
  // They make the frames of baseline code and leave them.
  if (builtin.startsWith('Baseline')) return isJsFrame(v8, fp);
  if (frameTypeAt(v8, fp) !== undefined) return true;
  return isJsFrame(v8, fp) && readFunctionInfo(v8, sharedOf(v8, functionOfFrame(v8, fp)))!.builtin >= 0;
}

/** With its bytecode, and with room for its registers. */
function isInterpreterFrame(v8: V8Reader, sp: number, fp: number): boolean {
  const bytecode = v8.memory.word(fp - 32);
  if (!isJsFrame(v8, fp) || !isBytecodeArray(v8, bytecode)) return false;
  const registers = v8.memory.i32(bytecode - 1 + v8.layout.offset('BytecodeArray.frameSize'));
  return !(fp - sp < 40 + registers);
}

/**
 * Does a frame of the caller's lie where this one says? Of a leftover the return address is one thing and the frame
 * there another: that of a function called since.
 */
function isFramePointer(v8: V8Reader, fp: number): boolean {
  const { memory, image } = v8;
  const up = memory.word(fp);
  if (!(up > fp)) return false;
  const caller = memory.word(fp + 8);
  if (mappingAt(image.mappings, caller)?.permissions[2] !== 'x') return false;
  if (v8.symbols.fileAt(caller) !== '') return true;
  const place = codeAt(v8, caller - 1);
  return place === undefined || isFrameOf(v8, place, fp + 16, up);
}
