import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { countDeopts, placeDeopts } from '../cpu/build-deopt-sites.ts';
import type { DeoptLog } from '../cpu/deopt-log.ts';
import { classOfDeopt } from '../cpu/deopt-reason.ts';
import { askPlaces } from '../cpu/record-deopt-places.ts';
import { type Mapping, readMemoryMap } from '../linux/memory-map.ts';
import { populatedRanges } from '../linux/pagemap.ts';
import { PROC, readLinkIfAny } from '../linux/proc-file.ts';
import { ProcessMemory } from '../linux/process-memory.ts';
import { findProfilerDeopts, type ProfilerDeopt } from '../postmortem/profiler-deopts.ts';
import type { PartContext, PartFile, StartPart } from './inside-part.ts';

/** A thread with time to spare loses little by being deoptimised; one that a busy machine leaves half of a core does. */
const BUSY_PERCENT = 25;
/** The last look is over before the profile is stopped, which is `LEAVE_MS` of watch-inside.ts before the window's end. */
const BEFORE_END_MS = 700;
/** Shorter stretches between looks say nothing. */
const SHORTEST_MS = 300;
/** Fewer are warming up: not worth a stall of the thread to find their places. */
const WORTH_PLACING = 3;
/** Most frequent ones first. */
const MOST_PLACED = 300;
const MOST_DEOPTS = 50_000;

/**
 * Deoptimisations of the main thread, out of the records of the CPU profile that runs anyway
 * (postmortem/profiler-deopts.ts): three looks into the process's memory, nothing is put into the target.
 */
export const startDeoptsPart: StartPart = async (context) => {
  let watching: Promise<Looks | undefined> | undefined;
  const stopping = new AbortController();
  return {
    async middle({ mainCpuPercent }) {
      const isBusy = mainCpuPercent >= BUSY_PERCENT;
      watching = isBusy
        ? watch(context, stopping.signal).catch(() => undefined)
        : Promise.resolve({ times: [], deopts: [] });
    },
    async stop() {
      stopping.abort();
      const looks = await watching;
      return looks === undefined ? undefined : fileOf(await place(context, looks));
    },
  };
};

/** What each look found. None: the thread was not busy. */
interface Looks {
  times: Milliseconds[];
  deopts: ProfilerDeopt[][];
  limit?: string;
}

/** Three looks at even distances; undefined when memory may not be read, or the window ends before the last. */
async function watch(
  { clock, untilMs, note, act, pid }: PartContext,
  signal: AbortSignal,
): Promise<Looks | undefined> {
  if (pid === undefined) return undefined;
  let memory: ProcessMemory;
  try {
    memory = new ProcessMemory(pid);
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
    note(`whether V8 throws optimised code away again and again is not known: ${error.message}`);
    return undefined;
  }
  const looks: Looks = { times: [], deopts: [] };
  const look = async (): Promise<void> => {
    const found = await lookAt(pid, memory);
    looks.deopts.push(found.deopts.slice(0, MOST_DEOPTS));
    looks.times.push(clock.now());
    if (found.limited)
      looks.limit = `only ${Math.round(found.bytes / 2 ** 20)} MiB of its memory were searched`;
  };
  try {
    const begun = clock.now();
    await look();
    const first = clock.now();
    // A look takes longer the more it finds; the last one must be over when the profile is stopped.
    const last = untilMs - BEFORE_END_MS - 1.5 * (first - begun);
    if (last - first < 2 * SHORTEST_MS) return undefined;
    for (const at of [(first + last) / 2, last]) {
      await sleep(Math.max(0, at - clock.now()), undefined, { signal }).catch(() => {});
      // The profile is being handed over, and its records go with it.
      if (signal.aborted) return undefined;
      await look();
    }
  } finally {
    memory.close();
  }
  act('read what the CPU profile notes of deoptimisations out of its memory, three times', 0, 'no effect');
  return looks;
}

/** Counts, and asks for the places where something happened more than once in a while. */
async function place({ session, act }: PartContext, { times, deopts, limit }: Looks): Promise<DeoptLog> {
  const log: DeoptLog = {
    schema: 'holter.deopts/1',
    looks: times,
    sites: [],
    ...(limit === undefined ? {} : { limit }),
  };
  const counted = countDeopts(deopts);
  const sum = counted.reduce((all, { counts }) => all + counts.reduce((each, count) => each + count, 0), 0);
  if (sum < WORTH_PLACING) return log;
  const frames = counted.slice(0, MOST_PLACED).flatMap((site) => site.frames);
  try {
    const { placeOf, pauseMs } = await askPlaces(session, frames);
    log.sites = placeDeopts(counted.slice(0, MOST_PLACED), placeOf);
    act('asked for its scripts (debugger on and off)', pauseMs, 'no effect');
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
    log.limit = `its scripts could not be asked for: ${error.message}`;
  }
  return log;
}

async function lookAt(
  pid: number,
  memory: ProcessMemory,
): Promise<{ deopts: ProfilerDeopt[]; bytes: number; limited: boolean }> {
  const executable = readLinkIfAny(`${PROC}/${pid}/exe`) ?? '';
  return findProfilerDeopts({
    read: (address, into) => copy(memory, address, into),
    mappings: readMemoryMap(pid) ?? [],
    populated: (mapping) => touched(pid, mapping),
    isEngine: ({ path }) => path !== '' && (path === executable || /\/libnode\.so[.\d]*$/.test(path)),
    isReason: (text) => classOfDeopt(text) !== undefined,
  });
}

/** Stacks of threads and reserved memory are mostly untouched: reading them would only cost. */
function touched(pid: number, mapping: Mapping): readonly { start: number; end: number }[] {
  try {
    return populatedRanges(pid, mapping.start, mapping.end);
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
    return [mapping];
  }
}

const PAGE = 4096;

/** As much as is mapped from `address` on. */
function copy(memory: ProcessMemory, address: number, into: Uint8Array): number {
  const attempt = (from: number, length: number): boolean => {
    try {
      into.set(memory.read(address + from, length), from);
      return true;
    } catch {
      return false;
    }
  };
  if (attempt(0, into.length)) return into.length;
  let done = 0;
  while (done < into.length) {
    const length = Math.min(PAGE - ((address + done) % PAGE), into.length - done);
    if (!attempt(done, length)) break;
    done += length;
  }
  return done;
}

function fileOf(log: DeoptLog): PartFile {
  return {
    name: 'deopts.json',
    kind: 'deopts',
    json: JSON.stringify(log),
    ...(log.looks.length === 0 ? {} : { fromMs: log.looks[0]!, toMs: log.looks.at(-1)! }),
    frames: log.sites.flatMap(({ frames }) => frames),
  };
}
