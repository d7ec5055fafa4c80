import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnose, findingsOf } from './diagnose.ts';
import { NODE_MAJORS, type NodeMajor, targetFile } from './target-process.ts';

// These targets wait rather than compute: several at a time disturb nobody.
const APART = { nodeArgs: ['--inspect-port=0'] };

const SICK: [string, NodeMajor][] = [
  ['io-slow-upstream.mjs', 18],
  ['io-slow-upstream.mjs', 20],
  ['io-slow-upstream.mjs', 24],
  ['io-pool-exhausted.cjs', 24],
  ['io-pool-exhausted.cjs', 26],
  ['upstream-timeout.mjs', 20],
  ['upstream-timeout.mjs', 22],
  ['upstream-timeout.mjs', 24],
  ['upstream-timeout-request.cjs', 20],
  ['upstream-timeout-race.cjs', 24],
  ['serialised.mjs', 20],
  ['serialised.mjs', 24],
  ['serialised.mjs', 26],
];

describe('waiting', () => {
  test.each(SICK)('%s on Node %i is named with function and line', async (name, node) => {
    const { report, expected } = await diagnose(targetFile(name), node, APART);
    expect(report.findings.map(({ kind }) => kind)).toEqual([expected.kind]);
    const [finding] = report.findings;
    const place = finding?.where[0];
    expect(expected.functions, findingsOf(report)).toContain(place?.function);
    expect(expected.lines, findingsOf(report)).toContain(place?.line);
    const inFile = expected.kind === 'io-bound' && name.includes('pool') ? 'pool-driver.cjs' : name;
    expect(basename(place?.file ?? '')).toBe(inFile);
    expect(report.left).toEqual({ verified: true, leftBehind: [] });
  });

  test.each(
    [
      'io-slow-upstream.healthy.mjs',
      'io-pool-exhausted.healthy.cjs',
      'upstream-timeout.healthy.mjs',
      'serialised.healthy.mjs',
      'long-poll.healthy.mjs',
    ].map((name, index): [string, NodeMajor] => [name, NODE_MAJORS[index % NODE_MAJORS.length]!]),
  )('healthy control %s on Node %i gets no finding', async (name, node) => {
    const { report } = await diagnose(targetFile(name), node, APART);
    expect(report.findings.map(({ kind, title }) => `${kind}: ${title}`)).toEqual([]);
    expect(report.checked).toEqual(expect.arrayContaining(['io-bound', 'upstream-timeout', 'serialised']));
  });

  test('a slow upstream and a leak at once are both found', async () => {
    const { report } = await diagnose(targetFile('slow-upstream-and-leak.cjs'), 20, {
      ...APART,
      args: ['-d', '8s'],
    });
    const kinds = report.findings.map(({ kind }) => kind).sort();
    expect(kinds, findingsOf(report)).toEqual(['io-bound', 'memory-leak-heap', 'out-of-memory-risk']);
    const lines = Object.fromEntries(report.findings.map(({ kind, where }) => [kind, where[0]?.function]));
    expect(lines).toMatchObject({ 'io-bound': 'loadStock', 'memory-leak-heap': 'remember' });
  });
});
