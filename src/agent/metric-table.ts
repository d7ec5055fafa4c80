import { GC_BOUNDS, GC_TYPES, readCollections, SLOTS, SPACE_STEP, SPACES_FROM } from './shared-vitals.ts';

/** One metric under its OpenTelemetry name; an exporter of any kind can be fed from it. */
export interface Metric {
  /** e.g. `nodejs.eventloop.utilization`. */
  name: string;
  description: string;
  /** UCUM: `s`, `By`, `1`, `{thread}`. */
  unit: string;
  instrument: 'gauge' | 'counter' | 'updowncounter' | 'histogram';
  points: MetricPoint[];
}

export interface MetricPoint {
  attributes: Readonly<Record<string, string>>;
  /** Of a histogram: the sum. */
  value: number;
  /** Histograms: count of each bucket, one more than `bounds`. */
  buckets?: readonly number[];
  bounds?: readonly number[];
}

/** Version of the semantic conventions the names are of. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.43.0';

/** Statistics of the loop's delay, nanoseconds with the timer's period in them, as perf_hooks gives them. */
export interface DelayReading {
  min: number;
  max: number;
  mean: number;
  stddev: number;
  count: number;
  percentile(percent: number): number;
}

export interface MetricsReading {
  shared: Float64Array;
  spaces: readonly string[];
  delays: DelayReading;
  /** Period of the delay's timer, ms: it is taken off. */
  resolutionMs: number;
  /** CPU time of the process so far, seconds. */
  cpuUserSeconds: number;
  cpuSystemSeconds: number;
  rssBytes: number;
  uptimeSeconds: number;
  /** Open descriptors; NaN where they cannot be counted. */
  descriptors: number;
}

