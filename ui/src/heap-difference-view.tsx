import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { HeapDifferencePage } from '../../src/render/page-data.ts';
import { barOf } from './difference-table.ts';
import { matchNames } from './frame-search.ts';
import { Headline, Warnings } from './headline.tsx';
import { bytesChange, type ChangeColumn, orderChanges } from './heap-changes.ts';
import { HolderLines } from './heap-suspects-panel.tsx';
import { NextPanel } from './next-panel.tsx';
import { bytesText, numberText } from './number-text.ts';
import { asked } from './state.ts';
import { SortHead, VirtualList } from './virtual-list.tsx';

const MAX_ROWS = 22;
const FIRST_CONTAINERS = 15;

/** Page of a comparison of two or three snapshots. */
export function HeapDifference({ page }: { page: HeapDifferencePage }): JSX.Element {
  return (
    <>
      <Warnings lines={page.warnings} />
      <Headline page={page} />
      <Holders page={page} />
      <Classes page={page} />
      {page.byIds && <Containers page={page} />}
      <NextPanel next={page.next} />
    </>
  );
}

/** Who holds what is new: the classes that grew most. */
function Holders({ page }: { page: HeapDifferencePage }): JSX.Element | null {
  const rows = page.classes.filter((row) => row.holders.length > 0 && row.added > row.removed).slice(0, 5);
  if (rows.length === 0) return null;
  return (
    <section class="panel heap-holders" aria-labelledby="holders-title">
      <header class="panel-head">
        <h2 id="holders-title">Who holds what is new</h2>
      </header>
      {rows.map((row) => (
        <div class="new-held" key={row.name + row.place}>
          <p>
            <b>
              {row.name} {signed(row.added - row.removed, (n) => numberText(n, 0))}
            </b>{' '}
            {row.place !== '' && <code>{row.place}</code>}{' '}
            <span class="weak">keeps {signed(row.retainedDelta, bytesText)}</span>
          </p>
          {row.holders.map((holder, i) => (
            <HolderLines key={`${i + 0}`} holder={holder} />
          ))}
        </div>
      ))}
    </section>
  );
}

function Classes({ page }: { page: HeapDifferencePage }): JSX.Element {
  const { classes } = page;
  const three = page.lastName !== '';
  const sort = useSignal<{ column: ChangeColumn; up: boolean }>({ column: 'kept', up: false });
  const matches = useMemo(
    () =>
      matchNames(
        asked.value,
        classes.map((row) => row.name),
        classes.map((row) => row.place),
      ),
    [asked.value, classes],
  );
  const rows = useMemo(
    () => orderChanges(classes, matches, sort.value.column, sort.value.up),
    [classes, matches, sort.value],
  );
  const largest = rows.reduce((most, row) => Math.max(most, Math.abs(classes[row]!.retainedDelta)), 0);
  const head = (column: ChangeColumn, label: string, numeric = true) => (
    <SortHead
      column={column}
      label={label}
      numeric={numeric}
      class={`c-${column}`}
      sort={sort.value}
      onSort={(next) => (sort.value = next)}
    />
  );
  return (
    <section class="panel heap-changes" aria-labelledby="changes-title">
      <header class="panel-head">
        <h2 id="changes-title">What changed, by class</h2>
        <span class="hint">
          {matches === null
            ? `${numberText(page.classCount, 0)} classes changed`
            : `${numberText(rows.length, 0)} of ${numberText(page.classCount, 0)} classes match`}
          {three && ' · new: came between the first two and still there in the last'}
        </span>
      </header>
      {rows.length === 0 ? (
        <p class="empty">
          {classes.length === 0 ? 'No class changed.' : 'No class has such a name or place.'}
        </p>
      ) : (
        <VirtualList
          class={`change-grid ${three ? 'three' : ''}`}
          count={rows.length}
          maxRows={MAX_ROWS}
          label="Classes that changed"
          resetOn={sort.value}
          head={
            <tr class="vrow">
              {head('name', 'Class', false)}
              {head('place', 'Where', false)}
              {head('before', 'Before')}
              {head('after', 'After')}
              {three && head('last', 'Last')}
              {head('added', 'New')}
              {head('removed', 'Gone')}
              {head('bytes', 'Own bytes')}
              {head('kept', 'Keeps')}
              <th class="c-bar" scope="col">
                <span class="ends" aria-hidden="true">
                  <span>less</span>
                  <span>more</span>
                </span>
              </th>
            </tr>
          }
          row={(i) => {
            const row = classes[rows[i]!]!;
            const bar = barOf(row.retainedDelta, largest);
            return (
              <tr class="vrow" key={rows[i]} aria-rowindex={i + 2}>
                <td class="c-name" title={row.name}>
                  {row.name || '(no name)'}
                </td>
                <td class="c-place mono weak" title={row.place}>
                  {row.place}
                </td>
                <Count class="c-before" value={row.countBefore} />
                <Count class="c-after" value={row.countAfter} />
                {three && <Count class="c-last" value={row.countLast} />}
                <Count class="c-added" value={row.added} sign="+" />
                <Count class="c-removed" value={row.removed} sign="−" />
                <td class="num c-bytes">{signed(bytesChange(row), bytesText)}</td>
                <td class="num c-kept strong">{signed(row.retainedDelta, bytesText)}</td>
                <td class="c-bar">
                  <span class="two-way" aria-hidden="true">
                    <i
                      class={row.retainedDelta > 0 ? 'more' : 'less'}
                      style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
                    />
                  </span>
                </td>
              </tr>
            );
          }}
        />
      )}
      {classes.length < page.classCount && (
        <p class="hint list-note">
          the first {numberText(classes.length, 0)} of {numberText(page.classCount, 0)}: holter heap diff
          --json has all
        </p>
      )}
    </section>
  );
}

