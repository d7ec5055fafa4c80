import { formatDuration } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  paint,
  type Style,
  shortenPath,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type { ActiveHandle, ActiveRequest, LoopContents } from '../postmortem/active-handles.ts';
import type { JsTimer } from '../postmortem/js-timers.ts';
import { shortPath } from './short-path.ts';
import { hexAddress } from './value-text.ts';

/** What `holter core handles` found. */
export interface HandlesDescription {
  kind: 'core' | 'process';
  name: string;
  pid: number;
  cwd: string;
  nodeVersion: string;
  pausedMs?: number;
  /** Which lists were asked for. */
  only?: 'handles' | 'requests' | 'timers';
  loops: (LoopContents & { thread: string })[];
  problems: string[];
  next: string[];
}

const WIDEST = 140;
/** Below this many columns addresses are left out. */
const WIDE = 70;
/** Of one list; the rest is counted. */
const MOST_ROWS = 200;

interface Row {
  kind: string;
  text: string;
  /** Class of the object to look at, and its address. */
  object: string;
  address: number;
  notes: string[];
}

/** Lists of handles, requests and timers of each event loop. */
export function renderHandles(description: HandlesDescription, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(20, screen.columns)) };
  const { loops, cwd, only } = description;
  const paused = description.pausedMs === undefined ? '' : `, paused ${formatDuration(description.pausedMs)}`;
  const lines = [
    paint(
      style,
      'title',
      truncate(
        `holter core handles  ${cleanText(description.name)} (${description.pid})${paused}`,
        style.columns,
      ),
    ),
  ];
  for (const loop of loops) {
    lines.push('', paint(style, 'title', truncate(`${loop.thread}  ${summaryOf(loop)}`, style.columns)));
    const lists: [string, Row[]][] = [];
    if (only === undefined || only === 'handles')
      lists.push(['handles', loop.handles.map((handle) => handleRow(handle, cwd))]);
    if (only === undefined || only === 'requests')
      lists.push(['requests', loop.requests.map((request) => requestRow(request, cwd))]);
    if (only === undefined || only === 'timers')
      lists.push(['timers', (loop.timers ?? []).map((timer) => timerRow(timer, cwd))]);
    for (const [title, rows] of lists) if (rows.length > 0) lines.push(...drawRows(title, rows, style));
    if (loop.timers === undefined && only !== 'handles' && only !== 'requests')
      lines.push(paint(style, 'dim', '  timers could not be found'));
  }
  lines.push('');
  for (const problem of new Set(description.problems))
    for (const line of wrap(cleanText(problem), style.columns - 6))
      lines.push(paint(style, 'warn', `note  ${line}`));
  for (const [i, command] of description.next.entries())
    lines.push(`${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', cleanText(command))}`);
  while (lines.at(-1) === '') lines.pop();
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function summaryOf(loop: LoopContents): string {
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
  const parts = [count(loop.handles.length, 'handle'), count(loop.requests.length, 'request')];
  if (loop.timers !== undefined) parts.push(count(loop.timers.length, 'timer'));
  if ((loop.immediates ?? 0) > 0) parts.push(count(loop.immediates!, 'immediate'));
  return parts.join(', ');
}

function drawRows(title: string, rows: readonly Row[], style: Style): string[] {
  const shown = rows.slice(0, MOST_ROWS);
  const kindWidth = Math.min(22, Math.max(...shown.map(({ kind }) => textWidth(kind))));
  const isWide = style.columns >= WIDE;
  const objects = shown.map(({ object, address }) =>
    Number.isNaN(address) || !isWide ? '' : `${object === '' ? '' : `${object} `}@${hexAddress(address)}`,
  );
  const objectWidth = Math.max(0, ...objects.map((text) => textWidth(text)));
  const room = Math.max(8, style.columns - 4 - kindWidth - (objectWidth === 0 ? 0 : objectWidth + 2));
  const texts = shown.map(({ text, notes }) => [text, ...notes].filter(Boolean).join(', '));
  const width = Math.min(room, Math.max(...texts.map((text) => textWidth(text))));
  const lines = [`${title}`];
  for (const [i, row] of shown.entries()) {
    const text = padEnd(truncate(texts[i]!, width), width);
    const head = `  ${padEnd(truncate(row.kind, kindWidth), kindWidth)}  `;
    const object = objects[i]! === '' ? '' : `  ${paint(style, 'dim', objects[i]!)}`;
    lines.push(`${head}${text}${object}`.trimEnd());
  }
  if (rows.length > shown.length)
    lines.push(paint(style, 'dim', `  ${rows.length - shown.length} more: --json has all`));
  return lines;
}

