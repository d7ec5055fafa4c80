import type { PageDifferenceRow } from '../../src/render/page-data.ts';
import { numberText, THIN } from './number-text.ts';

/** Which of the two weights is compared. */
export type Measure = 'self' | 'total';
/** Which way a function went. */
export type Direction = 'both' | 'more' | 'less';
export type DifferenceColumn = 'name' | 'where' | 'before' | 'after' | 'change' | 'relative' | 'sure';

/** A function in both profiles, by the measure chosen. `index`: of the page's rows. Weights as on the page. */
export interface ChangeRow {
  index: number;
  name: string;
  where: string;
  room: PageDifferenceRow['room'];
  before: number;
  after: number;
  change: number;
  /** Relative to before; Infinity when it is new, −1 when it is gone. */
  relative: number;
  /** `new` = not in the profile before, `gone` = not in the one after. */
  kind: 'new' | 'gone' | 'both';
  /** Of own time: more than sampling noise. */
  significant: boolean;
}

/** Rows by one measure; functions with nothing on either side are left out. */
export function buildChanges(rows: readonly PageDifferenceRow[], measure: Measure): ChangeRow[] {
  const out: ChangeRow[] = [];
  rows.forEach((row, index) => {
    const before = measure === 'self' ? row.selfBefore : row.totalBefore;
    const after = measure === 'self' ? row.selfAfter : row.totalAfter;
    if (!(before > 0) && !(after > 0)) return;
    out.push({
      index,
      name: row.name || '(anonymous)',
      where: row.line > 0 && row.file !== '' ? `${row.file}:${row.line}` : row.file,
      room: row.room,
      before,
      after,
      change: after - before,
      relative: before > 0 ? (after - before) / before : Number.POSITIVE_INFINITY,
      // A function without own time may well have been there: totals tell.
      kind: row.totalBefore > 0 ? (row.totalAfter > 0 ? 'both' : 'gone') : 'new',
      significant: row.significant,
    });
  });
  return out;
}

/** Below this many significant rows the table opens with all of them. */
const ENOUGH = 3;

/** Whether "only significant" is on at first. */
export function startsSignificant(rows: readonly PageDifferenceRow[]): boolean {
  let count = 0;
  for (const row of rows) if (row.significant) count++;
  return count >= ENOUGH;
}

export interface ChangeFilter {
  direction: Direction;
  onlySignificant: boolean;
  /** By index of the page's rows; null without a search. */
  matches: Uint8Array | null;
}

/** Rows that pass; changes of nothing only pass without a direction. */
export function filterChanges(rows: readonly ChangeRow[], filter: ChangeFilter): ChangeRow[] {
  const { direction, onlySignificant, matches } = filter;
  return rows.filter(
    (row) =>
      (!onlySignificant || row.significant) &&
      (matches === null || matches[row.index] === 1) &&
      (direction === 'both' || (direction === 'more' ? row.change > 0 : row.change < 0)),
  );
}

/**
 * Sorted copy. Descending puts largest first; `change` by its size when both directions are shown, so that what went
 * up and what went down most stand together. Names ascend when `up` is false, as everywhere in the page.
 */
export function sortChanges(rows: readonly ChangeRow[], column: DifferenceColumn, up: boolean): ChangeRow[] {
  const sign = up ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(a, b, column) || size(b) - size(a) || a.index - b.index);
}

const size = (row: ChangeRow): number => Math.abs(row.change);

function compare(a: ChangeRow, b: ChangeRow, column: DifferenceColumn): number {
  switch (column) {
    case 'name':
      return order(a.name, b.name);
    case 'where':
      return order(a.where, b.where);
    case 'before':
      return b.before - a.before;
    case 'after':
      return b.after - a.after;
    case 'change':
      return size(b) - size(a);
    case 'relative':
      // Infinity − Infinity is no number.
      return a.relative === b.relative ? 0 : b.relative - a.relative;
    case 'sure':
      return Number(b.significant) - Number(a.significant);
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How weights are shown: multiplied by `scale`, then with `unit` (`' %'`: changes are in points). */
export interface WeightScale {
  scale: number;
  unit: string;
}

/** `12.4 %`, `180 µs`. */
export function amountText(weight: number, { scale, unit }: WeightScale): string {
  const value = weight * scale;
  const text = value === 0 ? '0' : numberText(value, isPercent(unit) ? percentDigits(value) : undefined);
  // What is there must not read as nothing.
  const shown = Number(text) === 0 && value > 0 ? '< 0.01' : text;
  return `${shown}${unitText(unit)}`;
}

/** `+2.1 pt` (percentage points), `−40 µs`, `0`: the sign is always there. */
export function changeText(change: number, { scale, unit }: WeightScale): string {
  const value = change * scale;
  const percent = isPercent(unit);
  const size = numberText(Math.abs(value), percent ? percentDigits(value) : undefined);
  if (Number(size) === 0) return value === 0 ? '0' : `${value > 0 ? '+' : '−'}0`;
  const name = percent ? `${THIN}pt` : unitText(unit);
  return `${value > 0 ? '+' : '−'}${size}${name}`;
}

/** `35 % more`, `12 % less`, `4.2 × as much`, `new`, `gone`, `the same`. */
export function relativeText(row: ChangeRow): string {
  if (row.kind !== 'both') return row.kind;
  const { relative } = row;
  if (relative === Number.POSITIVE_INFINITY) return 'from nothing';
  if (row.after === 0) return 'to nothing';
  if (relative >= 2) return `${numberText(1 + relative, relative >= 9 ? 0 : 1)}${THIN}× as much`;
  const percent = Math.abs(relative) * 100;
  const text = numberText(percent, percent < 10 ? 1 : 0);
  if (Number(text) === 0) return 'the same';
  return `${text}${THIN}% ${relative > 0 ? 'more' : 'less'}`;
}

const percentDigits = (value: number): number => (Math.abs(value) < 1 ? 2 : 1);
const isPercent = (unit: string): boolean => unit.trim() === '%';
const unitText = (unit: string): string => (unit.trim() === '' ? '' : `${THIN}${unit.trim()}`);

/** A bar from the middle: `left` and `width` in per cent of the cell, for a change out of the largest. */
export function barOf(change: number, largest: number): { left: number; width: number } {
  const width = largest > 0 ? Math.min(50, (50 * Math.abs(change)) / largest) : 0;
  return { left: change < 0 ? 50 - width : 50, width };
}
