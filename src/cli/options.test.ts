import { expect, test } from 'vitest';
import { parseDuration } from './options.ts';

test('durations are what they say to the last digit, so that their own limits are allowed', () => {
  const limits = { min: 5e-5, max: 3600 };
  for (const us of [50, 100, 200, 250, 999]) {
    const seconds = parseDuration(`${us}us`, '--interval', limits);
    expect(seconds).toBe(us / 1e6);
    expect(Math.round(seconds * 1e6)).toBe(us);
  }
  expect(parseDuration('100ms', '-d', limits)).toBe(0.1);
  expect(parseDuration('10', '-d', limits)).toBe(10);
  for (const whole of ['60m', '60min', '1h', '3600s']) expect(parseDuration(whole, '-d', limits)).toBe(3600);
  for (const wrong of ['49us', '3601s', '', '1y', '1e1', '-5s', 'Infinity', '1ms5'])
    expect(() => parseDuration(wrong, '-d', limits)).toThrow(/is not a duration between 50us and 60m/);
});
