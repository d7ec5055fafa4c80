import type { LatencyPercentiles, LoadResult } from '../../src/load/load-result.ts';
import { niceCeiling } from './statistics.ts';

/** A value of one second; null where there is none. */
export type PerSecond = (number | null)[];

/** One series of a chart; `colour` is a token of tokens.css. */
export interface LoadSeries {
  label: string;
  colour: string;
  line: 'area' | 'solid' | 'dash';
  values: PerSecond;
  /** The same over the whole test. */
  whole: number;
}

/** A chart over the seconds of a load test. */
export interface LoadChart {
  id: 'throughput' | 'latency';
  title: string;
  unit: string;
  axis: ValueAxis;
  series: LoadSeries[];
  /** Rate asked for. */
  limit?: number;
}

/** All charts share `at` (start of each second, ms) and end at `endMs`. */
export interface LoadCharts {
  at: number[];
  endMs: number;
  charts: LoadChart[];
}

/** Maps values to 0 (bottom) … 1 (top), linear or logarithmic. */
export interface ValueAxis {
  from: number;
  to: number;
  log: boolean;
  ticks: number[];
}

/** Place of a value on an axis, held inside 0 … 1. */
export function placeOn({ from, to, log }: ValueAxis, value: number): number {
  const place = log
    ? Math.log(Math.max(value, from) / from) / Math.log(to / from)
    : (value - from) / Math.max(to - from, 1e-12);
  return Math.min(1, Math.max(0, place));
}

/** Between smallest and largest latency in ms a logarithmic axis is better from this ratio on. */
const LOG_FROM_RATIO = 20;
const SECOND = 1000;

/** Throughput and latency by second. */
export function buildLoadCharts(load: LoadResult): LoadCharts {
  const rows = load.perSecond;
  const at = rows.map((row) => row.at);
  const known = (values: (number | null | undefined)[]): PerSecond =>
    // What was NaN is null after its way through JSON.
    values.map((value) => (typeof value === 'number' && Number.isFinite(value) ? value : null));
  const requests = known(rows.map((row) => row.requests));
  const errors = known(rows.map((row) => row.errors));
  const [p50, p99] = [known(rows.map((row) => row.p50)), known(rows.map((row) => row.p99))];
  const { errors: failed, timeouts } = load.requests;
  const seconds = Math.max(load.seconds, 1e-9);
  const throughput: LoadChart = {
    id: 'throughput',
    title: 'Responses',
    unit: '/s',
    axis: linearAxis(Math.max(highest(requests), highest(errors), load.rate ?? 0)),
    series: [
      {
        label: 'responses',
        colour: 's-pool',
        line: 'area',
        values: requests,
        whole: load.throughput.requestsPerSecond,
      },
      {
        label: 'errors',
        colour: 'critical',
        line: 'area',
        values: errors,
        whole: (failed + timeouts) / seconds,
      },
    ],
    ...(load.rate === undefined ? {} : { limit: load.rate }),
  };
  if (failed + timeouts === 0 && highest(errors) === 0) throughput.series.pop();
  const latency: LoadChart = {
    id: 'latency',
    title: 'Latency',
    unit: 'ms',
    axis: latencyAxis([...p50, ...p99]),
    series: [
      { label: 'p99', colour: 's-main', line: 'solid', values: p99, whole: load.latency.p99 },
      { label: 'p50', colour: 's-rss', line: 'dash', values: p50, whole: load.latency.p50 },
    ],
  };
  const endMs = Math.max(load.seconds * SECOND, (at.at(-1) ?? 0) + SECOND);
  return { at, endMs, charts: [throughput, latency] };
}

function highest(values: PerSecond): number {
  let most = 0;
  for (const value of values) if (value !== null && value > most) most = value;
  return most;
}

function linearAxis(most: number): ValueAxis {
  const to = niceCeiling(most);
  return { from: 0, to, log: false, ticks: [to, to / 2] };
}

