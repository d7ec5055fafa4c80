import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHolter } from './built.ts';
import { NODE_MAJORS, nodeBinary } from './target-process.ts';

/** What a core tells of a process that V8 ended: compared with what the process wrote to stderr. */
const BY_KERNEL = /^[\w.%-]+$/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim());
const GROW = `const kept = []; class Hog { constructor(i) { this.list = new Array(100).fill(i); } }
  require('net').createServer(() => {}).listen(0, '127.0.0.1');
  setTimeout(function later() {}, 60000);
  setTimeout(function grow() { for (let i = 0; ; i++) kept.push(new Hog(i)); }, 50);`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-info-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runHolter([...args, '--json']);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  return JSON.parse(stdout) as T;
}

describe.skipIf(!BY_KERNEL).each(NODE_MAJORS)('Node %i, out of memory', (node) => {
  it('tells the message, the limit that was reached, where it was started, and what it served', async () => {
    const own = mkdtempSync(join(folder, 'made-'));
    const { stderr } = spawnSync(
      '/bin/sh',
      ['-c', 'ulimit -c unlimited; exec "$0" --max-old-space-size=25 -e "$1"', nodeBinary(node), GROW],
      { cwd: own, encoding: 'utf8', env: { ...process.env, PWD: own, MY_TOKEN: 'hush' } },
    );
    const [name] = readdirSync(own);
    const core = join(own, name!);
    const info = await json<{
      cwd: string;
      crash: { name: string; meaning: string; reason: string; message: string; messageFrom: string };
      heaps: { limitBytes: number; spaces: { name: string; usedBytes: number }[] }[];
      environment: string[];
    }>('core', 'info', core, '--env');
    const told = /FATAL ERROR: .*/.exec(stderr)?.[0];
    expect(told).toBeDefined();
    expect(info.crash).toMatchObject({
      name: 'SIGABRT',
      meaning: 'it ended itself with abort()',
      message: told,
    });
    expect(info.crash.messageFrom).toMatch(/on the stack/);
    expect(info.cwd).toBe(own);
    expect(info.environment).toContain('MY_TOKEN=***');
    expect(info.heaps[0]?.limitBytes).toBe(25 * 2 ** 20);
    const old = info.heaps[0]?.spaces.find((space) => space.name === 'old_space')?.usedBytes;
    expect(old).toBeGreaterThan(15e6);

    const { loops } = await json<{
      loops: {
        handles: { kind: string; isListening: boolean }[];
        timers: { callback: string; dueMs: number }[];
      }[];
    }>('core', 'handles', core);
    expect(loops).toHaveLength(1);
    expect(loops[0]?.handles).toMatchObject([{ kind: 'TCP', isListening: true }]);
    const due = loops[0]?.timers.find(({ callback }) => callback === 'later')?.dueMs;
    expect(due).toBeGreaterThan(50_000);
    expect(due).toBeLessThan(60_001);
    rmSync(own, { recursive: true });
  });
});
