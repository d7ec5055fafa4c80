import { expect, it } from 'vitest';
import { drawLoad } from '../../src/load/load-result.fixture.ts';
import {
  buildHistogram,
  buildLoadCharts,
  latencyRows,
  listOutcomes,
  logAxis,
  placeOn,
  secondAt,
  stepPath,
} from './load-chart.ts';

it('charts throughput with errors and the rate asked for, and latency on a logarithmic axis', () => {
  const { charts, endMs } = buildLoadCharts(drawLoad());
  const [throughput, latency] = charts;
  expect(endMs).toBe(10_000);
  expect(throughput!.limit).toBe(100);
  expect(throughput!.axis.to).toBeGreaterThanOrEqual(140);
  expect(throughput!.series.map(({ label }) => label)).toEqual(['responses', 'errors']);
  expect(throughput!.series[1]!.whole).toBeCloseTo(0.4);
  expect(latency!.axis.log).toBe(true);
  expect(latency!.series.map(({ whole }) => whole)).toEqual([212, 1.2]);
});

it('has no row of errors without errors, no limit without a rate', () => {
  const load = drawLoad({ requests: { total: 9, ok: 9, non2xx: 0, errors: 0, timeouts: 0 } });
  delete load.rate;
  for (const row of load.perSecond) row.errors = 0;
  const [throughput] = buildLoadCharts(load).charts;
  expect(throughput!.series.map(({ label }) => label)).toEqual(['responses']);
  expect(throughput!.limit).toBeUndefined();
});

it('draws seconds without a latency as gaps, also when NaN became null on its way', () => {
  const travelled = JSON.parse(JSON.stringify(drawLoad())) as ReturnType<typeof drawLoad>;
  const charts = buildLoadCharts(travelled);
  const p99 = charts.charts[1]!.series[0]!;
  expect(p99.values.map((value) => value === null)).toEqual(
    [3, 8].reduce((all, i) => all.with(i, true), Array<boolean>(10).fill(false)),
  );
  const path = stepPath(charts, charts.charts[1]!.axis, p99.values, false);
  expect(path.match(/M/g)).toHaveLength(3);
  expect(path).not.toContain('NaN');
});

it('closes areas at the bottom and leaves out seconds of nothing', () => {
  const charts = { at: [0, 1000, 2000, 3000], endMs: 4000, charts: [] };
  const axis = { from: 0, to: 10, log: false, ticks: [] };
  expect(stepPath(charts, axis, [5, 10, 0, 5], true)).toBe(
    'M0 1000V500H250H250V0H500V1000ZM750 1000V500H1000V1000Z',
  );
});

it('makes logarithmic axes that hold both ends', () => {
  for (const [low, high] of [
    [1.2, 620],
    [0.03, 0.04],
    [1, 1],
    [10, 1000],
    [9.99, 10.01],
    [3, 5210],
  ] as const) {
    const axis = logAxis(low, high);
    expect(axis.from).toBeLessThanOrEqual(low);
    expect(axis.to).toBeGreaterThanOrEqual(high);
    expect(axis.to).toBeGreaterThan(axis.from);
    expect(axis.ticks.length).toBeGreaterThan(1);
    expect(placeOn(axis, axis.from)).toBe(0);
    expect(placeOn(axis, axis.to)).toBeCloseTo(1);
  }
  expect(logAxis(1.2, 620)).toMatchObject({ from: 1, to: 1000, ticks: [1, 10, 100, 1000] });
});

it('places histogram bars side by side and percentiles in order, labels apart', () => {
  const { boxes, marks, levels } = buildHistogram(drawLoad())!;
  expect(boxes[0]!.left).toBe(0);
  for (const [i, box] of boxes.slice(1).entries())
    expect(box.left).toBeCloseTo(boxes[i]!.left + boxes[i]!.width, 9);
  expect(boxes.at(-1)!.left + boxes.at(-1)!.width).toBeCloseTo(1);
  expect(Math.max(...boxes.map(({ height }) => height))).toBe(1);
  expect(boxes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  expect(marks.map(({ label }) => label)).toEqual(['p50', 'p90', 'p99', 'p99.9']);
  for (let i = 1; i < marks.length; i++) expect(marks[i]!.place).toBeGreaterThanOrEqual(marks[i - 1]!.place);
  expect(levels).toBeGreaterThan(1);
  expect(new Set(marks.slice(1).map(({ level }) => level)).size).toBe(3);
});

it('takes a first bar from 0, and no bars at all', () => {
  const from0 = buildHistogram(
    drawLoad({
      histogram: [
        { from: 0, to: 1, count: 3 },
        { from: 1, to: 2, count: 1 },
      ],
    }),
  )!;
  expect(from0.boxes.every(({ left, width }) => left >= 0 && width > 0 && Number.isFinite(width))).toBe(true);
  expect(buildHistogram(drawLoad({ histogram: [] }))).toBeNull();
});

it('lists statuses by number, then errors and time-outs, out of all requests', () => {
  expect(listOutcomes(drawLoad()).map(({ label, count, bad }) => `${label} ${count} ${bad}`)).toEqual([
    '200 OK 988 false',
    '503 Service Unavailable 8 true',
    'errors 3 true',
    'time-out 1 true',
  ]);
  expect(listOutcomes(drawLoad()).reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});

it('puts measured beside corrected latencies', () => {
  const p99 = latencyRows(drawLoad()).find(({ label }) => label === 'p99');
  expect(p99).toEqual({ label: 'p99', value: 212, measured: 4.8 });
  const load = drawLoad();
  delete load.uncorrectedLatency;
  expect(latencyRows(load).every(({ measured }) => measured === undefined)).toBe(true);
});

it('finds the second under the pointer', () => {
  const charts = { at: [0, 1000, 5000], endMs: 6000, charts: [] };
  expect([-1, 0, 999, 1000, 3000, 5999, 6000].map((ms) => secondAt(charts, ms))).toEqual([
    -1, 0, 0, 1, -1, 2, -1,
  ]);
});
