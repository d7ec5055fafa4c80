import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/doctor/report.ts';
import { type Diagnosis, diagnose, findingsOf } from './diagnose.ts';
import { NODE_MAJORS, type NodeMajor, targetFile } from './target-process.ts';

/** Targets that wait rather than compute: two at a time do not disturb each other. */
function diagnoseEach(
  programs: readonly (readonly [string, NodeMajor])[],
): Promise<(Diagnosis & { name: string; node: NodeMajor })[]> {
  return Promise.all(
    programs.map(async ([name, node]) => ({
      ...(await diagnose(targetFile(name), node, { nodeArgs: ['--inspect-port=0'] })),
      name,
      node,
    })),
  );
}

/** Two doctors, their targets, upstreams and loads on two CPUs: that they are short of CPU is true, and another matter. */
const kindsOf = ({ findings }: DoctorReport): string[] =>
  findings.map(({ kind }) => kind).filter((kind) => kind !== 'cpu-starved');

const SICK: [string, NodeMajor][][] = [
  [
    ['io-slow-upstream.mjs', 20],
    ['io-slow-upstream.mjs', 24],
  ],
  [
    ['io-pool-exhausted.cjs', 24],
    ['io-pool-exhausted.cjs', 26],
  ],
  [
    ['upstream-timeout.mjs', 20],
    ['upstream-timeout.mjs', 24],
  ],
  [
    ['upstream-timeout-request.cjs', 22],
    ['upstream-timeout-race.cjs', 18],
  ],
  [
    ['serialised.mjs', 20],
    ['serialised.mjs', 24],
  ],
];

describe('waiting', () => {
  test.each(
    SICK.map(
      (programs) => [programs.map(([name, node]) => `${name} on ${node}`).join(', '), programs] as const,
    ),
  )('is named with function and line: %s', async (_title, programs) => {
    for (const { report, expected, name } of await diagnoseEach(programs)) {
      const said = `${name}: ${findingsOf(report)}`;
      expect(kindsOf(report), said).toEqual([expected.kind]);
      const place = report.findings.find(({ kind }) => kind === expected.kind)?.where[0];
      expect(expected.functions, said).toContain(place?.function);
      expect(expected.lines, said).toContain(place?.line);
      expect(basename(place?.file ?? '')).toBe(name.includes('exhausted') ? 'pool-driver.cjs' : name);
      expect(report.left).toEqual({ verified: true, leftBehind: [] });
    }
  });

  const HEALTHY = [
    'io-slow-upstream.healthy.mjs',
    'io-pool-exhausted.healthy.cjs',
    'upstream-timeout.healthy.mjs',
    'serialised.healthy.mjs',
    'long-poll.healthy.mjs',
  ].map((name, index) => [name, NODE_MAJORS[index % NODE_MAJORS.length]!] as const);

  test.each(
    [HEALTHY.slice(0, 2), HEALTHY.slice(2, 4), HEALTHY.slice(4)].map((programs) => [programs] as const),
  )('healthy controls get no finding: %s', async (programs) => {
    for (const { report, name } of await diagnoseEach(programs)) {
      expect(kindsOf(report), `${name}: ${findingsOf(report)}`).toEqual([]);
      expect(report.checked).toEqual(expect.arrayContaining(['io-bound', 'upstream-timeout', 'serialised']));
    }
  });

  test('a slow upstream and a leak at once are both found', async () => {
    const { report } = await diagnose(targetFile('slow-upstream-and-leak.cjs'), 20, {
      args: ['-d', '8s'],
      nodeArgs: ['--inspect-port=0'],
    });
    const lines = Object.fromEntries(report.findings.map(({ kind, where }) => [kind, where[0]?.function]));
    expect(lines, findingsOf(report)).toMatchObject({
      'io-bound': 'loadStock',
      'memory-leak-heap': 'remember',
    });
  });
});
