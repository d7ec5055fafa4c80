import { formatDuration } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type { StackFrame, ThreadStack } from '../postmortem/stack-frame.ts';
import type { Value } from '../postmortem/value.ts';
import { shortPath } from './short-path.ts';
import { renderExcerpt, type SourceExcerpt } from './source-excerpt.ts';
import type { StackDocument } from './stack-document.ts';
import { nameOfFrame, nameOfThread, partyOfFrame, placeOfFrame } from './stack-names.ts';
import { hotFrame } from './stack-rows.ts';
import { crashText, pauseText } from './stack-text.ts';
import { buildJsonValue } from './value-json.ts';
import { hexAddress, renderValue } from './value-text.ts';

/** One frame, as `core frame` shows it. */
export interface FrameDescription {
  name: string;
  pid: number;
  cwd: string;
  nodeVersion: string;
  pausedMs?: number;
  thread: ThreadStack;
  index: number;
  frame: StackFrame;
  variables: {
    named: { name: string; value: Value }[];
    outer: { name: string; value: Value; scope: string }[];
  };
  excerpt?: SourceExcerpt;
  problems: string[];
  next: string[];
}

/** Text of a function, as `core source` shows it. */
export interface SourceDescription {
  url: string;
  function?: { name: string; first: number; last: number };
  /** `line` 0: nothing is going on in it. */
  excerpt: SourceExcerpt;
  /** Lines of the whole script. */
  lineCount: number;
  isWhole: boolean;
}

const WIDEST = 140;

/** A frame as text: where, the lines around, receiver and arguments, the variables around it. */
export function renderFrame(description: FrameDescription, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(20, screen.columns)) };
  const { frame, thread, index, variables, cwd } = description;
  const party = partyOfFrame(frame, cwd);
  const place = placeOfFrame(frame, cwd, party);
  const paused = description.pausedMs === undefined ? '' : `, paused ${formatDuration(description.pausedMs)}`;
  const lines = [
    paint(style, 'title', truncate(`frame ${index}  ${nameOfFrame(frame)}  ${place}`, style.columns)),
    paint(
      style,
      'dim',
      truncate(
        `${nameOfThread(thread)} (tid ${thread.tid}) of ${cleanText(description.name)}, ${tierText(frame)}${paused}`,
        style.columns,
      ),
    ),
    '',
  ];
  if (description.excerpt !== undefined) lines.push(...renderExcerpt(description.excerpt, style, 2), '');
  const draw = (title: string, list: readonly { name: string; value: Value }[]): void => {
    if (list.length === 0) return;
    lines.push(paint(style, 'title', title));
    const width = Math.min(20, Math.max(...list.map(({ name }) => name.length)));
    for (const { name, value } of list) {
      const head = `  ${padEnd(truncate(cleanText(name), width), width)}  `;
      const text = renderValue(value, {
        columns: Math.max(20, style.columns - head.length),
        color: style.color,
        addresses: true,
        mostText: 300,
        mostLines: 40,
      });
      lines.push(`${paint(style, 'dim', head)}${text.replaceAll('\n', `\n${' '.repeat(head.length)}`)}`);
    }
    lines.push('');
  };
  draw('receiver and arguments', variables.named);
  draw('variables in scope', variables.outer);
  if (frame.kind === 'js' && variables.named.length === 0)
    lines.push(paint(style, 'dim', 'receiver and arguments of this frame are not kept in memory'), '');
  for (const problem of new Set(description.problems))
    for (const line of wrap(cleanText(problem), style.columns - 6))
      lines.push(paint(style, 'warn', `note  ${line}`));
  for (const [i, command] of description.next.entries())
    lines.push(`${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', cleanText(command))}`);
  return finish(lines, style);
}

function tierText(frame: StackFrame): string {
  if (frame.kind !== 'js') return frame.kind === 'native' ? 'native code' : frame.kind;
  const tier = {
    interpreter: 'interpreted',
    baseline: 'baseline code',
    maglev: 'Maglev code',
    turbofan: 'TurboFan code',
    builtin: 'built into the engine',
  }[frame.tier];
  return `${tier}${frame.isInlined ? ', inlined' : ''}${frame.isAsync ? ', waiting' : ''}`;
}

