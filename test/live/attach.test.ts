import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { built, until } from './built.ts';
import {
  load,
  NODE_MAJORS,
  nodeBinary,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

const { attach } = await built<typeof import('../../src/target/attach.ts')>('target/attach.js');
const { evaluate } = await built<typeof import('../../src/cdp/evaluate.ts')>('cdp/evaluate.js');
const { listOwnListeners } =
  await built<typeof import('../../src/target/own-listeners.ts')>('target/own-listeners.js');

const targets: TargetProcess[] = [];
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});
async function start(
  name: string,
  node: (typeof NODE_MAJORS)[number],
  env?: Record<string, string>,
): Promise<TargetProcess> {
  const target = await startTarget(targetFile(name), { node, ...(env === undefined ? {} : { env }) });
  targets.push(target);
  return target;
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  test('attaches, leaves, and the process looks as if nobody had been there', async () => {
    const target = await start('sync-hash.healthy.mjs', node);
    await load(target.url, { connections: 2, seconds: 1 });
    const before = snapshotProc(target.pid);
    const attachment = await attach(target.pid);
    expect(attachment.facts.pid).toBe(target.pid);
    expect(Number(attachment.facts.node.split('.')[0])).toBe(node);
    // The TCP inspector is closed again while we are still attached.
    expect(listOwnListeners(target.pid).map(({ port }) => port)).toEqual([target.port]);
    expect(await evaluate(attachment.session, 'typeof globalThis[Symbol.for("holter")]')).toBe('object');
    expect(await attachment.leave()).toEqual({ verified: true, leftBehind: [] });
    await until(() => snapshotProc(target.pid).threads <= before.threads, 5000, 'the bridge thread ends');
    expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
    // Node's own lines and no others: listening on, help, attached.
    expect(target.stderr().trim().split('\n').length).toBeLessThanOrEqual(3);
    // A second visit finds nothing of the first.
    const again = await attach(target.pid);
    expect(
      await evaluate(
        again.session,
        'Object.getOwnPropertySymbols(globalThis).filter((s) => s.description === "holter").length',
      ),
    ).toBe(1);
    await again.leave();
  });
});

test('50 visits under load: no failed request, no growth', async () => {
  const target = await start('sync-hash.healthy.mjs', 22);
  await load(target.url, { connections: 4, seconds: 1 });
  const warm = await attach(target.pid);
  await warm.leave();
  await until(() => !snapshotProc(target.pid).threadNames.includes('holter'), 5000, 'the bridge thread ends');
  const before = snapshotProc(target.pid);
  let loading = true;
  const loaded = load(target.url, { connections: 4, rate: 300, seconds: 32 }).finally(() => {
    loading = false;
  });
  let visits = 0;
  const linesBefore = target.stderr().split('\n').length;
  while (visits < 50 && loading) {
    const attachment = await attach(target.pid);
    await evaluate(attachment.session, '1 + 1');
    expect((await attachment.leave()).verified).toBe(true);
    visits++;
  }
  expect(visits).toBe(50);
  const result = await loaded;
  expect(result.errors + result.timeouts + result.non2xx).toBe(0);
  expect(result.requests).toBeGreaterThan(1000);
  await until(() => snapshotProc(target.pid).threads <= before.threads, 5000, 'threads as before');
  // Connections of the load generator are gone too; descriptors of the process itself must not have grown.
  await until(() => snapshotProc(target.pid).fdCount <= before.fdCount, 5000, 'descriptors as before');
  expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
  expect(target.stderr().split('\n').length - linesBefore).toBeLessThanOrEqual(50 * 3);
});

test('two processes are attached at the same moment, each by its own inspector', async () => {
  const [a, b] = await Promise.all([start('sync-hash.healthy.mjs', 22), start('sync-hash.healthy.mjs', 24)]);
  const [first, second] = await Promise.all([attach(a.pid), attach(b.pid)]);
  expect([first.facts.pid, second.facts.pid]).toEqual([a.pid, b.pid]);
  await Promise.all([first.leave(), second.leave()]);
  expect(a.stderr() + b.stderr()).not.toContain('address already in use');
});

test('an inspector that was open before is used and left open', async () => {
  const target = await startTarget(targetFile('sync-hash.healthy.mjs'), {
    node: 22,
    nodeArgs: ['--inspect=0'],
  });
  targets.push(target);
  const before = listOwnListeners(target.pid);
  expect(before.length).toBe(2);
  const attachment = await attach(target.pid);
  expect(attachment.inspectorOpenMs).toBe(0);
  expect((await attachment.leave()).verified).toBe(true);
  expect(listOwnListeners(target.pid)).toEqual(before);
});

