import { mappingAt } from '../linux/memory-map.ts';
import type { NativeFrame } from '../linux/native-frame.ts';
import { REGISTER, type ThreadImage } from '../linux/process-image.ts';
import { unwind } from '../linux/unwind.ts';
import { callName } from './call-name.ts';
import { bytecodeArrayOf, readFunctionInfo, sharedOf } from './function-info.ts';
import { jitCodeAt } from './jit-code.ts';
import {
  builtinName,
  type ClassifiedFrame,
  classifyFrame,
  functionOfFrame,
  isJsFrame,
  type JsCall,
  runsFunction,
} from './js-frame.ts';
import { readLeafFrame } from './leaf-frame.ts';
import { parameterNames } from './parameter-names.ts';
import { asyncCallers, awaitingGenerator } from './promise-reactions.ts';
import { readValue } from './read-value.ts';
import { placeAt, scriptText } from './source-lines.ts';
import { positionAt } from './source-positions.ts';
import type { JsFrame, StackFrame, StackPlace, ThreadStack } from './stack-frame.ts';
import { tellThreadWork } from './thread-work.ts';
import { field, isContext, isHeapObject } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import type { Value } from './value.ts';

export interface StackOptions {
  /** Default all. */
  threads?: 'main' | 'all' | readonly number[];
  /** Read receivers and arguments, one level deep. */
  values?: boolean;
  /** Physical frames of a thread that are read; default 2000. Of deeper stacks those at both ends. */
  mostFrames?: number;
  /** Callers that await what runs. */
  async?: boolean;
}

/** Within one look: values that were read, by their word; a recursion has the same ones in each frame. */
interface ReadOptions extends StackOptions {
  known: Map<number, Value>;
  /** `performance.now()` from which no more are read. */
  until: number;
}

/** A live process stands while values are read; of deep stacks the outer frames go without. */
const VALUES_MS = 250;

const MOST_FRAMES = 2000;
/** Of them, from the outermost on: who began it. The whole stack is walked for that, which costs little. */
const OUTERMOST = 200;
const MOST_WALKED = 100_000;
/** Characters of a list of parameters that are looked at. */
const LONGEST_PARAMETERS = 10_000;
/** A stub that makes no frame keeps this much at most above the return address. */
const STUB_BYTES = 256;
const INTERPRETED = /^Interpreter|Handler$|^BaselineOutOfLinePrologue|InterpreterEntryTrampoline/;

/** Stacks of an image, of native and JavaScript frames, inlined ones among them; innermost first. Never throws for bad memory. */
export function readStacks(v8: V8Reader, options: StackOptions = {}): ThreadStack[] {
  const { threads = 'all', mostFrames = MOST_FRAMES } = options;
  const { image } = v8;
  const until = image.kind === 'core' ? Number.POSITIVE_INFINITY : performance.now() + VALUES_MS;
  const reading = { ...options, known: new Map<number, Value>(), until };
  const wanted = image.threads.filter(({ tid }, index) =>
    threads === 'all' ? true : threads === 'main' ? index === 0 : threads.includes(tid),
  );
  const unwound = wanted.map((thread) => keepEnds(physicalFrames(v8, thread, MOST_WALKED), mostFrames));
  v8.symbols.resolve(
    unwound.flatMap(({ frames }) => frames.map(({ pc, isReturnAddress }) => (isReturnAddress ? pc - 1 : pc))),
  );
  return wanted.map((thread, index) => {
    const { frames, skipped } = unwound[index]!;
    const stack = readStack(v8, thread, frames, reading);
    if (skipped > 0)
      stack.problems.push(
        skipped + mostFrames < MOST_WALKED
          ? `${skipped} frames between the innermost ${mostFrames - outermostOf(mostFrames)} and the outermost were not read`
          : `the stack is deeper than ${MOST_WALKED} frames: where it began was not reached`,
      );
    return stack;
  });
}

function outermostOf(mostFrames: number): number {
  return Math.min(OUTERMOST, Math.floor(mostFrames / 2));
}

/** Both ends of a stack: a recursion without end looks the same in between. */
function keepEnds(
  frames: readonly NativeFrame[],
  most: number,
): { frames: readonly NativeFrame[]; skipped: number } {
  const skipped = frames.length - most;
  if (skipped <= 0) return { frames, skipped: 0 };
  const outermost = frames.slice(frames.length - outermostOf(most));
  return { frames: [...frames.slice(0, most - outermost.length), ...outermost], skipped };
}

/** Unwinds a thread, from where V8's code says its frame is when it runs V8's code. */
function physicalFrames(v8: V8Reader, thread: ThreadImage, most: number): NativeFrame[] {
  const { image, symbols } = v8;
  // Whoever waits in the kernel was called from libc.
  const leaf = thread.systemCall === undefined ? readLeafFrame(v8, thread) : undefined;
  if (leaf === undefined) return unwind(image, thread, symbols, { most });
  const registers = Float64Array.from(thread.registers);
  registers[REGISTER.rip] = leaf.pc;
  registers[REGISTER.rsp] = leaf.sp;
  registers[REGISTER.rbp] = leaf.fp;
  const frames = unwind(image, { ...thread, registers }, symbols, { most });
  if (Number.isNaN(leaf.returnSlot) || frames[0] === undefined) return frames;
  frames[0].isReturnAddress = true;
  const pc = thread.registers[REGISTER.rip]!;
  return [{ pc, fp: Number.NaN, sp: leaf.returnSlot, isReturnAddress: false, how: 'registers' }, ...frames];
}

