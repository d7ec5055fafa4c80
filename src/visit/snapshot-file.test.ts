import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { beginSnapshotFile } from './snapshot-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-snapshot-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const noFlow = { hold: () => {}, release: () => {} };

test('pieces in order, 0600, whole or not there', async () => {
  const path = join(folder, 'a.heapsnapshot');
  writeFileSync(path, 'old');
  const file = beginSnapshotFile(path, noFlow);
  file.write('{"a":');
  file.write('"ä"}');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(await file.commit()).toBe(10);
  expect(readFileSync(path, 'utf8')).toBe('{"a":"ä"}');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['a.heapsnapshot']);
});

test('gzip by name', async () => {
  const path = join(folder, 'b.heapsnapshot.gz');
  const file = beginSnapshotFile(path, noFlow);
  for (let i = 0; i < 1000; i++) file.write(`${i},`);
  await file.commit();
  expect(gunzipSync(readFileSync(path)).toString().split(',').length).toBe(1001);
});

test('given up: nothing stays, whatever had been written', async () => {
  const before = readdirSync(folder);
  const early = beginSnapshotFile(join(folder, 'c.heapsnapshot'), noFlow);
  await early.discard();
  const late = beginSnapshotFile(join(folder, 'c.heapsnapshot.gz'), noFlow);
  for (let i = 0; i < 100; i++) late.write('x'.repeat(1e5));
  await late.discard();
  late.write('more');
  expect(readdirSync(folder)).toEqual(before);
});

test('a place that cannot be written: told at the end, nothing thrown before', async () => {
  const file = beginSnapshotFile(join(folder, 'missing', 'd.heapsnapshot'), noFlow);
  file.write('text');
  await expect(file.commit()).rejects.toMatchObject({ code: 'E_WRITE' });
  const full = beginSnapshotFile('/dev/full/e.heapsnapshot', noFlow);
  await expect(full.commit()).rejects.toMatchObject({ code: 'E_WRITE' });
});

test('more than the disk takes holds the flow, and lets it go again', async () => {
  const flow: string[] = [];
  const file = beginSnapshotFile(join(folder, 'f.heapsnapshot'), {
    hold: () => flow.push('hold'),
    release: () => flow.push('release'),
  });
  const megabyte = 'x'.repeat(2 ** 20);
  for (let i = 0; i < 80; i++) file.write(megabyte);
  expect(flow).toEqual(['hold']);
  expect(await file.commit()).toBe(80 * 2 ** 20);
  expect(flow).toEqual(['hold', 'release']);
});
