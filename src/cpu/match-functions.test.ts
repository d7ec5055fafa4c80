import { describe, expect, it } from 'vitest';
import { alignByLine, matchFunctions } from './match-functions.ts';
import { profileFromText } from './text-profile.fixture.ts';

/** A tree with these functions. */
const tree = (...functions: string[]) => profileFromText(functions.join('  '));
/** `name:line → name:line` of the pairs that are the same function, sorted. */
function pairs(before: ReturnType<typeof tree>, after: ReturnType<typeof tree>): string[] {
  const { ofBefore, ofAfter } = matchFunctions(before, after);
  const found: string[] = [];
  for (let a = 1; a < before.frames.length; a++)
    for (let b = 1; b < after.frames.length; b++)
      if (ofBefore[a] === ofAfter[b])
        found.push(
          `${before.frames.name[a]}:${before.frames.line[a]} → ${after.frames.name[b]}:${after.frames.line[b]}`,
        );
  return found.sort();
}

describe('alignByLine', () => {
  it.each([
    { before: [10, 50, 90], after: [12, 31, 52, 93], partner: [0, 2, 3], why: 'one is new' },
    { before: [12, 31, 52, 93], after: [10, 50, 90], partner: [0, -1, 1, 2], why: 'one is gone' },
    { before: [10, 20], after: [110, 120], partner: [0, 1], why: 'all moved' },
    { before: [], after: [1], partner: [], why: 'none before' },
    { before: [5], after: [], partner: [-1], why: 'none after' },
    { before: [5], after: [5, 5], partner: [0], why: 'two on one line' },
  ])('$why: $before on $after', ({ before, after, partner }) => {
    expect(alignByLine(before, after)).toEqual(partner);
  });

  it('costs no more than the lists are long when they are huge', () => {
    const before = Array.from({ length: 20_000 }, (_, i) => i);
    expect(alignByLine(before, [...before, 20_000])[19_999]).toBe(19_999);
  });
});

describe('matchFunctions', () => {
  it('matches by name and file wherever the line went', () => {
    const before = tree('a@/app/x.js:3', 'b@/app/x.js:9', 'a@/app/y.js:3');
    const after = tree('a@/app/x.js:30', 'b@/app/x.js:90', 'c@/app/x.js:3');
    expect(pairs(before, after)).toEqual(['a:3 → a:30', 'b:9 → b:90']);
  });

  it('tells functions without a name apart by their order in the file', () => {
    const before = tree('(anonymous)@/app/x.js:10', '(anonymous)@/app/x.js:20');
    const after = tree('(anonymous)@/app/x.js:11', '(anonymous)@/app/x.js:15', '(anonymous)@/app/x.js:24');
    expect(pairs(before, after)).toEqual([
      '(anonymous):10 → (anonymous):11',
      '(anonymous):20 → (anonymous):24',
    ]);
  });

  it('expects them to move with the named function above', () => {
    const before = tree('list@/app/x.js:8', '(anonymous)@/app/x.js:10', '(anonymous)@/app/x.js:20');
    const after = tree(
      'list@/app/x.js:18',
      '(anonymous)@/app/x.js:9',
      '(anonymous)@/app/x.js:20',
      '(anonymous)@/app/x.js:30',
    );
    expect(pairs(before, after)).toEqual([
      '(anonymous):10 → (anonymous):20',
      '(anonymous):20 → (anonymous):30',
      'list:8 → list:18',
    ]);
  });

  it('finds the same file in another checkout, by the end of its path', () => {
    const before = tree('get@/home/a/shop/users/index.js:1', 'get@/home/a/shop/items/index.js:2');
    const after = tree('get@/srv/shop/items/index.js:3', 'get@/srv/shop/users/index.js:4');
    expect(pairs(before, after)).toEqual(['get:1 → get:4', 'get:2 → get:3']);
    expect(matchFunctions(before, after).renamed).toEqual([]);
  });

  it('finds a package wherever it is installed, not under another name', () => {
    const before = tree(
      'run@/a/node_modules/.pnpm/x@1.0.0/node_modules/x/lib/i.js:1',
      'run@/a/node_modules/z/lib/i.js:7',
    );
    const after = tree('run@/b/node_modules/x/lib/i.js:2', 'run@/b/node_modules/y/lib/i.js:8');
    expect(pairs(before, after)).toEqual(['run:1 → run:2']);
  });

  it('takes a renamed file for the same when it holds the same functions, and says so', () => {
    const before = tree('serve@/app/server-1.js:1', 'hash@/app/server-1.js:5', 'slow@/app/server-1.js:9');
    const after = tree('serve@/app/server-2.js:1', 'hash@/app/server-2.js:7', 'log@/app/log.js:1');
    expect(pairs(before, after)).toEqual(['hash:5 → hash:7', 'serve:1 → serve:1']);
    expect(matchFunctions(before, after).renamed).toEqual([
      { before: '/app/server-1.js', after: '/app/server-2.js' },
    ]);
  });

  it('does not take a file for another over one common name', () => {
    const before = tree('get@/app/users.js:1', 'put@/app/users.js:5', 'x@/app/keep.js:1');
    const after = tree('get@/app/items.js:1', 'del@/app/items.js:7', 'y@/app/more.js:1', 'x@/app/keep.js:1');
    expect(pairs(before, after)).toEqual(['x:1 → x:1']);
  });

  it('keeps native code, GC and core apart by name', () => {
    const before = tree('run', '(garbage collector)', 'emit@node:events:400');
    const after = tree('run', '(garbage collector)', 'emit@node:events:500', 'walk');
    expect(pairs(before, after)).toEqual([
      '(garbage collector):0 → (garbage collector):0',
      'emit:400 → emit:500',
      'run:0 → run:0',
    ]);
  });

  it('gives every function of both a row, the later position where it is in both', () => {
    const { frames, ofBefore } = matchFunctions(
      tree('a@/app/x.js:3', 'old@/app/x.js:5'),
      tree('a@/app/x.js:30'),
    );
    expect(frames.length).toBe(3);
    expect(frames.name).toEqual(['(root)', 'a', 'old']);
    expect([...frames.line]).toEqual([0, 30, 5]);
    expect([...ofBefore]).toEqual([0, 1, 2]);
  });
});
