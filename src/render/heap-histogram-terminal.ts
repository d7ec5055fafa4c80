import { formatBytes, formatDuration, formatNumber } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  shortenPath,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import {
  type ClassCount,
  type ClassGrowth,
  type HistogramGrowth,
  isOwnPlace,
} from '../heap/class-histogram.ts';
import { actsText } from './doctor-terminal.ts';
import type { HeapHistogramDocument, HistogramView } from './heap-histogram-json.ts';
import { shortPath } from './short-path.ts';

const NARROW = 60;
const WIDEST = 120;

/**
 * Objects by class as text: with two counts first what grows, then what is there. Names from the target are cleaned;
 * lists that are cut say so.
 */
export function renderHeapHistogram(document: HeapHistogramDocument, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const page = { ...style, columns };
  const lines: string[] = [];
  for (const view of document.threads) lines.push(...threadLines(document, view, page), '');
  for (const note of document.notes)
    for (const line of wrap(note, columns)) lines.push(paint(page, 'dim', line));
  for (const command of document.next) lines.push(`next  ${paint(page, 'cmd', cleanText(command))}`);
  const acts = `target: ${actsText(document.manifest, page)}`;
  lines.push('', ...(textWidth(acts) <= columns || page.color ? [acts] : wrap(acts, columns)));
  for (const { what, command } of document.manifest.left.leftBehind)
    lines.push(
      paint(page, 'crit', `        left behind: ${cleanText(what)}`),
      `        remove with  ${paint(page, 'cmd', cleanText(command))}`,
    );
  lines.push(`recording: ${cleanText(document.recording)}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function threadLines(document: HeapHistogramDocument, view: HistogramView, style: Style): string[] {
  const { target } = document.manifest;
  const { count, growth } = view;
  const isNarrow = style.columns < NARROW;
  const right = isNarrow
    ? formatBytes(count.heap.used)
    : `${formatBytes(count.heap.used)} heap, ${formatNumber(count.objectCount)} objects`;
  const thread = view.thread === 'main' ? '' : `  ${cleanText(view.thread)}`;
  const who = `${isNarrow ? '' : 'holter heap histogram  '}${cleanText(target.name)} (${target.pid})${isNarrow ? '' : `  Node ${cleanText(target.node)}`}${thread}`;
  const head = truncate(who, style.columns - textWidth(right) - 2);
  const lines = [`${paint(style, 'title', head)}${padStart(right, style.columns - textWidth(head))}`, ''];
  if (growth !== undefined) lines.push(...growthLines(document, growth, style), '');
  lines.push(...countLines(document, view, style));
  return lines;
}

const NUMBER = 10;

function growthLines(document: HeapHistogramDocument, growth: HistogramGrowth, style: Style): string[] {
  const isNarrow = style.columns < NARROW;
  const span = formatDuration(growth.minutes * 60_000);
  const shown = growth.rows.slice(0, isNarrow ? 4 : Math.max(3, Math.ceil(document.top / 2)));
  const [first] = shown;
  if (first === undefined) return [`No class has grown in ${span}.`];
  const lines = wrap(headline(first, span), style.columns).map((line) => paint(style, 'title', line));
  const place = placeText(first.place, document);
  if (place !== '') lines.push(`  ${paint(style, 'user', shortenPath(place, style.columns - 2))}`);
  lines.push('');
  const numbers = ['a minute', 'now', 'bytes/min'];
  lines.push(
    tableHead(
      'what grows',
      isNarrow ? numbers.slice(0, 1) : numbers,
      cutText(shown.length, growth.rows.length),
      style,
    ),
  );
  for (const row of shown) {
    const values = [
      signed(row.countPerMinute),
      formatNumber(row.countAfter),
      signedBytes(row.bytesPerMinute),
    ];
    lines.push(
      tableRow(row.name, isNarrow ? values.slice(0, 1) : values, placeText(row.place, document), style),
    );
    const entries = entriesGrowth(row);
    if (entries !== '' && !isNarrow) lines.push(`    ${paint(style, 'dim', entries)}`);
  }
  return lines;
}

/** `Session grows by 1 390 a minute: 4 100 instances, 1.2 MB more since 1 min ago.` */
function headline(row: ClassGrowth, span: string): string {
  const name = cleanText(row.name);
  const added = row.countAfter - row.countBefore;
  if (added > 0)
    return `${name} grows by ${formatNumber(row.countPerMinute)} a minute: ${formatNumber(row.countAfter)} now, ${formatNumber(added)} more than ${span} before`;
  if (row.entriesAfter > row.entriesBefore)
    return `${name} grows by ${entryUnit(row, row.entriesPerMinute)} a minute, in the same ${formatNumber(row.countAfter)} objects`;
  return `${name} grows by ${formatBytes(row.bytesPerMinute)} a minute`;
}

/** Where the entries tell more than the number of objects. */
function entriesGrowth(row: ClassGrowth): string {
  if (row.entriesPerMinute <= 0 || row.kind === 'bytes' || row.kind === 'shape') return '';
  return `${entryUnit(row, row.entriesPerMinute)} more a minute in all of them, ${formatNumber(row.entriesAfter)} now`;
}

function entryUnit({ kind }: Pick<ClassGrowth, 'kind'>, value: number): string {
  if (kind === 'bytes') return formatBytes(value);
  const words: Record<string, string> = { class: 'listeners', array: 'elements', collection: 'entries' };
  return `${formatNumber(value)} ${words[kind] ?? 'entries'}`;
}

function countLines(document: HeapHistogramDocument, view: HistogramView, style: Style): string[] {
  const { rows, others } = view.count;
  const isNarrow = style.columns < NARROW;
  const shown = rows.slice(0, isNarrow ? Math.min(8, document.top) : document.top);
  const title = document.filter === '' ? 'what is there' : `matching ${cleanText(document.filter)}`;
  if (shown.length === 0) return [`Nothing matches ${cleanText(document.filter)}.`];
  const numbers = ['count', 'bytes ~', 'entries'];
  const lines = [
    tableHead(title, isNarrow ? ['count'] : numbers, cutText(shown.length, rows.length + others.rows), style),
  ];
  for (const row of shown) {
    const values = [formatNumber(row.count), formatBytes(row.bytes), entriesText(row)];
    lines.push(
      tableRow(row.name, isNarrow ? values.slice(0, 1) : values, placeText(row.place, document), style),
    );
  }
  return lines;
}

function entriesText({ kind, entries }: ClassCount): string {
  if (entries === 0) return '';
  return kind === 'bytes' ? formatBytes(entries) : formatNumber(entries);
}

const NAME = 28;
const NAME_NARROW = 24;

function nameWidth(style: Style): number {
  return style.columns < NARROW ? Math.min(NAME_NARROW, style.columns - NUMBER - 2) : NAME;
}

function tableHead(title: string, numbers: readonly string[], cut: string, style: Style): string {
  const head = padEnd(title, nameWidth(style) + 2) + numbers.map((word) => padStart(word, NUMBER)).join('');
  const room = style.columns - textWidth(head) - 2;
  return `${paint(style, 'title', head)}${cut === '' || room < 8 ? '' : `  ${paint(style, 'dim', truncate(cut, room))}`}`;
}

function tableRow(name: string, values: readonly string[], place: string, style: Style): string {
  const head = `  ${padEnd(truncate(cleanText(name), nameWidth(style) - 1), nameWidth(style))}${values.map((value) => padStart(value, NUMBER)).join('')}`;
  const room = style.columns - textWidth(head) - 2;
  return place === '' || room < 8
    ? head.trimEnd()
    : `${head}  ${paint(style, 'dim', shortenPath(place, room))}`;
}

/** Only lines of the program: where Node's own classes stand helps nobody. The column is dropped. */
function placeText(place: string, document: HeapHistogramDocument): string {
  if (!isOwnPlace(place)) return '';
  const line = /^(.*):(\d+):\d+$/.exec(place);
  return line === null
    ? cleanText(place)
    : `${cleanText(shortPath(line[1]!, document.manifest.target.cwd))}:${line[2]}`;
}

function cutText(shown: number, all: number): string {
  return shown < all ? `${shown} of ${formatNumber(all)}, --top` : '';
}

function signed(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

function signedBytes(value: number): string {
  return value > 0 ? `+${formatBytes(value)}` : formatBytes(value);
}
