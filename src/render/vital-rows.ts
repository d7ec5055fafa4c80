import { formatNumber } from '../base/quantity.ts';
import { padEnd, padStart, paint, type Style, sparkline } from '../base/terminal-text.ts';
import type { SeriesName, VitalSigns } from '../metrics/series.ts';
import { summarise } from '../metrics/statistics.ts';

interface VitalRow {
  label: string;
  series: SeriesName;
  unit: string;
  /** What a value is divided by to be shown. */
  scale: number;
  /** In the shown unit; values beyond are in the colour of trouble. */
  limit?: number;
  /** Top of the sparkline in the shown unit; memory leaves room above, so that a level line looks level. */
  top?: number;
  /** Left out unless the maximum reaches this, in the shown unit. */
  from?: number;
}

const ROWS: readonly VitalRow[] = [
  { label: 'CPU main JS', series: 'cpu.main_percent', unit: '%', scale: 1, limit: 80, top: 100 },
  { label: 'CPU pool', series: 'cpu.pool_percent', unit: '%', scale: 1, top: 100, from: 20 },
  { label: 'pool queue', series: 'pool.queued', unit: '', scale: 1, from: 2 },
  { label: 'CPU workers', series: 'cpu.workers_percent', unit: '%', scale: 1, top: 100, from: 20 },
  {
    label: 'run queue',
    series: 'sched.main_wait_percent',
    unit: '%',
    scale: 1,
    limit: 50,
    top: 100,
    from: 10,
  },
  {
    label: 'throttled',
    series: 'cgroup.throttled_percent',
    unit: '%',
    scale: 1,
    limit: 20,
    top: 100,
    from: 5,
  },
  { label: 'delay', series: 'loop.delay_ms', unit: 'ms', scale: 1, limit: 50, top: 50 },
  { label: 'GC', series: 'gc.percent', unit: '%', scale: 1, limit: 10, top: 20, from: 5 },
  { label: 'RSS', series: 'memory.rss_bytes', unit: 'MB', scale: 1e6, top: -1 },
  { label: 'heapUsed', series: 'memory.heap_used_bytes', unit: 'MB', scale: 1e6, top: -1 },
  { label: 'external', series: 'memory.external_bytes', unit: 'MB', scale: 1e6, top: -1, from: 20 },
  { label: 'HTTP', series: 'http.requests_per_second', unit: '/s', scale: 1, from: 1 },
];

const HEAD_WIDTH = 39;
const MEMORY_ROOM = 1.3;

/** The table of vital signs with a sparkline each; [] when no series was recorded. `seconds` = length of the axis. */
export function renderVitalRows(vitals: VitalSigns, seconds: number, style: Style): string[] {
  const width = Math.min(style.columns, 120) - HEAD_WIDTH - 6;
  const rows: string[] = [];
  for (const row of ROWS) {
    const series = vitals.series.get(row.series);
    if (series === undefined) continue;
    const summary = summarise(series);
    if (!Number.isFinite(summary.median) || summary.max / row.scale < (row.from ?? Number.NEGATIVE_INFINITY))
      continue;
    const cell = (value: number, cells: number): string => {
      const shown = value / row.scale;
      // Rounding to whole numbers: these columns are for comparing, the page has the digits.
      const text = padStart(
        shown >= 10 ? formatNumber(Math.round(shown)).replace(/ /g, '') : formatNumber(shown),
        cells,
      );
      return row.limit !== undefined && shown > row.limit ? paint(style, 'crit', text) : text;
    };
    const top = row.top === -1 ? summary.max * MEMORY_ROOM : (row.top ?? 0) * row.scale;
    rows.push(
      `  ${padEnd(row.label, 13)}${padStart(row.unit, 3)}${cell(summary.median, 7)}${cell(summary.p95, 6)}${cell(summary.max, 6)}` +
        `  ${sparkline(onAxis(series.time, series.value, seconds), width, top)}`.trimEnd(),
    );
  }
  if (rows.length === 0) return [];
  const end = `${formatNumber(seconds)} s`;
  const head = `${padEnd('vital signs', 18)}${padStart('median', 7)}${padStart('p95', 6)}${padStart('max', 6)}`;
  return [
    `${paint(style, 'title', head)}  ${paint(style, 'dim', `0 s${padStart(end, width - 3)}`)}`,
    ...rows,
  ];
}

const AXIS_CELLS = 480;

/** Values on an even grid over the whole window, so that a series that begins late or ends early shows blank there. */
function onAxis(time: Float64Array, value: Float64Array, seconds: number): Float64Array {
  const cells = Math.max(1, Math.min(AXIS_CELLS, time.length));
  const grid = new Float64Array(cells).fill(Number.NaN);
  for (let index = 0; index < time.length; index++) {
    const cell = Math.min(cells - 1, Math.max(0, Math.floor((time[index]! / (seconds * 1000)) * cells)));
    const known = grid[cell]!;
    if (Number.isFinite(value[index]!) && !(known >= value[index]!)) grid[cell] = value[index]!;
  }
  // Uneven reading times leave single holes; a hole between two values is not a gap.
  for (let cell = 1; cell < cells - 1; cell++) {
    if (Number.isNaN(grid[cell]!) && Number.isFinite(grid[cell - 1]!) && Number.isFinite(grid[cell + 1]!)) {
      grid[cell] = grid[cell - 1]!;
    }
  }
  return grid;
}
