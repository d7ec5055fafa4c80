import { formatBytes, formatNumber, formatShare } from '../base/quantity.ts';
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
import type { ClassDescription, ObjectDescription, ReferenceRow } from '../heap/describe-object.ts';
import { classLines, objectLines, placeText } from './heap-text.ts';

const WIDEST = 140;

/** One object: sizes, place, who holds it, what it refers to. Ends with a line break. */
export function renderHeapObject(
  object: ObjectDescription,
  total: number,
  style: Style,
  cwd: string,
): string {
  const columns = Math.min(WIDEST, Math.max(20, style.columns));
  const wide = { ...style, columns };
  const { object: row, place } = object;
  const lines = [
    `${paint(style, 'title', cleanText(row.className))} ${paint(style, 'dim', `@${row.id}`)}  ${object.type}  own ${formatBytes(row.shallowBytes)}, retains ${formatBytes(row.retainedBytes)} (${formatShare(object.share)} of the heap)`,
  ];
  if (object.text !== '') lines.push(truncate(`  ${cleanText(object.text)}`, columns));
  if (place !== undefined && place.file !== '')
    lines.push(`  ${paint(style, 'user', placeText(`${place.file}:${place.line}`, cwd))}`);
  if (row.path !== '')
    lines.push(...wrap(`held as ${cleanText(row.path)}`, columns - 2).map((line) => `  ${line}`));
  lines.push('', 'path from the root');
  object.path.forEach(({ edgeText, className }, depth) => {
    lines.push(
      truncate(`  ${' '.repeat(Math.min(depth, 20))}${cleanText(edgeText)} ${cleanText(className)}`, columns),
    );
  });
  lines.push('', ...referenceTable('retained by', object.retainers, object.retainerCount, wide));
  lines.push('', ...referenceTable('refers to', object.references, object.referenceCount, wide));
  if (object.dominators.length > 1)
    lines.push(
      '',
      'freed with it when this goes',
      ...objectLines(object.dominators.slice(0, 8), total, wide),
    );
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function referenceTable(title: string, rows: readonly ReferenceRow[], count: number, style: Style): string[] {
  const name = Math.max(12, Math.floor((style.columns - 36) / 2));
  const lines = rows.map(
    (row) =>
      `  ${padEnd(truncate(cleanText(row.isWeak ? `weak ${row.edge}` : row.edge), name), name)} ${padEnd(truncate(cleanText(row.text === '' ? row.className : `${row.className} ${row.text}`), name), name)} ${paint(style, 'dim', padEnd(`@${row.id}`, 12))}${padStart(formatBytes(row.retainedBytes), 10)}`,
  );
  if (rows.length < count)
    lines.push(
      paint(
        style,
        'dim',
        `  ${formatNumber(rows.length)} of ${formatNumber(count)}; --top ${count} shows all`,
      ),
    );
  return [`${title} (${formatNumber(count)})`, ...lines];
}

/** A class: its rows (several where constructors share the name), and its largest instances. */
export function renderHeapClass(
  description: ClassDescription,
  total: number,
  style: Style,
  cwd: string,
): string {
  const wide = { ...style, columns: Math.min(WIDEST, Math.max(20, style.columns)) };
  const lines = [
    `${paint(style, 'dim', 'class, instances, own size, retained size')}`,
    ...classLines(description.classes, total, cwd, wide),
    '',
    'largest instances',
    ...objectLines(description.largest, total, wide),
  ];
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}