function latencyAxis(values: PerSecond): ValueAxis {
  const positive = values.filter((value) => value !== null && value > 0) as number[];
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const value of positive) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return high / low > LOG_FROM_RATIO ? logAxis(low, high) : linearAxis(high);
}

/** Logarithmic axis around two values above 0; ticks are powers of ten, or 1 2 5 where those are few. */
export function logAxis(low: number, high: number): ValueAxis {
  const from = stepBelow(low);
  let to = stepBelow(high);
  if (to < high || to <= from) to = stepAbove(to);
  const decades = powersBetween(from, to, [1]);
  const ticks = decades.length >= 3 ? decades : powersBetween(from, to, [1, 2, 5]);
  return { from, to, log: true, ticks };
}

const STEPS = [1, 2, 5, 10];
const powerOf = (value: number): number => Math.floor(Math.log10(value) + 1e-9);

/** The last of 1, 2, 5 × 10ⁿ at or below a value. */
function stepBelow(value: number): number {
  const power = powerOf(value);
  const lead = value / 10 ** power;
  return Number(`${STEPS.findLast((step) => step <= lead + 1e-9) ?? 1}e${power}`);
}
function stepAbove(step: number): number {
  const power = powerOf(step);
  const lead = Math.round(step / 10 ** power);
  return Number(`${STEPS.find((one) => one > lead) ?? 10}e${power}`);
}
function powersBetween(from: number, to: number, leads: number[]): number[] {
  const out: number[] = [];
  for (let power = powerOf(from); power <= powerOf(to); power++)
    for (const lead of leads) {
      const value = Number(`${lead}e${power}`);
      if (value >= from * 0.999 && value <= to * 1.001) out.push(value);
    }
  return out;
}

/** Outline of a series as an SVG path in a box of 1000 × 1000, a step a second; seconds without value are gaps. */
export function stepPath(
  { at, endMs }: LoadCharts,
  axis: ValueAxis,
  values: PerSecond,
  area: boolean,
): string {
  const x = (ms: number) => round((1000 * ms) / endMs);
  const y = (value: number) => round(1000 - 1000 * placeOn(axis, value));
  let path = '';
  let open = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    const end = Math.min(endMs, at[i]! + SECOND);
    // An area of nothing has no outline either.
    if (value === null || (area && value === 0)) {
      if (open && area) path += 'V1000Z';
      open = false;
      continue;
    }
    if (!open) path += area ? `M${x(at[i]!)} 1000V${y(value)}` : `M${x(at[i]!)} ${y(value)}`;
    else path += `H${x(at[i]!)}V${y(value)}`;
    path += `H${x(end)}`;
    open = true;
  }
  return open && area ? `${path}V1000Z` : path;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** A bar of the histogram; all lengths are shares (0–1) of the chart. */
export interface HistogramBox {
  from: number;
  to: number;
  count: number;
  share: number;
  left: number;
  width: number;
  height: number;
}

/** A percentile on the histogram. `level`: row of its label, so that neighbours do not cover each other. */
export interface PercentileMark {
  label: string;
  value: number;
  place: number;
  level: number;
}

export interface Histogram {
  axis: ValueAxis;
  boxes: HistogramBox[];
  marks: PercentileMark[];
  levels: number;
}

/** Room a label takes, of the width of the chart. */
const LABEL_SHARE = 0.2;

