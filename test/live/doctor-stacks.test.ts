import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { runDoctor, until } from './built.ts';
import { load, type NodeMajor, startTarget, type TargetProcess, targetFile } from './target-process.ts';

/** What the doctor says of processes whose inspector cannot be had: by their stacks, read from memory. */
let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

async function start(name: string, node: NodeMajor, nodeArgs: string[] = []): Promise<TargetProcess> {
  target = await startTarget(targetFile(name), { node, nodeArgs });
  return target;
}

async function getsStuck({ pid, url }: TargetProcess, path: string): Promise<void> {
  const ticks = (): number => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[11]);
  };
  const from = ticks();
  get(url + path).on('error', () => {});
  await until(() => ticks() >= from + 10, 10_000, 'the target is busy');
}

describe('a process that does not answer', () => {
  const cases: [string, NodeMajor, string[], string, string, string, number][] = [
    ['native code', 20, [], 'stuck-pbkdf2.mjs', '/key', 'deriveKey', 6],
    ['its own handler for SIGUSR1', 26, [], 'stack/own-signal.cjs', '/stuck', 'spin', 15],
    ['--disable-sigusr1', 24, ['--disable-sigusr1'], 'stack/own-signal.cjs', '/stuck', 'spin', 15],
  ];
  test.each(cases)(
    '%s on Node %i: function, line, text',
    async (_why, node, flags, name, path, own, line) => {
      const { pid } = await start(name, node, flags);
      await getsStuck(target!, path);
      const report = await runDoctor([String(pid), '-d', '8s']);
      const finding = report.findings.find(({ kind }) => kind === 'event-loop-stuck');
      expect([finding?.where[0]?.function, finding?.where[0]?.line]).toEqual([own, line]);
      expect(finding?.source?.blamedLine).toBe(line);
      expect(finding?.confidence).toBeGreaterThan(0.9);
      // What was done to it is told, and it runs on.
      const looks = report.actions.filter(({ what }) => /stack of the main thread/.test(what));
      expect(looks.length).toBeGreaterThanOrEqual(4);
      expect(report.window.end.kind).toBe('stuck');
      expect(report.left).toEqual({ verified: true, leftBehind: [] });
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^State:\t[RS]/m);
    },
  );
});

test('a server that is busy, with its own handler for SIGUSR1: many short calls are not taken for one', async () => {
  const { pid, url } = await start('stack/own-signal.cjs', 22);
  const loading = load(url, { connections: 4, seconds: 9 });
  await until(() => /^State:\tR/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')), 10_000, 'busy');
  const report = await runDoctor([String(pid), '-d', '6s']);
  expect(report.findings.filter(({ kind }) => kind === 'event-loop-stuck')).toEqual([]);
  expect(report.window.end.kind).toBe('complete');
  expect((await loading).errors).toBe(0);
});
