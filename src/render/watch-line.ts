import { cleanText, paint, type Role, type Style, toAscii } from '../base/terminal-text.ts';
import type { WatchEvent } from '../watch/event.ts';

const WORDS: Readonly<Record<WatchEvent['event'], string>> = {
  watching: 'watching',
  'process-began': 'found',
  'process-ended': 'ended',
  triggered: 'TRIGGER',
  captured: 'captured',
  'capture-failed': 'FAILED',
  skipped: 'skipped',
  removed: 'removed',
  problem: 'PROBLEM',
  stopped: 'stopped',
};
const ROLES: Readonly<Partial<Record<WatchEvent['event'], Role>>> = {
  triggered: 'warn',
  captured: 'ok',
  'capture-failed': 'crit',
  problem: 'crit',
  skipped: 'dim',
  'process-began': 'dim',
  'process-ended': 'note',
};

/** One event as a line of text, with a line break; after what was captured, where it lies. */
export function renderWatchLine(
  event: WatchEvent,
  style: Pick<Style, 'color' | 'unicode'>,
  shorten: (path: string) => string,
): string {
  const time = new Date(event.at).toTimeString().slice(0, 8);
  const role = ROLES[event.event];
  const word = WORDS[event.event].padEnd(9);
  const who =
    event.target === undefined
      ? ''
      : `${event.target.name}${event.target.pid > 0 ? ` ${event.target.pid}` : ''}`;
  const what = [event.rule, event.action].filter((part) => part !== undefined).join(' ');
  const folder = event.folder === undefined ? '' : shorten(event.folder);
  const parts = [
    who,
    what,
    event.text,
    event.times === undefined || event.times < 2 ? '' : `(${event.times} times)`,
  ].filter((part) => part !== '');
  const line = `${parts.map(cleanText).join('  ')}${folder === '' || event.text.includes(folder) ? '' : `  ${paint(style, 'dim', cleanText(folder))}`}`;
  const text = `${paint(style, 'dim', time)}  ${role === undefined ? word : paint(style, role, word)}  ${line}\n`;
  return style.unicode ? text : toAscii(text);
}

/** One event as a line of JSON; NaN and Infinity become null. */
export function renderWatchJson(event: WatchEvent): string {
  return `${JSON.stringify(event)}\n`;
}
