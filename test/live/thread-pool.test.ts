import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PoolWork, ThreadPool } from '../../src/postmortem/thread-pool.ts';
import { built } from './built.ts';
import { NODE_MAJORS, nodeBinary, targetFile } from './target-process.ts';

let linux: typeof import('../../src/linux/stopped-process.ts');
let symbols: typeof import('../../src/linux/image-symbols.ts');
let pool: typeof import('../../src/postmortem/thread-pool.ts');
let folder: string;
let target: ChildProcess | undefined;

beforeAll(async () => {
  linux = await built('linux/stopped-process.js');
  symbols = await built('linux/image-symbols.js');
  pool = await built('postmortem/thread-pool.js');
  folder = mkdtempSync(join(tmpdir(), 'holter-pool-'));
  spawnSync('mkfifo', [join(folder, 'pipe')]);
});
afterEach(() => {
  target?.kill('SIGKILL');
  target = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function poolOf(pid: number): Promise<{ pool: ThreadPool | undefined; running: PoolWork[] }> {
  const image = await linux.openProcess(pid);
  try {
    const reader = new pool.ThreadPoolReader(image.memory, symbols.symbolsOf(image));
    // Where its threads sleep is told without stopping them.
    const running = readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
      const call = readFileSync(`/proc/${pid}/task/${tid}/syscall`, 'latin1').trim().split(' ');
      const sp = Number(call.at(-2));
      const work = sp > 0 ? reader.runningWork(sp, sp + 65_536) : undefined;
      return work === undefined ? [] : [work];
    });
    return { pool: reader.read(), running };
  } finally {
    image.close();
  }
}

describe.each(NODE_MAJORS)('libuv pool of Node %i, read from outside', (node) => {
  test('whose threads are all blocked: what waits behind them', async () => {
    const threads = node === 22 ? 2 : 4;
    target = spawn(nodeBinary(node), [targetFile('pool/blocked.cjs'), join(folder, 'pipe')], {
      env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(target.stdout!, 'data');
    const { pool: found, running } = await poolOf(target.pid as number);
    const blocked = { kind: 'fs', subject: `open ${join(folder, 'pipe')}` };
    expect(running).toMatchObject(Array.from({ length: threads }, () => blocked));
    expect(found).toMatchObject({ threads, idle: 0, queued: 6, slowQueued: 1, slowRunning: 0 });
    expect(found?.work.filter(({ kind }) => kind === 'fs')).toMatchObject([
      { kind: 'fs', subject: 'stat /etc/hosts' },
    ]);
    expect(found?.work.filter(({ kind }) => kind === 'dns')).toMatchObject([
      { kind: 'dns', subject: 'queued.example' },
    ]);
    expect(found?.work.map(({ kind }) => kind).filter((kind) => kind !== 'fs' && kind !== 'dns')).toEqual([
      'crypto',
      'crypto',
      'crypto',
      'zlib',
    ]);
  });
});

test('a pool that nobody uses', async () => {
  target = spawn(nodeBinary(24), ['-e', 'setInterval(() => {}, 1000); console.log(1)'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(target.stdout!, 'data');
  const { pool: found, running } = await poolOf(target.pid as number);
  expect(found).toMatchObject({ queued: 0, work: [] });
  expect(running).toEqual([]);
});