function readStack(
  v8: V8Reader,
  thread: ThreadImage,
  physical: readonly NativeFrame[],
  options: ReadOptions,
): ThreadStack {
  const frames: StackFrame[] = [];
  for (const frame of withLeafCaller(v8, physical)) frames.push(...readFrame(v8, frame, options));
  if (options.async === true) frames.push(...readAsyncCallers(v8, frames));
  const work = tellThreadWork(thread, frames, thread.tid === v8.image.pid);
  const problems = thread.problem === undefined ? [] : [thread.problem];
  if (physical.some(({ lost }) => lost === true) && frames[0]?.kind !== 'js')
    problems.push('frames of functions without frame pointer may be missing');
  return {
    tid: thread.tid,
    name: thread.name,
    ...work,
    frames: frames.map((frame) => hideOwn(v8, frame)),
    problems,
  };
}

/** V8's own callbacks (what goes on after an `await`) have closures, but no name and no script: nobody wrote them. */
function hideOwn(v8: V8Reader, frame: StackFrame): StackFrame {
  if (frame.kind !== 'js' || frame.tier !== 'builtin' || frame.name !== '' || frame.place !== undefined)
    return frame;
  const name = builtinName(v8.symbols.at(frame.pc - 1)) ?? '';
  return { kind: 'v8', name, file: '', pc: frame.pc, fp: frame.fp };
}

function readFrame(v8: V8Reader, frame: NativeFrame, options: ReadOptions): StackFrame[] {
  const { pc, fp } = frame;
  const classified: ClassifiedFrame = classifyFrame(v8, frame);
  const lost = frame.lost === true ? { lost: true } : {};
  switch (classified.kind) {
    case 'js':
      return classified.calls.map((call, index) =>
        buildJsFrame(v8, call, frame, index === classified.calls.length - 1, options),
      );
    case 'native': {
      const { symbol, file } = classified;
      const isNamed = symbol?.isInside === true;
      return [
        {
          kind: 'native',
          name: isNamed ? symbol.name : '',
          file,
          ...(isNamed ? { offset: symbol.offset } : {}),
          pc,
          fp,
          ...lost,
        },
      ];
    }
    case 'v8': {
      const { type, name } = classified;
      return [
        {
          kind: 'v8',
          name: type === '' ? name : name === '' ? `${type} frame` : name,
          file: '',
          pc,
          fp,
          ...lost,
        },
      ];
    }
    default:
      return [{ kind: 'unknown', name: '', file: v8.symbols.fileAt(pc), pc, fp, ...lost }];
  }
}

/**
 * The innermost instruction may belong to code that has not made its frame yet, has left it, or never makes one (stubs):
 * the frame pointer is its caller's then, and where the caller goes on lies near the top of the stack
 * (research/inlined-frames.md §5.2).
 */
function withLeafCaller(v8: V8Reader, physical: readonly NativeFrame[]): readonly NativeFrame[] {
  const [leaf, ...rest] = physical;
  if (leaf === undefined || !(leaf.fp > 0) || !isJsFrame(v8, leaf.fp) || isFrameOf(v8, leaf.pc, leaf.fp))
    return physical;
  const caller = returnAddressAbove(v8, leaf.sp, leaf.fp);
  if (Number.isNaN(caller)) return physical;
  return [
    { ...leaf, fp: Number.NaN },
    { pc: caller, fp: leaf.fp, sp: Number.NaN, isReturnAddress: true, how: 'scan' },
    ...rest,
  ];
}

function returnAddressAbove(v8: V8Reader, sp: number, fp: number): number {
  for (let at = sp; at < Math.min(sp + STUB_BYTES, fp); at += 8) {
    const word = v8.memory.word(at);
    if (mappingAt(v8.image.mappings, word)?.permissions[2] !== 'x') continue;
    if (isFrameOf(v8, word - 1, fp)) return word;
  }
  return Number.NaN;
}

/** Does this instruction belong to the function whose frame this is? */
function isFrameOf(v8: V8Reader, pc: number, fp: number): boolean {
  const jsFunction = functionOfFrame(v8, fp);
  const code = v8.symbols.fileAt(pc) === '' ? jitCodeAt(v8, pc) : undefined;
  if (code !== undefined)
    return (
      (code.kind === 'baseline' || code.kind === 'maglev' || code.kind === 'turbofan') &&
      runsFunction(v8, code, jsFunction)
    );
  const name = builtinName(v8.symbols.at(pc));
  if (name === undefined) return false;
  const info = readFunctionInfo(v8, sharedOf(v8, jsFunction));
  if (info !== undefined && info.builtin >= 0) return true;
  return INTERPRETED.test(name);
}

