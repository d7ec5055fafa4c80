import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { runHolter } from './built.ts';
import { startTarget, type TargetProcess } from './target-process.ts';

/** The walkthroughs 2 and 3 of examples/, as their READMEs tell them. */
const targets: TargetProcess[] = [];
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

const pathOf = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

async function probeUnderLoad(folder: string, script: string, paths: string[]): Promise<string> {
  const target = await startTarget(pathOf(`${folder}/server.js`), {
    node: 22,
    nodeArgs: ['--inspect-port=0'],
  });
  targets.push(target);
  let over = false;
  const asking = Array.from({ length: 4 }, async (_, from) => {
    for (let at = from; !over; at++) {
      await (await fetch(target.url + paths[at % paths.length])).text();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  try {
    const { stdout, stderr, code } = await runHolter([
      'probe',
      String(target.pid),
      '-s',
      pathOf(`${folder}/${script}`),
      '-d',
      '2s',
      '--budget',
      '90%',
    ]);
    expect(code, stderr).toBe(0);
    return stdout;
  } finally {
    over = true;
    await Promise.all(asking);
  }
}

test('2: one line a call in ns, a distribution for each', async () => {
  const text = await probeUnderLoad('02-json-latency', 'json-latency.d', ['/', '/?below=5']);
  expect(text).toMatch(/JSON\.parse\(\) of \d{5} characters\nJSON\.parse\(\) took \d+ ns/);
  expect(text).toMatch(/JSON\.stringify\(\) took \d+ ns/);
  expect(text).toMatch(/ {2}parse\n +value {2}-+ Distribution -+ count/);
  expect(text).toMatch(/\| *@+ +\d+/);
});

test('3: requests by route, a private function, collections and warnings', async () => {
  const text = await probeUnderLoad('03-http-and-gc-probes', 'routes-and-gc.d', [
    '/report',
    '/products/7',
    '/nothing',
  ]);
  expect(text).toMatch(/\/report +200\n/);
  expect(text).toMatch(/\/products\/:id +200\n/);
  expect(text).toMatch(/\/nothing +404\n/);
  const rows = Number(/rows by route\n[\s\S]*?\/report +(\d+)/.exec(text)?.[1]);
  expect(rows).toBeGreaterThan(0);
  expect(rows % 5000).toBe(0);
  expect(text).toMatch(/findRoute, ns\n/);
  expect(text).toMatch(/scavenge +\d+ +\d+/);
  expect(text).toMatch(/no route for \/nothing +\d+/);
});
