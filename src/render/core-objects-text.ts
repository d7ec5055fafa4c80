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
import type { ObjectRow, ObjectTable } from '../postmortem/object-table.ts';
import { shortPath } from './short-path.ts';
import { hexAddress } from './value-text.ts';

/** What `holter core objects` found. */
export interface ObjectsDescription extends ObjectTable {
  kind: 'core' | 'process';
  name: string;
  pid: number;
  cwd: string;
  nodeVersion: string;
  pausedMs?: number;
  /** Only what can be reached; else garbage that was not yet collected is counted, too. */
  isLive: boolean;
  isFiltered: boolean;
  /** Rows to show. */
  top: number;
  rows: (ObjectRow & { place: string })[];
  problems: string[];
  next: string[];
}

const WIDEST = 140;
const PLACE_WIDTH = 44;

/** Rows of V8's own types added up by what they are for: `(compiled code)`. */
export function groupEngineRows(rows: readonly ObjectRow[]): ObjectRow[] {
  const groups = new Map<string, ObjectRow>();
  const others: ObjectRow[] = [];
  for (const row of rows) {
    if (row.kind !== 'engine') {
      others.push(row);
      continue;
    }
    const group = groups.get(row.group);
    if (group === undefined) groups.set(row.group, { ...row, name: `(${row.group})` });
    else {
      group.count += row.count;
      group.bytes += row.bytes;
    }
  }
  return [...others, ...groups.values()];
}

