import { execFileSync, spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { CpuJson } from '../../src/render/cpu-json.ts';
import { runDoctor, runHolter } from './built.ts';
import { startTarget, type TargetProcess } from './target-process.ts';

/** The walkthroughs 7 and 17 as far as `holter perf` shows them. */
const EXAMPLES = resolve(dirname(fileURLToPath(import.meta.url)), '../../examples');

function whyNoPerf(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    execFileSync('perf', ['record', '-q', '-o', '/dev/null', '-e', 'cpu-clock', '--', 'true'], {
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return String((error as Error).message).split('\n')[0];
  }
}
const noPerf = whyNoPerf();
if (noPerf !== undefined) process.stderr.write(`perf-examples.test.ts did not run: ${noPerf}\n`);

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

async function perf(pid: number): Promise<CpuJson> {
  const { code, stdout, stderr } = await runHolter(['perf', String(pid), '-d', '2s', '--json']);
  expect(`${code} ${stderr}`).toBe('0 ');
  return JSON.parse(stdout) as CpuJson;
}

describe.skipIf(noPerf !== undefined)('perf examples', () => {
  it.each([20, 24] as const)('07: JavaScript, C++, libc and vDSO in one graph, on Node %i', async (node) => {
    target = await startTarget(join(EXAMPLES, '07-clock-calls/server.js'), { node });
    const stop = new AbortController();
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stop.signal.aborted)
          await fetch(`${target!.url}/orders`, { signal: stop.signal }).then(
            (answer) => answer.text(),
            () => '',
          );
      }),
    );
    try {
      // The list grows; what is recorded is the server with a few thousand requests behind it.
      const began = performance.now();
      while (performance.now() - began < 2000)
        await fetch(`${target.url}/orders`).then((answer) => answer.text());
      const json = await perf(target.pid);
      const all = json.profiles[0]!;
      expect(all.user[0]).toMatchObject({ name: 'countRecent' });
      expect(all.user[0]!.file).toMatch(/07-clock-calls\/rate-limit\.js$/);
      const names = all.functions.map(({ name }) => name);
      expect(names.some((name) => /clock_gettime/.test(name))).toBe(true);
      expect(names.some((name) => /hrtime/i.test(name))).toBe(true);
      expect(all.split.share.native).toBeGreaterThan(0.2);
    } finally {
      stop.abort();
      await load;
    }
  });

  it('17: native frames only, and doctor says where', async () => {
    target = await startTarget(join(EXAMPLES, '17-native-loop/server.js'), { node: 22 });
    const { port, pid } = target;
    await new Promise((done) =>
      spawn(process.execPath, [join(EXAMPLES, '17-native-loop/client.js'), String(port)]).once('close', done),
    );
    const json = await perf(pid);
    const all = json.profiles[0]!;
    expect(all.split.share.user + all.split.share.core).toBeLessThan(0.1);
    expect(all.split.share.kernel + all.split.share.native).toBeGreaterThan(0.9);
    const report = await runDoctor([String(pid), '-d', '4s']);
    const finding = report.findings.find(({ kind }) => kind === 'native-busy-loop')!;
    expect(finding.evidence.map(({ text }) => text).join('\n')).toMatch(
      /% of its CPU time (?:in|under) .*(?:uv__io_poll|epoll)/,
    );
    expect(report.actions.map(({ what }) => what).join('\n')).toContain('perf record for 1 s');
  });
});
