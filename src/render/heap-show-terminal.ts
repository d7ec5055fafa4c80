import { formatBytes, formatNumber } from '../base/quantity.ts';
import {
  bar,
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  shortenPath,
  textWidth,
  toAscii,
  truncate,
} from '../base/terminal-text.ts';
import type { ClassRow, HeapSummary, ObjectRow } from '../heap/heap-summary.ts';
import {
  contentText,
  cutText,
  fileName,
  heapHeadlines,
  KIND_WORDS,
  nodeName,
  placeText,
  shareText,
  shortenLeft,
  wrapCut,
} from './heap-show-text.ts';

const WIDEST = 140;
const NARROW = 60;
const NUMBER = 10;
const SHARE = 8;

export interface HeapShowOptions {
  /** Paths below it are shown relative to it. */
  cwd: string;
  /** Commands to go on with. */
  next: readonly string[];
  /** Files that were written. */
  written?: readonly string[];
}

/** First screen of a heap as text, ending with a line break. Lists that are cut say so; names of the target are cleaned. */
export function renderHeapSummary(summary: HeapSummary, style: Style, options: HeapShowOptions): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const page = { ...style, columns };
  return finishPage(columns < NARROW ? narrow(summary, page, options) : wide(summary, page, options), style);
}

/** Lines as one text; only ASCII where the terminal needs it. */
export function finishPage(lines: readonly string[], style: Style): string {
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function wide(summary: HeapSummary, style: Style, options: HeapShowOptions): string[] {
  const total = summary.totalBytes;
  const lines = [headLine(summary, style), '', ...headlines(summary, style), ''];
  for (const table of [
    kindTable(summary, style),
    classTable(summary.classes, summary.classCount, total, options.cwd, style),
    objectTable('what holds most', summary.dominators, 'retained', total, style),
    objectTable('largest by itself', summary.largest, 'shallow', total, style),
    packageTable(summary, style),
  ])
    if (table.length > 0) lines.push(...table, '');
  return [...lines, ...footLines(options, style)];
}

/** `holter heap show  orders.heapsnapshot          612 MB heap, 5 204 118 objects`. */
function headLine(summary: HeapSummary, style: Style): string {
  const right = `${formatBytes(summary.totalBytes)} heap, ${formatNumber(summary.nodeCount)} objects`;
  const left = truncate(`holter heap show  ${fileName(summary.name)}`, style.columns - textWidth(right) - 2);
  return `${paint(style, 'title', left)}${padStart(right, style.columns - textWidth(left))}`;
}

function headlines(summary: HeapSummary, style: Style): string[] {
  const lines = heapHeadlines(summary).flatMap((sentence) =>
    wrapCut(sentence, style.columns - 2).map((line, i) =>
      paint(style, 'title', i === 0 ? line : `  ${line}`),
    ),
  );
  if (summary.partial !== undefined)
    for (const line of wrapCut(`only a part of the snapshot: ${cleanText(summary.partial)}`, style.columns))
      lines.push(paint(style, 'warn', line));
  return lines;
}

function kindTable(summary: HeapSummary, style: Style): string[] {
  const kinds = summary.kinds.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const cells = Math.max(0, Math.min(40, style.columns - 16 - 2 * NUMBER - SHARE - 4));
  return [
    tableHead('made of', 16, ['count', 'bytes', 'share'], style),
    ...kinds.map(({ kind, bytes, count }) =>
      `  ${padEnd(KIND_WORDS[kind] ?? kind, 14)}${padStart(formatNumber(count), NUMBER)}${padStart(formatBytes(bytes), NUMBER)}${padStart(shareText(bytes, summary.totalBytes), SHARE)}  ${bar(bytes / Math.max(1, summary.totalBytes), cells)}`.trimEnd(),
    ),
  ];
}

const WIDTHS: Record<string, number> = { share: SHARE };

function tableHead(title: string, width: number, numbers: readonly string[], style: Style): string {
  const words = numbers.map((word) => padStart(word, WIDTHS[word] ?? NUMBER)).join('');
  return `${paint(style, 'title', padEnd(title, width))}${paint(style, 'dim', words)}`;
}

/** Classes: instances, own and retained sizes, share, place. `all`: how many there are. */
export function classTable(
  rows: readonly ClassRow[],
  all: number,
  total: number,
  cwd: string,
  style: Style,
): string[] {
  if (rows.length === 0) return [paint(style, 'title', 'classes'), '  none'];
  const numbersWidth = 3 * NUMBER + SHARE;
  // A third of what the numbers leave is for places, when there are any.
  const room = style.columns - numbersWidth - 2;
  const width = rows.some(({ place }) => place !== '') ? Math.max(14, Math.floor(room * 0.55)) : room;
  const lines = rows.map((row) => {
    const numbers = `${padStart(formatNumber(row.count), NUMBER)}${padStart(formatBytes(row.shallowBytes), NUMBER)}${padStart(formatBytes(row.retainedBytes), NUMBER)}${padStart(shareText(row.retainedBytes, total), SHARE)}`;
    const left = style.columns - 2 - width - numbersWidth - 2;
    const place = row.place === '' ? '' : shortenPath(placeText(row.place, cwd), left);
    return `  ${padEnd(truncate(cleanText(row.name), width - 1), width)}${numbers}  ${paint(style, 'dim', place)}`.trimEnd();
  });
  const cut = cutText(rows.length, all, 'classes');
  return [
    tableHead('classes', width + 2, ['count', 'own', 'retained', 'share'], style),
    ...lines,
    ...(cut === '' ? [] : [paint(style, 'dim', `  ${cut}`)]),
  ];
}

/** Objects, one a line: path, class and content, size, share, id. */
export function objectTable(
  title: string,
  rows: readonly ObjectRow[],
  size: 'retained' | 'shallow',
  total: number,
  style: Style,
): string[] {
  if (rows.length === 0) return [];
  const idWidth = Math.max(...rows.map(({ id }) => String(id).length)) + 3;
  const room = style.columns - 2 - NUMBER - SHARE - idWidth;
  const classWidth = Math.max(16, Math.floor(room * 0.42));
  const pathWidth = room - classWidth;
  return [
    tableHead(title, 2 + room, [size === 'retained' ? 'retained' : 'own', 'share'], style),
    ...rows.map((row) => {
      const bytes = size === 'retained' ? row.retainedBytes : row.shallowBytes;
      const content = contentText(row);
      const name = content.length > 0 ? `${cleanText(row.className)}, ${content[0]}` : nodeName(row);
      const path = padEnd(shortenLeft(cleanText(row.path), pathWidth - 2), pathWidth);
      return `  ${paint(style, 'user', path)}${padEnd(truncate(name, classWidth - 1), classWidth)}${padStart(formatBytes(bytes), NUMBER)}${padStart(shareText(bytes, total), SHARE)}  ${paint(style, 'dim', `@${row.id}`)}`;
    }),
  ];
}

function packageTable(summary: HeapSummary, style: Style): string[] {
  const rows = summary.packages.filter(({ bytes }) => bytes > 0);
  if (!rows.some(({ package: name }) => name !== 'node' && name !== '')) return [];
  return [
    tableHead('made by package', 32, ['objects', 'retained', 'share'], style),
    ...rows.map(
      ({ package: name, bytes, count }) =>
        `  ${padEnd(truncate(packageName(name), 29), 30)}${padStart(formatNumber(count), NUMBER)}${padStart(formatBytes(bytes), NUMBER)}${padStart(shareText(bytes, summary.totalBytes), SHARE)}`,
    ),
  ];
}

export function packageName(name: string): string {
  return name === '' ? 'your code' : name === 'node' ? 'Node itself' : cleanText(name);
}

export function footLines({ next, written = [] }: HeapShowOptions, style: Style): string[] {
  return [
    ...written.map((file) => `written  ${cleanText(file)}`),
    ...next.map((command, i) => `${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', cleanText(command))}`),
  ];
}

/** The short form: the answer, the first classes and holders; nothing but commands is longer than a line. */
function narrow(summary: HeapSummary, style: Style, options: HeapShowOptions): string[] {
  const { columns } = style;
  const total = summary.totalBytes;
  const size = `  ${formatBytes(total)}`;
  const lines = [
    paint(style, 'title', `${truncate(fileName(summary.name), columns - size.length)}${size}`),
    '',
    ...heapHeadlines(summary)
      .slice(0, 1)
      .flatMap((sentence) => wrapCut(sentence, columns))
      .map((line) => paint(style, 'title', truncate(line, columns))),
  ];
  if (summary.partial !== undefined) lines.push(paint(style, 'warn', 'only a part of the snapshot'));
  lines.push('');
  const rows = summary.classes.slice(0, 8);
  for (const row of rows) {
    const numbers = `${padStart(formatNumber(row.count), 9)}${padStart(formatBytes(row.retainedBytes), 9)}`;
    const width = columns - numbers.length;
    lines.push(`${padEnd(truncate(cleanText(row.name), width - 1), width)}${numbers}`);
  }
  if (rows.length < summary.classCount)
    lines.push(
      paint(style, 'dim', truncate(`${rows.length} of ${summary.classCount} classes; see --json`, columns)),
    );
  const holders = summary.dominators.slice(0, 4);
  if (holders.length > 0) lines.push('', paint(style, 'title', 'what holds most'));
  for (const row of holders) {
    const numbers = `${padStart(formatBytes(row.retainedBytes), 9)}${padStart(shareText(row.retainedBytes, total), 7)}`;
    const width = columns - numbers.length;
    lines.push(`${padEnd(shortenLeft(cleanText(row.path) || `@${row.id}`, width - 1), width)}${numbers}`);
    for (const content of contentText(row))
      lines.push(paint(style, 'dim', truncate(`  ${content}`, columns)));
  }
  return [...lines, '', ...footLines({ ...options, next: options.next.slice(0, 1) }, style)];
}
