import { expect, it } from 'vitest';
import { coverage, matchNames, readQuery } from './frame-search.ts';
import { chargeToUserCode, type Groups, groupFrames, type HotRow, rankBySelf } from './hottest.ts';
import { drawIcicle, drawTables } from './text-tables.fixture.ts';

const tables = drawTables(`
  c:tick u:login d:bcrypt n:sha512 70
  c:tick u:login u:audit 5
  c:tick n:writev 6
  g:gc 3
  i:idle 40
`);
const functions = groupFrames(tables, 'function');
const text = (rows: HotRow[], groups: Groups = functions) =>
  rows
    .map((row) => `${row.group < 0 ? '-' : groups.name[row.group]} ${row.charged / 1000} ${row.self / 1000}`)
    .sort();

it('charges time to the closest function of the user, GC to itself, idle to nobody', () => {
  expect(text(chargeToUserCode(tables, tables, functions))).toEqual([
    '- 6 0',
    'audit 5 5',
    'gc 3 3',
    'login 70 0',
  ]);
});

it('ranks by own time with totals; callers without own time have a row too', () => {
  expect(text(rankBySelf(tables, tables, functions))).toEqual([
    'audit 5 5',
    'bcrypt 70 0',
    'gc 3 3',
    'login 75 0',
    'sha512 70 70',
    'tick 81 0',
    'writev 6 6',
  ]);
});

it('puts functions together by file and by package, rooms where there is none', () => {
  const packages = groupFrames(tables, 'package');
  expect(text(rankBySelf(tables, tables, packages), packages)).toEqual([
    'b-pack 70 0',
    'garbage collection 3 3',
    'native 76 76',
    'node core 81 0',
    'your code 75 5',
  ]);
  const files = groupFrames(tables, 'file');
  expect(text(chargeToUserCode(tables, tables, files), files)).toEqual([
    '- 6 0',
    'app/audit.js 5 5',
    'app/gc.js 3 3',
    'app/login.js 70 0',
  ]);
});

it('counts recursion once, of functions and of files', () => {
  const nested = drawTables('u:walk u:step u:walk 4\nu:walk 1');
  const by = groupFrames(nested, 'function');
  expect(text(rankBySelf(nested, nested, by), by)).toEqual(['step 4 0', 'walk 5 5']);
  nested.file.fill('app/all.js', 1);
  const files = groupFrames(nested, 'file');
  expect(text(rankBySelf(nested, nested, files), files)).toEqual(['app/all.js 5 5']);
});

it('searches by text and by expression, over name and path', () => {
  const { name, file } = tables;
  const found = (query: string) => name.filter((_, i) => matchNames(readQuery(query), name, file)?.[i] === 1);
  expect(found('LOG')).toEqual(['login']);
  expect(found('app/audit.js')).toEqual(['audit']);
  expect(found('/^(gc|idle)$/')).toEqual(['gc', 'idle']);
  expect(matchNames(readQuery('  '), name, file)).toBeNull();
});

it('an expression that does not compile is no text to look for', () => {
  expect(readQuery('/(/')).toMatchObject({ kind: 'invalid' });
  expect(matchNames(readQuery('/(/'), tables.name, tables.file)).toBeNull();
  expect(readQuery('/').kind).toBe('test');
});

it('counts the share of a match inside a match once, and lists boxes by weight', () => {
  const nested = drawTables('u:walk u:walk 4\nu:walk 1\nu:other 6');
  const tree = drawIcicle(nested);
  const { boxes, weight } = coverage(tree, matchNames(readQuery('walk'), nested.name, nested.file)!);
  expect(weight).toBe(5000);
  expect(boxes.map((box) => tree.total[box])).toEqual([5000, 4000]);
});
