import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import type { InspectorSession } from './inspector-session.ts';

export interface AllocationSamplingOptions {
  /** One sample per so many bytes on average (default 32 kB, V8's own default). */
  intervalBytes?: Bytes;
  /**
   * True counts every allocation, also of what a collection has since freed: who makes garbage. False (default)
   * counts what is still alive when sampling stops: who leaks. One session can do one of them.
   */
  keepFreed?: boolean;
}

/**
 * Starts V8's allocation sampler in one thread. Cheap (it acts on sampled allocations only) and without a pause.
 * Node 20–26 honour `includeObjectsCollectedBy…GC`. The V8 of Node 18 (10.2) ignores them without an error: there
 * `keepFreed` gives what has not been collected yet, like the default.
 * @throws HolterError of the session.
 */
export async function startAllocationSampling(
  session: InspectorSession,
  options: AllocationSamplingOptions = {},
): Promise<void> {
  const { intervalBytes = 32 * 1024, keepFreed = false } = options;
  await Promise.all([
    session.send('HeapProfiler.enable'),
    session.send('HeapProfiler.startSampling', {
      samplingInterval: intervalBytes,
      includeObjectsCollectedByMajorGC: keepFreed,
      includeObjectsCollectedByMinorGC: keepFreed,
    }),
  ]);
}

/**
 * Stops the sampler and returns the JSON text of a `.heapprofile` (HeapProfiler.SamplingHeapProfile).
 * @throws HolterError E_CDP when none was running, else what the session throws.
 */
export async function stopAllocationSampling(session: InspectorSession): Promise<string> {
  const answer = await session.send('HeapProfiler.stopSampling');
  const profile = (answer as { profile?: unknown } | undefined)?.profile;
  if (typeof profile !== 'object' || profile === null) {
    throw new HolterError('E_CDP', 'HeapProfiler.stopSampling: the answer holds no profile');
  }
  return JSON.stringify(profile);
}
