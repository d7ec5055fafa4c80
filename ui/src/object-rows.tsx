import type { JSX } from 'preact';
import type { ObjectLine } from '../../src/server/questions.ts';
import { distanceText } from './heap-classes.ts';
import { showObject } from './heap-object-state.ts';
import { bytesText } from './number-text.ts';
import type { PagedRows } from './paged-rows.ts';
import { ROOMS } from './profile-tables.ts';
import { VirtualList } from './virtual-list.tsx';

export interface ObjectRowsProps {
  rows: PagedRows;
  label: string;
  maxRows: number;
  /** Lists of references have their names. */
  edges: boolean;
  empty: string;
  resetOn: string;
  /** Instead of plain heads of the columns. */
  head?: JSX.Element;
}

/** Objects as the server gives them: reference, class, id, sizes. A click looks at the object. */
export function ObjectRows(props: ObjectRowsProps): JSX.Element {
  const { rows, edges } = props;
  if (rows.problem !== '') return <p class="empty">{rows.problem}</p>;
  if (rows.total === 0) return <p class="empty">{props.empty}</p>;
  if (rows.total < 0) return <p class="empty">…</p>;
  return (
    <>
      <VirtualList
        class={edges ? 'line-grid with-edges' : 'line-grid'}
        count={rows.total}
        maxRows={props.maxRows}
        label={props.label}
        resetOn={props.resetOn}
        head={
          props.head ?? (
            <tr class="vrow">
              {edges && <th scope="col">Reference</th>}
              <th scope="col">Object</th>
              <th scope="col" class="num c-shallow">
                Own
              </th>
              <th scope="col" class="num">
                Keeps
              </th>
              <th scope="col" class="num c-distance">
                Distance
              </th>
            </tr>
          )
        }
        row={(i) => <Line key={i} line={rows.row(i)} index={i} edges={edges} />}
      />
      {rows.note !== '' && <p class="hint list-note">{rows.note}</p>}
    </>
  );
}

function Line(props: { line: ObjectLine | undefined; index: number; edges: boolean }): JSX.Element {
  const { line, index, edges } = props;
  if (!line) {
    return (
      <tr class="vrow waiting" aria-rowindex={index + 2}>
        <td>…</td>
      </tr>
    );
  }
  return (
    <tr class="vrow" aria-rowindex={index + 2}>
      {edges && (
        <td class={`mono edge edge-${line.edgeType}`} title={`${line.edgeType} ${line.edge}`}>
          {edgeLabel(line)}
        </td>
      )}
      <td class="line-object">
        <i class={`box box-${ROOMS[line.room] ?? 'core'}`} />
        <button
          type="button"
          class="frame-name"
          title={line.text || line.className}
          onClick={() => showObject(line.id)}
        >
          {objectLabel(line)} <span class="weak mono">@{line.id}</span>
        </button>
      </td>
      <td class="num c-shallow">{bytesText(line.shallow)}</td>
      <td class="num">{bytesText(line.retained)}</td>
      <td class="num c-distance">{distanceText(line.distance)}</td>
    </tr>
  );
}

function edgeLabel({ edge, edgeType }: ObjectLine): string {
  if (edgeType === 'element') return `[${edge}]`;
  return edgeType === 'internal' || edgeType === 'hidden' || edgeType === 'weak' ? `‹${edge}›` : edge;
}

/** `Session`, `"text…"`, `function render`. */
export function objectLabel({ className, text }: Pick<ObjectLine, 'className' | 'text'>): string {
  if (text === '') return className;
  return className === 'Function' ? `function ${text}` : text;
}
