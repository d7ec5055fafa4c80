import { afterEach, describe, expect, it } from 'vitest';
import { compileTarget } from './compiled-target.ts';
import { readExpectation } from './target-expectation.ts';
import {
  load,
  NODE_MAJORS,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

describe('target process', () => {
  it.each(NODE_MAJORS)('starts, serves and ends on Node %i', async (node) => {
    target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node });
    const before = snapshotProc(target);
    expect(before.listeners).toEqual([`0100007F:${target.port}`]);
    expect(before.fdCount).toBe(Object.values(before.fds).reduce((sum, n) => sum + n, 0));
    const result = await load(target.url, { connections: 2, rate: 20, seconds: 1 });
    expect(result.requests).toBeGreaterThan(0);
    expect(result.errors + result.non2xx).toBe(0);
    await target.stop();
    expect((await target.exited).signal).toBe('SIGTERM');
    expect(() => snapshotProc(target as TargetProcess)).toThrow();
  });

  it('ends a process that hears no SIGTERM', async () => {
    target = await startTarget(targetFile('stuck-timer.mjs'), { node: 22 });
    expect(target.port).toBe(0);
    await target.stop();
    expect((await target.exited).how).toMatch(/^SIG/);
  });

  it('runs a compiled TypeScript target on a Node without TypeScript', async () => {
    target = await startTarget(compileTarget(targetFile('typed-service.healthy.ts')), { node: 18 });
    expect((await fetch(target.url)).status).toBe(200);
  });

  it('says why a program did not start', async () => {
    await expect(startTarget(targetFile('no-such-file.mjs'), { node: 20 })).rejects.toThrow(/no-such-file/);
  });

  it('reads what is known of a target', () => {
    const known = readExpectation(targetFile('sync-hash.mjs'));
    expect(known).toMatchObject({
      kind: 'event-loop-blocked',
      functions: ['hashPassword'],
      line: 6,
      lines: [6],
    });
    expect(() => readExpectation(targetFile('README.md'))).toThrow(/no "\/\/ holter-expect"/);
  });
});
