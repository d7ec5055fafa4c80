import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Series } from './series.ts';
import { clip, median, quantile, summarise, theilSen } from './statistics.ts';

const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), {
  minLength: 1,
});

function series(points: [time: number, value: number][], masked?: Series['masked']): Series {
  return {
    name: 'loop.delay_ms',
    time: Float64Array.from(points, (point) => point[0]),
    value: Float64Array.from(points, (point) => point[1]),
    ...(masked === undefined ? {} : { masked }),
  };
}

describe('quantile', () => {
  test('interpolates between neighbours', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20], 0.95)).toBeCloseTo(19.5);
    expect(median([7])).toBe(7);
  });
  test('ignores gaps and is NaN of nothing', () => {
    expect(quantile([Number.NaN, 5, Number.NaN], 0.5)).toBe(5);
    expect(quantile([], 0.5)).toBeNaN();
    expect(quantile([Number.NaN], 0.5)).toBeNaN();
  });
  test('0 and 1 are min and max, order does not matter, rising in q', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const at = quantile(values, q);
        expect(quantile(values, 0)).toBe(Math.min(...values));
        expect(quantile(values, 1)).toBe(Math.max(...values));
        expect(quantile(values.toReversed(), q)).toBe(at);
        expect(quantile(values, q / 2)).toBeLessThanOrEqual(at);
        const below = values.filter((value) => value <= at).length;
        expect(below).toBeGreaterThanOrEqual(Math.floor(q * (values.length - 1)) + (q < 1 ? 0 : 1));
      }),
    );
  });
});

describe('summarise', () => {
  test('leaves out gaps and masked stretches', () => {
    const drawn = series(
      [
        [0, 1],
        [100, Number.NaN],
        [200, 3],
        [300, 1000],
        [400, 5],
      ],
      [{ fromMs: 250, toMs: 350, why: 'not valid while profiling' }],
    );
    expect(summarise(drawn)).toEqual({ min: 1, median: 3, p95: 4.8, max: 5 });
  });
  test('is NaN when everything is masked', () => {
    const drawn = series([[0, 1]], [{ fromMs: 0, toMs: 10, why: 'x' }]);
    expect(summarise(drawn).max).toBeNaN();
  });
});

describe('theilSen', () => {
  test('finds the slope of a line exactly, per minute', () => {
    const time = Array.from({ length: 50 }, (_, index) => index * 1000);
    const trend = theilSen(
      time,
      time.map((at) => 7 + at * 2),
    );
    expect(trend.slopePerMinute).toBeCloseTo(120_000);
    expect(trend.lower).toBeCloseTo(120_000);
    expect(trend.upper).toBeCloseTo(120_000);
    expect(trend.n).toBe(50);
  });
  test('a fifth of wild points does not move it', () => {
    const time = Array.from({ length: 40 }, (_, index) => index * 500);
    const value = time.map((at, index) => (index % 5 === 2 ? 1e9 : at));
    expect(theilSen(time, value).slopePerMinute).toBeCloseTo(60_000, -2);
  });
  test('noise without trend: the interval holds 0 in about 95 of 100 draws', () => {
    let seed = 1;
    const random = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    let holds = 0;
    const draws = 400;
    for (let draw = 0; draw < draws; draw++) {
      const time = Array.from({ length: 20 }, (_, index) => index);
      const { lower, upper } = theilSen(time, time.map(random));
      if (lower <= 0 && upper >= 0) holds++;
    }
    expect(holds / draws).toBeGreaterThan(0.91);
    expect(holds / draws).toBeLessThan(0.99);
  });
  test('properties: bounds around the slope; sign turns with the value; gaps change nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 }),
        (value) => {
          const time = value.map((_, index) => index * 100);
          const trend = theilSen(time, value);
          expect(trend.lower).toBeLessThanOrEqual(trend.slopePerMinute);
          expect(trend.upper).toBeGreaterThanOrEqual(trend.slopePerMinute);
          const turned = theilSen(
            time,
            value.map((at) => -at),
          );
          expect(turned.slopePerMinute).toBeCloseTo(-trend.slopePerMinute);
          const gapped = theilSen([...time, 1, 2], [...value, Number.NaN, Number.NaN]);
          expect(gapped).toEqual(trend);
        },
      ),
    );
  });
  test('few points: no bound, no claim', () => {
    expect(theilSen([], []).slopePerMinute).toBeNaN();
    expect(theilSen([5, 5], [1, 2]).slopePerMinute).toBeNaN();
    expect(theilSen([0, 1, 2], [0, 1, 2])).toMatchObject({
      lower: Number.NEGATIVE_INFINITY,
      upper: Number.POSITIVE_INFINITY,
    });
  });
  test('many points are thinned over the whole span', () => {
    const time = Float64Array.from({ length: 100_000 }, (_, index) => index);
    const trend = theilSen(time, time);
    expect(trend.n).toBe(300);
    expect(trend.slopePerMinute).toBeCloseTo(60_000);
  });
});

describe('clip', () => {
  test('takes from ≤ time < to and cuts masks', () => {
    const drawn = series(
      [
        [0, 1],
        [100, 2],
        [200, 3],
        [300, 4],
      ],
      [{ fromMs: 50, toMs: 1000, why: 'x' }],
    );
    const part = clip(drawn, 100, 300);
    expect([...part.time]).toEqual([100, 200]);
    expect([...part.value]).toEqual([2, 3]);
    expect(part.masked).toEqual([{ fromMs: 100, toMs: 300, why: 'x' }]);
    expect(clip(drawn, 500, 400).time.length).toBe(0);
  });
  test('two halves make the whole', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 5000 })),
        fc.integer({ min: 0, max: 5000 }),
        (at, cut) => {
          const drawn = series(at.sort((a, b) => a - b).map((time) => [time, time]));
          const halves = [...clip(drawn, 0, cut).value, ...clip(drawn, cut, 1e9).value];
          expect(halves).toEqual([...drawn.value]);
        },
      ),
    );
  });
});