test('a port that another process holds is named, and the target is not signalled', async () => {
  const holder = spawn(nodeBinary(20), [
    '-e',
    'require("net").createServer().listen(9229, "127.0.0.1", () => console.log("up"))',
  ]);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  try {
    const target = await start('sync-hash.healthy.mjs', 22);
    await expect(attach(target.pid)).rejects.toMatchObject({
      code: 'E_INSPECTOR_PORT_TAKEN',
      message: expect.stringContaining(`process ${holder.pid}`),
    });
    expect(target.stderr()).toBe('');
  } finally {
    holder.kill('SIGKILL');
  }
});

test('a process that removed its SIGUSR1 handler is not signalled: it would die', async () => {
  const child = spawn(nodeBinary(22), [
    '-e',
    'const f = () => {}; process.on("SIGUSR1", f); setTimeout(() => { process.off("SIGUSR1", f); console.log("off") }, 50); setInterval(() => {}, 1000)',
  ]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    await expect(attach(child.pid as number)).rejects.toMatchObject({ code: 'E_SIGNAL_UNSAFE' });
    expect(child.exitCode ?? child.signalCode).toBeNull();
    const forced = await attach(child.pid as number, { force: true });
    expect(await evaluate(forced.session, 'process.pid')).toBe(child.pid);
    expect((await forced.leave()).verified).toBe(true);
    expect(child.exitCode ?? child.signalCode).toBeNull();
  } finally {
    child.kill('SIGKILL');
  }
});

test('--disable-sigusr1 is told, not forced', async () => {
  const child = spawn(nodeBinary(24), [
    '--disable-sigusr1',
    '-e',
    'console.log("up"); setInterval(() => {}, 1000)',
  ]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    await expect(attach(child.pid as number)).rejects.toMatchObject({ code: 'E_INSPECTOR_DISABLED' });
  } finally {
    child.kill('SIGKILL');
  }
});

test('an application that handles SIGUSR1 itself is recognised, and left alone', async () => {
  const child = spawn(nodeBinary(22), [
    '-e',
    'process.on("SIGUSR1", () => console.log("mine")); console.log("up"); setInterval(() => {}, 1000)',
  ]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    await expect(attach(child.pid as number)).rejects.toMatchObject({ code: 'E_INSPECTOR_NO_ANSWER' });
    const forced = await attach(child.pid as number, { force: true });
    expect(await evaluate(forced.session, 'process.pid')).toBe(child.pid);
    expect((await forced.leave()).verified).toBe(true);
  } finally {
    child.kill('SIGKILL');
  }
});

test('cluster primary: its workers are left as they were', async () => {
  const file = fileURLToPath(new URL('./programs/cluster.cjs', import.meta.url));
  const target = await startTarget(file, { node: 22 });
  targets.push(target);
  const { listChildren } = await built<typeof import('../../src/linux/threads.ts')>('linux/threads.js');
  const attachment = await attach(target.pid);
  expect((await attachment.leave()).verified).toBe(true);
  const workers = listChildren(target.pid);
  expect(workers.length).toBe(2);
  await until(
    () => workers.every((pid) => listOwnListeners(pid).length === 0),
    3000,
    'no inspector in the workers',
  );
});

test('kill -9 of holter at any moment: the target lives on and its inspector is closed', async () => {
  const target = await start('sync-hash.healthy.mjs', 24);
  const visitor = fileURLToPath(new URL('./visitor.mjs', import.meta.url));
  for (const pauseMs of [40, 70, 90, 110, 130, 160, 200, 300]) {
    const child = spawn(process.execPath, [visitor, String(target.pid)], { stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    child.kill('SIGKILL');
    await until(
      () => listOwnListeners(target.pid).length === 1,
      5000,
      `inspector closed after a kill at ${pauseMs} ms`,
    );
  }
  await until(
    () => !snapshotProc(target.pid).threadNames.includes('holter'),
    15_000,
    'the bridge thread ends',
  );
  const result = await load(target.url, { connections: 2, seconds: 1 });
  expect(result.errors).toBe(0);
  expect(existsSync(`/proc/${target.pid}`)).toBe(true);
});
