import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { HOLTER, runHolter, until } from './built.ts';
import { nodeBinary, snapshotProc, startTarget, type TargetProcess, targetFile } from './target-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-bad-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const targets: TargetProcess[] = [];
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

test.each([
  ['no target', ['doctor'], 2, 'E_USAGE'],
  ['a duration without sense', ['doctor', '1', '-d', 'soon'], 2, 'E_USAGE'],
  ['no such pid', ['doctor', '4194305'], 3, 'E_NO_SUCH_PROCESS'],
  ['a name nobody has', ['doctor', 'no-such-service-here'], 3, 'E_NO_MATCH'],
  ['a port nobody listens on', ['doctor', ':1'], 3, 'E_NO_MATCH'],
  ['an inspector that is not there', ['doctor', '127.0.0.1:1'], 3, 'E_INSPECTOR_REFUSED'],
  ['a command that cannot be started', ['doctor', '--', '/no/such/program'], 1, 'E_START_FAILED'],
  ['a folder that is no recording', ['doctor', `${tmpdir()}/`], 1, 'E_FILE_NOT_FOUND'],
])('%s', async (_, args, code, name) => {
  const result = await runHolter(args);
  expect(result.code).toBe(code);
  expect(result.stderr).toContain(name);
  expect(result.stdout).toBe('');
});

test('an unknown command or option is a usage error', async () => {
  expect((await runHolter(['docter'])).code).toBe(2);
  expect((await runHolter(['doctor', '1', '--nonsense'])).code).toBe(2);
});

test('not Node', async () => {
  const child = spawn('sleep', ['60']);
  try {
    const result = await runHolter(['doctor', String(child.pid)]);
    expect([result.code, result.stderr]).toEqual([3, expect.stringContaining('E_NOT_NODE')]);
    expect(child.exitCode ?? child.signalCode).toBeNull();
  } finally {
    child.kill('SIGKILL');
  }
});

test('several matches are listed, never guessed', async () => {
  const options = { node: 22 as const };
  const two = await Promise.all([
    startTarget(targetFile('json-parse.healthy.mjs'), options),
    startTarget(targetFile('json-parse.healthy.mjs'), options),
  ]);
  targets.push(...two);
  const result = await runHolter(['doctor', 'json-parse.healthy.mjs']);
  expect(result.code).toBe(2);
  for (const { pid } of two) expect(result.stderr).toContain(String(pid));
});

test('a recording that cannot be written is refused before the target is touched', async () => {
  const target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node: 22 });
  targets.push(target);
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  const result = await runHolter(['doctor', String(target.pid), '-o', join(file, 'below')]);
  expect([result.code, result.stderr]).toEqual([1, expect.stringContaining('E_WRITE')]);
  expect(target.stderr()).toBe('');
});

test('a damaged recording is told, not thrown', async () => {
  const damaged = join(folder, 'damaged');
  mkdirSync(damaged);
  writeFileSync(join(damaged, 'recording.json'), '{"schema":"holter.recording/1","target":{"pid":1');
  const result = await runHolter(['doctor', damaged]);
  expect([result.code, result.stderr]).toEqual([1, expect.stringContaining('E_FILE_TRUNCATED')]);
});

test('a target that exits in the middle: what was seen is shown, and that it ended', async () => {
  const target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node: 22 });
  targets.push(target);
  const running = runHolter(['doctor', String(target.pid), '-d', '8s', '--json', '-o', join(folder, 'died')]);
  await until(() => target.stderr().includes('Debugger attached'), 5000, 'holter is attached');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await target.stop();
  const result = await running;
  expect(result.code, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout);
  expect(report.window.end.kind).toBe('target-exited');
  expect(report.window.end.atMs).toBeGreaterThan(500);
});

test('Ctrl-C: leaves at once, cleanly, and shows what it has', async () => {
  const target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node: 20 });
  targets.push(target);
  const before = snapshotProc(target.pid);
  const result = await runHolter(
    ['doctor', String(target.pid), '-d', '60s', '--json', '-o', join(folder, 'ctrl-c')],
    {
      act: (pid) => {
        void until(() => target.stderr().includes('Debugger attached'), 5000, 'holter is attached').then(() =>
          setTimeout(() => process.kill(pid, 'SIGINT'), 1000),
        );
      },
    },
  );
  expect(result.code, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout);
  expect(report.window.end.kind).toBe('interrupted');
  expect(report.left.verified).toBe(true);
  expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
  await until(() => snapshotProc(target.pid).threads <= before.threads, 5000, 'threads as before');
});

test('a reader that closes the pipe is no error', async () => {
  const { status, stderr } = spawnSync('bash', [
    '-c',
    `"${process.execPath}" "${HOLTER}" --help | head -1; exit \${PIPESTATUS[0]}`,
  ]);
  expect([status, String(stderr)]).toEqual([0, '']);
});

test('40 columns, no colour, no TTY: nothing is wider and nothing is lost', async () => {
  const target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node: 22 });
  targets.push(target);
  const result = await runHolter(['doctor', String(target.pid), '-d', '2s', '-o', join(folder, 'narrow')], {
    env: { COLUMNS: '40' },
  });
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout).not.toContain('\u001b');
  expect(result.stdout).toContain('nothing left behind');
});

test('another user may not look, and is told what to do', async (context) => {
  // Only root can become another user; the run says that this part was left out.
  if (process.getuid?.() !== 0) context.skip('needs root to become another user');
  const target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node: 22 });
  targets.push(target);
  const { status, stderr } = spawnSync(
    nodeBinary(20),
    [HOLTER, 'doctor', String(target.pid), '-o', '/tmp/holter-nobody'],
    {
      uid: 65534,
      gid: 65534,
      env: { PATH: process.env.PATH ?? '' },
    },
  );
  expect([status, String(stderr)]).toEqual([3, expect.stringContaining('E_PERMISSION')]);
  expect(target.stderr()).toBe('');
});
