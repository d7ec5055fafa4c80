import { describe, expect, it } from 'vitest';
import { LiveSeries } from './live-series.ts';

const drawn = (values: readonly number[], everyMs = 250): LiveSeries => {
  const live = new LiveSeries(60_000);
  values.forEach((value, index) => void live.push('cpu.main_percent', index * everyMs, value));
  return live;
};

describe('LiveSeries', () => {
  it('bins by mean, maximum or the last value; gaps stay gaps', () => {
    const live = drawn([10, 20, 30, 40, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 1, 2, 3, 9]);
    expect(live.bins('cpu.main_percent', 3000, 3, 1000, 'mean')).toEqual([25, Number.NaN, 3.75]);
    expect(live.bins('cpu.main_percent', 3000, 3, 1000, 'max')).toEqual([40, Number.NaN, 9]);
    expect(live.bins('cpu.main_percent', 3000, 3, 1000, 'last')).toEqual([40, Number.NaN, 9]);
    expect(live.bins('gc.percent', 3000, 2, 1000, 'mean')).toEqual([Number.NaN, Number.NaN]);
  });

  it('shows what came before as blank', () => {
    expect(drawn([5, 5, 5, 5]).bins('cpu.main_percent', 1000, 3, 1000, 'mean')).toEqual([
      Number.NaN,
      Number.NaN,
      5,
    ]);
  });

  it('forgets what is old, however long it runs', () => {
    const live = drawn(Array.from({ length: 10_000 }, (_, index) => index));
    const [series] = live.window(0, 10_000 * 250);
    expect(series!.time.length).toBeLessThanOrEqual(301);
    expect(series!.time[0]).toBeGreaterThanOrEqual(10_000 * 250 - 76_000);
    expect(series!.value.at(-1)).toBe(9999);
  });

  it('takes back what meant nothing', () => {
    const live = drawn([1, 2, 3, 4]);
    live.drop('cpu.main_percent', 500);
    live.drop('gc.percent', 0);
    live.push('cpu.main_percent', 600, 9);
    expect([...live.window(0, 1000)[0]!.value]).toEqual([1, 2, 9]);
  });

  it('cuts a window with times of its own', () => {
    const [series] = drawn([1, 2, 3, 4, 5, 6]).window(500, 1250);
    expect([...series!.time]).toEqual([0, 250, 500]);
    expect([...series!.value]).toEqual([3, 4, 5]);
    expect(drawn([Number.NaN]).window(0, 1000)).toEqual([]);
  });
});
