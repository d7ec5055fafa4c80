import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { closedWatches } from './epoll-watches.ts';

const proc = mkdtempSync(join(tmpdir(), 'holter-epoll-'));
afterAll(() => rmSync(proc, { recursive: true, force: true }));

function draw(pid: number, fds: Record<number, string>, info: Record<number, string> = {}): void {
  mkdirSync(join(proc, `${pid}/fd`), { recursive: true });
  mkdirSync(join(proc, `${pid}/fdinfo`));
  for (const [fd, link] of Object.entries(fds)) symlinkSync(link, join(proc, `${pid}/fd/${fd}`));
  for (const [fd, text] of Object.entries(info)) writeFileSync(join(proc, `${pid}/fdinfo/${fd}`), text);
}

test('finds what epoll watches under closed numbers, and who holds it', () => {
  const rows = [
    'pos:\t0',
    'tfd:       15 events:       19 data:                f  pos:0 ino:4c36eba sdev:f',
    'tfd:       23 events:       19 data:               17  pos:0 ino:4c4825e sdev:9',
    'tfd:       24 events:       19 data:               18  pos:0 ino:ff sdev:9',
  ].join('\n');
  draw(100, { 14: 'anon_inode:[eventpoll]', 15: 'pipe:[79916730]' }, { 14: rows });
  draw(90, { 3: 'socket:[1]' });
  draw(120, { 0: '/dev/null', 3: 'socket:[79987294]' });
  expect(closedWatches(100, proc)).toEqual([
    { fd: 23, inode: 0x4c4825e, holder: { pid: 120, fd: 3 } },
    { fd: 24, inode: 255 },
  ]);
  expect(closedWatches(120, proc)).toEqual([]);
  expect(closedWatches(7, proc)).toEqual([]);
});
