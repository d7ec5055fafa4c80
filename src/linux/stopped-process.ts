import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { type Memory, PagedMemory } from './memory.ts';
import { type Mapping, mappingAt, readMemoryMap } from './memory-map.ts';
import { PROC, readLinkIfAny, readTextIfAny } from './proc-file.ts';
import type { ProcessImage, Registers, ThreadImage } from './process-image.ts';
import { REGISTER } from './process-image.ts';
import { ProcessStop } from './process-stop.ts';
import { parseSystemCall } from './system-call.ts';
import { ThreadRest } from './thread-rest.ts';
import { listThreads } from './threads.ts';

const PAGE = 4096;
/** Of one stack: the main thread has 984 KiB for JavaScript. */
const LONGEST_KEPT = 1024 * 1024;

/** A live process as an image. Between `stop` and `resume` it shows one moment; otherwise what lies there now. */
export interface StoppedProcess extends ProcessImage {
  readonly kind: 'process';
  /** Stops it and looks again: mappings, threads, memory. @throws HolterError E_TARGET_EXITED, E_TIMEOUT */
  stop(): void;
  /** Reads the stacks of all threads into the memory's cache, so that they can be walked after `resume`, too. */
  keepStacks(): void;
  /** Continues it; once more does nothing. */
  resume(): void;
  /** Between `stop` and `resume`, again and again: it may stand longer. False: it does not stand any more. */
  prolong(): boolean;
  /** How long it stood in all stops so far. */
  readonly pausedMs: Milliseconds;
  /** It stood before we came, and is not continued. */
  readonly wasStopped: boolean;
}

/**
 * Opens a running process for reading; nothing is stopped before `stop`.
 * @throws HolterError E_NO_SUCH_PROCESS, E_PERMISSION
 */
export async function openProcess(pid: number): Promise<StoppedProcess> {
  const guard = await ProcessStop.prepare(pid);
  try {
    return new LiveImage(pid, guard);
  } catch (error) {
    guard.close();
    throw error;
  }
}

/** `openProcess` and `stop`. */
export async function stopProcess(
  pid: number,
  _options: { signal?: AbortSignal } = {},
): Promise<StoppedProcess> {
  const image = await openProcess(pid);
  try {
    image.stop();
    return image;
  } catch (error) {
    image.close();
    throw error;
  }
}

/**
 * A process as it runs, for reading only: nothing can stop it, so nothing needs to guard it. `threads` is empty.
 * @throws HolterError E_NO_SUCH_PROCESS, E_PERMISSION
 */
export function watchProcess(pid: number): ProcessImage {
  return new RunningImage(pid);
}

class RunningImage implements ProcessImage {
  readonly kind = 'process';
  readonly name: string;
  readonly pid: number;
  readonly memory: PagedMemory;
  mappings: readonly Mapping[];
  threads: readonly ThreadImage[] = [];
  readonly executable: string;
  readonly problems: string[] = [];
  readonly #raw: MemoryFile;

  constructor(pid: number) {
    this.pid = pid;
    this.name = `process ${pid}`;
    this.#raw = new MemoryFile(pid);
    this.memory = new PagedMemory(this.#raw);
    this.executable = readLinkIfAny(`${PROC}/${pid}/exe`) ?? '';
    this.mappings = readMemoryMap(pid) ?? [];
  }

  fileOf(mapping: Mapping): string | undefined {
    if (!mapping.path.startsWith('/')) return undefined;
    const deleted = mapping.path.endsWith(' (deleted)');
    const range = `${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
    const path = mapping.path.replace(/ \(deleted\)$/, '');
    const places = [
      ...(path === this.executable.replace(/ \(deleted\)$/, '') ? [`${PROC}/${this.pid}/exe`] : []),
      ...(deleted ? [] : [`${PROC}/${this.pid}/root${path}`]),
      `${PROC}/${this.pid}/map_files/${range}`,
    ];
    return places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true);
  }

  close(): void {
    this.#raw.close();
  }
}

class LiveImage extends RunningImage implements StoppedProcess {
  pausedMs: Milliseconds = 0;
  readonly #guard: ProcessStop;
  readonly #rest: ThreadRest;

  constructor(pid: number, guard: ProcessStop) {
    super(pid);
    this.#guard = guard;
    this.#rest = new ThreadRest(pid);
  }

  get wasStopped(): boolean {
    return this.#guard.wasStopped;
  }

  stop(): void {
    const sleepless = this.#rest.sleepless();
    this.#guard.begin();
    try {
      this.memory.forget();
      this.mappings = readMemoryMap(this.pid) ?? [];
      this.threads = readThreads(this.pid, sleepless);
    } catch (error) {
      this.resume();
      throw error;
    }
  }

  keepStacks(): void {
    for (const { registers } of this.threads) {
      const sp = registers[REGISTER.rsp]!;
      const end = Math.min(mappingAt(this.mappings, sp)?.end ?? 0, sp + LONGEST_KEPT);
      for (let at = sp; at < end; at += PAGE) this.memory.u8(at);
    }
  }

  resume(): void {
    this.pausedMs += this.#guard.end();
    this.#rest.begin();
  }

  prolong(): boolean {
    return this.#guard.prolong();
  }

  override close(): void {
    this.resume();
    this.#guard.close();
    super.close();
  }
}

function readThreads(pid: number, sleepless: ReadonlySet<number>): ThreadImage[] {
  return listThreads(pid).map((tid) => {
    const registers: Registers = new Float64Array(REGISTER.count).fill(Number.NaN);
    const name = (readTextIfAny(`${PROC}/${pid}/task/${tid}/comm`) ?? '').replace(/\n$/, '');
    const text = readTextIfAny(`${PROC}/${pid}/task/${tid}/syscall`)?.trim();
    if (text === undefined || text === 'running')
      return { tid, name, registers, problem: 'where it is cannot be read' };
    const fields = text.split(/\s+/);
    registers[REGISTER.rsp] = Number(fields.at(-2));
    registers[REGISTER.rip] = Number(fields.at(-1));
    const call = parseSystemCall(text);
    return {
      tid,
      name,
      registers,
      ...(call === undefined ? {} : { systemCall: call.name }),
      ...(sleepless.has(tid) ? { neverSlept: true } : {}),
    };
  });
}

/** `/proc/PID/mem`; holes give EIO. */
class MemoryFile implements Memory {
  readonly #fd: number;

  constructor(pid: number) {
    try {
      this.#fd = openSync(`${PROC}/${pid}/mem`, 'r');
    } catch (cause) {
      const code = errnoOf(cause);
      if (code === 'EACCES' || code === 'EPERM')
        throw new HolterError('E_PERMISSION', `cannot read the memory of process ${pid}: not allowed`, {
          hint: 'run holter as root (sudo), or as the same user with kernel.yama.ptrace_scope = 0',
          cause,
        });
      throw new HolterError('E_NO_SUCH_PROCESS', `process ${pid} has ended`, { cause });
    }
  }

  read(address: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      try {
        const count = readSync(this.#fd, into, done, into.length - done, address + done);
        if (count === 0) break;
        done += count;
      } catch {
        // A hole somewhere in it: up to the end of this page, then the next.
        const rest = PAGE - ((address + done) % PAGE);
        if (rest >= into.length - done) break;
        try {
          const count = readSync(this.#fd, into, done, rest, address + done);
          if (count === 0) break;
          done += count;
        } catch {
          break;
        }
      }
    }
    return done;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
