import { describe, expect, it } from 'vitest';
import { drawTable } from './async-log.fixture.ts';
import { buildSlowestRequest } from './request-waterfall.ts';

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
