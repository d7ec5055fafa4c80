import { describe, expect, it } from 'vitest';
import { findEphemerons } from './ephemerons.ts';
import { drawSnapshot } from './graph-drawing.fixture.ts';

function stringsOf(...names: string[]) {
  return drawSnapshot([
    { edges: names.map((name) => [0, name, 'internal'] as const).map((edge) => [...edge]) },
  ]).strings;
}

const entry = (key: number, value: number, table: number, kind = 'Foo') =>
  ` / part of key (${kind} @${key}) -> value (Bar (x) @${value}) pair in WeakMap (table @${table})`;

describe('findEphemerons', () => {
  it('gives both edges of an entry one number', () => {
    const strings = stringsOf(
      `1${entry(11, 13, 17)}`,
      `23${entry(11, 13, 17)}`,
      `1${entry(11, 15, 17)}`,
      `1${entry(11, 13, 19)}`,
      `1${entry(12, 13, 17)}`,
      `2${entry(12, 13, 17)}`,
    );
    const { row, pair, table, pairCount } = findEphemerons(strings);
    const numbers = Array.from({ length: 6 }, (_, i) => pair[row![strings.count - 6 + i]! - 1]);
    expect(numbers).toEqual([0, 0, 1, 2, 3, 3]);
    expect(pairCount).toBe(4);
    expect([...table]).toEqual([17, 17, 17, 19, 17, 17]);
  });

  it('finds the ids behind classes that look like the end of a name', () => {
    const strings = stringsOf(`1${entry(11, 13, 17, 'a) -> value (b @3) pair in WeakMap (table @5)')}`);
    const { row, table } = findEphemerons(strings);
    expect(row![strings.count - 1]).toBe(1);
    expect([...table]).toEqual([17]);
  });

  it.each([
    entry(11, 13, 17),
    `x1${entry(11, 13, 17)}`,
    `1${entry(11, 13, 17)} `,
    '1 / part of key (Foo @11) pair in WeakMap (table @17)',
    '1 / part of key (Foo @11) -> value (Bar @13) pair in WeakMap (table @)',
    '1 / part of key (Foo @11) -> value (Bar) pair in WeakMap (table @17)',
    '1 / part of key (Foo @11) -> value (Bar @13)',
  ])('does not take %j for one', (name) => {
    const strings = stringsOf(name);
    expect([...(findEphemerons(strings).row ?? [])].filter((row) => row > 0)).toEqual([]);
  });

  it('has nothing to say of a heap without WeakMaps', () => {
    expect(findEphemerons(stringsOf('a', 'b')).row).toBeUndefined();
  });
});
