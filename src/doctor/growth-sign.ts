import { formatBytes, formatDuration } from '../base/quantity.ts';
import type { Seconds } from '../base/units.ts';
import type { VitalSigns } from '../metrics/series.ts';
import { theilSen } from '../metrics/statistics.ts';
import { isGrowing, measureGrowth } from './memory-growth.ts';
import type { Severity } from './report.ts';

/** Memory that grows, told from vital signs alone: no allocation is known, so no line and no kind of leak. */
export interface GrowthSign {
  severity: Severity;
  title: string;
}

const LEAST_WINDOW_MS = 60_000;
const LEAST_UPTIME: Seconds = 120;
const LEAST_BYTES = 10e6;
const LEAST_SHARE = 0.05;

/**
 * The sign of `holter top` for memory: warning when the heap after full collections rises by the statistic of
 * memory-growth.ts; else note when RSS has risen by at least 10 MB and 5 % for sure (lower 95 % bound of the
 * Theil–Sen slope times the window). Window of a minute at least, process two minutes old: code that warms up grows too.
 */
export function judgeGrowth(vitals: VitalSigns, uptimeSeconds: Seconds): GrowthSign | undefined {
  const windowMs = vitals.seconds * 1000;
  if (windowMs < LEAST_WINDOW_MS || !(uptimeSeconds >= LEAST_UPTIME)) return undefined;
  const heap = measureGrowth(vitals, 'heap', windowMs);
  if (isGrowing(heap))
    return {
      severity: 'warning',
      title: `The heap grows ${formatBytes(heap.bytesPerMinute)} a minute, also after full collections`,
    };
  const rss = vitals.series.get('memory.rss_bytes');
  if (rss === undefined) return undefined;
  const { slopePerMinute, lower } = theilSen(rss.time, rss.value);
  const certain = (lower * windowMs) / 60_000;
  const level = rss.value.at(-1) ?? Number.NaN;
  if (!(certain >= Math.max(LEAST_BYTES, LEAST_SHARE * level))) return undefined;
  return {
    severity: 'note',
    title: `RSS grows ${formatBytes(slopePerMinute)} a minute, for ${formatDuration(windowMs)} now`,
  };
}
