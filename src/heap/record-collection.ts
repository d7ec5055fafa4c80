import type { Milliseconds } from '../base/units.ts';
import type { Session } from '../cdp/session.ts';

/**
 * One full collection in the session's thread, which stands for about 1 ms per MB.
 *
 * `HeapProfiler.collectGarbage` would do up to seven in a row (V8's `CollectAllAvailableGarbage`): hidden classes of objects
 * that live only while requests run are dropped then, and the code made for them with these; measured on Node 18–26 such a
 * server stayed 20 % slower for as long as it ran. Reading a sampled heap profile does exactly one (`kSamplingForceGC`
 * in v8-profiler.h), after which nothing was slower on Node 20–26; on 18 it still was.
 * @throws HolterError E_CDP, E_CONNECTION_LOST, E_TIMEOUT
 */
export async function collectOnce(session: Session, options: { timeoutMs: Milliseconds }): Promise<void> {
  // Somebody may sample allocations on this session already: a second start would fail, and a stop would end theirs.
  const running = await session.send('HeapProfiler.getSamplingProfile', undefined, options).then(
    () => true,
    () => false,
  );
  if (running) return;
  // Sent together, so that nothing of ours comes in between. Nothing is sampled at such an interval.
  const started = session.send('HeapProfiler.startSampling', { samplingInterval: 2 ** 30 }, options);
  const stopped = session.send('HeapProfiler.stopSampling', undefined, options);
  await Promise.all([started, stopped]);
}
