import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ByteSource } from '../base/byte-source.ts';
import { ByteCache } from './byte-cache.ts';
import { ByteLines } from './byte-lines.ts';

function trickle(text: string, step: number): ByteSource {
  const bytes = Buffer.from(text);
  let at = 0;
  return {
    name: 'pipe',
    size: undefined,
    read(into) {
      const count = Math.min(step, into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return count;
    },
    close() {},
  };
}

function linesOf(source: ByteSource, limit?: number): string[] {
  const lines = new ByteLines(source, limit);
  const texts: string[] = [];
  while (lines.next()) texts.push(lines.text());
  return texts;
}

it('gives the lines of any text, however it arrives, and equal lines equal hashes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r\n', 'é', '\t', '\u000b', '\u8a0a') });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (value, step) => {
      const expected = value.split('\n').map((line) => line.replace(/\r$/, ''));
      if (value === '' || value.endsWith('\n')) expected.pop();
      const lines = new ByteLines(trickle(value, step));
      const hashes = new Map<string, number>();
      const found: string[] = [];
      while (lines.next()) {
        found.push(lines.text());
        // A line before CRLF hashes its CR too.
        const key = `${lines.bytes[lines.end] === 13}${lines.text()}`;
        expect(hashes.get(key) ?? lines.hash).toBe(lines.hash);
        hashes.set(key, lines.hash);
      }
      expect(found).toEqual(expected);
      expect(lines.closed).toBe(value === '' || value.endsWith('\n'));
    }),
  );
});

it('holds lines longer than its window, and leaves out those over the limit', () => {
  const long = 'x'.repeat(3_000_000);
  expect(linesOf(trickle(`a\n${long}\nb`, 70_000)).map((line) => line.length)).toEqual([1, 3_000_000, 1]);
  const lines = new ByteLines(trickle(`a\n${long}\nb\n${long}`, 70_000), 1_200_000);
  const lengths: number[] = [];
  while (lines.next()) lengths.push(lines.end - lines.start);
  expect([lengths, lines.tooLong]).toEqual([[1, 1], 2]);
});

it('skips text that is the same as before, and no other', () => {
  const lines = new ByteLines(trickle('x\na\nb\n\ny\na\nb\n\nz\na\nc\n\n', 100));
  lines.next();
  const from = lines.position;
  for (let i = 0; i < 3; i++) lines.next();
  const to = lines.position;
  lines.next();
  expect([lines.text(), lines.skipSame(from, to)]).toEqual(['y', true]);
  lines.next();
  expect([lines.text(), lines.skipSame(from, to)]).toEqual(['z', false]);
  lines.next();
  expect(lines.text()).toBe('a');
});

it('remembers a number per text', () => {
  const cache = new ByteCache();
  const text = fc.uint8Array({ maxLength: 12 });
  const known = new Map<string, number>();
  fc.assert(
    fc.property(text, fc.nat(3), (bytes, hash) => {
      // Few hashes: most entries collide.
      const view = new DataView(Uint8Array.from([7, ...bytes]).buffer);
      const key = `${hash} ${bytes.join()}`;
      expect(cache.find(view, 1, view.byteLength, hash)).toBe(known.get(key) ?? -1);
      if (known.has(key)) return;
      cache.add(view, 1, view.byteLength, hash, known.size);
      known.set(key, known.size);
    }),
    { numRuns: 3000 },
  );
});
