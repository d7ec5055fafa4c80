import type { ProcessRow } from '../metrics/process-row.ts';

/** Orders of the table, in the order in which the key goes through them. */
export const TOP_ORDERS = ['cpu', 'rss', 'growth', 'wait', 'age', 'pid', 'name'] as const;
export type TopOrder = (typeof TOP_ORDERS)[number];

/** All Node processes at one moment, as `holter top` shows them. */
export interface TopTable {
  /** `22:14:24`, local time. */
  clock: string;
  rows: readonly ProcessRow[];
  order: TopOrder;
  /** Pid of the marked row; undefined: none, as in a picture that nobody moves in. */
  selected: number | undefined;
  machine: { cpuPercent: number; cores: number };
  isPaused: boolean;
}

/** One vital sign of the page. */
export interface TopVital {
  /** First of a group: `CPU`, `Loop`, `Mem`, `Handles`, `Pool`; '' for those under it. */
  group: string;
  label: string;
  /** Label where there is no room for groups. */
  short: string;
  unit: '%' | 'ms' | 'bytes' | 'count' | 'per second';
  /** NaN: not known now. */
  now: number;
  /** Shown behind `now`, as the heap's size behind what is used of it. */
  of?: number;
  limit?: number;
  /** What is above `limit` is marked; false where the limit is only told (memory). */
  marksBeyond: boolean;
  /** One value a second, oldest first, the newest last; NaN = gap. */
  values: readonly number[];
  /** Top of the sparkline at least; 0: the largest value. */
  top: number;
  /** 1 is shown on the smallest terminal, 9 on a tall one only. */
  rank: number;
}

/** One finding, as it was last judged. */
export interface TopFinding {
  severity: 'critical' | 'warning' | 'note';
  kind: string;
  title: string;
  /** `app/auth.js:41`; '' unknown. */
  where: string;
  /** How long ago it was first judged. */
  forSeconds: number;
  /** The newest look did not find it any more. */
  isPast: boolean;
}

/** One process at one moment. */
export interface TopPage {
  clock: string;
  name: string;
  pid: number;
  node: string;
  uptimeSeconds: number;
  vitals: readonly TopVital[];
  /** What is seen from inside, or why not: `inside`, `from outside: …`. */
  access: string;
  /** The hottest function of a short profile; '' none was asked for. */
  hottest: string;
  findings: readonly TopFinding[];
  /** The rules have had enough to judge by at least once. */
  isJudged: boolean;
  /** How long the loop has not turned; 0 when it turns, NaN when nobody can tell. */
  blockedMs: number;
  /** How it ended, and when; '' while it runs. */
  ended: string;
  /** What is going on on our side: `profile, 3 of 10 s`. */
  doing: string;
  isPaused: boolean;
}

/** Sorts rows by an order, those that ended in between keep their place; stable by pid. */
export function sortRows(rows: readonly ProcessRow[], order: TopOrder): ProcessRow[] {
  const falling =
    (of: (row: ProcessRow) => number) =>
    (a: ProcessRow, b: ProcessRow): number =>
      numberOr(of(b), -1) - numberOr(of(a), -1) || a.pid - b.pid;
  const compare: Record<TopOrder, (a: ProcessRow, b: ProcessRow) => number> = {
    cpu: falling((row) => row.cpuPercent),
    rss: falling((row) => row.rssBytes),
    growth: falling((row) => numberOr(row.rssPerMinute, -1e15)),
    wait: falling((row) => row.waitPercent),
    age: falling((row) => row.uptimeSeconds),
    pid: (a, b) => a.pid - b.pid,
    name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.pid - b.pid),
  };
  return [...rows].sort(compare[order]);
}

function numberOr(value: number, otherwise: number): number {
  return Number.isFinite(value) ? value : otherwise;
}
