import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, type Interval, lengthOf, mostAtOnce, union, without } from './interval.ts';

const GRID = 60;
const anyInterval = fc
  .tuple(fc.integer({ min: 0, max: GRID }), fc.integer({ min: 0, max: GRID }))
  .map(([from, to]): Interval => [from, to]);
const anyList = fc.array(anyInterval, { maxLength: 20 });

/** How many of the intervals cover each unit of the grid. */
const paint = (intervals: readonly Interval[]): number[] =>
  Array.from({ length: GRID }, (_, at) => intervals.filter(([from, to]) => from <= at && at < to).length);

describe('union', () => {
  it('covers the same time, sorted and apart', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        const merged = union(list);
        expect(paint(merged)).toEqual(paint(list).map((count) => Math.min(1, count)));
        for (const [index, [from, to]] of merged.entries()) {
          expect(to).toBeGreaterThan(from);
          if (index > 0) expect(from).toBeGreaterThan(merged[index - 1]![1]);
        }
        expect(lengthOf(merged)).toBe(paint(list).filter((count) => count > 0).length);
      }),
    );
  });
});

describe('without', () => {
  it('is what is left of the interval', () => {
    fc.assert(
      fc.property(anyInterval, anyList, (within, list) => {
        const taken = paint(list);
        const expected = paint([within]).map((count, at) => (count > 0 && taken[at] === 0 ? 1 : 0));
        expect(paint(without(within, union(list)))).toEqual(expected);
      }),
    );
  });

  it('and what is taken make the whole', () => {
    fc.assert(
      fc.property(anyInterval, anyList, (within, list) => {
        if (within[1] <= within[0]) return;
        const inside = union(list.flatMap((interval) => [clip(interval, within) ?? ([0, 0] as const)]));
        expect(lengthOf(inside) + lengthOf(without(within, inside))).toBe(within[1] - within[0]);
      }),
    );
  });
});

describe('mostAtOnce', () => {
  it('is the highest count', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        expect(mostAtOnce(list)).toBe(Math.max(0, ...paint(list)));
      }),
    );
  });

  it('does not count one that begins when another ends', () => {
    expect(
      mostAtOnce([
        [0, 10],
        [10, 20],
      ]),
    ).toBe(1);
  });
});
