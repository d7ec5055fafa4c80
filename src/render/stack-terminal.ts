import { formatNumber } from '../base/quantity.ts';
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
import type { ThreadStack } from '../postmortem/stack-frame.ts';
import { renderExcerpt } from './source-excerpt.ts';
import type { StackDocument } from './stack-document.ts';
import { groupOfThread, nameOfThread } from './stack-names.ts';
import { buildStackRows, type StackRow } from './stack-rows.ts';
import { crashText, movementText, pauseText } from './stack-text.ts';
import { frameValues } from './stack-values.ts';
import { renderValueLine } from './value-text.ts';

export interface StackTextOptions {
  /** All threads with their frames, idle ones too. */
  threads?: boolean;
  /** Frames of each thread, unfolded; undefined: all, folded. */
  frames?: number;
  /** Arguments and receivers below each frame. */
  values?: boolean;
  /** Numbers, addresses and tiers of all frames, unfolded. */
  raw?: boolean;
  /** Numbers of the frames, for `core frame`. */
  numbers?: boolean;
}

const WIDEST = 140;
const NARROW = 60;
const PARTY_WIDTH = 8;
/** Mark, number and party together, as in the reference. */
const NAME_WIDTH = 33;

/** Stacks of the threads as text, ending with a line break. Idle threads are a line a group unless all are asked for. */
export function renderStack(document: StackDocument, style: Style, options: StackTextOptions = {}): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const page = { ...style, columns };
  const isNarrow = columns < NARROW;
  const shown = document.report.threads.filter(
    (thread) => options.threads || !thread.isIdle || thread.role === 'main',
  );
  const folded = document.report.threads.filter((thread) => !shown.includes(thread));
  const lines = isNarrow ? narrowHead(document, page) : wideHead(document, page);
  for (const thread of shown) {
    lines.push(
      ...(isNarrow
        ? narrowThread(thread, document, page, options)
        : wideThread(thread, document, page, options)),
    );
    if (thread.tid === document.excerpt?.tid) lines.push('', ...excerptLines(document, page));
    lines.push('');
  }
  lines.push(...(isNarrow ? narrowFolded(folded) : foldedThreads(folded, page)));
  lines.push(...footLines(document, page));
  while (lines.at(-1) === '') lines.pop();
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** `holter stack  api-gateway (4711)  Node 22.23.3            paused 31 ms, left`. */
function wideHead(document: StackDocument, style: Style): string[] {
  const { target, report, verb } = document;
  const right = pauseText(document);
  const node = report.nodeVersion === '' ? '' : `  Node ${cleanText(report.nodeVersion)}`;
  const who = `${cleanText(target.name)}${target.pid > 0 ? ` (${target.pid})` : ''}`;
  const room = style.columns - textWidth(right) - (right === '' ? 0 : 2);
  const left = truncate(`holter ${verb}  ${who}${node}`, room);
  const lines = [
    `${paint(style, 'title', left)}${padStart(right, style.columns - textWidth(left))}`.trimEnd(),
    '',
  ];
  const crash = crashText(document);
  if (crash !== '')
    lines.push(
      ...wrap(crash, style.columns).map((line) => paint(style, 'crit', line)),
      ...thrownLine(document, style),
      '',
    );
  return lines;
}

function narrowHead(document: StackDocument, style: Style): string[] {
  const { target } = document;
  const pause = pauseText(document).replace(/,? left( so)?$/, '');
  const right = pause === '' ? '' : `  ${pause}`;
  const who = truncate(`${cleanText(target.name)} (${target.pid})`, style.columns);
  const isTogether = textWidth(who) + textWidth(right) <= style.columns;
  const crash = crashText(document);
  return [
    ...(isTogether ? [`${paint(style, 'title', who)}${right}`] : [paint(style, 'title', who), pause]),
    '',
    ...(crash === ''
      ? []
      : [
          ...wrap(crash, style.columns).map((line) => paint(style, 'crit', line)),
          ...thrownLine(document, style),
          '',
        ]),
  ];
}

/** What was thrown: `TypeError: Cannot read properties of undefined (reading 'id') { code: 7 }`. */
function thrownLine({ exception }: StackDocument, style: Style): string[] {
  if (exception === undefined) return [];
  const options = { columns: style.columns, color: style.color };
  if (exception.type !== 'object' || exception.kind !== 'error') return [renderValueLine(exception, options)];
  const own = (exception.properties ?? []).flatMap(({ key, value, isEnumerable }) =>
    isEnumerable && value !== undefined ? [`${cleanText(key)}: ${renderValueLine(value, options)}`] : [],
  );
  const head = cleanText(`${exception.className}: ${exception.text ?? ''}`);
  return wrap(own.length === 0 ? head : `${head} { ${own.join(', ')} }`, style.columns).slice(0, 4);
}

