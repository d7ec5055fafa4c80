import { HolterError } from '../base/errors.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import type { LoopContents } from './active-handles.ts';
import { type CoreOptions, openCore } from './core-file.ts';
import { LiveV8, type Looked } from './live-v8.ts';
import {
  type FrameChoice,
  type FrameDetails,
  Look,
  type ProcessDescription,
  type StacksWithReason,
} from './look.ts';
import { openV8 } from './open-v8.ts';
import { readStacks, type StackOptions } from './read-stacks.ts';
import type { ScriptText } from './script-text.ts';
import type { ThreadStack } from './stack-frame.ts';
import { addOriginalPlaces } from './stack-sources.ts';
import { filesOfCore, filesOfProcess } from './target-files.ts';
import type { UnpackProgress } from './unpack-core.ts';
import type { V8Reader } from './v8-reader.ts';
import type { Value } from './value.ts';
import type { ValueLimits } from './value-walk.ts';

export type PostmortemProgress =
  | UnpackProgress
  /** Threads whose stacks are read. */
  | { stage: 'stacks'; done: number; of: number };

export interface PostmortemOptions extends Omit<CoreOptions, 'onProgress'> {
  /** Ends the opening and every question with E_INTERRUPTED. A process is continued first. */
  signal?: AbortSignal;
  onProgress?: (progress: PostmortemProgress) => void;
  /** Places of frames in original sources, by the source maps beside the scripts; default true. */
  sourceMaps?: boolean;
}

/** A core file or a live process that answers questions. Close it after use. */
export interface Postmortem {
  readonly kind: 'core' | 'process';
  /** Path of the core, or `process 4711`. */
  readonly name: string;
  readonly pid: number;
  /** Versions, signal, arguments, binaries, what is missing. */
  describe(options?: { environment?: boolean }): Promise<ProcessDescription>;
  /** Stacks of all threads, and why it died. `pausedMs` tells how long a live process stood. */
  stacks(options?: StackOptions): Promise<StacksWithReason>;
  /** One frame with its variables and the text of its script. @throws HolterError E_USAGE */
  frame(index: number, options?: FrameChoice & { depth?: number }): Promise<FrameDetails>;
  /** A value by path or address. @throws HolterError E_USAGE */
  inspect(where: string | number, options?: FrameChoice & Partial<ValueLimits>): Promise<Value>;
  /** Handles, requests and timers of every event loop. */
  handles(): Promise<LoopContents[]>;
  /** Text of a function's script. */
  source(address: number): Promise<ScriptText | undefined>;
  /**
   * Several questions to one moment: a live process stands still until `questions` is done, and no longer than 20 s; it is
   * called twice for the first look, the first time while the process runs.
   */
  look<T>(questions: (look: Look) => T): Promise<Looked<T>>;
  close(): void;
}

/** Threads whose stacks are read between two turns of the event loop. */
const BATCH = 8;

/**
 * Opens a core file by its path (compressed ones too), or a live Node process by its pid. A process is stopped for each
 * question, for some milliseconds, and continued whatever happens to us: a watchdog outlives us.
 * @throws HolterError of `openCore`; E_NO_SUCH_PROCESS, E_PERMISSION; E_NOT_NODE; E_INTERRUPTED; E_PLATFORM
 */
export async function openPostmortem(
  target: string | number,
  options: PostmortemOptions = {},
): Promise<Postmortem> {
  if (process.platform !== 'linux' && typeof target === 'number')
    throw new HolterError('E_PLATFORM', 'processes can be looked at on Linux only');
  const { signal } = options;
  throwIfAborted(signal);
  if (typeof target === 'number') {
    const live = await LiveV8.open(target);
    return new Examination(
      live.image,
      (read) => live.look(read),
      () => live.close(),
      options,
    );
  }
  const image = await openCore(target, options);
  try {
    throwIfAborted(signal);
    const v8 = openV8(image);
    const look = async <T>(read: (v8: V8Reader) => T | Promise<T>): Promise<Looked<T>> => ({
      result: await read(v8),
      at: performance.now(),
      wasStopped: false,
    });
    return new Examination(image, look, () => image.close(), options);
  } catch (error) {
    image.close();
    throw error;
  }
}

