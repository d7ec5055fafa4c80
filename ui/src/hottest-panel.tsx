import { computed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { menu } from './frame-menu-state.ts';
import {
  chargeToUserCode,
  type Grouping,
  type Groups,
  groupFrames,
  type HotRow,
  rankBySelf,
} from './hottest.ts';
import { percentText } from './number-text.ts';
import { type ProfileTables, placeText, ROOMS } from './profile-tables.ts';
import {
  cellText,
  changeView,
  heaviestNodeOf,
  markedFrames,
  matches,
  pickFrame,
  profile,
  query,
  ranked,
  view,
} from './state.ts';
import { BrushPill } from './time-range.tsx';

const FIRST_ROWS = 11;
type Column = 'name' | 'where' | 'charged' | 'self';
const NAMES: Record<Grouping, string> = { function: 'Function', file: 'File', package: 'Package' };
const TITLES: Record<Grouping, string> = {
  function: 'Hottest functions',
  file: 'Hottest files',
  package: 'Hottest packages',
};

const grouping = computed(() => view.value.grouping);
const groups = computed<Groups | null>(() => profile.value && groupFrames(profile.value, grouping.value));
const ranking = computed(() => view.value.ranking);
/** Of a comparison nothing is charged to anybody: its own table says what changed. */
const rows = computed<HotRow[]>(() => {
  const [tables, tree, by] = [profile.value, ranked.value, groups.value];
  if (!tables || !tree || !by) return [];
  return (ranking.value === 'charged' ? chargeToUserCode : rankBySelf)(tree, tables, by);
});
/** Groups the search means: any of their functions does. */
const meant = computed<Uint8Array | null>(() => {
  const [by, hits] = [groups.value, matches.value];
  if (!by || !hits) return null;
  const out = new Uint8Array(by.name.length);
  for (let i = 0; i < hits.length; i++) if (hits[i] === 1) out[by.of[i]!] = 1;
  return out;
});

/** Hottest functions, files or packages: charged to the user's code, or plain self time with totals. */
export function HottestPanel(): JSX.Element {
  const tables = profile.value;
  const by = groups.value;
  const byUser = ranking.value === 'charged';
  const sort = useSignal<{ column: Column; up: boolean }>({ column: byUser ? 'charged' : 'self', up: false });
  const all = useSignal(false);
  const column = sort.value.column;
  const nameOf = (row: HotRow) =>
    row.group < 0 ? 'no caller in your code' : by?.name[row.group] || 'without a file';
  const sorted = [...rows.value].sort(
    (a, b) => order(a, b, column, nameOf, (row) => placeOf(row, tables, by)) * (sort.value.up ? -1 : 1),
  );
  const whole = ranked.value?.self.reduce((sum, weight) => sum + weight, 0) ?? 0;
  const byTotal = !byUser && column === 'charged';
  const weightOf = (row: HotRow) => (byUser || byTotal ? row.charged : row.self);
  const top = sorted.reduce((max, row) => Math.max(max, weightOf(row)), 0);
  const shown = sorted.slice(0, all.value ? 1000 : FIRST_ROWS);
  const rank = (next: 'charged' | 'self') => {
    sort.value = { column: next, up: false };
    changeView({ ranking: next });
  };
  const head = (id: Column, label: string, numeric: boolean) => {
    const active = column === id;
    return (
      <th
        scope="col"
        class={numeric ? 'num' : ''}
        aria-sort={active ? (sort.value.up ? 'ascending' : 'descending') : 'none'}
      >
        <button
          type="button"
          class="sorter"
          onClick={() => (sort.value = { column: id, up: active ? !sort.value.up : false })}
        >
          {label} {active ? (sort.value.up ? '↑' : '↓') : ''}
        </button>
      </th>
    );
  };
  return (
    <section class="panel hottest" aria-labelledby="hottest-title">
      <header class="panel-head">
        <h2 id="hottest-title">{TITLES[grouping.value]}</h2>
        <span class="hint">
          {tables?.unit === 'samples' && 'counted in samples, '}
          {byUser ? 'with the native, core and dependency time below them' : 'own time, and totals'}
        </span>
        <BrushPill />
        <span class="push controls">
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame and a legend */}
          <span class="segments" role="group" aria-label="Rows">
            {(Object.keys(NAMES) as Grouping[]).map((one) => (
              <button
                type="button"
                key={one}
                aria-pressed={grouping.value === one}
                onClick={() => changeView({ grouping: one })}
              >
                {NAMES[one]}
              </button>
            ))}
          </span>
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame and a legend */}
          <span class="segments" role="group" aria-label="Ranking">
            <button type="button" aria-pressed={byUser} onClick={() => rank('charged')}>
              Charged to your code
            </button>
            <button type="button" aria-pressed={!byUser} onClick={() => rank('self')}>
              Self
            </button>
          </span>
        </span>
      </header>
      {sorted.length === 0 || !tables || !by ? (
        <p class="empty">{tables ? 'No samples here.' : 'No CPU profile in this recording.'}</p>
      ) : (
        <table>
          <thead>
            <tr>
              {head('name', NAMES[grouping.value], false)}
              {head('where', grouping.value === 'function' ? 'Where' : 'Heaviest', false)}
              {head('charged', byUser ? 'Charged' : 'Total', true)}
              <th scope="col" class="num">
                %
              </th>
              <th class="bar-cell">
                <span class="unseen">Bar</span>
              </th>
              {head('self', 'Self', true)}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row
                key={row.group}
                row={row}
                name={nameOf(row)}
                place={placeOf(row, tables, by)}
                weight={weightOf(row)}
                whole={whole}
                top={top}
                tables={tables}
                by={by}
              />
            ))}
          </tbody>
        </table>
      )}
      {sorted.length > FIRST_ROWS && !all.value && (
        <button type="button" class="plain more" onClick={() => (all.value = true)}>
          show {Math.min(sorted.length, 1000) - FIRST_ROWS} more
        </button>
      )}
    </section>
  );
}

