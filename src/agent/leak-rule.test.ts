import { expect, test } from 'vitest';
import { makeLeakRule } from './leak-rule.ts';

const MB = 1e6;

/** Numbers of the collection (from 1) at which the rule spoke. */
function told(lows: readonly number[], { every = 1000, grace = 0, collections = 5 } = {}): number[] {
  const rule = makeLeakRule(collections, grace, 0);
  return lows.flatMap((bytes, index) => {
    const verdict = rule.add({ time: index * every, bytes });
    return verdict === undefined ? [] : [index];
  });
}

const series = (count: number, at: (index: number) => number): number[] =>
  Array.from({ length: count }, (_, index) => at(index));

test('a steady leak is told after five collections in a row, and again after five more', () => {
  expect(told(series(11, (i) => 20 * MB + i * MB))).toEqual([5, 10]);
});

test('the number of collections can be set', () => {
  expect(
    told(
      series(4, (i) => 20 * MB + i * MB),
      { collections: 3 },
    ),
  ).toEqual([3]);
});

test('the verdict has the growth and its pace', () => {
  const rule = makeLeakRule(2, 0, 0);
  rule.add({ time: 0, bytes: 10 * MB });
  rule.add({ time: 30_000, bytes: 12 * MB });
  const verdict = rule.add({ time: 60_000, bytes: 14 * MB });
  expect(verdict?.growthBytes).toBe(4 * MB);
  expect(verdict?.bytesPerMinute).toBeCloseTo(4 * MB, 0);
});

test('noise below a megabyte is no leak, however often it rises', () => {
  expect(told(series(40, (i) => 50 * MB + i * 1000))).toEqual([]);
});

test('under five percent is no leak', () => {
  expect(told(series(6, (i) => 500 * MB + i * MB))).toEqual([]);
});

test('a healthy half hour of a sawtooth: nothing once it has fallen a first time', () => {
  // Rises 4 times, falls, for 30 minutes at a collection every 5 s.
  expect(
    told(
      series(360, (i) => 40 * MB + (i % 5) * 4 * MB),
      { every: 5000 },
    ),
  ).toEqual([]);
  // A long tooth, of which the first is within the grace.
  expect(
    told(
      series(360, (i) => 40 * MB + (i % 12) * 4 * MB),
      { every: 5000, grace: 60_000 },
    ),
  ).toEqual([]);
});

test('a cache that warms up and fills: nothing', () => {
  // 200 MB with a time constant of 45 s, a collection every 10 s, for half an hour.
  const warming = series(180, (i) => 30 * MB + 200 * MB * (1 - Math.exp((-i * 10) / 45)));
  expect(told(warming, { every: 10_000, grace: 60_000 })).toEqual([]);
});

test('a leak on top of a sawtooth is told when it passes the heights the heap came back from', () => {
  const teeth = series(20, (i) => 40 * MB + (i % 4) * 5 * MB);
  const leak = series(30, (i) => 60 * MB + i * 3 * MB);
  const [first] = told([...teeth, ...leak]);
  expect(first).toBeGreaterThanOrEqual(20);
  expect(first).toBeLessThanOrEqual(27);
});

test('nothing within the grace, soon after it', () => {
  const [first] = told(
    series(100, (i) => 20 * MB + i * MB),
    { grace: 60_000 },
  );
  expect(first).toBe(60);
});

test('one equal low ends the row', () => {
  expect(told([10, 11, 12, 13, 14, 14, 15, 16, 17, 18].map((x) => x * MB))).toEqual([]);
});
