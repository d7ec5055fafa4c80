import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { mappingAt } from '../linux/memory-map.ts';
import type { StoppedProcess } from '../linux/stopped-process.ts';
import { readSystemCall } from '../linux/system-call.ts';
import { listThreads } from '../linux/threads.ts';
import type { PoolRecording, PoolWorkSeen } from '../metrics/pool-recording.ts';
import type { PoolWork } from '../postmortem/thread-pool.ts';

/** A pool is looked at so often; its work is asked for only while something waits. */
const EVERY_MS = 200;
const MOST_WORK = 20_000;

/**
 * Watches the pool until `stop`. Memory is read while the process runs; nothing is stopped.
 * @returns undefined when its memory may not be read, or its binary has no symbols of libuv
 */
export async function startPoolRecording(
  pid: number,
  now: () => Milliseconds,
): Promise<{ stop(): PoolRecording | undefined } | undefined> {
  if (process.arch !== 'x64') return undefined;
  const [{ openProcess }, { symbolsOf }, { readRunningWork, readThreadPool }] = await Promise.all([
    import('../linux/stopped-process.ts'),
    import('../linux/image-symbols.ts'),
    import('../postmortem/thread-pool.ts'),
  ]);
  let image: StoppedProcess;
  try {
    image = await openProcess(pid);
  } catch (error) {
    if (error instanceof HolterError) return undefined;
    throw error;
  }
  const symbols = symbolsOf(image);
  const recording: PoolRecording = { schema: 'holter.pool/1', samples: [], waiting: [], running: [] };
  const waiting = new SeenWork();
  const running = new SeenWork();
  const look = (): void => {
    image.memory.forget();
    const pool = readThreadPool(image.memory, symbols);
    if (pool === undefined) return;
    const at = now();
    const { threads, idle, queued, slowQueued } = pool;
    recording.samples.push({ at, threads, idle, queued, slowQueued });
    waiting.see(pool.work, at);
    if (idle === threads) return;
    for (const tid of listThreads(pid)) {
      // Whoever sleeps tells where; what is on a CPU can be told by what waits behind it.
      const call = readSystemCall(pid, tid);
      if (call === undefined) continue;
      const end = mappingAt(image.mappings, call.stackPointer)?.end ?? call.stackPointer + 65_536;
      const work = readRunningWork(image.memory, symbols, call.stackPointer, end);
      if (work !== undefined) running.see([{ ...work, note: call.name }], at);
    }
  };
  const timer = setInterval(look, EVERY_MS);
  look();
  return {
    stop() {
      clearInterval(timer);
      image.close();
      if (recording.samples.length === 0) return undefined;
      recording.waiting = waiting.summary().map(({ note: _, ...seen }) => seen);
      recording.running = running.summary().map(({ note, ...seen }) => ({ ...seen, systemCall: note }));
      return recording;
    },
  };
}

/** Work by its address: seen again at the same place it is the same, as long as it is of the same kind. */
class SeenWork {
  readonly #all: Map<number, { work: PoolWork & { note?: string }; from: Milliseconds; to: Milliseconds }> =
    new Map();
  readonly #done: (PoolWorkSeen & { note: string })[] = [];

  see(works: readonly (PoolWork & { note?: string })[], at: Milliseconds): void {
    for (const work of works) {
      const known = this.#all.get(work.address);
      if (known !== undefined && known.work.kind === work.kind && known.work.subject === work.subject) {
        known.to = at;
        continue;
      }
      if (known !== undefined) this.#finish(known);
      if (this.#all.size < MOST_WORK) this.#all.set(work.address, { work, from: at, to: at });
    }
  }

  #finish({ work, from, to }: { work: PoolWork & { note?: string }; from: number; to: number }): void {
    const { kind, subject, note = '' } = work;
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
