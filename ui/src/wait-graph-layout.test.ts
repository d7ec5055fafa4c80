import { expect, it } from 'vitest';
import { axisTicks } from './axis-ticks.ts';
import { layOutGraph } from './wait-graph-layout.ts';

const node = (radius = 10) => ({ radius, isOrigin: false });
const origin = { radius: 7, isOrigin: true };
const options = { width: 600, columnLeast: 100 };

it('puts what comes later further right, and light edges that close a circle lead back', () => {
  const layout = layOutGraph(
    [origin, node(), node(), node()],
    [
      { from: 0, to: 1, count: 9 },
      { from: 1, to: 2, count: 9 },
      { from: 2, to: 3, count: 9 },
      { from: 3, to: 1, count: 2 },
      { from: 2, to: 2, count: 5 },
      { from: 0, to: 3, count: 1 },
    ],
    options,
  );
  expect(layout.layer).toEqual([0, 1, 2, 3]);
  expect(layout.back).toEqual([false, false, false, true, true, false]);
  expect(layout.x).toEqual([75, 225, 375, 525]);
});

it('what nothing leads to comes after the origins; what several things were merged into orders nothing', () => {
  const layout = layOutGraph(
    [origin, node(), { ...node(), isLoose: true }, node()],
    [
      { from: 0, to: 2, count: 4 },
      { from: 2, to: 3, count: 8 },
    ],
    options,
  );
  expect(layout.layer).toEqual([0, 1, 1, 1]);
});

it('marks do not overlap, and all are inside', () => {
  const nodes = [origin, ...Array.from({ length: 30 }, (_, i) => node(4 + i))];
  const edges = nodes.flatMap((_, from) =>
    [1, 7, 11].map((step) => ({ from, to: (from * step + step) % nodes.length, count: step + (from % 5) })),
  );
  const { x, y, height, width } = layOutGraph(nodes, edges, options);
  for (let a = 0; a < nodes.length; a++) {
    expect(y[a]! - nodes[a]!.radius).toBeGreaterThanOrEqual(0);
    expect(y[a]! + nodes[a]!.radius).toBeLessThanOrEqual(height);
    expect(x[a]!).toBeLessThan(width);
    for (let b = 0; b < a; b++)
      if (x[a] === x[b])
        expect(Math.abs(y[a]! - y[b]!)).toBeGreaterThanOrEqual(nodes[a]!.radius + nodes[b]!.radius);
  }
  expect(layOutGraph([], [], options)).toMatchObject({ columns: 1, x: [] });
});

it('ticks are round and few', () => {
  expect(axisTicks(452, 5)).toEqual([0, 100, 200, 300, 400]);
  expect(axisTicks(0.7, 5)).toEqual([0, 0.2, 0.4, 0.6]);
  expect(axisTicks(5, 5)).toEqual([0, 1, 2, 3, 4, 5]);
  for (const end of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(axisTicks(end, 5)).toEqual([0]);
});
