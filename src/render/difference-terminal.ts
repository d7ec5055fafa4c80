import { formatNumber } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Role,
  type Style,
  shortenPath,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import { type ChangeLimit, listBreaches, type ProfileDifference } from '../cpu/difference.ts';
import { locationText, nameOf, percent } from './cpu-headline.ts';
import {
  breachCaution,
  breachText,
  type Change,
  differenceHeadline,
  formatDelta,
  formatRelative,
  formatValue,
  NORMALISED,
  rankChanges,
  tableTitles,
} from './difference-text.ts';
import { formatWeight } from './weight-text.ts';

export { differenceHeadline } from './difference-text.ts';

export interface DifferenceTerminalOptions {
  /** Folder paths are shown relative to. */
  cwd: string;
  /** Sentences below the headline, e.g. throughput and p99 before and after. */
  details?: readonly string[];
  /** Path of the page, as the user would type it. */
  page?: string;
  /** The limit of `--fail-on`: what went over it is said. */
  failOn?: ChangeLimit;
}

/** Below this the columns of the table do not fit, and the short form is used. */
const NARROW = 70;
const WIDEST = 120;
const MOST_ROWS = 7;

/**
 * A comparison as text for a terminal, ending with a line break: the answer, what got slower and what faster, notes. Rows
 * that may be chance are marked. Names are cleaned; colour only repeats what sign and words say.
 */
