import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { HeapPage } from '../../src/render/page-data.ts';
import { ObjectId } from './heap-suspects-panel.tsx';
import { bytesText, numberText, shareText } from './number-text.ts';
import { Segments } from './segments.tsx';

const FIRST_ROWS = 12;

/** Strings: texts that are there several times, and the largest. */
export function HeapStringsPanel({ page }: { page: HeapPage }): JSX.Element {
  const list = useSignal<'duplicates' | 'largest'>('duplicates');
  const all = useSignal(false);
  const duplicates = list.value === 'duplicates';
  const count = duplicates ? page.duplicateStrings.length : page.largestStrings.length;
  const limit = all.value ? count : FIRST_ROWS;
  return (
    <section class="panel heap-strings" aria-labelledby="strings-title">
      <header class="panel-head">
        <h2 id="strings-title">Strings</h2>
        <span class="hint">
          duplicates take {bytesText(page.duplicateBytes)},{' '}
          {shareText(page.duplicateBytes / Math.max(1, page.totalBytes))} of the heap
        </span>
        <span class="push controls">
          <Segments
            label="Which strings"
            value={list.value}
            options={[
              ['duplicates', 'Duplicates'],
              ['largest', 'Largest'],
            ]}
            onChange={(next) => (list.value = next)}
          />
        </span>
      </header>
      {count === 0 ? (
        <p class="empty">None.</p>
      ) : (
        <table class="object-rows">
          <thead>
            <tr>
              <th scope="col">Text</th>
              <th scope="col" class="num">
                {duplicates ? 'Copies' : 'Object'}
              </th>
              <th scope="col" class="num">
                {duplicates ? 'Wasted' : 'Bytes'}
              </th>
            </tr>
          </thead>
          <tbody>
            {duplicates
              ? page.duplicateStrings.slice(0, limit).map((row, i) => (
                  <tr key={`${i + 0}`}>
                    <Text text={row.text} />
                    <td class="num">{numberText(row.count, 0)}</td>
                    <td class="num">{bytesText(row.bytes)}</td>
                  </tr>
                ))
              : page.largestStrings.slice(0, limit).map((row) => (
                  <tr key={row.id}>
                    <Text text={row.text} />
                    <td class="num">
                      <ObjectId id={row.id} served={page.server !== undefined} />
                    </td>
                    <td class="num">{bytesText(row.bytes)}</td>
                  </tr>
                ))}
          </tbody>
        </table>
      )}
      {count > limit && (
        <button type="button" class="plain more" onClick={() => (all.value = true)}>
          show {numberText(count - limit, 0)} more
        </button>
      )}
    </section>
  );
}

function Text({ text }: { text: string }): JSX.Element {
  const line = text.replace(/\s+/g, ' ');
  return (
    <td class="mono text" title={text}>
      {line === '' ? '(empty)' : line}
    </td>
  );
}
