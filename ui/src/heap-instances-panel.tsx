import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { InstanceOrder, RowsAnswer } from '../../src/server/questions.ts';
import { ask } from './heap-client.ts';
import { shownClass } from './heap-instances-state.ts';
import { numberText } from './number-text.ts';
import { ObjectRows } from './object-rows.tsx';
import { usePagedRows } from './paged-rows.ts';
import { SortHead } from './virtual-list.tsx';

const MAX_ROWS = 14;

/** All objects of the class chosen; nothing before one is. */
export function HeapInstancesPanel(): JSX.Element | null {
  const one = shownClass.value;
  return one === null ? null : <Instances key={one.key} classKey={one.key} name={one.name} />;
}

function Instances({ classKey, name }: { classKey: string; name: string }): JSX.Element {
  const sort = useSignal<{ column: InstanceOrder; up: boolean }>({ column: 'retained', up: false });
  const { column, up } = sort.value;
  const key = `${classKey} ${column} ${up}`;
  const rows = usePagedRows(key, (from, count, signal) =>
    ask<RowsAnswer>({ ask: 'instances', class: classKey, sort: column, up, from, count }, signal),
  );
  const head = (id: InstanceOrder, label: string, kind: string) => (
    <SortHead
      column={id}
      label={label}
      numeric={id !== 'id'}
      class={kind}
      sort={sort.value}
      onSort={(next) => (sort.value = next)}
    />
  );
  return (
    <section class="panel heap-instances" id="instances" aria-labelledby="instances-title">
      <header class="panel-head">
        <h2 id="instances-title">
          All {rows.total >= 0 ? numberText(rows.total, 0) : ''} of <code>{name}</code>
        </h2>
        <button type="button" class="plain push" onClick={() => (shownClass.value = null)}>
          Close
        </button>
      </header>
      <ObjectRows
        rows={rows}
        label={`Instances of ${name}`}
        maxRows={MAX_ROWS}
        edges={false}
        empty="None."
        resetOn={key}
        head={
          <tr class="vrow">
            {head('id', 'Object', '')}
            {head('shallow', 'Own', 'c-shallow')}
            {head('retained', 'Keeps', '')}
            {head('distance', 'Distance', 'c-distance')}
          </tr>
        }
      />
    </section>
  );
}
