import { describe, expect, it } from 'vitest';
import { meanGrowth, measureCountGrowth } from './leak-growth.ts';

/** Looks four times a second from 0 to 10 s. */
const times = Array.from({ length: 41 }, (_, index) => index * 250);
const grow = (value: (ms: number) => number, fromMs = 3300) =>
  measureCountGrowth(times, times.map(value), fromMs);

describe('measureCountGrowth', () => {
  it('gives the rate of a steady leak, from the start of the window or from before', () => {
    const growth = grow((ms) => 500 + ms / 50);
    expect(growth?.perMinute).toBeCloseTo(1200);
    expect(growth?.now).toBe(700);
  });

  it('is not led astray by bursts of a second, nor by what is in use', () => {
    expect(grow((ms) => 100 * Math.floor(ms / 1000))?.perMinute).toBeGreaterThan(4500);
    expect(grow((ms) => 100 * Math.floor(ms / 1000))?.perMinute).toBeLessThan(7500);
    expect(grow((ms) => ms / 100 + 15 * Math.abs(Math.sin(ms)))?.perMinute).toBeGreaterThan(400);
  });

  it('is silent where a load begins with the window and has its number after a third of it', () => {
    expect(grow((ms) => Math.min(200, ms / 10))).toBeUndefined();
  });

  it('is silent where the number nears a plateau, and where it was one step', () => {
    expect(grow((ms) => 300 * (1 - Math.exp(-ms / 2000)))).toBeUndefined();
    expect(grow((ms) => (ms > 6000 ? 90 : 10))).toBeUndefined();
    expect(grow((ms) => (ms > 8000 ? 90 : 10))).toBeUndefined();
  });

  it('is silent on what goes up and down, and on fewer than ten', () => {
    expect(grow((ms) => 100 + 40 * Math.sin(ms / 700))).toBeUndefined();
    expect(grow((ms) => ms / 800)).toBeUndefined();
    expect(grow((ms) => ms / 300)).toBeDefined();
  });

  it('needs five looks in the judged part', () => {
    expect(
      measureCountGrowth(
        [0, 1, 2, 3].map((n) => n * 1000),
        [0, 50, 100, 150],
        0,
      ),
    ).toBeUndefined();
    expect(measureCountGrowth([], [], 0)).toBeUndefined();
  });
});

it('meanGrowth leaves out what was not counted', () => {
  expect(
    meanGrowth(
      times,
      times.map((ms) => (ms < 4000 ? null : ms / 100)),
      0,
    ),
  ).toBeCloseTo(42.5, 0);
  expect(
    meanGrowth(
      times,
      times.map(() => null),
      0,
    ),
  ).toBe(0);
});
