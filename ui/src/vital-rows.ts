import type { DoctorPage } from '../../src/render/page-data.ts';
import { niceCeiling } from './statistics.ts';

/** Limits drawn and judged in the charts; the rules of src/doctor/rules judge by the same. */
export const DELAY_LIMIT_MS = 50;
export const CPU_LIMIT_PERCENT = 80;

/** A stretch of the time axis in which a row knows nothing, and why. ms after window start. */
export interface Unknown {
  fromMs: number;
  toMs: number;
  why: string;
}

export interface VitalSeries {
  label: string;
  /** Colour token of styles/tokens.css. */
  colour: string;
  line: 'area' | 'solid' | 'dash' | 'dots';
  /** ms after window start, ascending. */
  t: number[];
  /** In the row's unit, not stacked; null = gap. */
  v: (number | null)[];
  /** Values above are red. */
  limit?: number;
}

export interface VitalRow {
  id: 'cpu' | 'machine' | 'delay' | 'utilisation' | 'memory' | 'handles';
  title: string;
  unit: string;
  /** Share of the spare height. */
  grow: number;
  stacked: boolean;
  series: VitalSeries[];
  /** Top of the y axis in `unit`; the bottom is always 0. */
  max: number;
  /** Values with a grid line and a label. */
  ticks: number[];
  limit?: number;
  unknown: Unknown[];
  /** Why there is nothing to draw. */
  missing?: string;
}

type Source = DoctorPage['series'][number];

/** Inserts a gap where samples are missing: five usual steps without one, and at least half a second. */
function withGaps(t: number[], v: (number | null)[]): Pick<VitalSeries, 't' | 'v'> {
  const steps = t.slice(1).map((time, i) => time - t[i]!);
  const usual = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  const far = Math.max(500, usual * 5);
  const out: Pick<VitalSeries, 't' | 'v'> = { t: [], v: [] };
  for (let i = 0; i < t.length; i++) {
    if (i > 0 && t[i]! - t[i - 1]! > far) {
      out.t.push((t[i]! + t[i - 1]!) / 2);
      out.v.push(null);
    }
    out.t.push(t[i]!);
    out.v.push(v[i]!);
  }
  return out;
}

function pick(
  data: DoctorPage,
  name: string,
  label: string,
  colour: string,
  line: VitalSeries['line'],
  scale = 1,
): VitalSeries[] {
  const source: Source | undefined = data.series.find((series) => series.name === name);
  if (!source?.v.some((value) => value !== null)) return [];
  const masked = source.masked ?? [];
  const values = source.v.map((value, i) => {
    const time = source.t[i]!;
    const hidden = masked.some((mask) => time >= mask.fromMs && time <= mask.toMs);
    return value === null || hidden ? null : value * scale;
  });
  return [{ label, colour, line, ...withGaps(source.t, values) }];
}

function highest(series: VitalSeries[]): number {
  let max = 0;
  for (const { v } of series) for (const value of v) if (value !== null && value > max) max = value;
  return max;
}

/** Where the inside of the process stopped answering for the rest of the window; null when it never did. */
export function silentFrom(data: DoctorPage): number | null {
  const open = data.blocked.find((stretch) => stretch.open);
  if (open) return open.at;
  return data.report.window.end.kind === 'stuck' ? (data.stuck?.since ?? 0) : null;
}

function insideProblem(data: DoctorPage): string {
  if (data.access === 'outside')
    return `needs the inspector${data.accessProblem ? `: ${data.accessProblem}` : ''}`;
  return silentFrom(data) === null ? 'not in this recording' : 'no answer from inside';
}