function Count(props: { value: number; sign?: string; class: string }): JSX.Element {
  const { value, sign = '' } = props;
  return (
    <td class={`num ${props.class}`}>
      {value === 0 && sign !== '' ? <span class="weak">–</span> : `${sign}${numberText(value, 0)}`}
    </td>
  );
}

/** The same containers as before, with more in them. */
function Containers({ page }: { page: HeapDifferencePage }): JSX.Element | null {
  const all = useSignal(false);
  const { containers } = page;
  if (containers.length === 0) return null;
  const three = page.lastName !== '';
  const shown = containers.slice(0, all.value ? containers.length : FIRST_CONTAINERS);
  const largest = containers.reduce((most, row) => Math.max(most, row.newBytes), 1);
  return (
    <section class="panel heap-containers" aria-labelledby="containers-title">
      <header class="panel-head">
        <h2 id="containers-title">Containers that grew</h2>
        <span class="hint">the same object, with more entries than before</span>
      </header>
      <table class="object-rows">
        <thead>
          <tr>
            <th scope="col">Container</th>
            <th scope="col" class="num entries">
              Entries
            </th>
            <th scope="col" class="num">
              Keeps
            </th>
            <th scope="col" class="num">
              New
            </th>
            <th class="bar-cell" />
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.id}>
              <td>
                <div class="object-line">
                  <b>{row.className}</b> <code class="object-id">@{row.id}</code>
                </div>
                <code class="weak" title={row.path}>
                  {row.path}
                </code>
              </td>
              <td class="num entries">
                {numberText(row.entriesBefore, 0)} → {numberText(row.entriesAfter, 0)}
                {three && row.entriesLast >= 0 && ` → ${numberText(row.entriesLast, 0)}`}
              </td>
              <td class="num">{bytesText(row.retainedAfter)}</td>
              <td class="num">{bytesText(row.newBytes)}</td>
              <td class="bar-cell">
                <span class="bar" style={{ width: `${(100 * row.newBytes) / largest}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {containers.length > FIRST_CONTAINERS && !all.value && (
        <button type="button" class="plain more" onClick={() => (all.value = true)}>
          show {numberText(containers.length - FIRST_CONTAINERS, 0)} more
        </button>
      )}
    </section>
  );
}

function signed(value: number, format: (value: number) => string): string {
  return value === 0 ? '0' : `${value < 0 ? '−' : '+'}${format(Math.abs(value))}`;
}
