import { expect, test } from 'vitest';
import { BOX_COLUMNS, type BoxEvent } from './black-box.ts';
import { type BoxFacts, causeOfDeath, framesOfStack } from './box-death.ts';

const AT = '2026-01-01T00:00:10.000Z';
const blocked: BoxEvent = {
  kind: 'event-loop-blocked',
  at: AT,
  text: '',
  stack: [{ function: 'spin', file: '/app/x.js', line: 3, column: 1 }],
};

function facts(
  row: Partial<Record<(typeof BOX_COLUMNS)[number], number>>,
  more: Partial<BoxFacts> = {},
): BoxFacts {
  return {
    description: {
      schema: 'holter.black-box/1',
      holter: '0',
      target: {
        pid: 1,
        name: 'x',
        node: '24.0.0',
        v8: '',
        command: '',
        cwd: '/app',
        startedAt: '',
        threads: 1,
        cores: 1,
        memoryLimitBytes: 100e6,
      },
      startedAt: AT,
      periodMs: 1000,
      rows: 600,
      columns: BOX_COLUMNS,
      bootId: 'a',
      cgroup: { folder: '/sys/fs/cgroup/x', oomKills: 2 },
    },
    rows: [Float64Array.from(BOX_COLUMNS, (name) => row[name] ?? 0)],
    events: [],
    isRunning: false,
    bootIdNow: 'a',
    ...more,
  };
}

const uncaught: BoxEvent = {
  kind: 'uncaught-exception',
  at: AT,
  text: '',
  error: {
    name: 'TypeError',
    message: 'no',
    stack: 'TypeError: no\n    at pay (/app/pay.js:7:9)',
    isRejection: false,
    isHandled: false,
  },
};

test.each<[string, BoxFacts, string]>([
  ['alive', facts({}, { isRunning: true }), 'running'],
  ['an exit code', facts({}, { exit: { code: 3, at: AT } }), 'ended'],
  ['an uncaught exception', facts({}, { events: [uncaught], exit: { code: 1, at: AT } }), 'uncaught'],
  [
    'an exception the program handled, and a later end',
    facts(
      {},
      {
        events: [{ ...uncaught, error: { ...uncaught.error!, isHandled: true } }],
        exit: { code: 0, at: AT },
      },
    ),
    'ended',
  ],
  [
    "a report of V8's limit",
    facts({}, { report: { file: 'r', trigger: 'OOMError', event: 'Allocation failed', stack: [] } }),
    'heap-limit',
  ],
  ['the kernel counted a kill', facts({}, { oomKillsNow: 3 }), 'oom-kill'],
  ['the same count as before', facts({}, { oomKillsNow: 2 }), 'killed'],
  ['the cgroup was full', facts({ 'cgroup.memory_bytes': 95e6 }), 'oom-kill'],
  ['the cgroup was not full', facts({ 'cgroup.memory_bytes': 85e6 }), 'killed'],
  ['stuck at the end', facts({ 'loop.blocked_ms': 9000 }, { events: [blocked] }), 'stuck-kill'],
  [
    'stuck, but it turned again',
    facts(
      {},
      { events: [blocked, { kind: 'event-loop-unblocked', at: '2026-01-01T00:00:11.000Z', text: '' }] },
    ),
    'killed',
  ],
  ['another boot', facts({}, { bootIdNow: 'b' }), 'machine-down'],
])('%s', (_, known, cause) => {
  expect(causeOfDeath(known).cause).toBe(cause);
});

test('the stuck one has its stack, the exception its frames', () => {
  expect(causeOfDeath(facts({ 'loop.blocked_ms': 9000 }, { events: [blocked] })).frames[0]?.function).toBe(
    'spin',
  );
  expect(causeOfDeath(facts({}, { events: [uncaught] })).frames).toEqual([
    { function: 'pay', file: '/app/pay.js', line: 7, column: 9 },
  ]);
});

test('frames of every form Node prints', () => {
  const stack = `Error: x
    at Timeout.later [as _onTimeout] (/a b/x.cjs:1:36)
    at file:///c%20d/y.mjs:2:3
    at async Promise.all (index 0)
    at async pay (node:internal/x:4:5)
    at new Thing (<anonymous>)`;
  expect(framesOfStack(stack).map(({ function: name, file, line }) => `${name} ${file}:${line}`)).toEqual([
    'Timeout.later /a b/x.cjs:1',
    '(anonymous) /c d/y.mjs:2',
    'pay node:internal/x:4',
  ]);
});
