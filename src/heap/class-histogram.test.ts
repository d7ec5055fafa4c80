import { expect, test } from 'vitest';
import { type ClassCount, type ClassHistogram, compareHistograms } from './class-histogram.ts';

const row = (name: string, count: number, more: Partial<ClassCount> = {}): ClassCount => ({
  name,
  kind: 'class',
  place: '',
  count,
  bytes: count * 50,
  entries: 0,
  ...more,
});
const histogram = (seconds: number, rows: ClassCount[]): ClassHistogram => ({
  takenAt: new Date(seconds * 1000).toISOString(),
  thread: 'main',
  rows,
  others: { rows: 0, count: 0, bytes: 0 },
  objectCount: rows.reduce((sum, { count }) => sum + count, 0),
  heap: { used: 0, total: 0, limit: 0, external: 0, arrayBuffers: 0 },
  pauseMs: 1,
  notes: [],
});
const names = (before: ClassCount[], after: ClassCount[]) =>
  compareHistograms(histogram(0, before), histogram(30, after)).rows.map(({ name }) => name);

test('a class of the program goes before what its instances are made of', () => {
  const place = 'file:///app/session.js:3:1';
  const rows = names(
    [row('Session', 100, { place }), row('Map', 200, { kind: 'collection', bytes: 40_000 })],
    [row('Session', 600, { place }), row('Map', 1200, { kind: 'collection', bytes: 240_000 })],
  );
  expect(rows).toEqual(['Session', 'Map']);
});

test('unless it grows far more slowly: then bytes decide', () => {
  const place = 'file:///app/session.js:3:1';
  expect(
    names(
      [row('Session', 100, { place }), row('{id}', 0, { kind: 'shape' })],
      [row('Session', 130, { place }), row('{id}', 5000, { kind: 'shape' })],
    ),
  ).toEqual(['{id}', 'Session']);
  expect(
    names(
      [row('Socket', 0, { place: 'node:net:10:1' }), row('Buffer', 0, { kind: 'bytes' })],
      [row('Socket', 100, { place: 'node:net:10:1' }), row('Buffer', 100, { kind: 'bytes', bytes: 1e6 })],
    ),
  ).toEqual(['Buffer', 'Socket']);
});

test('what is little, level or falling is not growth; rates are per minute', () => {
  const { rows, countPerMinute } = compareHistograms(
    histogram(0, [row('Level', 5000), row('Falling', 900), row('Little', 10)]),
    histogram(30, [row('Level', 5000), row('Falling', 100), row('Little', 20), row('New', 50)]),
  );
  expect(rows.map((each) => [each.name, each.countPerMinute])).toEqual([['New', 100]]);
  expect(countPerMinute).toBe(-1480);
});

test('entries alone are growth: one Map that fills', () => {
  const [first] = compareHistograms(
    histogram(0, [row('Map', 3, { kind: 'collection', entries: 100, bytes: 500 })]),
    histogram(60, [row('Map', 3, { kind: 'collection', entries: 5100, bytes: 900 })]),
  ).rows;
  expect(first).toMatchObject({ name: 'Map', countPerMinute: 0, entriesPerMinute: 5000 });
});

test('classes of one name are told apart by their place; a place found only once is no new class', () => {
  const a = { place: 'file:///a.js:1:1' };
  const b = { place: 'file:///b.js:1:1' };
  expect(names([row('Twin', 50, a), row('Twin', 10, b)], [row('Twin', 50, a), row('Twin', 90, b)])).toEqual([
    'Twin',
  ]);
  expect(names([row('Session', 500)], [row('Session', 500, a)])).toEqual([]);
  // Two rows that nothing tells apart are one.
  expect(
    names([row('(anonymous class)', 40), row('(anonymous class)', 2)], [row('(anonymous class)', 42)]),
  ).toEqual([]);
});
