import { expect, it } from 'vitest';
import { wholeShape } from './call-shape.ts';
import {
  changeOf,
  factorText,
  fillOf,
  fullChange,
  mixSteps,
  sidesOf,
  sidesText,
  weighFunctions,
} from './difference-colours.ts';
import { buildBottomUp, buildIcicle } from './flame-tree.ts';
import { buildSandwich } from './sandwich.ts';
import { drawTables } from './text-tables.fixture.ts';

const tables = drawTables('u:main u:slower 60\nu:main u:same 30\nu:main u:gone 10');
const before = tables.self.map((weight, i) => {
  const name = tables.name[tables.frame[i]!];
  return name === 'slower' ? weight / 2 : weight;
});
const after = tables.self.map((weight, i) => (tables.name[tables.frame[i]!] === 'gone' ? 0 : weight));
const stacks = { widthBefore: false, functions: null };
const stacksBack = { widthBefore: true, functions: null };
const nameOf = (tree: ReturnType<typeof buildIcicle>, name: string) =>
  Array.from(tree.frame).findIndex((frame) => tables.name[frame] === name);

it('measures the change of a total against the larger whole, either way round', () => {
  const tree = buildIcicle(wholeShape(tables), tables, after, before);
  expect(tree.total[0]).toBe(90_000);
  expect(tree.other![0]).toBe(70_000);
  expect(changeOf(tree, nameOf(tree, 'slower'), stacks)).toBeCloseTo(30 / 90);
  expect(changeOf(tree, nameOf(tree, 'same'), stacks)).toBe(0);
  expect(fullChange(tree, stacks)).toBeGreaterThanOrEqual(30 / 90);
  const back = buildIcicle(wholeShape(tables), tables, before, after);
  expect(changeOf(back, nameOf(back, 'slower'), stacksBack)).toBeCloseTo(30 / 90);
  expect(changeOf(back, nameOf(back, 'gone'), stacksBack)).toBeCloseTo(-10 / 90);
});

it('shows frames of one side only where that side gives the width', () => {
  const tree = buildIcicle(wholeShape(tables), tables, after, before);
  expect(nameOf(tree, 'gone')).toBe(-1);
});

it('counts a function in all its stacks, gone ones too, recursion once', () => {
  const moved = drawTables('u:main u:sync u:price 55\nu:main u:async u:price u:price 37\nu:main u:rest 100');
  const shape = wholeShape(moved);
  const is = (name: string, node: number) => {
    for (let at = node; at > 0; at = moved.parent[at]!)
      if (moved.name[moved.frame[at]!] === name) return true;
    return false;
  };
  const sides = [
    moved.self.map((weight, node) => (is('async', node) ? 0 : weight)),
    moved.self.map((weight, node) => (is('sync', node) ? 0 : weight)),
  ] as const;
  const functions = weighFunctions(shape, moved.name.length, ...sides);
  for (const widthBefore of [false, true]) {
    const tree = buildIcicle(shape, moved, sides[widthBefore ? 0 : 1], sides[widthBefore ? 1 : 0]);
    const price = Array.from(tree.frame).findIndex((frame) => moved.name[frame] === 'price');
    expect(sidesOf(tree, price, { widthBefore, functions })).toEqual({ before: 55_000, after: 37_000 });
    expect(changeOf(tree, price, { widthBefore, functions })).toBeCloseTo(-18 / 155);
    const alone = sidesOf(tree, price, { widthBefore, functions: null });
    expect(alone).toEqual(widthBefore ? { before: 55_000, after: 0 } : { before: 0, after: 37_000 });
    // Turned around the stacks that are gone count as well: from graphs of both sides.
    const both = buildIcicle(shape, moved, sides[widthBefore ? 0 : 1], sides[widthBefore ? 1 : 0], true);
    const how = { widthBefore, functions: null };
    const bottomUp = buildBottomUp(both, moved);
    const first = Array.from(bottomUp.frame).findIndex((frame) => moved.name[frame] === 'price');
    expect(sidesOf(bottomUp, first, how)).toEqual({ before: 55_000, after: 37_000 });
    expect(sidesOf(bottomUp, 0, how)).toEqual({ before: 155_000, after: 137_000 });
    const { callers, callees } = buildSandwich(both, moved, tree.frame[price]!)!;
    expect(sidesOf(callers, 0, how)).toEqual({ before: 55_000, after: 37_000 });
    expect(sidesOf(callees, 0, how)).toEqual({ before: 55_000, after: 37_000 });
    expect(fullChange(tree, { widthBefore, functions })).toBeLessThan(
      fullChange(tree, { widthBefore, functions: null }) + 1e-9,
    );
  }
});

it('writes both sides with one unit, and what is on one side only in words', () => {
  const ms = (weight: number) => `${weight}\u2009ms`;
  expect(sidesText({ before: 55, after: 37 }, ms)).toBe('55 → 37\u2009ms');
  expect(sidesText({ before: 0.5, after: 2 }, (one) => (one < 1 ? `${one * 1000}\u2009µs` : ms(one)))).toBe(
    '500\u2009µs → 2\u2009ms',
  );
  expect(sidesText({ before: 0, after: 37 }, ms)).toBe('new, 37\u2009ms');
  expect(sidesText({ before: 55, after: 0 }, ms)).toBe('55\u2009ms → gone');
  expect(sidesText({ before: 5, after: 6 }, String)).toBe('5 → 6');
  const factors = [
    [55, 37],
    [1, 1],
    [1000, 1001],
    [0, 4],
    [4, 0],
    [0, 0],
    [1, 12.34],
    [1, 900],
  ] as const;
  expect(factors.map(([before, after]) => factorText({ before, after }).replace('\u2009', ' '))).toEqual([
    '× 0.67',
    'same',
    'same',
    'new',
    'gone',
    'same',
    '× 12.3',
    '× 900',
  ]);
});

it('gives no colour to no change, the first to little, the last to much', () => {
  const scale = { full: 0.2, steps: mixSteps('#0000ff', '#ffffff', '#ff0000', 3) };
  expect(fillOf(scale, 0)).toBe('rgb(255, 255, 255)');
  expect(fillOf(scale, 0.002)).toBe(scale.steps[4]);
  expect(fillOf(scale, 0.5)).toBe('rgb(255, 0, 0)');
  expect(fillOf(scale, -0.2)).toBe('rgb(0, 0, 255)');
});
