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
import type { HeapBreach } from '../heap/difference-limit.ts';
import type { ClassChange, ContainerChange, HeapDifference } from '../heap/heap-difference.ts';
import {
  breachText,
  countChange,
  heapDiffHeadline,
  holderText,
  isMachinery,
  modeText,
  placeText,
  signedBytes,
  signedNumber,
} from './heap-diff-text.ts';

export interface HeapDiffOptions {
  /** Folder paths are shown relative to. */
  cwd: string;
  /** Rows of each table. */
  top: number;
  /** Classes to show, those of `--filter`; the first are shown. */
  classes: readonly ClassChange[];
  filtered: boolean;
  /** As given with `--fail-on`; undefined without. */
  limits?: readonly string[];
  breaches: readonly HeapBreach[];
  /** Path of the page, as the user would type it. */
  page?: string;
}

const NARROW = 60;
const WIDEST = 120;

/** A comparison of heaps for a terminal: the answer, classes by what their new objects keep, containers that grew, notes. */
export function renderHeapDiff(difference: HeapDifference, options: HeapDiffOptions, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const at: Style = { ...style, columns };
  const lines = [
    ...title(difference, at),
    '',
    ...wrap(cleanText(heapDiffHeadline(difference, options.cwd)), columns).map((line) =>
      paint(at, 'title', line),
    ),
    ...wrap(sums(difference), columns - 2).map((line) => `  ${line}`),
    '',
    ...(columns < NARROW ? narrowClasses(difference, options, at) : classTable(difference, options, at)),
    ...containerTable(difference, options, at),
    ...wrap(modeText(difference), columns).map((line) => paint(at, 'dim', line)),
  ];
  for (const note of difference.notes) lines.push(...noteLines(note, 'note', at));
  for (const breach of options.breaches) lines.push(...noteLines(breachText(breach), 'fail', at));
  if (options.limits !== undefined && options.breaches.length === 0)
    lines.push(`${paint(at, 'ok', 'ok')}    within ${options.limits.join(', ')}`);
  if (options.page !== undefined) lines.push('', `page:  ${cleanText(options.page)}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function title({ beforeName, afterName, lastName }: HeapDifference, style: Style): string[] {
  const narrow = style.columns < NARROW;
  const names = lastName === undefined ? [beforeName, afterName] : [beforeName, afterName, lastName];
  const room = Math.max(10, Math.floor((style.columns - (narrow ? 0 : 18)) / names.length) - 3);
  // The ending says nothing where all have it, and takes a third of a narrow line.
  const short = (name: string) =>
    shortenPath(textWidth(name) > room ? name.replace(/\.heapsnapshot(\.gz|\.zst)?$/, '') : name, room);
  const text = names.map((name) => short(cleanText(name))).join(' → ');
  return [paint(style, 'title', truncate(narrow ? text : `holter heap diff  ${text}`, style.columns))];
}

function sums({ mode, added, removed, lastName }: HeapDifference): string {
  if (mode === 'classes')
    return `classes that grew ${signedBytes(added.bytes)}, that shrank ${signedBytes(-removed.bytes)}`;
  const new_ = lastName === undefined ? 'new' : 'new and still there';
  return `${formatNumber(added.count)} objects ${new_} (${signedBytes(added.bytes)}), ${formatNumber(removed.count)} gone (${signedBytes(-removed.bytes)})`;
}

function classTable(difference: HeapDifference, options: HeapDiffOptions, style: Style): string[] {
  const { shown, rest } = splitRows(options);
  if (shown.length === 0 && rest === undefined)
    return [difference.classes.length === 0 ? 'no class changed' : 'no class fits the filter', ''];
  const byIds = difference.mode === 'ids';
  const wide = style.columns >= 100;
  const nameWidth = Math.min(
    wide ? 36 : 24,
    Math.max(10, ...shown.map(({ name }) => textWidth(cleanText(name)))),
  );
  const head =
    padEnd('class', nameWidth) +
    (byIds ? padStart('new', 11) + padStart('gone', 11) : padStart('count', 11)) +
    padStart(byIds ? 'keeps' : 'change', 11) +
    padStart('now', 11);
  const lines = [paint(style, 'title', head)];
  for (const [index, change] of shown.entries()) {
    const name = padEnd(truncate(cleanText(change.name), nameWidth), nameWidth);
    const counts = byIds
      ? padStart(change.added === 0 ? '-' : signedNumber(change.added), 11) +
        padStart(change.removed === 0 ? '-' : signedNumber(-change.removed), 11)
      : padStart(signedNumber(countChange(change)), 11);
    const kept = padStart(change.retainedDelta === 0 ? '-' : signedBytes(change.retainedDelta), 11);
    const now = padStart(formatNumber(change.countLast ?? change.countAfter), 11);
    const left = `${name}${counts}${index === 0 && change.retainedDelta > 0 ? paint(style, 'crit', kept) : kept}${now}`;
    const room = style.columns - textWidth(left) - 2;
    const place = placeText(cleanText(change.place), options.cwd);
    lines.push(
      room < 8 || place === '' ? left.trimEnd() : `${left}  ${paint(style, 'dim', shortenPath(place, room))}`,
    );
    if (index < 4 && change.holders.length > 0) lines.push(...holderLines(change, options.cwd, style));
  }
  lines.push(...machineryLine(rest, style), ...cutLine(shown.length, rest, options, style), '');
  return lines;
}

/** Who holds the new objects, below the class. */
function holderLines(change: ClassChange, cwd: string, style: Style): string[] {
  return change.holders.slice(0, 3).map((holder, index) => {
    const head = index === 0 ? '  held by  ' : '           ';
    const held = holder.held < change.added ? `  ${formatNumber(holder.held)}` : '';
    const text = holderText({ ...change, holders: [holder] }, cwd);
    return `${paint(style, 'dim', head)}${paint(style, 'user', truncate(cleanText(text), style.columns - 11 - held.length))}${paint(style, 'dim', held)}`;
  });
}

function narrowClasses({ mode }: HeapDifference, options: HeapDiffOptions, style: Style): string[] {
  const { shown, rest } = splitRows({ ...options, top: Math.min(options.top, 6) });
  const lines: string[] = [];
  for (const [index, change] of shown.entries()) {
    const kept = change.retainedDelta === 0 ? '' : signedBytes(change.retainedDelta);
    const right = `${padStart(signedNumber(mode === 'ids' && change.added > 0 ? change.added : countChange(change)), 8)}${padStart(kept, 10)}`;
    const width = style.columns - textWidth(right) - 1;
    lines.push(
      `${padEnd(truncate(cleanText(change.name), width), width)} ${index === 0 ? paint(style, 'crit', right) : right}`.trimEnd(),
    );
    if (index === 0 && change.holders.length > 0)
      lines.push(
        `  ${paint(style, 'user', truncate(cleanText(holderText(change, options.cwd)), style.columns - 2))}`,
      );
  }
  lines.push(...cutLine(shown.length, rest, options, style), '');
  return lines;
}

interface Machinery {
  count: number;
  bytes: number;
}

/** The first classes, and what V8 makes for itself as one sum; of a filter all as they are. */
function splitRows({ classes, top, filtered }: HeapDiffOptions): {
  shown: ClassChange[];
  rest: Machinery | undefined;
} {
  if (filtered) return { shown: classes.slice(0, top), rest: undefined };
  const rest: Machinery = { count: 0, bytes: 0 };
  const others = classes.filter((change) => {
    if (!isMachinery(change)) return true;
    rest.count++;
    rest.bytes += change.retainedDelta;
    return false;
  });
  return { shown: others.slice(0, top), rest: rest.count === 0 ? undefined : rest };
}

function machineryLine(rest: Machinery | undefined, style: Style): string[] {
  if (rest === undefined) return [];
  return [
    paint(
      style,
      'dim',
      truncate(
        `V8's and Node's own (code, shapes, …), ${rest.count} classes: ${signedBytes(rest.bytes)}; see --json`,
        style.columns,
      ),
    ),
  ];
}

function cutLine(
  shown: number,
  rest: Machinery | undefined,
  { classes }: HeapDiffOptions,
  style: Style,
): string[] {
  const all = classes.length - (rest?.count ?? 0);
  if (shown >= all) return [];
  return [
    paint(
      style,
      'dim',
      truncate(`${shown} of ${formatNumber(all)} classes that changed; all: --top ${all}`, style.columns),
    ),
  ];
}

function containerTable({ containers }: HeapDifference, options: HeapDiffOptions, style: Style): string[] {
  if (containers.length === 0) return [];
  const shown = containers.slice(0, Math.min(options.top, style.columns < NARROW ? 3 : 8));
  const lines = [paint(style, 'title', 'containers that grew')];
  for (const container of shown) {
    const text = containerName(container);
    const entries = entriesText(container);
    const bytes = container.newBytes > 0 ? `  ${signedBytes(container.newBytes)}` : '';
    if (style.columns < NARROW) {
      lines.push(truncate(text, style.columns), `  ${entries}${bytes}`);
      continue;
    }
    const right = `${entries}${padStart(bytes, 11)}`;
    const width = style.columns - textWidth(right) - 4;
    lines.push(`  ${padEnd(truncate(text, width), width)}  ${right}`);
  }
  if (shown.length < containers.length)
    lines.push(paint(style, 'dim', `  ${shown.length} of ${containers.length} containers; more: --json`));
  return [...lines, ''];
}

/** `global.app.sessions (Map) @123`, by its id alone where no path was looked for. */
export function containerName({ path, className, id }: ContainerChange): string {
  return cleanText(path === '' ? `${className} @${id}` : `${path} (${className})`);
}

export function entriesText({ entriesBefore, entriesAfter, entriesLast }: ContainerChange): string {
  return [entriesBefore, entriesAfter, ...(entriesLast === undefined ? [] : [entriesLast])]
    .map(formatNumber)
    .join(' → ');
}

function noteLines(text: string, kind: 'note' | 'fail', style: Style): string[] {
  const [head, ...rest] = wrap(cleanText(text), style.columns - 6);
  return [
    `${paint(style, kind === 'fail' ? 'crit' : 'note', kind)}  ${head ?? ''}`,
    ...rest.map((line) => `      ${line}`),
  ];
}