class Examination implements Postmortem {
  readonly kind: 'core' | 'process';
  readonly name: string;
  readonly pid: number;
  readonly #read: <T>(read: (v8: V8Reader) => T | Promise<T>) => Promise<Looked<T>>;
  readonly #end: () => void;
  readonly #options: PostmortemOptions;
  /** Questions to a process wait for each other: it has one stop. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(
    image: ProcessImage,
    read: <T>(read: (v8: V8Reader) => T | Promise<T>) => Promise<Looked<T>>,
    end: () => void,
    options: PostmortemOptions,
  ) {
    this.kind = image.kind;
    this.name = image.name;
    this.pid = image.pid;
    this.#read = read;
    this.#end = end;
    this.#options = options;
  }

  async describe(options: { environment?: boolean } = {}): Promise<ProcessDescription> {
    return (await this.look((look) => look.describe(options))).result;
  }

  async stacks(options: StackOptions = {}): Promise<StacksWithReason> {
    const { result, pausedMs } = await this.#ask(async (v8) => {
      const look = new Look(v8);
      if (this.kind === 'process') return look.stacks(options);
      return look.report(await this.#readThreads(v8, options));
    });
    const report = pausedMs === undefined ? result : { ...result, pausedMs };
    if (this.#options.sourceMaps !== false) {
      const readFile = this.kind === 'core' ? filesOfCore(this.#options.sysroot) : filesOfProcess(this.pid);
      const { notes } = await addOriginalPlaces([report], readFile, [process.cwd()]);
      report.problems.push(...notes);
    }
    return report;
  }

  async frame(index: number, options: FrameChoice & { depth?: number } = {}): Promise<FrameDetails> {
    return (await this.look((look) => look.frame(index, options))).result;
  }

  async inspect(where: string | number, options: FrameChoice & Partial<ValueLimits> = {}): Promise<Value> {
    return (await this.look((look) => look.inspect(where, options))).result;
  }

  async handles(): Promise<LoopContents[]> {
    return (await this.look((look) => look.handles())).result;
  }

  async source(address: number): Promise<ScriptText | undefined> {
    return (await this.look((look) => look.source(address))).result;
  }

  look<T>(questions: (look: Look) => T): Promise<Looked<T>> {
    return this.#ask((v8) => questions(new Look(v8)));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
  }

  async #ask<T>(read: (v8: V8Reader) => T | Promise<T>): Promise<Looked<T>> {
    const before = this.#last;
    const answer = (async () => {
      await before;
      if (this.#isClosed) throw new HolterError('E_USAGE', `${this.name} was closed`);
      throwIfAborted(this.#options.signal);
      return this.#read(read);
    })();
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** Of a core with thousands of threads a caller wants to hear, and to be able to stop it. */
  async #readThreads(v8: V8Reader, options: StackOptions): Promise<ThreadStack[]> {
    const { signal, onProgress } = this.#options;
    const { threads: wanted = 'all' } = options;
    const all = v8.image.threads.map(({ tid }) => tid);
    const tids =
      wanted === 'all'
        ? all
        : wanted === 'main'
          ? all.slice(0, 1)
          : all.filter((tid) => wanted.includes(tid));
    const threads: ThreadStack[] = [];
    for (let at = 0; at < tids.length; at += BATCH) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve));
      throwIfAborted(signal);
      threads.push(...readStacks(v8, { ...options, threads: tids.slice(at, at + BATCH) }));
      onProgress?.({ stage: 'stacks', done: Math.min(tids.length, at + BATCH), of: tids.length });
    }
    return threads;
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new HolterError('E_INTERRUPTED', 'interrupted before there was an answer');
}
