import { drawTable } from '../async/async-log.fixture.ts';
import { buildWaitSummary } from '../async/build-wait-summary.ts';
import { makeSourceBook } from '../source-map/source-book.ts';
import { buildAsyncPage } from './build-async-page.ts';
import type { AsyncPage } from './page-data.ts';

/** Two requests for orders, behind a queue before a database and then at another server; one for a report. */
const SERVED = `
  request 1 GET /orders/17 0-200 run=4
  PROMISE 7 - 0-60 r1 <-2 @acquire/node_modules/tiny-pool/index.js:8<query/app/db.js:40<load/app/app.js:7
  PROMISE 8 - 0-98 r1 <-2 @load/app/app.js:7
  peer -3 10.0.0.5:5432 60-98 r1 <7 @query/app/db.js:41
  client_request -5 GET_http://stock:8080/items/17 98-190 r1 <8 @stock/app/app.js:12
  request 2 GET /orders/18 100-180 run=2
  PROMISE 17 - 100-110 r2 <-4 @acquire/node_modules/tiny-pool/index.js:8<query/app/db.js:40<load/app/app.js:7
  peer -13 10.0.0.5:5432 110-150 r2 <17 @query/app/db.js:41
  request 3 GET /report 300-340 run=8
  FSREQCALLBACK 21 - 300-320 r3 <-6 @report/app/app.js:20
  Timeout 22 10_ms 320-330 r3 <21 @report/app/app.js:21
  request 4 GET /orders/19 900- run=0
  peer -23 10.0.0.5:5432 905- r4 <-8 @query/app/db.js:41`;

const IDLE = `
  Timeout 5 60000_ms 100- <1 @refresh/app/app.js:6
  Timeout 6 60000_ms 200- <1 @refresh/app/app.js:6
  FSREQCALLBACK 9 - 300-320 <1 @read/app/app.js:9`;

const DB = Array.from({ length: 60 }, (_, i) =>
  i === 39 ? '  const one = await pool.acquire();' : `// ${i + 1}`,
);
const APP = Array.from({ length: 30 }, (_, i) => (i === 6 ? '  return await query(id);' : `// ${i + 1}`));

export interface AsyncPageOptions {
  /** Nothing is served. */
  idle?: boolean;
  /** Nothing at all was seen. */
  empty?: boolean;
  /** Lines beside those of the story, each waited for once. */
  lines?: number;
  /** Put in the place of upstreams, files, functions, paths and notes. */
  hostile?: string;
}

/** Page of the story, through the same functions as a recording of a process. */
export function drawAsyncPage({ idle, empty, lines = 0, hostile }: AsyncPageOptions = {}): AsyncPage {
  const others = Array.from(
    { length: lines },
    (_, i) => `
      request ${10 + i} GET /other${i}x/page ${i}-${i + 50}
      peer ${-2 * i - 1001} cache${i}:6379 ${i}-${i + 20 + (i % 7)} r${10 + i} <${-2 * (10 + i)} @ask${i}/app/other.js:${i + 1}`,
  );
  const table = drawTable(empty ? '' : idle ? IDLE : `${SERVED}\n${others.join('\n')}`, {
    counts: { requests: idle || empty ? 0 : 40 + lines, ownPercent: 1.4 },
    resources: { first: { Timeout: 1 }, last: { Timeout: 3, TCPSocketWrap: 1 } },
    notes: ['stacks were halved after 0.5 s: recording took 11 % of one core'],
  });
  if (hostile !== undefined) {
    const { log, sites } = table;
    log.subjects.fill(hostile, 1);
    log.notes.push(hostile);
    for (const request of log.requests)
      Object.assign(request, { path: hostile, method: hostile.slice(0, 20) });
    for (const [i, site] of sites.sites.entries())
      Object.assign(site, { function: hostile, file: `${hostile}/${i}` });
  }
  const start = '2026-11-23T17:26:01.000Z';
  return buildAsyncPage({
    table,
    summary: buildWaitSummary(table),
    name: hostile ?? 'api-gateway',
    cwd: '/app',
    holter: '1.2.3',
    recording: 'rec',
    recordingBytes: 12_345,
    book: makeSourceBook(
      new Map([
        ['/app/app/db.js', DB.join('\n')],
        ['/app/app/app.js', APP.join('\n')],
      ]),
    ),
    manifest: {
      schema: 'holter.recording/1',
      holter: '1.2.3',
      target: {
        pid: 4711,
        name: 'api-gateway',
        node: '22.23.3',
        v8: '',
        command: 'node app.js',
        cwd: '/app',
        startedAt: start,
        threads: 11,
        cores: 4,
        heapLimitBytes: 4e9,
      },
      window: {
        startedAt: start,
        startedMonotonicUs: 0,
        seconds: 1,
        requestedSeconds: 1,
        end: { kind: 'complete' },
      },
      access: 'inspector',
      files: [],
      actions: [{ what: 'recorder put in', at: start, pauseMs: 0, effect: 'until leaving' }],
      inspectorOpenMs: 80,
      left: { verified: true, leftBehind: [] },
    },
    next: [{ command: 'holter doctor 4711', note: 'whether that is a problem' }],
  });
}
