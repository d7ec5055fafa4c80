import { baselineOffset } from './baseline-offsets.ts';
import { callName } from './call-name.ts';
import { classNameOf } from './class-of.ts';
import { bytecodeArrayOf, scriptOf, sharedOf } from './function-info.ts';
import { propertyName, rawProperties } from './object-properties.ts';
import { placeAt } from './source-lines.ts';
import { positionAt } from './source-positions.ts';
import {
  field,
  hasType,
  isBytecodeArray,
  isCode,
  isHeapObject,
  isJsFunction,
  isString,
  mapOf,
  smiField,
  smiOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { readString, textOf } from './v8-strings.ts';
import { valueFields } from './value-fields.ts';

/** A frame as `new Error()` captured it. */
export interface CapturedFrame {
  /** Tagged function; NaN for frames of WebAssembly. */
  function: number;
  receiver: number;
  /** Offset in the function's bytecode; NaN for builtins. */
  bytecodeOffset: number;
  /** Offset in the script, where V8 has computed it already; else NaN. */
  position: number;
  isConstructor: boolean;
  isAsync: boolean;
}

export interface ErrorStack {
  message: string;
  /** As `error.stack` is or would be; '' when the error has none. May be cut. */
  text: string;
  /** UTF-16 units of the whole. */
  length: number;
  /** Tagged address of the string, or of the captured frames. */
  address: number;
}

const MOST_FRAMES = 200;
/** Words of a captured stack that are looked at; Error.stackTraceLimit is 10. */
const MOST_SLOTS = 20_000;
const FLAT_WIDTH = 6;
/** The frame is one of baseline code: its offset counts instructions, not bytecode. */
const DEFERRED_BASELINE = 1 << 8;

/**
 * Message and stack of an error. V8 makes the text of a stack when `stack` is first read; until then there are captured
 * frames (V8: src/objects/call-site-info.tq), which are put into words here.
 */
export function readErrorStack(v8: V8Reader, error: number, most: number): ErrorStack {
  let message = '';
  let name = '';
  let stack = Number.NaN;
  for (const { key, word, isAccessor } of rawProperties(v8, error, 1000).list) {
    const { text, kind } = propertyName(v8, key);
    if (kind === 'property' && text === 'message' && !isAccessor) message = textOf(v8, word, most);
    if (kind === 'property' && text === 'name' && !isAccessor) name = textOf(v8, word);
    // Somebody assigned to it: then it is plain data.
    if (kind === 'property' && text === 'stack' && isString(v8, word)) stack = word;
    // V8's own symbols have no description; that of the stack comes before that of the message.
    if (kind === 'internal' && text === '' && Number.isNaN(stack)) stack = formattedOrFrames(v8, word);
  }
  const string = readString(v8, stack, most);
  if (string !== undefined) return { message, ...string, address: stack };
  const frames = readCapturedFrames(v8, stack);
  if (frames.length === 0) return { message, text: '', length: 0, address: stack };
  const title = name !== '' ? name : inheritedName(v8, error);
  const head = message === '' ? title : `${title}: ${message}`;
  const text = [head, ...frames.map((frame) => `    at ${frameText(v8, frame)}`)].join('\n');
  return { message, text: text.slice(0, most), length: text.length, address: stack };
}

/** Frames of a captured stack: an array of CallSiteInfo objects, or of six words a frame. Innermost first. */
export function readCapturedFrames(v8: V8Reader, store: number): CapturedFrame[] {
  if (!isHeapObject(store)) return [];
  const { callSite, hasFlatCallSites } = valueFields(v8.layout);
  // A damaged length may say two thousand million, of memory that is not there.
  const count = Math.min(MOST_SLOTS, smiField(v8, store, 'FixedArray.length'));
  const data = v8.layout.offset('FixedArray.data');
  const frames: CapturedFrame[] = [];
  if (!(count > 0)) return frames;
  const isFlat = hasFlatCallSites && !hasType(v8, wordAt(v8, store, data), 'CALL_SITE_INFO_TYPE');
  if (isFlat) {
    // Code or its wrapper, receiver, function, offset, parameters, flags.
    for (let at = 0; at + FLAT_WIDTH <= count && frames.length < MOST_FRAMES; at += FLAT_WIDTH) {
      const word = (index: number): number => wordAt(v8, store, data + 8 * (at + index));
      const flags = smiOf(word(5));
      const isDeferred = (flags & DEFERRED_BASELINE) !== 0;
      const offset = isDeferred ? deferredOffset(v8, word(0), smiOf(word(3))) : smiOf(word(3));
      frames.push(capturedFrame(v8, word(2), word(1), offset, flags));
    }
    return frames;
  }
  for (let at = 0; at < count && frames.length < MOST_FRAMES; at++) {
    const info = wordAt(v8, store, data + 8 * at);
    if (!hasType(v8, info, 'CALL_SITE_INFO_TYPE')) continue;
    frames.push(
      capturedFrame(
        v8,
        wordAt(v8, info, callSite.function),
        wordAt(v8, info, callSite.receiver),
        smiOf(wordAt(v8, info, callSite.offset)),
        smiOf(wordAt(v8, info, callSite.flags)),
      ),
    );
  }
  return frames;
}

/** Offset in the bytecode of an offset in baseline code, which is given by its wrapper. */
function deferredOffset(v8: V8Reader, wrapper: number, offset: number): number {
  const address = isCode(v8, wrapper) ? wrapper : wordAt(v8, wrapper, 8);
  if (!isCode(v8, address)) return Number.NaN;
  const start = field(v8, address, 'Code.instructionStart');
  const data = field(v8, address, 'Code.interpreterData');
  const bytecode = isBytecodeArray(v8, data) ? data : field(v8, data, 'InterpreterData.bytecodeArray');
  const code = { address, kind: 'baseline', start, size: Number.NaN } as const;
  // A return address: the call ends before it.
  return baselineOffset(v8, code, bytecode, start + offset - 1);
}

function capturedFrame(
  v8: V8Reader,
  jsFunction: number,
  receiver: number,
  offset: number,
  flags: number,
): CapturedFrame {
  const { callSiteFlag } = valueFields(v8.layout);
  const isPosition = (flags & callSiteFlag.isPosition) !== 0;
  return {
    function: isJsFunction(v8, jsFunction) ? jsFunction : Number.NaN,
    receiver,
    bytecodeOffset: isPosition ? Number.NaN : offset,
    position: isPosition ? offset : Number.NaN,
    isConstructor: (flags & callSiteFlag.isConstructor) !== 0,
    isAsync: (flags & callSiteFlag.isAsync) !== 0,
  };
}

/** As V8 words it: `Foo.bar (/app/a.js:1:2)`, `/app/a.js:1:2`, `async load (…)`, `new Foo (…)`, `Array.map (<anonymous>)`. */
function frameText(v8: V8Reader, frame: CapturedFrame): string {
  const shared = sharedOf(v8, frame.function);
  const { name } = callName(v8, {
    function: frame.function,
    shared,
    receiver: frame.receiver,
    receiverMap: Number.NaN,
    isConstructor: frame.isConstructor,
  });
  const bytecode = bytecodeArrayOf(v8, shared);
  const script = scriptOf(v8, shared);
  let position = frame.position;
  if (Number.isNaN(position) && isBytecodeArray(v8, bytecode))
    position = positionAt(v8, bytecode, frame.bytecodeOffset);
  const place = Number.isNaN(script) || Number.isNaN(position) ? undefined : placeAt(v8, script, position);
  const where = place === undefined ? '<anonymous>' : `${place.url}:${place.line}:${place.column}`;
  const lead = frame.isAsync ? 'async ' : '';
  return name === '' ? `${lead}${where}` : `${lead}${name} (${where})`;
}

/** With the inspector V8 keeps text or frames in an ErrorStackData: the first of its words. NaN: it is something else. */
function formattedOrFrames(v8: V8Reader, word: number): number {
  const stack = hasType(v8, word, 'ERROR_STACK_DATA_TYPE') ? wordAt(v8, word, 8) : word;
  return isString(v8, stack) || hasType(v8, stack, 'FIXED_ARRAY_TYPE') ? stack : Number.NaN;
}

/** `name` along the prototypes, as Error.prototype.toString takes it. */
function inheritedName(v8: V8Reader, error: number): string {
  let at = field(v8, mapOf(v8, error), 'Map.prototype');
  for (let step = 0; step < 20 && isHeapObject(at); step++) {
    for (const { key, word, isAccessor } of rawProperties(v8, at, 1000).list) {
      if (!isAccessor && isString(v8, key) && isString(v8, word) && textOf(v8, key, 8) === 'name')
        return textOf(v8, word);
    }
    at = field(v8, mapOf(v8, at), 'Map.prototype');
  }
  return classNameOf(v8, error);
}
