import { describe, expect, it } from 'vitest';
import { drawTable } from '../../async/async-log.fixture.ts';
import type { AsyncLogPeer } from '../../async/async-log.ts';
import { drawEvidence } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';
import type { Finding } from '../report.ts';

const peer = (more: Partial<AsyncLogPeer> = {}): AsyncLogPeer => ({
  address: 'db:5432',
  connections: 2,
  questions: 40,
  meanBusy: 2,
  mostBusy: 2,
  busyNow: 2,
  meanWait: 25,
  ...more,
});

/** `count` requests, one after another unless `every` is shorter than `ms`; `lines` get request number and start. */
function drawRequests(
  count: number,
  ms: number,
  lines: (number: number, from: number) => string,
  { every = ms, status = 200 }: { every?: number; status?: number } = {},
): string {
  return Array.from({ length: count }, (_, index) => {
    const from = index * every;
    return `request ${index + 1} GET /orders ${from}-${from + ms} status=${status} run=1\n${lines(index + 1, from)}`;
  }).join('\n');
}

const upstream = (ms: number) => (number: number, from: number) =>
  `peer ${-2 * number - 1001} db:5432 ${from + 1}-${from + 1 + ms} r${number} <${-2 * number} @query/db.js:41`;

interface More {
  peers?: AsyncLogPeer[];
  cpu?: string;
  wait?: string;
  delay?: string;
  delayTop?: number;
}

function findings(text: string, { peers = [peer()], ...drawing }: More = {}): Finding[] {
  const ends = [...text.matchAll(/-(\d+) status/g)].map(([, end]) => Number(end));
  const table = drawTable(text, { peers, toMs: Math.max(1000, ...ends) });
  return judge(drawEvidence({ requests: 50, async: table, ...drawing })).findings;
}
const kinds = (text: string, more?: More): string[] => findings(text, more).map(({ kind }) => kind);

describe('io-bound', () => {
  const slow = drawRequests(20, 310, upstream(300));

  it('fires when slow requests wait for one upstream, and names the line that asks', () => {
    const [finding, ...others] = findings(slow);
    expect(others).toEqual([]);
    expect(finding?.kind).toBe('io-bound');
    expect(finding?.title).toContain('Requests wait for db:5432: it takes 300 ms');
    expect(finding?.where[0]).toMatchObject({ function: 'query', file: '/app/db.js', line: 41 });
  });

  it('says nothing of requests that are answered within 200 ms', () => {
    expect(kinds(drawRequests(20, 190, upstream(185)))).toEqual([]);
    expect(kinds(drawRequests(20, 205, upstream(195)))).toEqual(['io-bound']);
  });

  it('needs five slow ones, and one in twenty', () => {
    const fast = (count: number) => drawRequests(count, 10, upstream(5)).replaceAll('request ', 'request 1');
    expect(kinds(drawRequests(4, 310, upstream(300)))).toEqual([]);
    expect(kinds(`${drawRequests(5, 310, upstream(300))}\n${fast(90)}`)).toEqual(['io-bound']);
    expect(kinds(`${drawRequests(5, 310, upstream(300))}\n${fast(140)}`)).toEqual([]);
  });

  it('needs one subject to have most of the time', () => {
    expect(kinds(drawRequests(20, 310, upstream(130)))).toEqual(['io-bound']);
    expect(kinds(drawRequests(20, 310, upstream(115)))).toEqual([]);
  });

  it('leaves it to the loop, to saturation and to the machine when they are the cause', () => {
    expect(kinds(slow, { delay: '█', delayTop: 150 })).not.toContain('io-bound');
    expect(kinds(slow, { cpu: '█' })).not.toContain('io-bound');
    expect(kinds(slow, { cpu: '▃', wait: '▇' })).not.toContain('io-bound');
  });

  it('counts the pieces of reading a file together, and takes quick files for what they are', () => {
    const pieces = (ms: number) => (number: number, from: number) =>
      [1, 2, 3, ms, 4]
        .map((length, at) => {
          const start = from + [1, 2, 4, 7, 7 + ms][at]!;
          return `FSREQPROMISE ${number * 10 + 1000 + at} - ${start}-${start + length} r${number} <${-2 * number} @readInvoice/invoices.js:7`;
        })
        .join('\n');
    const [finding, ...others] = findings(drawRequests(20, 270, pieces(250)));
    expect(others).toEqual([]);
    expect(finding?.kind).toBe('io-bound');
    expect(finding?.where[0]).toMatchObject({ function: 'readInvoice', file: '/app/invoices.js', line: 7 });
    expect(kinds(drawRequests(20, 270, pieces(60)))).toEqual([]);
  });

  it('tells an exhausted pool of connections from a slow upstream', () => {
    // Two connections, ten at a time: 100 ms in line, 25 ms at the database.
    const queued = (number: number, from: number) => `
      PROMISE ${number * 10 + 1000} - ${from + 1}-${from + 101} r${number} <${-2 * number} @query/db.js:35
      peer ${-2 * number - 1001} db:5432 ${from + 101}-${from + 126} r${number} <${number * 10 + 1000} @query/db.js:38`;
    const text = drawRequests(20, 128, queued, { every: 13 });
    const [finding] = findings(text);
    expect(finding?.title).toBe(
      'All 2 connections to db:5432 are busy: requests wait 100 ms for one, the answer takes 25 ms',
    );
    expect(finding?.where[0]).toMatchObject({ function: 'query', line: 35 });
    expect(kinds(text, { peers: [peer({ meanBusy: 1.6 })] })).toEqual([]);
  });
});

