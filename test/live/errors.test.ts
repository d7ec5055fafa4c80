import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorLog } from '../../src/async/error-log.ts';
import { HOLTER, until } from './built.ts';
import { diagnose, findingsOf } from './diagnose.ts';
import {
  load,
  type NodeMajor,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

const STOPPER = join(import.meta.dirname, 'stop-in-pause.mjs');
const DIST = join(HOLTER, '../..');

/** `T` stopped, `R`, `S`, …: the letter after the name in brackets (proc(5), stat). */
function stateOf(pid: number): string {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    // It ended, and its exit is on its way to us.
    return '';
  }
}

const APART = { nodeArgs: ['--inspect-port=0'] };
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holter-errors-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SICK: [string, NodeMajor, string][] = [
  ['errors-sync.mjs', 20, 'TypeError: Cannot read properties of undefined'],
  ['errors-sync.mjs', 24, 'TypeError: Cannot read properties of undefined'],
  ['errors-sync.mjs', 18, 'TypeError: Cannot read properties of undefined'],
  ['errors-async.mjs', 20, 'RangeError: shelf'],
  ['errors-async.mjs', 24, 'RangeError: shelf'],
  ['errors-async.mjs', 26, 'RangeError: shelf'],
  ['errors-passed.cjs', 20, 'Error: user 7 has two addresses'],
  ['errors-passed.cjs', 24, 'Error: user 7 has two addresses'],
  ['errors-passed.cjs', 22, 'Error: user 7 has two addresses'],
  ['errors-uncaught.mjs', 20, 'TypeError: Cannot read properties of null'],
  ['errors-uncaught.mjs', 24, 'TypeError: Cannot read properties of null'],
];

const HEALTHY: [string, NodeMajor][] = [
  ['errors-sync.healthy.mjs', 20],
  ['errors-async.healthy.mjs', 24],
  ['errors-passed.healthy.cjs', 22],
  ['errors-uncaught.healthy.mjs', 26],
];

interface Self {
  channels: Record<string, boolean>;
  [key: string]: unknown;
}

/** What the target itself says of what a recorder might leave. */
async function askSelf(target: TargetProcess): Promise<Self> {
  const answer = await fetch(`${target.url}/self`, { headers: { connection: 'close' } });
  return (await answer.json()) as Self;
}

describe.concurrent('application errors', () => {
  test.each(SICK)('%s on Node %i is named with error, function and line', async (name, node, error) => {
    const out = join(folder, `${name}-${node}`);
    const { report, expected } = await diagnose(targetFile(name), node, {
      ...APART,
      args: ['-d', '6s', '-o', out],
    });
    const finding = report.findings.find(({ kind }) => kind === 'application-errors');
    expect(
      finding?.title ?? '',
      `${findingsOf(report)} | ${report.gaps.join('; ')} | ${report.checked.join(' ')}`,
    ).toContain(error);
    const place = finding?.where[0];
    expect(expected.functions, findingsOf(report)).toContain(place?.function);
    expect(expected.lines).toContain(place?.line);
    expect(basename(place?.file ?? '')).toBe(name);
    expect(finding?.source?.blamedLine).toBe(expected.line);
    expect(report.findings.filter(({ kind }) => kind === 'application-errors')).toHaveLength(1);
    expect(report.left).toEqual({ verified: true, leftBehind: [] });
    const log = JSON.parse(readFileSync(join(out, 'errors.json'), 'utf8')) as ErrorLog;
    expect(log.pauses.length).toBeLessThanOrEqual(50);
    expect(report.actions.map(({ what }) => what)).toContain('counter of answers taken out');
  });

  test.each(HEALTHY)('healthy control %s on Node %i: no errors found', async (name, node) => {
    const { report } = await diagnose(targetFile(name), node, { ...APART, args: ['-d', '5s'] });
    expect(report.checked).toContain('application-errors');
    expect(report.findings.filter(({ kind }) => kind !== 'cpu-starved').map(({ title }) => title)).toEqual(
      [],
    );
  });
});

describe.each([20, 24] as const)('Node %i', (node) => {
  test('looking for errors leaves nothing behind, nor does a tool that is killed or stopped in a pause', async () => {
    const target = await startTarget(targetFile('errors/self.mjs'), { node, ...APART });
    const enough = new AbortController();
    const loading = load(target.url, { connections: 4, rate: 200, seconds: 60, signal: enough.signal });
    loading.catch(() => {});
    try {
      const before = await askSelf(target);
      const threads = snapshotProc(target.pid).threads;
      const run = (seconds: number) =>
        spawn(process.execPath, [HOLTER, 'doctor', String(target.pid), '-d', `${seconds}s`, '--json'], {
          stdio: 'ignore',
        });
      const isBack = async () =>
        JSON.stringify(await askSelf(target)) === JSON.stringify(before) &&
        snapshotProc(target.pid).threads <= threads;
      const isSampling = async () => (await askSelf(target)).writeHead === false;

      const whole = run(5);
      const ended = new Promise((resolve) => whole.once('close', resolve));
      await until(isSampling, 30_000, 'errors are looked for');
      await ended;
      await until(isBack, 10_000, 'the target is as before');

      // Nobody answers a pause: the connection breaks, or the tool sleeps.
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const tool = spawn(process.execPath, [STOPPER, String(target.pid), DIST, signal], {
          stdio: 'ignore',
        });
        const isOver = () => tool.signalCode === 'SIGKILL' || stateOf(tool.pid as number) === 'T';
        await until(isOver, 30_000, `the tool got ${signal} while the target stood`);
        for (let i = 0; i < 10; i++) await askSelf(target);
        tool.kill('SIGKILL');
        await until(isBack, 10_000, `the target is as before ${signal}`);
      }
    } finally {
      enough.abort();
      await target.stop();
    }
  });
});
