import type { QueryValue } from './query-value.ts';

/** Rows a query asks, with their columns. */
export interface QueryTable {
  name: string;
  rowCount: number;
  columns: ReadonlyMap<string, QueryColumn>;
  /** Columns of `select *`. */
  star: readonly string[];
  /** Object of a row, for `prop`, `path` and the like; undefined where rows are no objects. */
  nodeAt?: (row: number) => number;
  /** Rows in the order of the dominator tree's preorder, for sums that count nested objects once. */
  preorder?: () => Uint32Array;
  /** What the table leaves out, as a sentence. */
  note?: string;
}

export interface QueryColumn {
  /** For the help. */
  about: string;
  /** Made when a query names it: some need tables that take a while. */
  make: () => QueryValue;
}
