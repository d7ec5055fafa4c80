import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';
import { type CopyResult, copyMemory, layOutCore } from '../linux/core-writer.ts';
import { leaveOutBuffers } from '../linux/core-writer-leave-out.ts';
import { type BuiltNotes, buildCoreNotes, type CoreFacts } from '../linux/core-writer-notes.ts';
import { type CorePlan, planCore } from '../linux/core-writer-plan.ts';
import { findRegisters } from '../linux/core-writer-registers.ts';
import { readThreadStates, type ThreadState, USER_REGISTERS } from '../linux/core-writer-threads.ts';
import { readMemoryMap } from '../linux/memory-map.ts';
import { PROC } from '../linux/proc-file.ts';
import { readProcessStatus } from '../linux/process-status.ts';
import { openProcess, type StoppedProcess } from '../linux/stopped-process.ts';
import { drainInstance } from './core-drain.ts';
import { type CorePacking, packCore } from './core-pack.ts';

/** What taking a core will cost: told before anything is touched. */
export interface CoreNeed {
  /** Of memory to be copied. */
  bytes: Bytes;
  leftOutBytes: Bytes;
  /** Estimated. */
  pauseMs: Milliseconds;
  /** Free in the folder of the file. */
  freeBytes: Bytes;
}

export interface CoreVisitOptions {
  pid: number;
  /** File to be made; an old one is replaced when the new one is whole. */
  path: string;
  jsHeapOnly: boolean;
  packing?: CorePacking;
  /** Shell commands: before the stop; after it, whatever happened. */
  drain?: string;
  undrain?: string;
  /** Version of holter. */
  by: string;
  signal: AbortSignal;
  /** False: the process is not touched. */
  agree: (need: CoreNeed) => Promise<boolean>;
  onStep?: (text: string) => void;
}

/** A core that was written. */
export interface TakenCore {
  path: string;
  pid: number;
  /** ISO time of the stop. */
  at: string;
  pausedMs: Milliseconds;
  estimatedPauseMs: Milliseconds;
  /** All of it: also what was done before and after the pause, drain and undrain not. */
  tookMs: Milliseconds;
  /** Of memory that was copied, zeroes included. */
  copiedBytes: Bytes;
  leftOutBytes: Bytes;
  unreadableBytes: Bytes;
  /** Of the file: apparent, and on disk. */
  fileBytes: Bytes;
  diskBytes: Bytes;
  threads: number;
  /** Threads whose frame pointer was found. */
  framePointers: number;
  /** It stood before, and stands still. */
  wasStopped: boolean;
  packing?: CorePacking;
  problems: string[];
}

/** Reading and writing side by side, measured on two cores (bench/postmortem/take.mjs); and what even a small one costs. */
const BYTES_PER_MS = 1e6;
const LEAST_MS: Milliseconds = 40;
/** Left free on the disk for others. */
const SPARE: Bytes = 16 * 2 ** 20;
/** What a file system says that has no room. */
const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota is used up',
  EFBIG: 'files may not be so large here (ulimit -f, or the file system)',
};
/** Between two looks at whether the process still stands; well below the guard's 20 s. */
const PROLONG_MS: Milliseconds = 4000;

/**
 * Writes a core file of a live process: stop, copy what is in memory, continue; then frame pointers are found and the file is
 * packed, while the process runs. The file has mode 0600, appears whole under its name, or not at all.
 * @throws HolterError E_NO_SUCH_PROCESS, E_PERMISSION, E_TARGET_EXITED, E_TIMEOUT; E_WRITE: no room, before or on the way;
 *   E_START_FAILED: the drain command failed; E_INTERRUPTED: not agreed, or `signal`. The process has been continued then
 */
export async function takeCore(options: CoreVisitOptions): Promise<TakenCore> {
  const { pid, path, signal } = options;
  const begun = performance.now();
  const live = await openProcess(pid);
  let memory: number | undefined;
  try {
    memory = openSync(`${PROC}/${pid}/mem`, 'r');
    const need = estimate(options, memory);
    if (!(await options.agree(need))) throw new HolterError('E_INTERRUPTED', 'not agreed: nothing was done');
    checkRoom(options, need.bytes, need.freeBytes);
    const agreed = performance.now();
    const draining = await drainInstance(options);
    const drained = performance.now();
    let taken: Omit<TakenCore, 'tookMs'>;
    try {
      taken = await intoFile(options, live, memory, need, () => draining.end());
    } finally {
      live.resume();
      await draining.end();
    }
    const waited = drained - agreed;
    return { ...taken, tookMs: performance.now() - begun - waited };
  } catch (error) {
    throw asHolterError(error, path, signal);
  } finally {
    if (memory !== undefined) closeSync(memory);
    live.close();
  }
}

