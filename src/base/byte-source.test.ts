import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openBytes, openFile, peekable, readAll } from './byte-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-bytes-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const LONG = 'holter '.repeat(30_000);

describe('openFile', () => {
  it('reads in pieces', () => {
    const source = openFile(file('plain', LONG));
    expect(source.size).toBe(LONG.length);
    const into = new Uint8Array(5);
    expect([source.read(into), text(into), source.read(into), text(into)]).toEqual([5, 'holte', 5, 'r hol']);
    source.close();
    source.close();
  });

  it('unpacks gzip by its first bytes, not by its name', () => {
    expect(text(readAll(openFile(file('packed.txt', gzipSync(LONG)))))).toBe(LONG);
    expect(text(readAll(openFile(file('plain.gz', 'not packed'))))).toBe('not packed');
  });

  it.each([
    ['nowhere', /there is no such file/],
    ['', /is a folder/],
  ])('refuses %j', (name, message) => {
    expect(() => openFile(join(folder, name))).toThrow(
      expect.objectContaining({ code: 'E_FILE_NOT_FOUND', message: expect.stringMatching(message) }),
    );
  });
});

describe('gzip', () => {
  const packed = gzipSync(Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 251)));

  it('that is cut or damaged is refused', () => {
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, 15, 60);
    for (const bytes of [damaged, packed.subarray(0, packed.length - 100), packed.subarray(0, 4)])
      expect(() => openBytes(bytes, 'a.gz')).toThrow(expect.objectContaining({ code: 'E_FILE_TRUNCATED' }));
  });

  it('that is cut is refused as a file too', () => {
    const path = file('cut.gz', packed.subarray(0, packed.length - 100));
    expect(() => openFile(path)).toThrow(expect.objectContaining({ code: 'E_FILE_TRUNCATED' }));
  });
});

describe('peekable', () => {
  it('shows the beginning, once or more, and leaves it to be read', () => {
    const source = peekable(openBytes(Buffer.from('holter')));
    expect([text(source.peek(2)), text(source.peek(4)), text(source.peek(1)), text(source.peek(99))]).toEqual(
      ['ho', 'holt', 'h', 'holter'],
    );
    expect(source.size).toBe(6);
    expect(text(readAll(source))).toBe('holter');
  });

  it('reads on behind what was seen', () => {
    const source = peekable(openFile(file('long', LONG)));
    source.peek(100);
    expect(text(readAll(source))).toBe(LONG);
    source.close();
  });
});

it('readAll stops at its limit', () => {
  expect(() => readAll(openBytes(new Uint8Array(100)), 50)).toThrow(
    expect.objectContaining({ code: 'E_FILE_FORMAT' }),
  );
});
