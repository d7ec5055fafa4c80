import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { HeapPage } from '../../src/render/page-data.ts';
import { matchNames } from './frame-search.ts';
import { type ClassColumn, distanceText, orderClasses } from './heap-classes.ts';
import { showInstances } from './heap-instances-state.ts';
import { bytesText, numberText, shareText } from './number-text.ts';
import { ROOMS } from './profile-tables.ts';
import { asked, changeView, query } from './state.ts';
import { SortHead, VirtualList } from './virtual-list.tsx';
import { roomLabels } from './words.ts';

const MAX_ROWS = 18;

/** All classes: how many objects, their own bytes, and what they keep alive. */
export function HeapClassesPanel({ page }: { page: HeapPage }): JSX.Element {
  const { classes } = page;
  const sort = useSignal<{ column: ClassColumn; up: boolean }>({ column: 'retained', up: false });
  const matches = useMemo(() => matchNames(asked.value, classes.name, classes.place), [asked.value, classes]);
  const rows = useMemo(
    () => orderClasses(classes, matches, sort.value.column, sort.value.up),
    [classes, matches, sort.value],
  );
  const by =
    sort.value.column === 'shallow' || sort.value.column === 'count' ? sort.value.column : 'retained';
  let largest = 0;
  for (const row of rows) largest = Math.max(largest, classes[by][row]!);
  const head = (column: ClassColumn, label: string, numeric = true) => (
    <SortHead
      column={column}
      label={label}
      numeric={numeric}
      class={`c-${column}`}
      sort={sort.value}
      onSort={(next) => (sort.value = next)}
    />
  );
  const open = (row: number) => {
    if (page.server) showInstances(classes.key[row]!, classes.name[row]!);
    else changeView({ query: classes.name[row]! });
  };
  return (
    <section class="panel heap-classes" aria-labelledby="classes-title">
      <header class="panel-head">
        <h2 id="classes-title">Classes</h2>
        <span class="hint">
          {matches === null
            ? `${numberText(page.classCount, 0)} classes`
            : `${numberText(rows.length, 0)} of ${numberText(page.classCount, 0)} classes match`}
          {classes.name.length < page.classCount &&
            ` · the ${numberText(classes.name.length, 0)} that keep most are listed`}
        </span>
        {query.value !== '' && (
          <button type="button" class="pill" onClick={() => changeView({ query: '' })}>
            {query.value} ✕
          </button>
        )}
      </header>
      {rows.length === 0 ? (
        <p class="empty">No class has such a name or place.</p>
      ) : (
        <VirtualList
          class="class-grid"
          count={rows.length}
          maxRows={MAX_ROWS}
          label="Classes"
          resetOn={sort.value}
          head={
            <tr class="vrow">
              {head('name', 'Class', false)}
              {head('place', 'Where', false)}
              {head('count', 'Objects')}
              {head('shallow', 'Own bytes')}
              {head('retained', 'Keeps')}
              <th class="c-bar" scope="col">
                <span class="unseen">Part of the largest</span>
              </th>
              <th class="num c-share" scope="col">
                of the heap
              </th>
              {head('distance', 'Distance')}
            </tr>
          }
          row={(i) => {
            const row = rows[i]!;
            const room = ROOMS[classes.room[row]!]!;
            const value = classes[by][row]!;
            return (
              <tr class="vrow" key={row} aria-rowindex={i + 2}>
                <td class="c-name">
                  <i class={`box box-${room}`} title={roomLabels[room]} />
                  <button
                    type="button"
                    class="frame-name"
                    title={classes.name[row]}
                    onClick={() => open(row)}
                  >
                    {classes.name[row] || '(no name)'}
                  </button>
                </td>
                <td class="c-place mono weak" title={classes.place[row]}>
                  {classes.place[row]}
                </td>
                <td class="num c-count">{numberText(classes.count[row]!, 0)}</td>
                <td class="num c-shallow">{bytesText(classes.shallow[row]!)}</td>
                <td class="num c-retained">{bytesText(classes.retained[row]!)}</td>
                <td class="c-bar">
                  <span class="bar" style={{ width: `${largest > 0 ? (100 * value) / largest : 0}%` }} />
                </td>
                <td class="num c-share">
                  {shareText(classes.retained[row]! / Math.max(1, page.totalBytes))}
                </td>
                <td class="num c-distance">{distanceText(classes.distance[row]!)}</td>
              </tr>
            );
          }}
        />
      )}
    </section>
  );
}
