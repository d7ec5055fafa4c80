import type { ClassTable } from './class-table.ts';
import { byLeak } from './compare-classes.ts';
import { keptInWhole, tiersOf } from './compare-kept.ts';
import type { Heap } from './heap.ts';
import type { ClassChange } from './heap-difference.ts';

/** Numbers of one class over all its rows with the same stable key. */
interface StableClass {
  name: string;
  count: number;
  bytes: number;
  kept: number;
  /** Of the class table. */
  rows: number[];
}

/** What became of each class, and its rows in the class table of the last heap. */
export interface StableComparison {
  rows: ClassChange[];
  classesOf: Map<ClassChange, readonly number[]>;
}

/** Below this part of the largest change, more instances are no reason to come first. */
const WORTH = 0.05;

/**
 * Compares classes of two or three heaps of different processes, restarts or deploys: counts and sizes by what holds
 * across them: name and script path of a class (its line moves with every edit), the properties of plain objects. With
 * three, a class leaks only as far as it grew in both steps.
 *
 * Classes that have more instances come first: one that has as many as before but keeps more is where the others lie.
 */
export function compareStableClasses(before: Heap, last: Heap, middle?: Heap): StableComparison {
  const [older, newer] = [stableClasses(before), stableClasses(last)];
  const between = middle === undefined ? undefined : stableClasses(middle);
  followMoves(older, newer);
  if (between !== undefined) followMoves(between, newer);
  const rows: ClassChange[] = [];
  const classesOf = new Map<ClassChange, readonly number[]>();
  for (const key of new Set([...older.keys(), ...newer.keys()])) {
    const a = older.get(key);
    const z = newer.get(key);
    const m = between?.get(key);
    const count = (z?.count ?? 0) - (a?.count ?? 0);
    const bytes = (z?.bytes ?? 0) - (a?.bytes ?? 0);
    const kept = (z?.kept ?? 0) - (a?.kept ?? 0);
    if (count === 0 && bytes === 0 && kept === 0) continue;
    const steady =
      between === undefined
        ? kept
        : Math.min(kept, (m?.kept ?? 0) - (a?.kept ?? 0), (z?.kept ?? 0) - (m?.kept ?? 0));
    const change: ClassChange = {
      name: (z ?? a)?.name ?? '',
      place: '',
      countBefore: a?.count ?? 0,
      countAfter: (between === undefined ? z?.count : m?.count) ?? 0,
      ...(between === undefined ? {} : { countLast: z?.count ?? 0 }),
      added: Math.max(0, count),
      removed: Math.max(0, -count),
      addedBytes: Math.max(0, bytes),
      removedBytes: Math.max(0, -bytes),
      retainedDelta: between !== undefined && kept > 0 ? Math.max(0, steady) : kept,
      holders: [],
    };
    rows.push(change);
    classesOf.set(change, z?.rows ?? []);
  }
  const largest = rows.reduce((most, { retainedDelta }) => Math.max(most, retainedDelta), 0);
  const isFirst = (row: ClassChange) => Number(row.added > 0 && row.retainedDelta > WORTH * largest);
  rows.sort((a, b) => isFirst(b) - isFirst(a) || byLeak(a, b));
  return { rows, classesOf };
}

function stableClasses(heap: Heap): Map<string, StableClass> {
  const classes: ClassTable = heap.classes;
  const kept = keptInWhole(heap.graph, classes, tiersOf(classes));
  const found = new Map<string, StableClass>();
  for (let row = 0; row < classes.count; row++) {
    const key = withoutLine(classes.stableKey[row] as string, classes.name[row] as string);
    const known = found.get(key);
    const count = classes.instances[row] as number;
    const bytes = classes.shallow[row] as number;
    if (known === undefined)
      found.set(key, {
        name: classes.name[row] as string,
        count,
        bytes,
        kept: kept[row] as number,
        rows: [row],
      });
    else {
      // One file loaded twice: two scripts, one key.
      known.count += count;
      known.bytes += bytes;
      known.kept += kept[row] as number;
      known.rows.push(row);
    }
  }
  return found;
}

/** `path,name` of `path,line,column,name`; names alone stay. */
function withoutLine(key: string, name: string): string {
  if (key === name) return key;
  const place = /^(.*),\d+,\d+$/s.exec(key.slice(0, -name.length - 1));
  return place === null ? key : `${place[1]},${name}`;
}

/**
 * A deploy may lie in another folder. What is only in the older and only in the newer under the same name and file name,
 * and is the only one of it on both sides, is the same class: the older gets the newer's key.
 */
function followMoves(older: Map<string, StableClass>, newer: Map<string, StableClass>): void {
  const alone = (from: Map<string, StableClass>, other: Map<string, StableClass>) => {
    const found = new Map<string, string | undefined>();
    for (const key of from.keys()) {
      if (other.has(key)) continue;
      const short = key.slice(key.lastIndexOf('/', key.indexOf(',')) + 1);
      found.set(short, found.has(short) ? undefined : key);
    }
    return found;
  };
  const [left, right] = [alone(older, newer), alone(newer, older)];
  for (const [short, from] of left) {
    const to = right.get(short);
    if (from === undefined || to === undefined || from === to) continue;
    older.set(to, older.get(from) as StableClass);
    older.delete(from);
  }
}
