import { expect, it } from 'vitest';
import { analyseSnapshot } from './analyse-snapshot.ts';
import { drawSnapshot } from './graph-drawing.fixture.ts';
import { makeHeap } from './heap.ts';
import { countStrings } from './string-census.ts';

it('counts what is there twice, and finds the largest', () => {
  const snapshot = drawSnapshot([
    { edges: [[1, 'global', 'shortcut']] },
    {
      name: 'global',
      edges: [
        [2, 'a'],
        [3, 'b'],
        [4, 'c'],
        [5, 'd'],
        [6, 'e'],
        [7, 'f'],
        [8, 'g'],
      ],
    },
    { name: 'twice', type: 'string', size: 40 },
    { name: 'twice', type: 'string', size: 40 },
    { name: 'thrice', type: 'concatenated string', size: 32 },
    { name: 'thrice', type: 'string', size: 32 },
    { name: 'thrice', type: 'string', size: 32 },
    // Equal in its first 1024 characters, but of another length.
    { name: 'twice', type: 'string', size: 4000 },
    { name: '(concatenated string)', type: 'concatenated string', size: 32 },
  ]);
  const heap = makeHeap(snapshot, analyseSnapshot(snapshot));
  const census = countStrings(heap);
  expect(census.duplicates.map(({ name, ...rest }) => [snapshot.strings.get(name), rest])).toEqual([
    ['thrice', { count: 3, bytes: 64 }],
    ['twice', { count: 2, bytes: 40 }],
  ]);
  expect(census.duplicateBytes).toBe(104);
  expect(census.largest[0]).toBe(7);
  expect(countStrings(heap, 1).duplicates).toHaveLength(1);
  expect(countStrings(heap, 1).duplicateBytes).toBe(104);
});
