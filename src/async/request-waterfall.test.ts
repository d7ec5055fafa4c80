import { describe, expect, it } from 'vitest';
import { drawTable } from './async-log.fixture.ts';
import { buildSlowestRequest, buildSlowestRequests } from './request-waterfall.ts';

describe('buildSlowestRequest', () => {
  it('takes the slowest of those with stacks, its waits in order, ms after its start', () => {
    const slowest = buildSlowestRequest(
      drawTable(`
        request 1 GET /a 0-900
        peer -5 db:1 10-880 r1 <-2
        request 2 GET /a 100-200 run=2
        peer -7 db:1 110-150 r2 <-4 @query/db.js:41
        FSREQCALLBACK 9 - 150-190 r2 <-7 @read/app.js:3
        request 3 GET /a 300-350
        peer -9 db:1 310-340 r3 <-6 @query/db.js:41`),
    );
    expect(slowest).toMatchObject({ ms: 100, runMs: 2, slowerThan: 1 / 3, finished: true });
    expect(slowest?.spans.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['peer', 10, 50],
      ['fs', 50, 90],
    ]);
    expect(slowest?.spans[1]?.chain.map((site) => site.function)).toEqual(['read', 'query']);
  });

  it('falls back to one without stacks, and to none', () => {
    expect(buildSlowestRequest(drawTable('request 1 GET / 0-10'))?.ms).toBe(10);
    expect(buildSlowestRequest(drawTable(''))).toBeUndefined();
  });
});

describe('buildSlowestRequests', () => {
  it('gives five of each route, the slowest with stacks first, compared within the route', () => {
    const lines = Array.from(
      { length: 8 },
      (_, i) => `
        request ${2 * i + 1} GET /orders/${i} 0-${10 + i}
        FSREQCALLBACK ${100 + i} - 0-5 r${2 * i + 1} <${-2 * (2 * i + 1)} @read/app.js:3
        request ${2 * i + 2} GET /health 0-${1 + i}`,
    );
    const slow = buildSlowestRequests(
      drawTable(`request 99 GET /health 0-500
      ${lines.join('\n')}`),
    );
    expect(slow.map(({ path, ms }) => `${path} ${ms}`)).toEqual([
      '/orders/7 17',
      '/health 500',
      '/orders/6 16',
      '/orders/5 15',
      '/orders/4 14',
      '/orders/3 13',
      '/health 8',
      '/health 7',
      '/health 6',
      '/health 5',
    ]);
    expect(slow[0]?.slowerThan).toBe(7 / 8);
    expect(buildSlowestRequests(drawTable(''))).toEqual([]);
  });
});
