import { formatShare, formatWindow } from '../base/quantity.ts';
import { cleanText, paint, type Style, shortenPath, truncate, wrap } from '../base/terminal-text.ts';
import type { CpuSummary } from '../cpu/summary.ts';
import { TIME_ROOMS } from '../cpu/time-split.ts';
import type { CpuDocument } from './cpu-document.ts';
import {
  describeAnswer,
  locationText,
  nameOf,
  percent,
  ROOM_LABELS,
  samplingText,
  uncertaintyText,
} from './cpu-headline.ts';
import { actsText } from './doctor-terminal.ts';

const MOST = { user: 4, lines: 3, others: 4 };
const LEAST_SHARE = 0.0005;

/** The short form for terminals under 60 columns: no line is longer than `style.columns`, paths of files and commands apart. */
export function renderCpuNarrow(document: CpuDocument, style: Style): string[] {
  const { columns } = style;
  const [main, ...others] = document.profiles;
  if (main === undefined) return [];
  const { summary } = main;
  const lines = [paint(style, 'title', headOf(document, summary, columns)), ''];
  const { text, place } = describeAnswer(summary, document.cwd);
  lines.push(...wrap(text, columns).map((line) => paint(style, 'title', line)));
  if (place !== '') lines.push(`  ${paint(style, 'user', shortenPath(place, columns - 2))}`);
  lines.push(...packItems(splitItems(summary), columns), '');
  lines.push(...functionLines(summary, document.cwd, style));
  for (const other of others.slice(0, MOST.others))
    lines.push(
      truncate(`${cleanText(other.name)}: ${describeAnswer(other.summary, document.cwd).text}`, columns),
    );
  if (others.length > MOST.others) lines.push(`${others.length - MOST.others} more profiles: --json`);
  const doubt = uncertaintyText(summary);
  const notes = [
    ...(summary.partial === undefined ? [] : [`partial profile: ${summary.partial}`]),
    ...(doubt === undefined ? [] : [doubt]),
    ...document.notes,
  ];
  for (const note of notes) lines.push(...wrap(cleanText(note), columns));
  if (lines.at(-1) !== '') lines.push('');
  return [...lines, ...footLines(document, style)];
}

function headOf({ name, manifest }: CpuDocument, summary: CpuSummary, columns: number): string {
  const { target } = manifest ?? {};
  const node =
    target === undefined || target.node === '' ? '' : `  Node ${cleanText(target.node.split('.')[0]!)}`;
  const tail = `${node}  ${summary.seconds > 0 ? formatWindow(summary.seconds) : samplingText(summary)}`;
  const pid = target !== undefined && target.pid > 0 ? ` (${target.pid})` : '';
  return truncate(`${truncate(cleanText(name) + pid, columns - tail.length)}${tail}`, columns);
}

function splitItems({ split, unit }: CpuSummary): string[] {
  const busy =
    unit === 'microseconds' && split.total > 0 ? [`busy ${percent(split.busy / split.total)}`] : [];
  const rooms = TIME_ROOMS.filter((room) => room !== 'idle' && split.share[room] >= 0.005).map(
    (room) => `${ROOM_LABELS[room]} ${percent(split.share[room])}`,
  );
  return [...busy, ...rooms];
}

/** Items with commas between, as many on a line as fit; none is broken. */
function packItems(items: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const [index, item] of items.entries()) {
    const text = index < items.length - 1 ? `${item},` : item;
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + text.length > columns) lines.push(text);
    else lines[lines.length - 1] = `${last} ${text}`;
  }
  return lines;
}

function functionLines(summary: CpuSummary, cwd: string, style: Style): string[] {
  const { columns } = style;
  const lines: string[] = [];
  const row = (share: number, name: string, place: string): void => {
    lines.push(truncate(`${formatShare(share).padStart(8)}  ${name}`, columns));
    if (place !== '') lines.push(`          ${paint(style, 'dim', shortenPath(place, columns - 10))}`);
  };
  const user = summary.user.filter((each) => each.chargedShare >= LEAST_SHARE).slice(0, MOST.user);
  const shown = user.length > 0 ? user : summary.functions.slice(0, MOST.user);
  lines.push(paint(style, 'title', user.length > 0 ? 'your functions, charged' : 'functions, self'));
  for (const each of shown)
    row(user.length > 0 ? each.chargedShare : each.selfShare, nameOf(each), locationText(each, cwd));
  const all = user.length > 0 ? summary.counts.user : summary.counts.functions;
  if (shown.length < all)
    lines.push(paint(style, 'dim', truncate(`  ${shown.length} of ${all}; see --json`, columns)));
  const hot = summary.lines
    .filter((line) => line.party === 'user' && line.chargedShare >= LEAST_SHARE)
    .slice(0, MOST.lines);
  if (hot.length > 0) lines.push(paint(style, 'title', 'hottest lines'));
  for (const line of hot) {
    lines.push(
      `${formatShare(line.chargedShare).padStart(8)}  ${shortenPath(locationText(line, cwd), columns - 10)}`,
    );
    if (line.text !== undefined) lines.push(`          ${truncate(cleanText(line.text), columns - 10)}`);
  }
  lines.push('');
  return lines;
}

function footLines({ files, manifest, next }: CpuDocument, style: Style): string[] {
  const lines: string[] = [];
  if (files.page !== undefined) lines.push(`page  ${cleanText(files.page)}`);
  else if (files.recording !== undefined) lines.push(`recording  ${cleanText(files.recording)}`);
  for (const file of files.written) if (file !== files.page) lines.push(`written  ${cleanText(file)}`);
  if (manifest !== undefined) {
    lines.push(...wrap(actsText(manifest, { color: false }), style.columns));
    for (const { what, command } of manifest.left.leftBehind)
      lines.push(...wrap(`left behind: ${cleanText(what)}`, style.columns), cleanText(command));
  }
  if (next[0] !== undefined) lines.push(`next  ${paint(style, 'cmd', cleanText(next[0].command))}`);
  return lines;
}
