import { describe, expect, it } from 'vitest';
import { drawTable } from './async-log.fixture.ts';
import { findUpstreamTimeouts, limitMs } from './upstream-timeouts.ts';

const found = (text: string) =>
  findUpstreamTimeouts(drawTable(text)).timeouts.map(
    ({ subject, timeoutMs, requests, setAt, askedAt }) =>
      `${subject} ${timeoutMs} ×${requests.length} ${setAt?.line ?? '-'} ${askedAt?.line ?? '-'}`,
  );

const SPENT = `
  request 1 GET /orders 0-305 status=504
  peer -3 db:5432 2- r1 <-2 @query/db.js:41
  Timeout 7 300_ms 2-302 r1 <-2 @limit/app.js:9
`;

describe('findUpstreamTimeouts', () => {
  it('finds the limit that ran out while an upstream was waited for', () => {
    expect(found(SPENT)).toEqual(['db:5432 300 ×1 9 41']);
  });

  it('takes the time-outs of sockets as well', () => {
    expect(found(SPENT.replace('Timeout', 'IdleTimeout'))).toEqual(['db:5432 300 ×1 9 41']);
  });

  it('says nothing when the request went well, or failed for another reason', () => {
    expect(found(SPENT.replace('status=504', 'status=200'))).toEqual([]);
    expect(found(SPENT.replace('2-302', '2-x'))).toEqual([]);
    // Long after the timer.
    expect(found(SPENT.replace('0-305', '0-500'))).toEqual([]);
    // The upstream had answered before.
    expect(found(SPENT.replace('db:5432 2-', 'db:5432 2-100'))).toEqual([]);
    // The upstream was asked when the limit was nearly over: somebody else took the time.
    expect(found(SPENT.replace('db:5432 2-', 'db:5432 280-'))).toEqual([]);
  });

  it('counts a request whose connection is gone without an answer', () => {
    expect(found(SPENT.replace('status=504', 'status=0'))).toEqual(['db:5432 300 ×1 9 41']);
  });

  it('prefers the client request to its socket, and the long limit to a short pause', () => {
    expect(
      found(`${SPENT}
        client_request -5 GET_http://stock/items/7 1-303 r1 <-2 @load/stock.js:5
        Timeout 9 20_ms 270-290 r1 <-2 @retry/app.js:30
      `),
    ).toEqual(['GET http://stock/items/:id 300 ×1 9 5']);
  });

  it('puts requests together by upstream and limit, and tells of how many', () => {
    const { timeouts, ended } = findUpstreamTimeouts(
      drawTable(`${SPENT}
        request 2 GET /orders 400-705 status=504
        peer -7 db:5432 402- r2 <-4
        Timeout 17 300_ms 402-702 r2 <-4
        request 3 GET /orders 400-410
        request 4 GET /orders 900-
      `),
    );
    expect(timeouts.map(({ requests }) => requests.length)).toEqual([2]);
    expect(ended).toBe(3);
  });
});

describe('limitMs', () => {
  it('reads time-outs, not intervals', () => {
    expect([limitMs('300 ms'), limitMs('every 300 ms'), limitMs('')]).toEqual([300, Number.NaN, Number.NaN]);
  });
});