/** Latency histogram over a logarithmic axis; null without responses. */
export function buildHistogram(load: LoadResult): Histogram | null {
  const bars = load.histogram.filter((bar) => bar.to > 0);
  let all = 0;
  let most = 0;
  for (const { count } of bars) {
    all += count;
    most = Math.max(most, count);
  }
  if (most === 0) return null;
  // Nothing is left of a bar that begins at 0 on a logarithmic axis: it gets half a decade.
  const low = bars[0]!.from > 0 ? bars[0]!.from : bars[0]!.to / 3;
  const axis: ValueAxis = { ...logAxis(low, bars.at(-1)!.to), from: low, to: bars.at(-1)!.to };
  axis.ticks = axis.ticks.filter((tick) => tick >= axis.from && tick <= axis.to);
  const boxes = bars.map((bar): HistogramBox => {
    const left = placeOn(axis, bar.from);
    return {
      ...bar,
      share: bar.count / all,
      left,
      width: placeOn(axis, bar.to) - left,
      height: bar.count / most,
    };
  });
  const marks = placeMarks(load.latency, axis);
  return { axis, boxes, marks, levels: 1 + Math.max(...marks.map((mark) => mark.level)) };
}

function placeMarks(latency: LatencyPercentiles, axis: ValueAxis): PercentileMark[] {
  const ends: number[] = [];
  const values: [string, number][] = [
    ['p50', latency.p50],
    ['p90', latency.p90],
    ['p99', latency.p99],
    ['p99.9', latency.p999],
  ];
  return values.map(([label, value]) => {
    const place = placeOn(axis, value);
    const from = labelStart(place);
    let level = ends.findIndex((end) => end <= from);
    if (level < 0) level = ends.length;
    ends[level] = from + LABEL_SHARE;
    return { label, value, place, level };
  });
}

/** Labels stand right of their line, left of it where they would leave the chart. */
function labelStart(place: number): number {
  return place > 1 - LABEL_SHARE ? place - LABEL_SHARE : place;
}
export function labelsLeft(mark: PercentileMark): boolean {
  return mark.place > 1 - LABEL_SHARE;
}

/** Rows of the percentile table; `measured` beside corrected latencies. */
export interface LatencyRow {
  label: string;
  value: number;
  measured: number | undefined;
}

export function latencyRows({ latency, uncorrectedLatency: measured }: LoadResult): LatencyRow[] {
  const row = (label: string, key: keyof LatencyPercentiles): LatencyRow => ({
    label,
    value: latency[key],
    measured: measured?.[key],
  });
  return [
    row('min', 'min'),
    row('p50', 'p50'),
    row('p75', 'p75'),
    row('p90', 'p90'),
    row('p95', 'p95'),
    row('p99', 'p99'),
    row('p99.9', 'p999'),
    row('max', 'max'),
    row('mean', 'mean'),
    row('std. dev.', 'stddev'),
  ];
}

/** What became of the requests. `bad`: nobody wants any of these. */
export interface Outcome {
  label: string;
  count: number;
  share: number;
  bad: boolean;
}

/** Statuses by number, then errors and time-outs; shares of all requests. */
export function listOutcomes(load: LoadResult): Outcome[] {
  const { errors, timeouts, total } = load.requests;
  const statuses = Object.entries(load.statuses).sort(([a], [b]) => Number(a) - Number(b));
  const counted = statuses.reduce((sum, [, count]) => sum + count, errors + timeouts);
  const whole = Math.max(1, total, counted);
  const one = (label: string, count: number, bad: boolean): Outcome => ({
    label,
    count,
    share: count / whole,
    bad,
  });
  return [
    ...statuses.map(([code, count]) => one(statusText(code), count, Number(code) >= 400)),
    ...(errors > 0 ? [one(errors === 1 ? 'error' : 'errors', errors, true)] : []),
    ...(timeouts > 0 ? [one(timeouts === 1 ? 'time-out' : 'time-outs', timeouts, true)] : []),
  ];
}

const STATUS_NAMES: Record<string, string> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  301: 'Moved',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function statusText(code: string): string {
  const name = STATUS_NAMES[code];
  return name === undefined ? code : `${code} ${name}`;
}

/** Index of the second at `ms`, −1 outside. */
export function secondAt({ at }: LoadCharts, ms: number): number {
  let found = -1;
  let low = 0;
  let high = at.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (at[middle]! <= ms) {
      found = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found >= 0 && ms < at[found]! + SECOND ? found : -1;
}
