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

interface Memory {
  heapUsed: number;
  heapTotal: number;
  external: number;
  arrayBuffers: number;
  rss: number;
}

export interface AllocationWatch {
  /** All allocations so far are read; from now on only what stays alive counts, and Buffers when they grew. */
  secondPhase(): Promise<void>;
  /** Reads the live allocations; when memory seems to grow, after a full collection that tells garbage from growth. */
  finish(): Promise<void>;
  /** Stops without reading. */
  abandon(): Promise<void>;
}

/**
 * Sampled allocations in two phases, because one V8 session can either keep what GC has freed or forget it: first all
 * allocations (who makes garbage), then the live ones (who leaks).
 */
export function watchAllocations(
  session: Session,
  { act, evidence, clock }: { act: ActSink; evidence: InsideEvidence; clock: WindowClock },
): AllocationWatch {
  const started = startAllocationSampling(session, { intervalBytes: 64 * 1024, keepFreed: true }).then(
    () => act('allocation sampling started, one in 64 kB', 0),
    () => {},
  );
  let watchingBuffers = false;

  const clocked = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    const begin = performance.now();
    const result = await run();
    act(what, performance.now() - begin);
    return result;
  };

  return {
    async secondPhase() {
      await started;
      try {
        evidence.allocationAll = await stopAllocationSampling(session);
        await startAllocationSampling(session, { intervalBytes: 32 * 1024, keepFreed: false });
      } catch {
        return;
      }
      const [first, last] = [evidence.samples[0], evidence.samples.at(-1)];
      if (
        first !== undefined &&
        last !== undefined &&
        last.external - first.external > EXTERNAL_GROWTH_BYTES
      ) {
        await evaluate(session, `${STATE_EXPRESSION}.watchBuffers()`, { timeoutMs: 1000 }).catch(() => {});
        watchingBuffers = true;
        act('Buffer functions wrapped to see who allocates; put back on leaving', 0, 'until leaving');
      }
    },
    async finish() {
      await started;
      try {
        if (evidence.allocationAll === undefined)
          evidence.allocationAll = await stopAllocationSampling(session);
        else {
          const grew = seemsToGrow(evidence);
          if (grew) {
            await clocked('full collection, to tell what is alive from garbage', () =>
              session.send('HeapProfiler.collectGarbage', undefined, { timeoutMs: 8000 }),
            );
            const memory = await evaluate<Memory>(session, `${STATE_EXPRESSION}.memory()`, {
              timeoutMs: 2000,
            });
            evidence.forcedGc.push({
              at: clock.now(),
              usedAfterBytes: memory.heapUsed,
              externalAfterBytes: memory.external,
              rssAfterBytes: memory.rss,
            });
          }
          evidence.allocationLive = await stopAllocationSampling(session);
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
        // The target went away, or never had the domain: the other evidence stands.
      }
    },
    async abandon() {
      if (!session.isOpen) return;
      await session.send('HeapProfiler.stopSampling', undefined, { timeoutMs: 500 }).catch(() => {});
    },
  };
}

/** Lower envelope of used heap, or of external memory, is higher in the last third than in the first. */
function seemsToGrow({ samples }: InsideEvidence): boolean {
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
