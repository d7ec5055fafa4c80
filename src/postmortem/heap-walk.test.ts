import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DrawnHeap, smi } from './drawn-heap.fixture.ts';
import type { HeapPage } from './heap-page.ts';
import { type HeapBatch, HeapWalk } from './heap-walk.ts';

interface Seen {
  address: number;
  type: number;
  size: number;
}

function walkAll(heap: DrawnHeap, page: HeapPage = heap.page()): { seen: Seen[]; walk: HeapWalk } {
  const walk = new HeapWalk(heap.reader());
  const seen: Seen[] = [];
  walk.walk([page], (batch) => {
    for (let i = 0; i < batch.count; i++)
      seen.push({
        address: batch.base + batch.offsets[i]! + 1,
        type: walk.maps[batch.maps[i]!]!.type,
        size: batch.sizes[i]!,
      });
  });
  return { seen, walk };
}

describe('a walk over a page', () => {
  it('finds every object with its size, in order', () => {
    const heap = new DrawnHeap();
    const made = [
      heap.string('seventeen letters'),
      heap.number(1.5),
      heap.array([smi(1), smi(2), smi(3)]),
      heap.oddball(3),
    ];
    const { seen, walk } = walkAll(heap);
    const found = made.map((address) => seen.find((one) => one.address === address));
    // Strings are 16 bytes and their characters; arrays 16 and 8 for each element.
    expect(found.map((one) => one?.size)).toEqual([40, 16, 40, 48]);
    expect(found.map((one) => one?.type)).toEqual([40, 130, 205, 131]);
    expect(seen.map(({ address }) => address)).toEqual(
      [...seen.map(({ address }) => address)].sort((a, b) => a - b),
    );
    expect(walk.losses).toEqual({ garbageBytes: 0, missingBytes: 0 });
    // Each object once, one behind the other.
    for (const [index, one] of seen.entries())
      if (index > 0) expect(one.address).toBe(seen[index - 1]!.address + seen[index - 1]!.size);
  });

  it('goes on behind garbage and leaves out what is not allocated', () => {
    const heap = new DrawnHeap();
    heap.array([]);
    const garbage = heap.allocate(5);
    heap.set(garbage, 8, 0xdead_beef);
    const stale = heap.array([smi(7)]);
    const last = heap.string('abc');
    const page = heap.page();
    page.unused = [[stale - 1, stale - 1 + 24]];
    const { seen, walk } = walkAll(heap, page);
    expect(seen.some(({ address }) => address === stale)).toBe(false);
    expect(seen.at(-1)).toMatchObject({ address: last, size: 24 });
    expect(walk.losses.garbageBytes).toBe(40);
  });

  it('learns how large the objects of an unknown type are', () => {
    const heap = new DrawnHeap();
    // Three words before the elements: no known rule.
    const made = Array.from({ length: 40 }, (_, index) =>
      heap.object(199, [smi(index % 4), smi(9), ...new Array(index % 4).fill(smi(5))]),
    );
    const { seen } = walkAll(heap);
    const sizes = made.map((address) => seen.find((one) => one.address === address)?.size);
    expect(sizes).toEqual(made.map((_, index) => 24 + 8 * (index % 4)));
  });

  it('gives a large object in pieces', () => {
    const heap = new DrawnHeap();
    heap.array([]);
    const start = heap.page().areaEnd;
    const large = heap.array(new Array(40_000).fill(smi(1)));
    const page: HeapPage = { ...heap.page(), areaStart: start, isLarge: true };
    const walk = new HeapWalk(heap.reader());
    const pieces: Pick<HeapBatch, 'base' | 'length' | 'count' | 'continues'>[] = [];
    let size = 0;
    walk.walk([page], (batch) => {
      if (batch.count === 1) size = batch.sizes[0]!;
      pieces.push({ base: batch.base, length: batch.length, count: batch.count, continues: batch.continues });
    });
    expect(size).toBe(16 + 8 * 40_000);
    expect(pieces).toEqual([
      { base: large - 1, length: 262_144, count: 1, continues: Number.NaN },
      { base: large - 1 + 262_144, length: size - 262_144, count: 0, continues: large - 1 },
    ]);
  });

  it('ends, and stays within the page, whatever is written over it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 200 }), (flips) => {
        const heap = new DrawnHeap();
        for (let i = 0; i < 30; i++) {
          heap.array([smi(i), smi(i)]);
          heap.string(`number ${i}`);
          heap.object(199, [smi(1), smi(2)]);
        }
        for (const [at, value] of flips) heap.bytes[at] = value;
        const page = heap.page();
        const { seen } = walkAll(heap, page);
        let end = page.areaStart;
        for (const { address, size } of seen) {
          if (address - 1 < end || size < 8 || address - 1 + size > page.areaEnd) return false;
          end = address - 1 + size;
        }
        return true;
      }),
      { numRuns: 200 },
    );
  });
});
