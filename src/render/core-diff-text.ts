import { formatBytes, formatDuration } from '../base/quantity.ts';
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
import type { ObjectKind } from '../postmortem/object-class.ts';
import type { ObjectRow } from '../postmortem/object-table.ts';
import { groupEngineRows } from './core-objects-text.ts';
import { shortPath } from './short-path.ts';

/** One of the two heaps. */
export interface DiffSide {
  source: string;
  kind: 'core' | 'process';
  pid: number;
  node: string;
  count: number;
  bytes: number;
  outsideBytes: number;
  pausedMs?: number;
}

/** A class in both; bytes are those in the heap and outside of it. */
export interface CoreDiffRow {
  name: string;
  kind: ObjectKind;
  countBefore: number;
  countAfter: number;
  countDelta: number;
  bytesBefore: number;
  bytesAfter: number;
  bytesDelta: number;
}

/** What `holter core diff` found. */
export interface CoreDiffDescription {
  before: DiffSide;
  after: DiffSide;
  cwd: string;
  isLive: boolean;
  rows: readonly (CoreDiffRow & { place: string })[];
  top: number;
  problems: string[];
  next: string[];
}

const WIDEST = 140;
const NUMBER = new Intl.NumberFormat('en-US');

/** Classes whose number or bytes changed: what grew first. */
export function buildDiffRows(
  before: readonly ObjectRow[],
  after: readonly ObjectRow[],
  { sort, engine }: { sort: 'bytes' | 'count' | 'name'; engine: boolean },
): CoreDiffRow[] {
  const rows = new Map<string, CoreDiffRow>();
  const add = (row: ObjectRow, side: 'Before' | 'After'): void => {
    const key = `${row.kind} ${row.name}`;
    let sum = rows.get(key);
    if (sum === undefined) {
      sum = {
        name: row.name,
        kind: row.kind,
        countBefore: 0,
        countAfter: 0,
        countDelta: 0,
        bytesBefore: 0,
        bytesAfter: 0,
        bytesDelta: 0,
      };
      rows.set(key, sum);
    }
    sum[`count${side}`] += row.count;
    sum[`bytes${side}`] += row.bytes + row.outsideBytes;
  };
  for (const row of engine ? before : groupEngineRows(before)) add(row, 'Before');
  for (const row of engine ? after : groupEngineRows(after)) add(row, 'After');
  for (const row of rows.values()) {
    row.countDelta = row.countAfter - row.countBefore;
    row.bytesDelta = row.bytesAfter - row.bytesBefore;
  }
  const by: Record<typeof sort, (a: CoreDiffRow, b: CoreDiffRow) => number> = {
    bytes: (a, b) => b.bytesDelta - a.bytesDelta || b.countDelta - a.countDelta,
    count: (a, b) => b.countDelta - a.countDelta || b.bytesDelta - a.bytesDelta,
    name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  };
  return [...rows.values()].filter((row) => row.countDelta !== 0 || row.bytesDelta !== 0).sort(by[sort]);
}

/** Lines for a terminal; ends with a line break. */
export function renderCoreDiff(description: CoreDiffDescription, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(30, screen.columns)) };
  const { before, after, rows, top, isLive } = description;
  const line = (text: string): string => truncate(text, style.columns);
  const paused = [before, after].map(({ pausedMs }) => pausedMs).find((ms) => ms !== undefined);
  const lines = [
    paint(
      style,
      'title',
      line(
        `holter core diff  ${cleanText(before.source)} → ${cleanText(after.source)}${paused === undefined ? '' : `, paused ${formatDuration(paused)}`}`,
      ),
    ),
    line(
      `${NUMBER.format(before.count)} → ${NUMBER.format(after.count)} objects${isLive ? ' in use' : ', garbage included'}, ${formatBytes(before.bytes)} → ${formatBytes(after.bytes)} (${signedBytes(after.bytes - before.bytes)}); outside of the heap ${signedBytes(after.outsideBytes - before.outsideBytes)}`,
    ),
    '',
  ];
  const shown = rows.slice(0, top);
  if (shown.length === 0) lines.push('no class changed');
  const cells = shown.map((row) => [
    `${row.countDelta > 0 ? '+' : ''}${NUMBER.format(row.countDelta)}`,
    NUMBER.format(row.countAfter),
    signedBytes(row.bytesDelta),
  ]);
  const titles = ['objects', 'now', 'bytes'];
  const widths = titles.map((title, i) => Math.max(title.length, ...cells.map((row) => textWidth(row[i]!))));
  const lead = (texts: readonly string[]): string =>
    texts.map((text, i) => `${padStart(text, widths[i]!)}  `).join('');
  if (shown.length > 0) lines.push(paint(style, 'dim', line(`${lead(titles)}class`)));
  const room = Math.max(8, style.columns - widths.reduce((sum, width) => sum + width + 2, 0));
  const nameWidth = Math.min(room, Math.max(0, ...shown.map(({ name }) => textWidth(cleanText(name)))), 48);
  for (const [i, row] of shown.entries()) {
    const isOfUser = row.place !== '' && !row.place.startsWith('node:');
    const name = padEnd(truncate(cleanText(row.name), nameWidth), nameWidth);
    const left = room - nameWidth - 2;
    const place =
      row.place === '' || left < 16
        ? ''
        : `  ${paint(style, 'dim', shortenPath(shortPath(row.place, description.cwd), left))}`;
    lines.push(`${lead(cells[i]!)}${isOfUser ? paint(style, 'user', name) : name}${place}`.trimEnd());
  }
  if (rows.length > shown.length)
    lines.push(
      paint(style, 'dim', line(`${NUMBER.format(rows.length - shown.length)} more rows: --top, --filter`)),
    );
  lines.push('');
  for (const problem of new Set([...doubts(description), ...description.problems]))
    for (const text of wrap(cleanText(problem), Math.max(10, style.columns - 6)))
      lines.push(paint(style, 'warn', `note  ${text}`));
  for (const command of description.next) lines.push(`next  ${paint(style, 'cmd', cleanText(command))}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** `holter.core-diff/1`; each field in words: docs/formats/core-diff-json.md. */
export function buildCoreDiffJson(description: CoreDiffDescription): object {
  const { cwd: _, top: __, problems, ...rest } = description;
  return { schema: 'holter.core-diff/1', ...rest, problems: [...doubts(description), ...problems] };
}

function doubts({ before, after }: CoreDiffDescription): string[] {
  const found: string[] = [];
  if (before.node !== after.node)
    found.push(`the first ran Node ${before.node}, the second ${after.node}: other classes of Node and V8`);
  if (before.pid !== after.pid)
    found.push(
      `these are two processes (${before.pid} and ${after.pid}): what one has more need not have grown`,
    );
  return found;
}

function signedBytes(bytes: number): string {
  return bytes < 0 ? `−${formatBytes(-bytes)}` : `+${formatBytes(bytes)}`;
}
