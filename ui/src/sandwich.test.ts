import { expect, it } from 'vitest';
import { buildSandwich } from './sandwich.ts';
import { boxesAsText, drawIcicle, drawTables } from './text-tables.fixture.ts';

const tables = drawTables(`
  u:main u:list u:format n:writev 10
  u:main u:show u:format n:writev 4
  u:main u:show u:format 3
  u:main u:other 7
`);
const frame = (name: string) => tables.name.indexOf(name);

it('puts callers above and callees below, both with the total of the function', () => {
  const both = buildSandwich(drawIcicle(tables), tables, frame('format'))!;
  expect(boxesAsText(both.callers, tables)).toEqual([
    'format 17',
    ' list 10',
    '  main 10',
    ' show 7',
    '  main 7',
  ]);
  expect(boxesAsText(both.callees, tables)).toEqual(['format 17', ' writev 14']);
  expect(both).toMatchObject({ total: 17_000, self: 3000, whole: 24_000, recursive: false });
});

it('counts a stack once under recursion', () => {
  const nested = drawTables('u:walk u:step u:walk n:read 4\nu:walk 1');
  const both = buildSandwich(drawIcicle(nested), nested, nested.name.indexOf('walk'))!;
  expect(both).toMatchObject({ total: 5000, self: 1000, recursive: true });
  expect(boxesAsText(both.callees, nested)).toEqual(['walk 5', ' step 4', '  walk 4', '   read 4']);
  expect(boxesAsText(both.callers, nested)).toEqual(['walk 5']);
});

it('is nothing for a function that is not in the picture', () => {
  expect(buildSandwich(drawIcicle(tables), tables, 999)).toBeNull();
});

it('keeps the other side of a comparison', () => {
  const compared = { ...tables, before: tables.self.map((weight) => weight * 2) };
  const tree = drawIcicle(tables);
  tree.other = tree.total.map((weight) => weight * 2);
  const both = buildSandwich(tree, compared, frame('format'))!;
  expect([...both.callees.other!]).toEqual([34_000, 28_000]);
  expect(both.callers.other![0]).toBe(34_000);
  expect(both.callers.changeWhole).toBe(tree.changeWhole);
});
