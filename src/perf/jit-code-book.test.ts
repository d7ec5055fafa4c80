import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JitCodeBook, nameAt } from './jit-code-book.ts';
import { readPerfMap } from './perf-map.ts';

interface Line {
  start: number;
  size: number;
  time: number;
}

const LINES = fc.array(
  fc.record({ start: fc.nat(400), size: fc.integer({ min: 1, max: 60 }), time: fc.nat(20) }),
  { maxLength: 60 },
);

/** The latest line before the moment that covers the address; before all of them the first. */
function plainNameAt(lines: readonly Line[], address: number, time: number): string | undefined {
  const covering = lines
    .map((line, index) => ({ ...line, index }))
    .filter(({ start, size }) => address >= start && address < start + size)
    .sort((a, b) => a.time - b.time || a.index - b.index);
  const before = covering.filter((line) => line.time <= time);
  if (before.length > 0) return `code ${before.at(-1)!.index}`;
  // Of those of one moment the last written counts.
  const first = covering.filter((line) => line.time === covering[0]?.time).at(-1);
  return first === undefined ? undefined : `code ${first.index}`;
}

describe('code by address and time', () => {
  it('is what a search through all lines finds', () => {
    fc.assert(
      fc.property(LINES, fc.nat(460), fc.nat(21), (lines, address, time) => {
        const book = new JitCodeBook((name) => `code ${name}`);
        const ordered = [...lines].sort((a, b) => a.time - b.time);
        for (const [index, { start, size, time: at }] of ordered.entries()) book.add(start, size, at, index);
        expect(nameAt(book.at(address), time)).toBe(plainNameAt(ordered, address, time));
      }),
    );
  });
});

describe('perf maps', () => {
  const read = (text: string) => readPerfMap(Buffer.from(text));

  it('have a line for each piece of code; what is none is passed over', () => {
    const book = read(
      [
        '10 10 JS:*f /app/a.js:1:2',
        '0x30 0x8 with prefix',
        'zz 10 x',
        '40',
        '50 0 empty',
        '',
        '60 10 cut',
      ].join('\n'),
    );
    expect(book.length).toBe(2);
    expect(book.at(0x1f)).toEqual([{ time: 0, name: 'JS:*f /app/a.js:1:2' }]);
    expect(book.at(0x30)).toEqual([{ time: 0, name: 'with prefix' }]);
    expect(book.at(0x38)).toEqual([]);
  });

  it('say when a line was not there yet', () => {
    const text = '10 10 old\n10 10 new\n';
    const book = readPerfMap(Buffer.from(text), { time: [500], offset: [10] });
    expect(nameAt(book.at(0x10), 499)).toBe('old');
    expect(nameAt(book.at(0x10), 500)).toBe('new');
  });

  it('of any bytes are read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(0xffff), (bytes, address) => {
        expect(Array.isArray(readPerfMap(Buffer.from(bytes)).at(address))).toBe(true);
      }),
    );
  });

  it('names with spaces, UTF-8 and without anything survive', () => {
    const book = read('10 10 get größe /srv/my app/x.js:1:1\n20 10  \n');
    expect(book.at(0x10)[0]!.name).toBe('get größe /srv/my app/x.js:1:1');
    expect(book.at(0x20)[0]!.name).toBe(' ');
  });
});
