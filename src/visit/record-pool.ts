import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { mappingAt } from '../linux/memory-map.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import { readSystemCall } from '../linux/system-call.ts';
import { listThreads, readScheduleStat } from '../linux/threads.ts';
import type { PoolRecording, PoolSample, PoolWorkSeen } from '../metrics/pool-recording.ts';
import type { PoolWork } from '../postmortem/thread-pool.ts';
import { countStayed } from './pool-line.ts';

/** A pool is looked at so often; its work is asked for only while something waits. */
const EVERY_MS = 200;
const MOST_WORK = 20_000;

/** A pool that is being watched. */
export interface PoolWatch {
  /** What was seen since the start, or since the last `take`; undefined: nothing, or no symbols of libuv. */
  take(): PoolRecording | undefined;
  /** Ends it, with what `take` would give. */
  stop(): PoolRecording | undefined;
}

/** How a pool is watched. */
export interface PoolWatchOptions {
  /** 200 ms by default. */
  everyMs?: Milliseconds;
  /** Told every sample, also those of a pool that nothing has used yet. */
  sink?: (sample: PoolSample) => void;
  /** Those of the pool, where they are known: all threads are looked at otherwise. */
  threads?: () => readonly number[];
}

/**
 * Watches the pool until `stop`. Memory is read while the process runs; nothing is stopped.
 * @returns undefined when its memory may not be read
 */
export async function startPoolRecording(
  pid: number,
  now: () => Milliseconds,
  options: PoolWatchOptions = {},
): Promise<PoolWatch | undefined> {
  if (process.arch !== 'x64') return undefined;
  const [{ watchProcess }, { symbolsOf }, { ThreadPoolReader }] = await Promise.all([
    import('../linux/stopped-process.ts'),
    import('../linux/image-symbols.ts'),
    import('../postmortem/thread-pool.ts'),
  ]);
  let image: ProcessImage;
  try {
    image = watchProcess(pid);
  } catch (error) {
    if (error instanceof HolterError) return undefined;
    throw error;
  }
  const reader = new ThreadPoolReader(image.memory, symbolsOf(image));
  let samples: PoolSample[] = [];
  let waiting = new SeenWork();
  let running = new SeenWork();
  let lines: PoolWork[][] = [];
  const look = (): void => {
    const pool = reader.read();
    if (pool === undefined) return;
    const at = now();
    const { threads, idle, queued, slowQueued } = pool;
    const sample = { at, threads, idle, queued, slowQueued };
    samples.push(sample);
    options.sink?.(sample);
    // Name look-ups stand in a line of their own.
    const own = Math.max(0, queued - slowQueued);
    const before = lines;
    lines = [pool.work.slice(0, own), pool.work.slice(own)];
    for (const [number, line] of lines.entries()) {
      const stayed = countStayed(before[number] ?? [], line);
      for (const [place, work] of line.entries())
        waiting.see(work.address, { ...work, note: '' }, at, place, () => place < stayed);
    }
    if (idle === threads) return;
    for (const tid of options.threads?.() ?? listThreads(pid)) {
      // Whoever sleeps tells where; what is on a CPU can be told by what waits behind it.
      const call = readSystemCall(pid, tid);
      if (call === undefined) continue;
      const end = mappingAt(image.mappings, call.stackPointer)?.end ?? call.stackPointer + 65_536;
      const work = reader.runningWork(call.stackPointer, end);
      // Without a moment on a CPU in between it is the same call that it sleeps in.
      const runNs = readScheduleStat(pid, tid)?.runNs ?? Number.NaN;
      if (work !== undefined)
        running.see(tid, { ...work, note: call.name }, at, runNs, (before) => runNs === before);
    }
  };
  const take = (): PoolRecording | undefined => {
    if (samples.length === 0) return undefined;
    const recording: PoolRecording = {
      schema: 'holter.pool/1',
      samples,
      waiting: waiting.summary().map(({ note: _, ...seen }) => seen),
      running: running.summary().map(({ note, ...seen }) => ({ ...seen, systemCall: note })),
    };
    samples = [];
    waiting = new SeenWork();
    running = new SeenWork();
    return recording;
  };
  const timer = setInterval(look, options.everyMs ?? EVERY_MS);
  look();
  return {
    take,
    stop() {
      clearInterval(timer);
      image.close();
      return take();
    },
  };
}

interface Seen {
  work: PoolWork & { note: string };
  from: Milliseconds;
  to: Milliseconds;
  mark: number;
}

/** Work by where it was seen, how long the same was there, and how often. */
class SeenWork {
  readonly #all: Map<number, Seen> = new Map();
  readonly #done: (PoolWorkSeen & { note: string })[] = [];

  /** @param mark of this look; `isSame`: with the mark of the look before it is still the same piece of work */
  see(
    key: number,
    work: PoolWork & { note: string },
    at: Milliseconds,
    mark: number,
    isSame: (before: number) => boolean,
  ): void {
    const known = this.#all.get(key);
    const { kind, subject } = work;
    if (
      known !== undefined &&
      known.work.kind === kind &&
      known.work.subject === subject &&
      isSame(known.mark)
    ) {
      known.to = at;
      known.mark = mark;
      return;
    }
    if (known !== undefined) this.#finish(known);
    if (this.#all.size < MOST_WORK) this.#all.set(key, { work, from: at, to: at, mark });
  }

  #finish({ work, from, to }: Seen): void {
    const { kind, subject, note } = work;
    const same = this.#done.find((one) => one.kind === kind && one.subject === subject && one.note === note);
    if (same === undefined) this.#done.push({ kind, subject, note, count: 1, longestMs: to - from });
    else {
      same.count++;
      same.longestMs = Math.max(same.longestMs, to - from);
    }
  }

  summary(): (PoolWorkSeen & { note: string })[] {
    for (const seen of this.#all.values()) this.#finish(seen);
    this.#all.clear();
    return this.#done.sort((a, b) => b.longestMs - a.longestMs || b.count - a.count).slice(0, 100);
  }
}
