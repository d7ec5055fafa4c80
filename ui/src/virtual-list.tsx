import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { printing } from './theme.ts';

/** Height of a row, CSS px; `.vrow` has the same. */
export const LIST_ROW = 26;
/** Browsers stop counting pixels somewhere above; longer lists scroll proportionally. */
const TALLEST = 8_000_000;
/** Rows drawn beyond both edges of the window. */
const MARGIN = 6;
/** Rows on paper. */
const PRINTED = 60;

export interface VirtualListProps {
  /** Rows there are, up to tens of millions. */
  count: number;
  /** Rows visible at once. */
  maxRows: number;
  label: string;
  /** Heads of the columns: the first row, which stays. */
  head: JSX.Element;
  row: (index: number) => JSX.Element | null;
  class?: string;
  /** Goes back to the top when this changes. */
  resetOn?: unknown;
}

/** A table of which only the rows in the window exist. Rows are `<tr class="vrow">`. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const { count, maxRows, head, row } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = Math.min(count, maxRows) * LIST_ROW;
  const whole = count * LIST_ROW;
  const tall = Math.min(whole, TALLEST);
  useEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
    top.value = 0;
  }, [props.resetOn]);
  // Of a list taller than browsers can scroll, a pixel of the bar stands for several of the list.
  const range = Math.max(1, tall - height);
  const at = tall === whole ? top.value : (top.value / range) * (whole - height);
  const first = printing.value ? 0 : Math.max(0, Math.floor(at / LIST_ROW) - MARGIN);
  const end = printing.value
    ? Math.min(count, PRINTED)
    : Math.min(count, Math.ceil((at + height) / LIST_ROW) + MARGIN);
  const offset = top.value + first * LIST_ROW - at;
  const rows: JSX.Element[] = [];
  for (let i = first; i < end; i++) {
    const one = row(i);
    if (one) rows.push(one);
  }
  return (
    <div
      class={`vscroll ${props.class ?? ''}`}
      ref={scroller}
      style={printing.value ? {} : { maxHeight: `${height + LIST_ROW}px` }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
    >
      <table
        class="vlist"
        aria-label={props.label}
        aria-rowcount={count + 1}
        style={printing.value ? {} : { height: `${tall + LIST_ROW}px` }}
      >
        <thead>{head}</thead>
        <tbody style={printing.value ? {} : { transform: `translateY(${offset}px)` }}>{rows}</tbody>
      </table>
    </div>
  );
}

/** Head of a column that sorts. */
export function SortHead<C extends string>(props: {
  column: C;
  label: string;
  numeric?: boolean;
  class?: string;
  sort: { column: C; up: boolean };
  onSort: (next: { column: C; up: boolean }) => void;
}): JSX.Element {
  const { column, sort, label } = props;
  const active = sort.column === column;
  return (
    <th
      scope="col"
      class={`${props.numeric ? 'num' : ''} ${props.class ?? ''}`}
      aria-sort={active ? (sort.up ? 'ascending' : 'descending') : 'none'}
    >
      <button
        type="button"
        class="sorter"
        onClick={() => props.onSort({ column, up: active ? !sort.up : false })}
      >
        {label} {active ? (sort.up ? '↑' : '↓') : ''}
      </button>
    </th>
  );
}
