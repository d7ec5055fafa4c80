import type { Milliseconds } from '../base/units.ts';
import type { OperationTable } from './build-operations.ts';
import type { OperationKind } from './operation.ts';

/** Waits of one kind, for one subject, asked for by one line. */
export interface Gathered {
  kind: OperationKind;
  subject: string;
  /** Index into the book's sites; −1 none known. */
  site: number;
  rows: number[];
  /** Those of its kind and subject, whatever line. */
  all: readonly number[];
  /** By how much to multiply times and counts so that rows whose line is not known are in: at least 1. */
  timeScale: number;
  countScale: number;
}

/**
 * Sorts rows by kind, subject and line. Stacks are a sample: rows without a line belong to the only line of their kind and
 * subject, or, where there are several lines, stand behind them in the proportion of the time that each has in the sample.
 * @param weigh how long a row waited, ms
 */
export function gatherRows(
  table: OperationTable,
  rows: Iterable<number>,
  weigh: (row: number) => Milliseconds,
): Gathered[] {
  const bySubject = new Map<string, { kind: OperationKind; subject: string; rows: number[] }>();
  for (const row of rows) {
    const kind = table.kindOf(row);
    const subject = groupSubject(kind, table.subjectOf(row));
    // Which call of node:fs it was is known only of rows with a stack: the line tells, for the others too.
    const key = kind === 'fs' ? kind : `${kind}\n${subject}`;
    const group = bySubject.get(key);
    if (group === undefined) bySubject.set(key, { kind, subject, rows: [row] });
    else group.rows.push(row);
  }
  return [...bySubject.values()].flatMap(({ kind, subject, rows: all }) => {
    let bySite = sortBySite(all, table.site);
    if (bySite.size === 0) bySite = sortBySite(all, table.nearSite);
    const named = (found: readonly number[]): string =>
      kind === 'fs' ? (found.map((row) => table.subjectOf(row)).find((name) => name !== '') ?? '') : subject;
    if (bySite.size < 2) {
      const site = bySite.size === 0 ? -1 : [...bySite.keys()][0]!;
      return [{ kind, subject: named(all), site, rows: all, all, timeScale: 1, countScale: 1 }];
    }
    const known = [...bySite.values()].flat();
    const weightOf = (list: readonly number[]): number => list.reduce((sum, row) => sum + weigh(row), 0);
    const knownWeight = weightOf(known);
    const timeScale = knownWeight > 0 ? Math.max(1, weightOf(all) / knownWeight) : 1;
    const countScale = all.length / known.length;
    return [...bySite].map(([site, found]) => ({
      kind,
      subject: named(found),
      site,
      rows: found,
      all,
      timeScale,
      countScale,
    }));
  });
}

function sortBySite(rows: readonly number[], site: Int32Array): Map<number, number[]> {
  const sorted = new Map<number, number[]>();
  for (const row of rows) {
    const list = sorted.get(site[row]!);
    if (list === undefined) sorted.set(site[row]!, [row]);
    else list.push(row);
  }
  sorted.delete(-1);
  return sorted;
}

/** Client requests are put together by their route: `GET http://stock:8080/items/:id`. */
export function groupSubject(kind: OperationKind, subject: string): string {
  return kind === 'http-client' ? routeOf(subject) : subject;
}

/** A path with the segments that name one thing replaced: numbers, UUIDs, long hexadecimal words. */
export function routeOf(path: string): string {
  return path.replace(
    /\/(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|(?=[0-9a-f]*\d)[0-9a-f]{12,}|(?=[\w-]*\d)[\w-]{20,})(?=\/|$)/gi,
    '/:id',
  );
}

/** Smallest value that at least `share` (0–1) of the sorted values do not exceed; NaN of none. */
export function quantile(sorted: readonly Milliseconds[] | Float64Array, share: number): Milliseconds {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}
