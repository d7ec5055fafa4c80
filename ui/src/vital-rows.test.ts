import { expect, it } from 'vitest';
import { ageText, bytesText, durationText, numberText, shareText } from './number-text.ts';
import { niceCeiling, summarise } from './statistics.ts';
import { nearestIndex, timeTicks, valueAt, valuesWithin } from './vital-rows.ts';

const plain = (text: string) => text.replaceAll('\u2009', ' ');

it('writes numbers as the page does', () => {
  expect(['736.6', '61', '76.5', '0.58', '12345'].map((text) => plain(numberText(Number(text))))).toEqual([
    '737',
    '61',
    '76.5',
    '0.58',
    '12 345',
  ]);
  expect(plain(shareText(0.765))).toBe('76.5 %');
  expect([0.42, 8, 181.4, 7650, 123_456].map((ms) => plain(durationText(ms)))).toEqual([
    '0.4 ms',
    '8.0 ms',
    '181 ms',
    '7.65 s',
    '123 s',
  ]);
  expect(plain(bytesText(3_100_000))).toBe('3.1 MB');
  expect(plain(ageText(6 * 86_400_000 + 4 * 3_600_000 + 1))).toBe('6 d 4 h');
});

it('summarises what was measured, and nothing when nothing was', () => {
  expect(summarise([])).toBeNull();
  expect(summarise([5, 1, 3])).toEqual({ median: 3, p95: 4.8, max: 5 });
  expect([0, 7, 96, 737].map(niceCeiling)).toEqual([1, 8, 100, 800]);
});

it('a value far from any sample is not known', () => {
  const series = { t: [0, 100, 200, 5000], v: [1, null, 3, 4] };
  expect(valueAt(series, 190)).toBe(3);
  expect(valueAt(series, 100)).toBeNull();
  expect(nearestIndex(series.t, 151)).toBe(2);
  expect(nearestIndex([], 1)).toBe(-1);
  expect(valuesWithin(series, [0, 200])).toEqual([1, 3]);
});

it('ticks stand at round seconds, seven at most', () => {
  expect(timeTicks(30_000)).toEqual([0, 5000, 10_000, 15_000, 20_000, 25_000, 30_000]);
  for (const length of [500, 10_000, 61_000, 600_000])
    expect(timeTicks(length).length).toBeLessThanOrEqual(7);
});
