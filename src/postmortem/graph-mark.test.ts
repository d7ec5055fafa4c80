import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDGE } from '../heap/snapshot.ts';
import { DrawnHeap, smi } from './drawn-heap.fixture.ts';
import { isMarked, markLive } from './graph-mark.ts';
import { indexObjects } from './graph-objects.ts';
import { type Ephemeron, type ReferenceGraph, readReferences } from './graph-references.ts';
import type { HeapPage } from './heap-page.ts';
import { HeapWalk } from './heap-walk.ts';
import { ReferenceSlots } from './reference-slots.ts';

interface Drawn {
  count: number;
  edges: readonly { from: number; to: number; isWeak: boolean }[];
  ephemerons: readonly Ephemeron[];
  roots: readonly number[];
  without: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 30 }).chain((count) => {
  const one = fc.nat(count - 1);
  return fc.record({
    count: fc.constant(count),
    edges: fc.array(fc.record({ from: one, to: one, isWeak: fc.boolean() }), { maxLength: 50 }),
    ephemerons: fc.array(fc.record({ table: one, key: one, value: one }), { maxLength: 20 }),
    roots: fc.array(one, { maxLength: 3 }),
    without: fc.oneof(fc.constant(-1), one),
  });
});

/** Without maps: `mapOf` leads to one that is no object. */
function graphOf({ count, edges, ephemerons }: Drawn): ReferenceGraph {
  const firstEdge = new Uint32Array(count + 1);
  const target: number[] = [];
  for (let ordinal = 0; ordinal < count; ordinal++) {
    for (const { from, to, isWeak } of edges)
      if (from === ordinal) target.push((to << 3) | (isWeak ? EDGE.weak : EDGE.internal));
    firstEdge[ordinal + 1] = target.length;
  }
  return {
    objects: { count, ordinalAt: () => -1 },
    mapOf: new Uint32Array(count),
    firstEdge,
    target: Uint32Array.from(target),
    edgeCount: target.length,
    ephemerons: [...ephemerons],
  } as unknown as ReferenceGraph;
}

/** By its definition: rounds over everything until nothing changes. */
function reachable({ edges, ephemerons, roots, without }: Drawn): Set<number> {
  const live = new Set(roots.filter((root) => root !== without));
  for (let before = -1; before !== live.size; ) {
    before = live.size;
    for (const { from, to, isWeak } of edges) if (live.has(from) && !isWeak && to !== without) live.add(to);
    for (const { table, key, value } of ephemerons)
      if (live.has(table) && live.has(key) && value !== without) live.add(value);
  }
  return live;
}

const MAPS = [{ address: Number.NaN, type: 0, instanceBytes: 0, rule: 0 }] as unknown as HeapWalk['maps'];

