import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, matches, type Named, type Reading } from './conditions.ts';

const reading = (seconds: number, more: Partial<Reading> = {}): Reading => ({
  at: seconds * 1000,
  cpu: 0,
  main: 0,
  wait: 0,
  rss: 1e8,
  threads: 11,
  ...more,
});
const series = (seconds: number, of: (second: number) => Partial<Reading>): Reading[] =>
  Array.from({ length: seconds + 1 }, (_, second) => reading(second, of(second)));
const high = { kind: 'vital', vital: 'main', over: 90, forMs: 10_000 } as const;
const growth = { kind: 'growth', over: 50e6, forMs: 60_000 } as const;

describe('a vital sign', () => {
  it('must be over its threshold all of the time', () => {
    expect(
      holds(
        high,
        series(10, () => ({ main: 91 })),
      ),
    ).toMatchObject({ value: 91, limit: 90, unit: 'percent' });
    expect(
      holds(
        high,
        series(9, () => ({ main: 91 })),
      ),
    ).toBeUndefined();
    expect(
      holds(
        high,
        series(20, () => ({ main: 90 })),
      ),
    ).toBeUndefined();
    expect(
      holds(
        high,
        series(20, (second) => ({ main: second === 15 ? 50 : 99 })),
      ),
    ).toBeUndefined();
    expect(
      holds(
        high,
        series(12, (second) => ({ main: second === 0 ? Number.NaN : 99 })),
      ),
    ).toBeDefined();
  });
});

describe('growth', () => {
  it('is seen through a sawtooth', () => {
    const leak = series(60, (second) => ({ rss: 1e8 + second * 1e6 + (second % 7) * 10e6 }));
    expect(holds(growth, [reading(-1), ...leak])).toMatchObject({ unit: 'bytes', limit: 50e6 });
  });

  it('is none of a healthy sawtooth, of a cache that has warmed up, of one step, or of too little', () => {
    for (const rss of [
      (second: number) => 1e8 + (second % 13) * 20e6,
      (second: number) => 1e8 + Math.min(second, 30) * 4e6,
      (second: number) => (second < 30 ? 1e8 : 4e8),
      (second: number) => 1e8 + second * 0.5e6,
    ])
      expect(holds(growth, [reading(-1), ...series(60, (second) => ({ rss: rss(second) }))])).toBeUndefined();
  });

  it('is not told before the whole time was seen', () => {
    expect(
      holds(
        growth,
        series(59, (second) => ({ rss: 1e8 + second * 5e6 })),
      ),
    ).toBeUndefined();
  });

  it('is none of noise around a level', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 39 }), { minLength: 61, maxLength: 61 }), (noise) => {
        expect(
          holds(growth, [
            reading(-1),
            ...series(60, (second) => ({ rss: 1e8 + (noise[second] ?? 0) * 1e6 })),
          ]),
        ).toBeUndefined();
      }),
    );
  });
});

it('a loop is blocked when it did not turn for the time', () => {
  const blocked = { kind: 'blocked', forMs: 5000 } as const;
  expect(holds(blocked, [reading(9, { stillSince: 4000 })])).toMatchObject({ value: 5000, unit: 'ms' });
  expect(holds(blocked, [reading(9, { stillSince: 4001 })])).toBeUndefined();
  expect(holds(blocked, [reading(9)])).toBeUndefined();
});

it('a filter is about all that it names', () => {
  const process: Named = {
    pid: 7,
    names: ['api', 'server.js'],
    ports: [3000],
    uid: 33,
    cluster: 'worker',
    ageMs: 5000,
  };
  const yes = [
    {},
    { name: 'api' },
    { name: 'serv*' },
    { pid: 7 },
    { port: 3000 },
    { user: 33 },
    { cluster: 'worker' as const },
  ];
  const no = [
    { name: 'ap' },
    { name: 'a.i' },
    { pid: 8 },
    { port: 80 },
    { user: 0 },
    { cluster: 'primary' as const },
    { olderThanMs: 5001 },
  ];
  for (const filter of yes)
    expect(matches({ olderThanMs: 0, ...filter }, process), JSON.stringify(filter)).toBe(true);
  for (const filter of no)
    expect(matches({ olderThanMs: 0, ...filter }, process), JSON.stringify(filter)).toBe(false);
});
