import type { JSX } from 'preact';
import type { HeapPage } from '../../src/render/page-data.ts';
import { bytesText, numberText, shareText } from './number-text.ts';

const MOST_PACKAGES = 10;

/** What the heap is made of, by kind, and which package made it. */
export function HeapKindsPanel({ page }: { page: HeapPage }): JSX.Element {
  const kinds = [...page.kinds].filter((one) => one.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const packages = page.packages.filter((one) => one.bytes > 0).slice(0, MOST_PACKAGES);
  return (
    <section class="panel heap-kinds" aria-labelledby="kinds-title">
      <header class="panel-head">
        <h2 id="kinds-title">What it is made of</h2>
        <span class="hint">{bytesText(page.totalBytes)} by kind</span>
      </header>
      <Bars
        rows={kinds.map(({ kind, bytes, count }) => ({ name: kind, bytes, count }))}
        whole={page.totalBytes}
      />
      {packages.length > 0 && (
        <>
          <h3 class="bars-title">By package, what objects made there keep</h3>
          <Bars
            rows={packages.map((one) => ({ ...one, name: one.package || 'your own code' }))}
            whole={page.totalBytes}
          />
          {page.packages.length > packages.length && (
            <p class="hint bars-end">
              {numberText(page.packages.length - packages.length, 0)} more: holter heap show --json
            </p>
          )}
        </>
      )}
    </section>
  );
}

function Bars(props: { rows: { name: string; bytes: number; count: number }[]; whole: number }): JSX.Element {
  const largest = props.rows.reduce((most, row) => Math.max(most, row.bytes), 1);
  return (
    <table class="bars">
      <tbody>
        {props.rows.map((row) => (
          <tr key={row.name}>
            <th scope="row" title={row.name}>
              {row.name}
            </th>
            <td class="num">{bytesText(row.bytes)}</td>
            <td class="num weak">{shareText(row.bytes / Math.max(1, props.whole))}</td>
            <td class="bar-cell">
              <span class="bar" style={{ width: `${(100 * row.bytes) / largest}%` }} />
            </td>
            <td class="num weak">{row.count > 0 ? numberText(row.count, 0) : ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