describe('upstream-timeout', () => {
  const spent = (number: number, from: number) => `
    peer ${-2 * number - 1001} db:5432 ${from + 1}- r${number} <${-2 * number} @query/db.js:41
    Timeout ${number * 10} 300_ms ${from + 1}-${from + 301} r${number} <${-2 * number} @limit/app.js:9`;

  it('fires from the third on, instead of io-bound, and names the line that set the limit', () => {
    const [finding, ...others] = findings(drawRequests(12, 303, spent, { status: 504 }));
    expect(others).toEqual([]);
    expect(finding?.title).toBe('db:5432 does not answer within 300 ms: 100 % of the requests give up (504)');
    expect(finding?.where.map(({ line }) => line)).toEqual([9, 41]);
  });

  it('takes a few of many for hiccups', () => {
    const fine = (count: number) => drawRequests(count, 10, upstream(5)).replaceAll('request ', 'request 1');
    const failed = (count: number) => drawRequests(count, 303, spent, { status: 504 });
    expect(kinds(`${failed(2)}\n${fine(50)}`)).toEqual([]);
    expect(kinds(`${failed(3)}\n${fine(50)}`)).toEqual(['upstream-timeout']);
    expect(kinds(`${failed(3)}\n${fine(400)}`)).toEqual([]);
  });

  it('leaves guards alone that fire without harm', () => {
    expect(kinds(drawRequests(12, 190, upstream(100)))).toEqual([]);
  });
});

describe('serialised', () => {
  /** One every 15 ms, each in line for 135 ms. */
  const inLine = (number: number, from: number) => `
    PROMISE ${number * 10 + 1000} - ${from + 1}-${from + 136} r${number} <${-2 * number} @reserve/app.js:27
    Timeout ${number * 10 + 1001} 15_ms ${from + 136}-${from + 151} r${number} <${number * 10 + 1000} @takeOne/app.js:19`;

  it('fires when requests take turns, and names the line they wait at', () => {
    const [finding, ...others] = findings(drawRequests(60, 152, inLine, { every: 15 }));
    expect(others).toEqual([]);
    expect(finding?.kind).toBe('serialised');
    expect(finding?.where[0]).toMatchObject({ function: 'reserve', line: 27 });
    expect(finding?.title).toContain('one at a time waits for a timer of 15 ms');
  });

  it('blames one connection only where no other is open', () => {
    const atUpstream = (number: number, from: number) =>
      inLine(number, from).replace(
        /Timeout.*/,
        `peer ${-2 * number - 1001} db:5432 ${from + 136}-${from + 151} r${number} <${number * 10 + 1000} @query/db.js:41`,
      );
    const text = drawRequests(60, 152, atUpstream, { every: 15 });
    const adviceWith = (open: number) =>
      findings(text, { peers: [peer({ connections: open, mostBusy: 1, meanBusy: 0.9, busyNow: 1 })] }).map(
        ({ kind, advice }) => [kind, /share one connection/.test(advice)],
      );
    expect(adviceWith(1)).toEqual([['serialised', true]]);
    expect(adviceWith(4)).toEqual([['serialised', false]]);
  });

  it('wants the line to be long and the CPU to idle', () => {
    const text = drawRequests(60, 152, inLine, { every: 15 });
    expect(kinds(text, { cpu: '▇' })).toEqual([]);
    // Two at a time in progress.
    expect(kinds(drawRequests(60, 152, inLine, { every: 76 }))).toEqual([]);
  });

  it('several at a time are no lock, nor is a batch that answers many, nor a long poll', () => {
    expect(kinds(drawRequests(60, 152, inLine, { every: 7 }))).toEqual([]);
    const batch = (number: number, from: number) =>
      inLine(number, from).replace(/Timeout.*/, number % 5 === 0 ? '$&' : '');
    expect(kinds(drawRequests(60, 152, batch, { every: 3 }))).toEqual([]);
    const poll = (number: number, from: number) => inLine(number, from).replace(/Timeout.*/, '');
    expect(kinds(drawRequests(60, 152, poll, { every: 15 }))).toEqual([]);
  });
});
