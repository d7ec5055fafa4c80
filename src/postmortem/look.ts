import { HolterError } from '../base/errors.ts';
import { type LoopContents, readActiveHandles } from './active-handles.ts';
import { type CrashReason, findCrashReason } from './crash-reason.ts';
import { frameIndex, noFrameText } from './frame-choice.ts';
import { type FrameVariables, readAtPath, readFrameVariables } from './frame-variables.ts';
import { type ImageBinary, listBinaries } from './image-binaries.ts';
import { readStacks, type StackOptions } from './read-stacks.ts';
import { readScriptText, type ScriptText } from './script-text.ts';
import type { StackFrame, StackReport, ThreadStack } from './stack-frame.ts';
import { buildStackReport } from './stack-report.ts';
import { readStartArguments } from './start-arguments.ts';
import type { V8Reader } from './v8-reader.ts';
import type { Value } from './value.ts';
import { parseValuePath } from './value-path.ts';
import type { ValueLimits } from './value-walk.ts';

/** What kind of process it is or was. */
export interface ProcessDescription {
  kind: 'core' | 'process';
  /** Path of the core, or `process 4711`. */
  name: string;
  pid: number;
  /** `22.23.3`; '' unknown. */
  nodeVersion: string;
  v8Version: string;
  /** Path as the target saw it; '' unknown. */
  executable: string;
  /** Undefined where that part of the memory is missing. */
  argv?: string[];
  /** `NAME=value` as at start: often holds secrets. Only where asked for. */
  environment?: string[];
  threads: number;
  crash?: { signal: number; name: string; address?: number };
  /** The executable first; with build-ids, and whether the files at hand are those builds. */
  binaries: ImageBinary[];
  /** What is missing or doubtful, a sentence each. */
  problems: string[];
}

/** Stacks, and of a core why it died. */
export type StacksWithReason = StackReport & { reason?: CrashReason };

/** One frame with what it can name. */
export interface FrameDetails extends FrameVariables {
  thread: ThreadStack;
  /** Innermost 0. */
  index: number;
  frame: StackFrame;
  /** Text of its script, as V8 keeps it. */
  script?: ScriptText;
}

export interface FrameChoice {
  /** tid; default the one that crashed, of a process main. */
  thread?: number;
}

/**
 * Questions to a process at one moment: addresses and frame numbers of one answer can be used in the next. Of a live
 * process the moment ends with the call of `look` that gave this, and addresses with it: V8 moves objects. All methods are
 * synchronous, bounded in time, and give `unreadable` values or `problems` for memory that is damaged.
 */
export class Look {
  readonly v8: V8Reader;

  constructor(v8: V8Reader) {
    this.v8 = v8;
  }

  describe(options: { environment?: boolean } = {}): ProcessDescription {
    const { image, layout, problems } = this.v8;
    const start = readStartArguments(image);
    return {
      kind: image.kind,
      name: image.name,
      pid: image.pid,
      nodeVersion: layout.nodeVersion,
      v8Version: layout.v8Version,
      executable: image.executable,
      ...(start === undefined ? {} : { argv: start.argv }),
      ...(start === undefined || options.environment !== true ? {} : { environment: start.environment }),
      threads: image.threads.length,
      ...(image.crash === undefined ? {} : { crash: image.crash }),
      binaries: listBinaries(image),
      problems: [...new Set([...image.problems, ...problems])],
    };
  }

  stacks(options: StackOptions = {}): StacksWithReason {
    return this.report(readStacks(this.v8, options));
  }

  /** Of threads that were read: versions, problems and the reason beside them. */
  report(threads: ThreadStack[]): StacksWithReason {
    const report = buildStackReport(this.v8, threads);
    const reason = findCrashReason(this.v8, report);
    return reason === undefined ? report : { ...report, reason };
  }

  /**
   * A frame by its number in `stacks`, with receiver, arguments and variables.
   * @param options.depth levels of properties of their values; default 1
   * @throws HolterError E_USAGE: no such frame or thread
   */
  frame(index: number, options: FrameChoice & { depth?: number } = {}): FrameDetails {
    const thread = this.#thread(options.thread);
    const frame = thread.frames[index];
    if (frame === undefined)
      throw new HolterError(
        'E_USAGE',
        `there is no frame ${index}: thread ${thread.tid} has ${thread.frames.length}`,
        { hint: 'stacks() numbers them, innermost 0' },
      );
    if (frame.kind !== 'js') return { thread, index, frame, named: [], outer: [] };
    const script =
      frame.functionAddress === undefined ? undefined : readScriptText(this.v8, frame.functionAddress);
    return {
      thread,
      index,
      frame,
      ...readFrameVariables(this.v8, frame, options.depth ?? 1),
      ...(script === undefined ? {} : { script }),
    };
  }

  /**
   * A value: `3:req.url` (frame, name, properties), `login:req.url` (innermost frame of a function), `0x2f3ac1.socket`, or an address as number; all ways to write it:
   * value-path.ts.
   * @throws HolterError E_USAGE: no path, or nothing of that name is there (the hint lists what is)
   */
  inspect(where: string | number, options: FrameChoice & Partial<ValueLimits> = {}): Value {
    const path = parseValuePath(typeof where === 'number' ? `0x${where.toString(16)}` : where);
    const { thread, ...limits } = options;
    if (path.root.kind === 'address') return readAtPath(this.v8, path, undefined, limits);
    const stack = this.#thread(thread);
    const frame = stack.frames[frameIndex(stack, path.root)];
    if (frame === undefined) throw new HolterError('E_USAGE', noFrameText(stack, path.root));
    return readAtPath(this.v8, path, frame.kind === 'js' ? frame : undefined, limits);
  }

  /** What keeps the event loop of each thread busy: handles, requests, timers. Empty where Node's lists are not found. */
  handles(): LoopContents[] {
    return readActiveHandles(this.v8);
  }

  /** Text of the script that a function (or a Script of V8) by its address belongs to; undefined: there is none. */
  source(address: number): ScriptText | undefined {
    return readScriptText(this.v8, address % 2 === 0 ? address + 1 : address);
  }

  #thread(tid: number | undefined): ThreadStack {
    const { threads } = this.v8.image;
    const wanted = tid ?? threads[0]?.tid ?? Number.NaN;
    const [found] = readStacks(this.v8, { threads: [wanted], values: true });
    if (found !== undefined) return found;
    const tids = threads.slice(0, 20).map((one) => one.tid);
    throw new HolterError('E_USAGE', `there is no thread ${wanted}`, { hint: `threads: ${tids.join(', ')}` });
  }
}
