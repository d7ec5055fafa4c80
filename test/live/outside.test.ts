import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readProcessStatus } from '../../src/linux/process-status.ts';
import { readBlockedState } from '../../src/metrics/record-blocked-state.ts';
import { type OutsideResult, startOutsideSampling } from '../../src/metrics/record-outside.ts';
import type { SeriesName } from '../../src/metrics/series.ts';
import { median, summarise } from '../../src/metrics/statistics.ts';
import { checkSignalGate, raiseInspectorSemaphore } from '../../src/target/gate.ts';
import { NODE_MAJORS, type NodeMajor, startTarget, type TargetProcess } from './target-process.ts';

/** What is seen from outside, on real processes that are stuck, busy in threads, stopped or dying. */
const folder = mkdtempSync(join(tmpdir(), 'holter-outside-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const targets: TargetProcess[] = [];
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});
async function run(node: NodeMajor, code: string, nodeArgs: string[] = []): Promise<TargetProcess> {
  const file = join(folder, `app-${targets.length}.cjs`);
  writeFileSync(file, code);
  const target = await startTarget(file, { node, nodeArgs });
  targets.push(target);
  return target;
}

async function sample(pid: number, until: () => boolean): Promise<OutsideResult> {
  const sampler = startOutsideSampling(pid, {
    startedMonotonicUs: Number(process.hrtime.bigint() / 1000n),
    intervalMs: 50,
  });
  await poll(() => until() || sampler.exited);
  return sampler.stop();
}

