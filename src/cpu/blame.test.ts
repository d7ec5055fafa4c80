import { describe, expect, it } from 'vitest';
import { type Blame, blameNodes, blameStacks } from './blame.ts';
import type { BlockStack, StackFrame } from './call-tree.ts';
import { profileFromText } from './text-profile.fixture.ts';

const NO_SOURCES = { lines: () => undefined };
const sources = (files: Record<string, string[]>): { lines: (file: string) => string[] | undefined } => ({
  lines: (file) => files[file],
});

function blame(text: string, options: Partial<Parameters<typeof blameNodes>[2]> = {}): Blame | undefined {
  const tree = profileFromText(text);
  return blameNodes(tree, tree.self, { sources: NO_SOURCES, ...options });
}

const places = (found: Blame | undefined): string[] =>
  (found?.places ?? []).map((place) => `${place.function} ${place.file}:${place.line}`);

const user = (name: string, file: string, line: number, column = 1): StackFrame => ({
  function: name,
  file,
  line,
  column,
  party: 'user',
  package: '',
});

describe('blameNodes', () => {
  it('walks from native and core frames up to the first function the user owns', () => {
    const found = blame(`
      login@/app/session.js:20          other@/app/o.js:1 x2
      hashPassword@/app/auth.js:37 x97
      pbkdf2Sync@node:internal/crypto/pbkdf2:62
      run
    `);
    expect(places(found)).toEqual(['hashPassword /app/auth.js:37', 'login /app/session.js:20']);
    expect(found?.callee).toMatchObject({ function: 'pbkdf2Sync', package: 'node' });
    expect(found?.share).toBeCloseTo(0.98, 2);
  });

  it('takes the deepest function with three quarters, not the hottest leaf', () => {
    const found = blame(`
      handler@/app/s.js:1           handler@/app/s.js:1
      render@/app/view.js:9 x45     render@/app/view.js:9
      escape@/app/escape.js:2       row@/app/row.js:5 x40
    `);
    expect(found?.places[0]?.function).toBe('render');
  });

  it('counts a recursive function once', () => {
    const found = blame(`
      walk@/app/tree.js:4 #6 x10   walk@/app/tree.js:4 x10
                                   walk@/app/tree.js:4 #6
    `);
    expect(found?.places).toHaveLength(1);
    expect(found?.share).toBe(1);
    expect(found?.places[0]?.line).toBe(6);
  });

  it('puts the line where the ticks are when the time is its own', () => {
    expect(places(blame('spin@/app/a.js:1 #3 x9   spin@/app/a.js:1 #4'))).toEqual(['spin /app/a.js:3']);
  });

  it('puts the line where the call is when the time is in a callee', () => {
    const text = `
      hash@/app/auth.js:1:14 x50
      pbkdf2Sync@node:internal/crypto/pbkdf2:62
    `;
    const lines = ['function hash(p) {', '  const n = 9;', '  return pbkdf2Sync(p, n);', '}'];
    expect(blame(text, { sources: sources({ '/app/auth.js': lines }) })?.places[0]?.line).toBe(3);
    const core: StackFrame = { ...user('pbkdf2Sync', 'node:internal/crypto/pbkdf2', 78), party: 'core' };
    const stacks: BlockStack[] = [
      { at: 0, lateMs: 60, asyncId: 4, frames: [core, user('hash', '/app/auth.js', 44, 15)] },
    ];
    expect(blame(text, { stacks })?.places[0]).toMatchObject({ line: 44, column: 15 });
  });

  it('names the function around a callback that an iterator runs, with the hot line', () => {
    const lines = [
      'function rank(list) {',
      '  list.sort((a, b) => {',
      '    return slow(a) - slow(b);',
      '  });',
      '}',
      'const x = (a) => {',
      '};',
    ];
    const text = `
      rank@/app/rank.js:1:14
      @/app/rank.js:2:13 #3 x20
    `;
    const found = blame(text, { sources: sources({ '/app/rank.js': lines }) });
    expect(places(found)).toEqual(['rank /app/rank.js:3']);
    // A handler without a name that lies elsewhere in the file is not inside of its caller.
    const elsewhere = blame(
      `
      rank@/app/rank.js:1:14
      @/app/rank.js:6:11 #6 x20
    `,
      { sources: sources({ '/app/rank.js': lines }) },
    );
    expect(places(elsewhere)).toEqual(['(anonymous) /app/rank.js:6', 'rank /app/rank.js:1']);
  });

  it('blames a dependency when no code of the user is on the stacks', () => {
    const found = blame(`
      emit@node:events:467
      parse@/app/node_modules/csv-parse/lib/index.js:88 #91 x30
    `);
    expect(found?.places[0]).toMatchObject({ function: 'parse', line: 91, package: 'csv-parse' });
    expect(found?.party).toBe('dependency');
  });

  it('folds runs of a package and leaves core out of the callers', () => {
    const found = blame(`
      app@/app/server.js:3
      next@/app/node_modules/express/lib/router/index.js:100
      handle@/app/node_modules/express/lib/router/layer.js:80
      emit@node:events:467
      work@/app/work.js:5 x10
    `);
    expect(places(found).map((place) => place.split(' ')[0])).toEqual(['work', 'handle', 'app']);
  });

  it('blames nobody when nobody holds enough', () => {
    expect(blame('a@/app/a.js:1 x5   b@/app/b.js:1 x5   (program) x5')).toBeUndefined();
  });
});

describe('blameStacks', () => {
  it('takes the deepest function on most stacks and its most frequent line', () => {
    const stack = (line: number): { frames: StackFrame[] } => ({
      frames: [user('step', '/app/a.js', line), user('main', '/app/a.js', 2)],
    });
    expect(places(blameStacks([stack(9), stack(9), stack(8)], { sources: NO_SOURCES }))).toEqual([
      'step /app/a.js:9',
      'main /app/a.js:2',
    ]);
    const split = [stack(9), { frames: [user('other', '/app/b.js', 1), user('main', '/app/a.js', 3)] }];
    expect(blameStacks(split, { sources: NO_SOURCES })?.places[0]?.function).toBe('main');
    expect(blameStacks([], { sources: NO_SOURCES })).toBeUndefined();
  });
});
