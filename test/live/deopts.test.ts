import { expect, test } from 'vitest';
import { runDoctor } from './built.ts';
import { diagnose, findingsOf } from './diagnose.ts';
import { type NodeMajor, targetFile } from './target-process.ts';

const SICK: readonly (readonly [name: string, node: NodeMajor, reason: RegExp])[] = [
  ['deopt-prototype.mjs', 18, /\(unknown\)/],
  ['deopt-prototype.mjs', 20, /\(unknown\)/],
  ['deopt-prototype.mjs', 24, /\(unknown\)/],
  ['deopt-branches.cjs', 22, /Insufficient type feedback/],
  ['deopt-branches.cjs', 26, /Insufficient type feedback/],
];

test.each(SICK)('%s on Node %i: function, place and reason', async (name, node, reason) => {
  const { report, expected } = await diagnose(targetFile(name), node, { args: ['-d', '6s'] });
  const finding = report.findings.find(({ kind }) => kind === 'deoptimised');
  expect(finding, `${findingsOf(report)} ${report.gaps.join('; ')}`).toBeDefined();
  expect(expected.functions).toContain(finding?.where[0]?.function);
  if (expected.lines.length > 0) expect(expected.lines).toContain(finding?.where[0]?.line);
  expect(finding?.evidence.map(({ text }) => text).join(' ')).toMatch(reason);
  expect(report.left).toEqual({ verified: true, leftBehind: [] });
});

test.each([
  ['deopt-prototype.healthy.mjs', 24],
  ['deopt-branches.healthy.cjs', 20],
] as const)('%s on Node %i: checked and not found', async (name, node) => {
  const { report } = await diagnose(targetFile(name), node, { args: ['-d', '6s'] });
  expect(report.findings.map(({ kind, title }) => `${kind}: ${title}`)).toEqual([]);
  expect(report.checked).toContain('deoptimised');
});

test('a second visit finds what happens in its own window, and the target prints nothing of ours', async () => {
  const { report } = await diagnose(targetFile('deopt-prototype.mjs'), 22, {
    args: ['-d', '3s'],
    look: async (target) => {
      const second = await runDoctor([String(target.pid), '-d', '6s']);
      expect(second.findings.map(({ kind }) => kind)).toContain('deoptimised');
      expect(target.stdout()).toMatch(/^listening \d+\n$/);
    },
  });
  expect(report.left.verified).toBe(true);
});