async function poll(done: () => boolean): Promise<void> {
  const until = Date.now() + 20_000;
  while (!done()) {
    if (Date.now() > until) throw new Error('did not happen within 20 s');
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

function valuesOf(result: OutsideResult, name: SeriesName): Float64Array {
  const series = result.series.find((candidate) => candidate.name === name);
  expect(series, name).toBeDefined();
  return series!.value;
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  test('threads are told apart by what they do, also while the main thread is stuck', async () => {
    const target = await run(
      node,
      `const { Worker } = require('node:worker_threads');
       const { pbkdf2 } = require('node:crypto');
       let hashed = 0;
       for (let i = 0; i < 4; i++) pbkdf2('a', 'b', 1000, 64, 'sha512', () => hashed++);
       const spinner = new Worker('require("worker_threads").parentPort.postMessage(0); for (;;);', { eval: true, name: 'spinner' });
       const sleeper = new Worker('require("worker_threads").parentPort.postMessage(0); setInterval(() => {}, 1000)', { eval: true });
       let up = 0;
       for (const worker of [spinner, sleeper]) worker.on('message', () => up++);
       const timer = setInterval(() => {
         if (up < 2 || hashed < 4) return;
         clearInterval(timer);
         require('node:fs').writeSync(1, 'ready\\n');
         for (;;);
       }, 5);`,
    );
    const before = Date.now();
    const result = await sample(target.pid, () => Date.now() - before > 1500);
    const roles = result.threads.map(({ role }) => role);
    expect(roles.filter((role) => role === 'main')).toHaveLength(1);
    expect(roles.filter((role) => role === 'worker')).toHaveLength(2);
    expect(roles.filter((role) => role === 'pool')).toHaveLength(4);
    expect(roles.filter((role) => role === 'v8').length).toBeGreaterThanOrEqual(2);
    expect(roles.filter((role) => role === 'unknown')).toHaveLength(0);
    // Both spin; how much they get depends on who else wants the machine, but nobody else in the process wants anything.
    const main = median(valuesOf(result, 'cpu.main_percent'));
    const workers = median(valuesOf(result, 'cpu.workers_percent'));
    expect(main).toBeGreaterThan(8);
    expect(workers).toBeGreaterThan(8);
    expect(median(valuesOf(result, 'cpu.pool_percent'))).toBeLessThan(5);
    expect(median(valuesOf(result, 'cpu.other_percent'))).toBeLessThan(5);
    // Running and waiting for a CPU together are all of the time of a thread that never sleeps.
    expect(main + median(valuesOf(result, 'sched.main_wait_percent'))).toBeGreaterThan(75);
    expect(valuesOf(result, 'memory.rss_bytes').every((bytes) => bytes > 20e6)).toBe(true);
    expect(valuesOf(result, 'handles.fds').every((count) => count > 5)).toBe(true);
    for (const { time } of result.series) expect([...time]).toEqual([...time].sort((a, b) => a - b));
    expect(valuesOf(result, 'cpu.main_percent').length).toBeGreaterThan(10);
  });

  test('the inspector opens without a signal, and the own SIGUSR1 handler does not run', async () => {
    const target = await run(
      node,
      "process.on('SIGUSR1', () => console.log('handler ran')); setInterval(() => {}, 1000); console.log('ready');",
      ['--inspect-port=0'],
    );
    expect(checkSignalGate(target.pid)).toEqual({ safe: true });
    const { pauseMs } = await raiseInspectorSemaphore(target.pid);
    await poll(() => target.stderr().includes('Debugger listening on ws://127.0.0.1:'));
    expect(pauseMs).toBeGreaterThan(0);
    expect(target.stdout()).not.toContain('handler ran');
    expect(readProcessStatus(target.pid)?.state).not.toBe('T');
  });

  test('a removed handler closes the gate', async () => {
    const target = await run(
      node,
      `const f = () => {}; process.on('SIGUSR1', f); process.removeListener('SIGUSR1', f);
       setInterval(() => {}, 1000); console.log('ready');`,
    );
    expect(checkSignalGate(target.pid)).toMatchObject({ safe: false, reason: 'not-caught' });
  });
});

test.each([22, 24, 26] as const)(
  'Node %i --disable-sigusr1: gate closed, no way without a signal either',
  async (node) => {
    const target = await run(node, "setInterval(() => {}, 1000); console.log('ready');", [
      '--disable-sigusr1',
    ]);
    expect(checkSignalGate(target.pid)).toMatchObject({ safe: false, reason: 'blocked' });
    await expect(raiseInspectorSemaphore(target.pid)).rejects.toMatchObject({ code: 'E_INSPECTOR_DISABLED' });
  },
);

test('what somebody stopped stays stopped', async () => {
  const target = await run(22, "setInterval(() => {}, 1000); console.log('ready');");
  process.kill(target.pid, 'SIGSTOP');
  await poll(() => readProcessStatus(target.pid)?.state === 'T');
  await expect(raiseInspectorSemaphore(target.pid)).rejects.toMatchObject({ code: 'E_SIGNAL_UNSAFE' });
  expect(readProcessStatus(target.pid)?.state).toBe('T');
  process.kill(target.pid, 'SIGCONT');
});

test('series end when the process does', async () => {
  const target = await run(24, "setTimeout(() => process.exit(), 400); console.log('ready');");
  const result = await sample(target.pid, () => false);
  expect(result.exitedAtMs).toBeGreaterThan(0);
  for (const { time } of result.series) expect(time.at(-1)).toBeLessThanOrEqual(result.exitedAtMs!);
  expect(summarise(result.series.find(({ name }) => name === 'memory.rss_bytes')!).max).toBeGreaterThan(20e6);
});

test('a process that is not there gives an empty result', async () => {
  const result = await sample(4_194_305, () => false);
  expect(result).toMatchObject({ series: [], threads: [], exitedAtMs: expect.any(Number) });
  expect(await readBlockedState(4_194_305)).toBeUndefined();
});

describe('blocked outside of JavaScript', () => {
  test('execSync: the child and its command line', async () => {
    const target = await run(
      20,
      "setTimeout(() => require('node:child_process').execSync('sleep 31.7'), 1); console.log('ready');",
    );
    let state = await readBlockedState(target.pid);
    for (let tries = 0; tries < 40 && state?.children.length === 0; tries++)
      state = await readBlockedState(target.pid);
    expect(state?.children[0]?.command).toMatch(/sleep 31\.7/);
    expect(state).toMatchObject({ state: 'S', syscall: expect.stringMatching(/^epoll/) });
    expect(state?.cpuPercent).toBeLessThan(20);
    for (const child of state?.children ?? []) process.kill(child.pid, 'SIGKILL');
  });

  test('a FIFO nobody writes to: system call and path', async () => {
    const fifo = join(folder, 'queue.fifo');
    execFileSync('mkfifo', [fifo]);
    const target = await run(
      24,
      `setTimeout(() => require('node:fs').readFileSync(${JSON.stringify(fifo)}), 1); console.log('ready');`,
    );
    let state = await readBlockedState(target.pid);
    for (let tries = 0; tries < 40 && state?.file !== fifo; tries++)
      state = await readBlockedState(target.pid);
    expect(state).toMatchObject({ state: 'S', syscall: 'openat', file: fifo, children: [] });
  });

  test('native computing: running, on CPU', async () => {
    const target = await run(
      26,
      "setTimeout(() => require('node:crypto').pbkdf2Sync('a', 'b', 5e7, 64, 'sha512'), 1); console.log('ready');",
    );
    let state = await readBlockedState(target.pid);
    for (let tries = 0; tries < 40 && !(state!.cpuPercent > 15); tries++)
      state = await readBlockedState(target.pid);
    expect(state).toMatchObject({ state: 'R', children: [] });
  });
});
