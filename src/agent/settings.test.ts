import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ENVIRONMENT, readSettings } from './settings.ts';

test('options win over the environment, the environment over the defaults', () => {
  const env = {
    HOLTER_BLOCKED: '2s',
    HOLTER_QUOTA: '1.5 GB',
    HOLTER_UNCAUGHT: 'off',
    HOLTER_LEAK_COLLECTIONS: '7',
  };
  const { settings, problems } = readSettings({ leakCollections: 3 }, env);
  expect(problems).toEqual([]);
  expect(settings).toMatchObject({
    blockedMs: 2000,
    quotaBytes: 1.5e9,
    uncaught: false,
    leakCollections: 3,
    signal: 'SIGUSR2',
  });
});

test.each([
  ['HOLTER_BLOCKED', '5'],
  ['HOLTER_BLOCKED', '5 parsecs'],
  ['HOLTER_BLOCKED', '2h'],
  ['HOLTER_QUOTA', '-1GB'],
  ['HOLTER_UNCAUGHT', 'perhaps'],
  ['HOLTER_SIGNAL', 'usr2'],
  ['HOLTER_LEAK_CAPTURE', 'core'],
  ['HOLTER_NEAR_LIMIT_PERCENT', '101'],
  ['HOLTER_METRICS', 'everywhere'],
])('%s=%s is told and has no effect', (name, value) => {
  const { settings, problems } = readSettings({}, { [name]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`${name}=${value}`);
  expect(settings).toEqual(readSettings({}, {}).settings);
});

test('off is understood wherever something can be switched off', () => {
  const env = {
    HOLTER_BLOCKED: 'off',
    HOLTER_LEAK_COLLECTIONS: 'off',
    HOLTER_SIGNAL: 'off',
    HOLTER_FATAL_REPORT: 'off',
  };
  expect(readSettings({}, env)).toMatchObject({
    problems: [],
    settings: { blockedMs: 0, leakCollections: 0, signal: 'off', fatalReport: false },
  });
});

test('a wrong option is an error of the program', () => {
  expect(() => readSettings({ blockedMs: -1 }, {})).toThrow(/blockedMs cannot be -1/);
  expect(() => readSettings({ blockedMs: '1s' as never }, {})).toThrow(/blockedMs/);
  expect(() => readSettings({ blockMs: 1 } as never, {})).toThrow(/no option blockMs/);
});

test('no environment makes it throw', () => {
  const values = fc.dictionary(fc.constantFrom(...Object.values(ENVIRONMENT)), fc.string());
  fc.assert(fc.property(values, (env) => void readSettings({}, env)));
});

test('docs/agent.md has every option with its variable', () => {
  const text = readFileSync(new URL('../../docs/agent.md', import.meta.url), 'utf8');
  for (const [option, variable] of Object.entries(ENVIRONMENT))
    expect(text, option).toMatch(new RegExp(`\\| \`${option}\` \\| \`${variable}\` \\|`));
});
