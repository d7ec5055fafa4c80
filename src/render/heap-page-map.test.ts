import fc from 'fast-check';
import { expect, it } from 'vitest';
import { analyseSnapshot } from '../heap/analyse-snapshot.ts';
import { type DrawnNode, drawSnapshot } from '../heap/graph-drawing.fixture.ts';
import { makeHeap } from '../heap/heap.ts';
import { drawHeap } from './heap-page.fixture.ts';
import { buildHeapMap, type HeapMap } from './heap-page-map.ts';

/** Name and bytes of each box with all below it. */
function boxes({ profile }: HeapMap): { name: string; total: number; parent: number }[] {
  const total = Float64Array.from(profile.nodes.self);
  for (let i = total.length - 1; i > 0; i--) total[profile.nodes.parent[i]!]! += total[i]!;
  return Array.from(total, (bytes, i) => ({
    name: profile.frames.name[profile.nodes.frame[i]!]!,
    total: bytes,
    parent: profile.nodes.parent[i]!,
  }));
}
function mapOf(nodes: DrawnNode[], options = {}): { map: HeapMap; whole: number } {
  const snapshot = drawSnapshot(nodes);
  const heap = makeHeap(snapshot, analyseSnapshot(snapshot));
  return { map: buildHeapMap(heap, options), whole: heap.graph.retained.get(0) };
}

it('large objects are boxes by name, small ones of a class are one', () => {
  const heap = drawHeap();
  const map = buildHeapMap(heap, { single: 0.01 });
  const all = boxes(map);
  const named = (name: string) => all.find((box) => box.name === name);
  expect(named('app: App')?.total).toBe(heap.graph.retained.get(2));
  const sessions = named('sessions: Map')!;
  expect(map.id[all.indexOf(sessions)]).toBe(7);
  // Tables of Maps have given their bytes away, and are not in the way.
  const group = named('Session × 400')!;
  expect(all[group.parent]).toBe(sessions);
  expect(group.total).toBe(400 * (200 + 120));
  expect(map.count[all.indexOf(group)]).toBe(400);
  expect(map.id[all.indexOf(group)]).toBe(0);
});

it('a list of a hundred thousand is one box', () => {
  const count = 100_000;
  const nodes: DrawnNode[] = [
    { edges: [[1, 'global', 'shortcut']] },
    { name: 'global', size: 8, edges: [[2, 'head']] },
  ];
  for (let i = 0; i < count; i++)
    nodes.push({ name: 'Item', size: 24, ...(i + 1 < count ? { edges: [[i + 3, 'next']] } : {}) });
  const { map, whole } = mapOf(nodes);
  const all = boxes(map);
  expect(all.length).toBeLessThan(100);
  expect(all[0]?.total).toBe(whole);
  expect(all.some(({ name }) => /^Item × \d\d \d{3} in a chain$/.test(name))).toBe(true);
});

it('crowds of one class are one box, the giants in them are not', () => {
  const nodes: DrawnNode[] = [{ edges: [[1, 'global', 'shortcut']] }, { name: 'global', size: 8, edges: [] }];
  for (let i = 0; i < 60; i++) {
    nodes[1]!.edges!.push([nodes.length, `item${i}`]);
    nodes.push({ name: 'Block', size: i === 0 ? 5000 : 20 });
  }
  const names = boxes(mapOf(nodes).map).map(({ name }) => name);
  expect(names).toContain('item0: Block');
  expect(names).toContain('Block × 59');
});

it('counts every byte once, whatever the heap and the limits', () => {
  const node = fc.record({
    name: fc.constantFrom('A', 'B', 'C'),
    type: fc.constantFrom('object' as const, 'array' as const, 'string' as const, 'hidden' as const),
    size: fc.nat(50),
    to: fc.array(fc.nat(39), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(
      fc.array(node, { minLength: 1, maxLength: 40 }),
      fc.record({
        single: fc.constantFrom(0.001, 0.1, 2),
        group: fc.constantFrom(0, 0.01, 2),
        boxes: fc.integer({ min: 1, max: 30 }),
      }),
      (drawn, options) => {
        const nodes: DrawnNode[] = [{ edges: [[1, 'global', 'shortcut']] }];
        for (const { to, ...rest } of drawn)
          nodes.push({
            ...rest,
            edges: to.map((at, i) => [1 + (at % drawn.length), `p${i}`] as const).map(([a, b]) => [a, b]),
          });
        const { map, whole } = mapOf(nodes, options);
        expect(boxes(map)[0]?.total).toBe(whole);
        const { parent } = map.profile.nodes;
        expect(parent.every((above, i) => above < i)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});
