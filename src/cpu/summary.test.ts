import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeSourceBook } from '../source-map/source-book.ts';
import { CallTreeBuilder, type FrameInfo, ROOT_FRAME } from './call-tree-builder.ts';
import { type CpuSummary, summariseProfile } from './summary.ts';
import { profileFromText } from './text-profile.fixture.ts';

const charged = (summary: CpuSummary) =>
  Object.fromEntries(summary.user.map((row) => [row.name, row.charged / 1000]));

const SERVER = profileFromText(`
  handler@/app/server.js:3                  handler@/app/server.js:3     handler@/app/server.js:3      parse@/app/node_modules/native/index.js:2  (garbage collector) x20  (program) x5  (idle) x115
  render@/app/view.js:9                     end@node:_http_outgoing:800  render@/app/view.js:9 #12 x5  scan x15
  escape@/app/node_modules/html/index.js:4  writev x10
  replace x30
`);

describe('summariseProfile', () => {
  it('charges native, core and dependency time to the closest user function, GC and idle to nobody', () => {
    const summary = summariseProfile(SERVER);
    expect(charged(summary)).toEqual({ render: 35, handler: 10 });
    expect(summary.user[0]).toMatchObject({ name: 'render', self: 5000, total: 35_000, charged: 35_000 });
    expect(summary.user[1]).toMatchObject({ name: 'handler', self: 0, total: 45_000, charged: 10_000 });
    expect(summary.functions.every((row) => row.party === 'user' || row.charged === 0)).toBe(true);
  });

  it('gives shares of the busy time', () => {
    const summary = summariseProfile(SERVER);
    expect(summary.total).toBe(200_000);
    expect(summary.busy).toBe(85_000);
    expect(summary.user[0]!.chargedShare).toBeCloseTo(35 / 85, 9);
    expect(summary.functions.map(({ name }) => name)).not.toContain('(idle)');
    expect(summary.split.share.idle).toBeCloseTo(115 / 200, 9);
  });

  it('says what a function calls most, when that is more than half of it', () => {
    const [render, handler] = summariseProfile(SERVER).user;
    expect(render!.mostIn).toEqual({
      name: 'escape',
      file: '/app/node_modules/html/index.js',
      weight: 30_000,
    });
    expect(handler!.mostIn?.name).toBe('end');
    const even = profileFromText(`
      a@/app/a.js:1  a@/app/a.js:1
      n x10          m x10
    `);
    expect(summariseProfile(even).user[0]!.mostIn).toBeUndefined();
  });

  it('charges GC to nobody, also where a tool knows its stack', () => {
    const tree = profileFromText(`
      a@/app/a.js:1 x3  a@/app/a.js:1
                        (garbage collector) x9
    `);
    expect(summariseProfile(tree).user[0]).toMatchObject({ self: 3000, charged: 3000, total: 12_000 });
  });

  it('counts recursion once', () => {
    const tree = profileFromText(`
      walk@/app/a.js:1  walk@/app/a.js:1     walk@/app/a.js:1 x2
      walk@/app/a.js:1  visit@/app/a.js:9
      walk@/app/a.js:1  walk@/app/a.js:1 x3
      push x4
    `);
    const [walk, visit] = summariseProfile(tree).user;
    expect(walk).toMatchObject({ name: 'walk', self: 5000, total: 9000, charged: 9000 });
    expect(visit).toMatchObject({ name: 'visit', self: 0, total: 3000, charged: 0 });
  });

  it('groups by whose code it is; a package called native is not the native code', () => {
    const rows = summariseProfile(SERVER).packages.map(({ name, room, self, total }) => [
      name,
      room,
      self / 1000,
      total / 1000,
    ]);
    expect(rows).toEqual([
      ['native', 'native', 55, 55],
      ['garbage collection', 'gc', 20, 20],
      ['your code', 'user', 5, 45],
      ['V8 itself', 'program', 5, 5],
      ['html', 'dependency', 0, 30],
      ['native', 'dependency', 0, 15],
      ['node core', 'core', 0, 10],
    ]);
  });

  it('lists files', () => {
    const rows = summariseProfile(SERVER).files.map(({ name, self, total }) => [
      name,
      self / 1000,
      total / 1000,
    ]);
    expect(rows[0]).toEqual(['/app/view.js', 5, 35]);
    expect(rows).toContainEqual(['/app/server.js', 0, 45]);
  });

  it('finds lines, and with the source the lines of calls', () => {
    const tree = profileFromText(`
      hash@/app/auth.js:1:14                     hash@/app/auth.js:1:14 #2 x6  scan@/app/node_modules/x/i.js:1 #7 x50
      pbkdf2Sync@node:internal/crypto/pbkdf2:62
      run x90
    `);
    const text = ['function hash(text) {', '  const n = normal(text)', '  return pbkdf2Sync(n, 1)', '}'].join(
      '\n',
    );
    const sources = makeSourceBook(new Map([['/app/auth.js', text]]));
    const lines = summariseProfile(tree, { sources }).lines.map(({ line, party, self, charged, text }) => [
      line,
      party,
      self / 1000,
      charged / 1000,
      text,
    ]);
    // The user's lines first, even when a dependency's line weighs more.
    expect(lines).toEqual([
      [3, 'user', 0, 90, 'return pbkdf2Sync(n, 1)'],
      [2, 'user', 6, 6, 'const n = normal(text)'],
      [7, 'dependency', 50, 50, undefined],
    ]);
    expect(summariseProfile(tree).lines.map(({ line }) => line)).toEqual([2, 7]);
  });

  it('guesses no line for a call that stands on several', () => {
    const tree = profileFromText(`
      hash@/app/auth.js:1:14
      md5 x90
    `);
    const sources = makeSourceBook(new Map([['/app/auth.js', 'function hash(a) {\n  md5(a)\n  md5(a)\n}']]));
    expect(summariseProfile(tree, { sources }).lines).toEqual([]);
  });

  it('cuts lists at the limit and says how many there are', () => {
    const summary = summariseProfile(SERVER, { limit: 1 });
    expect(summary.user).toHaveLength(1);
    expect(summary.counts).toMatchObject({ user: 2, packages: 7, files: 5 });
    expect(summary.functions).toHaveLength(1);
    expect(summary.counts.functions).toBeGreaterThan(5);
  });

  it('says how uncertain few samples are', () => {
    const sampled = (count: number) =>
      summariseProfile(profileFromText(`a@/app/a.js:1 x${count}  (idle) x500`));
    expect(sampled(96).uncertainty).toBeCloseTo(0.1, 2);
    expect(sampled(9604).uncertainty).toBeCloseTo(0.01, 4);
    expect(sampled(96).busySamples).toBe(96);
    expect(sampled(96).interval).toBe(1000);
  });

  it('takes bytes and counts', () => {
    const bytes = summariseProfile(profileFromText('a@/app/a.js:1 x3  b@/app/b.js:1', { unit: 'bytes' }));
    expect(bytes).toMatchObject({
      unit: 'bytes',
      busy: 4096,
      total: 4096,
      samples: 0,
      uncertainty: 0,
      seconds: 0,
    });
    expect(bytes.user[0]).toMatchObject({ name: 'a', charged: 3072, chargedShare: 0.75 });
    const builder = new CallTreeBuilder('samples');
    builder.addSelf(builder.child(0, builder.frameRow(userFrame(0))), 12);
    const counts = summariseProfile(builder.finish({ from: 0, to: 0 }));
    expect(counts).toMatchObject({ unit: 'samples', samples: 12, busySamples: 12 });
  });

  it('has no NaN for an empty tree', () => {
    const summary = summariseProfile(
      new CallTreeBuilder('microseconds').finish({ from: 0, to: 0, partial: 'cut' }),
    );
    expect(JSON.stringify(summary)).not.toContain('null');
    expect(summary).toMatchObject({ busy: 0, user: [], functions: [], lines: [], partial: 'cut' });
  });

  it('leaves out the frames that stand for threads', () => {
    const builder = new CallTreeBuilder('microseconds');
    const thread = builder.child(0, builder.frameRow({ ...ROOT_FRAME, name: 'worker 3' }));
    builder.addSample(0, builder.child(thread, builder.frameRow(userFrame(1))), 1000);
    const names = summariseProfile(builder.finish({ from: 0, to: 1 })).functions.map(({ name }) => name);
    expect(names).toEqual(['f1']);
  });

  it('walks stacks 100 000 deep', () => {
    const builder = new CallTreeBuilder('microseconds');
    let node = 0;
    for (let depth = 0; depth < 100_000; depth++) {
      node = builder.child(node, builder.frameRow(userFrame(depth % 5)));
      if (depth % 1000 === 0) builder.addSample(depth, node, 1000);
    }
    const summary = summariseProfile(builder.finish({ from: 0, to: 100_000 }));
    expect(summary.user).toHaveLength(5);
    expect(summary.user.reduce((sum, row) => sum + row.charged, 0)).toBe(100_000);
    expect(Math.max(...summary.user.map((row) => row.total))).toBe(100_000);
  });

  it('charges no more than the busy time, and each function at most its total', () => {
    const kinds: FrameInfo[] = [
      userFrame(0),
      userFrame(1),
      { ...userFrame(2), party: 'dependency', package: 'dep' },
      { ...userFrame(3), party: 'core' },
      { ...ROOT_FRAME, name: 'native', category: 'native' },
      { ...ROOT_FRAME, name: '(garbage collector)', category: 'gc' },
      { ...ROOT_FRAME, name: '(idle)', category: 'idle' },
    ];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(fc.nat(kinds.length - 1), { minLength: 1, maxLength: 8 }), fc.nat(50))),
        (stacks) => {
          const builder = new CallTreeBuilder('microseconds');
          for (const [stack, weight] of stacks) {
            let node = 0;
            for (const kind of stack) node = builder.child(node, builder.frameRow(kinds[kind]!));
            builder.addSelf(node, weight);
          }
          const tree = builder.finish({ from: 0, to: 0 });
          const summary = summariseProfile(tree);
          expect(summary.user.reduce((sum, row) => sum + row.charged, 0)).toBeLessThanOrEqual(summary.busy);
          for (const row of summary.user) {
            expect(row.charged).toBeGreaterThanOrEqual(row.self);
            expect(row.charged).toBeLessThanOrEqual(row.total);
          }
          expect(summary.packages.reduce((sum, row) => sum + row.self, 0)).toBe(summary.busy);
          expect(summary.functions.reduce((sum, row) => sum + row.self, 0)).toBe(summary.busy);
        },
      ),
    );
  });
});

function userFrame(n: number): FrameInfo {
  return {
    name: `f${n}`,
    file: `/app/f${n}.js`,
    line: n + 1,
    column: 1,
    category: 'js',
    party: 'user',
    package: '',
  };
}