function wideThread(
  thread: ThreadStack,
  document: StackDocument,
  style: Style,
  options: StackTextOptions,
): string[] {
  const movement = movementText(document.movements.find(({ tid }) => tid === thread.tid));
  const right = `tid ${thread.tid}`;
  const left = truncate(
    `${nameOfThread(thread)}  ${cleanText(thread.state)}`,
    style.columns - right.length - 2,
  );
  const lines = [`${paint(style, 'title', left)}${padStart(right, style.columns - textWidth(left))}`];
  if (movement !== '') lines.push(paint(style, 'note', `  ${truncate(movement, style.columns - 2)}`));
  const { rows, cut } = buildStackRows(thread.frames, rowOptions(document, options));
  for (const row of rows) {
    if (row.lost) lines.push(paint(style, 'dim', '    (frames may be missing here)'));
    lines.push(options.raw ? rawRow(row, style) : wideRow(row, style, options.numbers === true));
    if (options.values) lines.push(...frameValues(row, style, 13, document.target.cwd));
  }
  if (rows.length === 0) lines.push(paint(style, 'dim', '    no frames'));
  if (cut > 0)
    lines.push(paint(style, 'dim', `    ${formatNumber(cut)} more frames: --frames ${rows.length + cut}`));
  for (const problem of thread.problems)
    for (const line of wrap(cleanText(problem), style.columns - 4))
      lines.push(paint(style, 'warn', `    ${line}`));
  return lines;
}

function rowOptions(document: StackDocument, options: StackTextOptions): { cwd: string; frames?: number } {
  const frames = options.frames ?? (options.raw ? Number.POSITIVE_INFINITY : undefined);
  return { cwd: document.target.cwd, ...(frames === undefined ? {} : { frames }) };
}

function wideRow(row: StackRow, style: Style, numbers: boolean): string {
  const number = numbers ? padStart(String(row.index), 3) : '';
  const head = `${numbers ? number : ' '} ${row.isHot ? '>' : ' '} ${padEnd(row.party === 'unknown' ? '?' : row.party, PARTY_WIDTH)}`;
  const room = style.columns - textWidth(head);
  const fold =
    row.folded > 0 ? `  +${formatNumber(row.folded)} ${row.folded === 1 ? 'frame' : 'frames'}` : '';
  const placeRoom = Math.max(10, room - NAME_WIDTH - textWidth(fold));
  const isLong = textWidth(row.name) > NAME_WIDTH - 1;
  // A name that needs the room of the place gets it when the place says nothing but `node`.
  const place = isLong && isNativeName(row) ? '' : shortenPlace(row.place, placeRoom);
  const width = place === '' ? room - textWidth(fold) : room - textWidth(place) - textWidth(fold) - 1;
  const name = truncate(row.name, Math.max(NAME_WIDTH - 1, Math.min(width, 60)));
  const body = place === '' ? `${name}${fold}` : `${padEnd(name, NAME_WIDTH - 1)} ${place}${fold}`;
  const role = row.isHot ? 'hot' : row.party === 'yours' ? 'user' : row.party === 'dep' ? undefined : 'dim';
  const line = truncate(`${head}${body}`, style.columns);
  return role === undefined ? line : paint(style, role, line);
}

function isNativeName(row: StackRow): boolean {
  return row.frame.kind !== 'js';
}

/** Keeps what stands before the path (`near`, `in`). */
function shortenPlace(place: string, width: number): string {
  const lead = /^(near|in) /.exec(place)?.[0] ?? '';
  const path = place.slice(lead.length);
  if (path.startsWith('node:') && textWidth(place) > width) {
    const folders = path.split('/');
    const name = folders.at(-1)!;
    const near = `${folders[0]}/…/${name}`;
    const short = folders.length > 2 && textWidth(lead + near) <= width ? near : `node:…/${name}`;
    return `${lead}${textWidth(lead + short) <= width ? short : truncate(short, Math.max(4, width - lead.length))}`;
  }
  return `${lead}${shortenPath(path, Math.max(4, width - lead.length))}`;
}

/** `  3  0x00007f02a4c1  interpreter  hashPassword  app/auth.js:41:15  fp 0x7ffc…`: nothing is shortened but names. */
function rawRow(row: StackRow, style: Style): string {
  const { frame } = row;
  const tier = frame.kind === 'js' ? `${frame.tier}${frame.isInlined ? ', inlined' : ''}` : frame.kind;
  const pc = Number.isFinite(frame.pc) ? `0x${frame.pc.toString(16).padStart(12, '0')}` : '-'.padEnd(14);
  const fp = Number.isFinite(frame.fp) ? `fp 0x${frame.fp.toString(16)}` : '';
  const place =
    frame.kind === 'js' || frame.offset === undefined
      ? row.place
      : `${row.place}+0x${frame.offset.toString(16)}`;
  const text = `${padStart(String(row.index), 3)} ${row.isHot ? '>' : ' '} ${pc}  ${padEnd(tier, 20)} ${row.name}  ${place}  ${fp}`;
  return paint(style, row.isHot ? 'hot' : row.party === 'yours' ? 'user' : 'dim', text.trimEnd());
}

