import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { readCpuProfile } from './cpuprofile.ts';
import { aggregateFiles, aggregateFunctions, aggregatePackages } from './functions.ts';
import { attributeGc } from './gc-callers.ts';
import { weighNodes, weighNodesInRanges } from './node-weights.ts';
import { profileFromText } from './text-profile.fixture.ts';
import { splitTime } from './time-split.ts';

const sum = (list: Float64Array) => list.reduce((total, value) => total + value, 0);

/** Any profile V8 could write: random parents, few functions so that they recur, random times, some negative. */
const profiles = fc
  .array(fc.record({ parent: fc.nat(), fn: fc.nat(6), hits: fc.nat(9) }), { maxLength: 60 })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      samples: fc.array(fc.record({ node: fc.nat(), delta: fc.integer({ min: -500, max: 3000 }) }), {
        maxLength: 80,
      }),
      order: fc.shuffledSubarray(
        shape.map((_, i) => i),
        { minLength: shape.length, maxLength: shape.length },
      ),
    }),
  )
  .map(({ shape, samples, order }) => {
    const names = ['(garbage collector)', '(idle)', 'a', 'b', 'c', 'd', 'native'];
    const node = ({ parent, fn, hits }: (typeof shape)[number], i: number) => ({
      id: i + 2,
      parent: (parent % (i + 1)) + 1,
      hitCount: hits,
      callFrame: {
        functionName: names[fn],
        url: fn < 2 || fn === 6 ? '' : `/app/${fn < 4 ? '' : 'node_modules/p/'}${names[fn]}.js`,
        lineNumber: fn,
        columnNumber: 0,
      },
    });
    const all = shape.map(node);
    return {
      nodes: [{ id: 1, callFrame: { functionName: '(root)', url: '' } }, ...order.map((i) => all[i])],
      startTime: 1000,
      endTime: 1000 + samples.reduce((total, { delta }) => total + Math.abs(delta), 0) + 500,
      samples: samples.map(({ node: pick }) => (pick % (shape.length + 1)) + 1),
      timeDeltas: samples.map(({ delta }) => delta),
    };
  });

/** Total by the definition, one stack at a time. */
function naiveTotals(tree: CallTree): Map<number, number> {
  const totals = new Map<number, number>();
  for (let node = 0; node < tree.length; node++) {
    const onStack = new Set<number>();
    for (let at = node; at >= 0; at = tree.parent[at]!) onStack.add(tree.frame[at]!);
    for (const frame of onStack) totals.set(frame, (totals.get(frame) ?? 0) + tree.self[node]!);
  }
  return totals;
}

