import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { PageWait, PageWaits } from '../../src/render/page-waits.ts';
import { durationText, numberText, shareText } from './number-text.ts';
import { changeView, query } from './state.ts';
import { SortHead, VirtualList } from './virtual-list.tsx';
import { kindLabel, lineText } from './wait-kinds.ts';
import { WaitLine } from './wait-line.tsx';
import { nodeName } from './wait-node-details.tsx';
import { matchingGroups, nodeIndex, toggleGroup } from './wait-state.ts';

const MAX_ROWS = 16;
type Column = 'name' | 'kind' | 'line' | 'count' | 'share' | 'median' | 'p95' | 'max' | 'most' | 'now';

/** All waits, by what was waited for and the line that asks. */
export function WaitTablePanel({ waits }: { waits: PageWaits }): JSX.Element {
  const { groups, sites, graph, basis } = waits;
  const sort = useSignal<{ column: Column; up: boolean }>({
    column: basis === 'window' ? 'now' : 'share',
    up: false,
  });
  const node = graph.nodes[nodeIndex.value];
  const filter = node && node.groups.length > 0 ? node.groups : undefined;
  const matches = matchingGroups.value;
  const rows = useMemo(() => {
    const kept = groups
      .map((_, i) => i)
      .filter((i) => (matches === null || matches[i]) && (filter === undefined || filter.includes(i)));
    return orderWaits(waits, kept, sort.value.column, sort.value.up);
  }, [waits, matches, filter, sort.value]);
  const head = (column: Column, label: string, numeric = true) => (
    <SortHead
      column={column}
      label={label}
      numeric={numeric}
      class={`c-${column}`}
      sort={sort.value}
      onSort={(next) => (sort.value = next)}
    />
  );
  const time = (ms: number | null) => (ms === null ? '–' : durationText(ms));
  return (
    <section class="panel wait-table" aria-labelledby="wait-table-title">
      <header class="panel-head">
        <h2 id="wait-table-title">All waits</h2>
        <span class="hint">
          {rows.length === groups.length
            ? `${numberText(groups.length, 0)} by what was waited for and the line that asks`
            : `${numberText(rows.length, 0)} of ${numberText(groups.length, 0)}`}
        </span>
        {query.value !== '' && (
          <button type="button" class="pill" onClick={() => changeView({ query: '' })}>
            {query.value} ✕
          </button>
        )}
        {filter !== undefined && node && (
          <button type="button" class="pill" onClick={() => changeView({ node: -1 })}>
            {nodeName(waits, node)} ✕
          </button>
        )}
      </header>
      {rows.length === 0 ? (
        <p class="empty">
          {groups.length === 0 ? 'Nothing was waited for.' : 'No wait has such a name or line.'}
        </p>
      ) : (
        <VirtualList
          class="wait-grid"
          count={rows.length}
          maxRows={MAX_ROWS}
          label="Waits"
          resetOn={sort.value}
          head={
            <tr class="vrow">
              {head('name', 'Waits for', false)}
              {head('kind', 'Kind', false)}
              {head('line', 'Line that asks', false)}
              {head('count', 'Count')}
              {head('share', 'Share')}
              {head('median', 'Median')}
              {head('p95', 'p95')}
              {head('max', 'Max')}
              {head('most', 'At once')}
              {head('now', 'Now')}
            </tr>
          }
          row={(i) => {
            const index = rows[i]!;
            const group = groups[index]!;
            const line = lineText(sites[group.site]);
            return (
              <tr class="vrow" key={index} aria-rowindex={i + 2}>
                <td class="c-name">
                  <i class={`box wait-${group.kind}`} />
                  <button
                    type="button"
                    class="frame-name"
                    title={`${group.name}: ${group.flight}`}
                    onClick={() => toggleGroup(index)}
                  >
                    {group.name}
                  </button>
                </td>
                <td class="c-kind weak">{kindLabel(group.kind, basis)}</td>
                <td class="c-line" title={line}>
                  <WaitLine site={sites[group.site]} />
                </td>
                <td class="num c-count">{numberText(group.count, 0)}</td>
                <td class="num c-share">{shareText(group.share / 100)}</td>
                <td class="num c-median">{time(group.median)}</td>
                <td class="num c-p95">{time(group.p95)}</td>
                <td class="num c-max">{time(group.max)}</td>
                <td class="num c-most">{numberText(group.mostAtOnce, 0)}</td>
                <td class="num c-now">{numberText(group.waitingNow, 0)}</td>
              </tr>
            );
          }}
        />
      )}
    </section>
  );
}

/** `rows` in the order of a column; what has no value comes last. */
function orderWaits(waits: PageWaits, rows: number[], column: Column, up: boolean): number[] {
  const { groups, sites } = waits;
  const text = (i: number): string =>
    column === 'line'
      ? lineText(sites[groups[i]!.site])
      : column === 'kind'
        ? kindLabel(groups[i]!.kind, waits.basis)
        : groups[i]!.name;
  const sign = up ? 1 : -1;
  if (column === 'name' || column === 'kind' || column === 'line')
    // Texts go up first.
    return rows.sort((a, b) => -sign * text(a).localeCompare(text(b)) || a - b);
  const value = (i: number): number => NUMBERS[column](groups[i]!) ?? Number.NEGATIVE_INFINITY * sign;
  return rows.sort((a, b) => sign * (value(a) - value(b)) || a - b);
}

const NUMBERS: Record<Exclude<Column, 'name' | 'kind' | 'line'>, (group: PageWait) => number | null> = {
  count: ({ count }) => count,
  share: ({ share }) => share,
  median: ({ median }) => median,
  p95: ({ p95 }) => p95,
  max: ({ max }) => max,
  most: ({ mostAtOnce }) => mostAtOnce,
  now: ({ waitingNow }) => waitingNow,
};
