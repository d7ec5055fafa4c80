import { expect, it } from 'vitest';
import type { PageDifferenceRow } from '../../src/render/page-data.ts';
import {
  amountText,
  barOf,
  buildChanges,
  changeText,
  filterChanges,
  relativeText,
  sortChanges,
  startsSignificant,
} from './difference-table.ts';

const row = (
  name: string,
  [selfBefore, selfAfter]: [number, number],
  [totalBefore, totalAfter]: [number, number] = [selfBefore, selfAfter],
  significant = false,
): PageDifferenceRow => ({
  name,
  file: `app/${name}.js`,
  line: 3,
  room: 'user',
  ...{ selfBefore, selfAfter, totalBefore, totalAfter, significant },
  relative: selfBefore > 0 ? (selfAfter - selfBefore) / selfBefore : null,
});
const rows = [
  row('slower', [0.1, 0.3], [0.2, 0.5], true),
  row('faster', [0.4, 0.1], [0.4, 0.1], true),
  row('fresh', [0, 0.02], [0, 0.02], true),
  row('gone', [0.03, 0], [0.03, 0]),
  row('caller', [0, 0], [0.9, 0.7]),
  row('steady', [0.1, 0.1]),
];
const names = (list: { name: string }[]) => list.map(({ name }) => name);
const PERCENT = { scale: 100, unit: ' %' };
const MICROS = { scale: 1, unit: ' µs' };

it('compares own or total weight and leaves out functions with neither', () => {
  expect(names(buildChanges(rows, 'self'))).toEqual(['slower', 'faster', 'fresh', 'gone', 'steady']);
  const total = buildChanges(rows, 'total');
  expect(total.find(({ name }) => name === 'caller')).toMatchObject({ index: 4, kind: 'both' });
  expect(total.find(({ name }) => name === 'caller')!.change).toBeCloseTo(-0.2);
  expect(total[0]!.relative).toBeCloseTo(1.5);
});

it('tells new and gone from functions that only have no own time on one side', () => {
  const kinds = buildChanges([...rows, row('woke', [0, 0.2], [0.1, 0.3])], 'self').map(
    ({ name, kind }) => `${name} ${kind}`,
  );
  expect(kinds).toEqual(['slower both', 'faster both', 'fresh new', 'gone gone', 'steady both', 'woke both']);
});

it('sorts by size of the change, both directions together', () => {
  const changes = buildChanges(rows, 'self');
  expect(names(sortChanges(changes, 'change', false))).toEqual([
    'faster',
    'slower',
    'gone',
    'fresh',
    'steady',
  ]);
  expect(names(sortChanges(changes, 'change', true))[0]).toBe('steady');
  expect(names(sortChanges(changes, 'name', false))).toEqual(['faster', 'fresh', 'gone', 'slower', 'steady']);
  expect(names(sortChanges(changes, 'relative', false))).toEqual([
    'fresh',
    'slower',
    'steady',
    'faster',
    'gone',
  ]);
  expect(names(sortChanges(changes, 'before', false))[0]).toBe('faster');
  expect(names(changes)[0]).toBe('slower');
});

it('keeps two new functions in order of their change', () => {
  const changes = buildChanges([row('a', [0, 1]), row('b', [0, 5])], 'self');
  expect(names(sortChanges(changes, 'relative', false))).toEqual(['b', 'a']);
});

it('filters by direction, significance and search', () => {
  const changes = buildChanges(rows, 'self');
  const filter = (change: Partial<Parameters<typeof filterChanges>[1]>) =>
    names(filterChanges(changes, { direction: 'both', onlySignificant: false, matches: null, ...change }));
  expect(filter({ direction: 'more' })).toEqual(['slower', 'fresh']);
  expect(filter({ direction: 'less', onlySignificant: true })).toEqual(['faster']);
  // Matches are by row of the page, not by row of the table.
  expect(filter({ matches: Uint8Array.of(0, 0, 0, 0, 1, 1) })).toEqual(['steady']);
});

it('opens with the significant rows when there are some', () => {
  expect(startsSignificant(rows)).toBe(true);
  expect(startsSignificant(rows.slice(1))).toBe(false);
});

it('writes changes with their sign, shares in points', () => {
  expect(changeText(0.021, PERCENT)).toBe('+2.1\u2009pt');
  expect(changeText(-0.0048, PERCENT)).toBe('−0.48\u2009pt');
  expect(changeText(-40, MICROS)).toBe('−40\u2009µs');
  expect(changeText(0, MICROS)).toBe('0');
  expect(changeText(1e-9, PERCENT)).toBe('+0');
  expect(amountText(0.124, PERCENT)).toBe('12.4\u2009%');
  expect(amountText(1e-9, PERCENT)).toBe('< 0.01\u2009%');
  expect(amountText(0, PERCENT)).toBe('0\u2009%');
});

it('says relative changes in words', () => {
  const text = (before: number, after: number, totals?: [number, number]) =>
    relativeText(buildChanges([row('x', [before, after], totals ?? [before, after])], 'self')[0]!);
  expect(text(10, 13.5)).toBe('35\u2009% more');
  expect(text(10, 8.8)).toBe('12\u2009% less');
  expect(text(10, 42)).toBe('4.2\u2009× as much');
  expect(text(0, 1)).toBe('new');
  expect(text(1, 0)).toBe('gone');
  expect(text(0, 1, [1, 2])).toBe('from nothing');
  expect(text(1, 0, [2, 1])).toBe('to nothing');
  expect(text(10, 10)).toBe('the same');
});

it('draws less to the left, more to the right, the largest to the edge', () => {
  expect(barOf(-4, 4)).toEqual({ left: 0, width: 50 });
  expect(barOf(2, 4)).toEqual({ left: 50, width: 25 });
  expect(barOf(0, 0)).toEqual({ left: 50, width: 0 });
});
