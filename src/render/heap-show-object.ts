import { formatBytes, formatNumber } from '../base/quantity.ts';
import { cleanText, padEnd, padStart, paint, type Style, truncate } from '../base/terminal-text.ts';
import type { NodeRow, ObjectDescription, ReferenceRow } from '../heap/describe-object.ts';
import { finishPage, footLines, type HeapShowOptions } from './heap-show-terminal.ts';
import { cutText, fileName, nodeName, placeOf, shareText, wrapCut } from './heap-show-text.ts';

const WIDEST = 140;
const NUMBER = 10;
/** Longest chain of names that is printed. */
const MOST_STEPS = 24;

/** One object as text: what it is, where, how it is reached, who refers to it and to what it refers. */
export function renderHeapObject(
  name: string,
  object: ObjectDescription,
  totalBytes: number,
  style: Style,
  options: HeapShowOptions,
): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const page = { ...style, columns };
  const place = placeOf(object.place, options.cwd);
  const lines = [
    paint(style, 'title', truncate(`holter heap show  ${fileName(name)}  @${object.id}`, columns)),
    '',
    ...wrapCut(
      `${nodeName({ className: object.className })}: ${object.type === 'object' ? 'an object' : object.type} that retains ${formatBytes(object.retainedBytes)} (${shareText(object.retainedBytes, totalBytes)} of the heap), ${formatBytes(object.shallowBytes)} of it its own`,
      columns,
    ).map((line) => paint(style, 'title', line)),
    ...(object.text === ''
      ? []
      : wrapCut(cleanText(object.text).slice(0, 400), columns - 2).map(
          (line) => `  ${truncate(line, columns - 2)}`,
        )),
    ...(object.path === ''
      ? []
      : wrapCut(cleanText(object.path), columns - 2).map(
          (line) => `  ${paint(style, 'user', truncate(line, columns - 2))}`,
        )),
    ...(place === ''
      ? []
      : [`  ${paint(style, 'dim', `${object.type === 'closure' ? 'defined' : 'constructor'} at ${place}`)}`]),
    '',
    ...pathLines(object, page),
    ...referenceTable('referred to by', object.retainers, object.retainerCount, page),
    '',
    ...referenceTable('refers to', object.references, object.referenceCount, page),
    '',
    ...heldTable(object, page),
    ...dominatorLines(object, page),
    ...allocationLines(object, options.cwd, page),
    ...footLines(options, style),
  ];
  return finishPage(lines, style);
}

/** `global > app > sessions > Session`, with the class where the name of the reference does not tell. */
function pathLines({ steps }: ObjectDescription, style: Style): string[] {
  if (steps.length < 2) return [];
  const shown = steps.length <= MOST_STEPS ? steps : steps.slice(-MOST_STEPS);
  const text = shown
    .map(({ edgeText, className }) => cleanText(edgeText === '' ? className : `${edgeText} (${className})`))
    .join(' > ');
  return [
    paint(style, 'title', 'shortest path from the root'),
    ...wrapCut(shown.length < steps.length ? `… ${text}` : text, style.columns - 2).map(
      (line) => `  ${truncate(line, style.columns - 2)}`,
    ),
    '',
  ];
}

function referenceTable(title: string, rows: readonly ReferenceRow[], all: number, style: Style): string[] {
  if (all === 0) return [`${paint(style, 'title', title)}  nothing`];
  const idWidth = Math.max(...rows.map(({ id }) => String(id).length)) + 3;
  const room = style.columns - 2 - NUMBER - idWidth;
  const edgeWidth = Math.max(8, Math.floor(room * 0.4));
  const lines = rows.map((row) => {
    const edge = row.edgeType === 'weak' ? `weak ${row.edgeText}` : row.edgeText;
    return `  ${padEnd(truncate(cleanText(edge), edgeWidth - 1), edgeWidth)}${padEnd(truncate(nodeName(row), room - edgeWidth - 1), room - edgeWidth)}${padStart(formatBytes(row.retainedBytes), NUMBER)}  ${paint(style, 'dim', `@${row.id}`)}`;
  });
  const cut = cutText(rows.length, all, 'references');
  return [
    `${paint(style, 'title', padEnd(title, room + 2))}${paint(style, 'dim', padStart('retained', NUMBER))}`,
    ...lines,
    ...(cut === '' ? [] : [paint(style, 'dim', `  ${cut}`)]),
  ];
}

function heldTable({ holds }: ObjectDescription, style: Style): string[] {
  if (holds.length === 0) return [];
  const rows = holds.slice(0, 8);
  const width = Math.max(12, Math.min(40, style.columns - 2 - 2 * NUMBER));
  const cut = holds.length - rows.length;
  return [
    `${paint(style, 'title', padEnd('freed with it', width + 2))}${paint(style, 'dim', `${padStart('count', NUMBER)}${padStart('own', NUMBER)}`)}`,
    ...rows.map(
      ({ className, count, shallowBytes }) =>
        `  ${padEnd(truncate(cleanText(className), width - 1), width)}${padStart(formatNumber(count), NUMBER)}${padStart(formatBytes(shallowBytes), NUMBER)}`,
    ),
    ...(cut > 0 ? [paint(style, 'dim', `  and ${cut} more classes: --json`)] : []),
    '',
  ];
}

function dominatorLines({ dominators, dominatorCount }: ObjectDescription, style: Style): string[] {
  if (dominators.length === 0) return [];
  const text = dominators
    .slice(0, 6)
    .map((row: NodeRow) => `${nodeName(row)} @${row.id}`)
    .join(' < ');
  const more = dominatorCount > 6 ? ` < … ${formatNumber(dominatorCount - 6)} more` : '';
  return [
    paint(style, 'title', 'kept only through (dominators)'),
    ...wrapCut(text + more, style.columns - 2).map((line) => `  ${truncate(line, style.columns - 2)}`),
    '',
  ];
}

function allocationLines({ allocatedBy }: ObjectDescription, cwd: string, style: Style): string[] {
  if (allocatedBy.length === 0) return [];
  return [
    paint(style, 'title', 'allocated by'),
    ...allocatedBy
      .slice(0, 12)
      .map((place) =>
        truncate(`  ${cleanText(place.function) || '(anonymous)'}  ${placeOf(place, cwd)}`, style.columns),
      ),
    '',
  ];
}