/** All metrics. Names: semantic conventions for process, Node.js and V8 (status Development: they move). */
export function buildMetrics(reading: MetricsReading): Metric[] {
  const { shared, spaces, delays, resolutionMs } = reading;
  const slot = (name: keyof typeof SLOTS): number => shared[SLOTS[name]] ?? 0;
  const delay = (nanos: number): number =>
    delays.count === 0 || !Number.isFinite(nanos) ? 0 : Math.max(0, nanos / 1e9 - resolutionMs / 1000);
  const active = slot('eluActive') / 1000;
  const idle = slot('eluIdle') / 1000;
  const one = (
    name: string,
    description: string,
    unit: string,
    instrument: Metric['instrument'],
    value: number,
  ): Metric => ({ name, description, unit, instrument, points: [{ attributes: {}, value }] });
  const perSpace = (name: string, description: string, field: number): Metric => ({
    name,
    description,
    unit: 'By',
    instrument: 'updowncounter',
    points: spaces.map((space, index) => ({
      attributes: { 'v8js.heap.space.name': space },
      value: shared[SPACES_FROM + index * SPACE_STEP + field] ?? 0,
    })),
  });
  const metrics: Metric[] = [
    one('nodejs.eventloop.delay.min', 'Shortest delay of the event loop.', 's', 'gauge', delay(delays.min)),
    one('nodejs.eventloop.delay.max', 'Longest delay of the event loop.', 's', 'gauge', delay(delays.max)),
    one('nodejs.eventloop.delay.mean', 'Mean delay of the event loop.', 's', 'gauge', delay(delays.mean)),
    one(
      'nodejs.eventloop.delay.stddev',
      'Standard deviation of the delay.',
      's',
      'gauge',
      delays.count === 0 || !Number.isFinite(delays.stddev) ? 0 : delays.stddev / 1e9,
    ),
    ...[50, 90, 99].map((percent) =>
      one(
        `nodejs.eventloop.delay.p${percent}`,
        `Delay of the event loop, percentile ${percent}.`,
        's',
        'gauge',
        delays.count === 0 ? 0 : delay(delays.percentile(percent)),
      ),
    ),
    {
      name: 'nodejs.eventloop.time',
      description: 'Time the event loop has been in each state.',
      unit: 's',
      instrument: 'counter',
      points: [
        { attributes: { 'nodejs.eventloop.state': 'active' }, value: active },
        { attributes: { 'nodejs.eventloop.state': 'idle' }, value: idle },
      ],
    },
    one(
      'nodejs.eventloop.utilization',
      'Share of its time the event loop was active, since the start.',
      '1',
      'gauge',
      active + idle > 0 ? active / (active + idle) : 0,
    ),
    {
      name: 'v8js.gc.duration',
      description: 'Duration of garbage collections.',
      unit: 's',
      instrument: 'histogram',
      points: GC_TYPES.map((type, index) => {
        const { seconds, buckets } = readCollections(shared, index);
        return { attributes: { 'v8js.gc.type': type }, value: seconds, buckets, bounds: GC_BOUNDS };
      }),
    },
    perSpace('v8js.memory.heap.space.size', 'Size of the heap space.', 0),
    perSpace('v8js.memory.heap.used', 'Bytes in use in the heap space.', 1),
    perSpace('v8js.memory.heap.space.available_size', 'Bytes free in the heap space.', 2),
    perSpace('v8js.memory.heap.space.physical_size', 'Committed bytes of the heap space.', 3),
    {
      name: 'process.cpu.time',
      description: 'CPU time of the process.',
      unit: 's',
      instrument: 'counter',
      points: [
        { attributes: { 'cpu.mode': 'user' }, value: reading.cpuUserSeconds },
        { attributes: { 'cpu.mode': 'system' }, value: reading.cpuSystemSeconds },
      ],
    },
    one('process.memory.usage', 'Physical memory in use.', 'By', 'updowncounter', reading.rssBytes),
    one('process.uptime', 'Time the process has been running.', 's', 'gauge', reading.uptimeSeconds),
    one(
      'v8js.resource.active',
      'Active resources of the event loop.',
      '{resource}',
      'gauge',
      slot('handles'),
    ),
  ];
  if (Number.isFinite(reading.descriptors))
    metrics.push(
      one(
        'process.unix.file_descriptor.count',
        'Open file descriptors.',
        '{file_descriptor}',
        'updowncounter',
        reading.descriptors,
      ),
    );
  return metrics;
}

const UNITS: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes', '1': '_ratio' };

/**
 * Prometheus text format 0.0.4, names by OpenTelemetry's rules for Prometheus: dots become underscores, the unit is a
 * suffix, counters end in `_total`.
 */
export function writePrometheus(metrics: readonly Metric[]): string {
  const lines: string[] = [];
  for (const { name, description, unit, instrument, points } of metrics) {
    const base = `${name.replace(/[^a-zA-Z0-9_]/g, '_')}${instrument === 'gauge' || unit !== '1' ? (UNITS[unit] ?? '') : ''}`;
    const full = instrument === 'counter' ? `${base}_total` : base;
    const type = instrument === 'updowncounter' ? 'gauge' : instrument;
    lines.push(`# HELP ${full} ${description}`, `# TYPE ${full} ${type}`);
    for (const { attributes, value, buckets, bounds } of points) {
      if (buckets === undefined || bounds === undefined) {
        lines.push(`${full}${labels(attributes)} ${value}`);
        continue;
      }
      let count = 0;
      for (const [index, inBucket] of buckets.entries()) {
        count += inBucket;
        const le = bounds[index];
        lines.push(
          `${full}_bucket${labels({ ...attributes, le: le === undefined ? '+Inf' : String(le) })} ${count}`,
        );
      }
      lines.push(`${full}_sum${labels(attributes)} ${value}`, `${full}_count${labels(attributes)} ${count}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function labels(attributes: Readonly<Record<string, string>>): string {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return '';
  const text = entries.map(([key, value]) => {
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    return `${key.replace(/[^a-zA-Z0-9_]/g, '_')}="${escaped}"`;
  });
  return `{${text.join(',')}}`;
}
