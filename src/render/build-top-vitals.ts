import type { TargetInfo } from '../base/target-info.ts';
import type { BinStatistic, LiveSeries } from '../metrics/live-series.ts';
import type { SeriesName } from '../metrics/series.ts';
import type { TopVital } from './top-model.ts';

interface VitalKind extends Omit<TopVital, 'now' | 'values' | 'of' | 'limit' | 'top' | 'marksBeyond'> {
  series: SeriesName;
  statistic: BinStatistic;
  limit?: number;
  /** As in TopVital; -1: a third above the largest value, so that a level line looks level. */
  top: number;
  /** Left out unless some value reaches this. */
  from?: number;
}

/** Limits are those of doctor's rules. */
const KINDS: readonly VitalKind[] = [
  {
    group: 'CPU',
    label: 'main JS',
    short: 'main',
    unit: '%',
    rank: 1,
    series: 'cpu.main_percent',
    statistic: 'mean',
    limit: 80,
    top: 100,
  },
  {
    group: 'CPU',
    label: 'run queue',
    short: 'wait',
    unit: '%',
    rank: 5,
    series: 'sched.main_wait_percent',
    statistic: 'mean',
    limit: 50,
    top: 100,
  },
  {
    group: 'CPU',
    label: 'throttled',
    short: 'thrtl',
    unit: '%',
    rank: 5,
    series: 'cgroup.throttled_percent',
    statistic: 'mean',
    limit: 20,
    top: 100,
    from: 1,
  },
  {
    group: 'CPU',
    label: 'V8 workers',
    short: 'v8',
    unit: '%',
    rank: 9,
    series: 'cpu.v8_percent',
    statistic: 'mean',
    top: 100,
  },
  {
    group: 'CPU',
    label: 'workers',
    short: 'workr',
    unit: '%',
    rank: 7,
    series: 'cpu.workers_percent',
    statistic: 'mean',
    top: 100,
    // The bridge is a worker thread too, nameless on Node 18 to 22, and takes up to 1 %.
    from: 10,
  },
  {
    group: 'CPU',
    label: 'libuv pool',
    short: 'pool',
    unit: '%',
    rank: 8,
    series: 'cpu.pool_percent',
    statistic: 'mean',
    top: 100,
  },
  {
    group: 'Loop',
    label: 'delay',
    short: 'delay',
    unit: 'ms',
    rank: 2,
    series: 'loop.delay_ms',
    statistic: 'max',
    limit: 50,
    top: 50,
  },
  {
    group: 'Loop',
    label: 'utilisation',
    short: 'util',
    unit: '%',
    rank: 7,
    series: 'loop.utilisation_percent',
    statistic: 'mean',
    top: 100,
  },
  {
    group: 'Loop',
    label: 'requests',
    short: 'req',
    unit: 'per second',
    rank: 6,
    series: 'http.requests_per_second',
    statistic: 'mean',
    top: 1,
  },
  {
    group: 'Mem',
    label: 'RSS',
    short: 'RSS',
    unit: 'bytes',
    rank: 2,
    series: 'memory.rss_bytes',
    statistic: 'last',
    top: -1,
  },
  {
    group: 'Mem',
    label: 'heap',
    short: 'heap',
    unit: 'bytes',
    rank: 3,
    series: 'memory.heap_used_bytes',
    statistic: 'last',
    top: -1,
  },
  {
    group: 'Mem',
    label: 'external',
    short: 'ext',
    unit: 'bytes',
    rank: 8,
    series: 'memory.external_bytes',
    statistic: 'last',
    top: -1,
    from: 20e6,
  },
  {
    group: 'Mem',
    label: 'GC',
    short: 'GC',
    unit: '%',
    rank: 5,
    series: 'gc.percent',
    statistic: 'mean',
    limit: 10,
    top: 20,
  },
  {
    group: 'Handles',
    label: 'active',
    short: 'hndl',
    unit: 'count',
    rank: 4,
    series: 'handles.active',
    statistic: 'last',
    top: -1,
  },
  {
    group: 'Handles',
    label: 'descriptors',
    short: 'fds',
    unit: 'count',
    rank: 8,
    series: 'handles.fds',
    statistic: 'last',
    top: -1,
  },
  {
    group: 'Pool',
    label: 'busy threads',
    short: 'busy',
    unit: 'count',
    rank: 6,
    series: 'pool.busy',
    statistic: 'max',
    top: 4,
  },
  {
    group: 'Pool',
    label: 'work waiting',
    short: 'queue',
    unit: 'count',
    rank: 7,
    series: 'pool.queued',
    statistic: 'max',
    top: 4,
  },
];

const BIN_MS = 1000;
const MEMORY_ROOM = 1.33;

/**
 * The rows of the page. A series that cannot be seen now has NaN, one that never could be is left out.
 * @param now ms after the start of the series; @param seconds how much the sparklines show
 * @param poolThreads threads that libuv's pool has; 0: it was not used yet
 */
export function buildTopVitals(
  live: LiveSeries,
  now: number,
  seconds: number,
  info: Pick<TargetInfo, 'heapLimitBytes' | 'memoryLimitBytes'>,
  poolThreads: number,
): TopVital[] {
  const vitals: TopVital[] = [];
  for (const { series, statistic, limit, top, from, ...kind } of KINDS) {
    const bins = live.bins(series, now, Math.max(1, seconds), BIN_MS, statistic);
    const largest = Math.max(...bins.filter(Number.isFinite), Number.NEGATIVE_INFINITY);
    if (largest < (from ?? Number.NEGATIVE_INFINITY) || largest === Number.NEGATIVE_INFINITY) continue;
    const vital: TopVital = {
      ...kind,
      now: bins.at(-1)!,
      values: seconds === 0 ? [] : bins,
      top: top === -1 ? largest * MEMORY_ROOM : top,
      marksBeyond: limit !== undefined,
      ...(limit === undefined ? {} : { limit }),
    };
    if (series === 'memory.rss_bytes' && info.memoryLimitBytes !== undefined)
      vital.limit = info.memoryLimitBytes;
    if (series === 'memory.heap_used_bytes') {
      vital.of = live.bins('memory.heap_total_bytes', now, 1, BIN_MS, 'last')[0] ?? Number.NaN;
      if (info.heapLimitBytes !== undefined) vital.limit = info.heapLimitBytes;
    }
    // Every thread at work is the most there can be; a whole round of work that waits is what doctor's rule asks for.
    if (series === 'pool.busy')
      Object.assign(vital, { of: poolThreads, limit: poolThreads - 1, top: poolThreads });
    if (series === 'pool.queued') Object.assign(vital, { limit: poolThreads, top: 2 * poolThreads });
    if (vital.group === 'Pool') vital.marksBeyond = poolThreads > 0;
    vitals.push(vital);
  }
  return vitals;
}
