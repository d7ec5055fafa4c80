import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { checkConfig } from './check-config.ts';

const KINDS = ['event-loop-blocked', 'memory-leak-heap'];
const check = (value: unknown) => checkConfig(value, 'holter.config.json', KINDS);
const message = (value: unknown): string => {
  try {
    check(value);
  } catch (error) {
    expect(error).toBeInstanceOf(HolterError);
    return (error as HolterError).message;
  }
  throw new Error('it was taken');
};
const rule = (trigger: unknown, more: object = {}) => ({ rules: [{ trigger, ...more }] });

describe('a configuration', () => {
  it('has five rules when it says nothing, and their defaults', () => {
    const config = check({});
    expect(config.rules.map(({ name }) => name)).toEqual([
      'loop-stuck',
      'heap-near-limit',
      'cpu-high',
      'memory-grows',
      'new-core',
    ]);
    expect(config.rules[2]).toMatchObject({
      trigger: { kind: 'vital', vital: 'main', over: 95, forMs: 30_000 },
      actions: [{ do: 'profile', forMs: 10_000 }],
      limits: { perHour: 6, perProcess: 3, cooldownMs: 600_000 },
    });
  });

  it('reads each trigger and action', () => {
    const actions = [
      'stack',
      { snapshot: true, again: '1m' },
      { run: 'true' },
      { run: ['a', 'b'], limit: '5s' },
      { webhook: 'http://127.0.0.1:1/x' },
      { core: true, jsHeapOnly: true },
      { histogram: '20s' },
    ];
    expect(check(rule({ growth: '64 MiB', for: '1m' }, { actions })).rules[0]).toMatchObject({
      trigger: { kind: 'growth', over: 64 * 2 ** 20, forMs: 60_000 },
      actions: [
        { do: 'stack' },
        { do: 'snapshot', againMs: 60_000 },
        { do: 'run', command: ['/bin/sh', '-c', 'true'] },
        { do: 'run', command: ['a', 'b'], limitMs: 5000 },
        { do: 'webhook', url: 'http://127.0.0.1:1/x' },
        { do: 'core', jsHeapOnly: true },
        { do: 'histogram', forMs: 20_000 },
      ],
    });
    const triggers: [unknown, object][] = [
      [{ blocked: '2s' }, { kind: 'blocked', forMs: 2000 }],
      [{ heap: '90%' }, { kind: 'heap', over: 90 }],
      [
        { vital: 'rss', over: '1GB' },
        { kind: 'vital', over: 1e9, forMs: 30_000 },
      ],
      [
        { finding: ['memory-leak-heap'], severity: 'critical' },
        { kinds: ['memory-leak-heap'], severity: 'critical' },
      ],
      [{ finding: 'any' }, { kinds: [], everyMs: 600_000 }],
      [{ agent: ['uncaught-exception'] }, { kind: 'agent', events: ['uncaught-exception'] }],
    ];
    for (const [given, expected] of triggers)
      expect(check(rule(given)).rules[0]?.trigger).toMatchObject(expected);
    expect(
      check(rule({ exit: { codes: [1], signals: ['SIGSEGV'] } }, { actions: [{ run: 'x' }] })).rules[0]
        ?.trigger,
    ).toEqual({ kind: 'exit', codes: [1], signals: ['SIGSEGV'] });
  });

  it.each<[unknown, string]>([
    [7, 'the file: an object is needed, not 7'],
    [{ rule: [] }, 'rule: no such key; there are out, every, keep, limits, rules'],
    [{ rules: [] }, 'rules: no rule'],
    [rule({ vital: 'cpu' }), 'rules[0].trigger.over: missing: percent of one core'],
    [rule({ vital: 'cpu', over: 'much' }), 'rules[0].trigger.over: "much" is no percentage'],
    [rule({ vital: 'disk', over: 1 }), 'rules[0].trigger.vital: "disk" is none of cpu, main'],
    [rule({ blocked: '1ms' }), 'rules[0].trigger.blocked: "1ms" is no time from 1s to 1h'],
    [rule({ blocked: '5s', heap: 1 }), 'rules[0].trigger: exactly one of'],
    [rule({ blocked: '5s', over: 1 }), 'rules[0].trigger.over: no such key'],
    [rule({ finding: 'leaks' }), 'rules[0].trigger.finding: "leaks" is none of event-loop-blocked'],
    [rule({ route: '/' }), 'rules[0].trigger.route: the latency of a route cannot be seen from outside'],
    [rule({ blocked: '5s' }, { actions: ['stak'] }), 'rules[0].actions[0]: "stak" is none of stack'],
    [
      rule({ blocked: '5s' }, { actions: [{ stack: true, again: '1s' }] }),
      'rules[0].actions[0].again: stack has no such key',
    ],
    [
      rule({ blocked: '5s' }, { actions: [{ webhook: 'ftp://x' }] }),
      'rules[0].actions[0].webhook: "ftp://x" is no http',
    ],
    [rule({ exit: 'any' }, { actions: ['stack'] }), 'rules[0].actions[0]: stack needs a process that lives'],
    [rule({ blocked: '5s' }, { limits: { perHour: 0 } }), 'rules[0].limits.perHour: a whole number from 1'],
    [
      rule({ blocked: '5s' }, { filter: { port: 70_000 } }),
      'rules[0].filter.port: a whole number from 1 to 65535',
    ],
    [rule({ blocked: '5s' }, { name: '../x' }), 'rules[0].name: "../x": letters'],
    [
      {
        rules: [
          { name: 'a', trigger: { blocked: '5s' } },
          { name: 'a', trigger: { blocked: '5s' } },
        ],
      },
      'rules[1].name',
    ],
  ])('points at the key: %j', (value, expected) => {
    expect(message(value)).toContain(expected);
  });

  it('tells all mistakes at once', () => {
    expect(message({ every: 'x', keep: 'y', rules: [{ trigger: { heap: 5 } }] })).toMatch(
      /^holter.config.json: 3 mistakes\n/,
    );
  });

  it('takes or refuses anything, and never breaks', () => {
    const key = fc.constantFrom(
      'vital',
      'over',
      'for',
      'blocked',
      'heap',
      'exit',
      'core',
      'finding',
      'agent',
      'growth',
    );
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue()),
        fc.jsonValue(),
        fc.jsonValue(),
        (trigger, actions, filter) => {
          try {
            check({ rules: [{ trigger, actions, filter }] });
          } catch (error) {
            expect(error).toBeInstanceOf(HolterError);
          }
        },
      ),
    );
  });
});
