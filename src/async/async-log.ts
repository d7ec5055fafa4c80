import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';

/**
 * `async.json` of a recording: what the recorder in the target wrote down, before source maps and before any grouping.
 * Operations are columns of equal length, in the order in which they began; times are ms after the window's start.
 */
export interface AsyncLog {
  schema: 'holter.async-log/1';
  /** Node version of the target, `20.20.2`. */
  node: string;
  /** Times between which the recorder was in. */
  fromMs: Milliseconds;
  toMs: Milliseconds;
  operations: AsyncLogOperations;
  requests: AsyncLogRequest[];
  /** Node's names of resources; beside them `peer` (a write waiting for its answer) and `client request`. */
  types: string[];
  subjects: string[];
  /** Indices into `frames`, innermost first. */
  stacks: number[][];
  /** Function, script URL, line, column (1-based, 0 unknown), 1 for one that waits (`await`). */
  frames: [string, string, number, number, number][];
  peers: AsyncLogPeer[];
  /** Errors that nobody caught, at most 50 each quarter of a second. */
  thrown: AsyncLogThrown[];
  counts: AsyncLogCounts;
  /** Resources alive by Node's name (`process.getActiveResourcesInfo`) when the recorder came and when it went. */
  resources: { first: Record<string, number>; last: Record<string, number> };
  /** What was left out and why, in sentences. */
  notes: string[];
}

/**
 * One column for each property. `id` is async_hooks', or odd and negative for what has none there; requests are −2 × their
 * number. `trigger` is the id of the operation that was running when it was made (1 the program's start), `request` a
 * number of `requests` (0 none), `parent` for promises the id of the promise it was made from.
 */
export interface AsyncLogOperations {
  id: number[];
  trigger: number[];
  request: number[];
  /** Index into `types`. */
  type: number[];
  startedAt: Milliseconds[];
  /** First callback or answer; null: still waiting at the end, −1: cancelled. */
  endedAt: (Milliseconds | null)[];
  /** Index into `stacks`; −1 none was taken. */
  stack: number[];
  /** Index into `subjects`. */
  subject: number[];
  parent: number[];
}

/** A served HTTP request that was followed. */
export interface AsyncLogRequest {
  number: number;
  method: string;
  /** Path without query. */
  path: string;
  /** The framework's pattern, `/orders/:id`; '' unknown. */
  route: string;
  startedAt: Milliseconds;
  /** It was under way when the recorder rested: what it waited for is known up to here. Null: to its end. */
  followedTo: Milliseconds | null;
  /** Null: under way at the end, or ended when the recorder rested. */
  endedAt: Milliseconds | null;
  /** 0: the connection was gone before the answer, or under way. */
  status: number;
  /** JavaScript run for it, NaN as null while under way. */
  runMs: Milliseconds | null;
}

/** An error that nobody caught; it may have ended the process, or not. */
export interface AsyncLogThrown {
  at: Milliseconds;
  how: 'uncaught' | 'rejected';
  name: string;
  message: string;
  /** Id of the operation whose callback ran; not always one of `operations`. */
  operation: number;
  /** Where it was made, index into `stacks`; −1 none. */
  stack: number;
}

/** Connections to one address, all writes counted, those of requests that are not followed too. */
export interface AsyncLogPeer {
  /** `10.0.0.5:5432`, `[::1]:80`, `unix socket`. */
  address: string;
  /** Open at the end. */
  connections: number;
  questions: number;
  /** Connections that wait for an answer: on average, at most, at the end. */
  meanBusy: number;
  mostBusy: number;
  busyNow: number;
  meanWait: Milliseconds;
}

export interface AsyncLogCounts {
  /** Requests that began, and those of them that were followed. */
  requests: number;
  followed: number;
  operations: number;
  /** Of a followed request, but no room was left. */
  dropped: number;
  stacks: number;
  /** Errors of the recorder's own code, swallowed. */
  errors: number;
  /** Share of one core that the recorder's own code took, percent; what Node spends on calling it comes on top. */
  ownPercent: number;
  /** Share of the window in which it listened, percent: less than 100 when there was too much to listen to. */
  onPercent: number;
}

/**
 * Reads `async.json`.
 * @throws HolterError E_FILE_FORMAT
 */
export function readAsyncLog(text: string, name = 'async.json'): AsyncLog {
  let log: Partial<AsyncLog> | null;
  try {
    log = JSON.parse(text) as Partial<AsyncLog> | null;
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name} is not JSON`, { cause });
  }
  if (log?.schema !== 'holter.async-log/1')
    throw new HolterError('E_FILE_FORMAT', `${name} is no holter.async-log/1`);
  const { operations, requests, types, subjects, stacks, frames, peers } = log;
  const columns = Object.values(operations ?? {});
  const length = operations?.id?.length ?? -1;
  if (
    columns.length !== 9 ||
    !columns.every((column) => Array.isArray(column) && column.length === length) ||
    ![requests, types, subjects, stacks, frames, peers].every(Array.isArray) ||
    log.counts === undefined ||
    !Number.isFinite(log.fromMs) ||
    !Number.isFinite(log.toMs)
  )
    throw new HolterError('E_FILE_FORMAT', `${name} is not whole`);
  return { notes: [], thrown: [], resources: { first: {}, last: {} }, node: '', ...log } as AsyncLog;
}
