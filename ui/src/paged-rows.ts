import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ObjectLine, RowsAnswer } from '../../src/server/questions.ts';

/** Rows fetched at a time. */
const PAGE = 200;
/** Pages kept: scrolling through millions must not fill the memory of the tab. */
const KEPT = 60;

export interface PagedRows {
  /** −1: not known yet. */
  total: number;
  note: string;
  problem: string;
  /** Undefined: on its way; asking for it sends for it. */
  row: (index: number) => ObjectLine | undefined;
}

/** A list of which the server has the rows. `key`: another key is another list. */
export function usePagedRows(
  key: string,
  fetchPage: (from: number, count: number, signal: AbortSignal) => Promise<RowsAnswer>,
): PagedRows {
  const state: Signal<{ key: string; total: number; note: string; problem: string; version: number }> =
    useSignal({
      key,
      total: -1,
      note: '',
      problem: '',
      version: 0,
    });
  const pages = useRef(new Map<number, ObjectLine[] | null>());
  const controller = useRef<AbortController>(new AbortController());
  const current = useRef(key);
  const load = (page: number): void => {
    if (pages.current.has(page)) return;
    pages.current.set(page, null);
    const { signal } = controller.current;
    fetchPage(page * PAGE, PAGE, signal).then(
      (answer) => {
        if (signal.aborted) return;
        pages.current.set(page, answer.rows);
        if (pages.current.size > KEPT) {
          const oldest = pages.current.keys().next().value;
          if (oldest !== undefined) pages.current.delete(oldest);
        }
        const { version } = state.peek();
        state.value = {
          key,
          total: answer.total,
          note: answer.note,
          problem: '',
          version: version + 1,
        };
      },
      (error: unknown) => {
        if (signal.aborted) return;
        pages.current.delete(page);
        const problem = error instanceof Error ? error.message : String(error);
        state.value = { ...state.peek(), key, problem, version: state.peek().version + 1 };
      },
    );
  };
  useEffect(() => {
    current.current = key;
    controller.current.abort();
    controller.current = new AbortController();
    pages.current = new Map();
    state.value = { key, total: -1, note: '', problem: '', version: state.peek().version + 1 };
    load(0);
    return () => controller.current.abort();
  }, [key]);
  const { total, note, problem } =
    state.value.key === key ? state.value : { total: -1, note: '', problem: '' };
  return {
    total,
    note,
    problem,
    row: (index) => {
      const page = Math.floor(index / PAGE);
      const rows = pages.current.get(page);
      if (rows === undefined && current.current === key) load(page);
      return rows?.[index - page * PAGE];
    },
  };
}
