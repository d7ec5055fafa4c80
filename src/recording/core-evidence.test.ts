import { expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { type CoreEvidence, readCoreFile } from './core-evidence.ts';

const whole: CoreEvidence = {
  schema: 'holter.core-evidence/1',
  core: 'core',
  crash: { signal: 'SIGABRT', reason: '', message: '' },
  exception: { name: 'Error', message: '' },
  thread: { tid: 1, state: 'running', isIdle: false },
  frames: [{ function: 'f', file: '', line: 1, column: 1, isNative: false }],
  request: { method: 'GET', url: '/', path: 'f:req' },
  heap: { usedBytes: 1, limitBytes: 2, spaces: [{ name: 'old_space', usedBytes: 1 }] },
  objects: { count: 1, bytes: 1, outsideBytes: 0 },
  classes: [{ name: 'A', kind: 'class', count: 1, bytes: 1, outsideBytes: 0, place: '' }],
  held: {
    name: 'A',
    count: 1,
    bytes: 1,
    chain: [{ kind: 'object', name: 'B', file: '', line: 0, column: 0, edge: 'property', edgeName: 'a' }],
    root: '',
    retainedBytes: 1,
    retainedObjects: 1,
  },
  problems: ['cut'],
};

it('reads what was written, with and without what may be missing', () => {
  expect(readCoreFile(JSON.stringify(whole))).toEqual(whole);
  const none = {
    ...whole,
    crash: null,
    exception: null,
    thread: null,
    request: null,
    heap: null,
    held: null,
  };
  expect(readCoreFile(JSON.stringify(none))).toEqual(none);
});

it('refuses every part of another type, at any depth, and what is no such file', () => {
  const refused: string[] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    if (path.length > 0) {
      const broken = structuredClone(whole) as unknown as Record<string | number, never>;
      let at = broken;
      for (const key of path.slice(0, -1)) at = at[key]!;
      at[path.at(-1)!] = { not: 'this' } as never;
      expect(() => readCoreFile(JSON.stringify(broken)), path.join('.')).toThrow(HolterError);
      refused.push(path.join('.'));
    }
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  walk(whole, []);
  expect(refused).toContain('held.chain.0.edgeName');
  for (const text of ['', 'null', '[]', '{"schema":"holter.core-evidence/1"}', '{"schema":"holter.core/1"}'])
    expect(() => readCoreFile(text)).toThrow(HolterError);
});