function handleRow(handle: ActiveHandle, cwd: string): Row {
  const { local, peer, fd } = handle;
  const ends = handle.isListening
    ? `listening ${local ?? ''}`.trim()
    : [local, peer].every((end) => end !== undefined)
      ? `${local} → ${peer}`
      : peer !== undefined
        ? `→ ${peer}`
        : (local ?? '');
  const parts = [
    ends,
    handle.pid === undefined ? '' : `pid ${handle.pid}`,
    handle.file === undefined ? '' : shortPath(handle.file, cwd),
    handle.signal === undefined ? '' : `signal ${handle.signal}`,
    handle.path === undefined ? '' : shortPath(handle.path, cwd),
    fd === undefined ? '' : `fd ${fd}`,
  ];
  const notes = [
    ...(handle.isClosing ? ['closing'] : handle.isActive ? [] : ['not active']),
    ...(handle.isReferenced ? [] : ["unref'd"]),
  ];
  return {
    kind: cleanText(handle.kind),
    text: cleanText(parts.filter(Boolean).join('  ')),
    object: cleanText(handle.owner?.className ?? ''),
    address: handle.owner?.address ?? handle.address,
    notes,
  };
}

function requestRow(request: ActiveRequest, cwd: string): Row {
  const parts = [
    request.operation ?? '',
    request.path === undefined ? '' : shortPath(request.path, cwd),
    request.target ?? '',
  ];
  return {
    kind: cleanText(request.kind),
    text: cleanText(parts.filter(Boolean).join(' ')),
    object: '',
    address: request.address,
    notes: [],
  };
}

function timerRow(timer: JsTimer, cwd: string): Row {
  const due = Number.isNaN(timer.dueMs)
    ? ''
    : timer.dueMs < 0
      ? `${formatDuration(-timer.dueMs)} late`
      : `in ${formatDuration(timer.dueMs)}`;
  const place = timer.place === undefined ? '' : shortenPath(shortPath(timer.place, cwd), 40);
  return {
    kind: timer.isRepeated
      ? `every ${formatDuration(timer.delayMs)}`
      : `after ${formatDuration(timer.delayMs)}`,
    text: cleanText([due, timer.callback, place].filter(Boolean).join('  ')),
    object: '',
    address: timer.address,
    notes: timer.isReferenced ? [] : ["unref'd"],
  };
}

/** `holter.core-handles/1`, docs/formats/core-json.md. */
export function buildHandlesJson(description: HandlesDescription): object {
  const { loops, only } = description;
  const withAddress = <T extends { address: number }>(one: T): object => ({
    ...one,
    address: hexAddress(one.address),
  });
  return {
    schema: 'holter.core-handles/1',
    source: description.name,
    pid: description.pid,
    node: description.nodeVersion,
    ...(description.pausedMs === undefined ? {} : { pausedMs: description.pausedMs }),
    loops: loops.map(({ tid, thread, handles, requests, timers, immediates }) => ({
      tid,
      thread,
      ...(only === undefined || only === 'handles'
        ? {
            handles: handles.map(({ owner, ...handle }) => ({
              ...withAddress(handle),
              ...(owner === undefined ? {} : { owner: withAddress(owner) }),
            })),
          }
        : {}),
      ...(only === undefined || only === 'requests' ? { requests: requests.map(withAddress) } : {}),
      ...((only === undefined || only === 'timers') && timers !== undefined
        ? { timers: timers.map(withAddress) }
        : {}),
      ...(immediates === undefined ? {} : { immediates }),
    })),
    problems: description.problems,
    next: description.next,
  };
}
