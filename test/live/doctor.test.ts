import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runDoctor } from './built.ts';
import { diagnose, findingsOf } from './diagnose.ts';
import { NODE_MAJORS, type NodeMajor, targetFile } from './target-process.ts';

/** One sick program per rule; test/targets and bench/verdicts hold many more, judged by `node bench/verdicts/run.mjs`. */
const SICK: Record<string, string> = {
  'event-loop-blocked': 'sync-hash.mjs',
  'event-loop-stuck': 'stuck-loop.mjs',
  'microtask-starvation': 'promise-loop.mjs',
  'event-loop-spin': 'immediate-storm.mjs',
  'cpu-bound': 'cpu-class.mjs',
  'gc-pressure': 'gc-large-heap.mjs',
  'memory-leak-heap': 'leak-sessions.mjs',
  'memory-leak-external': 'leak-buffers.mjs',
  'out-of-memory-risk': 'oom-soon.mjs',
  'cpu-starved': 'starved.mjs',
  'threadpool-saturated': 'pool-crypto.mjs',
  'threadpool-blocked': 'pool-fifo.mjs',
};

/** Each kind on 20, 24 and one of the others in turn. */
function majorsFor(kind: string): readonly NodeMajor[] {
  const others = NODE_MAJORS.filter((major) => major !== 20 && major !== 24);
  const turn = Object.keys(SICK).indexOf(kind) % others.length;
  return NODE_MAJORS.filter((major) => major === 20 || major === 24 || major === others[turn]);
}

describe.each(Object.entries(SICK))('%s', (kind, name) => {
  test.each(majorsFor(kind))('is named with function and line on Node %i', async (node) => {
    const { report, expected } = await diagnose(targetFile(name), node);
    expect(expected.kind).toBe(kind);
    const finding = report.findings.find((candidate) => candidate.kind === kind);
    expect(finding, findingsOf(report)).toBeDefined();
    if (expected.functions.length > 0) {
      expect(expected.functions).toContain(finding?.where[0]?.function);
      expect(expected.lines).toContain(finding?.where[0]?.line);
      expect(basename(finding?.where[0]?.file ?? '')).toBe(name);
    }
    // It lived through it, and nothing of ours is left.
    expect(report.left).toEqual({ verified: true, leftBehind: [] });
  });
});

/** Each control on one version, all versions covered. */
const HEALTHY = Object.values(SICK)
  .map((name) => name.replace(/\.(\w+)$/, '.healthy.$1'))
  .map((name, index) => [name, NODE_MAJORS[index % NODE_MAJORS.length] as NodeMajor] as const);

test.each(HEALTHY)('healthy control %s on Node %i gets no finding', async (name, node) => {
  const { report } = await diagnose(targetFile(name), node);
  expect(report.findings.map(({ kind, title }) => `${kind}: ${title}`)).toEqual([]);
  expect(report.checked.length).toBeGreaterThan(5);
});

test('TypeScript with a source map: the line is that of the .ts file', async () => {
  const { report, expected } = await diagnose(targetFile('typed-service.ts'), 22);
  const finding = report.findings.find(({ kind }) => kind === expected.kind);
  expect(finding?.where[0]?.file).toMatch(/typed-service\.ts$/);
  expect(expected.lines).toContain(finding?.where[0]?.line);
  expect(finding?.source?.lines.join('\n')).toContain('digest');
});

test('ten seconds are judged within fifteen, and the same recording gives the same verdict offline', async () => {
  const folder = `/tmp/holter-live-${process.pid}-${Date.now()}`;
  const { report } = await diagnose(targetFile('sync-hash.mjs'), 22, {
    args: ['-d', '5s', '-o', folder],
  });
  expect(await runDoctor([folder])).toEqual(report);
  spawnSync('rm', ['-r', folder]);
});

test('a process that answers nothing is told early', async () => {
  const { report } = await diagnose(targetFile('stuck-loop.mjs'), 24, { args: ['-d', '30s'] });
  expect(report.window.end.kind).toBe('stuck');
  // Not wall time: the window itself says when it was closed.
  expect(report.window.seconds).toBeLessThan(5);
});
