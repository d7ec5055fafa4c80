/**
 * Numbers that only the main thread can read, in memory the agent's worker sees: one Float64Array over a
 * SharedArrayBuffer. The main thread refreshes them about once a second and at each collection.
 */
export const SLOTS = {
  /** Date.now() of the last refresh. */
  refreshed: 0,
  heapUsed: 1,
  heapTotal: 2,
  heapLimit: 3,
  external: 4,
  arrayBuffers: 5,
  eluActive: 6,
  eluIdle: 7,
  handles: 8,
} as const;

/** Kinds of collection, as V8's semantic conventions for metrics name them. */
export const GC_TYPES = ['minor', 'major', 'incremental', 'weakcb'] as const;
/** Upper bounds of the buckets of `v8js.gc.duration`, seconds. */
export const GC_BOUNDS = [0.01, 0.1, 1, 10] as const;

const GC_FROM = 16;
/** Per type: seconds, then one count for each bucket, the last without bound. */
const GC_STEP = 1 + GC_BOUNDS.length + 1;
/** Heap spaces: used bytes of each, in the order of `v8.getHeapSpaceStatistics()`. */
export const SPACES_FROM: number = GC_FROM + GC_TYPES.length * GC_STEP;
export const MAX_SPACES = 12;
/** Per space: size, used, available, physical. */
export const SPACE_STEP = 4;
export const SLOT_COUNT: number = SPACES_FROM + MAX_SPACES * SPACE_STEP;

/** PerformanceObserver's `kind` (node/src/node_perf_common.h) → position in `GC_TYPES`. */
export function gcTypeOf(kind: number): number {
  return kind === 4 ? 1 : kind === 8 ? 2 : kind === 16 ? 3 : 0;
}

export function addCollection(shared: Float64Array, type: number, seconds: number): void {
  const at = GC_FROM + type * GC_STEP;
  shared[at] = (shared[at] ?? 0) + seconds;
  let bucket = 0;
  while (bucket < GC_BOUNDS.length && seconds > GC_BOUNDS[bucket]!) bucket++;
  shared[at + 1 + bucket] = (shared[at + 1 + bucket] ?? 0) + 1;
}

/** Seconds and counts per bucket of one type. */
export function readCollections(
  shared: Float64Array,
  type: number,
): { seconds: number; buckets: readonly number[] } {
  const at = GC_FROM + type * GC_STEP;
  return {
    seconds: shared[at] ?? 0,
    buckets: Array.from(shared.subarray(at + 1, at + GC_STEP)),
  };
}

/** Seconds of all collections so far. */
export function gcSeconds(shared: Float64Array): number {
  return GC_TYPES.reduce((sum, _, type) => sum + (shared[GC_FROM + type * GC_STEP] ?? 0), 0);
}
