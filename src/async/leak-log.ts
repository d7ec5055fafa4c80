import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import type { AsyncLog } from './async-log.ts';
import type { LeakRow } from './leak-recorder-state.ts';

/**
 * `leaks.json` of a recording: how many resources, listeners and descriptors there were, four times a second, and for
 * what was seen to grow a sample of creations with their stacks and whether they were still there at the end. Times are ms
 * after the window's start.
 */
export interface LeakLog {
  schema: 'holter.leaks/1';
  node: string;
  fromMs: Milliseconds;
  toMs: Milliseconds;
  times: Milliseconds[];
  /** By Node's name (`process.getActiveResourcesInfo`), a number for each of `times`. */
  resources: Record<string, number[]>;
  heapUsed: number[];
  oldSpace: number[];
  /** HTTP requests begun since the counting was on, and those of them without an answer; null before. */
  requests: (number | null)[];
  unanswered: (number | null)[];
  listeners: LeakListeners[];
  /** Async_hooks' names, `open` and `open promise` for files. */
  types: string[];
  /** Creations of each type since `armedAt`, all of them; rows are a sample. */
  created: number[];
  armedAt: Milliseconds[];
  rows: LeakRow[];
  /** Unreachable promises had been collected before it was looked which are alive. */
  collected: boolean;
  /** Descriptors as the kernel sees them; absent when the target is on another machine or another user's. */
  descriptors?: LeakDescriptors;
  /** Indices into `frames`, innermost first. */
  stacks: number[][];
  frames: AsyncLog['frames'];
  /** What was left out and why, in sentences. */
  notes: string[];
}

/** An event of one emitter that has many listeners. */
export interface LeakListeners {
  /** Class of the emitter. */
  emitter: string;
  event: string;
  kind: 'emitter' | 'target';
  /** A number for each of `times`; null before it had many. */
  counts: (number | null)[];
  /** Stack and how many were added there (estimated). */
  added: [number, number][];
}

export interface LeakDescriptors {
  times: Milliseconds[];
  /** A number for each of `times`: `file`, `pipe`, `inotify`, `unix`, and of TCP `in CLOSE_WAIT 0.0.0.0:80`. */
  counts: Record<string, number[]>;
  /** Most descriptors the process may have; null unlimited or unknown. */
  limit: number | null;
  /** Files of which more are open at the end: path or folder, first and last number. */
  files: [string, number, number][];
}

/**
 * Reads `leaks.json`.
 * @throws HolterError E_FILE_FORMAT
 */
export function readLeakLog(text: string, name = 'leaks.json'): LeakLog {
  let log: Partial<LeakLog> | null;
  try {
    log = JSON.parse(text) as Partial<LeakLog> | null;
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name} is not JSON`, { cause });
  }
  if (log?.schema !== 'holter.leaks/1')
    throw new HolterError('E_FILE_FORMAT', `${name} is no holter.leaks/1`);
  const length = log.times?.length ?? -1;
  const columns = [
    log.heapUsed,
    log.oldSpace,
    log.requests,
    log.unanswered,
    ...Object.values(log.resources ?? {}),
  ];
  const lists = [log.types, log.created, log.armedAt, log.rows, log.listeners, log.stacks, log.frames];
  if (
    !columns.every((column) => Array.isArray(column) && column.length === length) ||
    !lists.every(Array.isArray) ||
    !log.rows!.every((row) => Array.isArray(row) && row.length === 9) ||
    !log.listeners!.every(({ counts, added }) => counts?.length === length && Array.isArray(added))
  )
    throw new HolterError('E_FILE_FORMAT', `${name} is not whole`);
  return { notes: [], collected: false, ...log } as LeakLog;
}