/** `holter.core-frame/1`. */
export function buildFrameJson(description: FrameDescription): object {
  const { frame, variables, thread } = description;
  return {
    schema: 'holter.core-frame/1',
    source: description.name,
    pid: description.pid,
    node: description.nodeVersion,
    ...(description.pausedMs === undefined ? {} : { pausedMs: description.pausedMs }),
    thread: { tid: thread.tid, name: thread.name, role: thread.role, state: thread.state },
    index: description.index,
    function: nameOfFrame(frame),
    party: partyOfFrame(frame, description.cwd),
    place: frame.kind === 'js' ? frame.place : { library: frame.file, offset: frame.offset },
    tier: frame.kind === 'js' ? frame.tier : frame.kind,
    pc: hexAddress(frame.pc),
    fp: hexAddress(frame.fp),
    named: variables.named.map(({ name, value }) => ({ name, value: buildJsonValue(value) })),
    variables: variables.outer.map(({ name, value, scope }) => ({
      name,
      scope,
      value: buildJsonValue(value),
    })),
    ...(description.excerpt === undefined ? {} : { source_lines: description.excerpt }),
    problems: description.problems,
    next: description.next,
  };
}

/** Text of a function with line numbers. */
export function renderSource(description: SourceDescription, screen: Style, cwd: string): string {
  const style = { ...screen, columns: Math.max(20, screen.columns) };
  const { excerpt, function: of } = description;
  const path = cleanText(shortPath(description.url, cwd)) || '(no name)';
  const range =
    of === undefined ? '' : `  ${cleanText(of.name) || '(anonymous)'}, lines ${of.first}-${of.last}`;
  const from = excerpt.from === 'memory' ? 'text from memory' : 'text from the file';
  const first = excerpt.firstLine;
  const last = first + excerpt.lines.length - 1;
  const lines = [
    paint(style, 'title', truncate(`${path}${range}`, style.columns)),
    paint(
      style,
      'dim',
      truncate(
        `lines ${first}-${last} of ${description.lineCount}, ${from}${description.isWhole ? '' : ', the rest is missing'}`,
        style.columns,
      ),
    ),
    '',
    ...renderExcerpt(excerpt, style, 2),
  ];
  return finish(lines, style);
}

/** `holter.core-source/1`. */
export function buildSourceJson(description: SourceDescription): object {
  const { excerpt } = description;
  return {
    schema: 'holter.core-source/1',
    url: description.url,
    ...(description.function === undefined ? {} : { function: description.function }),
    ...(excerpt.line > 0 ? { line: excerpt.line, column: excerpt.column } : {}),
    from: excerpt.from,
    firstLine: excerpt.firstLine,
    lines: excerpt.lines,
    lineCount: description.lineCount,
    isWhole: description.isWhole,
  };
}

/** All threads, a line each, with the innermost function of the reader's own code where there is one. */
export function renderThreads(document: StackDocument, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(20, screen.columns)) };
  const { report, target } = document;
  const pause = pauseText(document);
  const crash = crashText(document);
  const lines = [
    paint(
      style,
      'title',
      truncate(
        `${cleanText(target.name)} (${target.pid})  ${report.threads.length} threads${pause === '' ? '' : `, ${pause}`}`,
        style.columns,
      ),
    ),
    ...(crash === '' ? [] : wrap(crash, style.columns).map((line) => paint(style, 'crit', line))),
    '',
  ];
  const width = Math.max(4, ...report.threads.map(({ tid }) => String(tid).length));
  const names = report.threads.map((thread) => nameOfThread(thread));
  const nameWidth = Math.min(28, Math.max(6, ...names.map((name) => name.length)));
  for (const [i, thread] of report.threads.entries()) {
    const head = `${padStart(String(thread.tid), width)}  ${padEnd(truncate(names[i]!, nameWidth), nameWidth)}  `;
    const frame = thread.frames[hotFrame(thread.frames, target.cwd)] ?? thread.frames[0];
    const where =
      frame === undefined
        ? ''
        : `  ${nameOfFrame(frame)}  ${placeOfFrame(frame, target.cwd, partyOfFrame(frame, target.cwd))}`;
    const text = truncate(`${head}${cleanText(thread.state)}${thread.isIdle ? '' : where}`, style.columns);
    lines.push(paint(style, thread.isIdle ? 'dim' : 'hot', text));
  }
  lines.push('');
  for (const problem of new Set(report.problems))
    for (const line of wrap(cleanText(problem), style.columns - 6))
      lines.push(paint(style, 'warn', `note  ${line}`));
  for (const command of document.next) lines.push(`next  ${paint(style, 'cmd', cleanText(command))}`);
  return finish(lines, style);
}

function finish(lines: readonly string[], style: Style): string {
  const kept = [...lines];
  while (kept.at(-1) === '') kept.pop();
  const text = `${kept.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}
