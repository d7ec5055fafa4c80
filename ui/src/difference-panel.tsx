import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { DifferencePage } from '../../src/render/page-data.ts';
import {
  amountText,
  barOf,
  buildChanges,
  type ChangeRow,
  changeText,
  type DifferenceColumn,
  type Direction,
  filterChanges,
  type Measure,
  relativeText,
  sortChanges,
  startsSignificant,
} from './difference-table.ts';
import { numberText } from './number-text.ts';

const FIRST_ROWS = 15;
const MOST_ROWS = 1000;

export interface DifferencePanelProps {
  data: DifferencePage;
  /** What the search means, by index of `data.rows`; null without one. */
  matches: Uint8Array | null;
  onPick: (name: string, file: string, line: number) => void;
}

/** What got slower and what got faster, function by function. */
export function DifferencePanel({ data, matches, onPick }: DifferencePanelProps): JSX.Element {
  const [measure, setMeasure] = useState<Measure>('self');
  const [direction, setDirection] = useState<Direction>('both');
  const [onlySignificant, setOnly] = useState(() => startsSignificant(data.rows));
  const [sort, setSort] = useState<{ column: DifferenceColumn; up: boolean }>({
    column: 'change',
    up: false,
  });
  const [all, setAll] = useState(false);
  const changes = useMemo(() => buildChanges(data.rows, measure), [data, measure]);
  const significant = useMemo(() => changes.filter((row) => row.significant).length, [changes]);
  const inScope = filterChanges(changes, { direction: 'both', onlySignificant, matches });
  const counts: Record<Direction, number> = {
    both: inScope.length,
    more: inScope.filter((row) => row.change > 0).length,
    less: inScope.filter((row) => row.change < 0).length,
  };
  const rows = sortChanges(
    filterChanges(changes, { direction, onlySignificant, matches }),
    sort.column,
    sort.up,
  );
  const largest = rows.reduce((most, row) => Math.max(most, Math.abs(row.change)), 0);
  const shown = rows.slice(0, all ? MOST_ROWS : FIRST_ROWS);
  const head = (id: DifferenceColumn, label: string, kind: string) => (
    <th
      scope="col"
      class={kind}
      aria-sort={sort.column === id ? (sort.up ? 'ascending' : 'descending') : 'none'}
    >
      <button
        type="button"
        class="sorter"
        onClick={() => setSort({ column: id, up: sort.column === id ? !sort.up : false })}
      >
        {label} {sort.column === id ? (sort.up ? '↑' : '↓') : ''}
      </button>
    </th>
  );
  return (
    <section class="panel difference" aria-labelledby="difference-title">
      <header class="panel-head">
        <h2 id="difference-title">What changed, by function</h2>
        <span class="hint">
          {measure === 'self' ? 'own time of each function' : 'each function with all it calls'} ·{' '}
          {data.normalised}
          {data.weight.unit.trim() === '%' ? ', changes in percentage points (pt)' : ''}
        </span>
        <span class="push controls">
          <Segments
            label="Direction"
            value={direction}
            options={[
              ['both', `All ${numberText(counts.both)}`],
              ['more', `More ${numberText(counts.more)}`],
              ['less', `Less ${numberText(counts.less)}`],
            ]}
            onChange={setDirection}
          />
          <Segments
            label="Measure"
            value={measure}
            options={[
              ['self', 'Self'],
              ['total', 'Total'],
            ]}
            onChange={setMeasure}
          />
          <button
            type="button"
            class="control"
            aria-pressed={onlySignificant}
            title="Changes larger than the noise of sampling explains (95 %, at least 10 samples)"
            onClick={() => setOnly(!onlySignificant)}
          >
            Only significant
          </button>
        </span>
      </header>
      {rows.length === 0 ? (
        <p class="empty">
          {why(changes.length, significant, onlySignificant, matches !== null)}
          {onlySignificant && changes.length > significant && (
            <>
              {' '}
              <button type="button" class="plain more" onClick={() => setOnly(false)}>
                show all {numberText(changes.length)}
              </button>
            </>
          )}
        </p>
      ) : (
        <table>
          <thead>
            <tr>
              {head('name', 'Function', 'name')}
              {head('where', 'Where', 'where')}
              {head('before', 'Before', 'num side')}
              {head('after', 'After', 'num side')}
              {head('change', 'Change', 'num change')}
              <th class="bar-cell">
                <span class="ends" aria-hidden="true">
                  <span>less</span>
                  <span>more</span>
                </span>
              </th>
              {head('relative', 'Relative', 'num relative')}
              {head('sure', measure === 'self' ? 'Significant' : 'Self sign.', 'sure')}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row.index} {...{ row, largest, data, onPick }} />
            ))}
          </tbody>
        </table>
      )}
      {rows.length > FIRST_ROWS && !all && (
        <button type="button" class="plain more" onClick={() => setAll(true)}>
          show {numberText(Math.min(rows.length, MOST_ROWS) - FIRST_ROWS)} more
        </button>
      )}
      {all && rows.length > MOST_ROWS && (
        <p class="hint table-end">
          the first {numberText(MOST_ROWS)} of {numberText(rows.length)}; search or filter for the others
        </p>
      )}
    </section>
  );
}

/** Why the table is empty, in words. */
function why(count: number, significant: number, onlySignificant: boolean, searching: boolean): string {
  if (count === 0) return 'No function has any weight in either profile.';
  if (onlySignificant && significant === 0)
    return 'No change of a single function is larger than the noise of sampling explains.';
  return searching ? 'Nothing here matches the search.' : 'Nothing here went this way.';
}

function Segments<T extends string>(props: {
  label: string;
  value: T;
  options: [T, string][];
  onChange: (value: T) => void;
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame and a legend
    <span class="segments" role="group" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button
          type="button"
          key={value}
          aria-pressed={props.value === value}
          onClick={() => props.onChange(value)}
        >
          {text}
        </button>
      ))}
    </span>
  );
}

interface RowProps {
  row: ChangeRow;
  largest: number;
  data: DifferencePage;
  onPick: DifferencePanelProps['onPick'];
}

function Row({ row, largest, data, onPick }: RowProps): JSX.Element {
  const { weight } = data;
  const bar = barOf(row.change, largest);
  const way = row.change > 0 ? 'more' : row.change < 0 ? 'less' : '';
  const pick = () => {
    const { name, file, line } = data.rows[row.index]!;
    onPick(name, file, line);
  };
  const side = (value: number, missing: boolean) => (missing ? '–' : amountText(value, weight));
  return (
    <tr class={row.significant ? '' : 'unsure'} onClick={pick}>
      <td class="name">
        <i class={`box box-${row.room}`} />
        <button type="button" class="frame-name" title={row.name} onClick={pick}>
          {row.name}
        </button>
      </td>
      <td class="where mono weak" title={row.where}>
        {row.where || '–'}
      </td>
      <td class="num side">{side(row.before, row.kind === 'new')}</td>
      <td class="num side">{side(row.after, row.kind === 'gone')}</td>
      <td class="num change">{changeText(row.change, weight)}</td>
      <td class="bar-cell">
        <span class="two-way" aria-hidden="true">
          <i class={way} style={{ left: `${bar.left}%`, width: `${bar.width}%` }} />
        </span>
      </td>
      <td class="num relative">
        {row.kind === 'both' ? relativeText(row) : <b class="tag">{relativeText(row)}</b>}
      </td>
      <td class="sure">{row.significant ? 'yes' : <span class="weak">noise?</span>}</td>
    </tr>
  );
}
