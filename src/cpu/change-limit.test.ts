import { describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { listBreaches } from './change-limit.ts';
import { AFTER, BEFORE } from './difference.fixture.ts';
import { compareProfiles, exceedsLimit, type Normalisation, parseChangeLimit } from './difference.ts';
import { profileFromText } from './text-profile.fixture.ts';

describe('parseChangeLimit', () => {
  it.each([
    ['+5%', 0.05],
    ['5%', 0.05],
    ['+0.5 %', 0.005],
    [' + 12.5% ', 0.125],
    ['+0%', 0],
    ['150%', 1.5],
  ])('reads %s', (text, relative) => {
    expect(parseChangeLimit(text).relative).toBeCloseTo(relative, 12);
  });

  it.each(['-5%', '5', '', '+%', 'five', '5%%', '1e3%', '+5%x', '0x5%'])('refuses %j', (text) => {
    expect(() => parseChangeLimit(text)).toThrow(HolterError);
  });
});

/** Busy for `busy` of 10 000 ms, `hot` of that in one function; woven in steps of a hundredth. */
function profile(hot: number, rest: number): ReturnType<typeof profileFromText> {
  const row = `hot@/app/a.js:1 x${hot / 100}  rest@/app/b.js:1 x${rest / 100}  (idle) x${(10_000 - hot - rest) / 100}  `;
  return profileFromText(row.repeat(100));
}
const breaches = (
  before: ReturnType<typeof profile>,
  after: ReturnType<typeof profile>,
  normalise: Normalisation,
  limit = '+5%',
) => listBreaches(compareProfiles(before, after, { normalise }), parseChangeLimit(limit));

describe('exceedsLimit', () => {
  const requests = { by: 'requests', before: 1000, after: 1000 } as const;

  it('per request: the whole rose by more than the limit', () => {
    expect(breaches(profile(1000, 4000), profile(1200, 4000), requests)).toEqual([]);
    expect(breaches(profile(1000, 4000), profile(1400, 4000), requests)).toMatchObject([
      { what: 'overall', rise: expect.closeTo(0.08, 9), before: 5000, after: 5400 },
    ]);
    // The same work for fewer requests is dearer.
    expect(breaches(profile(1000, 4000), profile(1000, 4000), { ...requests, after: 900 })).toHaveLength(1);
    expect(breaches(profile(1000, 4000), profile(600, 4000), requests)).toEqual([]);
  });

  it('per request: a rise that may be chance does not fail', () => {
    const few = (hot: number) => profileFromText(`hot@/app/a.js:1 x${hot}`);
    expect(breaches(few(100), few(110), requests)).toEqual([]);
    expect(breaches(few(1000), few(1100), requests)).toHaveLength(1);
  });

  it('by total: a function’s share rose by more points than the limit', () => {
    expect(breaches(profile(1000, 4000), profile(1200, 3800), { by: 'total' })).toEqual([]);
    const found = breaches(profile(1000, 4000), profile(1300, 3700), { by: 'total' });
    expect(found).toMatchObject([{ what: 'charged', rise: expect.closeTo(0.06, 9), row: { name: 'hot' } }]);
    expect(breaches(profile(1000, 4000), profile(1300, 3700), { by: 'total' }, '+7%')).toEqual([]);
  });

  it('by total: the share that rises because another function got faster does not fail', () => {
    expect(breaches(profile(1000, 4000), profile(1000, 2000), { by: 'total' })).toEqual([]);
    expect(breaches(profile(1000, 4000), profile(1500, 2000), { by: 'total' })).toHaveLength(1);
  });

  it('by nothing: the whole weight', () => {
    expect(breaches(profile(1000, 4000), profile(1400, 4000), { by: 'nothing' })).toHaveLength(1);
    expect(breaches(profile(1000, 4000), profile(1100, 4000), { by: 'nothing' })).toEqual([]);
  });

  it('is true or false, for an exit code', () => {
    const difference = compareProfiles(BEFORE, AFTER, { normalise: { by: 'total' } });
    expect(exceedsLimit(difference, { relative: 0.05 })).toBe(true);
    expect(exceedsLimit(difference, { relative: 0.5 })).toBe(false);
  });
});
