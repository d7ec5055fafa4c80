import { describe, expect, it } from 'vitest';
import { drawTable } from '../../async/async-log.fixture.ts';
import { drawError, drawErrorLog, drawSamples, placePlainly } from '../../async/error-log.fixture.ts';
import { buildErrorSites } from '../../async/error-sites.ts';
import { drawEvidence } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';
import type { DoctorReport, Finding } from '../report.ts';

const LOAD = drawError('TypeError', 'no id', 'loadOrder/srv/api/orders.js:41 handler/srv/api/server.js:9');
const STOCK = drawError('Error', 'no stock', 'stock/srv/api/stock.js:5');

type Log = Parameters<typeof drawErrorLog>;
function report(log: Log, drawing: Parameters<typeof drawEvidence>[0] = {}): DoctorReport {
  return judge(drawEvidence({ errors: buildErrorSites(drawErrorLog(...log), placePlainly), ...drawing }));
}
const findings = (...log: Log): Finding[] => report(log).findings;
const severities = (answers: number, failed: number): string[] =>
  findings(answers, failed, drawSamples(4, 'answered', LOAD)).map(({ severity }) => severity);

describe('thresholds', () => {
  it('needs three failed answers', () => {
    expect(severities(10, 3)).toEqual(['critical']);
    expect(severities(10, 2)).toEqual([]);
  });

  it('is a note from 0.5 %, a warning from 1 %, critical from 20 %', () => {
    expect(severities(10_000, 49)).toEqual([]);
    expect(severities(10_000, 50)).toEqual(['note']);
    expect(severities(10_000, 99)).toEqual(['note']);
    expect(severities(10_000, 100)).toEqual(['warning']);
    expect(severities(10_000, 1999)).toEqual(['warning']);
    expect(severities(10_000, 2000)).toEqual(['critical']);
  });

  it('needs 5 % of fewer than a hundred answers', () => {
    expect(severities(99, 4)).toEqual([]);
    expect(severities(99, 5)).toEqual(['warning']);
    expect(severities(100, 4)).toEqual(['warning']);
  });

  it('says nothing of a server that answers', () => {
    expect(severities(10_000, 0)).toEqual([]);
    expect(findings(10_000, 0, [])).toEqual([]);
  });

  it('does not blame what is thrown in every request', () => {
    const flow = drawSamples(9, 'thrown', STOCK, { status: 200 });
    const blank = drawSamples(4, 'answered', null, {
      answeredAt: [{ function: 'refuse', url: '/srv/api/server.js', line: 30, column: 3 }],
    });
    const [finding, ...others] = findings(1000, 200, [...flow, ...drawSamples(2, 'thrown', STOCK), ...blank]);
    expect(others).toEqual([]);
    expect(finding?.title).toBe('GET /orders answers 500 to 20 % of the requests (20/s), no error seen');
    expect(finding?.where[0]).toMatchObject({ function: 'refuse', file: 'server.js', line: 30 });
  });
});

describe('what it says', () => {
  it('names error, function, rate, line and callers', () => {
    const samples = drawSamples(4, 'answered', LOAD);
    const sources = {
      '/srv/api/orders.js': Array.from({ length: 50 }, (_, at) => `line ${at + 1}`).join('\n'),
    };
    const { findings: found, verdict } = report([1000, 120, samples], { sources });
    const [finding] = found;
    expect(finding?.title).toBe('TypeError: no id in loadOrder answers 500 to 12 % of the requests (12/s)');
    expect(verdict).toBe(`${finding?.title} at orders.js:41`);
    expect(finding?.problem).toBe('server-error');
    expect(finding?.where.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'orders.js:41',
      'server.js:9',
    ]);
    expect(finding?.source).toMatchObject({ blamedLine: 41, firstLine: 37 });
    expect(finding?.evidence.map(({ text }) => text).join(' ')).toContain('Routes: GET /orders.');
  });

  it('tells several causes apart, and lets the largest speak for many small ones', () => {
    const two = findings(1000, 200, [
      ...drawSamples(3, 'answered', LOAD),
      ...drawSamples(1, 'answered', STOCK),
    ]);
    expect(two.map(({ title, severity }) => [title.slice(0, 16), severity])).toEqual([
      ['TypeError: no id', 'warning'],
      ['Error: no stock ', 'warning'],
    ]);
    const many = Array.from({ length: 10 }, (_, at) =>
      drawSamples(1, 'answered', drawError('Error', `no ${at}`, `f/srv/api/a.js:${at + 1}`)),
    ).flat();
    expect(findings(10_000, 150, many)).toHaveLength(1);
    expect(findings(10_000, 150, many)[0]?.severity).toBe('warning');
  });

  it('counts failed answers even when none was looked at', () => {
    expect(findings(100, 50, [])[0]?.title).toBe(
      'GET /orders answers 500 to 50 % of the requests (5/s), no error seen',
    );
  });

  it('names the code of a cause', () => {
    const cause = drawError('Error', 'connect', '', { code: 'ECONNREFUSED' });
    const fetching = drawError('TypeError', 'fetch failed', 'ask/srv/api/ask.js:8', { cause });
    const [finding] = findings(100, 50, drawSamples(4, 'answered', fetching));
    expect(finding?.title).toContain('TypeError: fetch failed (ECONNREFUSED) in ask answers 500');
    expect(finding?.advice).toContain('cannot be reached (ECONNREFUSED)');
  });

  it('keeps hostile text to one short line', () => {
    const message = `\u001b[31mred\u0007\n    at fake (/etc/passwd:1:1)\u202Etxt ${'💩'.repeat(200)}`;
    const bad = drawError('Er\u0000ror\n', message, 'f/srv/api/a.js:1', { code: '\u001b]0;x\u0007' });
    const sample = drawSamples(4, 'answered', bad, { route: 'GET /\u001b[2J\nx' });
    const [finding] = findings(100, 50, sample);
    const texts = [finding!.title, ...finding!.evidence.map(({ text }) => text)];
    for (const text of texts) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    expect(finding!.title.length).toBeLessThan(200);
  });
});

