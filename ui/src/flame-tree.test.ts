import { describe, expect, it } from 'vitest';
import { foldRooms, type RoomOptions, wholeShape } from './call-shape.ts';
import {
  boxById,
  boxId,
  buildBottomUp,
  buildIcicle,
  childrenOf,
  heaviestOf,
  neighbourOf,
} from './flame-tree.ts';
import { type ProfileTables, ROOMS, weightsBetween } from './profile-tables.ts';
import { boxesAsText, drawIcicle, drawTables } from './text-tables.fixture.ts';

const SERVER = `
  c:tick d:router u:login c:pbkdf2Sync n:sha512 70
  c:tick d:router u:login 2
  c:tick d:router u:list n:writev k:tcp 10
  g:gc 3
  i:idle 40
`;
const hide = (room: (typeof ROOMS)[number]) => ({ foldCore: false, hidden: new Set([ROOMS.indexOf(room)]) });

const icicleOf = (tables: ProfileTables, options: RoomOptions) =>
  drawIcicle(tables, foldRooms(wholeShape(tables), tables, options));

describe('buildIcicle', () => {
  const tables = drawTables(SERVER);
  const tree = drawIcicle(tables);

  it('sorts siblings by weight and puts idle last', () => {
    expect(boxesAsText(tree, tables)).toEqual([
      '(root) 125',
      ' tick 82',
      '  router 82',
      '   login 72',
      '    pbkdf2Sync 70',
      '     sha512 70',
      '   list 10',
      '    writev 10',
      '     tcp 10',
      ' gc 3',
      ' idle 40',
    ]);
  });

  it('lays children side by side inside their parent', () => {
    for (let i = 1; i < tree.length; i++) {
      const above = tree.parent[i]!;
      expect(tree.start[i]).toBeGreaterThanOrEqual(tree.start[above]!);
      expect(tree.start[i]! + tree.total[i]!).toBeLessThanOrEqual(tree.start[above]! + tree.total[above]!);
      expect(tree.end[i]).toBeLessThanOrEqual(tree.end[above]!);
    }
    const [first, second] = childrenOf(tree, 2);
    expect(tree.start[second!]).toBe(tree.start[first!]! + tree.total[first!]!);
  });

  it('gives the time of a hidden room to its caller, and drops idle and GC whole', () => {
    expect(boxesAsText(icicleOf(tables, hide('native')), tables)).toContain('    pbkdf2Sync 70');
    expect(boxesAsText(icicleOf(tables, hide('native')), tables).join()).not.toContain('sha512');
    expect(boxesAsText(icicleOf(tables, hide('idle')), tables)[0]).toBe('(root) 85');
  });

  it('folds core into its caller but keeps it below the root', () => {
    const folded = boxesAsText(icicleOf(tables, { foldCore: true, hidden: new Set() }), tables);
    expect(folded.slice(0, 5)).toEqual([
      '(root) 125',
      ' tick 82',
      '  router 82',
      '   login 72',
      '    sha512 70',
    ]);
  });

  it('merges equal children that folding brings together', () => {
    const split = drawTables('u:a c:x n:w 3\nu:a c:y n:w 4');
    const folded = icicleOf(split, { foldCore: true, hidden: new Set() });
    expect(boxesAsText(folded, split)).toEqual(['(root) 7', ' a 7', '  w 7']);
  });

  it('survives a stack of 100 000 frames', () => {
    const deep = drawTables('u:a 1');
    const length = 100_000;
    const chain: ProfileTables = {
      ...deep,
      length,
      parent: Int32Array.from({ length }, (_, i) => i - 1),
      frame: Int32Array.from({ length }, (_, i) => (i === 0 ? 0 : 1)),
      self: Float64Array.from({ length }, (_, i) => (i === length - 1 ? 5 : 0)),
    };
    const icicle = drawIcicle(chain);
    expect(icicle.maxDepth).toBe(length - 1);
    expect(icicle.total[1]).toBe(5);
  });

  it('recounts what a time range leaves', () => {
    const { self, count } = weightsBetween(tables, 70, 82);
    expect(count).toBe(12);
    expect(boxesAsText(buildIcicle(wholeShape(tables), tables, self), tables).slice(0, 4)).toEqual([
      '(root) 12',
      ' tick 12',
      '  router 12',
      '   list 10',
    ]);
  });
});

describe('buildBottomUp', () => {
  const tables = drawTables('u:a n:w 3\nu:b n:w 4\nu:b 1');
  const tree = buildBottomUp(drawIcicle(tables), tables);

  it('starts at what is on top of the stack', () => {
    expect(boxesAsText(tree, tables)).toEqual(['(root) 8', ' w 7', '  b 4', '  a 3', ' b 1']);
  });

  it('keeps the sum of all weights', () => {
    const server = drawTables(SERVER);
    const up = buildBottomUp(drawIcicle(server), server);
    expect(up.total[0]).toBe(125_000);
  });
});

describe('moving and naming', () => {
  const tables = drawTables(SERVER);
  const tree = drawIcicle(tables);
  const named = (name: string) => heaviestOf(tree, (frame) => tables.name[frame] === name);

  it('finds a box again by its id, in another shape of the tree by its frame', () => {
    const login = named('login');
    expect(boxById(tree, boxId(tree, login), -1)).toBe(login);
    const up = buildBottomUp(tree, tables);
    const box = boxById(up, boxId(tree, named('sha512')), tree.frame[named('sha512')]!);
    expect(tables.name[up.frame[box]!]).toBe('sha512');
    expect(boxById(up, boxId(up, box), -1)).toBe(box);
    expect(boxById(tree, '99999', -1)).toBe(-1);
  });

  it('walks along a row and stays at its edge', () => {
    expect(neighbourOf(tree, named('login'), 1)).toBe(named('list'));
    expect(neighbourOf(tree, named('list'), -1)).toBe(named('login'));
    expect(neighbourOf(tree, named('idle'), 1)).toBe(named('idle'));
  });
});
