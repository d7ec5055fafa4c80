import type { Bytes } from '../base/units.ts';
import { type ClassTable, NO_CLASS } from './class-table.ts';
import { type IdMatch, NOT_THERE } from './compare-ids.ts';
import { keptByClass, tiersOf } from './compare-kept.ts';
import type { Heap } from './heap.ts';
import { type ClassChange, leakBytes } from './heap-difference.ts';

/** What became of each class between two snapshots of one process, and which objects are new. */
export interface ClassComparison {
  /** All classes that changed, what leaks first. */
  rows: ClassChange[];
  /** Class of `last` of a row, −1 when none is left. */
  classOf: Map<ClassChange, number>;
  /** By node of `last`: 1 = new since `before` and, with three, there in the middle one already. */
  isNew: Uint8Array;
  /** All nodes that are new, and all of `before` that are gone. */
  added: { count: number; bytes: Bytes };
  removed: { count: number; bytes: Bytes };
}

/** Of three snapshots the middle one, and which of its objects the last has. */
export interface MiddleHeap {
  /** With the shapes of the last. */
  classes: ClassTable;
  /** middle → last */
  until: IdMatch;
}

/**
 * Compares by ids. With two snapshots counts and sizes are those of DevTools' Comparison: per class the ids of the older are
 * held against those of the newer, so an object whose class changed is gone from one and new in the other. With three,
 * new is what came after the first, was there in the middle and still is.
 *
 * @param beforeClasses classes of `before`, named with the shapes of `last`
 * @param match `before` → `last`
 */
export function compareClasses(
  before: Heap,
  beforeClasses: ClassTable,
  last: Heap,
  match: IdMatch,
  middle?: MiddleHeap,
): ClassComparison {
  const classes = last.classes;
  const older = rowsByKey(beforeClasses);
  const olderOf = Int32Array.from(
    { length: classes.count },
    (_, row) => older.get(classes.key[row] as string) ?? -1,
  );
  const isNew = new Uint8Array(last.snapshot.nodeCount);
  const added = new Uint32Array(classes.count);
  const addedBytes = new Float64Array(classes.count);
  const removed = new Uint32Array(beforeClasses.count);
  const removedBytes = new Float64Array(beforeClasses.count);
  const allAdded = { count: 0, bytes: 0 };
  const allRemoved = { count: 0, bytes: 0 };
  const [of, wasOf] = [classes.of, beforeClasses.of];
  const [shallow, wasShallow] = [last.graph.shallow, before.graph.shallow];
  for (let node = 0; node < isNew.length; node++) {
    const was = match.before[node] as number;
    const row = of[node] as number;
    if (was === NOT_THERE) {
      if (middle !== undefined && (middle.until.before[node] as number) === NOT_THERE) continue;
      isNew[node] = 1;
      const bytes = shallow.get(node);
      allAdded.count++;
      allAdded.bytes += bytes;
      if (row === NO_CLASS) continue;
      added[row]! += 1;
      addedBytes[row]! += bytes;
      continue;
    }
    if (middle !== undefined) continue;
    const rowBefore = wasOf[was] as number;
    if (row !== NO_CLASS && olderOf[row] === rowBefore) continue;
    if (row !== NO_CLASS) {
      added[row]! += 1;
      addedBytes[row]! += shallow.get(node);
    }
    if (rowBefore !== NO_CLASS) {
      removed[rowBefore]! += 1;
      removedBytes[rowBefore]! += wasShallow.get(was);
    }
  }
  for (let node = 0; node < match.stays.length; node++) {
    if (match.stays[node] === 1) continue;
    const bytes = wasShallow.get(node);
    allRemoved.count++;
    allRemoved.bytes += bytes;
    const row = wasOf[node] as number;
    if (row === NO_CLASS) continue;
    removed[row]! += 1;
    removedBytes[row]! += bytes;
  }
  const newerOf = new Int32Array(beforeClasses.count).fill(-1);
  for (let row = 0; row < classes.count; row++)
    if ((olderOf[row] as number) >= 0) newerOf[olderOf[row] as number] = row;
  const kept = keptByClass(last.graph, classes, tiersOf(classes), isNew);
  const middleCounts = middle === undefined ? undefined : countsByKey(middle.classes);
  const rows: ClassChange[] = [];
  const classOf = new Map<ClassChange, number>();
  for (let row = 0; row < classes.count; row++) {
    const was = olderOf[row] as number;
    const countBefore = was < 0 ? 0 : (beforeClasses.instances[was] as number);
    const countNow = classes.instances[row] as number;
    const gone = was < 0 ? 0 : (removed[was] as number);
    if (added[row] === 0 && gone === 0 && countBefore === countNow) continue;
    const change: ClassChange = {
      name: classes.name[row] as string,
      place: '',
      countBefore,
      countAfter: middleCounts?.get(classes.key[row] as string) ?? (middleCounts ? 0 : countNow),
      ...(middleCounts === undefined ? {} : { countLast: countNow }),
      added: added[row] as number,
      removed: gone,
      addedBytes: addedBytes[row] as number,
      removedBytes: was < 0 ? 0 : (removedBytes[was] as number),
      retainedDelta: kept[row] as number,
      holders: [],
    };
    rows.push(change);
    classOf.set(change, row);
  }
  for (let row = 0; row < beforeClasses.count; row++) {
    if ((newerOf[row] as number) >= 0 || removed[row] === 0) continue;
    const change: ClassChange = {
      name: beforeClasses.name[row] as string,
      place: '',
      countBefore: beforeClasses.instances[row] as number,
      countAfter: middleCounts?.get(beforeClasses.key[row] as string) ?? 0,
      ...(middleCounts === undefined ? {} : { countLast: 0 }),
      added: 0,
      removed: removed[row] as number,
      addedBytes: 0,
      removedBytes: removedBytes[row] as number,
      retainedDelta: 0,
      holders: [],
    };
    rows.push(change);
    classOf.set(change, -1);
  }
  rows.sort(byLeak);
  return { rows, classOf, isNew, added: allAdded, removed: allRemoved };
}

/** What leaks first, then what changed most. */
export function byLeak(a: ClassChange, b: ClassChange): number {
  const size = (row: ClassChange) => row.addedBytes + row.removedBytes;
  return leakBytes(b) - leakBytes(a) || size(b) - size(a) || b.added + b.removed - a.added - a.removed;
}

/** Row of each key of a class table. */
export function rowsByKey({ count, key }: ClassTable): Map<string, number> {
  const rows = new Map<string, number>();
  for (let row = 0; row < count; row++) rows.set(key[row] as string, row);
  return rows;
}

function countsByKey({ count, key, instances }: ClassTable): Map<string, number> {
  const counts = new Map<string, number>();
  for (let row = 0; row < count; row++) counts.set(key[row] as string, instances[row] as number);
  return counts;
}
