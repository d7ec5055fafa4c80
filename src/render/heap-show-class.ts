import { formatBytes, formatNumber } from '../base/quantity.ts';
import { cleanText, padEnd, padStart, paint, type Style, truncate } from '../base/terminal-text.ts';
import type { ClassDescription } from '../heap/describe-class.ts';
import {
  classTable,
  finishPage,
  footLines,
  type HeapShowOptions,
  objectTable,
} from './heap-show-terminal.ts';
import { cutText, fileName, placeOf, placeText, shareText, wrapCut } from './heap-show-text.ts';

const WIDEST = 140;
const NARROW = 60;

/** A class as text: how many and how large, who holds them, the largest instances. */
export function renderHeapClass(
  name: string,
  description: ClassDescription,
  totalBytes: number,
  style: Style,
  options: HeapShowOptions,
): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const page = { ...style, columns };
  const { count, shallowBytes, retainedBytes, classes } = description;
  const place = classes.length === 1 ? placeText(classes[0]!.place, options.cwd) : '';
  const lines = [
    paint(
      style,
      'title',
      truncate(`holter heap show  ${fileName(name)}  ${cleanText(description.name)}`, columns),
    ),
    '',
    ...wrapCut(
      `${formatNumber(count)} ${cleanText(description.name)} retain ${formatBytes(retainedBytes)} (${shareText(retainedBytes, totalBytes)} of the heap), ${formatBytes(shallowBytes)} of it their own`,
      columns,
    ).map((line) => paint(style, 'title', line)),
    ...(place === '' ? [] : [`  ${paint(style, 'user', place)}`]),
    '',
    ...holderLines(description, options.cwd, page),
  ];
  if (classes.length > 1 && columns >= NARROW)
    lines.push(...classTable(classes, classes.length, totalBytes, options.cwd, page), '');
  if (columns < NARROW) lines.push(...narrowInstances(description, page));
  else lines.push(...objectTable('largest instances', description.instances, 'retained', totalBytes, page));
  const cut = cutText(description.instances.length, count, 'instances');
  if (cut !== '') lines.push(paint(style, 'dim', truncate(`  ${cut}`, columns)));
  return finishPage([...lines, '', ...footLines(options, style)], style);
}

function holderLines({ holders, count }: ClassDescription, cwd: string, style: Style): string[] {
  if (holders.length === 0) return [];
  const lines = [paint(style, 'title', 'held by')];
  for (const { text, kind, held, place } of holders) {
    const where = placeOf(place, cwd);
    const right = `${padStart(formatNumber(held), 10)}${style.columns < NARROW ? '' : padStart(shareText(held, count), 8)}`;
    const left = cleanText(kind === '' ? text : `${text} (${kind})`);
    const room = style.columns - 2 - right.length;
    lines.push(`  ${paint(style, 'user', padEnd(truncate(left, room - 1), room))}${right}`);
    if (where !== '') lines.push(`    ${paint(style, 'dim', truncate(where, style.columns - 4))}`);
  }
  return [...lines, ''];
}

function narrowInstances({ instances }: ClassDescription, style: Style): string[] {
  return instances.slice(0, 5).flatMap((row) => {
    const size = padStart(formatBytes(row.retainedBytes), 9);
    const width = style.columns - size.length;
    return [
      `${padEnd(truncate(`@${row.id}`, width - 1), width)}${size}`,
      paint(style, 'dim', truncate(`  ${cleanText(row.path)}`, style.columns)),
    ];
  });
}
