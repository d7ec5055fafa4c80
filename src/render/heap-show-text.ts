import { formatBytes, formatNumber, formatPercent } from '../base/quantity.ts';
import { cleanText, textWidth, truncate, wrap } from '../base/terminal-text.ts';
import type { NodeRow } from '../heap/describe-object.ts';
import type { HeapSummary, ObjectRow } from '../heap/heap-summary.ts';
import type { Place } from '../heap/place.ts';
import { shortPath } from './short-path.ts';

/** What holds less is not worth a sentence at the top. */
const WORTH_SAYING = 0.02;
const MOST_SENTENCES = 3;

/** `19 %` of the heap. */
export function shareText(bytes: number, total: number): string {
  return formatPercent((100 * bytes) / Math.max(1, total));
}

/**
 * The answer, at most three sentences: `global.app.sessions (Map, 4 200 Session) holds 1.8 MB, 19 % of the heap`.
 * Names of the target are cleaned.
 */
export function heapHeadlines(summary: HeapSummary): string[] {
  const total = summary.totalBytes;
  const worth = summary.dominators
    .filter(({ retainedBytes }) => retainedBytes >= WORTH_SAYING * total)
    .slice(0, MOST_SENTENCES);
  if (worth.length === 0)
    return [`no single object holds more than ${formatPercent(100 * WORTH_SAYING)} of the heap`];
  return worth.map(
    (row) =>
      `${holderText(row)} holds ${formatBytes(row.retainedBytes)}, ${shareText(row.retainedBytes, total)} of the heap`,
  );
}

/** `global.app.sessions (Map, 4 200 Session)`. */
function holderText(row: ObjectRow): string {
  const name = row.path === '' ? `@${row.id}` : cleanText(row.path);
  return `${name} (${[cleanText(row.className), ...contentText(row)].join(', ')})`;
}

/** `4 200 Session`, as a list of one or none. */
export function contentText({ holds }: ObjectRow): string[] {
  return holds === undefined ? [] : [`${formatNumber(holds.count)} ${cleanText(holds.className)}`];
}

/** `Session`, `Function pushOrder`, `(string) "abc"`. */
export function nodeName({ className, text }: Pick<NodeRow, 'className'> & { text?: string }): string {
  const name = cleanText(className) || '(root)';
  return text === undefined || text === '' || text === className ? name : `${name} ${cleanText(text)}`;
}

/** `app/session.js:9` of `/srv/app/session.js:9`, '' stays. */
export function placeText(place: string, cwd: string): string {
  const at = /^(.*?)(:\d+(?::\d+)?)?$/s.exec(place);
  return cleanText(shortPath(at?.[1] ?? place, cwd) + (at?.[2] ?? ''));
}

/** A place of the model as text, '' when unknown. */
export function placeOf(place: Place | undefined, cwd: string): string {
  if (place === undefined || place.file === '') return '';
  return placeText(place.line > 0 ? `${place.file}:${place.line}` : place.file, cwd);
}

/** `orders.heapsnapshot` of a path. */
export function fileName(path: string): string {
  return cleanText(path.split('/').at(-1) ?? path);
}

/** Lines of at most `width` cells; words that are longer are cut. */
export function wrapCut(text: string, width: number): string[] {
  return wrap(text, width).map((line) => truncate(line, width));
}

/** Cuts from the left: the end of a path says most. */
export function shortenLeft(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  const kept: string[] = [];
  let room = width - 1;
  for (const character of [...text].reverse()) {
    room -= textWidth(character);
    if (room < 0) break;
    kept.push(character);
  }
  return `…${kept.reverse().join('')}`;
}

/** `12 of 480 classes; all: --top 480`, '' when nothing is cut. */
export function cutText(shown: number, all: number, what: string): string {
  return shown < all ? `${formatNumber(shown)} of ${formatNumber(all)} ${what}; all: --top ${all}` : '';
}

/** Words for kinds of memory. */
export const KIND_WORDS: Readonly<Record<string, string>> = {
  objects: 'objects',
  functions: 'functions',
  arrays: 'arrays',
  strings: 'strings',
  code: 'code',
  system: 'V8 itself',
  buffers: 'buffers',
  'other native': 'other native',
};
