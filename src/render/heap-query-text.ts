import { formatBytes, formatNumber } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type { QueryCell, QueryResult } from '../heap/query-run.ts';
import { renderJsonDocument } from './json-document.ts';

const WIDEST = 160;
/** A cell of text is cut at this many cells when the table is wider than the terminal. */
const LEAST_TEXT = 8;
/** Below this each row is a block of lines. */
const NARROW = 60;

/**
 * Answer to a query as a table: numbers right, sizes with units, texts cut to what fits; a single value alone. Ends with a
 * line break. What was left out is said below it.
 */
export function renderQueryResult(result: QueryResult, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const lines =
    result.columns.length === 1 && result.rows.length === 1
      ? [cellText(result, 0, result.rows[0]![0]!)]
      : columns < NARROW
        ? blocks(result, { ...style, columns })
        : table(result, { ...style, columns });
  const footer = foot(result);
  if (footer !== '') lines.push(...wrap(footer, columns).map((line) => paint(style, 'dim', line)));
  for (const note of result.notes)
    for (const [index, line] of wrap(cleanText(note), columns - 6).entries())
      lines.push(`${index === 0 ? `${paint(style, 'note', 'note')}  ` : '      '}${line}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function foot({ rows, matched, more, columns }: QueryResult): string {
  if (rows.length === 0) return 'no rows';
  if (!more) return rows.length === 1 && columns.length === 1 ? '' : rowCount(rows.length);
  const shown =
    matched === undefined
      ? `${rowCount(rows.length)} of more that were not counted`
      : `${formatNumber(rows.length)} of ${formatNumber(matched)} rows`;
  return `${shown}; to see more: limit ${Math.min(1_000_000, Math.max(10, rows.length * 10))}`;
}

function rowCount(count: number): string {
  return count === 1 ? '1 row' : `${formatNumber(count)} rows`;
}

function cellText({ columns }: QueryResult, column: number, cell: QueryCell): string {
  if (cell === null) return '-';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  if (typeof cell === 'string') return cleanText(cell);
  const { unit } = columns[column]!;
  if (unit === 'id') return `@${cell}`;
  return unit === 'bytes' ? formatBytes(cell) : formatNumber(cell);
}

function table(result: QueryResult, style: Style): string[] {
  const { columns, rows } = result;
  const texts = rows.map((row) => row.map((cell, index) => cellText(result, index, cell)));
  const isText = columns.map(({ unit }) => unit === 'text' || unit === 'boolean');
  const widths = columns.map(({ name }, index) =>
    Math.max(textWidth(cleanText(name)), ...sample(texts).map((row) => textWidth(row[index]!))),
  );
  const gap = 2 * (columns.length - 1);
  // The widest text gives way first, until all fit or nothing can be cut.
  for (let over = sum(widths) + gap - style.columns; over > 0; ) {
    let widest = -1;
    for (const [index, width] of widths.entries())
      if (isText[index] && width > LEAST_TEXT && (widest < 0 || width > widths[widest]!)) widest = index;
    if (widest < 0) break;
    const next = Math.max(
      LEAST_TEXT,
      ...widths.filter((width, index) => isText[index] && width < widths[widest]!),
    );
    const cut = Math.min(over, Math.max(1, widths[widest]! - next));
    widths[widest]! -= cut;
    over -= cut;
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const short = truncate(cell, widths[index]!);
        return isText[index] ? padEnd(short, widths[index]!) : padStart(short, widths[index]!);
      })
      .join('  ')
      .trimEnd();
  return [
    paint(style, 'title', line(columns.map(({ name }) => cleanText(name)))),
    ...texts.map((row) => line(row)),
  ];
}

/** Name and value below each other, a blank line between rows. */
function blocks(result: QueryResult, style: Style): string[] {
  const { columns, rows } = result;
  const width = Math.min(14, Math.max(...columns.map(({ name }) => textWidth(cleanText(name)))));
  return rows.flatMap((row, at) => [
    ...(at === 0 ? [] : ['']),
    ...row.map((cell, index) => {
      const name = padEnd(truncate(cleanText(columns[index]!.name), width), width);
      return `${paint(style, 'dim', name)}  ${truncate(cellText(result, index, cell), style.columns - width - 2)}`.trimEnd();
    }),
  ]);
}

/** Widths are taken from the first rows: measuring a million would take longer than the query. */
function sample(texts: string[][]): string[][] {
  return texts.length > 2000 ? texts.slice(0, 2000) : texts;
}

function sum(values: readonly number[]): number {
  return values.reduce((before, value) => before + value, 0);
}

/** `holter.heap-query/1`: columns with their units, rows as arrays in their order; ids and sizes are plain numbers. */
export interface HeapQueryJson {
  schema: 'holter.heap-query/1';
  file: string;
  query: string;
  table: string;
  columns: QueryResult['columns'];
  rows: QueryCell[][];
  /** Rows that fit before the limit; null when it stopped without counting them. */
  matched: number | null;
  more: boolean;
  notes: string[];
}

export function renderQueryJson(result: QueryResult, about: { file: string; query: string }): string {
  const json: HeapQueryJson = {
    schema: 'holter.heap-query/1',
    ...about,
    table: result.table,
    columns: result.columns,
    rows: result.rows,
    matched: result.matched ?? null,
    more: result.more,
    notes: result.notes,
  };
  return renderJsonDocument(json);
}

/** Comma-separated (RFC 4180), names first; sizes in bytes, ids as numbers, unknown empty. */
export function renderQueryCsv({ columns, rows }: QueryResult): string {
  const cell = (value: QueryCell) => {
    if (value === null) return '';
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ name }) => cell(name)), ...rows.map((row) => row.map(cell))];
  return `${lines.map((line) => line.join(',')).join('\r\n')}\r\n`;
}
