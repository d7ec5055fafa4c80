import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStream } from '../base/byte-stream.ts';
import { openStrings } from './open-strings.ts';
import { readSnapshot } from './read-snapshot.ts';
import type { SharedStrings, SnapshotStrings } from './snapshot-strings.ts';
import { type DrawnNode, drawSnapshot } from './snapshot-text.fixture.ts';

const TEXTS = [
  ...Array.from({ length: 9000 }, (_, at) => `name ${at} ${'x'.repeat(at % 40)}`),
  'part of key',
  'a part of key b',
  ',',
  '","',
  'ends with a backslash \\',
  'a "quoted" one',
  'quoted"',
  '[]',
  'häßlich',
  '😀 \ud800 \u2028 \u0000',
  'u00E9',
  'é',
  'line\nline\ttab',
];
const NODES: DrawnNode[] = TEXTS.map((name, at) => ({ type: 'string', name, id: 2 * at + 1 }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-strings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function stringsOf(
  format: 'lines' | 'commas' | 'pretty',
  stringsInMemory: number,
): Promise<SnapshotStrings> {
  const path = join(folder, 'x.heapsnapshot');
  writeFileSync(path, drawSnapshot(NODES, { format }));
  const { strings } = await readSnapshot(openStream(path), { stringsInMemory });
  expect(strings.shared?.blob === undefined).toBe(stringsInMemory === 0);
  return strings;
}

describe('openStrings', () => {
  for (const format of ['lines', 'commas', 'pretty'] as const)
    for (const kept of [1e9, 0])
      it(`reads and finds strings ${kept === 0 ? 'in the file' : 'in memory'}, ${format}`, async () => {
        const read = await stringsOf(format, kept);
        // Another thread opens the same strings from what it is sent.
        for (const strings of [read, openStrings(structuredClone(withPlace(read)))]) {
          const all = ['<dummy>', ...TEXTS];
          expect(strings.count).toBe(all.length);
          expect(all.every((text, at) => strings.get(at) === text)).toBe(true);
          for (const text of [...TEXTS.slice(-14), 'name 77 ', ' ', 'nothing', 'part of ke', '\\', 'a'])
            expect(strings.find(text), text).toBe(all.indexOf(text));
          const containing = (infix: string): number[] =>
            all.flatMap((text, at) => (text.includes(infix) ? [at] : []));
          for (const infix of ['part of key', ',', 'u00', 'x', 'line', 'nothing', '1'])
            expect([...strings.search({ infix })], infix).toEqual(containing(infix));
          expect([...strings.search({ prefix: 'name 89' })]).toEqual(
            all.flatMap((text, at) => (text.startsWith('name 89') ? [at] : [])),
          );
          expect(strings.get(-1)).toBe('');
          expect(strings.get(all.length)).toBe('');
          expect(Buffer.from(strings.bytes(all.indexOf('häßlich'))).toString()).toMatch(/h.*lich/);
        }
      });

  it('says so when the file has changed or is gone', async () => {
    const strings = await stringsOf('commas', 0);
    appendFileSync(join(folder, 'x.heapsnapshot'), ' ');
    expect(() => strings.get(5)).toThrow(/has changed since it was read/);
    rmSync(join(folder, 'x.heapsnapshot'));
    expect(() => strings.find('nothing')).toThrow(/is gone/);
  });

  it('finds text however it is escaped', async () => {
    const path = join(folder, 'y.heapsnapshot');
    writeFileSync(path, drawSnapshot([{ type: 'string', name: 'é', id: 1 }]).replace('\\u00E9', '\\u00e9'));
    const { strings } = await readSnapshot(openStream(path));
    expect(strings.find('é')).toBe(1);
  });
});

/** What another thread is sent: the bytes, or where they are. */
function withPlace({ shared }: SnapshotStrings): SharedStrings {
  const { blob, file, ...others } = shared!;
  return { ...others, ...(blob === undefined ? { file: file! } : { blob }) };
}
