import { EDGE } from '../heap/snapshot.ts';
import type { Ephemeron, ReferenceGraph } from './graph-references.ts';
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
 * @param late roots of which a way is told only where no other root leads there: stacks, which come and go
 * @param withPaths keep whom each was reached from: four bytes an object
 */
export function markLive(
  graph: ReferenceGraph,
  maps: readonly HeapMap[],
  roots: Iterable<number>,
  withPaths = false,
  without = -1,
  late: Iterable<number> = [],
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
  /** Entries of WeakMaps that wait for their key or table to be reached; once all else is known. */
  let entries: WaitingEntries | undefined;
  const spread = (): void => {
    while (done < length) {
      const at = queue[done++]!;
      const end = firstEdge[at + 1]!;
      for (let edge = firstEdge[at]!; edge < end; edge++) {
        const packed = target[edge]!;
        if ((packed & 7) !== EDGE.weak) reach(packed >>> 3, at);
      }
      if (entries !== undefined)
        for (const entry of entries.waitingFor(at)) if (isHeld(entry)) reach(entry.value, entry.table);
      const map = mapOf[at]!;
      if (ordinalOfMap[map] !== -1) continue;
      ordinalOfMap[map] = -2;
      const ordinal = objects.ordinalAt(maps[map]!.address);
      if (ordinal >= 0) reach(ordinal, AS_MAP);
    }
  };
  const isHeld = ({ table, key }: Ephemeron): boolean =>
    table !== without && key !== without && isMarked(bits, table) && isMarked(bits, key);
  if (without >= 0) bits[without >>> 3]! |= 1 << (without & 7);
  for (const root of roots) reach(root, root);
  spread();
  for (const root of late) reach(root, root);
  // Ways that lead through no WeakMap are told before those that do.
  spread();
  const waiting = ephemerons.filter(({ value }) => !isMarked(bits, value));
  if (waiting.length > 0) {
    entries = new WaitingEntries(waiting, count);
    for (const entry of waiting) if (isHeld(entry)) reach(entry.value, entry.table);
    spread();
  }
  return { bits, liveCount: length, ...(from === undefined ? {} : { from }) };
}

/** Entries of WeakMaps by what they wait for, so that values that are keys of others cost no round over all of them. */
class WaitingEntries {
  readonly #entries: readonly Ephemeron[];
  /** By ordinal: twice the entry for its table, and one more for its key, plus 1; 0 none. */
  readonly #first: Uint32Array;
  readonly #next: Uint32Array;

  constructor(entries: readonly Ephemeron[], count: number) {
    this.#entries = entries;
    this.#first = new Uint32Array(new SharedArrayBuffer(4 * count));
    this.#next = new Uint32Array(2 * entries.length + 1);
    for (const [index, { table, key }] of entries.entries()) {
      this.#add(table, 2 * index + 1);
      this.#add(key, 2 * index + 2);
    }
  }

  *waitingFor(ordinal: number): Generator<Ephemeron> {
    for (let link = this.#first[ordinal]!; link !== 0; link = this.#next[link]!)
      yield this.#entries[(link - 1) >>> 1]!;
  }

  #add(ordinal: number, link: number): void {
    this.#next[link] = this.#first[ordinal]!;
    this.#first[ordinal] = link;
  }
}

export function isMarked(bits: Uint8Array, ordinal: number): boolean {
  return (bits[ordinal >>> 3]! & (1 << (ordinal & 7))) !== 0;
}
