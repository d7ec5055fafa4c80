import { expect, it } from 'vitest';
import { buildIcicle } from './flame-tree.ts';
import { coverage, matchFrames } from './frame-search.ts';
import { chargeToUserCode, type HotRow, rankBySelf } from './hottest.ts';
import { drawTables } from './text-tables.fixture.ts';

const tables = drawTables(`
  c:tick u:login d:bcrypt n:sha512 70
  c:tick u:login u:audit 5
  c:tick n:writev 6
  g:gc 3
  i:idle 40
`);
const text = (rows: HotRow[]) =>
  rows
    .map((row) => `${row.frame < 0 ? '-' : tables.name[row.frame]} ${row.charged / 1000} ${row.self / 1000}`)
    .sort();

it('charges time to the closest function of the user, GC to itself, idle to nobody', () => {
  expect(text(chargeToUserCode(tables, tables.self))).toEqual(['- 6 0', 'audit 5 5', 'gc 3 3', 'login 70 0']);
});

it('ranks by own time with totals', () => {
  expect(text(rankBySelf(tables, tables.self))).toEqual([
    'audit 5 5',
    'gc 3 3',
    'sha512 70 70',
    'writev 6 6',
  ]);
});

it('counts recursion once', () => {
  const nested = drawTables('u:walk u:step u:walk 4\nu:walk 1');
  const rows = rankBySelf(nested, nested.self);
  expect(rows.map((row) => [nested.name[row.frame], row.charged])).toEqual([['walk', 5000]]);
});

it('searches by text and by expression, over name and path', () => {
  const { name, file } = tables;
  const found = (query: string) => name.filter((_, i) => matchFrames(query, name, file)?.[i] === 1);
  expect(found('LOG')).toEqual(['login']);
  expect(found('app/audit.js')).toEqual(['audit']);
  expect(found('/^(gc|idle)$/')).toEqual(['gc', 'idle']);
  expect(found('/(/')).toEqual([]);
  expect(matchFrames('  ', name, file)).toBeNull();
});

it('counts the share of a match inside a match once', () => {
  const nested = drawTables('u:walk u:walk 4\nu:other 6');
  const tree = buildIcicle(nested, nested.self, { foldCore: false, hidden: new Set() });
  expect(coverage(tree, matchFrames('walk', nested.name, nested.file)!)).toEqual({ boxes: 2, weight: 4000 });
});
