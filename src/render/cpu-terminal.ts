import { formatDuration, formatNumber, formatShare, formatWindow } from '../base/quantity.ts';
import {
  bar,
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
import type { CpuSummary } from '../cpu/summary.ts';
import { TIME_ROOMS } from '../cpu/time-split.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { CpuDocument, CpuDocumentProfile, ThreadTimeRow } from './cpu-document.ts';
import {
  describeAnswer,
  locationText,
  nameOf,
  percent,
  ROOM_LABELS,
  samplingText,
  uncertaintyText,
} from './cpu-headline.ts';
import { renderCpuNarrow } from './cpu-terminal-narrow.ts';
import { actsText } from './doctor-terminal.ts';
import { describeWhole, formatWeight } from './weight-text.ts';

export { cpuHeadline } from './cpu-headline.ts';

/** Below this width the short form is used. */
const NARROW = 60;
/** Lines longer than this are hard to read, however wide the terminal. */
const WIDEST = 120;

const MOST = { user: 10, functions: 5, lines: 6, packages: 6, others: 8, threads: 6 };
/** Rows below this share are noise to a reader. */
const LEAST_SHARE = 0.0005;

/**
 * A profile as text for a terminal, ending with a line break: the answer, the split, functions, lines, packages, further
 * threads, where the files are, what was done to the target. Strings of the target are cleaned. Without colour and
 * without Unicode nothing is lost; lists that are cut say so.
 */
export function renderCpu(document: CpuDocument, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const lines =
    columns < NARROW
      ? renderCpuNarrow(document, { ...style, columns })
      : renderWide(document, { ...style, columns });
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function renderWide(document: CpuDocument, style: Style): string[] {
  const [main, ...others] = document.profiles;
  if (main === undefined) return [];
  const { summary } = main;
  const lines = [headLine(document, summary, style), ''];
  lines.push(...answerLines(summary, document.cwd, style));
  if (document.load !== undefined) lines.push(`  ${truncate(loadText(document.load), style.columns - 2)}`);
  lines.push('');
  lines.push(...splitLines(summary, style), '');
  for (const table of [
    userTable(summary, document.cwd, style),
    functionTable(summary, document.cwd, style),
    lineTable(summary, document.cwd, style),
    packageTable(summary, style),
    otherProfiles(others, document.cwd, style),
    threadTable(document.threads ?? [], style),
  ])
    if (table.length > 0) lines.push(...table, '');
  lines.push(...noteLines(document, summary, style));
  lines.push(...fileLines(document, style));
  return lines;
}

/** `holter cpu  api-gateway (4711)  Node 22.23.3  10.0 s        9 981 samples, 1 ms`. */
function headLine({ verb, name, detail, manifest }: CpuDocument, summary: CpuSummary, style: Style): string {
  const right = samplingText(summary);
  const who =
    manifest === undefined || manifest.target.pid <= 0
      ? `${cleanText(name)}${detail === '' ? '' : `  ${cleanText(detail)}`}`
      : `${cleanText(name)} (${manifest.target.pid})`;
  const node =
    manifest === undefined || manifest.target.node === '' ? '' : `  Node ${cleanText(manifest.target.node)}`;
  const time = summary.seconds > 0 ? `  ${formatWindow(summary.seconds)}` : '';
  const room = style.columns - textWidth(right) - 2;
  const left = truncate(`holter ${verb}  ${who}${node}${time}`, room);
  return `${paint(style, 'title', left)}${padStart(right, style.columns - textWidth(left))}`;
}

function answerLines(summary: CpuSummary, cwd: string, style: Style): string[] {
  const { text, place } = describeAnswer(summary, cwd);
  const lines = wrap(text, style.columns).map((line) => paint(style, 'title', line));
  if (place === '') return lines;
  const last = textWidth(lines.at(-1) ?? '');
  const shown = shortenPath(place, style.columns - 2);
  if (last + 3 + textWidth(shown) <= style.columns)
    lines[lines.length - 1] += `   ${paint(style, 'user', shown)}`;
  else lines.push(`  ${paint(style, 'user', shown)}`);
  return lines;
}

const SPLIT_NAME = 16;

/** One bar per room, shares of the whole time; for memory of all bytes. */
function splitLines(summary: CpuSummary, style: Style): string[] {
  const { split, unit } = summary;
  const head =
    unit === 'microseconds'
      ? `the whole time: busy ${percent(split.total > 0 ? split.busy / split.total : 0)}`
      : `all of ${formatWeight(unit, split.total)}`;
  const cells = Math.min(50, style.columns - SPLIT_NAME - 14);
  const rows = TIME_ROOMS.filter((room) => split.share[room] >= LEAST_SHARE).map((room) => {
    const drawn = bar(split.share[room], cells);
    const shown =
      room === 'idle' ? paint(style, 'dim', drawn) : room === 'user' ? paint(style, 'user', drawn) : drawn;
    return `  ${padEnd(ROOM_LABELS[room], SPLIT_NAME)}${padStart(formatShare(split.share[room]), 8)}  ${shown}`.trimEnd();
  });
  return [paint(style, 'title', head), ...rows];
}

const NAME = 24;
const NUMBER = 9;

function tableHead(title: string, numbers: readonly string[], cut: string, style: Style): string {
  const head = padEnd(title, NAME + 2) + numbers.map((word) => padStart(word, NUMBER)).join('');
  return `${paint(style, 'title', head)}${cut === '' ? '' : `  ${paint(style, 'dim', truncate(cut, style.columns - textWidth(head) - 2))}`}`;
}

function tableRow(name: string, shares: readonly number[], place: string, style: Style): string {
  const numbers = shares.map((share) => padStart(formatShare(share), NUMBER)).join('');
  const head = `  ${padEnd(truncate(name, NAME - 1), NAME)}${numbers}`;
  const room = style.columns - textWidth(head) - 2;
  return `${head}  ${paint(style, 'dim', shortenPath(place, room))}`.trimEnd();
}

/** `11 of 75; --json has more`, '' when nothing is cut. */
function cutText(shown: number, all: number): string {
  return shown < all ? `${shown} of ${formatNumber(all)}; --json has more` : '';
}

function userTable(summary: CpuSummary, cwd: string, style: Style): string[] {
  const rows = summary.user.filter((row) => row.chargedShare >= LEAST_SHARE).slice(0, MOST.user);
  if (rows.length === 0) return [];
  return [
    tableHead(
      'your functions',
      ['charged', 'self', 'total'],
      cutText(rows.length, summary.counts.user),
      style,
    ),
    ...rows.map((row) =>
      tableRow(nameOf(row), [row.chargedShare, row.selfShare, row.totalShare], locationText(row, cwd), style),
    ),
    paint(
      style,
      'dim',
      `  ${truncate(`shares ${describeWhole(summary.unit, summary.busy)}; charged = self and what it called outside your code`, style.columns - 2)}`,
    ),
  ];
}

function functionTable(summary: CpuSummary, cwd: string, style: Style): string[] {
  const rows = summary.functions.filter((row) => row.selfShare >= LEAST_SHARE).slice(0, MOST.functions);
  if (rows.length === 0) return [];
  const all = summary.counts.functions;
  return [
    tableHead('on top of the stack', ['self', 'total'], cutText(rows.length, all), style),
    ...rows.map((row) =>
      tableRow(nameOf(row), [row.selfShare, row.totalShare], locationText(row, cwd), style),
    ),
  ];
}

function lineTable(summary: CpuSummary, cwd: string, style: Style): string[] {
  const worth = summary.lines.filter((line) => line.chargedShare >= LEAST_SHARE);
  const own = worth.filter((line) => line.party === 'user');
  const rows = (own.length > 0 ? own : worth).slice(0, MOST.lines);
  if (rows.length === 0) return [];
  const places = rows.map((row) => shortenPath(locationText(row, cwd), 32));
  const width = Math.max(...places.map(textWidth));
  return [
    paint(style, 'title', 'hottest lines'),
    ...rows.map((row, index) => {
      const head = `${padStart(formatShare(row.chargedShare), 9)}  `;
      const place = padEnd(places[index]!, width);
      const room = style.columns - textWidth(head) - width - 2;
      const text = row.text === undefined ? nameOf({ name: row.function }) : cleanText(row.text);
      const code = truncate(text, room);
      return `${head}${paint(style, 'user', place)}  ${row.text === undefined ? paint(style, 'dim', code) : code}`.trimEnd();
    }),
  ];
}

function packageTable(summary: CpuSummary, style: Style): string[] {
  const rows = summary.packages.filter((row) => row.totalShare >= LEAST_SHARE).slice(0, MOST.packages);
  if (rows.length < 2) return [];
  return [
    tableHead('by package', ['self', 'total'], cutText(rows.length, summary.counts.packages), style),
    ...rows.map((row) => tableRow(cleanText(row.name), [row.selfShare, row.totalShare], '', style)),
  ];
}

/** One line for each further thread or process: how busy, and with what. */
function otherProfiles(others: readonly CpuDocumentProfile[], cwd: string, style: Style): string[] {
  if (others.length === 0) return [];
  const shown = others.slice(0, MOST.others);
  const cut = cutText(shown.length, others.length);
  return [
    `${paint(style, 'title', 'further profiles')}${cut === '' ? '' : `  ${paint(style, 'dim', cut)}`}`,
    ...shown.map(({ name, summary }) => {
      const size =
        summary.unit === 'microseconds'
          ? `busy ${percent(summary.total > 0 ? summary.busy / summary.total : 0)}`
          : formatWeight(summary.unit, summary.busy);
      const head = `  ${padEnd(truncate(cleanText(name), NAME - 1), NAME)}${padEnd(size, 12)}`;
      const rest = topText(summary, cwd, style.columns - textWidth(head));
      return `${head}${rest}`.trimEnd();
    }),
  ];
}

/** Threads that ran, with the shares of the time they ran, waited, and were ready without a CPU. */
function threadTable(threads: readonly ThreadTimeRow[], style: Style): string[] {
  const shown = threads.slice(0, MOST.threads);
  if (shown.length === 0) return [];
  const cut = cutText(shown.length, threads.length);
  return [
    tableHead('threads', ['on CPU', 'waiting', 'ready'], cut, style),
    ...shown.map(({ name, onCpuMs, offCpuMs, preemptedMs, switches }) => {
      const whole = Math.max(1e-9, onCpuMs + offCpuMs + preemptedMs);
      const shares = [onCpuMs, offCpuMs, preemptedMs].map((ms) => ms / whole);
      return tableRow(cleanText(name), shares, `${formatNumber(switches)} switches`, style);
    }),
  ];
}

/** `resize 97 %  app/resize.js:9`: the function that most is charged to, else the one most often on top. */
function topText(summary: CpuSummary, cwd: string, room: number): string {
  const [user] = summary.user;
  const top = user !== undefined && user.chargedShare >= LEAST_SHARE ? user : summary.functions[0];
  if (top === undefined) return '';
  const share = percent(top === user ? top.chargedShare : top.selfShare);
  const place = locationText(top, cwd);
  const where = place === '' ? '' : `  ${shortenPath(place, Math.max(12, Math.floor(room / 2)))}`;
  return `${truncate(nameOf(top), room - textWidth(where) - share.length - 1)} ${share}${where}`;
}

function noteLines({ notes, load }: CpuDocument, summary: CpuSummary, style: Style): string[] {
  const texts = [
    ...(load?.notes ?? []).map((note) => `load: ${note}`),
    ...(summary.partial === undefined ? [] : [`partial profile: ${summary.partial}`]),
    ...[uncertaintyText(summary)].filter((text) => text !== undefined),
    ...notes,
  ];
  const lines = texts.flatMap((text) => {
    const [head, ...rest] = wrap(cleanText(text), style.columns - 6);
    return [`${paint(style, 'note', 'note')}  ${head ?? ''}`, ...rest.map((line) => `      ${line}`)];
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

/** `1 184 requests a second, p50 8 ms, p99 21 ms, 3 failed`. */
export function loadText({ throughput, latency, requests }: LoadResult): string {
  const failed = requests.total - requests.ok;
  return [
    `${formatNumber(throughput.requestsPerSecond)} requests a second`,
    `p50 ${formatDuration(latency.p50)}`,
    `p99 ${formatDuration(latency.p99)}`,
    ...(failed > 0 ? [`${formatNumber(failed)} of ${formatNumber(requests.total)} failed`] : []),
  ].join(', ');
}

function fileLines({ files, manifest, next }: CpuDocument, style: Style): string[] {
  const lines: string[] = [];
  const add = (label: string, text: string) => lines.push(`${padEnd(label, 11)}${text}`);
  if (manifest !== undefined) {
    add('target:', actsText(manifest, style));
    for (const { what, command } of manifest.left.leftBehind) {
      add('', paint(style, 'crit', `left behind: ${cleanText(what)}`));
      add('', `remove with  ${paint(style, 'cmd', cleanText(command))}`);
    }
  }
  if (files.page !== undefined) add('page:', cleanText(files.page));
  if (files.recording !== undefined) add('recording:', cleanText(files.recording));
  for (const file of files.written) if (file !== files.page) add('written:', cleanText(file));
  const width = Math.max(0, ...next.map(({ command }) => textWidth(cleanText(command))));
  for (const [index, { command, note }] of next.entries()) {
    const shown = cleanText(command);
    const room = style.columns - 11 - width - 2;
    const text = room >= 12 ? `  ${paint(style, 'dim', truncate(cleanText(note), room))}` : '';
    add(index === 0 ? 'next' : '', `${paint(style, 'cmd', padEnd(shown, text === '' ? 0 : width))}${text}`);
  }
  return lines;
}
