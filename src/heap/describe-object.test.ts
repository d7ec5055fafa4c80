import { describe, expect, test } from 'vitest';
import { describeClass, findClasses } from './describe-class.ts';
import { describeObject, nodeOfId } from './describe-object.ts';
import { drawAnalysed } from './drawn-heap.fixture.ts';
import { LargestRows } from './largest-rows.ts';
import { nodeText } from './node-text.ts';

/** global.app (2) → cache Map (3) → table (4) → 3 Entry (5, 6, 7); Entry 6 is weakly held by 8 and by app. */
const heap = drawAnalysed([
  { type: 'synthetic', edges: [[1, 'global', 'shortcut']] },
  { name: 'global', size: 8, edges: [[2, 'app']] },
  {
    name: 'App',
    size: 10,
    edges: [
      [3, 'cache'],
      [6, 'current'],
      [8, 'ref'],
    ],
  },
  { name: 'Map', size: 20, edges: [[4, 'table', 'internal']] },
  {
    type: 'array',
    size: 100,
    edges: [
      [5, '1', 'internal'],
      [6, '2', 'internal'],
      [7, '3', 'internal'],
    ],
  },
  { name: 'Entry', size: 40, edges: [[9, 'text']] },
  { name: 'Entry', size: 50 },
  { name: 'Entry', size: 60 },
  { name: 'WeakRef', size: 12, edges: [[6, 'target', 'weak']] },
  { type: 'string', name: 'hello', size: 24 },
]);

describe('one object', () => {
  test('references the largest first, retainers the nearest first, what is freed with it', () => {
    const map = describeObject(heap, 3);
    expect(map).toMatchObject({
      id: 7,
      className: 'Map',
      type: 'object',
      shallowBytes: 120,
      retainedBytes: 120 + 40 + 24 + 60,
      path: 'global.app.cache',
      referenceCount: 1,
      retainerCount: 1,
      dominatorCount: 3,
    });
    expect(map.references[0]).toMatchObject({ edgeText: '<table>', edgeType: 'internal', node: 4 });
    expect(map.retainers[0]).toMatchObject({ edgeText: 'cache', className: 'App', node: 2 });
    expect(map.holds).toEqual([
      { className: 'Entry', count: 2, shallowBytes: 100 },
      { className: '(string)', count: 1, shallowBytes: 24 },
    ]);
    expect(map.dominators.map(({ node }) => node)).toEqual([2, 1, 0]);
  });

  test('weak retainers are told as such, and lists are cut to the limit', () => {
    const { retainers, retainerCount } = describeObject(heap, 6, 2);
    expect(retainerCount).toBe(3);
    expect(retainers).toHaveLength(2);
    expect(
      describeObject(heap, 6)
        .retainers.map(({ edgeType }) => edgeType)
        .sort(),
    ).toEqual(['internal', 'property', 'weak']);
  });

  test('is found by its id', () => {
    expect(nodeOfId(heap.snapshot, 7)).toBe(3);
    expect(nodeOfId(heap.snapshot, 8)).toBe(-1);
  });
});

describe('a class', () => {
  test('is found by its name, with another case, or by a part', () => {
    const named = (text: string) => findClasses(heap.classes, text).map((row) => heap.classes.name[row]);
    expect(named('Entry')).toEqual(['Entry']);
    expect(named('entry')).toEqual(['Entry']);
    expect(named('ntr')).toEqual(['Entry']);
    expect(named('a').length).toBeGreaterThan(1);
    expect(named('Nothing')).toEqual([]);
  });

  test('counts, sizes, instances by size and holders', () => {
    const found = describeClass(heap, findClasses(heap.classes, 'Entry'), 2);
    expect(found).toMatchObject({ name: 'Entry', count: 3, shallowBytes: 150, retainedBytes: 174 });
    expect(found.instances.map(({ node, retainedBytes }) => [node, retainedBytes])).toEqual([
      [5, 64],
      [7, 60],
    ]);
    expect(found.share).toBeCloseTo(174 / heap.graph.retained.get(0));
    expect(found.holders[0]).toMatchObject({ node: 3, held: 3 });
  });
});

describe('text of a node', () => {
  const text = (node: number, longest?: number) => {
    const drawn = drawAnalysed([
      {
        type: 'synthetic',
        edges: [
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
          [4, 'd'],
          [7, 'e'],
        ],
      },
      { type: 'string', name: 'say "hi"\u0007', size: 1 },
      { type: 'closure', name: '', size: 1 },
      {
        type: 'concatenated string',
        name: '(concatenated string)',
        size: 1,
        edges: [
          [5, 'first', 'internal'],
          [6, 'second', 'internal'],
        ],
      },
      { name: 'Session', size: 1 },
      { type: 'string', name: 'left-', size: 1 },
      { type: 'string', name: 'right', size: 1 },
      {
        type: 'concatenated string',
        name: '(concatenated string)',
        size: 1,
        edges: [
          [7, 'first', 'internal'],
          [6, 'second', 'internal'],
        ],
      },
    ]);
    return nodeText(drawn, node, longest);
  };
  test('strings are quoted and cut, concatenated ones joined', () => {
    expect(text(1)).toBe('"say \\"hi\\"\\u0007"');
    expect(text(1, 3)).toBe('"say…"');
    expect(text(3)).toBe('"left-right"');
    expect(text(2)).toBe('(anonymous)');
    expect(text(4)).toBe('');
  });
  test('a string that contains itself ends', () => {
    expect(text(7)).toBe('""');
  });
});

test('the largest rows, of equal ones the first', () => {
  const rows = new LargestRows(3);
  [5, 1, 7, 7, 2, 9, 5].forEach((value, row) => {
    rows.offer(row, value);
  });
  expect(rows.rows()).toEqual([5, 2, 3]);
  expect(rows.offered).toBe(7);
  expect(rows.least).toBe(7);
  const none = new LargestRows(0);
  none.offer(1, 1);
  expect(none.rows()).toEqual([]);
});
