import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentLists, sortRows } from './sorted-rows.ts';

/** Whole 32 bits, and signed numbers as `~key` gives them. */
const keys = (length: number) =>
  Int32Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b1) ^ (i % 7));

it.each([100, 30_000])('sorts %i rows by the unsigned key and keeps the order of equals', (length) => {
  const key = keys(length).map((one) => one & ~3);
  const rows = Uint32Array.from({ length }, (_, i) => i);
  const wanted = Array.from(rows).sort((a, b) => (key[a]! >>> 0) - (key[b]! >>> 0) || a - b);
  expect(Array.from(sortRows(rows, (row) => key[row]!))).toEqual(wanted);
  expect(Array.from(rows.subarray(0, 5))).toEqual([0, 1, 2, 3, 4]);
});

it('agrees with comparing', () => {
  fc.assert(
    fc.property(fc.uint32Array({ minLength: 0, maxLength: 300 }), (key) => {
      const rows = Uint32Array.from(key.keys());
      const sorted = sortRows(rows, (row) => ~key[row]!);
      for (let i = 1; i < sorted.length; i++)
        expect(key[sorted[i - 1]!]!).toBeGreaterThanOrEqual(key[sorted[i]!]!);
    }),
  );
});

it('keeps the lists used last', () => {
  const lists = new RecentLists(2);
  let made = 0;
  const make = () => Uint32Array.of(++made);
  lists.get('a', make);
  lists.get('b', make);
  lists.get('a', make);
  lists.get('c', make);
  expect(made).toBe(3);
  lists.get('a', make);
  expect(made).toBe(3);
  lists.get('b', make);
  expect(made).toBe(4);
});
