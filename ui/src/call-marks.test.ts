import { expect, it } from 'vitest';
import { markCalls } from './call-marks.ts';

const marked = (text: string, ...names: string[]) =>
  markCalls(text, names)
    .map((part) => (part.call ? `[${part.text}]` : part.text))
    .join('');

it('marks calls by their last word, and nothing that only looks like one', () => {
  expect(marked('  const key = pbkdf2Sync(text)', 'pbkdf2Sync')).toBe('  const key = [pbkdf2Sync](text)');
  expect(marked('crypto.pbkdf2Sync (a)', 'Crypto.pbkdf2Sync')).toBe('crypto.[pbkdf2Sync] (a)');
  expect(marked('const pbkdf2Sync = 1; myhash(hash)', 'hash', 'pbkdf2Sync')).toBe(
    'const pbkdf2Sync = 1; myhash(hash)',
  );
  expect(marked('a?.(b); $(1); tag`x`', '$', 'a', 'tag')).toBe('[a]?.(b); [$](1); [tag]`x`');
  expect(marked('f(g(1))', 'f', 'g')).toBe('[f]([g](1))');
});

it('keeps the text whole whatever the names are', () => {
  for (const names of [[], ['(anonymous)'], ['a.*+?^$()|[]\\\\'], ['get [Symbol.iterator]'], ['']])
    expect(
      markCalls('x.*+(y) \u2028 z()', names)
        .map(({ text }) => text)
        .join(''),
    ).toBe('x.*+(y) \u2028 z()');
});
