import { formatBytes, formatNumber, formatPercent } from '../base/quantity.ts';
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
import type { Detector, Suspect, SuspectReport } from '../heap/suspect.ts';
import {
  growthText,
  holderName,
  pathNames,
  shareOf,
  suspectName,
  suspectPlace,
} from './heap-suspects-text.ts';

/** Below this width the short form is used. */
const NARROW = 60;
/** Lines longer than this are hard to read, however wide the terminal. */
const WIDEST = 120;
/** Further holders shown of one suspect. */
const MOST_HOLDERS = 4;
/** Shares from here on are the first thing to look at. */
const CRITICAL = 0.2;
/** Column of what a row says, behind its label. */
const LABEL = 13;

/** Everything `holter heap suspects` shows. */
export interface HeapSuspectsView {
  /** As given on the command line. */
  file: string;
  /** The older snapshot, '' none. */
  before: string;
  totalBytes: number;
  nodeCount: number;
  report: SuspectReport;
  /** Suspects shown. */
  top: number;
  cwd: string;
  /** `holter heap show FILE @id`. */
  next: string;
  /** Largest class of the program, for a heap without suspects: `Session × 20, 3 kB`. */
  largest: string;
  partial?: string | undefined;
}

/** A report as text for a terminal, ending with a line break. Strings of the heap are cleaned; nothing is said by colour alone. */
export function renderHeapSuspects(view: HeapSuspectsView, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const lines = columns < NARROW ? narrow(view, { ...style, columns }) : wide(view, { ...style, columns });
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function wide(view: HeapSuspectsView, style: Style): string[] {
  const size = `${formatBytes(view.totalBytes)} heap, ${formatNumber(view.nodeCount)} objects`;
  const name = truncate(baseName(view.file), style.columns - 25 - textWidth(size));
  const lines = [paint(style, 'title', `holter heap suspects  ${name}   ${size}`), ''];
  if (view.partial !== undefined)
    lines.push(...wrap(cleanText(view.partial), style.columns).map((line) => paint(style, 'warn', line)), '');
  const shown = view.report.suspects.slice(0, view.top);
  if (shown.length === 0) lines.push(...quietLines(view, style));
  shown.forEach((suspect, index) => {
    lines.push(...wideRow(suspect, index, view, style));
  });
  if (shown.length > 0) lines.push('');
  lines.push(...footer(view, shown.length, style));
  return lines;
}

function baseName(path: string): string {
  return cleanText(path.split('/').at(-1) ?? path);
}

function wideRow(suspect: Suspect, index: number, view: HeapSuspectsView, style: Style): string[] {
  const share = shareOf(suspect);
  const size = `${formatBytes(suspect.bytes)} ${suspect.bytesAre}`;
  const right = index === 0 ? `${size}   ${share} of the heap` : `${size}   ${share}`;
  const room = style.columns - textWidth(right) - 5;
  const head = `${padEnd(String(index + 1), 2)} `;
  const name = truncate(suspectName(suspect), room);
  const paintedShare =
    index === 0 && suspect.share >= CRITICAL ? right.replace(share, paint(style, 'crit', share)) : right;
  const lines = [`${head}${paint(style, 'title', padEnd(name, room))}  ${paintedShare}`];
  const { holders } = suspect;
  const place = suspectPlace(suspect.place, view.cwd);
  const first = holders[0];
  if (first !== undefined) {
    lines.push(...labelled('held by', holderName(first), place, style));
    if (first.path.length > 1) lines.push(labelledPath('path', pathNames(first, suspect.what), style));
  } else if (place !== '') lines.push(...labelled('at', place, '', style));
  for (const other of holders.slice(1, MOST_HOLDERS)) {
    const line = suspectPlace(other.place, view.cwd);
    lines.push(...labelled('also by', holderName(other), line === place ? '' : line, style));
  }
  const growth = growthText(suspect);
  if (growth !== '')
    lines.push(
      ...labelled(
        'growth',
        view.before === '' ? growth : `${growth} since ${baseName(view.before)}`,
        '',
        style,
        false,
      ),
    );
  const from = suspect.place?.package ?? '';
  if (from !== '' && from !== 'node') lines.push(...labelled('package', cleanText(from), '', style, false));
  for (const sentence of suspect.evidence) lines.push(...sentenceLines('', sentence, style));
  if (suspect.advice !== '') lines.push(...sentenceLines('advice', suspect.advice, style));
  return lines;
}

/** `   held by   app.sessions (Map)     app/session.js:9`, the place on a line of its own when both do not fit. */
function labelled(label: string, text: string, place: string, style: Style, isUser = true): string[] {
  const room = style.columns - LABEL;
  const head = `   ${padEnd(label, LABEL - 3)}`;
  const role = isUser ? 'user' : undefined;
  const painted = (shown: string): string => (role === undefined ? shown : paint(style, role, shown));
  if (place === '') return [`${head}${painted(truncate(text, room))}`];
  const gap = 3;
  if (textWidth(text) + gap + textWidth(place) <= room) {
    const column = Math.max(textWidth(text) + gap, Math.min(25, room - textWidth(place)));
    return [`${head}${painted(text)}${' '.repeat(column - textWidth(text))}${place}`];
  }
  return [`${head}${painted(truncate(text, room))}`, `${' '.repeat(LABEL)}${shortenPath(place, room)}`];
}

/** Long paths lose their middle: where it begins and what is at the end say most. */
function labelledPath(label: string, text: string, style: Style): string {
  const room = style.columns - LABEL;
  const head = `   ${padEnd(label, LABEL - 3)}`;
  if (textWidth(text) <= room) return `${head}${paint(style, 'dim', text)}`;
  const words = text.split(' > ');
  while (words.length > 4 && textWidth(words.join(' > ')) + 4 > room)
    words.splice(Math.floor(words.length / 2), 1);
  words.splice(Math.ceil(words.length / 2), 0, '…');
  return `${head}${paint(style, 'dim', truncate(words.join(' > '), room))}`;
}

function sentenceLines(label: string, sentence: string, style: Style): string[] {
  // A word that is longer than a line (a text of the heap) would stay whole.
  return wrap(cleanText(sentence), style.columns - LABEL).map(
    (line, index) =>
      `   ${padEnd(index === 0 ? label : '', LABEL - 3)}${truncate(line, style.columns - LABEL)}`,
  );
}

function quietLines(view: HeapSuspectsView, style: Style): string[] {
  const text = `Nothing stands out${view.largest === '' ? '' : `; the largest of the program's own is ${cleanText(view.largest)}`}.`;
  return [...wrap(text, style.columns), ''];
}

const WORDS: Record<Detector, string> = {
  accumulation: 'accumulation',
  'shared-holders': 'shared objects',
  growth: 'growth',
  'duplicate-strings': 'duplicate strings',
  closures: 'closures',
  timers: 'timers',
  listeners: 'listeners',
  'pending-promises': 'pending promises',
  'external-memory': 'memory outside the heap',
  waste: 'waste',
  packages: 'packages',
  'duplicate-modules': 'duplicate modules',
};

function footer({ report, next, before }: HeapSuspectsView, shown: number, style: Style): string[] {
  const lines: string[] = [];
  const all = report.suspects.length;
  const count =
    all === 0
      ? ''
      : `${shown} of ${all} ${all === 1 ? 'suspect' : 'suspects'}, ${formatPercent(report.explained * 100)} explained${shown < all ? ' (--top shows more)' : ''}`;
  const command = `next  ${paint(style, 'cmd', next)}`;
  const commandWidth = 6 + textWidth(next);
  if (count !== '' && textWidth(count) + 3 + commandWidth <= style.columns)
    lines.push(`${count}${padStart('', style.columns - textWidth(count) - commandWidth)}${command}`);
  else {
    if (count !== '') lines.push(count);
    lines.push(command);
  }
  const quiet = report.quiet.map((detector) => WORDS[detector]);
  if (quiet.length > 0)
    lines.push(
      ...wrap(`nothing found of: ${quiet.join(', ')}`, style.columns).map((line) =>
        paint(style, 'dim', line),
      ),
    );
  if (before === '' && all > 0)
    lines.push(
      ...wrap('what grows: --before an older snapshot', style.columns).map((line) =>
        paint(style, 'dim', line),
      ),
    );
  return lines;
}

function narrow(view: HeapSuspectsView, style: Style): string[] {
  const { columns } = style;
  const size = formatBytes(view.totalBytes);
  const lines = [
    paint(style, 'title', `${truncate(baseName(view.file), columns - textWidth(size) - 2)}  ${size}`),
  ];
  if (view.partial !== undefined) lines.push(...wrap(cleanText(view.partial), columns));
  const shown = view.report.suspects.slice(0, view.top);
  if (shown.length === 0) lines.push(...quietLines(view, style));
  shown.forEach((suspect, index) => {
    const share = shareOf(suspect);
    const right = `${padStart(formatBytes(suspect.bytes), 7)}  ${share}`;
    const room = columns - 4 - textWidth(right);
    const painted =
      index === 0 && suspect.share >= CRITICAL ? right.replace(share, paint(style, 'crit', share)) : right;
    lines.push(
      `${padEnd(String(index + 1), 2)} ${padEnd(truncate(suspectName(suspect), room), room)} ${painted}`,
    );
    const place = suspectPlace(suspect.place, view.cwd);
    const first = suspect.holders[0];
    const holder = first === undefined ? '' : holderName(first).replace(/ \([^)]*\)$/, '');
    if (textWidth(holder) + textWidth(place) + 5 <= columns)
      lines.push(`   ${paint(style, 'user', padEnd(holder, 15))} ${place}`.trimEnd());
    else {
      if (holder !== '') lines.push(`   ${paint(style, 'user', truncate(holder, columns - 3))}`);
      if (place !== '') lines.push(`   ${shortenPath(place, columns - 3)}`);
    }
    const growth = growthText(suspect).replace(/ \(.*$/, '');
    if (growth !== '') lines.push(`   ${truncate(growth, columns - 3)}`);
  });
  if (shown.length < view.report.suspects.length)
    lines.push(`${shown.length} of ${view.report.suspects.length}, --top shows more`);
  lines.push(`next  ${paint(style, 'cmd', view.next)}`);
  return lines;
}
