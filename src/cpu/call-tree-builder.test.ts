import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FloatList, IntList } from '../base/number-list.ts';
import { CallTreeBuilder, type FrameInfo } from './call-tree-builder.ts';

const info = (name: string, file = '/app/a.js'): FrameInfo => ({
  name,
  file,
  line: 1,
  column: 2,
  category: 'js',
  party: 'user',
  package: '',
});
const SPAN = { from: 0, to: 1 };

describe('CallTreeBuilder', () => {
  it('makes one node of equal stacks, whatever their order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(4), { maxLength: 6 }), { maxLength: 60 }), (stacks) => {
        const builder = new CallTreeBuilder('samples');
        const rows = Array.from({ length: 5 }, (_, i) => builder.frameRow(info(`f${i}`)));
        const expected = new Map<string, number>();
        for (const stack of stacks) {
          const node = builder.node(stack.map((i) => rows[i]!));
          expect(
            builder.node(new Int32Array([9, ...stack.map((i) => rows[i]!), 9]), 1, stack.length + 1),
          ).toBe(node);
          builder.addSelf(node, 1);
          expected.set(stack.join(), (expected.get(stack.join()) ?? 0) + 1);
          expect(builder.selfOf(node)).toBe(expected.get(stack.join()));
        }
        expect(builder.length).toBe(
          1 + new Set(stacks.flatMap((stack) => stack.map((_, i) => stack.slice(0, i + 1).join()))).size,
        );
        const tree = builder.finish(SPAN);
        const found = new Map<string, number>();
        for (let node = 0; node < tree.length; node++) {
          const path: string[] = [];
          for (let at = node; at > 0; at = tree.parent[at]!)
            path.unshift(tree.frames.name[tree.frame[at]!]!.slice(1));
          expect(tree.depth[node]).toBe(path.length);
          if (tree.self[node]! > 0) found.set(path.join(), tree.self[node]!);
        }
        expect(found).toEqual(expected);
        expect(tree.total[0]).toBe(stacks.length);
      }),
      { numRuns: 60 },
    );
  });

  it('is one row for one function, and another for any difference', () => {
    const builder = new CallTreeBuilder('samples');
    const row = builder.frameRow(info('a'));
    expect(builder.frameRow({ ...info('a'), party: 'core' })).toBe(row);
    const others = [
      { name: 'b' },
      { file: '/b.js' },
      { line: 7 },
      { column: 7 },
      { category: 'gc' as const },
    ].map((change) => builder.frameRow({ ...info('a'), ...change }));
    expect(new Set([row, ...others]).size).toBe(6);
  });

  it('sums weights of a line', () => {
    const builder = new CallTreeBuilder('microseconds');
    const [a, b] = ['a', 'b'].map((name) => builder.child(0, builder.frameRow(info(name)))) as [
      number,
      number,
    ];
    for (let i = 0; i < 300; i++) {
      builder.addLine(a, 1 + (i % 100), 1);
      builder.addLine(b, 1 + (i % 100), 2);
    }
    for (const line of [0, -1, Number.NaN, 2 ** 31]) builder.addLine(a, line, 1000);
    const { lines } = builder.finish(SPAN);
    expect(lines.node.length).toBe(200);
    expect([lines.node[0], lines.line[0], lines.weight[0]]).toEqual([a, 1, 3]);
    expect([lines.node[1], lines.line[1], lines.weight[1]]).toEqual([b, 1, 6]);
  });

  it('takes columns of samples over as it takes single ones', () => {
    const columns = () => {
      const [times, nodes, weights] = [new FloatList(), new IntList(), new FloatList()];
      for (let i = 0; i < 1000; i++) {
        times.push(i);
        nodes.push(1 + (i % 2));
        weights.push(i % 7);
      }
      return [times, nodes, weights] as const;
    };
    const make = (fill: (builder: CallTreeBuilder) => void) => {
      const builder = new CallTreeBuilder('microseconds');
      for (const name of ['a', 'b']) builder.child(0, builder.frameRow(info(name)));
      fill(builder);
      return builder.finish(SPAN);
    };
    const one = make((builder) => {
      const [times, nodes, weights] = columns();
      for (let i = 0; i < 1000; i++)
        builder.addSample(times.values[i]!, nodes.values[i]!, weights.values[i]!);
    });
    expect(make((builder) => builder.addSamples(...columns()))).toEqual(one);
    const twice = make((builder) => {
      builder.addSamples(...columns());
      builder.addSamples(...columns());
    });
    expect(twice.samples.time.length).toBe(2000);
    expect(twice.total[0]).toBe(2 * one.total[0]!);
  });

  it('holds 10^6 nodes, 10 000 deep, with or without room made', () => {
    for (const room of [0, 1_000_000]) {
      const builder = new CallTreeBuilder('samples');
      if (room > 0) builder.reserve(room, 10);
      const rows = Int32Array.from({ length: 10_000 }, (_, i) => builder.frameRow(info(`f${i % 50}`)));
      for (let side = 0; side < 100; side++) {
        rows[0] = builder.frameRow(info(`side ${side}`));
        builder.addSelf(builder.node(rows), 1);
      }
      const again = builder.length;
      builder.addSelf(builder.node(rows), 1);
      expect(builder.length).toBe(again);
      const tree = builder.finish(SPAN);
      expect([tree.length, tree.depth[tree.length - 1], tree.total[0], tree.total[1]]).toEqual([
        1_000_001, 10_000, 101, 1,
      ]);
    }
  });
});
