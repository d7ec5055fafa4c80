import { describe, expect, test } from 'vitest';
import { drawAnalysed, drawProgram } from './drawn-heap.fixture.ts';
import type { DrawnEdge, DrawnNode } from './graph-drawing.fixture.ts';
import { contentOf, findLargestHolders } from './largest-holders.ts';
import { countStatistics } from './statistics.ts';
import { summariseHeap } from './summarise-heap.ts';

/** `global.app` with two full containers and a small one; every session has a text. */
function drawApp(): ReturnType<typeof drawAnalysed> {
  const nodes: DrawnNode[] = [
    { type: 'synthetic', edges: [[1, 'global', 'shortcut']] },
    { name: 'global', size: 10, edges: [[2, 'app']] },
    {
      name: 'Object',
      size: 20,
      edges: [
        [3, 'sessions'],
        [5, 'queue'],
        [6, 'small'],
      ],
    },
    { name: 'Map', size: 30, edges: [[4, 'table', 'internal']] },
    { type: 'array', size: 100, edges: [] },
    { name: 'Array', size: 30, edges: [] },
    { name: 'Small', size: 8 },
  ];
  const add = (to: DrawnNode, node: DrawnNode, label: string | number, type: DrawnEdge[2]): void => {
    (to.edges as DrawnEdge[]).push(type === undefined ? [nodes.length, label] : [nodes.length, label, type]);
    nodes.push(node);
  };
  for (let i = 0; i < 50; i++) add(nodes[4]!, { name: 'Session', size: 50 }, String(i), 'internal');
  for (let i = 0; i < 40; i++) add(nodes[5]!, { name: 'Job', size: 40 }, i, undefined);
  return drawAnalysed(nodes);
}

describe('what holds most', () => {
  test('containers are named, not the object above them nor the table inside', () => {
    const heap = drawApp();
    expect(findLargestHolders(heap, 10)).toEqual([3, 5]);
    expect(contentOf(heap, 3)).toEqual({ className: 'Session', count: 50 });
    expect(contentOf(heap, 5)).toEqual({ className: 'Job', count: 40 });
  });

  test('the rows say path, content and sizes', () => {
    const [first, second] = summariseHeap(drawApp()).dominators;
    expect(first).toMatchObject({
      id: 7,
      className: 'Map',
      retainedBytes: 30 + 100 + 50 * 50,
      path: 'global.app.sessions',
      holds: { className: 'Session', count: 50 },
    });
    expect(second).toMatchObject({ className: 'Array', path: 'global.app.queue' });
  });

  test('of a list of a million the head', () => {
    const length = 1_000_000;
    const nodes: DrawnNode[] = Array.from({ length }, (_, i) => ({
      name: 'Link',
      size: 16,
      ...(i + 1 < length ? { edges: [[i + 3, 'next']] as DrawnEdge[] } : {}),
    }));
    const heap = drawAnalysed([
      { type: 'synthetic', edges: [[1, 'global', 'shortcut']] },
      { name: 'global', size: 8, edges: [[2, 'head']] },
      ...nodes,
    ]);
    expect(findLargestHolders(heap, 10)).toEqual([2]);
  });

  test('a long chain of plain objects ends somewhere', () => {
    const nodes: DrawnNode[] = Array.from({ length: 5000 }, (_, i) => ({
      name: 'Object',
      size: 16,
      ...(i + 1 < 5000 ? { edges: [[i + 3, `k${i}`]] as DrawnEdge[] } : {}),
    }));
    const heap = drawAnalysed([
      { type: 'synthetic', edges: [[1, 'global', 'shortcut']] },
      { name: 'global', size: 8, edges: [[2, 'head']] },
      ...nodes,
    ]);
    const found = findLargestHolders(heap, 10);
    expect(found[0]).toBe(2);
    expect(found.length).toBeLessThanOrEqual(10);
  });

  test('an empty heap has none', () => {
    const summary = summariseHeap(drawAnalysed([{ type: 'synthetic' }]));
    expect(summary.dominators).toEqual([]);
    expect(summary.totalBytes).toBe(0);
  });
});

describe('kinds', () => {
  test('each byte is of one kind; backing stores count for their owners', () => {
    const heap = drawProgram([
      { name: 'Array', size: 16, edges: [[3, 'elements', 'internal']] },
      { type: 'array', size: 84 },
      { type: 'string', name: 's', size: 7 },
      { type: 'closure', name: 'f', size: 9 },
      { type: 'code', name: 'c', size: 11 },
      { type: 'native', name: 'system / JSArrayBufferData', size: 13 },
      { type: 'native', name: 'Socket', size: 17 },
      { name: 'Session', size: 19 },
    ]);
    const { kinds, totalBytes } = summariseHeap(heap);
    expect(kinds.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(totalBytes);
    const of = Object.fromEntries(kinds.map(({ kind, bytes, count }) => [kind, [bytes, count]]));
    // The store is a property of the global object too in this drawing, so it is nobody's and stays an object.
    expect(of).toMatchObject({
      strings: [7, 1],
      functions: [9, 1],
      code: [11, 1],
      buffers: [13, 1],
      'other native': [17, 1],
    });
    expect(of.arrays![0]! + of.objects![0]!).toBe(16 + 84 + 19 + 8);
  });

  test('elements that two arrays share belong to neither', () => {
    const shared = drawProgram([
      { name: 'Array', size: 16, edges: [[4, 'elements', 'internal']] },
      { name: 'Array', size: 16, edges: [[4, 'elements', 'internal']] },
      { type: 'array', size: 100 },
    ]);
    expect(countStatistics(shared.snapshot, shared.graph).v8heap.jsArrays).toBe(32);
  });

  test('memory outside the heap is native and in the total', () => {
    const heap = drawProgram([{ name: 'A', size: 10 }]);
    const { total, native } = countStatistics({ ...heap.snapshot, extraNativeBytes: 1000 }, heap.graph);
    expect(total).toBe(1018);
    expect(native.total).toBe(1000);
  });
});

test('classes are sorted and filtered as asked for', () => {
  const heap = drawApp();
  expect(summariseHeap(heap, { sort: 'count', top: 2 }).classes.map(({ name }) => name)).toEqual([
    'Session',
    'Job',
  ]);
  const filtered = summariseHeap(heap, { filter: 'SESS' });
  expect(filtered.classes).toMatchObject([
    { name: 'Session', count: 50, shallowBytes: 2500, retainedBytes: 2500 },
  ]);
  expect(filtered.classCount).toBe(1);
  expect(summariseHeap(heap, { filter: 'nothing' }).classes).toEqual([]);
});

test('the largest by themselves leave V8 out', () => {
  const heap = drawProgram([
    { type: 'code', name: 'c', size: 900 },
    { type: 'string', name: 'a text', size: 700 },
    { name: 'Big', size: 600 },
  ]);
  expect(summariseHeap(heap, { top: 2 }).largest).toMatchObject([
    { className: '(string)', text: '"a text"', shallowBytes: 700 },
    { className: 'Big', shallowBytes: 600 },
  ]);
});