interface RowProps {
  row: HotRow;
  name: string;
  place: string;
  /** What the percentage and the bar stand for, out of `whole` and of `top`. */
  weight: number;
  whole: number;
  top: number;
  tables: ProfileTables;
  by: Groups;
}

function Row({ row, name, place, weight, whole, top, tables, by }: RowProps): JSX.Element {
  const single = by.by === 'function';
  const frame = row.group < 0 ? -1 : by.frame[row.group]!;
  const marked = single && markedFrames.value.has(frame);
  const dim = meant.value !== null && (row.group < 0 || meant.value[row.group] === 0);
  const start = single || row.group < 0 ? '' : commonStart(by, row.group, tables);
  const filter = start === '' ? '' : `/^${escapeExpression(start)}/`;
  const usable = row.group >= 0 && (single || filter !== '');
  const choose = () => {
    if (!usable) return;
    // A function is selected; a file or package is searched for, and a second click ends that.
    if (single) pickFrame(frame);
    else changeView({ query: query.peek() === filter ? '' : filter });
  };
  const text = cellText.value;
  const room = frame < 0 ? 'core' : ROOMS[tables.room[frame]!]!;
  return (
    <tr
      class={`${marked || (filter !== '' && query.value === filter) ? 'marked' : ''} ${dim ? 'dim' : ''}`}
      onClick={choose}
      onContextMenu={(event) => {
        if (!single || frame < 0) return;
        event.preventDefault();
        menu.value = { x: event.clientX, y: event.clientY, frame, node: heaviestNodeOf(frame) };
      }}
    >
      <td>
        <i class={`box box-${room}`} />
        {!usable ? (
          name
        ) : (
          // Its click, also by keyboard, is the row's.
          <button type="button" class="frame-name" title={name}>
            {name}
          </button>
        )}
      </td>
      <td class="mono weak where" title={place}>
        {place}
      </td>
      <td class="num">{text(row.charged)}</td>
      <td class="num">{percentText(weight / Math.max(1e-12, whole))}</td>
      <td class="bar-cell">
        <i class="bar" style={{ width: `${(100 * weight) / Math.max(1e-12, top)}%` }} />
      </td>
      <td class="num">{row.self > 0 ? text(row.self) : '–'}</td>
    </tr>
  );
}

/** What the paths of all functions of a file or package start with; '' when they have nothing in common. */
function commonStart(by: Groups, group: number, tables: ProfileTables): string {
  const frame = by.frame[group]!;
  if (by.by === 'file') return tables.file[frame]!;
  const owner = tables.package[frame]!;
  if (owner !== '') return `${owner}/`;
  return tables.file[frame]!.startsWith('node:') ? 'node:' : '';
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** Place of a function; for files and packages the function named first. */
function placeOf(row: HotRow, tables: ProfileTables | null, by: Groups | null): string {
  if (row.group < 0) return 'node core, dependencies, native';
  if (!tables || !by) return '';
  const frame = by.frame[row.group]!;
  if (by.by === 'function') return placeText(tables, frame) || 'V8';
  return tables.name[frame] ?? '';
}

function order(
  a: HotRow,
  b: HotRow,
  column: Column,
  nameOf: (row: HotRow) => string,
  place: (row: HotRow) => string,
): number {
  if (column === 'name') return nameOf(a).localeCompare(nameOf(b));
  if (column === 'where') return place(a).localeCompare(place(b));
  return b[column] - a[column] || b.charged - a.charged;
}
