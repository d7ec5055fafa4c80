import type { HeapDifferencePage } from '../../src/render/page-data.ts';

type Row = HeapDifferencePage['classes'][number];
export type ChangeColumn =
  | 'name'
  | 'place'
  | 'before'
  | 'after'
  | 'last'
  | 'added'
  | 'removed'
  | 'bytes'
  | 'kept';

/** What a class grew by in own bytes. */
export function bytesChange(row: Row): number {
  return row.addedBytes - row.removedBytes;
}

/** Rows that match, in order. `kept` and `bytes` by size of the change, so that what grew and shrank most leads. */
export function orderChanges(
  rows: readonly Row[],
  matches: Uint8Array | null,
  column: ChangeColumn,
  up: boolean,
): number[] {
  const kept: number[] = [];
  for (let i = 0; i < rows.length; i++) if (matches === null || matches[i] === 1) kept.push(i);
  const sign = up ? -1 : 1;
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const value = (row: Row): number => {
    switch (column) {
      case 'before':
        return row.countBefore;
      case 'after':
        return row.countAfter;
      case 'last':
        return row.countLast;
      case 'added':
        return row.added;
      case 'removed':
        return row.removed;
      case 'bytes':
        return bytesChange(row);
      default:
        return row.retainedDelta;
    }
  };
  const compare = (a: Row, b: Row): number =>
    column === 'name'
      ? text(a.name, b.name)
      : column === 'place'
        ? Number(a.place === '') - Number(b.place === '') || text(a.place, b.place)
        : value(b) - value(a);
  return kept.sort((a, b) => sign * compare(rows[a]!, rows[b]!) || a - b);
}
