import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { renderPs } from '../../src/render/ps.ts';
import { listNodeProcesses } from '../../src/target/list.ts';
import { describeProcess, type NodeProcess } from '../../src/target/node-process.ts';
import { resolveTarget } from '../../src/target/resolve.ts';
import { NODE_MAJORS, nodeBinary, startTarget, type TargetProcess } from './target-process.ts';

/**
 * `holter ps` and target names on real processes. They print `ready` once all they promise is there. The names carry the
 * pid of the test, because other processes run on the machine too.
 */
const folder = mkdtempSync(join(tmpdir(), 'holter-ps-'));
const tag = `t${process.pid}`;
const SERVER = join(folder, `server-${tag}.cjs`);
const CLUSTER = join(folder, `cluster-${tag}.cjs`);
writeFileSync(
  SERVER,
  `const { createServer } = require('node:http');
const { Worker } = require('node:worker_threads');
if (process.env.TITLE) process.title = process.env.TITLE;
if (process.env.BUSY) setInterval(() => { const end = Date.now() + 50; while (Date.now() < end); }, 0);
const workers = Number(process.env.WORKERS ?? 0);
let online = 0;
const listen = () => createServer((_, response) => response.end()).listen(0, '127.0.0.1', function () {
  console.log('listening ' + this.address().port);
});
for (let i = 0; i < workers; i++) {
  new Worker('setInterval(() => {}, 1000)', { eval: true }).on('online', () => { if (++online === workers) listen(); });
}
if (workers === 0) listen();
`,
);
writeFileSync(
  CLUSTER,
  `const cluster = require('node:cluster');
if (cluster.isPrimary) {
  let up = 0;
  for (let i = 0; i < 2; i++) cluster.fork().on('listening', () => { if (++up === 2) console.log('ready'); });
  process.on('SIGTERM', () => { for (const id in cluster.workers) cluster.workers[id].kill(); process.exit(); });
} else require('node:http').createServer(() => {}).listen(Number(process.env.CLUSTER_PORT));
`,
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const targets: TargetProcess[] = [];
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});
async function start(...args: Parameters<typeof startTarget>): Promise<TargetProcess> {
  const target = await startTarget(...args);
  targets.push(target);
  return target;
}

async function rowOf(pid: number): Promise<NodeProcess> {
  const row = (await listNodeProcesses()).find((candidate) => candidate.pid === pid);
  expect(row, `row of ${pid}`).toBeDefined();
  return row!;
}

/** The targets are children of this test, which holter would take for its own. */
const stranger = { ownPid: 1 };

async function poll<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const until = Date.now() + 20_000;
  while (Date.now() < until) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error('did not happen within 20 s');
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  test('port, version, threads, uptime of a server with worker threads', async () => {
    const target = await start(SERVER, { node, env: { WORKERS: '2' } });
    const row = await rowOf(target.pid);
    expect(row).toMatchObject({
      name: `server-${tag}.cjs`,
      ports: [target.port],
      inspector: null,
      cluster: null,
      problem: null,
      container: null,
    });
    expect(row.node).toMatch(new RegExp(`^${node}\\.\\d+\\.\\d+$`));
    expect(row.threads).toBeGreaterThanOrEqual(9);
    expect(row.rssBytes).toBeGreaterThan(20e6);
    expect(row.uptimeSeconds).toBeGreaterThanOrEqual(0);
    expect(row.uptimeSeconds).toBeLessThan(60);
    expect(await resolveTarget(`:${target.port}`)).toMatchObject({ kind: 'process', pid: target.pid });
    expect(await resolveTarget(`server-${tag}`, stranger)).toMatchObject({
      pid: target.pid,
      info: { node: row.node },
    });
    expect(await resolveTarget(`ver-${tag}.c`, stranger)).toMatchObject({ pid: target.pid });
    await expect(resolveTarget(`server-${tag}`)).rejects.toMatchObject({ code: 'E_NO_MATCH' });
  });

  test('a changed title is its name, hostile or not', async () => {
    const title = `api) R 1 (${tag}\n\u001b[31m`;
    const target = await start(SERVER, {
      node,
      args: ['--room-for-the-title-in-argv'],
      env: { TITLE: title },
    });
    const row = await rowOf(target.pid);
    expect(row.name).toBe(title);
    expect(row.ports).toEqual([target.port]);
    expect(await resolveTarget(`R 1 (${tag}`, stranger)).toMatchObject({ pid: target.pid });
    const text = renderPs([row], { columns: 80, color: false, unicode: true });
    expect(text.split('\n')).toHaveLength(4);
    expect(text).not.toContain('\u001b');
  });

  test('an open inspector is told apart from the ports of the application', async () => {
    const target = await start(SERVER, { node, nodeArgs: ['--inspect=127.0.0.1:0'] });
    const row = await rowOf(target.pid);
    // Random port: Node 24 and 26 show it by a thread name, the older ones only while it is the sole loopback listener.
    if (node >= 24) expect([row.inspector, ...row.ports]).toContain(target.port);
    expect([...row.ports, row.inspector].filter((port) => port !== null)).toHaveLength(2);
  });
});