/** A table of classes, of isolates where there are several, and of strings by size. */
export function renderObjects(description: ObjectsDescription, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(30, screen.columns)) };
  const { top, rows } = description;
  const lines = [...head(description, style), ''];
  const shown = rows.slice(0, top);
  lines.push(...table(shown, description, style));
  if (rows.length > shown.length) {
    const rest = rows.slice(top);
    const bytes = rest.reduce((sum, row) => sum + row.bytes, 0);
    lines.push(
      paint(
        style,
        'dim',
        truncate(
          `${formatNumber(rest.length)} more rows, ${formatBytes(bytes)}: --top, --filter`,
          style.columns,
        ),
      ),
    );
  }
  if (shown.length === 0) lines.push('no class of that name');
  if (!description.isFiltered && style.columns >= 50) lines.push('', ...strings(description, style));
  lines.push('');
  for (const problem of new Set([...notes(description), ...description.problems]))
    for (const line of wrap(cleanText(problem), Math.max(10, style.columns - 6)))
      lines.push(paint(style, 'warn', `note  ${line}`));
  for (const [i, command] of description.next.entries())
    lines.push(`${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', cleanText(command))}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function head(description: ObjectsDescription, style: Style): string[] {
  const { name, pid, pausedMs, count, bytes, outsideBytes, isLive, nodeVersion, isolates } = description;
  const paused = pausedMs === undefined ? '' : `, paused ${formatDuration(pausedMs)}`;
  const what = isLive ? 'objects in use' : 'objects, garbage included';
  const lines = [
    paint(
      style,
      'title',
      truncate(
        `holter core objects  ${cleanText(name)} (${pid}), Node ${nodeVersion}${paused}`,
        style.columns,
      ),
    ),
    truncate(
      `${formatNumber(count)} ${what}, ${formatBytes(bytes)}; outside of the heap ${formatBytes(outsideBytes)}`,
      style.columns,
    ),
  ];
  if (isolates.length > 1)
    for (const isolate of isolates)
      lines.push(
        truncate(
          `  ${isolateName(isolate, pid)}: ${formatNumber(isolate.count)} objects, ${formatBytes(isolate.bytes)} in pages of ${formatBytes(isolate.pageBytes)}`,
          style.columns,
        ),
      );
  return lines;
}

function isolateName({ tid, isShared }: ObjectTable['isolates'][0], pid: number): string {
  if (isShared) return 'shared by all, read-only';
  if (tid === pid) return 'main thread';
  return Number.isNaN(tid) ? 'a thread that is not known' : `worker (tid ${tid})`;
}

function table(
  rows: readonly (ObjectRow & { place: string })[],
  { cwd }: ObjectsDescription,
  style: Style,
): string[] {
  if (rows.length === 0) return [];
  const hasOutside = rows.some((row) => row.outsideBytes + row.viewedBytes > 0) && style.columns >= 60;
  const numbers = rows.map((row) => [
    formatNumber(row.count),
    formatBytes(row.bytes),
    ...(hasOutside ? [outsideText(row)] : []),
  ]);
  const titles = ['objects', 'bytes', ...(hasOutside ? ['outside'] : [])];
  const widths = titles.map((title, i) =>
    Math.max(textWidth(title), ...numbers.map((cells) => textWidth(cells[i]!))),
  );
  const room = Math.max(8, style.columns - widths.reduce((sum, width) => sum + width + 2, 0));
  const places = rows.map(({ place }) => (place === '' || style.columns < 90 ? '' : shortPath(place, cwd)));
  const placeWidth = Math.min(PLACE_WIDTH, Math.max(0, ...places.map((place) => textWidth(place))));
  const names = rows.map(({ name }) => cleanText(name));
  const nameRoom = placeWidth === 0 ? room : room - placeWidth - 2;
  const nameWidth = Math.min(nameRoom, Math.max(...names.map((name) => textWidth(name))));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => `${padStart(cell, widths[i]!)}  `).join('');
  const lines = [paint(style, 'dim', `${line(titles)}class`)];
  for (const [i, row] of rows.entries()) {
    const name = truncate(names[i]!, nameWidth);
    const role =
      row.kind === 'class' && row.place !== '' && !row.place.startsWith('node:') ? 'user' : undefined;
    const place =
      places[i]! === ''
        ? ''
        : `${' '.repeat(nameWidth - textWidth(name))}  ${paint(style, 'dim', shortenPath(places[i]!, placeWidth))}`;
    lines.push(`${line(numbers[i]!)}${role === undefined ? name : paint(style, role, name)}${place}`);
  }
  return lines;
}

/** Of views what they show, in brackets: it is counted at their ArrayBuffer. */
function outsideText(row: ObjectRow): string {
  if (row.viewedBytes > 0) return `(${formatBytes(row.viewedBytes)})`;
  return row.outsideBytes > 0 ? formatBytes(row.outsideBytes) : '';
}

function strings({ strings: sizes, largestStrings }: ObjectsDescription, style: Style): string[] {
  const filled = sizes.filter(({ count }) => count > 0);
  if (filled.length === 0) return [];
  const cells = filled.map(({ upTo, count, bytes }) => [
    upTo === Number.POSITIVE_INFINITY ? 'larger' : `to ${sizeText(upTo)}`,
    formatNumber(count),
    formatBytes(bytes),
  ]);
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((row) => textWidth(row[i]!))));
  const lines = [paint(style, 'title', 'strings by size')];
  for (const [name = '', count = '', bytes = ''] of cells)
    lines.push(
      `  ${padEnd(name, widths[0]!)}  ${padStart(count, widths[1]!)}  ${padStart(bytes, widths[2]!)}`,
    );
  for (const { address, bytes, text } of largestStrings.slice(0, 3)) {
    const lead = `  ${padStart(formatBytes(bytes), 8)}  @${hexAddress(address)}  `;
    const room = style.columns - textWidth(lead);
    if (room >= 12)
      lines.push(`${lead}${paint(style, 'dim', truncate(JSON.stringify(cleanText(text)), room))}`);
  }
  return lines;
}

/** `64 B`, `1 KiB`: limits are powers of 2. */
function sizeText(bytes: number): string {
  if (bytes >= 2 ** 20) return `${bytes / 2 ** 20} MiB`;
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

function notes({ losses, kind, bytes }: ObjectsDescription): string[] {
  const found: string[] = [];
  if (losses.missingBytes > 0)
    found.push(
      `${formatBytes(losses.missingBytes)} of the heap ${kind === 'core' ? 'are not in the core' : 'could not be read'}: objects there are not counted`,
    );
  if (losses.garbageBytes > Math.max(1e6, bytes * 0.05))
    found.push(
      `${formatBytes(losses.garbageBytes)} of the heap hold no objects that can be read: damaged, or never filled`,
    );
  return found;
}

/** Document holter.core-objects/1. */
export function buildObjectsJson(description: ObjectsDescription): object {
  const { name, pid, nodeVersion, pausedMs, isLive, problems } = description;
  return {
    schema: 'holter.core-objects/1',
    source: name,
    pid,
    node: nodeVersion,
    ...(pausedMs === undefined ? {} : { pausedMs }),
    isLive,
    count: description.count,
    bytes: description.bytes,
    outsideBytes: description.outsideBytes,
    isolates: description.isolates.map((isolate) => ({
      ...isolate,
      tid: numberOrNull(isolate.tid),
      thread: isolateName(isolate, pid),
    })),
    rows: description.rows.map(({ sample, ...row }) => ({ ...row, sample: hexAddress(sample) })),
    strings: description.strings.map((row) => ({ ...row, upTo: numberOrNull(row.upTo) })),
    largestStrings: description.largestStrings.map((one) => ({
      ...one,
      address: hexAddress(one.address),
      length: numberOrNull(one.length),
    })),
    garbageBytes: description.losses.garbageBytes,
    missingBytes: description.losses.missingBytes,
    problems: [...notes(description), ...problems],
    next: description.next,
  };
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
