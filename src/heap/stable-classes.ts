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
}

/**
 * Compares classes of two or three heaps of different processes, restarts or deploys: counts and sizes by a key that
 * holds across them (class, script path and line of the constructor; the properties of plain objects). With three, a
 * class leaks only as far as it grew in both steps.
 */
export function compareStableClasses(before: Heap, last: Heap, middle?: Heap): ClassChange[] {
  const [older, newer] = [stableClasses(before), stableClasses(last)];
  const between = middle === undefined ? undefined : stableClasses(middle);
  const rows: ClassChange[] = [];
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
    rows.push({
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
    });
  }
  // What has no more instances than before but keeps more is where the others lie: a holder, and only half a suspect.
  const weight = (row: ClassChange) =>
    row.added > 0 || row.retainedDelta < 0 ? row.retainedDelta : row.retainedDelta / 2;
  return rows.sort((a, b) => weight(b) - weight(a) || byLeak(a, b));
}

function stableClasses(heap: Heap): Map<string, StableClass> {
  const classes: ClassTable = heap.classes;
  const kept = keptInWhole(heap.graph, classes, tiersOf(classes));
  const found = new Map<string, StableClass>();
  for (let row = 0; row < classes.count; row++) {
    const key = classes.stableKey[row] as string;
    const known = found.get(key);
    const count = classes.instances[row] as number;
    const bytes = classes.shallow[row] as number;
    if (known === undefined)
      found.set(key, { name: classes.name[row] as string, count, bytes, kept: kept[row] as number });
    else {
      // One file loaded twice: two scripts, one key.
      known.count += count;
      known.bytes += bytes;
      known.kept += kept[row] as number;
    }
  }
  return found;
}
