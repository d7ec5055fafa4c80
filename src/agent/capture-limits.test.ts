import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeCaptureLimits, overQuota } from './capture-limits.ts';

test('one at a time, so many an hour, a cool-down for each kind', () => {
  const limits = makeCaptureLimits(2, 60_000);
  expect(limits.ask('leak', 0)).toBeUndefined();
  limits.begin('leak', 0);
  expect(limits.ask('demand', 10)).toContain('running');
  limits.end();
  expect(limits.ask('leak', 59_999)).toContain('60 s ago');
  expect(limits.ask('demand', 100)).toBeUndefined();
  limits.begin('demand', 100);
  limits.end();
  expect(limits.ask('leak', 120_000)).toContain('2 captures in the last hour');
  expect(limits.ask('leak', 3_600_000)).toBeUndefined();
});

test('a storm of a hundred triggers makes what is configured', () => {
  const limits = makeCaptureLimits(3, 1000);
  let made = 0;
  for (let now = 0; now < 100_000; now += 1000) {
    if (limits.ask('leak', now) !== undefined) continue;
    limits.begin('leak', now);
    limits.end();
    made++;
  }
  expect(made).toBe(3);
});

test('the oldest go until all is within the quota; what is kept stays', () => {
  const entry = fc.record({
    name: fc.string({ minLength: 1 }),
    bytes: fc.nat(1000),
    changed: fc.nat(1000),
    kept: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name }), fc.nat(10_000), (entries, quota) => {
      const gone = new Set(overQuota(entries, quota));
      const left = entries.filter(({ name }) => !gone.has(name));
      const removable = left.filter(({ kept }) => !kept);
      const total = left.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(entries.filter(({ name, kept }) => kept && gone.has(name))).toEqual([]);
      expect(total <= quota || removable.length === 0).toBe(true);
      for (const { changed } of entries.filter(({ name }) => gone.has(name)))
        for (const other of removable) expect(changed).toBeLessThanOrEqual(other.changed);
    }),
  );
});
