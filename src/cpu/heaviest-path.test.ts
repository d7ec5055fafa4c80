import { describe, expect, it } from 'vitest';
import { CallTreeBuilder, ROOT_FRAME } from './call-tree-builder.ts';
import { findHeaviestPaths } from './heaviest-path.ts';
import { profileFromText } from './text-profile.fixture.ts';

describe('findHeaviestPaths', () => {
  it('goes from the root through the function to the heaviest leaf', () => {
    const tree = profileFromText(`
      emit@node:events:1        emit@node:events:1  setUp@/app/b.js:1         (idle) x500
      login@/app/a.js:1         login@/app/a.js:1   hash@/app/a.js:6
      hash@/app/a.js:6          hash@/app/a.js:6    pbkdf2Sync@node:crypto:2
      pbkdf2Sync@node:crypto:2  trim x9             run x20
      run x60
    `);
    const [first, second] = findHeaviestPaths(tree, 2);
    expect(first).toMatchObject({ name: 'hash', weight: 89_000, at: 2, gaps: [] });
    expect(first!.steps.map(({ name, total }) => [name, total / 1000])).toEqual([
      ['emit', 69],
      ['login', 69],
      ['hash', 69],
      ['pbkdf2Sync', 60],
      ['run', 60],
    ]);
    expect(second).toBeUndefined();
  });

  it('folds direct recursion and cuts the middle of a deep stack', () => {
    const builder = new CallTreeBuilder('microseconds');
    const frame = (name: string) =>
      builder.frameRow({ ...ROOT_FRAME, name, file: '/app/a.js', category: 'js', party: 'user' });
    let node = 0;
    for (let i = 0; i < 100; i++) node = builder.child(node, frame(`step ${i}`));
    for (let i = 0; i < 10_000; i++) node = builder.child(node, frame('walk'));
    builder.addSelf(node, 1000);
    const [path] = findHeaviestPaths(builder.finish({ from: 0, to: 1 }), 5);
    expect(path!.steps).toHaveLength(40);
    expect(path!.steps[path!.at]).toMatchObject({ name: 'walk', repeats: 10_000 });
    expect(path!.gaps).toEqual([{ before: 12, count: 61 }]);
  });

  it('says what is left out below a function far out', () => {
    const builder = new CallTreeBuilder('microseconds');
    let node = builder.child(
      0,
      builder.frameRow({ ...ROOT_FRAME, name: 'out', category: 'js', party: 'user' }),
    );
    for (let i = 0; i < 60; i++)
      node = builder.child(node, builder.frameRow({ ...ROOT_FRAME, name: `n${i}`, category: 'native' }));
    builder.addSelf(node, 1000);
    const [path] = findHeaviestPaths(builder.finish({ from: 0, to: 1 }), 5);
    expect(path).toMatchObject({ name: 'out', at: 0, gaps: [{ before: 40, count: 21 }] });
  });

  it('takes any function when none is the user’s, and nothing when nothing ran', () => {
    const tree = profileFromText(`
      emit@node:events:1  (garbage collector) x60  (idle) x9
      run x6
    `);
    expect(findHeaviestPaths(tree, 5).map(({ name }) => name)).toEqual(['run']);
    expect(findHeaviestPaths(profileFromText('(idle) x9'), 5)).toEqual([]);
  });
});
