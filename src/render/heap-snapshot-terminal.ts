import { formatBytes, formatDuration } from '../base/quantity.ts';
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
import { actsText } from './doctor-terminal.ts';
import type { HeapSnapshotDocument } from './heap-snapshot-json.ts';

const NARROW = 60;
const WIDEST = 120;
const LABEL = 14;
const COLUMN = 9;

/** A heap snapshot that was taken, as text: where it is, what it cost against what was expected, what to do with it. */
export function renderHeapSnapshot(document: HeapSnapshotDocument, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const text = `${lines(document, { ...style, columns }).join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function lines({ taken, manifest, paths, next }: HeapSnapshotDocument, style: Style): string[] {
  const { target } = manifest;
  const isNarrow = style.columns < NARROW;
  const { snapshots, need } = taken;
  const right = formatBytes(snapshots.reduce((sum, { bytes }) => sum + bytes, 0));
  const thread = taken.thread === 'main' ? '' : `  ${cleanText(taken.thread)}`;
  const who = `${isNarrow ? '' : 'holter heap snapshot  '}${cleanText(target.name)} (${target.pid})  Node ${cleanText(target.node)}${thread}`;
  const head = truncate(who, style.columns - textWidth(right) - 2);
  const out = [`${paint(style, 'title', head)}${padStart(right, style.columns - textWidth(head))}`];
  for (const path of paths) out.push(paint(style, 'user', cleanText(path)));
  out.push('');
  const row = (label: string, values: number[], format: (value: number) => string, note: string): void => {
    const text = values.map((value) => padStart(format(value), COLUMN)).join('');
    const room = style.columns - LABEL - 2 - textWidth(text) - 3;
    const shown = note !== '' && textWidth(note) <= room ? `   ${paint(style, 'dim', note)}` : '';
    out.push(`  ${padEnd(label, LABEL)}${text}${shown}`);
  };
  const shown = snapshots.slice(0, isNarrow ? 2 : 5);
  row(
    'paused',
    shown.map(({ pauseMs }) => Math.ceil(pauseMs)),
    formatDuration,
    `expected ${formatDuration(need.pauseMs)}`,
  );
  if (Number.isFinite(shown[0]?.rss.before)) {
    const of = (pick: (rss: { before: number; peak: number; after: number }) => number) =>
      shown.map(({ rss }) => pick(rss));
    row(
      'memory before',
      of(({ before }) => before),
      formatBytes,
      `of it ${formatBytes(need.usedHeapBytes)} heap`,
    );
    row(
      'at its peak',
      of(({ peak }) => peak),
      formatBytes,
      `expected up to ${formatBytes(shown[0]!.rss.before + need.needBytes)}`,
    );
    row(
      'afterwards',
      of(({ after }) => after),
      formatBytes,
      '',
    );
  }
  out.push('');
  const sentences = [...taken.notes];
  if (snapshots.some(({ wasStuck }) => wasStuck))
    sentences.push('The event loop does not turn: the thread was stopped by the debugger for the snapshot.');
  for (const sentence of sentences) out.push(...wrap(cleanText(sentence), style.columns));
  for (const line of wrap('It holds every string of the process; readable by you alone.', style.columns))
    out.push(paint(style, 'dim', line));
  for (const command of isNarrow ? next.slice(0, 1) : next)
    out.push(`next  ${paint(style, 'cmd', cleanText(command))}`);
  out.push('', ...wrapActs(actsText(manifest, style), style));
  for (const { what, command } of manifest.left.leftBehind)
    out.push(
      paint(style, 'crit', `        left behind: ${cleanText(what)}`),
      `        remove with  ${paint(style, 'cmd', cleanText(command))}`,
    );
  return out;
}

/** Coloured text is not wrapped in the middle of a colour: a narrow terminal wraps it itself. */
function wrapActs(text: string, style: Style): string[] {
  return style.color || textWidth(text) + 8 <= style.columns
    ? [`target: ${text}`]
    : wrap(`target: ${text}`, style.columns);
}
