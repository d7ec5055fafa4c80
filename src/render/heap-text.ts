import { formatBytes, formatNumber, formatShare } from '../base/quantity.ts';
import {
  bar,
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  shortenPath,
  truncate,
} from '../base/terminal-text.ts';
import type { ClassRow, HeapSummary, ObjectRow } from '../heap/heap-summary.ts';
import { shortPath } from './short-path.ts';

/** Above this an absolute place or path would push the numbers off the line. */
const PLACE_WIDTH = 28;

/** `orders.heapsnapshot  612 MB heap, 5 204 118 objects`. */
export function heapHeadline(summary: HeapSummary): string {
  const [first] = summary.dominators;
  if (first === undefined || first.path === '')
    return `${formatBytes(summary.totalBytes)} in ${formatNumber(summary.nodeCount)} objects`;
  return `${first.path} holds ${formatShare(first.retainedBytes / Math.max(1, summary.totalBytes))} of the heap (${first.className}, ${formatBytes(first.retainedBytes)})`;
}

/** `app/session.js:9` of a place with an absolute path; '' stays. */
export function placeText(place: string, cwd: string): string {
  const colon = place.lastIndexOf(':');
  return colon < 0 ? place : `${shortPath(place.slice(0, colon), cwd)}${place.slice(colon)}`;
}

export function kindLines(summary: HeapSummary, style: Style): string[] {
  const kinds = summary.kinds.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const cells = Math.max(0, style.columns - 48);
  return kinds.map(({ kind, bytes, count }) => {
    const share = bytes / Math.max(1, summary.totalBytes);
    return `  ${padEnd(kind, 14)}${padStart(formatBytes(bytes), 9)}${padStart(formatShare(share), 8)}${padStart(formatNumber(count), 12)}  ${bar(share, cells)}`.trimEnd();
  });
}

export function classLines(rows: readonly ClassRow[], total: number, cwd: string, style: Style): string[] {
  const width = Math.max(12, style.columns - 44 - PLACE_WIDTH);
  return rows.map((row) => {
    const numbers = `${padStart(formatNumber(row.count), 10)}${padStart(formatBytes(row.shallowBytes), 10)}${padStart(formatBytes(row.retainedBytes), 10)}${padStart(formatShare(row.retainedBytes / Math.max(1, total)), 8)}`;
    const place =
      row.place === '' ? '' : `  ${paint(style, 'dim', shortenPath(placeText(row.place, cwd), PLACE_WIDTH))}`;
    return `  ${padEnd(truncate(cleanText(row.name), width), width)}${numbers}${place}`;
  });
}

/** An object a line: id, class, path, sizes. */
export function objectLines(rows: readonly ObjectRow[], total: number, style: Style): string[] {
  return rows.map((row) => {
    const id = `@${row.id}`;
    const left = style.columns - 2 - 13 - 18 - 20;
    const share = formatShare(row.retainedBytes / Math.max(1, total));
    return `  ${paint(style, 'dim', padEnd(id, 12))} ${padEnd(truncate(cleanText(row.className), 17), 18)}${padEnd(shortenMiddle(cleanText(row.path), left), left)}${padStart(formatBytes(row.retainedBytes), 11)}${padStart(share, 8)}`;
  });
}

/** Cuts from the left: the end of a path says most. */
export function shortenMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  return `…${text.slice(text.length - Math.max(0, width - 1))}`;
}
