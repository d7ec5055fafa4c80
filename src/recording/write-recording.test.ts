import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createRecording } from './write-recording.ts';

const made: string[] = [];
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

test.runIf(process.platform === 'linux')(
  'a folder that the kernel lets nobody make is refused, not tried for ever',
  async () => {
    await expect(createRecording('/proc/no-such/folder')).rejects.toMatchObject({ code: 'E_WRITE' });
  },
);

test('parents are made, private; a file in the way is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holter-recording-'));
  made.push(folder);
  await createRecording(join(folder, 'a/b/c'));
  expect((await stat(join(folder, 'a/b'))).mode & 0o777).toBe(0o700);
  await writeFile(join(folder, 'file'), '');
  await expect(createRecording(join(folder, 'file/x'))).rejects.toMatchObject({ code: 'E_WRITE' });
});
