import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runHolter, until } from './built.ts';
import {
  NODE_MAJORS,
  type NodeMajor,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

const targets: TargetProcess[] = [];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holter-probe-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(node: NodeMajor): Promise<TargetProcess> {
  const target = await startTarget(targetFile('probe/shop.cjs'), { node, nodeArgs: ['--inspect-port=0'] });
  targets.push(target);
  return target;
}

/** All that probes touch, as the target itself sees it: true where it is what it was at the start. */
async function askSelf(target: TargetProcess): Promise<Record<string, boolean>> {
  const answer = await fetch(`${target.url}/self`, { headers: { connection: 'close' } });
  return (await answer.json()) as Record<string, boolean>;
}
async function expectUntouched(target: TargetProcess): Promise<void> {
  const self = await askSelf(target);
  expect(Object.entries(self).filter(([, same]) => !same)).toEqual([]);
}

/** Requests of different length, ten at a time, while `work` runs; each answer is checked. */
async function underLoad<T>(target: TargetProcess, work: () => Promise<T>): Promise<T> {
  let over = false;
  let asked = 0;
  const asking = Array.from({ length: 10 }, async () => {
    while (!over) {
      const ms = 1 + (asked++ % 17);
      const answer = await fetch(`${target.url}/api/${ms}?ms=${ms}`).catch((error: Error) => {
        throw new Error(`no answer: ${String(error.cause)}; the target: ${target.stderr()}`);
      });
      expect(await answer.json()).toEqual({ waited: ms, last: 13, path: `/api/${ms}` });
    }
  });
  try {
    return await work();
  } finally {
    over = true;
    await Promise.all(asking);
  }
}

interface Row {
  key: (string | number)[];
  value: number;
}
/** Aggregations of a run with --json, by name. */
async function probe(
  target: TargetProcess,
  program: string,
  more: string[] = ['-d', '1500ms'],
): Promise<{ of: (name: string) => Row[]; text: string; stderr: string; code: number | null }> {
  const { stdout, stderr, code } = await runHolter([
    'probe',
    String(target.pid),
    '-n',
    program,
    '--json',
    ...more,
  ]);
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(
      (line) =>
        JSON.parse(line) as {
          schema?: string;
          text?: string;
          aggregations?: { name: string; rows: Row[] }[];
        },
    );
  if (code === 0) expect(lines[0]?.schema).toBe('holter.probe/1');
  const found = lines.find(({ aggregations }) => aggregations !== undefined)?.aggregations ?? [];
  return {
    of: (name) => found.find((one) => one.name === name)?.rows ?? [],
    text: lines.map(({ text }) => text ?? '').join(''),
    stderr,
    code,
  };
}

const CASES = `
node-json*:::parse-start { self->ts = timestamp; }
node-json*:::parse-done /self->ts/ { @json[probefunc] = quantize(timestamp - self->ts); self->ts = 0; }
http-server:::request-start { self->url = url; @started = count(); }
http-server:::request-done { @done[route, status] = count(); @url[self->url == url ? "same" : "mixed"] = count(); }
node:::http-server-response { @node[args[0]->method] = count(); }
js:shop.cjs:work:entry { self->ms = arg0; }
js:shop.cjs:work:return /self->ms/ { @work[self->ms == value ? "same" : "mixed"] = count(); @short[duration >= (self->ms - 1) * 1000000 ? "no" : "yes"] = count(); }
js:shop.cjs:price:return { @private[value] = count(); }
js:cart.cjs:total:return { @exported[value] = count(); }
js:cart.cjs:Cart.add:entry { @method[arg0] = count(); }
js:global:app.handler:entry { @path[arg0 + arg1] = count(); }
fs:callback:readFile:done { @fs[basename(subject), error] = count(); }
node:::gc-done { @gc[kind] = count(); }
`;

/** On Node 18 functions that only their scope reaches are refused. */
const casesOf = (node: NodeMajor): string =>
  node === 18
    ? CASES.split('\n')
        .filter((line) => !line.startsWith('js:shop.cjs'))
        .join('\n')
    : CASES;

describe.each(NODE_MAJORS)('on Node %d', (node) => {
  test('JSON, requests, functions under concurrency: scopes do not mix, and nothing stays', async () => {
    const target = await start(node);
    // The threads of the pool begin with the first file.
    await (await fetch(`${target.url}/api/1`)).text();
    await askSelf(target);
    const before = snapshotProc(target);
    const { of, stderr, code } = await underLoad(target, () =>
      probe(target, casesOf(node), ['-d', '2500ms', '--budget', '90%']),
    );
    expect(code, stderr).toBe(0);
    expect(of('json')[0]?.key).toEqual(['parse']);
    expect(of('done').map(({ key }) => key)).toContainEqual(['/api/:id', 200]);
    expect(of('node')[0]?.key).toEqual(['GET']);
    // More than a handful: ten requests at a time were under way.
    for (const name of node === 18 ? ['url'] : ['url', 'work']) {
      expect(of(name).map(({ key }) => key)).toEqual([['same']]);
      expect(of(name)[0]?.value).toBeGreaterThan(30);
    }
    if (node !== 18) expect(of('short').map(({ key }) => key)).toEqual([['no']]);
    if (node !== 18) expect(of('private').map(({ key }) => key)).toEqual([[6]]);
    expect(of('exported').map(({ key }) => key)).toEqual([[3]]);
    expect(of('method').map(({ key }) => key)).toEqual([[1]]);
    expect(of('path').map(({ key }) => key)).toEqual([[3]]);
    expect(of('fs').map(({ key }) => key)).toEqual([['shop.cjs', '']]);
    await expectUntouched(target);
    await until(() => snapshotProc(target).threads === before.threads, 5000, 'the threads are as before');
    expect(target.stderr()).not.toMatch(/Warning|Error/);
  });
});

test.each([18, 26] as const)('on Node %d a killed holter leaves nothing', async (node) => {
  const target = await start(node);
  await underLoad(target, async () => {
    const out = join(folder, `killed-${node}`);
    const { signal } = await runHolter(
      [
        'probe',
        String(target.pid),
        '-o',
        out,
        '-n',
        `${casesOf(node)} tick-100ms { printf("in %d\\n", 1); }`,
      ],
      {
        act: (pid) =>
          void until(
            async () => (await readFile(out, 'utf8').catch(() => '')).split('in').length > 4,
            15_000,
            'probes are in',
          ).then(() => process.kill(pid, 'SIGKILL')),
      },
    );
    expect(signal).toBe('SIGKILL');
  });
  await until(
    async () => Object.values(await askSelf(target)).every(Boolean),
    10_000,
    'all functions are the originals',
  );
});

test('Ctrl-C prints END and aggregations', async () => {
  const target = await start(22);
  const out = join(folder, 'interrupted');
  const { code } = await runHolter(
    [
      'probe',
      String(target.pid),
      '-o',
      out,
      '-n',
      'tick-50ms { printf("tick\\n"); @ = count(); } END { printf("the end\\n"); }',
    ],
    {
      act: (pid) =>
        void until(
          async () => (await readFile(out, 'utf8').catch(() => '')).includes('tick'),
          15_000,
          'it ticks',
        ).then(() => process.kill(pid, 'SIGINT')),
    },
  );
  const text = await readFile(out, 'utf8');
  expect(text).toMatch(/the end\n\n {2}\d+\n$/);
  expect(code).toBe(0);
  await expectUntouched(target);
});

test('over the budget the probes take themselves out', async () => {
  const target = await start(24);
  const { stderr, code } = await underLoad(target, () =>
    probe(target, 'async:::callback-done, promises:::init { @[jstack(50)] = count(); }', [
      '-d',
      '20s',
      '--budget',
      '0.1%',
    ]),
  );
  expect(stderr).toMatch(/stopped: the probes cost [\d.]+ % of a core/);
  expect(code).toBe(0);
  await expectUntouched(target);
});

test('exit() ends it, with its code told by 1', async () => {
  const target = await start(20);
  expect((await probe(target, 'tick-10ms { exit(0); }', [])).code).toBe(0);
  expect((await probe(target, 'tick-10ms { exit(3); }', [])).code).toBe(1);
  await expectUntouched(target);
});

test('a hundred functions in a live server', async () => {
  const target = await start(26);
  const { of, stderr } = await underLoad(target, () =>
    probe(target, 'js:fs:*:entry, js:crypto:*:entry { @[probefunc] = count(); }', ['-d', '1s']),
  );
  expect(Number(/(\d+) probes taken out/.exec(stderr)?.[1])).toBeGreaterThanOrEqual(100);
  expect(of('').map(({ key }) => key)).toContainEqual(['readFile']);
  await expectUntouched(target);
});

test('programs that are wrong in every way do not harm the target', async () => {
  const target = await start(22);
  const programs = [
    'http-server:::request-done { @[1 / (status - 200)] = count(); }',
    'http-server:::request-done { @[substr(url, -5, 999999999)] = count(); @b[strtok(0, "")] = count(); }',
    'node-json:::parse-done { print(arg3); print(args[3]->a->b->c); trace(arg9); }',
    'js:global:app.handler:return { self->x[arg0, "a"] = self->x[arg0, "b"]++; x[x[0]] += 1 << 70; }',
    'js:shop.cjs:work:return { printf("%-999d|%s|%c|%Y|%x\\n", arg0, arg2, arg1, arg1, -1); }',
    'http-server:::request-start { clear(@); trunc(@, -1); normalize(@, 0); @ = lquantize(timestamp, 0, 10, 1); }',
    'js:global:*:entry { @[probefunc] = count(); }',
    'ERROR { @[1 / 0] = count(); } http-server:::request-done { this->x = 1 % 0; }',
  ];
  await underLoad(target, async () => {
    for (const program of programs) {
      const { code, stderr } = await probe(target, program, ['-d', '500ms', '--budget', '90%']);
      expect(code, `${program}\n${stderr}`).toBe(0);
      await expectUntouched(target);
    }
  });
});

test('a wrong program is refused before anything is attached to', async () => {
  const file = join(folder, 'wrong.d');
  writeFileSync(file, 'BEGIN\n{\n\tstop();\n}\n');
  const { code, stderr } = await runHolter(['probe', '1', '-s', file]);
  expect(code).toBe(2);
  expect(stderr).toContain('stop() is not supported: it would stop the process');
  expect(stderr).toContain(`${file}:3:2`);
});

test('every ready script compiles, and the ones for this server tell something', async () => {
  const target = await start(22);
  await underLoad(target, async () => {
    for (const [script, told] of [
      ['slow-json', /stringify/],
      ['slow-routes', /GET {2}\/api\/:id {2}200/],
      ['loop-hogs', /how late the event loop is/],
      ['gc-kinds', /collections, total us/],
      ['large-allocations', /bytes of a Buffer/],
    ] as const) {
      const { stdout, stderr, code } = await runHolter([
        'probe',
        String(target.pid),
        '--script',
        script,
        '-d',
        '700ms',
        '--budget',
        '90%',
      ]);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(told);
    }
    const who = await runHolter([
      'probe',
      String(target.pid),
      'global',
      'JSON.parse',
      '--script',
      'who-calls',
      '-d',
      '700ms',
      '--budget',
      '90%',
    ]);
    expect(who.stdout).toContain('shop.cjs');
  });
  await expectUntouched(target);
});