/** A line for each kind of idle thread: `4 libuv pool threads  idle      tid 4718 4719 4720 4721`. */
function foldedThreads(threads: readonly ThreadStack[], style: Style): string[] {
  const groups = new Map<string, ThreadStack[]>();
  for (const thread of threads) {
    const name = groupOfThread(thread);
    groups.set(name, [...(groups.get(name) ?? []), thread]);
  }
  const lines: string[] = [];
  for (const [name, members] of groups) {
    if (name === 'others') continue;
    const word = members.length === 1 ? name.replace(/s$/, '') : name;
    const left = padEnd(`${members.length} ${word}`, 22);
    const tids = members.map(({ tid }) => tid).join(' ');
    const right = truncate(`tid ${tids}`, style.columns - 32);
    lines.push(`${left}idle${padStart(right, style.columns - textWidth(left) - 4)}`);
  }
  const others = groups.get('others');
  if (others !== undefined) {
    const names = [
      ...new Set(
        others.map(({ role, name }) => (role === 'other' || role === 'unknown' ? cleanText(name) : role)),
      ),
    ];
    const left = truncate(
      `${others.length} ${others.length === 1 ? 'other' : 'others'}  idle  (${names.join(', ')})`,
      style.columns - 18,
    );
    lines.push(`${left}${paint(style, 'dim', padStart('all: --threads', style.columns - textWidth(left)))}`);
  } else if (threads.length > 0) {
    lines.push(paint(style, 'dim', 'their frames: --threads'));
  }
  return lines.length === 0 ? [] : [...lines, ''];
}

function narrowThread(
  thread: ThreadStack,
  document: StackDocument,
  style: Style,
  options: StackTextOptions,
): string[] {
  const movement = movementText(document.movements.find(({ tid }) => tid === thread.tid));
  const state = cleanText(thread.state).replace(/^running native code/, 'native code');
  const lines = [paint(style, 'title', truncate(`${nameOfThread(thread)}  ${state}`, style.columns))];
  for (const line of movement === '' ? [] : wrap(movement, style.columns - 2))
    lines.push(paint(style, 'note', `  ${line}`));
  const { rows, cut } = buildStackRows(thread.frames, rowOptions(document, options));
  for (const row of rows) {
    lines.push(narrowRow(row, style));
    if (options.values) lines.push(...frameValues(row, style, 6, document.target.cwd));
  }
  if (rows.length === 0) lines.push(paint(style, 'dim', '    no frames'));
  if (cut > 0) lines.push(paint(style, 'dim', `    ${formatNumber(cut)} more frames`));
  for (const problem of thread.problems)
    for (const line of wrap(cleanText(problem), style.columns - 4))
      lines.push(paint(style, 'warn', `    ${truncate(line, style.columns - 4)}`));
  return lines;
}

function narrowRow(row: StackRow, style: Style): string {
  const head = `  ${row.isHot ? '>' : ' '} `;
  const fold = row.folded > 0 ? `  +${formatNumber(row.folded)}` : '';
  const room = style.columns - 4 - fold.length;
  const where =
    row.party === 'yours'
      ? row.place.replace(/(:\d+):\d+$/, '$1')
      : row.party === 'dep'
        ? row.package || 'dep'
        : row.party === 'core'
          ? 'core'
          : '';
  const name = truncate(
    row.name,
    where === '' ? room : Math.max(10, Math.min(textWidth(row.name), room - 14)),
  );
  const left = room - textWidth(name) - 2;
  const place =
    where === '' || left < 4
      ? ''
      : `  ${row.party === 'yours' ? shortenPlace(where, left) : truncate(where, left)}`;
  const line = truncate(`${head}${name}${place}${fold}`, style.columns);
  const role = row.isHot ? 'hot' : row.party === 'yours' ? 'user' : row.party === 'dep' ? undefined : 'dim';
  return role === undefined ? line : paint(style, role, line);
}

function narrowFolded(threads: readonly ThreadStack[]): string[] {
  if (threads.length === 0) return [];
  return [`${threads.length} more ${threads.length === 1 ? 'thread' : 'threads'} idle:  --threads`, ''];
}

function excerptLines(document: StackDocument, style: Style): string[] {
  const { excerpt } = document;
  if (excerpt === undefined) return [];
  const note = excerpt.from === 'memory' ? ['    (text from the memory of the process)'] : [];
  return [
    ...renderExcerpt(excerpt, style),
    ...note.map((line) => paint(style, 'dim', truncate(line, style.columns))),
  ];
}

function footLines(document: StackDocument, style: Style): string[] {
  const lines: string[] = [];
  for (const problem of new Set(document.report.problems))
    for (const [i, line] of wrap(cleanText(problem), style.columns - 6).entries())
      lines.push(
        paint(style, 'warn', `${i === 0 ? 'note  ' : '      '}${truncate(line, style.columns - 6)}`),
      );
  for (const file of document.written) lines.push(`written  ${cleanText(file)}`);
  for (const [i, command] of document.next.entries())
    lines.push(`${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', cleanText(command))}`);
  return lines;
}
