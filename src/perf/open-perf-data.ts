import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import type { ByteSource } from '../base/byte-source.ts';
import type { ReadProfileOptions } from '../cpu/profile-file.ts';
import { KernelSymbols } from '../linux/kernel-symbols.ts';
import { readVdso } from '../linux/vdso.ts';
import { codeByAddress, type PerfCodeFile } from './code-file.ts';
import type { JitCodeBook } from './jit-code-book.ts';
import { readJitDump } from './jitdump.ts';
import { type KeptSymbols, parseKeptSymbols } from './kept-symbols.ts';
import { type MapTimes, readPerfMap } from './perf-map.ts';
import { type PerfProfile, readPerfData } from './read-perf-data.ts';

/** What was kept beside perf.data, for one process; all of it is optional. */
export interface BesidePerfData {
  /** Process the map is of. */
  pid?: number;
  /** Bytes of the perf map as it was when the recording ended. */
  map?: Buffer;
  /** When they were written. */
  mapTimes?: MapTimes;
  jitDump?: Buffer;
  symbols?: KeptSymbols;
  /** V8's code by address, out of the process's memory. */
  code?: PerfCodeFile;
  /** The recording was made elsewhere: nothing of this machine belongs to it. */
  foreign?: boolean;
}

/**
 * Reads perf.data with what this machine knows: perf maps in /tmp, jitdumps, binaries, kernel symbols; and with what was
 * kept beside it, which counts more.
 * @throws HolterError as readPerfData
 */
export function openPerfData(
  source: ByteSource,
  options: ReadProfileOptions,
  beside: BesidePerfData = {},
): PerfProfile {
  return readPerfData(source, {
    ...options,
    jitBooks: (pids, jitDumps) => {
      const books = new Map<number, JitCodeBook>();
      for (const pid of pids) {
        const dump = pid === beside.pid ? beside.jitDump : readIfAny(jitDumps.get(pid), source);
        const map = pid === beside.pid ? beside.map : localMap(pid, source, beside.foreign === true);
        const times = pid === beside.pid ? beside.mapTimes : undefined;
        // The map has what the jitdump has, and Node 26 damages the latter; without times only the jitdump knows when.
        const book = chooseBook(map, times, dump);
        if (book !== undefined && book.length > 0) books.set(pid, book);
      }
      return books;
    },
    codeInMemory: (pid) =>
      beside.code !== undefined && pid === beside.code.pid ? codeByAddress(beside.code) : undefined,
    nativeNames: ({ kernelText, release: recorded }) => ({
      kept: beside.symbols,
      fileOf: (path, pid) => localFile(path, pid),
      vdso: () =>
        beside.foreign === true || (recorded !== undefined && recorded !== release())
          ? undefined
          : readVdso(),
      kernel: () => {
        if (beside.foreign === true || (recorded !== undefined && recorded !== release())) return undefined;
        const symbols = KernelSymbols.ofThisMachine();
        // Every boot puts the kernel elsewhere: names of another boot would be wrong.
        const text = symbols?.addressOf('_text') ?? symbols?.addressOf('_stext');
        return kernelText === undefined || text === undefined || kernelText === text ? symbols : undefined;
      },
    }),
  });
}

function chooseBook(
  map: Buffer | undefined,
  times: MapTimes | undefined,
  dump: Buffer | undefined,
): JitCodeBook | undefined {
  if (map !== undefined && (times !== undefined || dump === undefined)) return readPerfMap(map, times);
  const read = dump === undefined ? undefined : readJitDump(dump);
  if (read !== undefined && (read.lost === 0 || map === undefined)) return read.book;
  return map === undefined ? undefined : readPerfMap(map);
}

/** The map of a process beside the file (as it was copied), or where perf looks for it. */
function localMap(pid: number, source: ByteSource, foreign: boolean): Buffer | undefined {
  const beside = readIfAny(join(dirname(source.path ?? ''), `perf-${pid}.map`));
  return beside ?? (foreign ? undefined : readIfAny(`/tmp/perf-${pid}.map`));
}

function localFile(path: string, pid: number): string | undefined {
  // In a container the path is another's; the process may be gone, or its pid another's: build ids decide.
  const inside = `/proc/${pid}/root${path}`;
  if (existsSync(inside)) return inside;
  return existsSync(path) ? path : undefined;
}

function readIfAny(path: string | undefined, source?: ByteSource): Buffer | undefined {
  if (path === undefined) return undefined;
  const beside = join(dirname(source?.path ?? path), path.slice(path.lastIndexOf('/') + 1));
  for (const each of new Set([path, beside])) {
    try {
      return readFileSync(each);
    } catch {
      // Not there, or not ours: frames stay without names, and the recording says how many.
    }
  }
  return undefined;
}

/** Symbols kept with a recording. @throws HolterError E_FILE_FORMAT */
export function readKeptSymbols(path: string): KeptSymbols {
  return parseKeptSymbols(readFileSync(path, 'utf8'), path);
}
