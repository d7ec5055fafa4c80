import { describe, expect, test } from 'vitest';
import { countStayed } from './pool-line.ts';

const line = (text: string) =>
  [...text].map((name) => ({ address: name.charCodeAt(0), kind: 'fs', subject: '' }));
const stayed = (before: string, now: string): number => countStayed(line(before), line(now));

describe('who stayed in the line of the pool', () => {
  test('those behind the ones that were served, also when nobody was', () => {
    expect(stayed('abcde', 'cdefg')).toBe(3);
    expect(stayed('abc', 'abcd')).toBe(3);
    expect(stayed('abc', 'c')).toBe(1);
    expect(stayed('', 'ab')).toBe(0);
    expect(stayed('ab', '')).toBe(0);
    expect(stayed('ab', 'cd')).toBe(0);
  });

  test('an address that is used again is not the same work', () => {
    // d waited behind c: it cannot have been served before it.
    expect(stayed('abcd', 'cab')).toBe(0);
    expect(stayed('abc', 'cba')).toBe(1);
    expect(countStayed(line('a'), [{ ...line('a')[0]!, subject: 'open /etc/hosts' }])).toBe(0);
  });
});
