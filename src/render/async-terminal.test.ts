import { describe, expect, it } from 'vitest';
import { drawTable } from '../async/async-log.fixture.ts';
import { buildWaitSummary } from '../async/build-wait-summary.ts';
import { buildSlowestRequest } from '../async/request-waterfall.ts';
import { buildThrownErrors } from '../async/thrown-errors.ts';
import { textWidth } from '../base/terminal-text.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { AsyncDocument } from './async-document.ts';
import { renderAsyncJson } from './async-json.ts';
import { renderAsync } from './async-terminal.ts';

const MANIFEST: RecordingManifest = {
  schema: 'holter.recording/1',
  holter: '0.0.0',
  target: {
    pid: 4711,
    name: 'api-gateway',
    node: '22.23.3',
    v8: '',
    command: '',
    cwd: '/app',
    startedAt: '',
    threads: 7,
    cores: 2,
  },
  window: {
    startedAt: '2026-11-23T12:00:00.000Z',
    startedMonotonicUs: 0,
    seconds: 1,
    requestedSeconds: 1,
    end: { kind: 'complete' },
  },
  access: 'inspector',
  files: [],
  actions: [],
  inspectorOpenMs: 80,
  left: { verified: true, leftBehind: [] },
};

function draw(text: string, more: Parameters<typeof drawTable>[1] = {}): AsyncDocument {
  const table = drawTable(text, more);
  return {
    manifest: MANIFEST,
    summary: buildWaitSummary(table),
    slowest: buildSlowestRequest(table),
    thrown: buildThrownErrors(table),
    resources: table.log.resources,
    recording: 'rec',
    next: ['holter doctor 4711'],
  };
}

const LETTER = `
  request 1 POST /pay 0-10 run=1
  Timeout 7 40_ms 5-45 r1 <-2 @sendInvoice/invoices.js:10<pay/server.js:12
  request 2 POST /pay 20-30 run=1
  Timeout 9 40_ms 25-65 r2 <-4 @sendInvoice/invoices.js:10<pay/server.js:12
  TickObject 11 - 60-70 <1 @deliver/mailbox.js:3`;

/** Errors thrown by timers 7 and 9, and by one of which nothing is known. */
const THROWN: Parameters<typeof draw>[1] = {
  thrown: [7, 9, 99].map((operation) => ({
    at: 45,
    how: 'uncaught',
    name: 'TypeError',
    message: 'no \u001b[2Jmail',
    operation,
    stack: 2,
  })),
};

const QUEUED = `
  request 1 GET /orders/17 0-100 run=1
  PROMISE 7 - 0-60 r1 <-2 @query/db.js:40<load/app.js:7
  peer -3 10.0.0.5:5432 60-98 r1 <7 @query/db.js:41`;
const PEERS = {
  peers: [
    {
      address: '10.0.0.5:5432',
      connections: 10,
      questions: 9,
      meanBusy: 9.5,
      mostBusy: 10,
      busyNow: 9,
      meanWait: 38,
    },
  ],
};
const PLAIN = { color: false, unicode: true, columns: 80 };

describe('renderAsync', () => {
  it('says what requests wait for, then the slowest one and how it came to wait', () => {
    expect(renderAsync(draw(QUEUED, PEERS), PLAIN)).toMatchInlineSnapshot(`
      "holter async  api-gateway (4711)  Node 22.23.3  1.0 s                  1 request

      Requests wait 60 % of their time: queue before 10.0.0.5:5432, via query at
      db.js:40

      share of request time; 0.1 requests in progress on average, 1 at most
        60 %  ███████       queue before 10.0.0.5:5432                    60 ms median
                            via query  db.js:40, 1 at once
        38 %  ████          upstream 10.0.0.5:5432                        38 ms median
                            via query  db.js:41, 10 in flight of 10
       1.0 %  █             running JavaScript
       1.0 %  █             nothing known: no operation, no await

      Slowest request  GET /orders/17
      100 ms, status 200
        ██████████         60 ms  queue before 10.0.0.5:5432  query  db.js:40
                 ██████    38 ms  upstream 10.0.0.5:5432  query  db.js:41
        1 ms of JavaScript

      How it came to wait: queue before 10.0.0.5:5432, 60 ms
          query  db.js:40
        < load  app.js:7
        < GET /orders/17

      note: lines come from a sample of 2 stacks of 2 operations; recording took 0.5 %
            of one core, and about as much again in Node's calls of it

      target: not paused, inspector open 80 ms on 127.0.0.1, nothing left behind
      recording: rec
      next  holter doctor 4711
      "
    `);
  });

  it('lists what waits by line where no request is served', () => {
    const text = renderAsync(
      draw(
        `
        Timeout 5 60000_ms 100- <0 @refresh/app.js:6
        Timeout 6 60000_ms 200- <0 @refresh/app.js:6`,
        { resources: { first: {}, last: { Timeout: 3 } } },
      ),
      PLAIN,
    );
    expect(text).toContain('Waiting at the end of the window, by the line that began it');
    expect(text).toMatch(/ 2 {2}timer of 60000 ms/);
    expect(text).toContain('via refresh  app.js:6');
    expect(text).toContain('Timeout 3');
  });

  it('fits every width, in ASCII too, and lets no name move the cursor', () => {
    const hostile = QUEUED.replaceAll('10.0.0.5:5432', '\u001b[2Jevil\u202e').replaceAll(
      '/orders/17',
      '/\u001b]0;x',
    );
    for (const columns of [20, 40, 59, 60, 80, 200]) {
      const thrown = draw(LETTER, THROWN);
      const text = renderAsync(
        { ...draw(hostile), thrown: thrown.thrown },
        { color: false, unicode: false, columns },
      );
      expect(text).not.toMatch(/[^\n\x20-\x7e]/);
      for (const line of text.split('\n'))
        if (!/^(?:recording|next|target)/.test(line)) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    }
  });

  it('has a JSON form without NaN', () => {
    const json = JSON.parse(renderAsyncJson(draw(''))) as {
      waits: { runningShare: unknown };
      slowest: unknown;
    };
    expect(json.waits.runningShare).toBeNull();
    expect(json.slowest).toBeNull();
  });
});

describe('errors that nobody caught', () => {
  it('are told with who scheduled what threw them', () => {
    const text = renderAsync(draw(LETTER, THROWN), { ...PLAIN, columns: 80 });
    const lines = text.split('\n').map((line) => line.trim());
    const from = lines.indexOf('Errors that nobody caught');
    expect(lines.slice(from + 1, from + 8)).toEqual([
      expect.stringMatching(/^3 × {2}TypeError: no .*mail$/),
      'deliver  mailbox.js:3',
      'by a timer of 40 ms, 2 of them',
      '< sendInvoice  invoices.js:10',
      '< pay  server.js:12',
      '< POST /pay',
      '1 begun before holter came, or without a stack',
    ]);
    expect(text).not.toContain('\u001b');
    const json = JSON.parse(renderAsyncJson(draw(LETTER, THROWN)));
    expect(json.uncaught).toMatchObject([{ count: 3, unknown: 1, origins: [{ count: 2, kind: 'timer' }] }]);
  });
});
