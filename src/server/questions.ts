import type { Bytes } from '../base/units.ts';

/**
 * What a served page asks about a heap, and what it is answered: the body of `POST ask` and of its answer, as JSON.
 * Objects go by V8's id (`@123`). Lists come in pages: `from` and `count` (MOST_ROWS at most).
 */
export type HeapQuestion =
  | { ask: 'object'; id: number }
  | { ask: 'references' | 'retainers' | 'dominated'; id: number; from: number; count: number }
  | {
      ask: 'instances';
      /** ClassTable.key. */
      class: string;
      sort: InstanceOrder;
      up: boolean;
      from: number;
      count: number;
    }
  | { ask: 'query'; text: string }
  /** Keeps the server running. */
  | { ask: 'ping' };

export type InstanceOrder = 'retained' | 'shallow' | 'distance' | 'id';

/** Rows of one page of a list. */
export const MOST_ROWS = 500;

/** One object, all that fits on a screen. */
export interface ObjectAnswer {
  id: number;
  className: string;
  /** Key of its class, '' none. */
  classKey: string;
  /** V8's type: `object`, `closure`. */
  type: string;
  /** Text of a string, name of a function; '' else. */
  text: string;
  shallow: Bytes;
  retained: Bytes;
  distance: number;
  /** Where its function or constructor stands, '' unknown. */
  place: string;
  /** `global.app.sessions`. */
  pathText: string;
  /** From a root down to the object. */
  path: { edge: string; className: string; id: number }[];
  /** Who alone keeps it alive, the nearest first; the root left out. */
  dominators: { className: string; id: number; retained: Bytes }[];
  references: number;
  retainers: number;
  /** Objects directly below it in the dominator tree. */
  dominated: number;
}

/** References sorted by what they keep, retainers by distance, dominated and instances as asked. */
export interface RowsAnswer {
  total: number;
  from: number;
  rows: ObjectLine[];
  /** What the list leaves out, '' nothing. */
  note: string;
}

export interface ObjectLine {
  /** Name of the reference, '' in lists without. */
  edge: string;
  /** `property`, `element`, `internal` …, '' in lists without. */
  edgeType: string;
  id: number;
  className: string;
  /** Text of a string, name of a function, else ''. */
  text: string;
  /** Index into PAGE_ROOMS: its colour. */
  room: number;
  shallow: Bytes;
  retained: Bytes;
  distance: number;
}

/** heap/query-run.ts QueryResult. */
export interface QueryAnswer {
  columns: { name: string; unit: string }[];
  rows: (string | number | boolean | null)[][];
  matched: number | null;
  more: boolean;
  notes: string[];
}

/** Instead of an answer: what went wrong, for a query with the place in it on further lines. */
export interface QuestionProblem {
  problem: string;
  hint: string;
}
