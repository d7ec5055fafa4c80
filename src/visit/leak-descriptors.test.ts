import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { grownFiles, watchDescriptors } from './leak-descriptors.ts';

it('lists files and folders of which more are open, most growth first', () => {
  const first = new Map([
    ['/srv/a.json', 2],
    ['/srv/b.json', 1],
  ]);
  const last = new Map([
    ['/srv/a.json', 12],
    ['/srv/b.json', 1],
    ['/tmp/up/1', 1],
    ['/tmp/up/2', 1],
    ['/tmp/up/3', 1],
  ]);
  expect(grownFiles(first, last)).toEqual([
    ['/srv/a.json', 2, 12],
    ['/srv/', 3, 13],
    ['/tmp/up/', 0, 3],
  ]);
});

it('counts descriptors of a process by kind, our own here', () => {
  const path = fileURLToPath(import.meta.url);
  const watch = watchDescriptors(process.pid, () => performance.now());
  const opened = Array.from({ length: 5 }, () => openSync(path, 'r'));
  const seen = watch.stop();
  for (const fd of opened) closeSync(fd);
  expect(seen?.counts.file).toHaveLength(seen?.times.length ?? -1);
  const [before, after] = [seen?.counts.file?.[0] ?? 0, seen?.counts.file?.at(-1) ?? 0];
  expect(after - before).toBeGreaterThanOrEqual(5);
  expect(seen?.files.find(([file]) => file === path)).toMatchObject([path, 0, 5]);
  expect(seen?.limit).toBeGreaterThan(0);
});

it('a process that is gone has none', () => {
  expect(watchDescriptors(2 ** 22 + 1, () => 0).stop()).toBeUndefined();
});
