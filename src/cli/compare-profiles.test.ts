import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import { writeCpuProfile } from '../cpu/write-cpuprofile.ts';
import type { KernelTime } from '../recording/manifest.ts';
import { createRecording } from '../recording/write-recording.ts';
import { runDiff } from './compare-profiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-diff-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A primary that does nothing and one worker. */
async function record(name: string, workerText: string, kernelTime: KernelTime): Promise<string> {
  const writer = await createRecording(join(folder, name));
  const primary = profileFromText('  primary@/app/main.js:1 x20  (idle) x1980');
  const add = async (file: string, text: ReturnType<typeof profileFromText>, pid?: number) =>
    writer.add(
      {
        name: `${file}.cpuprofile`,
        kind: 'cpu-profile',
        thread: 'main',
        kernelTime,
        ...(pid === undefined ? {} : { pid }),
      },
      [...writeCpuProfile(text)].join(''),
    );
  await add('main', primary);
  await add('process-8-main', profileFromText(workerText), 8);
  await writer.finish({
    schema: 'holter.recording/1',
    holter: '0',
    target: {
      pid: 7,
      name: 'app',
      command: 'node app',
      cwd: '/app',
      node: '20.0.0',
      v8: '',
      startedAt: '',
      threads: 1,
    } as never,
    window: {
      startedAt: '2026-01-01T00:00:00.000Z',
      startedMonotonicUs: 0,
      seconds: 2,
      requestedSeconds: 2,
      end: { kind: 'complete' },
    },
    access: 'inspector',
    files: [...writer.files],
    actions: [],
    inspectorOpenMs: 0,
    left: { verified: true, leftBehind: [] },
  });
  return writer.folder;
}

const mix = '  parse@/app/w.js:1 x1000  render@/app/w.js:9 x1000';

test('recordings of several processes are compared with all of them', async () => {
  const time = { seconds: 2, runMs: 2000, waitMs: 0 };
  const before = await record('before', mix, time);
  const after = await record('after', '  parse@/app/w.js:1 x1800  render@/app/w.js:9 x200', time);
  const out = join(folder, 'difference.json');
  expect(await runDiff(before, after, { out: [out], failOn: '+5%', color: false })).toBe(4);
  const { rows } = JSON.parse(readFileSync(out, 'utf8')) as { rows: { name: string }[] };
  expect(rows.map(({ name }) => name)).toContain('parse');
});

test('a request is not dearer because the machine was busy', async () => {
  // The same work; the second took a quarter longer, for which the thread waited.
  const before = await record('free', mix, { seconds: 2, runMs: 2000, waitMs: 0 });
  const after = await record('taken', '  parse@/app/w.js:1 x1250  render@/app/w.js:9 x1250', {
    seconds: 2.5,
    runMs: 2000,
    waitMs: 500,
  });
  const out = join(folder, 'busy-machine.json');
  const options = { out: [out], requests: '1000:1000', failOn: '+5%', color: false };
  expect(await runDiff(before, after, options)).toBe(0);
  const { notes } = JSON.parse(readFileSync(out, 'utf8')) as { notes: string[] };
  expect(notes.join('\n')).toContain(
    'waited for a free CPU 0 % of the time they could have run before, 20 % after',
  );
});
