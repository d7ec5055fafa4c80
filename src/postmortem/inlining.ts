import { blockPositionAt } from './block-position.ts';
import { bodyOffsetOf, deferredJumps } from './deferred-code.ts';
import { literalAt, type OptimizedCode, translationOf } from './deoptimization.ts';
import { sharedOf } from './function-info.ts';
import { positionIndexAt } from './position-table.ts';
import { safepointAt } from './safepoints.ts';
import type { TranslatedValue } from './translations.ts';
import { isJsFunction, isSharedFunctionInfo } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** One of the functions that a frame of optimised code runs. */
export interface InlinedFrame {
  /** SharedFunctionInfo; NaN: collected. */
  shared: number;
  /** The closure, where it is a literal; NaN unknown. */
  function: number;
  /** Offset in the function's bytecode; NaN: see `offset`. */
  bytecodeOffset: number;
  /** Character in its script, 0-based; NaN: see `bytecodeOffset`. Both NaN: of a builtin. */
  offset: number;
  precision: 'exact' | 'near';
  /** Inlined from a `new`; unknown where only positions tell. */
  isConstructor: boolean | undefined;
  /** Closure, receiver, parameters: where they are; empty when only positions told of the frame. */
  values: TranslatedValue[];
}

const decoded = new WeakMap<OptimizedCode, Map<number, InlinedFrame[]>>();

/**
 * What a frame of optimised code stands for, innermost first; empty when nothing tells. By the translation of the
 * safepoint if there is one, else by source positions (research/inlined-frames.md §3).
 * @param offset of the pc, bytes from the beginning of the instructions
 */
export function inlinedFrames(
  v8: V8Reader,
  optimized: OptimizedCode,
  offset: number,
  isReturnAddress: boolean,
): InlinedFrame[] {
  let cache = decoded.get(optimized);
  if (cache === undefined) {
    cache = new Map();
    decoded.set(optimized, cache);
  }
  const key = isReturnAddress ? offset : -1 - offset;
  let frames = cache.get(key);
  if (frames === undefined) {
    frames = decode(v8, optimized, offset, isReturnAddress);
    cache.set(key, frames);
  }
  return frames;
}

function decode(
  v8: V8Reader,
  optimized: OptimizedCode,
  pc: number,
  isReturnAddress: boolean,
): InlinedFrame[] {
  if (!isReturnAddress) return framesByPosition(v8, optimized, pc);
  const safepoint = safepointAt(optimized.safepoints, pc);
  if (safepoint !== undefined && safepoint.deoptIndex >= 0) {
    const frames = framesByTranslation(v8, optimized, safepoint.deoptIndex);
    if (frames.length > 0) return frames;
  }
  // A return address points behind the call, which may be where the next statement begins.
  return framesByPosition(v8, optimized, (safepoint?.pc ?? pc) - 1);
}

function framesByTranslation(v8: V8Reader, optimized: OptimizedCode, deoptIndex: number): InlinedFrame[] {
  const translation = translationOf(v8, optimized, deoptIndex);
  if (translation === undefined || !translation.isSound) return [];
  return translation.frames
    .map((frame): InlinedFrame => {
      const [closure] = frame.values;
      const literal = closure?.kind === 'literal' ? literalAt(v8, optimized, closure.index) : Number.NaN;
      const jsFunction = isJsFunction(v8, literal) ? literal : Number.NaN;
      const named = literalAt(v8, optimized, frame.sharedLiteral);
      // Of continuations Maglev names the caller's SharedFunctionInfo.
      const shared = frame.kind === 'continuation' && jsFunction > 0 ? sharedOf(v8, jsFunction) : named;
      return {
        shared: isSharedFunctionInfo(v8, shared) ? shared : Number.NaN,
        function: jsFunction,
        bytecodeOffset: frame.bytecodeOffset,
        offset: Number.NaN,
        precision: 'exact',
        isConstructor: frame.isConstructor,
        values: frame.values,
      };
    })
    .reverse();
}

function framesByPosition(v8: V8Reader, optimized: OptimizedCode, pc: number): InlinedFrame[] {
  const { positions, inlinedCalls, code } = optimized;
  let index =
    code.kind === 'turbofan'
      ? blockPositionAt(positions, v8.memory.bytes(code.start, code.size), pc)
      : positionIndexAt(positions, pc);
  if (code.kind === 'maglev' && index === positions.pcs.length - 1) {
    const jumps = deferredJumps(v8.memory.bytes(code.start, code.size), positions);
    const body = bodyOffsetOf(jumps, positions, pc);
    if (!Number.isNaN(body)) index = positionIndexAt(positions, body);
  }
  // Before the first position: the prologue, or a check that the function was called rightly.
  if (index < 0 && positions.pcs.length > 0) index = 0;
  if (index < 0) return [];
  // Maglev's positions of the outermost function are often those of an earlier statement.
  const precision = code.kind === 'maglev' ? 'near' : 'exact';
  const frames: InlinedFrame[] = [];
  let offset = positions.offsets[index]!;
  let inlining = positions.inlinings[index]!;
  while (inlining >= 0 && frames.length < inlinedCalls.length) {
    const call = inlinedCalls[inlining];
    if (call === undefined) break;
    const shared = literalAt(v8, optimized, call.sharedLiteral);
    frames.push(positionFrame(isSharedFunctionInfo(v8, shared) ? shared : Number.NaN, offset, precision));
    ({ offset, inlining } = call);
  }
  frames.push(positionFrame(optimized.shared, offset, precision));
  return frames;
}

function positionFrame(shared: number, offset: number, precision: InlinedFrame['precision']): InlinedFrame {
  return {
    shared,
    function: Number.NaN,
    bytecodeOffset: Number.NaN,
    offset,
    precision,
    isConstructor: undefined,
    values: [],
  };
}
