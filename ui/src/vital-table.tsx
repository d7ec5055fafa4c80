import type { JSX } from 'preact';
import { numberText } from './number-text.ts';
import { windowMs } from './page-data.ts';
import { brush } from './state.ts';
import { type VitalRow, valueAt } from './vital-rows.ts';

/** Rows of the table: one a second, fewer for long windows. */
const MAX_ROWS = 120;

/** The values behind the charts, in text. */
export function VitalTable({ rows }: { rows: VitalRow[] }): JSX.Element {
  const [from, to] = brush.value ?? [0, windowMs()];
  const step = Math.max(to - from <= 10_000 ? 250 : 1000, Math.ceil((to - from) / MAX_ROWS / 1000) * 1000);
  const times: number[] = [];
  for (let ms = from; ms <= to + 1; ms += step) times.push(ms);
  const columns = rows.flatMap((row) => row.series.map((series) => ({ row, series })));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="vital-table" tabIndex={0} aria-label="Values of the vital signs">
      <table>
        <thead>
          <tr>
            <th scope="col">s</th>
            {columns.map(({ row, series }) => (
              <th scope="col" key={row.id + series.label}>
                {series.label} <span class="unit">{row.unit}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((ms) => (
            <tr key={ms}>
              <th scope="row">{(ms / 1000).toFixed(step < 1000 ? 2 : 1)}</th>
              {columns.map(({ row, series }) => {
                const value = valueAt(series, ms);
                return <td key={row.id + series.label}>{value === null ? '–' : numberText(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
