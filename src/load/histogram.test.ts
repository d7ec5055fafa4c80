import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './histogram.ts';

/** From 1 µs to a day, evenly over the orders of magnitude. */
const latency = fc.double({ min: -3, max: 7.9, noNaN: true }).map((power) => 10 ** power);
const PERCENTS = [0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100];

function nearestRank(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length - 1e-6) - 1)]!;
}

function filled(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('gives percentiles within 0.5 % of the sorted values', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 300 }), (values) => {
        const histogram = filled(values);
        const sorted = [...values].sort((one, other) => one - other);
        for (const percent of PERCENTS) {
          const exact = nearestRank(sorted, percent);
          expect(Math.abs(histogram.percentile(percent) - exact)).toBeLessThanOrEqual(exact * 0.005);
        }
      }),
    );
  });

  it('keeps count, minimum, maximum, mean and standard deviation exact', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 100 }), (values) => {
        const { min, max, mean, stddev } = filled(values).summarise();
        const exactMean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - exactMean) ** 2, 0) / values.length;
        expect(min).toBe(Math.min(...values));
        expect(max).toBe(Math.max(...values));
        expect(Math.abs(mean - exactMean)).toBeLessThanOrEqual(exactMean * 1e-9);
        // Sums of squares lose digits where the values hardly differ.
        expect(Math.abs(stddev - Math.sqrt(variance))).toBeLessThanOrEqual(exactMean * 1e-6);
      }),
    );
  });

  it('corrects as one record after another would', () => {
    fc.assert(
      fc.property(latency, fc.double({ min: 0.1, max: 1000, noNaN: true }), (value, interval) => {
        if (value / interval > 1e5) return;
        const corrected = new LatencyHistogram();
        corrected.recordCorrected(value, interval);
        const held: number[] = [];
        // Counted from the quotient, as subtracting step by step gathers rounding errors.
        for (let step = 0; step < Math.max(1, Math.floor(value / interval)); step++)
          held.push(value - step * interval);
        const naive = filled(held);
        const [one, other] = [corrected.summarise(), naive.summarise()];
        expect(corrected.count).toBe(naive.count);
        for (const key of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const)
          expect(Math.abs(one[key] - other[key])).toBeLessThanOrEqual(value * 0.005);
      }),
    );
  });

  it('corrects a day at a microsecond in bounded time', () => {
    const histogram = new LatencyHistogram();
    histogram.recordCorrected(86_400_000, 0.001);
    expect(histogram.count).toBeCloseTo(86_400_000_000, -2);
    expect(histogram.summarise().mean).toBeCloseTo(43_200_000, 0);
  });

  it('merges to what recording everything into one would give', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { maxLength: 50 }),
        fc.array(latency, { maxLength: 50 }),
        (one, other) => {
          const merged = filled(one);
          merged.merge(filled(other));
          const together = filled([...one, ...other]);
          expect(merged.count).toBe(together.count);
          for (const percent of PERCENTS)
            expect(merged.percentile(percent)).toBe(together.percentile(percent));
        },
      ),
    );
  });

  it('draws bars that touch, hold every value once, and are not more than asked for', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 100 }),
        fc.integer({ min: 12, max: 30 }),
        (values, most) => {
          const histogram = filled(values);
          const bars = histogram.bars(most);
          expect(bars.length).toBeLessThanOrEqual(most);
          expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
          bars.slice(1).forEach(({ from }, index) => {
            expect(from).toBe(bars[index]!.to);
          });
          expect(bars[0]!.count).toBeGreaterThan(0);
          expect(bars.at(-1)!.count).toBeGreaterThan(0);
          // A bucket belongs to the bar its middle lies in.
          expect(bars[0]!.from).toBeLessThanOrEqual(Math.min(...values) * 1.005);
          expect(bars.at(-1)!.to).toBeGreaterThanOrEqual(Math.max(...values) * 0.995);
        },
      ),
    );
  });

  it('has nothing to say when nothing was counted, also after a reset', () => {
    const histogram = filled([1, 2, 3]);
    histogram.reset();
    expect(histogram.count).toBe(0);
    expect(histogram.percentile(99)).toBeNaN();
    expect(Object.values(histogram.summarise()).every(Number.isNaN)).toBe(true);
    expect(histogram.bars()).toEqual([]);
  });

  it('takes what no clock should give', () => {
    const histogram = filled([Number.NaN, -5, 0, Number.POSITIVE_INFINITY, 1e12]);
    expect(histogram.count).toBe(4);
    expect(histogram.percentile(1)).toBe(0);
    expect(histogram.bars().length).toBeGreaterThan(0);
    histogram.recordCorrected(Number.POSITIVE_INFINITY, 1);
    histogram.recordCorrected(5, 0);
    expect(histogram.count).toBe(6);
  });
});