function estimate({ pid, path, jsHeapOnly }: CoreVisitOptions, memory: number): CoreNeed {
  const mappings = readMemoryMap(pid);
  if (mappings === undefined) throw new HolterError('E_TARGET_EXITED', `process ${pid} has ended`);
  const { bytes, leftOutBytes } = planCore(pid, mappings, jsHeapOnly ? leaveOutBuffers(memory) : undefined);
  return { bytes, leftOutBytes, pauseMs: LEAST_MS + bytes / BYTES_PER_MS, freeBytes: freeBytesOf(path) };
}

function freeBytesOf(path: string): Bytes {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch (cause) {
    throw new HolterError('E_WRITE', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

function checkRoom({ path, packing }: CoreVisitOptions, bytes: Bytes, free: Bytes): void {
  // Packed it lies there twice for a while; a packed core of half its size is usual.
  const wanted = bytes * (packing === undefined ? 1 : 1.5) + SPARE;
  if (wanted <= free) return;
  const megabytes = (count: Bytes): string => `${Math.ceil(count / 1e6)} MB`;
  throw new HolterError(
    'E_WRITE',
    `the core may take ${megabytes(wanted)}, and ${dirname(path)} has ${megabytes(free)} free: the process was not touched`,
    { hint: '-o FILE on a larger disk, or --js-heap-only' },
  );
}

/** Everything between the first byte and the name. */
async function intoFile(
  options: CoreVisitOptions,
  live: StoppedProcess,
  memory: number,
  need: CoreNeed,
  onRunning: () => Promise<void>,
): Promise<Omit<TakenCore, 'tookMs'>> {
  const { path, signal, packing } = options;
  const partial = `${path}.${process.pid}.part`;
  const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW } = constants;
  rmSync(partial, { force: true });
  const file = openSync(partial, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
  let packed: string | undefined;
  try {
    const copy = await copyStopped(options, live, memory, file);
    const problems: string[] = [];
    // The core is not given up because of what is amiss elsewhere; who reads the report is told.
    await onRunning().catch((error: Error) => problems.push(error.message));
    options.onStep?.('finding frame pointers');
    const found = await fillRegisters(partial, file, live, copy, problems);
    if (packing !== undefined) {
      options.onStep?.(`packing with ${packing}`);
      packed = `${path}.${process.pid}.packed`;
      await packCore(partial, packed, packing, signal);
    }
    renameSync(packed ?? partial, path);
    const { size, blocks } = statSync(path);
    return {
      path,
      pid: options.pid,
      at: copy.facts.about.at,
      pausedMs: copy.pausedMs,
      estimatedPauseMs: need.pauseMs,
      copiedBytes: copy.plan.bytes,
      leftOutBytes: copy.plan.leftOutBytes,
      unreadableBytes: copy.result.unreadableBytes,
      fileBytes: size,
      diskBytes: blocks * 512,
      threads: copy.facts.threads.length,
      framePointers: found,
      wasStopped: live.wasStopped,
      ...(packing === undefined ? {} : { packing }),
      problems,
    };
  } finally {
    closeSync(file);
    rmSync(partial, { force: true });
    if (packed !== undefined) rmSync(packed, { force: true });
  }
}

interface Copy {
  facts: CoreFacts;
  plan: CorePlan;
  notes: BuiltNotes;
  notesAt: Bytes;
  result: CopyResult;
  pausedMs: Milliseconds;
}

/** The pause: all that is done here the process waits for. */
async function copyStopped(
  options: CoreVisitOptions,
  live: StoppedProcess,
  memory: number,
  file: number,
): Promise<Copy> {
  const { pid, jsHeapOnly, by } = options;
  options.signal.throwIfAborted();
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  live.stop();
  const at = new Date().toISOString();
  let seen = -1;
  let progress = 0;
  const timer = setInterval(() => {
    // A disk that hangs must not keep a service down: without progress the guard's limit runs out.
    if (progress === seen) return;
    seen = progress;
    if (!live.prolong())
      lost.abort(
        new HolterError(
          'E_TIMEOUT',
          `process ${pid} was continued by another, or its guard: its core would be torn`,
          {
            hint: 'try again; a slow disk can be the reason: -o FILE on a faster one',
          },
        ),
      );
  }, PROLONG_MS);
  try {
    const threads = readThreadStates(pid);
    const plan = planCore(pid, live.mappings, jsHeapOnly ? leaveOutBuffers(memory) : undefined);
    const status = readProcessStatus(pid);
    const facts: CoreFacts = {
      pid,
      threads,
      mappings: live.mappings,
      auxv: readFileSync(`${PROC}/${pid}/auxv`),
      commandLine: readFileSync(`${PROC}/${pid}/cmdline`, 'utf8'),
      uid: status?.uid ?? 0,
      gid: gidOf(threads[0]),
      about: { schema: 'holter.core-origin/1', by, at, jsHeapOnly, threads: threads.map(originOf) },
    };
    const notes = buildCoreNotes(facts);
    const layout = layOutCore(plan.segments, notes.bytes.length);
    const result = await copyMemory({
      memory,
      file,
      segments: plan.segments,
      layout,
      signal,
      onProgress: (done) => {
        progress = done;
      },
    });
    // Written last: what has no notes is not taken for whole.
    writeSync(file, notes.bytes, 0, notes.bytes.length, layout.notesAt);
    if (!live.prolong()) {
      if (await hasEnded(pid))
        throw new HolterError('E_TARGET_EXITED', `process ${pid} has ended meanwhile: no file was left`);
      throw new HolterError('E_TIMEOUT', `process ${pid} was continued by another: its core would be torn`, {
        hint: 'try again',
      });
    }
    const before = live.pausedMs;
    live.resume();
    return { facts, plan, notes, notesAt: layout.notesAt, result, pausedMs: live.pausedMs - before };
  } finally {
    clearInterval(timer);
    live.resume();
  }
}

/** One that was killed takes a while to give back its memory, and runs until then. */
async function hasEnded(pid: number): Promise<boolean> {
  for (let look = 0; look < 20; look++) {
    const state = readProcessStatus(pid)?.state ?? 'X';
    if (state === 'Z' || state === 'X') return true;
    await sleep(25);
  }
  return false;
}

function originOf({ tid, name, registers }: ThreadState): { tid: number; name: string; known: string[] } {
  return { tid, name, known: Object.keys(registers) };
}

function gidOf(main: ThreadState | undefined): number {
  return Number(/^Gid:\s*(\d+)/m.exec(main?.status ?? '')?.[1] ?? 0);
}

/** Frame and thread pointers are found in the written file, with the process' own binaries, and put into its notes. */
async function fillRegisters(
  path: string,
  file: number,
  live: StoppedProcess,
  { facts, notes, notesAt }: Copy,
  problems: string[],
): Promise<number> {
  const { openCore } = await import('../postmortem/core-file.ts');
  const core = await openCore(path);
  try {
    const image = {
      kind: core.kind,
      name: core.name,
      pid: core.pid,
      memory: core.memory,
      mappings: core.mappings,
      threads: core.threads,
      executable: core.executable,
      problems: [],
      fileOf: live.fileOf.bind(live),
      close: () => {},
    };
    const byThread = findRegisters(image);
    let found = 0;
    const word = Buffer.alloc(8);
    for (const [index, { tid }] of facts.threads.entries()) {
      const { rbp, fsBase } = byThread.get(tid) ?? {};
      if (rbp !== undefined) found++;
      for (const [name, value] of [
        ['rbp', rbp],
        ['fs_base', fsBase],
      ] as const) {
        if (value === undefined) continue;
        word.writeBigUInt64LE(BigInt(value));
        writeSync(file, word, 0, 8, notesAt + notes.registersAt[index]! + USER_REGISTERS.indexOf(name) * 8);
      }
    }
    return found;
  } catch (error) {
    // The memory is whole; stacks are found without it by holter.
    problems.push(`frame pointers could not be found: ${(error as Error).message}`);
    return 0;
  } finally {
    core.close();
  }
}

function asHolterError(error: unknown, path: string, signal: AbortSignal): unknown {
  if (error instanceof HolterError) return error;
  if (signal.aborted)
    return new HolterError('E_INTERRUPTED', 'interrupted: the process runs on, no file was left', {
      cause: error,
    });
  const code = errnoOf(error);
  if (code === undefined) return error;
  if (code === 'ESRCH')
    return new HolterError('E_TARGET_EXITED', 'the process has ended meanwhile', { cause: error });
  const why = FULL[code];
  return new HolterError(
    'E_WRITE',
    `cannot write ${path}: ${why ?? (error as Error).message}; the process runs on, no file was left`,
    { cause: error, ...(why === undefined ? {} : { hint: '-o FILE on a larger disk, or --js-heap-only' }) },
  );
}
