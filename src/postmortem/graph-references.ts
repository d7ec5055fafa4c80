import { HolterError } from '../base/errors.ts';
import { formatBytes } from '../base/quantity.ts';
import type { Bytes } from '../base/units.ts';
import { SizeColumn } from '../heap/size-column.ts';
import { EDGE, MAX_NODES } from '../heap/snapshot.ts';
import type { ObjectIndex } from './graph-objects.ts';
import { areaBytes, type HeapPage } from './heap-page.ts';
import type { HeapWalk } from './heap-walk.ts';
import { type ReferenceSlots, SLOTS } from './reference-slots.ts';

/** An entry of a WeakMap: the value lives as long as table and key do. Ordinals. */
export interface Ephemeron {
  table: number;
  key: number;
  value: number;
}

/**
 * Objects and what they refer to, without names: object `n` refers to `target[firstEdge[n]]` to `target[firstEdge[n + 1] −
 * 1]`, each `ordinal << 3 | type` (EDGE.internal or EDGE.weak). Maps are not among the targets: `mapOf` has them.
 */
export interface ReferenceGraph {
  objects: ObjectIndex;
  /** By ordinal: index in `HeapWalk.maps`. */
  mapOf: Uint32Array;
  size: SizeColumn;
  firstEdge: Uint32Array;
  target: Uint32Array;
  edgeCount: number;
  ephemerons: Ephemeron[];
}

/** Entries of WeakMaps that are kept apart; a heap of more has the rest held by the table alone. */
const MOST_EPHEMERONS = 5_000_000;

/**
 * Reads all references of the objects in pages in one pass over them.
 * @param objects of the same pages, made with the same walk and slots
 * @throws HolterError E_TOO_LITTLE_MEMORY
 */
export function readReferences(
  walk: HeapWalk,
  pages: readonly HeapPage[],
  objects: ObjectIndex,
  slots: ReferenceSlots,
  onPage?: (bytes: Bytes) => void,
): ReferenceGraph {
  const { count } = objects;
  if (count >= MAX_NODES)
    throw new HolterError('E_TOO_LITTLE_MEMORY', `${count} objects are more than a graph can have`);
  const mapOf = column(count);
  const size = new SizeColumn(column(count));
  const firstEdge = column(count + 1);
  // A word makes one reference at most: memory is taken only as far as it is written to.
  const most = Math.min(2 ** 32 - 8, Math.ceil(areaBytes(pages) / 8));
  const target = column(most);
  const ephemerons: Ephemeron[] = [];
  let edges = 0;
  let last = -1;
  let done = 0;
  /** Of a large object that goes on in the next batch. */
  let open:
    | {
        ordinal: number;
        from: Bytes;
        to: Bytes;
        base: number;
        kind: number;
        weakFrom: number;
        weakTo: number;
      }
    | undefined;

  walk.walk(pages, (batch) => {
    const { words, base, length, offsets, maps, sizes } = batch;
    const scan = (ordinal: number, from: Bytes, to: Bytes, weakFrom: Bytes, weakTo: Bytes): void => {
      for (let at = from; at < to; at += 8) {
        const low = words[at >> 2]!;
        if ((low & 1) === 0) continue;
        const high = words[(at >> 2) + 1]!;
        // Above user space, or the first pages: no address.
        if (high >>> 15 !== 0) continue;
        const found = objects.ordinalOf(low, high);
        if (found < 0 || (low & 5) !== 1 || found === ordinal) continue;
        const isWeak = (low & 2) !== 0 || (at >= weakFrom && at < weakTo);
        target[edges++] = (found << 3) | (isWeak ? EDGE.weak : EDGE.internal);
      }
    };
    /** Pairs of key and value behind three counts; a piece may end between them. */
    const scanEntries = (ordinal: number, from: Bytes, to: Bytes): void => {
      for (let at = from; at + 16 <= to; at += 16) {
        const key = strong(words, at, objects);
        const value = strong(words, at + 8, objects);
        if (key >= 0) target[edges++] = (key << 3) | EDGE.weak;
        if (value < 0) continue;
        if (key >= 0 && ephemerons.length < MOST_EPHEMERONS) {
          ephemerons.push({ table: ordinal, key, value });
          target[edges++] = (value << 3) | EDGE.weak;
        } else target[edges++] = (value << 3) | EDGE.internal;
      }
    };
    if (!Number.isNaN(batch.continues)) {
      if (open !== undefined && open.base === batch.continues) {
        const start = base - open.base;
        const to = Math.min(length, open.to - start);
        if (open.kind === SLOTS.ephemerons)
          scanEntries(open.ordinal, (open.from - start) % 16 === 0 ? 0 : 8, to);
        else scan(open.ordinal, 0, to, open.weakFrom - start, open.weakTo - start);
        firstEdge[open.ordinal + 1] = edges;
      }
    } else open = undefined;
    for (let i = 0; i < batch.count; i++) {
      const at = offsets[i]!;
      const ordinal = objects.ordinalAt(base + at + 1);
      if (ordinal <= last) continue;
      for (let skipped = last + 1; skipped <= ordinal; skipped++) firstEdge[skipped] = edges;
      last = ordinal;
      const map = maps[i]!;
      const bytes = sizes[i]!;
      mapOf[ordinal] = map;
      size.set(ordinal, bytes);
      const rule = slots.ruleOf(map, walk.maps[map]!);
      if (rule.kind === SLOTS.none) continue;
      const to = Math.min(bytes, rule.to);
      const end = Math.min(at + to, length);
      if (rule.kind === SLOTS.ephemerons) scanEntries(ordinal, at + ENTRIES, end);
      else scan(ordinal, at + rule.from, end, at + rule.weakFrom, at + rule.weakTo);
      firstEdge[ordinal + 1] = edges;
      if (at + to > length && batch.page.isLarge) {
        const { kind, weakFrom, weakTo } = rule;
        open = { ordinal, from: ENTRIES, to, base, kind, weakFrom, weakTo };
      }
    }
    done += length;
    onPage?.(done);
  });
  for (let skipped = last + 1; skipped <= count; skipped++) firstEdge[skipped] = edges;
  return { objects, mapOf, size, firstEdge, target, edgeCount: edges, ephemerons };
}

/** Header, length, and three counts come before the entries of a hash table. */
const ENTRIES: Bytes = 16 + 24;

/** The object in a word, strong or weak; −1 none. */
function strong(words: Int32Array, at: Bytes, objects: ObjectIndex): number {
  const low = words[at >> 2]!;
  const high = words[(at >> 2) + 1]!;
  return (low & 5) === 1 && high >>> 15 === 0 ? objects.ordinalOf(low, high) : -1;
}

/** @throws HolterError E_TOO_LITTLE_MEMORY */
function column(length: number): Uint32Array {
  try {
    return new Uint32Array(new SharedArrayBuffer(4 * length));
  } catch {
    throw new HolterError('E_TOO_LITTLE_MEMORY', `a column of the heap needs ${formatBytes(4 * length)}`, {
      hint: 'take the core to a machine with more memory',
    });
  }
}
