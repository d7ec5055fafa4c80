import type { Bytes, Milliseconds } from '../base/units.ts';
import type { CountedKind } from './count-classes.ts';

/** Classes of a live process counted without a snapshot (`Runtime.queryObjects`, grouped in the target). */
export interface ClassHistogram {
  /** ISO time. */
  takenAt: string;
  /** `main`, or `worker 3 resize`. */
  thread: string;
  /** Most bytes first. */
  rows: ClassCount[];
  /** Rows that were left out, added up; 0 rows when none were. */
  others: { rows: number; count: number; bytes: Bytes };
  objectCount: number;
  /** V8's own numbers right after the collection that the count begins with, in bytes. */
  heap: { used: Bytes; total: Bytes; limit: Bytes; external: Bytes; arrayBuffers: Bytes };
  /** How long the thread could do nothing else. */
  pauseMs: Milliseconds;
  /** What the count cannot see, as sentences. */
  notes: string[];
}

export interface ClassCount {
  /** Constructor name, `{id, name}` for plain objects of one shape, `function onData` for closures by name. */
  name: string;
  /**
   * `class` of the program or of Node; `shape` of plain objects; `function`; `array`; `collection` (Map, Set);
   * `bytes` (Buffers, typed arrays, ArrayBuffers).
   */
  kind: CountedKind;
  /** `path:line:column` of the constructor or of one such function (1-based), '' unknown or built in. */
  place: string;
  count: number;
  /** Estimate of own size: objects with their elements and tables; typed arrays and Buffers by their bytes. */
  bytes: Bytes;
  /** Entries held by all of them: lengths of Arrays, sizes of Maps and Sets, bytes of Buffers, listeners of emitters. */
  entries: number;
}

/** What cannot be seen from JavaScript; true of every such count. */
export const UNSEEN =
  'Not counted: strings, numbers, compiled code, objects without a prototype (Object.create(null)), and objects of other contexts (vm).';

/** How one class changed between two counts of one thread. */
export interface ClassGrowth {
  name: string;
  kind: CountedKind;
  place: string;
  countBefore: number;
  countAfter: number;
  bytesBefore: Bytes;
  bytesAfter: Bytes;
  entriesBefore: number;
  entriesAfter: number;
  countPerMinute: number;
  bytesPerMinute: Bytes;
  entriesPerMinute: number;
}

export interface HistogramGrowth {
  /** Between the two counts. */
  minutes: number;
  /** What leaks first. Only classes that grew by 25 instances, 32 kB or 200 entries. */
  rows: ClassGrowth[];
  /** All classes together. */
  bytesPerMinute: Bytes;
  countPerMinute: number;
}

/** Part of the fastest growth in objects that a class of the program must have to be named before what it is made of. */
const LEADING_SHARE = 0.1;

/**
 * What grew between two counts of one thread. Instances of a leaking class bring arrays, maps and plain objects with
 * them, which may weigh more: so classes of the program that grow at least a tenth as fast in number as the fastest of
 * all come first, by bytes; all others follow, by bytes.
 */
export function compareHistograms(before: ClassHistogram, after: ClassHistogram): HistogramGrowth {
  const minutes = Math.max(1e-6, (Date.parse(after.takenAt) - Date.parse(before.takenAt)) / 60_000);
  const beforeRows = mergeRows(before.rows);
  const afterRows = mergeRows(after.rows);
  const old = new Map(beforeRows.map((row) => [keyOf(row), row]));
  // A place that only one of the two knows must not split a row that its name alone tells apart.
  const oldByName = groupByName(beforeRows);
  const newByName = groupByName(afterRows);
  const rows: ClassGrowth[] = [];
  for (const row of afterRows) {
    const name = `${row.kind} ${row.name}`;
    const alone =
      oldByName.get(name)?.length === 1 && newByName.get(name)?.length === 1
        ? oldByName.get(name)![0]
        : undefined;
    const was = old.get(keyOf(row)) ?? alone;
    const growth: ClassGrowth = {
      name: row.name,
      kind: row.kind,
      place: row.place,
      countBefore: was?.count ?? 0,
      countAfter: row.count,
      bytesBefore: was?.bytes ?? 0,
      bytesAfter: row.bytes,
      entriesBefore: was?.entries ?? 0,
      entriesAfter: row.entries,
      countPerMinute: (row.count - (was?.count ?? 0)) / minutes,
      bytesPerMinute: (row.bytes - (was?.bytes ?? 0)) / minutes,
      entriesPerMinute: (row.entries - (was?.entries ?? 0)) / minutes,
    };
    if (isWorthTelling(growth)) rows.push(growth);
  }
  const fastest = rows.reduce((most, row) => Math.max(most, row.countPerMinute), 0);
  const leads = (row: ClassGrowth): boolean =>
    row.kind === 'class' &&
    isOwnPlace(row.place) &&
    row.countPerMinute > 0 &&
    row.countPerMinute >= LEADING_SHARE * fastest;
  rows.sort(
    (a, b) =>
      Number(leads(b)) - Number(leads(a)) ||
      b.bytesPerMinute - a.bytesPerMinute ||
      b.countPerMinute - a.countPerMinute,
  );
  const sum = (of: (row: ClassCount) => number) =>
    after.rows.reduce((total, row) => total + of(row), 0) -
    before.rows.reduce((total, row) => total + of(row), 0);
  return {
    minutes,
    rows,
    bytesPerMinute: sum(({ bytes }) => bytes) / minutes,
    countPerMinute: (after.objectCount - before.objectCount) / minutes,
  };
}

/** Compiled code, our own visit and Node's caches bring some objects of every kind: less than this is no growth. */
const LEAST = { count: 25, bytes: 32_768, entries: 200 };

function isWorthTelling(row: ClassGrowth): boolean {
  return (
    row.countAfter - row.countBefore >= LEAST.count ||
    row.bytesAfter - row.bytesBefore >= LEAST.bytes ||
    row.entriesAfter - row.entriesBefore >= LEAST.entries
  );
}

/** Rows that nothing tells apart (classes without a name and a place) as one. */
function mergeRows(rows: readonly ClassCount[]): ClassCount[] {
  const merged = new Map<string, ClassCount>();
  for (const row of rows) {
    const known = merged.get(keyOf(row));
    if (known === undefined) merged.set(keyOf(row), { ...row });
    else {
      known.count += row.count;
      known.bytes += row.bytes;
      known.entries += row.entries;
    }
  }
  return [...merged.values()];
}

/** Has a place, and not in Node itself. */
export function isOwnPlace(place: string): boolean {
  return place !== '' && !place.startsWith('node:') && !place.startsWith('internal/');
}

function keyOf({ name, kind, place }: ClassCount): string {
  return `${kind} ${name}\n${place}`;
}

function groupByName(rows: readonly ClassCount[]): Map<string, ClassCount[]> {
  const groups = new Map<string, ClassCount[]>();
  for (const row of rows) {
    const key = `${row.kind} ${row.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}
