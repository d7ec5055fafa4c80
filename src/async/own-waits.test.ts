import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Interval, lengthOf, union, without } from './interval.ts';
import { type Awaiting, findOwnWaits } from './own-waits.ts';

describe('findOwnWaits', () => {
  it('names the innermost await: the first of the latest go', () => {
    // handler awaits query, which awaits acquire (both in one go), later ask (in the go of acquire's await).
    const awaits: Awaiting[] = [
      { row: 1, from: 0, to: 60, trigger: -2 },
      { row: 2, from: 0.1, to: 100, trigger: -2 },
      { row: 3, from: 60, to: 90, trigger: 1 },
    ];
    expect(findOwnWaits(awaits, [[0, 100]])).toEqual([
      { row: 1, from: 0, to: 60 },
      { row: 3, from: 60, to: 90 },
      { row: 2, from: 90, to: 100 },
    ]);
  });

  it('says nothing where nobody waits', () => {
    expect(findOwnWaits([{ row: 1, from: 10, to: 20, trigger: 0 }], [[0, 40]])).toEqual([
      { row: 1, from: 10, to: 20 },
    ]);
    expect(findOwnWaits([], [[0, 40]])).toEqual([]);
  });

  it('covers exactly the time in which some await waits, inside the gaps', () => {
    const interval = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(interval, fc.integer({ min: 0, max: 3 })), { maxLength: 12 }),
        fc.array(interval, { maxLength: 6 }),
        (drawn, taken) => {
          const awaits = drawn.map(
            ([[from, to], trigger], row): Awaiting => ({ row, from, to: Math.max(from, to), trigger }),
          );
          const gaps = without([0, 50], union(taken as Interval[]));
          const found = findOwnWaits(awaits, gaps);
          for (const [index, { row, from, to }] of found.entries()) {
            expect(to).toBeGreaterThan(from);
            expect(awaits[row]!.from).toBeLessThanOrEqual(from);
            expect(awaits[row]!.to).toBeGreaterThanOrEqual(to);
            if (index > 0) expect(from).toBeGreaterThanOrEqual(found[index - 1]!.to);
          }
          const waiting = union(awaits.map(({ from, to }): Interval => [from, to]));
          const expected = gaps.reduce(
            (sum, gap) => sum + (gap[1] - gap[0]) - lengthOf(without(gap, waiting)),
            0,
          );
          expect(lengthOf(found.map(({ from, to }): Interval => [from, to]))).toBe(expected);
        },
      ),
    );
  });
});
