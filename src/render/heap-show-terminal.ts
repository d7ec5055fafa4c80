import { formatBytes, formatNumber, formatShare } from '../base/quantity.ts';
import { cleanText, padStart, paint, type Style, toAscii, truncate, wrap } from '../base/terminal-text.ts';
import type { HeapSummary } from '../heap/heap-summary.ts';
import { classLines, heapHeadline, kindLines, objectLines, shortenMiddle } from './heap-text.ts';

const WIDEST = 140;
const NARROW = 60;

export interface HeapShowOptions {
  /** Paths below it are shown relative to it. */
  cwd: string;
  /** Commands to go on with. */
  next: readonly string[];
}

/** First screen of a heap as text, ending with a line break. Lists that are cut say so. */
export function renderHeapSummary(summary: HeapSummary, style: Style, options: HeapShowOptions): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const lines =
    columns < NARROW ? narrow(summary, { ...style, columns }) : wide(summary, { ...style, columns }, options);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function wide(summary: HeapSummary, style: Style, { cwd, next }: HeapShowOptions): string[] {
  const total = summary.totalBytes;
  const head = `${paint(style, 'title', 'holter heap show')}  ${cleanText(shortName(summary.name))}  ${formatBytes(total)} heap, ${formatNumber(summary.nodeCount)} objects`;
  const lines = [head, ''];
  if (summary.partial !== undefined)
    for (const line of wrap(`only a part of the snapshot: ${cleanText(summary.partial)}`, style.columns - 2))
      lines.push(paint(style, 'warn', line));
  lines.push(
    ...wrap(cleanText(heapHeadline(summary)), style.columns).map((line) => paint(style, 'title', line)),
    '',
  );
  lines.push('made of', ...kindLines(summary, style), '');
  const columnHeads = `${padStart('count', 10)}${padStart('own', 10)}${padStart('retained', 10)}`;
  lines.push(`${'classes'.padEnd(Math.max(14, style.columns - 70))}${paint(style, 'dim', columnHeads)}`);
  lines.push(...classLines(summary.classes, total, cwd, style));
  lines.push(...cut(summary.classes.length, summary.classCount, 'classes', style), '');
  if (summary.dominators.length > 0) {
    lines.push('holders of most memory', ...objectLines(summary.dominators, total, style), '');
  }
  if (summary.largest.length > 0) {
    lines.push('largest single objects', ...objectLines(summary.largest, total, style), '');
  }
  const packages = summary.packages.filter(({ package: name }) => name !== 'node');
  if (packages.length > 0) {
    lines.push('held by what a package constructed');
    for (const { package: name, bytes, count } of packages)
      lines.push(
        `  ${(name === '' ? 'your code' : truncate(cleanText(name), 30)).padEnd(32)}${padStart(formatBytes(bytes), 10)}${padStart(formatShare(bytes / Math.max(1, total)), 8)}${padStart(formatNumber(count), 12)}`,
      );
    lines.push('');
  }
  next.forEach((command, i) => {
    lines.push(`${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', command)}`);
  });
  return lines;
}

function narrow(summary: HeapSummary, style: Style): string[] {
  const total = summary.totalBytes;
  const lines = [
    `${truncate(cleanText(shortName(summary.name)), style.columns - 10)}  ${formatBytes(total)}`,
    ...wrap(cleanText(heapHeadline(summary)), style.columns),
  ];
  if (summary.partial !== undefined) lines.push(paint(style, 'warn', 'only a part of the snapshot'));
  for (const row of summary.classes.slice(0, 8)) {
    const numbers = `${padStart(formatNumber(row.count), 8)}${padStart(formatBytes(row.retainedBytes), 10)}`;
    lines.push(`${truncate(cleanText(row.name), style.columns - 19).padEnd(style.columns - 19)}${numbers}`);
  }
  for (const row of summary.dominators.slice(0, 4))
    lines.push(
      `@${row.id} ${formatBytes(row.retainedBytes)}`,
      `  ${shortenMiddle(cleanText(row.path), style.columns - 2)}`,
    );
  return lines;
}

function cut(shown: number, all: number, what: string, style: Style): string[] {
  if (shown >= all) return [];
  return [
    paint(style, 'dim', `  ${formatNumber(shown)} of ${formatNumber(all)} ${what}; --top ${all} shows all`),
  ];
}

export function shortName(path: string): string {
  return path.split('/').at(-1) ?? path;
}
