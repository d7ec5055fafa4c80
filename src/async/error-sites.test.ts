import { describe, expect, it } from 'vitest';
import { drawError, drawErrorLog, drawSamples, placePlainly } from './error-log.fixture.ts';
import { isTimeoutError, readErrorLog } from './error-log.ts';
import { buildErrorSites } from './error-sites.ts';

const LOAD = drawError('TypeError', 'no id', 'loadOrder/srv/orders.js:41 handler/srv/server.js:9');
const STOCK = drawError('Error', 'no stock', 'check/srv/node_modules/shelf/index.js:3 stock/srv/stock.js:5');
const FLOW = drawError('SyntaxError', 'no JSON', 'isJson/srv/json.js:2');

const sitesOf = (...log: Parameters<typeof drawErrorLog>) => {
  const { sites, blank, uncaught } = buildErrorSites(drawErrorLog(...log), placePlainly);
  return {
    sites: sites.map(
      ({ name, places, share }) => `${name} ${places[0]?.function}:${places[0]?.line} ${share.toFixed(2)}`,
    ),
    blank: blank.map(({ places, share }) => `${places[0]?.function}:${places[0]?.line} ${share.toFixed(2)}`),
    uncaught: uncaught.map(({ site, count }) => `${site.name} ${count}`),
  };
};

describe('buildErrorSites', () => {
  it('shares failed answers by what was in reach of the code that answers', () => {
    const samples = [...drawSamples(6, 'answered', LOAD), ...drawSamples(2, 'answered', STOCK)];
    expect(sitesOf(1000, 100, samples)).toEqual({
      sites: ['TypeError loadOrder:41 0.75', 'Error stock:5 0.25'],
      blank: [],
      uncaught: [],
    });
  });

  it('puts what is passed, of which all are seen, together with a sample of the others', () => {
    const samples = [...drawSamples(40, 'passed', LOAD), ...drawSamples(3, 'answered', STOCK)];
    expect(sitesOf(1000, 100, samples, { sampledFailed: 50, sampledPassed: 40 }).sites).toEqual([
      'TypeError loadOrder:41 0.80',
      'Error stock:5 0.20',
    ]);
  });

  it('gives answers without an error in reach to what is thrown in requests that fail', () => {
    const samples = [
      ...drawSamples(4, 'answered', null),
      ...drawSamples(3, 'thrown', LOAD),
      ...drawSamples(1, 'thrown', FLOW),
      ...drawSamples(9, 'thrown', FLOW, { status: 200 }),
    ];
    expect(sitesOf(1000, 100, samples)).toEqual({
      sites: ['TypeError loadOrder:41 1.00'],
      blank: [],
      uncaught: [],
    });
  });

  it('says where the answer was written when nothing was thrown but what always is', () => {
    const answeredAt = [
      { function: 'end', url: 'node:_http_outgoing', line: 1, column: 1 },
      { function: 'refuse', url: '/srv/server.js', line: 30, column: 3 },
    ];
    const samples = [
      ...drawSamples(4, 'answered', null, { answeredAt }),
      ...drawSamples(1, 'thrown', FLOW),
      ...drawSamples(9, 'thrown', FLOW, { status: 200 }),
    ];
    expect(sitesOf(1000, 100, samples)).toEqual({ sites: [], blank: ['refuse:30 1.00'], uncaught: [] });
  });

  it('counts what nobody caught apart', () => {
    const samples = [...drawSamples(5, 'uncaught', LOAD), ...drawSamples(2, 'rejected', STOCK)];
    expect(sitesOf(10, 0, samples)).toEqual({ sites: [], blank: [], uncaught: ['TypeError 5', 'Error 2'] });
  });

  it('takes the cause’s line where the error has no line of the program’s', () => {
    const wrapped = drawError('TypeError', 'fetch failed', 'fetch/srv/node_modules/undici/index.js:1', {
      cause: drawError('Error', 'connect ECONNREFUSED', 'ask/srv/ask.js:8', { code: 'ECONNREFUSED' }),
    });
    const log = drawErrorLog(10, 10, drawSamples(3, 'answered', wrapped));
    expect(buildErrorSites(log, placePlainly).sites[0]).toMatchObject({
      cause: 'ECONNREFUSED: connect ECONNREFUSED',
      places: [{ function: 'ask', line: 8 }],
    });
  });
});

describe('isTimeoutError', () => {
  const error = (name: string, code: string, cause?: string) =>
    isTimeoutError(
      cause === undefined
        ? { name, code }
        : { name, code, cause: { name: 'Error', code: cause, message: '', frames: [] } },
    );
  it('knows the ways to give up', () => {
    expect(error('TimeoutError', '23')).toBe(true);
    expect(error('AbortError', 'ABORT_ERR')).toBe(true);
    expect(error('Error', 'ETIMEDOUT')).toBe(true);
    expect(error('TypeError', '', 'UND_ERR_HEADERS_TIMEOUT')).toBe(true);
    expect(error('HeadersTimeoutError', '')).toBe(true);
    expect(error('TypeError', '', 'ECONNREFUSED')).toBe(false);
    expect(error('Error', '')).toBe(false);
  });
});

describe('readErrorLog', () => {
  const log = drawErrorLog(100, 10, drawSamples(2, 'answered', LOAD));
  it('reads what was written', () => {
    expect(readErrorLog(JSON.stringify(log))).toEqual(log);
  });
  it('refuses anything else', () => {
    for (const text of [
      '',
      'null',
      '[]',
      '{"schema":"holter.errors/2"}',
      '{"schema":"holter.errors/1"}',
      JSON.stringify({ ...log, samples: [{}] }),
      JSON.stringify({ ...log, samples: [null] }),
      JSON.stringify({ ...log, samples: [{ error: { name: 1 }, answeredAt: [] }] }),
    ])
      expect(() => readErrorLog(text), text).toThrow(expect.objectContaining({ code: 'E_FILE_FORMAT' }));
  });
});
