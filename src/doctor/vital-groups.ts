import type { SeriesName, VitalSigns } from '../metrics/series.ts';
import { summarise } from '../metrics/statistics.ts';
import type { Evidence } from './evidence.ts';
import type { Facts } from './facts.ts';
import { round } from './finding.ts';
import type { DoctorReport, VitalGroup, VitalStatistic } from './report.ts';

/** Key in the report → series, by group. The key carries the unit (design.md §5). */
const GROUPS: Record<keyof DoctorReport['vitals'], Record<string, SeriesName>> = {
  cpu: {
    mainPercent: 'cpu.main_percent',
    v8Percent: 'cpu.v8_percent',
    workersPercent: 'cpu.workers_percent',
    otherPercent: 'cpu.other_percent',
    mainWaitPercent: 'sched.main_wait_percent',
    throttledPercent: 'cgroup.throttled_percent',
    machinePercent: 'machine.cpu_percent',
    stealPercent: 'machine.steal_percent',
  },
  memory: {
    rssBytes: 'memory.rss_bytes',
    pssBytes: 'memory.pss_bytes',
    heapUsedBytes: 'memory.heap_used_bytes',
    heapTotalBytes: 'memory.heap_total_bytes',
    externalBytes: 'memory.external_bytes',
    arrayBuffersBytes: 'memory.array_buffers_bytes',
  },
  eventLoop: {
    delayMs: 'loop.delay_ms',
    utilisationPercent: 'loop.utilisation_percent',
    requestsPerSecond: 'http.requests_per_second',
  },
  handles: { activeCount: 'handles.active', fdsCount: 'handles.fds' },
  gc: { percent: 'gc.percent' },
  threadPool: { cpuPercent: 'cpu.pool_percent', queuedCount: 'pool.queued', busyThreads: 'pool.busy' },
};

/** min/median/p95/max of every recorded series, masked parts left out; null where nothing was measured. */
export function buildVitalGroups(evidence: Evidence, facts: Facts): DoctorReport['vitals'] {
  const { vitals, manifest } = evidence;
  const seriesFile = manifest.files.find((file) => file.kind === 'vitals')?.name ?? '';
  const group = (name: keyof typeof GROUPS): VitalGroup => {
    const statistics: VitalGroup = { seriesFile };
    for (const [key, series] of Object.entries(GROUPS[name])) statistics[key] = statisticOf(vitals, series);
    return statistics;
  };
  const blockedMs = facts.blocked.reduce((sum, stretch) => sum + stretch.ms, 0);
  return {
    cpu: group('cpu'),
    memory: group('memory'),
    eventLoop: {
      ...group('eventLoop'),
      blockedCount: facts.blocked.length,
      blockedMs: round(blockedMs, 1),
      turnsPerSecond: vitals.loopIterationsPerSecond ?? null,
      requestsCount: vitals.requests ?? null,
    },
    handles: group('handles'),
    gc: {
      ...group('gc'),
      minorCount: facts.gc.minor,
      majorCount: facts.gc.major,
      pausesMs: round(facts.gc.ms, 1),
      longestMs: round(facts.gc.longestMs, 2),
    },
    threadPool: { ...group('threadPool'), threadsCount: evidence.pool?.samples.at(-1)?.threads ?? null },
  };
}

function statisticOf(vitals: VitalSigns, name: SeriesName): VitalStatistic | null {
  const series = vitals.series.get(name);
  if (series === undefined) return null;
  const { min, median, p95, max } = summarise(series);
  if (!Number.isFinite(median)) return null;
  return { min: round(min, 2), median: round(median, 2), p95: round(p95, 2), max: round(max, 2) };
}
