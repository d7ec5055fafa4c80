import { expect, test } from 'vitest';
import { aggregateFunctions } from './functions.ts';
import { profileFromText } from './text-profile.fixture.ts';
import { uninline } from './uninline.ts';

const SOURCE = `
function score(text) {
  let sum = 0;
  for (const c of text) sum += c;
  return sum;
}

function handler(req) {
  return score(req);
}`.split('\n');
const sources = { lines: (file: string) => (file === '/app/a.js' ? SOURCE : undefined) };
/** Shares of the whole, by function. */
function shares(tree: Parameters<typeof aggregateFunctions>[0]): Record<string, number> {
  return Object.fromEntries(
    aggregateFunctions(tree).map(({ frame, self }) => [tree.frames.name[frame], self / tree.total[0]!]),
  );
}

// Column 1: 80 samples of handler on line 4, which is in score; column 2: 10 on its own line; column 3: score itself.
const tree = profileFromText(`
  handler@/app/a.js:8 #4 x80   handler@/app/a.js:8 #9 x10   handler@/app/a.js:8 x10
                                                            score@/app/a.js:2 #4 x10
`);

test('lines outside a function go to the function that holds them, as its child', () => {
  const fixed = uninline(tree, sources);
  expect(shares(fixed).score).toBeCloseTo(0.9, 1);
  expect(shares(fixed).handler).toBeCloseTo(0.1, 1);
  expect(fixed.total[0]).toBeCloseTo(tree.total[0]!, 6);
  expect(fixed.samples.time.length).toBe(tree.samples.time.length);
  const byLine = fixed.lines.node.length;
  expect(byLine).toBeGreaterThan(0);
  for (let i = 0; i < byLine; i++)
    if (fixed.lines.line[i] === 4)
      expect(fixed.frames.name[fixed.frame[fixed.lines.node[i]!]!]).toBe('score');
});

test('without the source nothing changes', () => {
  expect(uninline(tree, { lines: () => undefined })).toBe(tree);
});

test('lines inside the own text stay', () => {
  const plain = profileFromText('handler@/app/a.js:8 #9 x20');
  expect(uninline(plain, sources)).toBe(plain);
});
