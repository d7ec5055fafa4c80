import { type FormatSegment, parseFormat } from './d-compile.ts';
import type { AggregationSnapshot } from './engine-output.ts';

type Row = AggregationSnapshot['rows'][number];
const BAR = 40;

/** Aggregations as DTrace prints them: a table for numbers, a picture for distributions. */
export function formatAggregations(aggregations: readonly AggregationSnapshot[], format?: string): string {
  if (format !== undefined) return formatWith(aggregations, format);
  return aggregations.map(formatAggregation).join('');
}

function formatAggregation(aggregation: AggregationSnapshot): string {
  const { rows } = aggregation;
  if (rows.length === 0) return '';
  const columns = Math.max(...rows.map(({ key }) => key.length));
  const keysOf = ({ key }: Row): string[] => key.map(String);
  const width = Array.from({ length: columns }, (_, at) =>
    Math.min(60, Math.max(...rows.map((row) => (keysOf(row)[at] ?? '').split('\n').pop()?.length ?? 0))),
  );
  const label = (row: Row): string =>
    keysOf(row)
      .map((text, at) =>
        typeof row.key[at] === 'number' ? text.padStart(width[at] ?? 0) : text.padEnd(width[at] ?? 0),
      )
      .join('  ');
  if (rows.some(({ buckets }) => buckets !== undefined))
    return `\n${rows.map((row) => `${row.key.length === 0 ? '' : `  ${label(row).trimEnd()}\n`}${picture(aggregation, row)}\n`).join('')}`;
  const numbers = rows.map(({ value }) => shown(value));
  const longest = Math.max(...numbers.map(({ length }) => length));
  return `\n${rows.map((row, at) => `  ${columns === 0 ? '' : `${label(row)}  `}${(numbers[at] ?? '').padStart(longest)}\n`).join('')}`;
}

const shown = (value: number): string =>
  Number.isFinite(value) && Math.abs(value) < 1e300 ? String(Math.trunc(value) + 0) : '-';

/** One distribution: levels from the one below the first to the one above the last, as DTrace shows them. */
export function picture(
  { fn, params }: Pick<AggregationSnapshot, 'fn' | 'params'>,
  { buckets = [] }: Row,
): string {
  const counts = new Map(buckets);
  const levels = levelsOf(
    fn,
    params,
    buckets.map(([low]) => low),
  );
  const total = [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0);
  const lines = levels.map((low) => {
    const count = counts.get(low) ?? 0;
    const bar = '@'.repeat(total === 0 ? 0 : Math.round((BAR * Math.abs(count)) / total));
    return `${labelOf(fn, params, low).padStart(16)} |${bar.padEnd(BAR)} ${Math.trunc(count)}`;
  });
  return `${'value'.padStart(16)}  ${'-'.repeat(13)} Distribution ${'-'.repeat(13)} count\n${lines.join('\n')}\n`;
}

function labelOf(fn: string, params: number[], low: number): string {
  if (fn === 'quantize') return String(low);
  const [a = 0, b = 0, c = 0] = params;
  if (low <= -1e308) return `< ${fn === 'lquantize' ? a : a ** b}`;
  if (low >= 1e308) return `>= ${fn === 'lquantize' ? b : a ** (c + 1)}`;
  return String(low);
}

function levelsOf(fn: string, params: number[], lows: number[]): number[] {
  if (lows.length === 0) return [];
  const sorted = [...lows].sort((a, b) => a - b);
  const first = sorted[0] ?? 0;
  const last = sorted[sorted.length - 1] ?? 0;
  if (fn === 'quantize') {
    const next = (low: number): number => (low === 0 ? 1 : low === -1 ? 0 : low < 0 ? low / 2 : low * 2);
    const previous = (low: number): number => (low === 0 ? -1 : low === 1 ? 0 : low < 0 ? low * 2 : low / 2);
    const levels: number[] = [];
    for (let low = previous(first); low <= next(last) && levels.length < 140; low = next(low))
      levels.push(low);
    return levels;
  }
  if (fn !== 'lquantize') return sorted;
  const [low = 0, high = 0, step = 1] = params;
  const from = first <= -1e308 ? low : Math.max(low, first - step);
  const to = last >= 1e308 ? high - step : Math.min(high - step, last + step);
  const levels: number[] = first <= -1e308 || first === low ? [-1e308] : [];
  for (let level = from; level <= to && levels.length < 2000; level = Math.round((level + step) * 1e9) / 1e9)
    levels.push(level);
  if (last >= 1e308 || last >= high - step) levels.push(1e308);
  return levels;
}

/** printa with a format: one line for each key, the aggregations side by side. */
function formatWith(aggregations: readonly AggregationSnapshot[], format: string): string {
  const segments = parseFormat(format, () => {
    throw new TypeError('checked before');
  });
  const [first] = aggregations;
  if (first === undefined) return '';
  const others = aggregations.map((one) => new Map(one.rows.map((row) => [JSON.stringify(row.key), row])));
  return first.rows
    .map((row) => {
      let key = 0;
      let value = 0;
      return segments
        .map((segment) => {
          if (typeof segment === 'string') return segment;
          if (!segment.type.startsWith('@')) return put(segment, String(row.key[key++] ?? ''));
          const at = Math.min(value++, aggregations.length - 1);
          const found = others[at]?.get(JSON.stringify(row.key));
          if (found?.buckets !== undefined)
            return `\n${picture(aggregations[at] as AggregationSnapshot, found)}`;
          return put(segment, shown(found?.value ?? 0));
        })
        .join('');
    })
    .join('');
}

function put({ flags, width, precision }: Exclude<FormatSegment, string>, text: string): string {
  const cut = precision >= 0 ? text.slice(0, precision) : text;
  return flags.includes('-') ? cut.padEnd(width) : cut.padStart(width);
}
