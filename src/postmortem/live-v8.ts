import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { openProcess, type StoppedProcess } from '../linux/stopped-process.ts';
import { testLayout } from './layout-votes.ts';
import { openV8 } from './open-v8.ts';
import type { V8Reader } from './v8-reader.ts';

/** What was read of a core, or of a process within one stop. */
export interface Looked<T> {
  result: T;
  /** Of performance.now(), when the memory was read. */
  at: Milliseconds;
  /** Undefined for a core. */
  pausedMs?: Milliseconds;
  wasStopped: boolean;
}

/** V8 in a process that goes on running: it stands still for the moment of each look, and never longer. */
export class LiveV8 {
  readonly image: StoppedProcess;
  readonly #v8: V8Reader;
  #isRehearsed = false;
  /** While it is held: what is learned of its objects stays true. */
  #held: V8Reader | undefined;
  #isClosed = false;

  private constructor(image: StoppedProcess, v8: V8Reader) {
    this.image = image;
    this.#v8 = v8;
  }

  /**
   * Versions, layout and symbols are read while it runs: only the looks need it to stand still.
   * @throws HolterError E_NO_SUCH_PROCESS, E_PERMISSION, E_NOT_NODE
   */
  static async open(pid: number): Promise<LiveV8> {
    const image = await openProcess(pid);
    try {
      return new LiveV8(image, openV8(image));
    } catch (error) {
      image.close();
      throw error;
    }
  }

  /**
   * Stops the process, lets `read` read, and continues it before this returns, whatever happens; one that was stopped
   * before is left so.
   * @throws HolterError E_TARGET_EXITED, E_TIMEOUT, and what `read` throws
   */
  async look<T>(read: (v8: V8Reader) => T | Promise<T>): Promise<Looked<T>> {
    if (this.#isClosed) throw new HolterError('E_USAGE', `${this.image.name} was closed`);
    const { image } = this;
    if (this.#held !== undefined)
      return { result: await read(this.#held), at: performance.now(), wasStopped: image.wasStopped };
    if (!this.#isRehearsed) await this.#rehearse(read);
    this.#isRehearsed = true;
    const before = image.pausedMs;
    image.stop();
    const at = performance.now();
    try {
      const result = await read(this.#fresh());
      image.resume();
      return { result, at, pausedMs: image.pausedMs - before, wasStopped: image.wasStopped };
    } finally {
      image.resume();
    }
  }

  /** Readers keep what they learned by reader: after the process went on, objects may have moved. */
  #fresh(): V8Reader {
    const fresh = { ...this.#v8, problems: [...this.#v8.problems] };
    // Of a V8 that nobody measured, only the objects of a process that stands still tell where things are.
    return fresh.layout.isKnown ? fresh : testLayout(fresh);
  }

  /**
   * Stops the process and keeps it so: looks until `release` see one moment. Whoever holds it calls `prolong` every few
   * seconds, or it is continued; when we die it is continued at once.
   * @throws HolterError E_TARGET_EXITED, E_TIMEOUT
   */
  hold(): void {
    if (this.#isClosed) throw new HolterError('E_USAGE', `${this.image.name} was closed`);
    this.image.stop();
    this.#held = this.#fresh();
  }

  /** @returns false: it was continued by somebody else, or is held no more */
  prolong(): boolean {
    if (this.#held === undefined) return false;
    if (this.image.prolong()) return true;
    this.release();
    return false;
  }

  /** Lets a held process go on. */
  release(): void {
    this.#held = undefined;
    this.image.resume();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.image.close();
  }

  /**
   * A reading whose result is thrown away: it makes V8 compile our own code, finds the symbols, and has the pages of
   * scripts read, while the target runs. The second one needs it to stand still for a few milliseconds only.
   */
  async #rehearse(read: (v8: V8Reader) => unknown): Promise<void> {
    this.image.stop();
    try {
      this.image.keepStacks();
    } finally {
      this.image.resume();
    }
    try {
      await read({ ...this.#v8, problems: [] });
    } catch {
      // What it read changed under its eyes.
    }
  }
}
