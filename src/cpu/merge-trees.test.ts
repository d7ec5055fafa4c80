import { describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { aggregateFunctions } from './functions.ts';
import { mergeTrees } from './merge-trees.ts';
import { profileFromText } from './text-profile.fixture.ts';

const MAIN = profileFromText(`
  serve@/app/a.js:1        serve@/app/a.js:1 x2  (idle) x5
  work@/app/a.js:9 #11 x3
`);
const WORKER = profileFromText(
  `
  serve@/app/a.js:1        serve@/app/a.js:1:7
  work@/app/a.js:9 #11 x2  work@/app/b.js:9 x1
`,
  { msPerSample: 3 },
);
const BOTH = [
  { name: 'main', tree: MAIN },
  { name: 'worker 1', tree: WORKER },
];
const weights = (tree: typeof MAIN) =>
  Object.fromEntries(
    aggregateFunctions(tree).map((row) => [
      `${row.name}@${row.file}:${row.line}:${row.column}`,
      [row.self / 1000, row.total / 1000],
    ]),
  );

describe('mergeTrees', () => {
  it('adds the weights of the same function; another file or column is another function', () => {
    expect(weights(mergeTrees(BOTH))).toEqual({
      'work@/app/a.js:9:0': [9, 9],
      '(idle)@:0:0': [5, 5],
      'work@/app/b.js:9:0': [3, 3],
      'serve@/app/a.js:1:0': [2, 11],
      'serve@/app/a.js:1:7': [0, 3],
    });
  });

  it('keeps all samples in time order, and what the weights are made of', () => {
    const { samples, self, total, from, to } = mergeTrees(BOTH);
    expect([...samples.time]).toEqual([...samples.time].sort((a, b) => a - b));
    expect(samples.time.length).toBe(13);
    const summed = new Float64Array(self.length);
    for (const [i, node] of samples.node.entries()) summed[node]! += samples.weight[i]!;
    expect([...summed]).toEqual([...self]);
    expect(total[0]).toBe(19_000);
    expect([from, to]).toEqual([0, 10]);
  });

  it('adds lines', () => {
    const { lines, frames, frame } = mergeTrees(BOTH);
    expect(frames.name[frame[lines.node[0]!]!]).toBe('work');
    expect([...lines.line]).toEqual([11]);
    expect([...lines.weight]).toEqual([9000]);
  });

  it('puts each below a frame of its name when asked to', () => {
    const tree = mergeTrees(BOTH, { separate: true });
    const tops = [...tree.parent.keys()].filter((node) => tree.parent[node] === 0);
    expect(tops.map((node) => [tree.frames.name[tree.frame[node]!], tree.total[node]! / 1000])).toEqual([
      ['main', 10],
      ['worker 1', 9],
    ]);
    expect(tree.depth[tops[0]!]).toBe(1);
  });

  it('keeps parents before children and says which part is partial', () => {
    const tree = mergeTrees([BOTH[0]!, { name: 'cut', tree: { ...WORKER, partial: 'ends early' } }]);
    for (let node = 1; node < tree.length; node++) expect(tree.parent[node]).toBeLessThan(node);
    expect(tree.partial).toBe('cut: ends early');
    expect(mergeTrees(BOTH).partial).toBeUndefined();
  });

  it('refuses nothing, and different units', () => {
    const bytes = profileFromText('a@/app/a.js:1', { unit: 'bytes' });
    for (const inputs of [[], [BOTH[0]!, { name: 'heap', tree: bytes }]])
      expect(() => mergeTrees(inputs)).toThrow(HolterError);
    expect(() => mergeTrees([BOTH[0]!, { name: 'heap', tree: bytes }])).toThrow(
      /main is in microseconds, heap in bytes/,
    );
  });
});
