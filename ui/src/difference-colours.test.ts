import { expect, it } from 'vitest';
import { wholeShape } from './call-shape.ts';
import { changeOf, fillOf, fullChange, mixSteps } from './difference-colours.ts';
import { buildIcicle } from './flame-tree.ts';
import { drawTables } from './text-tables.fixture.ts';

const tables = drawTables('u:main u:slower 60\nu:main u:same 30\nu:main u:gone 10');
const before = tables.self.map((weight, i) => {
  const name = tables.name[tables.frame[i]!];
  return name === 'slower' ? weight / 2 : weight;
});
const after = tables.self.map((weight, i) => (tables.name[tables.frame[i]!] === 'gone' ? 0 : weight));
const nameOf = (tree: ReturnType<typeof buildIcicle>, name: string) =>
  Array.from(tree.frame).findIndex((frame) => tables.name[frame] === name);

it('measures the change of a total against the larger whole, either way round', () => {
  const tree = buildIcicle(wholeShape(tables), tables, after, before);
  expect(tree.total[0]).toBe(90_000);
  expect(tree.other![0]).toBe(70_000);
  expect(changeOf(tree, nameOf(tree, 'slower'), false)).toBeCloseTo(30 / 90);
  expect(changeOf(tree, nameOf(tree, 'same'), false)).toBe(0);
  expect(fullChange(tree)).toBeGreaterThanOrEqual(30 / 90);
  const back = buildIcicle(wholeShape(tables), tables, before, after);
  expect(changeOf(back, nameOf(back, 'slower'), true)).toBeCloseTo(30 / 90);
  expect(changeOf(back, nameOf(back, 'gone'), true)).toBeCloseTo(-10 / 90);
});

it('shows frames of one side only where that side gives the width', () => {
  const tree = buildIcicle(wholeShape(tables), tables, after, before);
  expect(nameOf(tree, 'gone')).toBe(-1);
});

it('gives no colour to no change, the first to little, the last to much', () => {
  const scale = { full: 0.2, steps: mixSteps('#0000ff', '#ffffff', '#ff0000', 3) };
  expect(fillOf(scale, 0)).toBe('rgb(255, 255, 255)');
  expect(fillOf(scale, 0.002)).toBe(scale.steps[4]);
  expect(fillOf(scale, 0.5)).toBe('rgb(255, 0, 0)');
  expect(fillOf(scale, -0.2)).toBe('rgb(0, 0, 255)');
});
