import { padEnd, paint, type Style, truncate } from '../base/terminal-text.ts';
import { asShown, footLine } from './top-lines.ts';

const TABLE: readonly (readonly [string, string])[] = [
  ['↑ ↓ j k', 'mark a process'],
  ['Enter', 'its page'],
  ['o', 'order: CPU, RSS, growth, run-queue wait, age, pid, name'],
];
const PAGE: readonly (readonly [string, string])[] = [
  ['Esc ←', 'back to the table'],
  ['i', 'look from inside again, when that was lost'],
  ['f', 'hottest function now: a profile of 1 s'],
];
const BOTH: readonly (readonly [string, string])[] = [
  ['s', 'stack: what all threads do now (stops it for some ms)'],
  ['p', 'CPU profile of 10 s, and where the file is'],
  ['d', 'a whole doctor visit'],
  ['h', 'heap snapshot; asks first, stops it for seconds'],
  ['space', 'hold the screen still; looking goes on'],
  ['q Ctrl-C', 'leave; nothing stays in the target'],
];
const WORDS: readonly (readonly [string, string])[] = [
  ['CPU', 'all threads, % of one core; MAIN: the thread of your JavaScript'],
  ['WAIT', 'main thread ready to run, but without a CPU: the machine, not the code'],
  ['RSS/MIN', 'trend of the last minute; 0 = level, - = not known yet'],
];

/** What the keys do, as exactly `height` lines. */
export function renderTopHelp(view: 'table' | 'page', style: Style, height: number): string[] {
  const keys = view === 'table' ? [...TABLE, ...BOTH] : [...PAGE, ...BOTH];
  const row = ([key, does]: readonly [string, string]): string =>
    truncate(`${padEnd(key, 9)} ${does}`, style.columns);
  const lines = [paint(style, 'title', truncate('holter top: keys', style.columns)), ...keys.map(row)];
  if (height > lines.length + WORDS.length + 2) lines.push('', ...WORDS.map(row));
  while (lines.length < height - 1) lines.push('');
  return asShown(
    [...lines.slice(0, height - 1), footLine(style, '', [['any key', 'back']])].map((line) =>
      line.replace('↑ ↓', style.unicode ? '↑ ↓' : 'up dn').replace('←', style.unicode ? '←' : 'left'),
    ),
    style,
  );
}
