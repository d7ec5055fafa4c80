import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { KernelReport } from '../../src/perf/kernel-report.ts';
import { runHolter, until } from './built.ts';
import { NODE_MAJORS, startTarget, type TargetProcess, targetFile } from './target-process.ts';

/** `holter perf kernel`: what the kernel's tracer tells of programs whose work is known. */

const PLACE = '/sys/kernel/tracing';
let unmount = false;
function whyNoTracer(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync(PLACE)) return 'this kernel has no tracefs';
  try {
    if (!existsSync(`${PLACE}/instances`)) {
      execFileSync('mount', ['-t', 'tracefs', 'tracefs', PLACE], { stdio: 'pipe' });
      unmount = true;
    }
    return existsSync(`${PLACE}/uprobe_events`) ? undefined : 'this kernel has no uprobes';
  } catch (error) {
    return (error as Error).message;
  }
}
const noTracer = whyNoTracer();
if (noTracer !== undefined) process.stderr.write(`perf-kernel.test.ts did not run: ${noTracer}\n`);

/** What visits left in the tracer. */
function leftovers(): string[] {
  return [
    ...readdirSync(`${PLACE}/instances`).filter((name) => name.startsWith('holter')),
    ...readFileSync(`${PLACE}/uprobe_events`, 'utf8')
      .split('\n')
      .filter((line) => line.includes('holter')),
  ];
}

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});
beforeAll(() => {
  if (noTracer === undefined) expect(leftovers()).toEqual([]);
});
afterAll(() => {
  if (unmount) execFileSync('umount', [PLACE], { stdio: 'ignore' });
});

async function kernel(pid: number, duration: string): Promise<KernelReport> {
  const { code, stdout, stderr } = await runHolter(['perf', 'kernel', String(pid), '-d', duration, '--json']);
  expect(`${code} ${stderr}`).toBe('0 ');
  return JSON.parse(stdout) as KernelReport;
}

describe.skipIf(noTracer !== undefined)('holter perf kernel', () => {
  it.each(NODE_MAJORS)('times pool, loop, collections and system calls of Node %i', async (node) => {
    target = await startTarget(targetFile('perf/pool.cjs'), { node, nodeArgs: ['--expose-gc'] });
    const report = await kernel(target.pid, '2s');
    expect([report.missing, report.lost]).toEqual([[], 0]);
    const work = report.pool.run.find(({ kind }) => kind === 'work')!.run;
    expect(work.count).toBeGreaterThanOrEqual(8);
    // Eight equal tasks, four threads: half of them wait as long as one takes.
    expect(report.pool.wait.p95Ms).toBeGreaterThan(work.medianMs * 0.4);
    expect(report.pool.wait.p95Ms).toBeLessThan(work.maxMs * 4);
    expect(report.pool.run.some(({ kind }) => kind === 'fs')).toBe(true);
    expect(report.loop.busy.maxMs).toBeGreaterThan(29);
    expect(report.loop.wait.count).toBeGreaterThan(0);
    const rounds = work.count / 8;
    const full = report.gc
      .filter(({ kind }) => kind === 'mark-compact')
      .reduce((sum, { pause }) => sum + pause.count, 0);
    expect(full).toBeGreaterThanOrEqual(Math.floor(rounds) - 1);
    expect(report.systemCalls.find(({ name }) => name.startsWith('epoll_'))?.main.count).toBeGreaterThan(0);
    const main = report.offCpu.filter(({ thread }) => thread === 'main');
    expect(main[0]?.why).toMatch(/^epoll_|ready to run/);
    // All of the main thread's time is one or the other.
    const seen = report.loop.busy.totalMs + report.loop.wait.totalMs;
    expect(seen / (report.seconds * 1000)).toBeGreaterThan(0.8);
    expect(seen / (report.seconds * 1000)).toBeLessThan(1.1);
    expect(leftovers()).toEqual([]);
  });

  it('is gone from the kernel when it is interrupted or killed, and the target goes on', async () => {
    target = await startTarget(targetFile('perf/pool.cjs'), { node: 22, nodeArgs: ['--expose-gc'] });
    const { pid } = target;
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const done = runHolter(['perf', 'kernel', String(pid), '-d', '60s', '--json'], {
        act: (holter) => {
          void until(() => leftovers().length > 10, 20_000, 'probes').then(() =>
            process.kill(holter, signal),
          );
        },
      });
      const { code, stdout } = await done;
      if (signal === 'SIGINT')
        expect([code, (JSON.parse(stdout) as { schema: string }).schema]).toEqual([0, 'holter.kernel/1']);
      await until(() => leftovers().length === 0, 20_000, 'the guard');
      process.kill(pid, 0);
    }
  });

  it('prints the same as a script without touching anything', async () => {
    target = await startTarget(targetFile('perf/pool.cjs'), { node: 24, nodeArgs: ['--expose-gc'] });
    const { code, stdout } = await runHolter(['perf', 'kernel', String(target.pid), '--print-bpftrace']);
    expect(code).toBe(0);
    expect(stdout.match(/^uprobe:\/.*:0x[0-9a-f]+ \/pid == \d+\/ \{/gm)?.length).toBeGreaterThanOrEqual(7);
    expect(stdout).not.toContain('no such symbol');
    expect(leftovers()).toEqual([]);
  });

  it('ends when the target does', async () => {
    target = await startTarget(targetFile('perf/pool.cjs'), { node: 26, nodeArgs: ['--expose-gc'] });
    const { pid } = target;
    const { code } = await runHolter(['perf', 'kernel', String(pid), '-d', '60s', '--json'], {
      act: () => {
        void until(() => leftovers().length > 10, 20_000, 'probes').then(() => process.kill(pid, 'SIGKILL'));
      },
    });
    expect(code).toBe(0);
    expect(leftovers()).toEqual([]);
  });
});

it.skipIf(process.getuid?.() !== 0)('says who may use it', async () => {
  target = await startTarget(targetFile('perf/pool.cjs'), { node: 22, nodeArgs: ['--expose-gc'] });
  const { code, stderr } = await runHolter(['perf', 'kernel', '999999']);
  expect([code, stderr]).toEqual([3, expect.stringContaining('E_NO_SUCH_PROCESS')]);
});
