import type { Bytes } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import { startAllocationSampling, stopAllocationSampling } from '../cpu/record-allocations.ts';
import { STATE_EXPRESSION } from '../target/bridge-source.ts';
import type { WindowClock } from './clock.ts';
import { readRawFrames } from './raw-stack.ts';
import type { ActSink, InsideEvidence } from './watch-inside.ts';

/** Growth of heap or external memory over the window so far that makes a closer look worth a pause. */
const HEAP_GROWTH_BYTES = 1.5 * 2 ** 20;
const EXTERNAL_GROWTH_BYTES = 2 * 2 ** 20;

/** Share of time in GC from which the makers of garbage are of more interest than what stays alive. */
const GARBAGE_SHARE = 0.07;

/**
 * Reading live allocations begins with one full collection (V8 does it in stopSampling, kSamplingForceGC): about 1 ms
 * of pause per MB of heap. Above these sizes it is not done unasked: once in the middle, for an exact early size, and
 * once at the end.
 */
const EARLY_LIMIT_BYTES = 256 * 2 ** 20;
const FINAL_LIMIT_BYTES = 512 * 2 ** 20;

interface Memory {
  heapUsed: Bytes;
  external: Bytes;
  rss: Bytes;
}

export interface AllocationWatch {
  /** About a third into the window: decides by what was seen so far what the rest of it is to find out. */
  decide(): Promise<void>;
  /** Reads what was found; a healthy process is let go without a collection. */
  finish(): Promise<void>;
  /** Stops without reading. */
  abandon(): Promise<void>;
}

/**
 * Sampled allocations. One V8 session can either keep what GC has freed or forget it, so it begins with what stays alive
 * (who leaks) and changes to all of it (who makes garbage) when GC takes much of the time.
 */
export function watchAllocations(
  session: Session,
  {
    act,
    evidence,
    clock,
    consent,
  }: { act: ActSink; evidence: InsideEvidence; clock: WindowClock; consent: boolean },
): AllocationWatch {
  const LIVE = { intervalBytes: 32 * 1024, keepFreed: false };
  const ALL = { intervalBytes: 64 * 1024, keepFreed: true };
  let keepsFreed = false;
  let watchingBuffers = false;
  const started = startAllocationSampling(session, LIVE).then(
    () => {
      act('allocation sampling started, one in 32 kB', 0, 'until leaving');
      return true;
    },
    () => false,
  );

  /** Ends sampling with its collection; what is alive then is exact. */
  async function collect(what: string): Promise<string> {
    const begin = performance.now();
    const profile = await stopAllocationSampling(session);
    const memory = await evaluate<Memory>(session, `${STATE_EXPRESSION}.memory()`, { timeoutMs: 5000 });
    const pauseMs = performance.now() - begin;
    act(what, pauseMs, `full collection, paused at most ${Math.ceil(pauseMs)} ms`);
    evidence.forcedGc.push({
      at: clock.now(),
      usedAfterBytes: memory.heapUsed,
      externalAfterBytes: memory.external,
      rssAfterBytes: memory.rss,
    });
    return profile;
  }

  return {
    async decide() {
      if (!(await started)) return;
      try {
        if (garbageShare(evidence) > GARBAGE_SHARE) {
          // Disabling forgets the samples without the collection that reading them would cost.
          await session.send('HeapProfiler.disable');
          await startAllocationSampling(session, ALL);
          keepsFreed = true;
        } else if (seemsToGrow(evidence) && heapUsed(evidence) < EARLY_LIMIT_BYTES) {
          await collect('size of what is alive, early');
          await startAllocationSampling(session, LIVE);
        }
        const [first, last] = [evidence.samples[0], evidence.samples.at(-1)];
        if (
          first !== undefined &&
          last !== undefined &&
          last.external - first.external > EXTERNAL_GROWTH_BYTES
        ) {
          await evaluate(session, `${STATE_EXPRESSION}.watchBuffers()`, { timeoutMs: 1000 });
          watchingBuffers = true;
          act('Buffer functions wrapped to see who allocates', 0, 'put back on leaving');
        }
      } catch {
        // The target went away, or lacks the domain: the other evidence stands.
      }
    },
    async finish() {
      if (!(await started)) return;
      try {
        if (keepsFreed) evidence.allocationAll = await collect('allocations read, freed ones too');
        else if (!seemsToGrow(evidence)) await session.send('HeapProfiler.disable');
        else if (heapUsed(evidence) < FINAL_LIMIT_BYTES || consent)
          evidence.allocationLive = await collect('allocations that are still alive read');
        else {
          await session.send('HeapProfiler.disable');
          const megabytes = Math.round(heapUsed(evidence) / 1e6);
          evidence.notes.push(
            `the heap seems to grow, but finding the allocating line would pause the process for about ${(megabytes / 1000).toFixed(1)} s (${megabytes} MB): run again with --yes`,
          );
        }
        if (watchingBuffers) {
          const rows = await evaluate<
            { bytes: number; count: number; aliveBytes: number; frames: unknown }[]
          >(session, `${STATE_EXPRESSION}.buffers()`, { timeoutMs: 2000 });
          evidence.external = rows.map(({ bytes, count, aliveBytes, frames }) => ({
            bytes,
            count,
            aliveBytes,
            frames: readRawFrames(frames),
          }));
          act('Buffer functions put back', 0, 'as before');
        }
      } catch {
        // As above; leaving undoes what is still in place.
      }
    },
    async abandon() {
      if (session.isOpen)
        await session.send('HeapProfiler.disable', undefined, { timeoutMs: 500 }).catch(() => {});
    },
  };
}

function heapUsed({ samples }: InsideEvidence): Bytes {
  return samples.at(-1)?.heapUsed ?? 0;
}

function garbageShare({ samples }: InsideEvidence): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.time === first.time) return 0;
  return (last.gcMs - first.gcMs) / (last.time - first.time);
}

/** Lower envelope of used heap, or of external memory, is higher in the last third than in the first. */
function seemsToGrow({ samples, forcedGc }: InsideEvidence): boolean {
  // Once suspected it is looked at to the end: the early collection has lowered what follows.
  if (forcedGc.length > 0) return true;
  if (samples.length < 12) return false;
  const third = Math.floor(samples.length / 3);
  const low = (of: 'heapUsed' | 'external', from: number, to: number): number => {
    let lowest = Number.POSITIVE_INFINITY;
    for (let i = from; i < to; i++) lowest = Math.min(lowest, samples[i]![of]);
    return lowest;
  };
  const growth = (of: 'heapUsed' | 'external') =>
    low(of, samples.length - third, samples.length) - low(of, 0, third);
  return growth('heapUsed') > HEAP_GROWTH_BYTES || growth('external') > EXTERNAL_GROWTH_BYTES;
}
