import { formatDuration, formatNumber, formatShare, formatWindow } from '../base/quantity.ts';
import { bar, padEnd, padStart, paint, type Style, toAscii, truncate, wrap } from '../base/terminal-text.ts';
import type { DurationSummary } from '../perf/duration-tally.ts';
import type { KernelReport } from '../perf/kernel-report.ts';

/** What `holter perf kernel` shows. */
export interface KernelDocument {
  name: string;
  pid: number;
  node: string;
  report: KernelReport;
  /** What was done to the machine, in sentences. */
  acts: string[];
  next: string[];
}

const WIDEST = 120;
const NAME = 26;
const NUMBER = 10;
const MOST = { calls: 10, away: 8 };

/** Lines for a terminal, ending with a line break. */
export function renderKernel(document: KernelDocument, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(40, screen.columns)) };
  const { report } = document;
  const node = document.node === '' ? '' : `  Node ${document.node}`;
  const head = `holter perf kernel  ${document.name} (${document.pid})${node}  ${formatWindow(report.seconds)}`;
  const lines = [paint(style, 'title', truncate(head, style.columns)), ''];
  for (const line of wrap(headline(report), style.columns)) lines.push(paint(style, 'title', line));
  lines.push('');
  for (const table of [loopTable(report, style), poolTable(report, style), gcTable(report, style)])
    if (table.length > 0) lines.push(...table, '');
  for (const table of [awayTable(report, style), callTable(report, style)])
    if (table.length > 0) lines.push(...table, '');
  const note = (text: string): void => {
    for (const [index, line] of wrap(text, style.columns - 6).entries())
      lines.push(`${index === 0 ? paint(style, 'dim', 'note  ') : '      '}${line}`);
  };
  for (const { part, why } of report.missing) note(`${part}: not seen, ${why}.`);
  if (report.lost > 0)
    note(`${formatNumber(report.lost)} events had no room: counts are too low, times may be too long.`);
  lines.push(`${paint(style, 'dim', 'done  ')}${document.acts.join('; ')}`);
  for (const [index, command] of document.next.entries())
    lines.push(`${index === 0 ? paint(style, 'dim', 'next  ') : '      '}${paint(style, 'cmd', command)}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** The worst of it in a sentence. */
export function headline({ pool, loop, gc, seconds }: KernelReport): string {
  const share = (ms: number): number => ms / Math.max(1e-9, seconds * 1000);
  const pause = gc.reduce((sum, each) => sum + each.pause.totalMs, 0);
  const parts: string[] = [];
  if (loop.busy.count > 0)
    parts.push(
      `the loop is busy ${formatShare(share(loop.busy.totalMs))} of the time, ${shortTime(loop.busy.maxMs)} at the longest`,
    );
  if (pool.wait.count > 0)
    parts.push(
      `tasks of the pool wait ${shortTime(pool.wait.medianMs)} (95 %: ${shortTime(pool.wait.p95Ms)})`,
    );
  if (pause > 0) parts.push(`collections take ${formatShare(share(pause))}`);
  if (parts.length === 0)
    return 'Nothing of libuv or V8 was seen: the process did nothing, or its loop did not turn.';
  const text = parts.join('; ');
  return `${text[0]!.toUpperCase()}${text.slice(1)}`;
}

function tableHead(title: string, columns: readonly string[], style: Style): string {
  return paint(style, 'title', padEnd(title, NAME) + columns.map((each) => padStart(each, NUMBER)).join(''));
}

const DURATIONS = ['count', 'total', 'median', '95 %', 'longest'];

function durationRow(name: string, each: DurationSummary, style: Style, tail = ''): string {
  const cells = [
    formatNumber(each.count),
    shortTime(each.totalMs),
    shortTime(each.medianMs),
    shortTime(each.p95Ms),
    shortTime(each.maxMs),
  ];
  const head = `  ${padEnd(truncate(name, NAME - 3), NAME - 2)}${cells.map((cell) => padStart(cell, NUMBER)).join('')}`;
  return tail === ''
    ? head
    : `${head}  ${truncate(tail, Math.max(0, style.columns - head.length - 2))}`.trimEnd();
}

function loopTable({ loop, seconds }: KernelReport, style: Style): string[] {
  if (loop.busy.count === 0) return [];
  const share = loop.busy.totalMs / Math.max(1e-9, seconds * 1000);
  return [
    tableHead('event loop', DURATIONS, style),
    durationRow('callbacks of a turn', loop.busy, style, bar(Math.min(1, share), 12)),
    durationRow('waiting for events', loop.wait, style),
  ];
}

function poolTable({ pool }: KernelReport, style: Style): string[] {
  if (pool.wait.count === 0 && pool.run.length === 0) return [];
  return [
    tableHead("libuv's pool", DURATIONS, style),
    durationRow('waiting in the queue', pool.wait, style),
    ...pool.run.map(({ kind, run }) => durationRow(`running: ${POOL[kind] ?? kind}`, run, style)),
  ];
}

const POOL: Readonly<Record<string, string>> = {
  fs: 'files',
  work: 'crypto, zlib, addons',
  getaddrinfo: 'dns.lookup',
  getnameinfo: 'dns.lookupService',
  random: 'random bytes',
};

function gcTable({ gc }: KernelReport, style: Style): string[] {
  if (gc.length === 0) return [];
  return [
    tableHead('collections', DURATIONS, style),
    ...gc.map(({ kind, pause }) => durationRow(kind, pause, style)),
  ];
}

function awayTable({ offCpu }: KernelReport, style: Style): string[] {
  const main = offCpu.filter(({ thread }) => thread === 'main').slice(0, MOST.away);
  if (main.length === 0) return [];
  return [
    tableHead('main thread, off the CPU', DURATIONS, style),
    ...main.map(({ why, away }) => durationRow(why, away, style)),
  ];
}

function callTable({ systemCalls }: KernelReport, style: Style): string[] {
  const shown = systemCalls.filter(({ main }) => main.count > 0).slice(0, MOST.calls);
  if (shown.length === 0) return [];
  const cut =
    systemCalls.length > shown.length ? `  ${shown.length} of ${systemCalls.length}; --json has more` : '';
  return [
    `${tableHead('system calls, main thread', DURATIONS, style)}${paint(style, 'dim', cut)}`,
    ...shown.map(({ name, main }) => durationRow(name, main, style)),
  ];
}

/** Most of what the kernel times is shorter than a millisecond. */
function shortTime(ms: number): string {
  return ms > 0 && ms < 1 ? `${formatNumber(ms * 1000)} µs` : formatDuration(ms);
}
