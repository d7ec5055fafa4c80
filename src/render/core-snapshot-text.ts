import { formatBytes, formatDuration, formatNumber } from '../base/quantity.ts';
import { cleanText, padEnd, paint, type Style, toAscii, truncate, wrap } from '../base/terminal-text.ts';

/** What `holter core snapshot` wrote. */
export interface CoreSnapshotDescription {
  file: string;
  bytes: number;
  kind: 'core' | 'process';
  name: string;
  pid: number;
  nodeVersion: string;
  nodes: number;
  edges: number;
  /** Objects that nothing refers to any more: not in it. */
  garbage: number;
  /** Of a process: how long it stood. */
  pausedMs?: number;
  problems: string[];
  next: string[];
}

const LEFT = 9;
const WIDEST = 120;

/** Lines for a terminal; ends with a line break. */
export function renderCoreSnapshot(snapshot: CoreSnapshotDescription, screen: Style): string {
  const width = Math.min(WIDEST, Math.max(20, screen.columns));
  const style = { ...screen, columns: width };
  const node = snapshot.nodeVersion === '' ? '' : `  Node ${cleanText(snapshot.nodeVersion)}`;
  const lines = [
    paint(style, 'title', truncate(`holter core snapshot  ${cleanText(snapshot.name)}${node}`, width)),
    '',
  ];
  const row = (name: string, text: string): void => {
    for (const [index, line] of wrap(cleanText(text), width - LEFT).entries())
      lines.push(`${index === 0 ? paint(style, 'dim', padEnd(name, LEFT)) : ' '.repeat(LEFT)}${line}`);
  };
  row('file', snapshot.file);
  row('size', formatBytes(snapshot.bytes));
  row('holds', `${formatNumber(snapshot.nodes)} nodes, ${formatNumber(snapshot.edges)} references`);
  if (snapshot.garbage > 0)
    row('left out', `${formatNumber(snapshot.garbage)} objects that nothing refers to any more`);
  if (snapshot.pausedMs !== undefined)
    row('paused', `${formatDuration(snapshot.pausedMs)}; the process runs on`);
  lines.push('');
  for (const problem of snapshot.problems)
    for (const line of wrap(cleanText(problem), width - 6)) lines.push(paint(style, 'warn', `note  ${line}`));
  for (const line of wrap(
    'It holds every string of the process, secrets too: only you can read it; delete it when done.',
    width,
  ))
    lines.push(line);
  for (const command of snapshot.next) lines.push(`next  ${paint(style, 'cmd', cleanText(command))}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** `holter.core-snapshot/1`; each field in words: docs/formats/core-snapshot-json.md. */
export function buildCoreSnapshotJson(snapshot: CoreSnapshotDescription): object {
  return { schema: 'holter.core-snapshot/1', ...snapshot };
}
