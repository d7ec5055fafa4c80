import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDGE } from '../heap/snapshot.ts';
import { DrawnHeap, smi } from './drawn-heap.fixture.ts';
import { HeapWalk } from './heap-walk.ts';
import { findReferrers, objectAt, type Referrers } from './reference-find.ts';

function find(heap: DrawnHeap, target: number, isLive?: (address: number) => boolean): Referrers {
  const v8 = heap.reader();
  return findReferrers(v8, new HeapWalk(v8), [heap.page()], target, isLive);
}

/** An array of JavaScript: its elements are in a store. */
function listOf(heap: DrawnHeap, store: number, length: number): number {
  const list = heap.object(2119, [0, store, smi(length)]);
  heap.set(list, 8, heap.array([]));
  return list;
}

describe('referrers', () => {
  it('are named by property, element and slot; stores by their owner', () => {
    const heap = new DrawnHeap();
    const target = heap.array([]);
    const owner = heap.plain([
      { key: heap.string('other'), word: heap.array([]) },
      { key: heap.string('held'), word: target },
    ]);
    const list = listOf(heap, heap.array([smi(1), target, target]), 3);
    const bare = heap.array([smi(1), target]);
    const weak = heap.array([target + 2]);
    const { list: found, isCut } = find(heap, target);
    expect(isCut).toBe(false);
    expect(found.map(({ address, type, name }) => ({ address, type, name }))).toEqual(
      expect.arrayContaining([
        { address: owner, type: EDGE.property, name: 'held' },
        { address: list, type: EDGE.element, name: 1 },
        { address: list, type: EDGE.element, name: 2 },
        { address: bare, type: EDGE.internal, name: '1' },
        { address: weak, type: EDGE.weak, name: '0' },
      ]),
    );
    expect(found).toHaveLength(5);
  });

  it('leave out what is not in use', () => {
    const heap = new DrawnHeap();
    const target = heap.array([]);
    const [dead, live] = [heap.array([target]), heap.array([target])];
    const { list } = find(heap, target, (address) => address !== dead);
    expect(list.map(({ address }) => address)).toEqual([live]);
  });

  it('of one that is referred to from everywhere are cut', () => {
    const heap = new DrawnHeap();
    const target = heap.array([]);
    const list = listOf(heap, heap.array(new Array(14_000).fill(target)), 14_000);
    const bare = heap.array(new Array(14_000).fill(target));
    const all = find(heap, target);
    expect(all.isCut).toBe(false);
    for (const holder of [list, bare])
      expect(all.list.filter(({ address }) => address === holder)).toHaveLength(14_000);
    for (const most of [100, 14_000, 14_001, 27_999]) {
      const v8 = heap.reader();
      const cut = findReferrers(v8, new HeapWalk(v8), [heap.page()], target, () => true, most);
      expect(cut).toEqual({ list: all.list.slice(0, most), isCut: true });
    }
  });

  it('ends, whatever is written over the heap', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 100 }), (flips) => {
        const heap = new DrawnHeap();
        const target = heap.array([]);
        for (let i = 0; i < 10; i++) {
          heap.plain([{ key: heap.string(`key ${i}`), word: target }]);
          listOf(heap, heap.array([target, smi(i)]), 2);
        }
        for (const [at, value] of flips) heap.bytes[at] = value;
        const page = heap.page();
        for (const { address } of find(heap, target).list) {
          expect(address).toBeGreaterThan(page.areaStart);
          expect(address).toBeLessThan(page.areaEnd);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('of an address: only where an object begins', () => {
    const heap = new DrawnHeap();
    const made = heap.array([smi(1), smi(2)]);
    const walk = new HeapWalk(heap.reader());
    expect(objectAt(walk, [heap.page()], made)).toMatchObject({ address: made, size: 32 });
    expect(objectAt(walk, [heap.page()], made + 8)).toBeUndefined();
    expect(objectAt(walk, [heap.page()], 0x1235)).toBeUndefined();
  });
});
