import { describe, expect, it } from 'vitest';
import { chainOf, chainSites } from './async-chain.ts';
import { drawTable } from './async-log.fixture.ts';

const DRAWN = `
  request 1 GET /orders 0-100
  PROMISE 7 - 0-60 r1 <-2 @query/db.js:40<load/app.js:7<handler/app.js:20
  PROMISE 8 - 60-61 r1 <7 @query/db.js:42<load/app.js:7
  peer -3 db:5432 61-100 r1 <8 @/db.js:43<Promise<query/db.js:42`;

describe('chainOf', () => {
  it('goes from trigger to trigger up to the request', () => {
    const chain = chainOf(drawTable(DRAWN), 2);
    expect(chain.links.map(({ operation }) => operation.id)).toEqual([-3, 8, 7]);
    expect(chain.origin).toBe('request');
    expect(chain.request?.path).toBe('/orders');
  });

  it('reads like a stack: no earlier awaits of the same function', () => {
    const table = drawTable(DRAWN);
    expect(chainSites(table, chainOf(table, 2)).map((site) => `${site.function}:${site.line}`)).toEqual([
      'query:43',
      'load:7',
      'handler:20',
    ]);
  });

  it('puts a line that only an earlier stack knows where it belongs', () => {
    const table = drawTable(`
      request 1 GET / 0-100
      PROMISE 7 - 0-60 r1 <-2 @query/db.js:35<load/app.js:19<handler/app.js:24
      peer -3 db:5432 61-100 r1 <7 @/db.js:38<Promise<query/db.js:36<handler/app.js:24`);
    expect(chainSites(table, chainOf(table, 1)).map((site) => `${site.function}:${site.line}`)).toEqual([
      'query:38',
      'load:19',
      'handler:24',
    ]);
  });

  it('ends at the program, or where the recording begins, or in a circle', () => {
    const table = drawTable(`
      Timeout 5 10 0-10 <1
      Timeout 6 10 0-10 <99
      Timeout 7 10 0-10 <8
      Timeout 8 10 0-10 <7`);
    expect(chainOf(table, 0).origin).toBe('start');
    expect(chainOf(table, 1).origin).toBe('before');
    expect(chainOf(table, 2).links).toHaveLength(2);
  });
});
