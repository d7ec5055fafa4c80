import type { LoadResult } from '../load/load-result.ts';

/**
 * The `holter.load/1` document, `schema` first, two-space indented, with a line break at the end. Numbers keep what was
 * measured: 1 µs for times, three digits after the point for rates. What is not known (NaN) becomes null.
 */
export function renderLoadJson(result: LoadResult): string {
  const { schema, ...rest } = result;
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'number') return value;
    return Number.isFinite(value) ? Math.round(value * 1000) / 1000 : null;
  };
  return `${JSON.stringify({ schema, ...rest }, plain, 2)}\n`;
}
