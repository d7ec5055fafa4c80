import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { HOLTER, runHolter, until } from './built.ts';
import { startTarget, type TargetProcess } from './target-process.ts';

/** examples/10: cores from outside and from inside, of a server that goes on. */
let target: TargetProcess | undefined;
let folder = '';
afterEach(async () => {
  await target?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('10 ways to a core: from outside, from inside, and it serves on', async () => {
  folder = mkdtempSync(join(tmpdir(), 'holter-ways-'));
  const script = fileURLToPath(new URL('../../examples/10-ways-to-a-core/server.js', import.meta.url));
  target = await startTarget(script, {
    node: 22,
    cwd: folder,
    env: { HOLTER: `${process.execPath} ${HOLTER}` },
  });
  const { pid, url } = target;
  const ask = async (path: string): Promise<string> => (await fetch(url + path)).text();
  expect(await ask('/fill')).toBe('1\n');
  const core = join(folder, 'shop.core');
  const { code, stderr } = await runHolter(['core', 'take', String(pid), '-o', core]);
  expect(`${code} ${stderr}`).toBe('0 ');
  expect(await ask('/')).toBe('1 baskets\n');
  process.kill(pid, 'SIGUSR2');
  const inside = join(folder, `core.${pid}.inside`);
  await until(() => existsSync(inside), 20_000, 'the core from inside');
  expect(await ask('/fill')).toBe('2\n');
  for (const file of [core, inside]) expect(statSync(file).mode & 0o777).toBe(0o600);
  const { stdout } = await runHolter(['core', 'objects', inside, '--filter', '{items,at}', '--json']);
  expect(JSON.parse(stdout).rows).toMatchObject([{ name: '{items,at}', count: 1 }]);
  expect(readdirSync(folder).sort()).toEqual([`core.${pid}.inside`, 'shop.core'].sort());
});
