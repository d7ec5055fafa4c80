import { describe, expect, it } from 'vitest';
import { judgeLoad, readFailCondition } from './fail-condition.ts';
import { drawLoad } from './load-result.fixture.ts';

/** p99 212 ms, p99.9 880 ms, 99.6 requests/s, 12 of 1000 without a 2xx answer. */
const result = drawLoad();

describe('readFailCondition and judgeLoad', () => {
  it.each([
    ['p99>200ms', 'p99 is 212 ms'],
    ['p99>212ms', undefined],
    ['p99 > 0.2s', 'p99 is 212 ms'],
    ['p99>200', 'p99 is 212 ms'],
    ['P99.9>500ms', 'p99.9 is 880 ms'],
    ['p50>60s', undefined],
    ['min<1ms', 'min is 0.4 ms'],
    ['rps<100', 'rps is 100'],
    ['rps<99.6', undefined],
    ['rps>50', 'rps is 100'],
    ['errors>1%', 'errors is 1.2 %'],
    ['errors>1.2%', undefined],
    ['errors>11', 'errors is 12'],
    ['non2xx>5', 'non2xx is 8'],
    ['timeouts>0', 'timeouts is 1'],
  ])('%s: %s', (text, broken) => {
    expect(judgeLoad(result, readFailCondition(text))).toBe(broken);
  });

  it.each([
    '',
    'p99',
    'p42>1',
    'p99>1%',
    'rps<5ms',
    'errors>1s',
    'p99>-1',
    'p99>=1',
    'toString>1',
    'p99>1>2',
  ])('refuses %j', (text) => {
    expect(() => readFailCondition(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });

  it('takes nothing unknown for broken', () => {
    const unknown = { ...result, latency: { ...result.latency, p99: Number.NaN } };
    expect(judgeLoad(unknown, readFailCondition('p99>1ms'))).toBeUndefined();
  });
});
