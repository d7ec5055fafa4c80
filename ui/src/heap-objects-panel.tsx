import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { HeapPage, PageObject } from '../../src/render/page-data.ts';
import { ObjectId } from './heap-suspects-panel.tsx';
import { bytesText, numberText, shareText } from './number-text.ts';
import { objectLabel } from './object-rows.tsx';
import { Segments } from './segments.tsx';

const FIRST_ROWS = 12;
type List = 'dominators' | 'largest';

/** Single objects: those that keep most alive, or those that are largest themselves. */
export function HeapObjectsPanel({ page }: { page: HeapPage }): JSX.Element {
  const list = useSignal<List>('dominators');
  const all = useSignal(false);
  const rows = page[list.value];
  const key = list.value === 'dominators' ? 'retained' : 'shallow';
  const largest = rows.reduce((most, row) => Math.max(most, row[key]), 1);
  const shown = rows.slice(0, all.value ? rows.length : FIRST_ROWS);
  return (
    <section class="panel heap-objects" aria-labelledby="objects-title">
      <header class="panel-head">
        <h2 id="objects-title">Largest objects</h2>
        <span class="push controls">
          <Segments
            label="Which objects"
            value={list.value}
            options={[
              ['dominators', 'Keep most alive'],
              ['largest', 'Most own bytes'],
            ]}
            onChange={(next) => (list.value = next)}
          />
        </span>
      </header>
      {rows.length === 0 ? (
        <p class="empty">None that is not V8’s own.</p>
      ) : (
        <table class="object-rows">
          <thead>
            <tr>
              <th scope="col">Object</th>
              <th scope="col" class="num">
                Own
              </th>
              <th scope="col" class="num">
                Keeps
              </th>
              <th scope="col" class="num">
                %
              </th>
              <th class="bar-cell" />
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row.id} row={row} page={page} value={row[key]} largest={largest} />
            ))}
          </tbody>
        </table>
      )}
      {rows.length > FIRST_ROWS && !all.value && (
        <button type="button" class="plain more" onClick={() => (all.value = true)}>
          show {numberText(rows.length - FIRST_ROWS, 0)} more
        </button>
      )}
    </section>
  );
}

function Row(props: { row: PageObject; page: HeapPage; value: number; largest: number }): JSX.Element {
  const { row, page, value, largest } = props;
  return (
    <tr>
      <td>
        <div class="object-line">
          <b>{objectLabel(row)}</b> <ObjectId id={row.id} served={page.server !== undefined} />
          {row.holds !== '' && <span class="weak"> of {row.holds}</span>}
        </div>
        <code class="weak" title={row.path}>
          {row.path || 'no path from the program'}
        </code>
      </td>
      <td class="num">{bytesText(row.shallow)}</td>
      <td class="num">{bytesText(row.retained)}</td>
      <td class="num weak">{shareText(value / Math.max(1, page.totalBytes))}</td>
      <td class="bar-cell">
        <span class="bar" style={{ width: `${(100 * value) / largest}%` }} />
      </td>
    </tr>
  );
}