function buildJsFrame(
  v8: V8Reader,
  call: JsCall,
  { pc, fp }: NativeFrame,
  isOutermost: boolean,
  options: ReadOptions,
): JsFrame {
  // Class constructors are called by `new` or `super` only; optimised code does not always say so.
  const isConstructor = call.isConstructor || isClass(v8, call.shared);
  const { name, functionName } = callName(v8, { ...call, isConstructor });
  const place = placeOfCall(v8, call);
  const context = isOutermost ? v8.memory.word(fp - 8) : Number.NaN;
  const frame: JsFrame = {
    kind: 'js',
    name,
    functionName,
    ...(place === undefined ? {} : { place }),
    tier: call.tier,
    isInlined: call.isInlined,
    isConstructor,
    isAsync: false,
    ...(call.function > 0 ? { functionAddress: call.function } : {}),
    ...(isContext(v8, context) ? { contextAddress: context } : {}),
    pc,
    fp,
  };
  if (options.values === true) {
    if (!Number.isNaN(call.receiver)) frame.receiver = valueOnce(v8, call.receiver, options);
    const names = namesOfParameters(v8, call.shared);
    frame.arguments = call.arguments.map((word, index) => ({
      name: names[index] ?? '',
      value: Number.isNaN(word) ? { type: 'optimized-out' } : valueOnce(v8, word, options),
    }));
  }
  return frame;
}

/** One level of a value, read once: 2000 frames with the global object as `this` took seconds. */
function valueOnce(v8: V8Reader, word: number, { known, until }: ReadOptions): Value {
  const seen = known.get(word);
  if (seen !== undefined) return seen;
  if (isHeapObject(word) && performance.now() > until)
    return { type: 'unreadable', address: word, why: 'left out to keep the pause short' };
  const value = readValue(v8, word, { depth: 1 });
  known.set(word, value);
  return value;
}

function namesOfParameters(v8: V8Reader, shared: number): string[] {
  const info = readFunctionInfo(v8, shared);
  if (info === undefined || !(info.start >= 0) || Number.isNaN(info.script)) return [];
  return parameterNames(scriptText(v8, info.script).slice(info.start, info.start + LONGEST_PARAMETERS));
}

function isClass(v8: V8Reader, shared: number): boolean {
  return readFunctionInfo(v8, shared)?.isClassConstructor === true;
}

function placeOfCall(v8: V8Reader, call: JsCall): StackPlace | undefined {
  const info = readFunctionInfo(v8, call.shared);
  if (info === undefined || Number.isNaN(info.script)) return undefined;
  let { offset, precision } = call as { offset: number; precision: StackPlace['precision'] };
  if (Number.isNaN(offset)) {
    const bytecode = call.bytecodeArray > 0 ? call.bytecodeArray : bytecodeArrayOf(v8, call.shared);
    offset = positionAt(v8, bytecode, call.bytecodeOffset);
  }
  if (!(offset >= 0)) {
    offset = info.token;
    precision = 'function';
  }
  const place = placeAt(v8, info.script, offset);
  return place === undefined ? undefined : { ...place, precision };
}

function readAsyncCallers(v8: V8Reader, frames: readonly StackFrame[]): JsFrame[] {
  const callers: JsFrame[] = [];
  for (const frame of frames) {
    if (frame.kind !== 'js' || frame.functionAddress === undefined) continue;
    const generator = awaitingGenerator(v8, frame.functionAddress);
    if (generator === undefined) continue;
    for (const waiter of asyncCallers(v8, generator)) {
      if (waiter.combinator !== undefined) {
        callers.push(combinatorFrame(waiter.combinator, frame.pc));
        continue;
      }
      const jsFunction = waiter.function ?? Number.NaN;
      const shared = sharedOf(v8, jsFunction);
      const call: JsCall = {
        shared,
        function: jsFunction,
        receiver:
          waiter.generator === undefined
            ? Number.NaN
            : field(v8, waiter.generator, 'JSGeneratorObject.receiver'),
        receiverMap: Number.NaN,
        arguments: [],
        isConstructor: false,
        tier: 'interpreter',
        isInlined: false,
        bytecodeArray: bytecodeArrayOf(v8, shared),
        bytecodeOffset: waiter.bytecodeOffset ?? Number.NaN,
        offset: Number.NaN,
        precision: 'exact',
      };
      const place = placeOfCall(v8, call);
      callers.push({
        kind: 'js',
        ...callName(v8, call),
        ...(place === undefined ? {} : { place }),
        tier: 'interpreter',
        isInlined: false,
        isConstructor: false,
        isAsync: true,
        ...(jsFunction > 0 ? { functionAddress: jsFunction } : {}),
        pc: frame.pc,
        fp: Number.NaN,
      });
    }
  }
  return callers;
}

/** `Promise.all (index 2)`, which has no place. */
function combinatorFrame({ name, index }: { name: string; index: number }, pc: number): JsFrame {
  return {
    kind: 'js',
    name: `Promise.${name} (index ${index})`,
    functionName: name,
    tier: 'builtin',
    isInlined: false,
    isConstructor: false,
    isAsync: true,
    pc,
    fp: Number.NaN,
  };
}
