import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import { CallTreeBuilder, ROOT_FRAME } from './call-tree-builder.ts';
import { describeSamples, describeTree, drawnTree } from './drawn-tree.fixture.ts';
import type { NamedTree } from './profile-file.ts';
import { readSpeedscope } from './read-speedscope.ts';
import { profileFromText } from './text-profile.fixture.ts';
import { writeSpeedscope } from './write-speedscope.ts';

const write = (...profiles: NamedTree[]) => [...writeSpeedscope(profiles, 'a "name"')].join('');

describe('writeSpeedscope', () => {
  it('comes back the same: names, places, weights, samples in order', () => {
    fc.assert(
      fc.property(fc.array(drawnTree, { minLength: 1, maxLength: 3 }), (trees) => {
        const text = write(...trees.map((tree, at) => ({ name: `thread ${at}`, tree })));
        const file = readSpeedscope(openBytes(Buffer.from(text)), {});
        expect(file.notes).toEqual([]);
        expect(file.profiles.map(({ name }) => name)).toEqual(trees.map((_, at) => `thread ${at}`));
        for (const [at, tree] of trees.entries()) {
          const read = file.profiles[at]!.tree;
          expect(read.unit).toBe(tree.unit);
          expect(describeTree(read)).toEqual(describeTree(tree));
          if (tree.samples.node.length > 0)
            expect(describeSamples(read, 6)).toEqual(describeSamples(tree, 6));
        }
      }),
    );
  });

  it('keeps the format: https://www.speedscope.app/file-format-schema.json', () => {
    const tree = profileFromText(`
      main@/app/server.js:3:1          (idle)
      hash@/app/auth.js:41:7 #44 x2
    `);
    expect(JSON.parse(write({ name: 'main', tree }))).toEqual({
      $schema: 'https://www.speedscope.app/file-format-schema.json',
      exporter: 'holter',
      name: 'a "name"',
      activeProfileIndex: 0,
      shared: {
        frames: [
          { name: '(root)' },
          { name: 'main', file: '/app/server.js', line: 3, col: 1 },
          { name: 'hash', file: '/app/auth.js', line: 41, col: 7 },
          { name: '(idle)' },
        ],
      },
      profiles: [
        {
          type: 'sampled',
          name: 'main',
          unit: 'microseconds',
          startValue: 0,
          endValue: 3000,
          samples: [[1, 2], [1, 2], [3]],
          weights: [1000, 1000, 1000],
        },
      ],
    });
  });

  it('keeps time that no sample covers as an empty stack', () => {
    const builder = new CallTreeBuilder('microseconds');
    const node = builder.child(0, builder.frameRow({ ...ROOT_FRAME, name: 'f' }));
    builder.addSample(0, node, 500);
    builder.addSample(3, node, 1000);
    const { samples, weights, endValue } = JSON.parse(
      write({ name: 'x', tree: builder.finish({ from: 0, to: 4 }) }),
    ).profiles[0];
    expect([samples, weights, endValue]).toEqual([[[1], [], [1]], [500, 2500, 1000], 4000]);
  });

  it('hands out 600 000 samples in small pieces', () => {
    const tree = profileFromText(`
      main@/app/server.js:3    main@/app/server.js:3
      a@/app/a.js:1 x300000    b@/app/b.js:1 x300000
    `);
    let longest = 0;
    let length = 0;
    for (const piece of writeSpeedscope([{ name: 'main', tree }], 'big')) {
      longest = Math.max(longest, piece.length);
      length += piece.length;
    }
    expect(length).toBeGreaterThan(600_000 * 10);
    expect(longest).toBeLessThan(70_000);
  });
});
