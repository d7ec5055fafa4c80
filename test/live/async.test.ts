import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WaitGroup } from '../../src/async/wait-summary.ts';
import type { AsyncJson } from '../../src/render/async-json.ts';
import { runHolter, until } from './built.ts';
import {
  type NodeMajor,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

const targets: TargetProcess[] = [];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holter-async-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(name: string, node: NodeMajor): Promise<TargetProcess> {
  // A port of its own for the inspector: other tests may hold the usual one for a moment.
  const target = await startTarget(targetFile(`async/${name}`), { node, nodeArgs: ['--inspect-port=0'] });
  targets.push(target);
  return target;
}

/** What the target itself says of its prototypes, globals, channels and hooks. */
async function askSelf(target: TargetProcess): Promise<Record<string, unknown>> {
  const answer = await fetch(`${target.url}/self`, { headers: { connection: 'close' } });
  return (await answer.json()) as Record<string, unknown>;
}

let recordings = 0;
async function record(target: TargetProcess, seconds: number): Promise<{ json: AsyncJson; folder: string }> {
  const out = join(folder, String(recordings++));
  const { stdout, stderr, code } = await runHolter([
    'async',
    String(target.pid),
    '-d',
    `${seconds}s`,
    '-o',
    out,
    '--json',
  ]);
  if (code !== 0) throw new Error(`holter async ended with ${code}: ${stderr}`);
  return { json: JSON.parse(stdout) as AsyncJson, folder: out };
}

/** Ten requests at a time from before the recording to its end, however long attaching takes. */
async function recordUnderLoad(
  target: TargetProcess,
  seconds: number,
): Promise<{ json: AsyncJson; folder: string }> {
  let over = false;
  let answers = 0;
  const asking = Array.from({ length: 10 }, async () => {
    while (!over) {
      const answer = await fetch(target.url);
      await answer.text();
      expect(answer.status).toBe(200);
      answers++;
    }
  });
  try {
    await until(() => answers > 30, 30_000, 'thirty answers: connections, pool and code are warm');
    return await record(target, seconds);
  } finally {
    over = true;
    await Promise.all(asking);
  }
}

const find = (json: AsyncJson, kind: string, subject: RegExp): WaitGroup => {
  const group = json.waits.groups.find((one) => one.kind === kind && subject.test(one.subject));
  if (group === undefined)
    throw new Error(`no ${kind} ${subject} in ${JSON.stringify(json.waits.groups, undefined, 1)}`);
  return group;
};

/** Ten requests at a time, two connections: four of five request-milliseconds are in the queue, one at the upstream. */
function expectSlowDatabase(json: AsyncJson, port: number): void {
  const { waits } = json;
  expect(waits.basis).toBe('requests');
  const upstream = find(json, 'peer', new RegExp(`^127\\.0\\.0\\.1:${port}$`));
  expect(upstream.requestShare).toBeGreaterThan(14);
  expect(upstream.requestShare).toBeLessThan(30);
  expect(upstream.site).toMatchObject({ function: 'query', party: 'user' });
  expect(upstream.site?.file).toMatch(/pool-driver\.cjs$/);
  expect([37, 38]).toContain(upstream.site?.line);
  expect(upstream.connections).toMatchObject({ open: 2, mostBusy: 2 });
  expect(upstream.median).toBeGreaterThan(24);
  const [queue] = waits.groups;
  expect(queue).toMatchObject({ kind: 'promise', leadsTo: upstream.subject });
  expect(queue?.site).toMatchObject({ function: 'query', line: 35 });
  expect((queue?.requestShare ?? 0) + upstream.requestShare).toBeGreaterThan(85);
  expect(json.slowest?.spans.map(({ kind }) => kind)).toContain('peer');
  const longest = json.slowest?.spans.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
  const chain = longest?.chain.map((site) => site.function);
  expect(chain?.slice(0, 2), JSON.stringify(json.slowest)).toEqual(['query', 'loadOrders']);
  expect(json.left).toEqual({ verified: true, leftBehind: [] });
}

describe.each([18, 20, 22, 24, 26] as const)('Node %i', (node) => {
  test('names the upstream and the queue before it, and leaves nothing behind', async () => {
    const target = await start('slow-database.cjs', node);
    const before = await askSelf(target);
    const threads = snapshotProc(target.pid).threads;
    const { json, folder: recording } = await recordUnderLoad(target, 1);
    expectSlowDatabase(json, before.port as number);
    await until(() => snapshotProc(target.pid).threads <= threads, 5000, 'the bridge thread ends');
    expect(await askSelf(target)).toEqual(before);
    // The recording tells the same without the process.
    const { stdout } = await runHolter(['async', recording]);
    expect(stdout).toContain(`upstream 127.0.0.1:${before.port}`);
    expect(stdout).toContain('2 in flight of 2');
    expect(stdout).toContain('Slowest request  GET /');
    // So does its page, which lies beside it.
    const page = join(folder, `page-${node}.html`);
    expect((await runHolter(['open', join(recording, 'async.json'), '-o', page])).stdout).toBe(`${page}\n`);
    const html = await readFile(page, 'utf8');
    expect(html).toContain('<title>holter async slow-database.cjs pid');
    expect((await readFile(join(recording, 'async.html'), 'utf8')).length).toBe(html.length);
  });
});

describe.each([20, 24] as const)('Node %i', (node) => {
  test('a killed tool takes its recorder with it', async () => {
    const target = await start('slow-database.cjs', node);
    const before = await askSelf(target);
    let tool = 0;
    const run = runHolter(['async', String(target.pid), '-d', '60s'], {
      act: (pid) => {
        tool = pid;
      },
    });
    await until(
      async () => (await askSelf(target)).writeGeneric === false,
      30_000,
      'the recorder is in the target',
    );
    process.kill(tool, 'SIGKILL');
    expect((await run).signal).toBe('SIGKILL');
    await until(
      async () => JSON.stringify(await askSelf(target)) === JSON.stringify(before),
      30_000,
      'the target is as before',
    );
  });

  test('tells files, names, timers and the pool apart; guards that never fire are no waits', async () => {
    const { json } = await recordUnderLoad(await start('many-waits.cjs', node), 1);
    const timer = find(json, 'timer', /^30 ms$/);
    expect(timer.site).toMatchObject({ function: 'pause', line: 9 });
    expect(timer.median).toBeGreaterThan(28);
    expect(find(json, 'pool', /^pbkdf2$/).site).toMatchObject({ function: 'answer', line: 21 });
    expect(find(json, 'dns', /^localhost$/).site).toMatchObject({ function: 'answer', line: 19 });
    expect(find(json, 'fs', /^readFile$/).site?.file).toMatch(/many-waits\.cjs$/);
    expect(json.waits.groups.filter(({ subject }) => subject === '5000 ms')).toEqual([]);
    const shares = json.waits.groups.reduce((sum, { requestShare }) => sum + requestShare, 0);
    // One after the other: nothing overlaps but the parts of one readFile.
    expect(shares + json.waits.runningShare + json.waits.unexplainedShare).toBeGreaterThan(90);
    expect(shares + json.waits.runningShare + json.waits.unexplainedShare).toBeLessThan(115);
  });

  test('names client requests by route, of fetch and of node:http', async () => {
    const { json } = await recordUnderLoad(await start('fetching.cjs', node), 1);
    const prices = find(json, 'http-client', /^GET http:\/\/127\.0\.0\.1:\d+\/prices\/:id$/);
    const stock = find(json, 'http-client', /^GET http:\/\/127\.0\.0\.1:\d+\/stock\/:id$/);
    expect(prices.site?.function).toBe('loadPrices');
    expect(stock.site?.function).toBe('loadStock');
    expect(prices.requestShare).toBeGreaterThan(stock.requestShare);
    expect(prices.requestShare + stock.requestShare).toBeGreaterThan(75);
    // They are not counted a second time as sockets.
    expect(json.waits.groups.filter(({ kind }) => kind === 'peer')).toEqual([]);
  });

  test('a process without requests: what waits, by line; Ctrl-C keeps what there is', async () => {
    const target = await start('no-requests.cjs', node);
    const out = join(folder, String(recordings++));
    const threads = snapshotProc(target.pid).threads;
    let tool = 0;
    const run = runHolter(['async', String(target.pid), '-d', '60s', '-o', out, '--json'], {
      act: (pid) => {
        tool = pid;
      },
    });
    await until(
      () => snapshotProc(target.pid).threads > threads && target.stderr().includes('attached'),
      30_000,
      'the tool is attached',
    );
    const refreshes = (): number => target.stdout().split('refreshed').length;
    const enough = refreshes() + 15;
    await until(() => refreshes() >= enough, 30_000, 'fifteen timers more');
    process.kill(tool, 'SIGINT');
    const { stdout, code } = await run;
    expect(code).toBe(0);
    const json = JSON.parse(stdout) as AsyncJson;
    expect(json.window.end.kind).toBe('interrupted');
    expect(json.waits.basis).toBe('window');
    const far = find(json, 'timer', /^60000 ms$/);
    expect(far.site).toMatchObject({ function: 'refresh', line: 6 });
    expect(far.waitingNow).toBeGreaterThan(3);
    expect(find(json, 'timer', /^20 ms$/).site).toMatchObject({ function: 'pause', line: 3 });
    expect(json.left).toEqual({ verified: true, leftBehind: [] });
  });
});

test('a recording without operations is refused with what to do', async () => {
  const { code, stderr } = await runHolter(['async', join(folder, 'none', 'here')]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/^holter: /);
});