describe('call trees and what is computed from them', () => {
  it('hold their invariants for any profile', () => {
    fc.assert(
      fc.property(profiles, (profile) => {
        const tree = readCpuProfile(profile);
        for (let node = 1; node < tree.length; node++) {
          expect(tree.parent[node]).toBeLessThan(node);
          expect(tree.depth[node]).toBe(tree.depth[tree.parent[node]!]! + 1);
          expect(tree.total[node]).toBeGreaterThanOrEqual(tree.self[node]!);
        }
        expect(tree.total[0]).toBeCloseTo(sum(tree.self), 3);
        if (tree.samples.time.length > 0) expect(sum(tree.samples.weight)).toBeCloseTo(tree.total[0]!, 3);
        expect(tree.samples.weight.every((weight) => weight >= 0)).toBe(true);
        expect(tree.samples.time.every((time, i) => i === 0 || time >= tree.samples.time[i - 1]!)).toBe(true);
        expect(splitTime(tree).total).toBeCloseTo(tree.total[0]!, 3);
        expect(sum(weighNodes(tree, tree.from, tree.to + 1))).toBeCloseTo(sum(tree.samples.weight), 3);

        const totals = naiveTotals(tree);
        for (const row of aggregateFunctions(tree)) expect(row.total).toBeCloseTo(totals.get(row.frame)!, 3);
        expect(aggregateFunctions(tree).reduce((total, row) => total + row.self, tree.self[0]!)).toBeCloseTo(
          tree.total[0]!,
          3,
        );

        const gc = splitTime(tree).weight.gc;
        if (tree.samples.time.length > 0) expect(sum(attributeGc(tree))).toBeCloseTo(gc, 3);
      }),
      { numRuns: 150 },
    );
  });

  it('counts a recursive function once per stack', () => {
    const tree = profileFromText(`
      walk@/app/a.js:1   walk@/app/a.js:1 x2   other@/app/b.js:1
      walk@/app/a.js:1   step@/app/a.js:9      walk@/app/a.js:1
      walk@/app/a.js:1
    `);
    expect(aggregateFunctions(tree).map(({ name, self, total }) => [name, self, total])).toEqual([
      ['walk', 2000, 4000],
      ['step', 2000, 2000],
      ['other', 0, 1000],
    ]);
    expect(aggregateFiles(tree).map(({ name, self, total }) => [name, self, total])).toEqual([
      ['/app/a.js', 4000, 4000],
      ['/app/b.js', 0, 1000],
    ]);
  });

  it('counts right in a recursion 10 000 deep and a tree of 10^6 nodes', () => {
    // Stacks of 10 000: ping and pong in turn, and below each frame a leaf of its own; 50 of them side by side.
    const depth = 10_000;
    const builder = new CallTreeBuilder('samples');
    const frame = (name: string, file: string) =>
      builder.frameRow({
        name,
        file,
        line: 1,
        column: 1,
        category: 'js',
        party: 'user',
        package: '',
      });
    const turns = [frame('ping', '/app/game.js'), frame('pong', '/app/game.js')];
    const leaf = frame('leaf', '/app/leaf.js');
    for (let side = 0; side < 50; side++) {
      let node = builder.child(0, frame(`side ${side}`, '/app/side.js'));
      for (let level = 0; level < depth; level++) {
        node = builder.child(node, turns[level % 2]!);
        builder.addSelf(builder.child(node, leaf), 1);
      }
    }
    const tree = builder.finish({ from: 0, to: 0 });
    expect(tree.length).toBe(1 + 50 * (1 + 2 * depth));
    const functions = aggregateFunctions(tree);
    const totals = new Map(functions.map(({ name, self, total }) => [name, [self, total]]));
    expect(functions).toHaveLength(53);
    expect(totals.get('leaf')).toEqual([50 * depth, 50 * depth]);
    expect(totals.get('ping')).toEqual([0, 50 * depth]);
    expect(totals.get('pong')).toEqual([0, 50 * (depth - 1)]);
    expect(totals.get('side 7')).toEqual([0, depth]);
    expect(aggregateFiles(tree).map(({ name, self, total }) => [name, self, total])).toEqual([
      ['/app/leaf.js', 50 * depth, 50 * depth],
      ['/app/game.js', 0, 50 * depth],
      ['/app/side.js', 0, 50 * depth],
    ]);
  });

  it('weighs trees of counts, with and without times', () => {
    const text = 'a@/app/a.js:1 x10  b@/app/b.js:1 x10';
    const timeless = profileFromText(text, { unit: 'samples' });
    expect(aggregateFunctions(timeless).map(({ self }) => self)).toEqual([10_000, 10_000]);
    const counts: CallTree = { ...profileFromText(text), unit: 'samples' };
    counts.samples.weight.fill(3);
    // Samples at 8 and 9 ms are of a, those at 10 and 11 of b; 11.5 cuts none in two.
    expect(aggregateFunctions(counts, { from: 8, to: 11.5 }).map(({ name, self }) => [name, self])).toEqual([
      ['a', 6],
      ['b', 6],
    ]);
  });

  it('sums packages, and weighs only the time asked for', () => {
    const tree = profileFromText(`
      main@/app/a.js:1 x10                   main@/app/a.js:1 x10
      parse@/app/node_modules/@x/p/i.js:1    go@/app/node_modules/q/i.js:1
      read@/app/node_modules/@x/p/r.js:1
    `);
    expect(aggregatePackages(tree).map(({ name, total }) => [name, total])).toEqual([
      ['@x/p', 10_000],
      ['q', 10_000],
    ]);
    expect(aggregatePackages(tree, { from: 5, to: 12.5 }).map(({ name, total }) => [name, total])).toEqual([
      ['@x/p', 5000],
      ['q', 2500],
    ]);
  });

  it('weighs several ranges, overlap once', () => {
    const tree = profileFromText('a@/app/a.js:1 x10  b@/app/b.js:1 x10');
    const weights = weighNodesInRanges(tree, [
      [2, 6],
      [4, 11],
      [30, 40],
    ]);
    expect([...weights]).toEqual([0, 8000, 1000]);
  });

  it('splits time by owner', () => {
    const tree = profileFromText(`
      main@/app/a.js:1 x4   main@/app/a.js:1 x3             (idle) x2   (garbage collector) x1   writev x5
      p@node:fs:1           q@/app/node_modules/q/i.js:1
    `);
    expect(splitTime(tree).weight).toEqual({
      user: 0,
      dependency: 3000,
      core: 4000,
      native: 5000,
      kernel: 0,
      gc: 1000,
      program: 0,
      idle: 2000,
    });
    expect(splitTime(tree).busy).toBe(13_000);
    expect(splitTime(tree).share.core).toBeCloseTo(4 / 15);
  });
});

describe('attributeGc', () => {
  it('gives each collection to the stack before it, and none to idle time', () => {
    const tree = profileFromText(`
      litter@/app/a.js:1 x3   (garbage collector) x4   (idle) x2   (garbage collector) x5   tidy@/app/b.js:1   (program)   (garbage collector) x6
    `);
    const byName = new Map<string, number>();
    for (const [node, weight] of attributeGc(tree).entries()) {
      const name = tree.frames.name[tree.frame[node]!]!;
      if (weight > 0) byName.set(name, weight);
    }
    expect([...byName]).toEqual([
      ['litter', 4000],
      ['(garbage collector)', 5000],
      ['tidy', 6000],
    ]);
  });
});
