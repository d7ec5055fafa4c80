import { describe, expect, it } from 'vitest';
import { drawLog } from './async-log.fixture.ts';
import { readAsyncLog } from './async-log.ts';
import { AsyncLogBuilder } from './build-async-log.ts';
import type { Flush } from './recorder-state.ts';

const base64 = (numbers: number[]): string =>
  Buffer.from(Float64Array.from(numbers).buffer).toString('base64');
const NONE: Flush = {
  time: 1000,
  rows: '',
  firstRow: 1,
  ends: '',
  types: [],
  subjects: [],
  stacks: [],
  requests: [],
  finished: [],
  rests: [],
  peers: [],
  thrown: [],
  counts: { requests: 0, recorded: 0, rows: 0, dropped: 0, stacks: 0, errors: 0, ownMs: 0, onMs: 0 },
  backoff: [],
};

describe('AsyncLogBuilder', () => {
  it('puts flushes together: ends that come later, stacks once, times of the window', () => {
    // The target's clock shows 1000 when the window is 50 ms old.
    const builder = new AsyncLogBuilder({ clockMs: 1000, fromMs: 50, node: '20.20.2' });
    builder.add({
      ...NONE,
      time: 1250,
      types: ['PROMISE'],
      subjects: ['', 'db:1'],
      stacks: [[['query', '/app/db.js', 41, 3, 0]], [['query', '/app/db.js', 41, 3, 0]]],
      rows: base64([7, 1, 0, 0, 1010, Number.NaN, 0, 1, 0, 8, 7, 0, 0, 1020, 1030, -1, 0, 7]),
      requests: [[1, 1010, 'GET', '/a']],
    });
    builder.add({ ...NONE, time: 1500, ends: base64([1, 1400]), finished: [[1, 1410, 200, 3, '/:x']] });
    const log = builder.finish();
    expect(log.operations.startedAt).toEqual([60, 70]);
    expect(log.operations.endedAt).toEqual([450, 80]);
    expect(log.frames).toHaveLength(1);
    expect(log.requests[0]).toMatchObject({ startedAt: 60, endedAt: 460, status: 200, route: '/:x' });
    expect([log.fromMs, log.toMs]).toEqual([50, 550]);
    expect(readAsyncLog(JSON.stringify(log))).toEqual(log);
  });

  it('knows what waits only up to where the recorder rested', () => {
    const builder = new AsyncLogBuilder({ clockMs: 0, fromMs: 0, node: '' });
    const row = (id: number, request: number): number[] => [id, 0, request, 0, 10, Number.NaN, -1, 0, 0];
    builder.add({
      ...NONE,
      types: ['PROMISE'],
      requests: [[1, 5, 'GET', '/']],
      rows: base64([...row(7, 1), ...row(8, 0)]),
      rests: [{ time: 100, cut: [1] }],
    });
    const log = builder.finish();
    // Of the followed request it is known that it waited so long; of the other operation nothing.
    expect(log.operations.endedAt).toEqual([100, -1]);
    expect(log.requests[0]).toMatchObject({ endedAt: null, followedTo: 100 });
  });
});

describe('readAsyncLog', () => {
  const whole = JSON.stringify(drawLog('request 1 GET / 0-10\nTimeout 5 10 0-10 r1 <-2'));

  it('refuses what is no log, or cut, with a HolterError', () => {
    for (const text of ['', 'null', '[]', '{}', '{"schema":"holter.async-log/1"}', whole.slice(0, 200)])
      expect(() => readAsyncLog(text)).toThrow(expect.objectContaining({ code: 'E_FILE_FORMAT' }));
  });

  it('refuses columns of different length', () => {
    const log = JSON.parse(whole) as { operations: { id: number[] } };
    log.operations.id.push(1);
    expect(() => readAsyncLog(JSON.stringify(log))).toThrow('not whole');
  });
});
