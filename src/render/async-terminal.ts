import type { CreationSite } from '../async/operation.ts';
import type { RequestWaterfall, WaterfallSpan } from '../async/request-waterfall.ts';
import type { ThrownError } from '../async/thrown-errors.ts';
import type { WaitGroup } from '../async/wait-summary.ts';
import { formatDuration, formatNumber, formatWindow } from '../base/quantity.ts';
import {
  bar,
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
import {
  type AsyncDocument,
  asyncHeadline,
  flightText,
  originName,
  pendingGroups,
  siteText,
  waitName,
} from './async-document.ts';
import { actsText } from './doctor-terminal.ts';

const WIDEST = 120;
const NARROW = 60;
const ROWS = 12;
const SPANS = 14;
/** Uncaught errors, ways to each, and lines of a way. */
const THROWN = 4;
const CHAIN = 8;
const BAR_CELLS = 12;
/** Less than this share is not worth a row. */
const LEAST_PERCENT = 0.5;

/** What requests wait for, the slowest one, its chain, what was done; ends with a line break. */
export function renderAsync(document: AsyncDocument, style: Style): string {
  const page = { ...style, columns: Math.min(WIDEST, Math.max(20, style.columns)) };
  const { summary, slowest, thrown, manifest } = document;
  const lines = [headLine(document, page), ''];
  for (const line of wrap(asyncHeadline(document), page.columns)) lines.push(paint(page, 'title', line));
  lines.push('');
  if (summary.basis === 'requests') lines.push(...requestRows(document, page));
  else lines.push(...windowRows(document, page));
  if (thrown.length > 0) lines.push('', ...thrownLines(thrown, manifest.target.cwd, page));
  if (slowest !== undefined) lines.push('', ...slowestLines(slowest, manifest.target.cwd, page));
  lines.push('', ...footLines(document, page));
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function headLine({ manifest, summary }: AsyncDocument, style: Style): string {
  const { target, window } = manifest;
  const count = `${formatNumber(summary.requests)} ${summary.requests === 1 ? 'request' : 'requests'}`;
  const node = target.node === '' ? '' : `  Node ${cleanText(target.node)}`;
  const who = `${cleanText(target.name)}${target.pid > 0 ? ` (${target.pid})` : ''}`;
  const left = truncate(
    `holter async  ${who}${node}  ${formatWindow(window.seconds)}`,
    style.columns - count.length - 2,
  );
  return paint(style, 'title', left) + padStart(count, style.columns - textWidth(left));
}

function requestRows(document: AsyncDocument, style: Style): string[] {
  const { summary } = document;
  const shown = summary.groups.filter(
    // Awaits are followed by the next microtask: a little of that is left over everywhere.
    ({ kind, requestShare }) => requestShare >= (kind === 'promise' ? 2 * LEAST_PERCENT : LEAST_PERCENT),
  );
  const flight = summary.requestsInFlight;
  const lines = [
    paint(
      style,
      'dim',
      truncate(
        `share of request time; ${formatNumber(flight.mean)} requests in progress on average, ${formatNumber(flight.most)} at most`,
        style.columns,
      ),
    ),
  ];
  for (const group of shown.slice(0, ROWS))
    lines.push(...groupRow(percent(group.requestShare), group.requestShare, group, style, document));
  if (shown.length > ROWS)
    lines.push(paint(style, 'dim', `           ${shown.length - ROWS} more with smaller shares: --json`));
  const rest: [number, string][] = [
    [summary.runningShare, 'running JavaScript'],
    [summary.unexplainedShare, 'nothing known: no operation, no await'],
  ];
  for (const [share, what] of rest)
    if (share >= LEAST_PERCENT)
      lines.push(truncate(`${percent(share)}  ${barOf(share, style)}${what}`, style.columns));
  return lines;
}

function windowRows(document: AsyncDocument, style: Style): string[] {
  const { summary, resources } = document;
  const pending = pendingGroups(summary);
  const lines: string[] = [];
  if (pending.length > 0) {
    lines.push(paint(style, 'title', 'Waiting at the end of the window, by the line that began it'));
    for (const group of pending.slice(0, ROWS))
      lines.push(
        ...groupRow(padStart(formatNumber(group.waitingNow), 6), Number.NaN, group, style, document),
      );
    if (pending.length > ROWS)
      lines.push(paint(style, 'dim', `           ${pending.length - ROWS} more lines: --json`));
    lines.push('');
  }
  const before = Object.entries(resources.last).map(([name, count]) => `${name} ${formatNumber(count)}`);
  if (before.length > 0) {
    for (const line of wrap(`alive in all, by Node's name: ${before.join(', ')}`, style.columns))
      lines.push(paint(style, 'dim', cleanText(line)));
    lines.push('');
  }
  const waited = summary.groups.filter(
    ({ requestShare, count, waitingNow }) => requestShare >= LEAST_PERCENT && count > waitingNow,
  );
  if (waited.length > 0) {
    lines.push(
      paint(style, 'title', 'Waited for meanwhile, share of the window in which at least one waited'),
    );
    for (const group of waited.slice(0, ROWS))
      lines.push(...groupRow(percent(group.requestShare), group.requestShare, group, style, document));
  }
  while (lines.at(-1) === '') lines.pop();
  return lines.length === 0 ? [paint(style, 'dim', 'nothing was begun while holter watched')] : lines;
}

/** Two lines: what was waited for and how long; by which line of the user's and how many at once. */
function groupRow(
  number: string,
  share: number,
  group: WaitGroup,
  style: Style,
  { manifest, summary }: AsyncDocument,
): string[] {
  const { cwd } = manifest.target;
  const what = waitName(group, summary.basis);
  const isNarrow = style.columns < NARROW;
  const head = isNarrow || Number.isNaN(share) ? `${number}  ` : `${number}  ${barOf(share, style)}`;
  const times = Number.isFinite(group.median)
    ? `${formatDuration(group.median)} median${group.p95 > group.median * 1.5 ? `, p95 ${formatDuration(group.p95)}` : ''}`
    : `${formatNumber(group.count)} begun`;
  const room = style.columns - textWidth(head) - textWidth(times) - 2;
  const name = truncate(what, Math.max(12, room));
  const first = isNarrow
    ? `${head}${truncate(what, style.columns - textWidth(head))}`
    : `${head}${padEnd(name, room)}  ${times}`;
  const indent = ' '.repeat(textWidth(head));
  const flight = flightText(group);
  const via = (width: number): string =>
    group.site === undefined ? 'line not sampled' : `via ${siteText(group.site, cwd, width - 4)}`;
  const width = style.columns - indent.length;
  const rest = isNarrow
    ? [via(width), `${times}, ${flight}`]
    : [`${via(width - textWidth(flight) - 2)}, ${flight}`];
  return [
    group.site?.party === 'user' ? paint(style, 'user', first) : first,
    ...rest.map((text) => paint(style, 'dim', `${indent}${truncate(text, style.columns - indent.length)}`)),
  ];
}

function percent(share: number): string {
  return padStart(`${share < 10 ? share.toFixed(1) : Math.round(share)} %`, 6);
}

function barOf(share: number, style: Style): string {
  return style.columns < NARROW ? '' : `${padEnd(bar(Math.min(1, share / 100), BAR_CELLS), BAR_CELLS)}  `;
}

/** Each error with the line that threw it, and under it who scheduled that. */
function thrownLines(errors: readonly ThrownError[], cwd: string, style: Style): string[] {
  const lines = [paint(style, 'title', truncate('Errors that nobody caught', style.columns))];
  for (const { name, message, count, how, sites, origins, unknown } of errors.slice(0, THROWN)) {
    const times = padStart(`${formatNumber(count)} ×`, 7);
    const kind = how === 'rejected' ? 'rejected: ' : '';
    const text = cleanText(message === '' ? name : `${name}: ${message}`);
    lines.push(truncate(`${times}  ${kind}${text}`, style.columns));
    for (const site of sites.slice(0, 3)) lines.push(stepLine(' ', site, cwd, style));
    for (const origin of origins.slice(0, THROWN)) {
      const share = count === origin.count && unknown === 0 ? '' : `, ${formatNumber(origin.count)} of them`;
      lines.push(paint(style, 'dim', truncate(`      by a ${originName(origin)}${share}`, style.columns)));
      for (const site of origin.chain.slice(0, CHAIN)) lines.push(stepLine('<', site, cwd, style));
      if (origin.request !== '') lines.push(truncate(`      < ${cleanText(origin.request)}`, style.columns));
    }
    if (unknown > 0)
      lines.push(
        paint(
          style,
          'dim',
          truncate(
            `      ${formatNumber(unknown)} begun before holter came, or without a stack`,
            style.columns,
          ),
        ),
      );
  }
  if (errors.length > THROWN)
    lines.push(paint(style, 'dim', `         ${errors.length - THROWN} more: --json`));
  return lines;
}

function stepLine(mark: string, site: CreationSite, cwd: string, style: Style): string {
  const text = `      ${mark} ${siteText(site, cwd, style.columns - 8)}`;
  return paint(style, site.party === 'user' ? 'user' : 'dim', truncate(text, style.columns));
}

function slowestLines(slowest: RequestWaterfall, cwd: string, style: Style): string[] {
  const path = cleanText(slowest.route || slowest.path);
  const rank =
    slowest.slowerThan > 0 ? `, slower than ${Math.floor(100 * slowest.slowerThan)} % of its route` : '';
  const status = slowest.finished
    ? slowest.status === 0
      ? ', connection gone before the answer'
      : `, status ${slowest.status}`
    : ', still under way';
  const lines = [
    paint(style, 'title', truncate(`Slowest request  ${cleanText(slowest.method)} ${path}`, style.columns)),
    paint(style, 'dim', truncate(`${formatDuration(slowest.ms)}${status}${rank}`, style.columns)),
  ];
  const cells = style.columns < NARROW ? 8 : Math.min(30, Math.floor(style.columns / 5));
  const shown = [...slowest.spans]
    .sort((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, SPANS)
    .sort((a, b) => a.from - b.from);
  for (const span of shown) lines.push(...spanLine(span, slowest.ms, cells, cwd, style));
  const hidden = slowest.spans.length - shown.length + slowest.leftOut;
  if (hidden > 0) lines.push(paint(style, 'dim', `  ${hidden} shorter ones: --json`));
  const rest = [
    ...(slowest.runMs > 0 ? [`${formatDuration(slowest.runMs)} of JavaScript`] : []),
    ...(slowest.unexplainedMs > slowest.ms / 100
      ? [`${formatDuration(slowest.unexplainedMs)} not explained`]
      : []),
  ];
  if (rest.length > 0) lines.push(paint(style, 'dim', `  ${rest.join(', ')}`));
  const longest = shown.reduce<WaterfallSpan | undefined>(
    (best, span) =>
      span.chain.length > 0 && (best === undefined || span.to - span.from > best.to - best.from)
        ? span
        : best,
    undefined,
  );
  if (longest !== undefined)
    lines.push('', ...chainLines(longest, `${cleanText(slowest.method)} ${path}`, cwd, style));
  return lines;
}

function spanLine(span: WaterfallSpan, ms: number, cells: number, cwd: string, style: Style): string[] {
  const scale = ms === 0 ? 0 : cells / ms;
  const from = Math.min(cells - 1, Math.floor(span.from * scale));
  const length = Math.max(1, Math.min(cells - from, Math.round((span.to - span.from) * scale)));
  const drawn = padEnd(' '.repeat(from) + '█'.repeat(length), cells);
  const time = padStart(formatDuration(span.to - span.from), 8);
  const head = `  ${drawn}${time}  `;
  const name = waitName(span);
  if (style.columns < NARROW)
    return [truncate(head, style.columns), `    ${truncate(name, style.columns - 4)}`];
  const room = style.columns - textWidth(head);
  const nameRoom =
    span.site === undefined ? room : Math.min(textWidth(name), Math.max(12, Math.floor(room * 0.6)));
  const rest = room - nameRoom - 2;
  const place = rest < 8 ? '' : siteText(span.site, cwd, rest);
  return [`${head}${truncate(name, nameRoom)}${place === '' ? '' : paint(style, 'dim', `  ${place}`)}`];
}

function chainLines(span: WaterfallSpan, request: string, cwd: string, style: Style): string[] {
  const lines = [
    paint(
      style,
      'title',
      truncate(
        `How it came to wait: ${waitName(span)}, ${formatDuration(span.to - span.from)}`,
        style.columns,
      ),
    ),
  ];
  const shown = span.chain.slice(0, 12);
  for (const [index, site] of shown.entries()) {
    const text = `  ${index === 0 ? ' ' : '<'} ${siteText(site, cwd, style.columns - 4)}`;
    lines.push(paint(style, site.party === 'user' ? 'user' : 'dim', truncate(text, style.columns)));
  }
  if (span.chain.length > shown.length)
    lines.push(paint(style, 'dim', `    ${span.chain.length - shown.length} more lines: --json`));
  lines.push(truncate(`  < ${request}`, style.columns));
  return lines;
}

function footLines({ summary, manifest, recording, page, next }: AsyncDocument, style: Style): string[] {
  const lines: string[] = [];
  const { end } = manifest.window;
  const first =
    end.kind === 'interrupted'
      ? ['stopped early (Ctrl-C)']
      : end.kind === 'target-exited'
        ? ['the process ended while it was watched']
        : [];
  for (const note of [...first, ...summary.notes]) {
    const [head = '', ...rest] = wrap(cleanText(note), style.columns - 6);
    lines.push(
      paint(style, 'dim', `note: ${head}`),
      ...rest.map((line) => paint(style, 'dim', `      ${line}`)),
    );
  }
  lines.push('', ...wrap(`target: ${actsText(manifest, style)}`, style.columns));
  for (const { what, command } of manifest.left.leftBehind)
    lines.push(
      paint(style, 'crit', `        left behind: ${cleanText(what)}`),
      `        remove with  ${paint(style, 'cmd', cleanText(command))}`,
    );
  if (page !== undefined) lines.push(`page:      ${cleanText(page)}`);
  lines.push(`recording: ${cleanText(recording)}`);
  for (const command of next) lines.push(`next  ${paint(style, 'cmd', cleanText(command))}`);
  return lines;
}
