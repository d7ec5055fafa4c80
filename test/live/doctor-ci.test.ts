import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runHolter } from './built.ts';
import { nodeBinary, targetFile } from './target-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-ci-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a pull request runs. */
function check(name: string, target: string, ...args: string[]) {
  const junit = join(folder, 'deep', `${name}.xml`);
  const sarif = join(folder, `${name}.sarif`);
  const files = ['--junit', junit, '--sarif', sarif, '-o', join(folder, name)];
  const command = ['--', nodeBinary(20), '--inspect-port=0', targetFile(target)];
  const all = ['doctor', '-d', '4s', '--fail-on', 'warning', ...files, ...args, ...command];
  return runHolter(all).then((result) => ({
    ...result,
    junit: () => readFileSync(junit, 'utf8'),
    sarif: () => JSON.parse(readFileSync(sarif, 'utf8')).runs[0],
  }));
}

test('a slow function under load: exit 4, a failed test case and a result with its line', async () => {
  const { code, stdout, stderr, junit, sarif } = await check(
    'sick',
    'sync-hash.mjs',
    '--load',
    '/',
    '-c',
    '4',
  );
  expect(code, stderr).toBe(4);
  expect(stdout).toContain('event-loop-blocked');
  expect(stderr).toMatch(/holter: load \S+ requests\/s, p99 /);
  expect(junit()).toMatch(
    /<testcase [^>]*name="event-loop-blocked"[^>]*file="[^"]*sync-hash\.mjs"[^>]*>\n\s*<failure /,
  );
  const result = sarif().results.find(({ ruleId }: { ruleId: string }) => ruleId === 'event-loop-blocked');
  const place = result.locations[0].physicalLocation;
  // From the root of the repository, wherever the tests were started.
  expect(place.artifactLocation).toEqual({
    uri: expect.stringMatching(/test\/targets\/sync-hash\.mjs$/),
    uriBaseId: '%SRCROOT%',
  });
  expect(place.region.startLine).toBeGreaterThan(0);
  expect(readFileSync(join(folder, 'sick/load.json'), 'utf8')).toContain('"holter.load/1"');
});

test('the same job done well: exit 0, no failure, no result', async () => {
  const load = ['--load', '/', '-c', '4', '--rate', '30', '--json'];
  const { code, stdout, stderr, junit, sarif } = await check('healthy', 'sync-hash.healthy.mjs', ...load);
  const kinds = (JSON.parse(stdout).findings as { kind: string }[]).map(({ kind }) => kind);
  // Of the program nothing; that this machine is busy with other things may be said, and counts.
  expect(kinds.filter((kind) => kind !== 'cpu-starved')).toEqual([]);
  expect(code, stderr).toBe(kinds.length === 0 ? 0 : 4);
  expect(junit()).toContain(`failures="${kinds.length}"`);
  expect(junit()).toMatch(/<testcase [^>]*name="event-loop-blocked"[^>]*\/>/);
  expect(sarif().results).toHaveLength(kinds.length);
  expect(sarif().tool.driver.rules.length).toBeGreaterThan(20);
});

test('a load that gets no answer is no success', async () => {
  const load = ['--load', 'http://127.0.0.1:9/', '--warmup', '0s', '-d', '2s'];
  const { code, stdout, stderr } = await check('refused', 'sync-hash.healthy.mjs', ...load);
  expect(stdout).toBe('');
  expect(stderr).toContain('E_LOAD_FAILED');
  expect(code).toBe(1);
});

test('a load needs a process', async () => {
  const { code, stderr } = await runHolter(['doctor', join(folder, 'healthy'), '--load', '/']);
  expect(stderr).toContain('no load can be put on a recording');
  expect(code).toBe(2);
});

test('a server that gets stuck by the load answers nothing, and that is the finding', async () => {
  const load = ['--load', '/book', '--warmup', '0s', '-c', '2'];
  const { code, stdout, stderr } = await check('stuck', 'stuck-loop.mjs', ...load);
  expect(stdout, stderr).toContain('event-loop-stuck');
  expect(code).toBe(4);
});
