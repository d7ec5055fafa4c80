import { expect, test } from 'vitest';
import { buildMetrics, type Metric, writePrometheus } from './metric-table.ts';
import { addCollection, SLOT_COUNT, SLOTS, SPACES_FROM } from './shared-vitals.ts';

function build(): Metric[] {
  const shared = new Float64Array(SLOT_COUNT);
  shared[SLOTS.eluActive] = 2500;
  shared[SLOTS.eluIdle] = 7500;
  shared[SPACES_FROM + 1] = 4096;
  addCollection(shared, 1, 0.05);
  addCollection(shared, 1, 20);
  return buildMetrics({
    shared,
    spaces: ['old "space"'],
    delays: { min: 20e6, max: 120e6, mean: 25e6, stddev: 1e6, count: 5, percentile: () => 30e6 },
    resolutionMs: 20,
    cpuUserSeconds: 1.5,
    cpuSystemSeconds: 0.5,
    rssBytes: 1e8,
    uptimeSeconds: 60,
    descriptors: Number.NaN,
  });
}

const find = (name: string) => build().find((metric) => metric.name === name);

test('delays are without the period of their timer, in seconds', () => {
  expect(find('nodejs.eventloop.delay.min')?.points[0]?.value).toBe(0);
  expect(find('nodejs.eventloop.delay.max')?.points[0]?.value).toBeCloseTo(0.1);
  expect(find('nodejs.eventloop.delay.p99')?.points[0]?.value).toBeCloseTo(0.01);
});

test('utilisation is a share, collections are a histogram by type', () => {
  expect(find('nodejs.eventloop.utilization')?.points[0]?.value).toBe(0.25);
  const major = find('v8js.gc.duration')?.points.find(
    ({ attributes }) => attributes['v8js.gc.type'] === 'major',
  );
  expect(major).toMatchObject({ value: 20.05, buckets: [0, 1, 0, 0, 1], bounds: [0.01, 0.1, 1, 10] });
});

test('what cannot be counted is absent', () => {
  expect(find('process.unix.file_descriptor.count')).toBeUndefined();
});

test('Prometheus text: cumulative buckets, units and escapes', () => {
  const text = writePrometheus(build());
  expect(text).toContain('v8js_gc_duration_seconds_bucket{v8js_gc_type="major",le="0.01"} 0\n');
  expect(text).toContain('v8js_gc_duration_seconds_bucket{v8js_gc_type="major",le="10"} 1\n');
  expect(text).toContain('v8js_gc_duration_seconds_bucket{v8js_gc_type="major",le="+Inf"} 2\n');
  expect(text).toContain('v8js_gc_duration_seconds_count{v8js_gc_type="major"} 2\n');
  expect(text).toContain('# TYPE nodejs_eventloop_time_seconds_total counter\n');
  expect(text).toContain('v8js_memory_heap_used_bytes{v8js_heap_space_name="old \\"space\\""} 4096\n');
  expect(text).toContain('nodejs_eventloop_utilization_ratio 0.25\n');
});
