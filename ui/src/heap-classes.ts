import type { HeapPage } from '../../src/render/page-data.ts';

export type ClassColumn = 'name' | 'place' | 'count' | 'shallow' | 'retained' | 'distance';

/** Rows of the class table that match, in order. `matches`: by row, null without a search. */
export function orderClasses(
  classes: HeapPage['classes'],
  matches: Uint8Array | null,
  column: ClassColumn,
  up: boolean,
): Uint32Array {
  const rows: number[] = [];
  for (let row = 0; row < classes.name.length; row++)
    if (matches === null || matches[row] === 1) rows.push(row);
  const sign = up ? -1 : 1;
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const compare = (a: number, b: number): number => {
    switch (column) {
      case 'name':
        return text(classes.name[a]!, classes.name[b]!);
      case 'place':
        // What has no place goes last.
        return (
          Number(classes.place[a] === '') - Number(classes.place[b] === '') ||
          text(classes.place[a]!, classes.place[b]!)
        );
      case 'distance':
        return classes.distance[a]! - classes.distance[b]!;
      default:
        return classes[column][b]! - classes[column][a]!;
    }
  };
  rows.sort((a, b) => sign * compare(a, b) || classes.retained[b]! - classes.retained[a]! || a - b);
  return Uint32Array.from(rows);
}

/** Steps from the user's roots; V8's own roots have none that says anything. */
export function distanceText(distance: number): string {
  return distance < 0 || distance >= 100_000_000 ? '–' : String(distance);
}