/** The rows of the vital signs, top to bottom. Rows without data stay and say why. */
export function buildVitalRows(data: DoctorPage, windowMs: number): VitalRow[] {
  const { end } = data.report.window;
  const deadAt = end.kind === 'target-exited' ? end.atMs : windowMs;
  const silent = silentFrom(data);
  const silence: Unknown[] =
    silent === null || silent >= deadAt
      ? []
      : [{ fromMs: silent, toMs: deadAt, why: 'no answer from inside' }];
  const maskOf = (name: string): Unknown[] => {
    const masks = data.series.find((series) => series.name === name)?.masked ?? [];
    const inside = masks.filter(({ fromMs }) => fromMs < deadAt);
    return inside.map(({ fromMs, toMs, why }) => ({ fromMs, toMs: Math.min(toMs, deadAt), why }));
  };

  const cpu = [
    ...pick(data, 'cpu.main_percent', 'main JS', 's-main', 'area').map((s) => ({
      ...s,
      limit: CPU_LIMIT_PERCENT,
    })),
    ...pick(data, 'cpu.v8_percent', 'V8 workers', 's-v8', 'area'),
    ...pick(data, 'cpu.pool_percent', 'libuv pool', 's-pool', 'area'),
    ...pick(data, 'cpu.workers_percent', 'JS workers', 's-workers', 'area').filter((s) => highest([s]) > 0.5),
    ...pick(data, 'cpu.other_percent', 'other', 's-other', 'area'),
  ];
  let cpuTop = 0;
  for (let i = 0; i < (cpu[0]?.t.length ?? 0); i++) {
    cpuTop = Math.max(
      cpuTop,
      cpu.reduce((sum, series) => sum + (series.v[i] ?? 0), 0),
    );
  }
  const machine = [
    ...pick(data, 'sched.main_wait_percent', 'run-queue wait', 's-main', 'solid'),
    ...pick(data, 'cgroup.throttled_percent', 'throttled', 's-v8', 'solid'),
    ...pick(data, 'machine.steal_percent', 'steal', 's-external', 'dots'),
  ];
  const delay = pick(data, 'loop.delay_ms', 'delay', 's-other', 'solid').map((s) => ({
    ...s,
    limit: DELAY_LIMIT_MS,
  }));
  const utilisation = pick(data, 'loop.utilisation_percent', 'utilisation', 's-main', 'solid');
  const memory = [
    ...pick(data, 'memory.rss_bytes', 'RSS', 's-rss', 'solid', 1e-6),
    ...pick(data, 'memory.heap_total_bytes', 'heapTotal', 's-heap-total', 'dash', 1e-6),
    ...pick(data, 'memory.heap_used_bytes', 'heapUsed', 's-heap-used', 'solid', 1e-6),
    ...pick(data, 'memory.external_bytes', 'external', 's-external', 'dots', 1e-6),
  ];
  const active = pick(data, 'handles.active', 'handles', 's-pool', 'solid');
  const handles = active.length > 0 ? active : pick(data, 'handles.fds', 'open files', 's-pool', 'solid');
  const longest = data.blocked.reduce((max, stretch) => Math.max(max, stretch.ms), highest(delay));
  const why = insideProblem(data);
  const none = 'not in this recording';

  const rows: VitalRow[] = [
    row('cpu', 'CPU', '% of one core', 3, cpu, Math.max(100, cpuTop * 1.06), [], none, true),
    row('delay', 'Event-loop delay', 'ms', 3, delay, niceCeiling(Math.max(100, longest)), [], why, false),
    row(
      'utilisation',
      'Utilisation',
      '%',
      1,
      utilisation,
      100,
      [...maskOf('loop.utilisation_percent'), ...silence],
      why,
      false,
    ),
    row('memory', 'Memory', 'MB', 3, memory, niceCeiling(highest(memory) * 1.05), silence, none, false),
    row(
      'handles',
      'Active handles',
      '',
      1,
      handles,
      niceCeiling(highest(handles) * 1.1),
      active.length > 0 ? silence : [],
      why,
      false,
    ),
  ];
  // Half a core and whole cores, not halves of an odd top.
  const cores = Math.max(1, Math.ceil(rows[0]!.max / 500));
  rows[0]!.ticks =
    rows[0]!.max < 210
      ? [50, 100]
      : [1, 2, 3, 4].map((i) => i * cores * 100).filter((tick) => tick <= rows[0]!.max);
  rows[1]!.limit = DELAY_LIMIT_MS;
  if (data.blocked.length > 0) delete rows[1]!.missing;
  // The machine's row is of interest only when the machine was in the way.
  if (highest(machine) >= 10) {
    rows.splice(
      1,
      0,
      row(
        'machine',
        'The machine',
        '%',
        1,
        machine,
        Math.max(20, niceCeiling(highest(machine))),
        [],
        none,
        false,
      ),
    );
  }
  return rows;
}

function row(
  id: VitalRow['id'],
  title: string,
  unit: string,
  grow: number,
  series: VitalSeries[],
  max: number,
  unknown: Unknown[],
  missing: string,
  stacked: boolean,
): VitalRow {
  return {
    id,
    title,
    unit,
    grow,
    series,
    max,
    ticks: [max / 2, max],
    unknown,
    stacked,
    ...(series.length === 0 ? { missing } : {}),
  };
}

/** The value measured closest to `ms`, null when none is near. */
export function valueAt(series: Pick<VitalSeries, 't' | 'v'>, ms: number): number | null {
  const i = nearestIndex(series.t, ms);
  if (i < 0) return null;
  const step = (series.t[series.t.length - 1]! - series.t[0]!) / Math.max(1, series.t.length - 1);
  return Math.abs(series.t[i]! - ms) > Math.max(250, step * 2) ? null : series.v[i]!;
}

/** Index of the time closest to `ms` in an ascending list; −1 when empty. */
export function nearestIndex(times: ArrayLike<number>, ms: number): number {
  let low = 0;
  let high = times.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low > 0 && ms - times[low - 1]! < times[low]! - ms ? low - 1 : low;
}

/** Values known inside a span. */
export function valuesWithin(
  series: Pick<VitalSeries, 't' | 'v'>,
  span: readonly [number, number] | null,
): number[] {
  const out: number[] = [];
  for (let i = 0; i < series.t.length; i++) {
    const value = series.v[i]!;
    if (value !== null && (!span || (series.t[i]! >= span[0] && series.t[i]! <= span[1]))) out.push(value);
  }
  return out;
}

/** Ticks of the time axis: at most seven, at round seconds. ms. */
export function timeTicks(windowMs: number): number[] {
  const steps = [
    100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
    3_600_000,
  ];
  const step = steps.find((size) => windowMs / size <= 6.5) ?? windowMs / 6;
  const out: number[] = [];
  for (let at = 0; at <= windowMs * 1.0001; at += step) out.push(at);
  return out;
}