describe('marking', () => {
  it('reaches what roots lead to, values of WeakMaps with table and key, and nothing else', () => {
    fc.assert(
      fc.property(drawn, (one) => {
        const { bits, liveCount, from } = markLive(graphOf(one), MAPS, one.roots, true, one.without);
        const wanted = reachable(one);
        const found = Array.from({ length: one.count }, (_, ordinal) => ordinal).filter(
          (ordinal) => ordinal !== one.without && isMarked(bits, ordinal),
        );
        expect(found).toEqual([...wanted].sort((a, b) => a - b));
        expect(liveCount).toBe(wanted.size);
        // Each way ends at a root, without a circle.
        for (const start of found) {
          let at = start;
          for (let steps = 0; from![at] !== at; steps++) {
            expect(steps).toBeLessThan(one.count);
            at = from![at]!;
          }
          expect(one.roots).toContain(at);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('ends soon where each value of a WeakMap is the key of another', () => {
    const count = 200_000;
    // The worst order: each round over all of them would find one.
    const ephemerons = Array.from({ length: count - 2 }, (_, at) => ({
      table: 0,
      key: count - 2 - at,
      value: count - 1 - at,
    }));
    const graph = graphOf({ count, edges: [], ephemerons, roots: [], without: -1 });
    expect(markLive(graph, MAPS, [0, 1]).liveCount).toBe(count);
  });
});

describe('references of a heap', () => {
  interface Arrays {
    heap: DrawnHeap;
    made: number[];
    page: HeapPage;
  }

  /** Arrays that refer to each other; negative slots are weak, null none. */
  function drawArrays(slots: readonly (readonly (number | null)[])[]): Arrays {
    const heap = new DrawnHeap();
    const made = slots.map((one) => heap.array(one.map(() => smi(1))));
    for (const [index, list] of slots.entries())
      for (const [slot, to] of list.entries())
        if (to !== null)
          heap.set(made[index]!, 16 + 8 * slot, made[Math.abs(to) % made.length]! + (to < 0 ? 2 : 0));
    return { heap, made, page: heap.page() };
  }

  function read({ heap, page }: Arrays): ReferenceGraph {
    const v8 = heap.reader();
    const walk = new HeapWalk(v8);
    const slots = new ReferenceSlots(v8);
    return readReferences(walk, [page], indexObjects(walk, [page], slots), slots);
  }

  const arrays = fc.array(fc.array(fc.option(fc.integer({ min: -40, max: 40 })), { maxLength: 12 }), {
    minLength: 1,
    maxLength: 40,
  });

  it('are those that were drawn, weak ones told apart', () => {
    fc.assert(
      fc.property(arrays, (slots) => {
        const all = drawArrays(slots);
        const { objects, firstEdge, target } = read(all);
        for (const [index, list] of slots.entries()) {
          const ordinal = objects.ordinalAt(all.made[index]!);
          const wanted = list.flatMap((to) => {
            const address = all.made[Math.abs(to ?? 0) % slots.length]!;
            // Of itself an object needs none.
            if (to === null || address === all.made[index]) return [];
            return [`${to < 0 ? EDGE.weak : EDGE.internal} ${address}`];
          });
          const found = [...target.subarray(firstEdge[ordinal]!, firstEdge[ordinal + 1]!)].map(
            (packed) => `${packed & 7} ${objects.addressOf(packed >>> 3)}`,
          );
          expect(found).toEqual(wanted);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('of a large array in pieces', () => {
    const heap = new DrawnHeap();
    const small = heap.array([smi(1)]);
    const end = heap.page();
    const large = heap.array(new Array(40_000).fill(small));
    const v8 = heap.reader();
    const walk = new HeapWalk(v8);
    const slots = new ReferenceSlots(v8);
    const pages: HeapPage[] = [end, { ...heap.page(), areaStart: end.areaEnd, isLarge: true }];
    const { objects, firstEdge, target } = readReferences(
      walk,
      pages,
      indexObjects(walk, pages, slots),
      slots,
    );
    const ordinal = objects.ordinalAt(large);
    const edges = target.subarray(firstEdge[ordinal]!, firstEdge[ordinal + 1]!);
    expect(edges).toHaveLength(40_000);
    expect(new Set(edges)).toEqual(new Set([(objects.ordinalAt(small) << 3) | EDGE.internal]));
  });

  it('lead to objects, whatever is written over the heap', () => {
    fc.assert(
      fc.property(
        arrays,
        fc.array(fc.tuple(fc.nat(6000), fc.nat(255)), { maxLength: 200 }),
        (slots, flips) => {
          const all = drawArrays(slots);
          for (const [at, value] of flips) all.heap.bytes[at] = value;
          const graph = read(all);
          const { objects, firstEdge, target, edgeCount } = graph;
          let before = 0;
          for (const first of firstEdge) {
            expect(first).toBeGreaterThanOrEqual(before);
            before = first;
          }
          expect(before).toBe(edgeCount);
          for (const packed of target.subarray(0, edgeCount))
            expect(packed >>> 3).toBeLessThan(objects.count);
        },
      ),
      { numRuns: 200 },
    );
  });
});
