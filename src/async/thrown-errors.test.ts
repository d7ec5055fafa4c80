import { describe, expect, it } from 'vitest';
import { drawTable } from './async-log.fixture.ts';
import type { AsyncLogThrown } from './async-log.ts';
import { buildThrownErrors } from './thrown-errors.ts';

const thrown = (operation: number, more: Partial<AsyncLogThrown> = {}): AsyncLogThrown => ({
  at: 50,
  how: 'uncaught',
  name: 'TypeError',
  message: 'no mail',
  operation,
  stack: 0,
  ...more,
});

/** A request whose answer is sent at 10, and what it left behind. */
const LEFT = `
  TickObject 3 - 1-2 <1 @deliver/mailbox.js:3
  request 1 GET /import 0-10
  fs 5 readFile 1-20 <-2 @importOrders/orders.js:22
  Immediate 7 - 20-21 <5 @confirmLater/orders.js:8<readOrder/orders.js:24
  Timeout 9 40_ms 21-61 <7 @confirm/orders.js:12
  request 2 GET /import 5-10
  Timeout 11 40_ms 21-61 <-4 @confirm/orders.js:12
  request 3 GET /pay 5-10
  Timeout 13 40_ms 21-61 <-6 @confirm/orders.js:12`;

describe('buildThrownErrors', () => {
  it('goes back to a request that was answered long before', () => {
    const [error] = buildThrownErrors(drawTable(LEFT, { thrown: [thrown(9)] }));
    expect(error?.sites.map(({ function: name, line }) => `${name}:${line}`)).toEqual(['deliver:3']);
    expect(error?.origins).toHaveLength(1);
    const [origin] = error!.origins;
    expect(origin).toMatchObject({ count: 1, kind: 'timer', subject: '40 ms', request: 'GET /import' });
    expect(origin?.chain.map(({ function: name }) => name)).toEqual([
      'confirm',
      'confirmLater',
      'readOrder',
      'importOrders',
    ]);
  });

  it('counts a way of which not every stack was taken to the whole one, of the same route only', () => {
    const [error] = buildThrownErrors(
      drawTable(LEFT, { thrown: [thrown(9), thrown(11), thrown(11), thrown(13), thrown(77)] }),
    );
    expect(error).toMatchObject({ count: 5, unknown: 1 });
    expect(error?.origins.map(({ count, request, chain }) => [count, request, chain.length])).toEqual([
      [3, 'GET /import', 4],
      [1, 'GET /pay', 1],
    ]);
  });

  it('keeps errors of other kinds and places apart', () => {
    const errors = buildThrownErrors(
      drawTable(LEFT, {
        thrown: [
          thrown(9),
          thrown(9, { name: 'RangeError' }),
          thrown(9, { how: 'rejected' }),
          thrown(9, { stack: -1, message: 'other' }),
          thrown(9, { message: 'the same line, another text' }),
        ],
      }),
    );
    expect(errors.map(({ count }) => count).sort()).toEqual([1, 1, 1, 2]);
  });
});
