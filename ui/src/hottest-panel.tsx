import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { chargeToUserCode, type HotRow, rankBySelf } from './hottest.ts';
import { percentText, weightText } from './number-text.ts';
import { placeText, ROOMS } from './profile-tables.ts';
import { changeView, markedFrames, matches, profile, revealRequest, view, weights } from './state.ts';
import { BrushPill } from './vital-signs-panel.tsx';

const FIRST_ROWS = 11;
type Column = 'name' | 'where' | 'charged' | 'self';

/** Hottest functions: charged to the user's code, or plain self time. */
export function HottestPanel(): JSX.Element {
  const tables = profile.value;
  const { ranking } = view.value;
  const sort = useSignal<{ column: Column; up: boolean }>({ column: 'charged', up: false });
  const all = useSignal(false);
  const byUser = ranking === 'charged';
  const rows = tables ? (byUser ? chargeToUserCode : rankBySelf)(tables, weights.value.self) : [];
  const whole = tables ? weights.value.self.reduce((sum, weight) => sum + weight, 0) : 0;
  const nameOf = (row: HotRow) =>
    row.frame < 0 ? 'no caller in your code' : (tables?.name[row.frame] ?? '');
  const column = sort.value.column;
  rows.sort(
    (a, b) =>
      order(a, b, byUser || column !== 'charged' ? column : 'self', nameOf) * (sort.value.up ? -1 : 1),
  );
  const top = rows.reduce((max, row) => Math.max(max, byUser ? row.charged : row.self), 0);
  const shown = all.value ? rows.slice(0, 1000) : rows.slice(0, FIRST_ROWS);
  const rank = (next: 'charged' | 'self') => {
    sort.value = { column: next, up: false };
    changeView({ ranking: next });
  };
  const head = (id: Column, label: string, numeric: boolean) => {
    const active = column === id || (!byUser && column === 'charged' && id === 'self');
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
        <h2 id="hottest-title">Hottest functions</h2>
        <span class="hint">
          {byUser ? 'with the native, core and dependency time below them' : 'own time only'}
        </span>
        <BrushPill />
        <span class="push segments">
          <button type="button" aria-pressed={byUser} onClick={() => rank('charged')}>
            Charged to your code
          </button>
          <button type="button" aria-pressed={!byUser} onClick={() => rank('self')}>
            Self
          </button>
        </span>
      </header>
      {rows.length === 0 || !tables ? (
        <p class="empty">{tables ? 'No samples in this time range.' : 'No CPU profile in this recording.'}</p>
      ) : (
        <table>
          <thead>
            <tr>
              {head('name', 'Function', false)}
              {head('where', 'Where', false)}
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
            {shown.map((row) => {
              const weight = byUser ? row.charged : row.self;
              const marked = markedFrames.value.has(row.frame);
              const dim = matches.value !== null && (row.frame < 0 || !matches.value[row.frame]);
              const room = row.frame < 0 ? 'core' : ROOMS[tables.room[row.frame]!]!;
              const choose = () => {
                if (row.frame < 0) return;
                changeView({ picked: String(firstNodeOf(row.frame)) });
                revealRequest.value++;
              };
              return (
                <tr key={row.frame} class={`${marked ? 'marked' : ''} ${dim ? 'dim' : ''}`} onClick={choose}>
                  <td>
                    <i class={`box box-${room}`} />
                    {row.frame < 0 ? (
                      nameOf(row)
                    ) : (
                      <button type="button" class="frame-name" onClick={choose}>
                        {nameOf(row)}
                      </button>
                    )}
                  </td>
                  <td class="mono weak where">
                    {row.frame < 0 ? 'node core, dependencies, native' : placeText(tables, row.frame) || 'V8'}
                  </td>
                  <td class="num">{weightText(row.charged, tables.unit)}</td>
                  <td class="num">{percentText(weight / Math.max(1e-9, whole))}</td>
                  <td class="bar-cell">
                    <i class="bar" style={{ width: `${(100 * weight) / Math.max(1e-9, top)}%` }} />
                  </td>
                  <td class="num">{row.self > 0 ? weightText(row.self, tables.unit) : '–'}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {rows.length > FIRST_ROWS && !all.value && (
        <button type="button" class="plain more" onClick={() => (all.value = true)}>
          show {Math.min(rows.length, 1000) - FIRST_ROWS} more
        </button>
      )}
    </section>
  );
}

function order(a: HotRow, b: HotRow, column: Column, nameOf: (row: HotRow) => string): number {
  if (column === 'name') return nameOf(a).localeCompare(nameOf(b));
  if (column === 'where') {
    const place = (row: HotRow) => (row.frame < 0 ? '' : placeText(profile.peek()!, row.frame));
    return place(a).localeCompare(place(b));
  }
  return b[column] - a[column] || b.charged - a.charged;
}

/** The node of a frame with the most time below it is what the flame graph selects; any node names the frame. */
function firstNodeOf(frame: number): number {
  const tables = profile.peek()!;
  const total = Float64Array.from(weights.peek().self);
  let best = -1;
  for (let i = tables.length - 1; i > 0; i--) total[tables.parent[i]!]! += total[i]!;
  for (let i = 0; i < tables.length; i++)
    if (tables.frame[i] === frame && (best < 0 || total[i]! > total[best]!)) best = i;
  return best;
}
