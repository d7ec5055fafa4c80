import { EDGE } from '../heap/snapshot.ts';
import type { ReferenceGraph } from './graph-references.ts';
import type { HeapMap } from './heap-maps.ts';

/** What can be reached, breadth first, so that the way to each object is a shortest one. */
export interface Marks {
  /** One bit for each object. */
  bits: Uint8Array;
  liveCount: number;
  /** By ordinal: whom it was reached from; its own ordinal for roots; only where asked for. */
  from?: Uint32Array;
}

/** Values of `Marks.from` for what was reached as the map of a live object, which no edge of the graph tells. */
export const AS_MAP = 0xffff_fffe;

/**
 * Marks all that roots lead to over references that keep: not weak ones; values of WeakMaps where table and key live.
 * @param roots ordinals, those to be preferred as the beginning of a way first
 * @param without an ordinal that is passed by, as if it were not there: what is then missing lives by it alone
 * @param withPaths keep whom each was reached from: four bytes an object
 */
export function markLive(
  graph: ReferenceGraph,
  maps: readonly HeapMap[],
  roots: Iterable<number>,
  withPaths = false,
  without = -1,
): Marks {
  const { objects, mapOf, firstEdge, target, ephemerons } = graph;
  const { count } = objects;
  const bits = new Uint8Array((count >>> 3) + 1);
  const queue = new Uint32Array(new SharedArrayBuffer(4 * count));
  const from = withPaths ? new Uint32Array(new SharedArrayBuffer(4 * count)) : undefined;
  /** Ordinals of maps; −1 not looked up, −2 not here. */
  const ordinalOfMap = new Int32Array(maps.length).fill(-1);
  let length = 0;
  let done = 0;
  const reach = (ordinal: number, source: number): void => {
    const bit = 1 << (ordinal & 7);
    if ((bits[ordinal >>> 3]! & bit) !== 0) return;
    bits[ordinal >>> 3]! |= bit;
    if (from !== undefined) from[ordinal] = source;
    queue[length++] = ordinal;
  };
  const spread = (): void => {
    while (done < length) {
      const at = queue[done++]!;
      const end = firstEdge[at + 1]!;
      for (let edge = firstEdge[at]!; edge < end; edge++) {
        const packed = target[edge]!;
        if ((packed & 7) !== EDGE.weak) reach(packed >>> 3, at);
      }
      const map = mapOf[at]!;
      if (ordinalOfMap[map] !== -1) continue;
      ordinalOfMap[map] = -2;
      const ordinal = objects.ordinalAt(maps[map]!.address);
      if (ordinal >= 0) reach(ordinal, AS_MAP);
    }
  };
  if (without >= 0) bits[without >>> 3]! |= 1 << (without & 7);
  for (const root of roots) reach(root, root);
  spread();
  // Each round marks a value that may be the key of another: as many rounds as they are chained.
  let waiting = ephemerons;
  for (let isNew = true; isNew; ) {
    isNew = false;
    const rest: typeof ephemerons = [];
    for (const one of waiting) {
      if (isMarked(bits, one.table) && isMarked(bits, one.key)) {
        if (!isMarked(bits, one.value)) isNew = true;
        reach(one.value, one.table);
      } else rest.push(one);
    }
    spread();
    if (rest.length === waiting.length) break;
    waiting = rest;
  }
  return { bits, liveCount: length, ...(from === undefined ? {} : { from }) };
}

export function isMarked(bits: Uint8Array, ordinal: number): boolean {
  return (bits[ordinal >>> 3]! & (1 << (ordinal & 7))) !== 0;
}
