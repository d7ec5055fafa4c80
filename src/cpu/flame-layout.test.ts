import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallTreeBuilder, ROOT_FRAME } from './call-tree-builder.ts';
import { drawnTree } from './drawn-tree.fixture.ts';
import { layoutFlame } from './flame-layout.ts';
import { profileFromText } from './text-profile.fixture.ts';

const describeBoxes = (
  tree: Parameters<typeof layoutFlame>[0],
  options: Parameters<typeof layoutFlame>[1],
) => {
  const layout = layoutFlame(tree, options);
  return Array.from({ length: layout.length }, (_, box) => {
    const name = tree.frames.name[tree.frame[layout.node[box]!]!];
    const merged = layout.merged[box]! > 0 ? `+${layout.merged[box]} below ` : '';
    return `${layout.depth[box]} ${merged}${name} ${layout.x[box]}..${layout.x[box]! + layout.width[box]!}`;
  });
};

const TREE = profileFromText(`
  (idle) x50   main@/a.js:1 x10   main@/a.js:1   main@/a.js:1    log@/l.js:1 x20
                                  a@/a.js:2 x5   b@/a.js:9 x15
`);

describe('layoutFlame', () => {
  it('puts children where their parent begins, heaviest first, idle last', () => {
    expect(describeBoxes(TREE, { width: 100 })).toEqual([
      '0 (root) 0..100',
      '1 main 0..30',
      '1 log 30..50',
      '1 (idle) 50..100',
      '2 b 0..15',
      '2 a 15..20',
    ]);
  });

  it('gives the width to the rest when idle is hidden', () => {
    expect(describeBoxes(TREE, { width: 100, hideIdle: true })).toEqual([
      '0 (root) 0..100',
      '1 main 0..60',
      '1 log 60..100',
      '2 b 0..30',
      '2 a 30..40',
    ]);
    expect(layoutFlame(TREE, { width: 100, hideIdle: true }).total).toBe(50_000);
  });

  it('merges what is too narrow, once it can be seen together', () => {
    const builder = new CallTreeBuilder('samples');
    const child = (parent: number, name: string) =>
      builder.child(parent, builder.frameRow({ ...ROOT_FRAME, name }));
    const wide = child(0, 'wide');
    builder.addSelf(wide, 90);
    for (let at = 0; at < 10; at++) builder.addSelf(child(child(0, `narrow${at}`), 'below'), 1);
    builder.addSelf(child(wide, 'speck'), 0.5);
    const tree = builder.finish({ from: 0, to: 0 });
    const boxes = describeBoxes(tree, { width: 100.5, minWidth: 2 });
    expect(boxes).toEqual(['0 (root) 0..100.5', '1 wide 0..90.5', '1 +10 below (root) 90.5..100.5']);
  });

  it('stops at the depth asked for, and says what is below', () => {
    const cells = Array.from({ length: 10_000 }, (_, depth) => `f${depth}@/x.js:1`);
    const layout = layoutFlame(profileFromText(cells.join('\n')), { width: 100, maxDepth: 50 });
    expect([layout.length, layout.levels, layout.deeper]).toEqual([51, 51, 1000]);
  });

  it('lays every box inside its parent and loses no weight', () => {
    fc.assert(
      fc.property(drawnTree, fc.double({ min: 0.1, max: 300, noNaN: true }), (tree, minWidth) => {
        const layout = layoutFlame(tree, { width: 1000, minWidth });
        const boxOf = new Map<number, number>();
        for (let box = 0; box < layout.length; box++)
          if (layout.merged[box] === 0) boxOf.set(layout.node[box]!, box);
        const below = new Map<number, number>();
        for (let box = 1; box < layout.length; box++) {
          const merged = layout.merged[box]! > 0;
          const parent = boxOf.get(merged ? layout.node[box]! : tree.parent[layout.node[box]!]!)!;
          expect(layout.depth[box]).toBe(layout.depth[parent]! + 1);
          expect(layout.x[box]!).toBeGreaterThanOrEqual(layout.x[parent]! - 1e-6);
          expect(layout.x[box]! + layout.width[box]!).toBeLessThanOrEqual(
            layout.x[parent]! + layout.width[parent]! + 1e-6,
          );
          expect(layout.width[box]!).toBeGreaterThanOrEqual(minWidth - 1e-9);
          if (!merged)
            expect((layout.width[box]! / 1000) * layout.total).toBeCloseTo(tree.total[layout.node[box]!]!, 3);
          below.set(parent, (below.get(parent) ?? 0) + layout.width[box]!);
        }
        for (const [parent, width] of below) expect(width).toBeLessThanOrEqual(layout.width[parent]! + 1e-6);
      }),
    );
  });

  it('has nothing but the root in an empty tree', () => {
    expect(describeBoxes(new CallTreeBuilder('bytes').finish({ from: 0, to: 0 }), { width: 100 })).toEqual([
      '0 (root) 0..100',
    ]);
  });
});
