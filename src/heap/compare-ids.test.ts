import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchIds, NOT_THERE } from './compare-ids.ts';
import { drawSnapshot } from './graph-drawing.fixture.ts';

const withIds = (ids: number[]) => drawSnapshot(ids.map((id) => ({ id })));

/** As a file has them: odd ids ascending, then even ones in any order. */
const fileOrder = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 40 }),
    fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }),
  )
  .map(([odd, even]) => [
    ...odd.sort((a, b) => a - b).map((value) => 2 * value + 1),
    ...even.map((value) => (value % 3 === 0 ? 4_294_967_000 + 2 * value : 2 * value)),
  ]);
const anyOrder = fc.uniqueArray(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 40 });

describe('matching nodes by id', () => {
  it.each([
    ['as files have them', fileOrder],
    ['in any order', anyOrder],
  ])('finds what a table of ids finds, ids %s', (_, ids) => {
    fc.assert(
      fc.property(ids, ids, (older, newer) => {
        const match = matchIds(withIds(older), withIds(newer));
        expect([...match.before]).toEqual(
          newer.map((id) => (older.includes(id) ? older.indexOf(id) : NOT_THERE)),
        );
        expect([...match.stays]).toEqual(older.map((id) => (newer.includes(id) ? 1 : 0)));
        expect(match.common).toBe(newer.filter((id) => older.includes(id)).length);
      }),
      { numRuns: 400 },
    );
  });

  it('matches an id that a damaged file has twice once', () => {
    const match = matchIds(withIds([1, 3, 3, 5]), withIds([1, 3, 5, 5]));
    expect(match.common).toBe(3);
    expect([...match.before].filter((node) => node !== NOT_THERE)).toHaveLength(3);
  });

  it('knows the later snapshot by its largest id', () => {
    const match = matchIds(withIds([1, 3, 9, 4_000_000_000]), withIds([1, 3, 5, 2]));
    expect(match.lastOlder).toBeGreaterThan(match.lastNewer);
  });

  it('takes linear time for ids in the worst order', () => {
    const count = 300_000;
    const ids = Uint32Array.from({ length: count }, (_, node) => 2 * (count - node) + 1);
    const snapshot = { ...drawSnapshot([{}]), nodeCount: count, nodeId: ids };
    expect(matchIds(snapshot, snapshot).common).toBe(count);
  });
});