export function renderDifference(
  difference: ProfileDifference,
  options: DifferenceTerminalOptions,
  style: Style,
): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const lines = renderLines(difference, options, { ...style, columns });
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function renderLines(
  difference: ProfileDifference,
  options: DifferenceTerminalOptions,
  style: Style,
): string[] {
  const { columns } = style;
  const { before, after } = difference.inputs;
  const names = `${shortenPath(cleanText(before.name), 34)} → ${shortenPath(cleanText(after.name), 34)}`;
  const by = NORMALISED[difference.normalisation];
  const head = columns < NARROW ? names : `holter cpu diff  ${names}`;
  const fits = columns >= NARROW && textWidth(head) + textWidth(by) + 2 <= columns;
  const lines = [
    fits
      ? paint(style, 'title', head) + padStart(by, columns - textWidth(head))
      : paint(style, 'title', truncate(head, columns)),
    ...(fits ? [] : [by]),
    '',
    ...wrap(differenceHeadline(difference), columns).map((line) => paint(style, 'title', line)),
    ...(options.details ?? []).flatMap((text) =>
      wrap(cleanText(text), columns - 2).map((line) => `  ${line}`),
    ),
    ...inputLines(difference, columns),
    '',
  ];
  const charged = rankChanges(difference, 'charged');
  const own = rankChanges(difference, 'self');
  const { up, down, own: title } = tableTitles(difference);
  lines.push(
    ...changeTable(`your functions, ${up}`, charged.slower, 'crit', difference, options.cwd, style),
    ...changeTable(`your functions, ${down}`, charged.faster, 'ok', difference, options.cwd, style),
    ...changeTable(`${title}, ${up}`, own.slower, 'crit', difference, options.cwd, style),
    ...changeTable(`${title}, ${down}`, own.faster, 'ok', difference, options.cwd, style),
  );
  for (const note of difference.notes) lines.push(...noteLines(note, 'note', style));
  if (options.failOn !== undefined) {
    const breaches = listBreaches(difference, options.failOn);
    for (const breach of breaches.slice(0, MOST_ROWS))
      lines.push(...noteLines(breachText(difference, options.failOn, breach), 'fail', style));
    const caution = breachCaution(difference, breaches);
    if (caution !== undefined) lines.push(...noteLines(caution, 'note', style));
    if (breaches.length === 0)
      lines.push(`${paint(style, 'ok', 'ok')}    within the limit of +${percent(options.failOn.relative)}`);
  }
  if (options.page !== undefined) {
    if (lines.at(-1) !== '') lines.push('');
    lines.push(`page:  ${cleanText(options.page)}`);
  }
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** How much each side holds: samples, busy weight, requests. */
function inputLines({ inputs, unit }: ProfileDifference, columns: number): string[] {
  return (['before', 'after'] as const).map((side) => {
    const { samples, busy, total, requests } = inputs[side];
    const parts = [
      unit === 'microseconds'
        ? `busy ${formatWeight(unit, busy)} (${percent(total > 0 ? busy / total : 0)})`
        : formatWeight(unit, busy),
      ...(unit === 'microseconds' && samples > 0 ? [`${formatNumber(samples)} samples`] : []),
      ...(requests === undefined ? [] : [`${formatNumber(requests)} requests`]),
    ];
    return truncate(`  ${padEnd(side, 8)}${parts.join(', ')}`, columns);
  });
}

const NAME = 22;

function changeTable(
  title: string,
  changes: readonly Change[],
  role: Role,
  difference: ProfileDifference,
  cwd: string,
  style: Style,
): string[] {
  if (changes.length === 0) return [];
  const sure = changes.filter(({ significant }) => significant);
  // What may be chance is worth a look only where nothing is sure.
  const shown = (sure.length > 0 ? sure : changes.slice(0, 3)).slice(0, MOST_ROWS);
  const cut =
    shown.length < changes.length ? `${shown.length} of ${formatNumber(changes.length)}; see --json` : '';
  if (style.columns < NARROW) return narrowTable(title, shown, cut, role, difference, cwd, style);
  const head =
    padEnd(title, NAME + 2) + padStart('before', 10) + padStart('after', 10) + padStart('change', 14);
  return [
    `${paint(style, 'title', head)}${cut === '' ? '' : `  ${paint(style, 'dim', truncate(cut, style.columns - textWidth(head) - 2))}`}`,
    ...shown.map((change) => {
      const { row, before, after, delta, significant } = change;
      const left = `  ${padEnd(truncate(nameOf(row), NAME - 1), NAME)}${padStart(formatValue(difference, before), 10)}${padStart(formatValue(difference, after), 10)}`;
      const sized = padStart(formatDelta(difference, delta), 14);
      const mark = significant ? formatRelative(before, after) : 'chance?';
      const room = style.columns - textWidth(left) - 14 - 2;
      const place = locationText(row, cwd);
      const markText = padEnd(mark, Math.min(7, room));
      const rest = place === '' ? '' : shortenPath(place, room - textWidth(markText) - 1);
      return `${left}${significant ? paint(style, role, sized) : sized}  ${markText}${rest === '' || textWidth(markText) + 4 > room ? '' : ` ${paint(style, 'dim', rest)}`}`.trimEnd();
    }),
    '',
  ];
}

function narrowTable(
  title: string,
  shown: readonly Change[],
  cut: string,
  role: Role,
  difference: ProfileDifference,
  cwd: string,
  style: Style,
): string[] {
  const lines = [paint(style, 'title', title)];
  for (const { row, before, after, delta, significant } of shown.slice(0, 4)) {
    const size = formatDelta(difference, delta);
    lines.push(
      `${significant ? paint(style, role, padStart(size, 13)) : padStart(size, 13)}  ${truncate(nameOf(row), style.columns - 15)}`,
    );
    const values = `${formatValue(difference, before)} → ${formatValue(difference, after)}${significant ? '' : ', maybe chance'}`;
    const place = locationText(row, cwd);
    lines.push(...wrap(values, style.columns - 15).map((line) => `               ${line}`));
    if (place !== '')
      lines.push(`               ${paint(style, 'dim', shortenPath(place, style.columns - 15))}`);
  }
  if (cut !== '') lines.push(paint(style, 'dim', `  ${cut}`));
  return [...lines, ''];
}

function noteLines(text: string, kind: 'note' | 'fail', style: Style): string[] {
  const [head, ...rest] = wrap(cleanText(text), style.columns - 6);
  return [
    `${paint(style, kind === 'fail' ? 'crit' : 'note', kind)}  ${head ?? ''}`,
    ...rest.map((line) => `      ${line}`),
  ];
}