describe('errors that nobody catches', () => {
  const uncaught = (count: number): Finding[] => findings(0, 0, drawSamples(count, 'uncaught', LOAD));
  it('are a note, three a warning', () => {
    expect(uncaught(0)).toEqual([]);
    expect(uncaught(2).map(({ severity }) => severity)).toEqual(['note']);
    expect(uncaught(3).map(({ severity }) => severity)).toEqual(['warning']);
    expect(uncaught(12)[0]?.title).toBe(
      'TypeError: no id in loadOrder is caught by nobody, 12 times (1.2/s), and the program goes on',
    );
  });

  it('name who scheduled the code that threw, where waits were recorded', () => {
    const table = drawTable(
      `request 1 GET /pay 0-10 run=1
       Timeout 7 40_ms 5-45 r1 <-2 @remind/mail.js:10
       TickObject 9 - 60-70 <1 @loadOrder/orders.js:41`,
      {
        thrown: [
          { at: 45, how: 'uncaught', name: 'TypeError', message: 'no id', operation: 7, stack: 1 },
          { at: 46, how: 'uncaught', name: 'RangeError', message: 'no', operation: 9, stack: 0 },
        ],
      },
    );
    const log: Log = [
      0,
      0,
      drawSamples(3, 'uncaught', drawError('TypeError', 'no id', 'loadOrder/app/orders.js:41')),
    ];
    const [finding] = report(log, { async: table }).findings;
    expect(finding?.evidence.map(({ text }) => text)).toContain(
      'Thrown in a timer of 40 ms, begun by remind /app/mail.js:10 < GET /pay, once.',
    );
    expect(finding?.where.map(({ file, line }) => `${file}:${line}`)).toEqual([
      '/app/orders.js:41',
      '/app/mail.js:10',
    ]);
  });
});

describe('timeouts', () => {
  /** Requests that give up on db:5432 after 300 ms with 504. */
  const table = drawTable(
    Array.from({ length: 12 }, (_, index) => {
      const [n, from] = [index + 1, index * 303];
      return [
        `request ${n} GET /orders ${from}-${from + 303} status=504 run=1`,
        `peer ${-2 * n - 1001} db:5432 ${from + 1}-x r${n} <${-2 * n} @query/db.js:41`,
        `Timeout ${n * 10} 300_ms ${from + 1}-${from + 301} r${n} <${-2 * n} @limit/db.js:40`,
      ].join('\n');
    }).join('\n'),
    { toMs: 4000 },
  );
  const late = drawError('TimeoutError', 'aborted', 'query/srv/api/db.js:41', { code: '23' });

  it('are left to the rule that knows the upstream', () => {
    const of = (log: Log) => report(log, { async: table }).findings.map(({ kind }) => kind);
    const given = { status: 504 };
    expect(of([100, 50, drawSamples(4, 'answered', late, given)])).not.toContain('application-errors');
    expect(of([100, 50, drawSamples(4, 'answered', null, given)])).not.toContain('application-errors');
    expect(of([100, 50, drawSamples(4, 'answered', LOAD, given)])).toContain('application-errors');
    expect(of([100, 50, drawSamples(4, 'answered', null)])).toContain('application-errors');
  });

  it('are told here when no requests were followed', () => {
    const [finding] = findings(100, 50, drawSamples(4, 'answered', late, { status: 504 }));
    expect(finding?.title).toContain('TimeoutError: aborted in query answers 504');
  });
});
