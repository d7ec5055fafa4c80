import { formatBytes, formatDuration } from '../base/quantity.ts';
import { cleanText, padEnd, paint, type Style, toAscii, truncate, wrap } from '../base/terminal-text.ts';

/** What `holter core take` did. */
export interface TakenCoreDescription {
  path: string;
  pid: number;
  name: string;
  /** ISO time of the stop. */
  at: string;
  pausedMs: number;
  estimatedPauseMs: number;
  tookMs: number;
  copiedBytes: number;
  leftOutBytes: number;
  unreadableBytes: number;
  fileBytes: number;
  diskBytes: number;
  threads: number;
  framePointers: number;
  wasStopped: boolean;
  packing?: string;
  problems: string[];
  next: string[];
}

const LEFT = 9;
const WIDEST = 120;

/** Lines for a terminal. */
export function renderTakenCore(core: TakenCoreDescription, screen: Style): string {
  const width = Math.min(WIDEST, Math.max(20, screen.columns));
  const style = { ...screen, columns: width };
  const lines = [
    paint(style, 'title', truncate(`holter core take  ${cleanText(core.name)} (${core.pid})`, width)),
    '',
  ];
  const row = (name: string, text: string): void => {
    for (const [index, line] of wrap(cleanText(text), width - LEFT).entries())
      lines.push(`${index === 0 ? paint(style, 'dim', padEnd(name, LEFT)) : ' '.repeat(LEFT)}${line}`);
  };
  row('file', core.path);
  row(
    'size',
    core.packing === undefined
      ? `${formatBytes(core.diskBytes)} on disk (${formatBytes(core.fileBytes)} with holes: cp --sparse, rsync -S, or --compress)`
      : `${formatBytes(core.fileBytes)}, packed with ${core.packing}`,
  );
  row(
    'paused',
    `${formatDuration(core.pausedMs)} (${formatDuration(core.estimatedPauseMs)} expected) for ${formatBytes(core.copiedBytes)} of memory`,
  );
  row('state', core.wasStopped ? 'it was stopped before, and still is' : 'the process runs on');
  row('threads', `${core.threads}, frame pointers of ${core.framePointers} found`);
  if (core.leftOutBytes > 0) row('left out', `${formatBytes(core.leftOutBytes)} (--js-heap-only)`);
  if (core.unreadableBytes > 0) row('missing', `${formatBytes(core.unreadableBytes)} could not be read`);
  lines.push('');
  for (const problem of core.problems)
    for (const line of wrap(cleanText(problem), width - 6)) lines.push(paint(style, 'warn', `note  ${line}`));
  lines.push('It holds every string of the process, secrets too: only you can read it; delete it when done.');
  for (const [index, command] of core.next.entries())
    lines.push(`${paint(style, 'dim', index === 0 ? 'next  ' : '      ')}${paint(style, 'cmd', command)}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** The document of `--json`, schema holter.core-take/1. */
export function buildTakenCoreJson(core: TakenCoreDescription): object {
  return { schema: 'holter.core-take/1', ...core };
}
