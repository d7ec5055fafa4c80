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

/** A heap snapshot that was taken, as text: where it is, what it cost against what was expected, what to do with it. */
export function renderHeapSnapshot(document: HeapSnapshotDocument, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const text = `${lines(document, { ...style, columns }).join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function lines({ taken, manifest, path, next }: HeapSnapshotDocument, style: Style): string[] {
  const { target } = manifest;
  const isNarrow = style.columns < NARROW;
  const right = formatBytes(taken.bytes);
  const thread = taken.thread === 'main' ? '' : `  ${cleanText(taken.thread)}`;
  const who = `${isNarrow ? '' : 'holter heap snapshot  '}${cleanText(target.name)} (${target.pid})  Node ${cleanText(target.node)}${thread}`;
  const head = truncate(who, style.columns - textWidth(right) - 2);
  const out = [
    `${paint(style, 'title', head)}${padStart(right, style.columns - textWidth(head))}`,
    paint(style, 'user', cleanText(path)),
    '',
  ];
  const { rss, need } = taken;
  const rows: [string, string, string][] = [
    ['paused', formatDuration(Math.ceil(taken.pauseMs)), `expected ${formatDuration(need.pauseMs)}`],
    ['heap used', formatBytes(need.usedHeapBytes), 'before, garbage included'],
  ];
  if (Number.isFinite(rss.before))
    rows.push(
      ['memory before', formatBytes(rss.before), ''],
      ['at its peak', formatBytes(rss.peak), `expected up to ${formatBytes(rss.before + need.needBytes)}`],
      ['afterwards', formatBytes(rss.after), ''],
    );
  for (const [label, value, note] of rows)
    out.push(
      `  ${padEnd(label, LABEL)}${padStart(value, 9)}${note === '' || isNarrow ? '' : `   ${paint(style, 'dim', note)}`}`,
    );
  if (taken.wasStuck)
    out.push(
      '',
      ...wrap(
        'The event loop does not turn: the thread was stopped by the debugger for the snapshot.',
        style.columns,
      ),
    );
  out.push('');
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