test('busy and idle processes differ in CPU', async () => {
  const [busy, idle] = await Promise.all([
    start(SERVER, { node: 22, env: { BUSY: '1' } }),
    start(SERVER, { node: 22 }),
  ]);
  const rows = await poll(async () => {
    const [busyRow, idleRow] = [await rowOf(busy.pid), await rowOf(idle.pid)];
    // The start of a process costs CPU too; wait until that is over.
    return idleRow.cpuPercent! < 10 ? { busyRow, idleRow } : undefined;
  });
  expect(rows.busyRow.cpuPercent).toBeGreaterThan(rows.idleRow.cpuPercent! + 10);
});

test('cluster: roles, one port held by several is never guessed', async () => {
  const free = await start(SERVER, { node: 24 });
  const port = free.port;
  await free.stop();
  const primary = await start(CLUSTER, { node: 24, env: { CLUSTER_PORT: String(port) } });
  const rows = await listNodeProcesses();
  const workers = rows.filter(({ ppid }) => ppid === primary.pid);
  expect(rows.find(({ pid }) => pid === primary.pid)?.cluster).toBe('primary');
  expect(workers.map(({ cluster }) => cluster)).toEqual(['worker', 'worker']);
  await expect(resolveTarget(`:${port}`)).rejects.toMatchObject({ code: 'E_SEVERAL_MATCHES' });
  const failure = await resolveTarget(`cluster-${tag}.cjs`, stranger).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'E_SEVERAL_MATCHES', exitCode: 2 });
  for (const { pid } of workers) expect((failure as Error).message).toContain(String(pid));
});

test('a renamed binary is Node; a script or program that is none is refused', async () => {
  const renamed = join(folder, 'billing');
  symlinkSync(nodeBinary(22), renamed);
  const child = spawn(renamed, ['-e', 'console.log(1);setInterval(() => {}, 1000)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const sleeper = spawn('sleep', ['60']);
  try {
    await new Promise((ready) => child.stdout.once('data', ready));
    expect((await rowOf(child.pid!)).node).toMatch(/^22\./);
    await expect(resolveTarget(String(sleeper.pid))).rejects.toMatchObject({
      code: 'E_NOT_NODE',
      exitCode: 3,
    });
    expect(describeProcess(sleeper.pid!)?.kind).toBe('none');
  } finally {
    child.kill('SIGKILL');
    sleeper.kill('SIGKILL');
  }
});

test('a zombie is named as such and not listed', async () => {
  // The shell becomes a program that never waits for the Node it started.
  const parent = spawn('sh', ['-c', `${nodeBinary(18)} -e 0 & echo $!; exec sleep 60`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const pid = Number(String(await new Promise((ready) => parent.stdout.once('data', ready))));
    await poll(() => (describeProcess(pid)?.stat.state === 'Z' ? true : undefined));
    await expect(resolveTarget(String(pid))).rejects.toMatchObject({ code: 'E_ZOMBIE', exitCode: 3 });
    expect((await listNodeProcesses({ cpuMs: 0 })).map((row) => row.pid)).not.toContain(pid);
  } finally {
    parent.kill('SIGKILL');
  }
});

test('a process that ends is gone from the list, not an error', async () => {
  const target = await start(SERVER, { node: 20 });
  const listing = listNodeProcesses();
  await target.stop();
  await listing;
  await expect(resolveTarget(String(target.pid))).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS' });
});

test('inside a container: the inner pid is understood, the container named', async () => {
  const child = spawn(
    'unshare',
    [
      '--fork',
      '--pid',
      '--uts',
      '--mount-proc',
      nodeBinary(24),
      '-e',
      'console.log(process.pid);setInterval(() => {}, 1000)',
    ],
    { env: { ...process.env, HOSTNAME: `pod-${tag}`, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let refused = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    refused += text;
  });
  try {
    const inner = await new Promise<number>((ready, fail) => {
      child.stdout.once('data', (text) => ready(Number(String(text))));
      child.once('close', () => fail(new Error(`unshare needs root: ${refused}`)));
    });
    expect(inner).toBe(1);
    const row = await poll(async () => {
      return (await listNodeProcesses({ cpuMs: 0 })).find(({ container }) => container === `pod-${tag}`);
    });
    expect(row.node).toMatch(/^24\./);
    process.kill(row.pid, 'SIGKILL');
  } finally {
    child.kill('SIGKILL');
  }
});
