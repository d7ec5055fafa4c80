import { isHole } from './object-elements.ts';
import { hashTableEntries } from './object-properties.ts';
import { field, isHeapObject, isUndefined, smiOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** Tagged words of an entry; of sets both are the same. */
export interface RawEntry {
  key: number;
  value: number;
}

export interface RawEntries {
  list: RawEntry[];
  /** All of them. */
  count: number;
}

const MOST_SLOTS = 1 << 22;

/**
 * Entries of a Map or Set in the order they were added (V8: OrderedHashTable, src/objects/ordered-hash-table.h: a FixedArray
 * of {entries, deleted entries, buckets, first entry of each bucket…, entries…}; an entry ends with a link to the next).
 */
export function rawEntries(v8: V8Reader, collection: number, kind: 'map' | 'set', most: number): RawEntries {
  const table = field(v8, collection, 'JSCollection.table');
  const data = v8.layout.offset('FixedArray.data');
  if (!isHeapObject(table)) return { list: [], count: 0 };
  const count = smiOf(wordAt(v8, table, data));
  const deleted = smiOf(wordAt(v8, table, data + 8));
  const buckets = smiOf(wordAt(v8, table, data + 16));
  if (!(count >= 0 && deleted >= 0 && buckets > 0)) return { list: [], count: 0 };
  const width = kind === 'map' ? 24 : 16;
  const used = Math.min(count + deleted, MOST_SLOTS);
  const list: RawEntry[] = [];
  for (let index = 0; index < used && list.length < most; index++) {
    const entry = data + 8 * (3 + buckets) + width * index;
    const key = wordAt(v8, table, entry);
    if (Number.isNaN(key)) break;
    if (isHole(v8, key)) continue;
    list.push({ key, value: kind === 'map' ? wordAt(v8, table, entry + 8) : key });
  }
  return { list, count };
}

/** Entries of a WeakMap or WeakSet that are still there, in no order (V8: EphemeronHashTable). */
export function rawWeakEntries(v8: V8Reader, collection: number, most: number): RawEntries {
  const table = field(v8, collection, 'JSWeakCollection.table');
  const list = objectTableEntries(v8, table);
  return { list: list.slice(0, most), count: list.length };
}

/** Keys and values of an ObjectHashTable or EphemeronHashTable. */
export function objectTableEntries(v8: V8Reader, table: number): RawEntry[] {
  const list: RawEntry[] = [];
  for (const slot of hashTableEntries(v8, table, 2, 0)) {
    const key = wordAt(v8, table, slot);
    if (!isHeapObject(key) || isUndefined(v8, key) || isHole(v8, key)) continue;
    list.push({ key, value: wordAt(v8, table, slot + 8) });
  }
  return list;
}
