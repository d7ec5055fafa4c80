import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawTable } from './async-log.fixture.ts';
import { buildWaitSummary } from './build-wait-summary.ts';
import { routeOf } from './wait-group.ts';

const short = (text: string, more: Parameters<typeof drawTable>[1] = {}): string[] =>
  buildWaitSummary(drawTable(text, more)).groups.map(
    ({ kind, subject, site, requestShare, leadsTo }) =>
      `${Math.round(requestShare)} ${kind} ${subject} ${site === undefined ? '?' : `${site.function}:${site.line}`}${leadsTo === '' ? '' : ` > ${leadsTo}`}`,
  );

describe('what requests wait for', () => {
  it('is the peer, by the line that asks', () => {
    const text = `
      request 1 GET / 0-100 run=10
      peer -3 db:5432 10-88 r1 <-2 @query/db.js:41<load/app.js:7`;
    const summary = buildWaitSummary(
      drawTable(text, {
        peers: [
          {
            address: 'db:5432',
            connections: 10,
            questions: 1,
            meanBusy: 0.1,
            mostBusy: 1,
            busyNow: 0,
            meanWait: 78,
          },
        ],
      }),
    );
    expect(summary.basis).toBe('requests');
    expect(summary.groups).toHaveLength(1);
    expect(summary.groups[0]).toMatchObject({
      kind: 'peer',
      subject: 'db:5432',
      requestShare: 78,
      median: 78,
      count: 1,
      connections: { open: 10, mostBusy: 1 },
      site: { function: 'query', file: '/app/db.js', line: 41, party: 'user' },
    });
    expect(summary.runningShare).toBe(10);
    expect(summary.unexplainedShare).toBe(12);
  });

  it('counts parallel questions to one peer once', () => {
    expect(
      short(`
        request 1 GET / 0-100
        peer -3 db:5432 0-60 r1 <-2 @query/db.js:41
        peer -5 db:5432 20-80 r1 <-2 @query/db.js:41`),
    ).toEqual(['80 peer db:5432 query:41']);
  });

  it('is not a timer that was cleared, nor one that outlives the request', () => {
    expect(
      short(`
        request 1 GET / 0-100
        Timeout 5 5000 0-x r1 <-2
        Timeout 6 5000 0- r1 <-2
        Timeout 7 30 10-41 r1 <-2 @pause/app.js:3`),
    ).toEqual(['31 timer 30 pause:3']);
  });

  it('is the client request, not its look-up and connection', () => {
    expect(
      short(
        `
        request 1 GET / 0-100
        TCPCONNECTWRAP 6 stock:80 9-12 r1 <-2
        GETADDRINFOREQWRAP 5 stock 10-11 r1 <-2
        client_request -5 GET 10-50 r1 <-2 @ask/stock.js:9`,
      ),
    ).toEqual(['40 http-client GET ask:9']);
  });

  it('is the queue before the peer when an await leads there', () => {
    expect(
      short(`
        request 1 GET / 0-100
        PROMISE 7 - 0-60 r1 <-2 @query/db.js:40<load/app.js:7
        PROMISE 8 - 0-100 r1 <-2 @load/app.js:7
        peer -3 db:5432 60-100 r1 <7 @query/db.js:41`),
    ).toEqual(['60 promise  query:40 > db:5432', '40 peer db:5432 query:41']);
  });

  it('spreads what was not sampled over the lines that were', () => {
    expect(
      short(`
        request 1 GET / 0-100
        peer -3 db:5432 0-30 r1 <-2 @find/db.js:1
        peer -5 db:5432 40-50 r1 <-2 @save/db.js:2
        request 2 GET / 0-100
        peer -7 db:5432 0-30 r2 <-4
        peer -9 db:5432 40-50 r2 <-4`),
    ).toEqual(['30 peer db:5432 find:1', '10 peer db:5432 save:2']);
  });

  it('takes what is open up to the end of the recording', () => {
    const summary = buildWaitSummary(
      drawTable(
        `
        request 1 GET / 500-
        peer -3 db:5432 600- r1 <-2 @query/db.js:41`,
        { counts: { requests: 4 } },
      ),
    );
    expect(summary.groups[0]).toMatchObject({ requestShare: 80, waitingNow: 4, count: 1 });
    // One of four was followed: it stands for four.
    expect(summary.requestsInFlight).toEqual({ mean: 2, most: 4, now: 4 });
    expect(summary.notes[0]).toBe('1 of 4 requests were followed, the others only counted');
  });

  it('adds up to a hundred when waits do not overlap', () => {
    const word = fc.constantFrom('peer', 'Timeout', 'FSREQCALLBACK', 'GETADDRINFOREQWRAP', 'PROMISE');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(word, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 20 })), {
          maxLength: 8,
        }),
        fc.integer({ min: 0, max: 30 }),
        (pieces, run) => {
          let at = 0;
          const lines = pieces.map(([type, length, pause], index) => {
            const line = `${type} ${10 + index} s${index} ${at + pause}-${at + pause + length} r1 <-2`;
            at += pause + length;
            return line;
          });
          const summary = buildWaitSummary(
            drawTable(`request 1 GET / 0-${at + 5} run=${run}\n${lines.join('\n')}`),
          );
          const all =
            summary.groups.reduce((sum, { requestShare }) => sum + requestShare, 0) +
            summary.runningShare +
            summary.unexplainedShare;
          expect(all).toBeCloseTo(100, 6);
        },
      ),
    );
  });
});

describe('a process without requests', () => {
  it('tells what waits now by the line that began it', () => {
    const summary = buildWaitSummary(
      drawTable(`
        Timeout 5 60000 100- <0 @refresh/app.js:6
        Timeout 6 60000 200- <0 @refresh/app.js:6
        PROMISE 7 - 300- <0 @poll/app.js:11
        PROMISE 8 - 300-400 <0 @poll/app.js:12
        Timeout 9 5 300-x <0 @other/app.js:13`),
    );
    expect(summary.basis).toBe('window');
    expect(summary.runningShare).toBeNaN();
    expect(
      summary.groups.map(({ kind, site, waitingNow }) => `${waitingNow} ${kind} ${site?.function}`),
    ).toEqual(['2 timer refresh', '1 promise poll']);
  });

  it('may have done nothing', () => {
    expect(buildWaitSummary(drawTable('')).groups).toEqual([]);
  });
});

describe('routeOf', () => {
  it('replaces what names one thing', () => {
    expect(routeOf('GET http://stock:8080/items/4711/parts')).toBe('GET http://stock:8080/items/:id/parts');
    expect(routeOf('/u/0b5cf4c8-7d52-4a0e-9f5a-3f1f4f0f9a11')).toBe('/u/:id');
    expect(routeOf('/assets/main/settings')).toBe('/assets/main/settings');
  });
});
