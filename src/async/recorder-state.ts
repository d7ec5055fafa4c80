/** Bounds of what the recorder does in the target. */
export interface RecorderConfig {
  /** Tells this recorder from one of another visit, which takes its place. */
  token: string;
  /** Creating stacks per second, all kinds together; 0 = none. */
  stacksPerSecond: number;
  /** Requests followed with all their operations, per flush; the others are only counted. */
  requestsPerFlush: number;
  /** Operations written down per flush; what is over is counted. */
  rowsPerFlush: number;
  /** Async ids that the table knows, a power of two; one that waits for longer is kept aside. */
  slots: number;
  /**
   * Calls by Node per millisecond from which on the recorder listens in slices only: until a few requests are through, and
   * then not before the next flush. A call costs about 0.15 µs, two thirds of it in Node.
   */
  callsPerMs: number;
  /** Share of the time that slices may take. */
  slicePart: number;
  /** Share of one core before it backs off further: fewer stacks, fewer requests, no promises. */
  costLimit: number;
  /** No flush for so long means that holter is gone: everything is taken out. ms */
  deadAfterMs: number;
}

export const RECORDER_SLOTS: number = 1 << 17;

/** Numbers of one operation, in this order, in the rows of a flush. */
export const ROW = {
  id: 0,
  trigger: 1,
  request: 2,
  type: 3,
  startedAt: 4,
  endedAt: 5,
  stack: 6,
  subject: 7,
  parent: 8,
  length: 9,
} as const;

/** What one flush brings; JSON text. Times: CLOCK_MONOTONIC ms. Numbers of rows count from the recorder's start. */
export interface Flush {
  time: number;
  /** Base64 of Float64, `ROW.length` for each operation; number of the first one is `firstRow`. */
  rows: string;
  firstRow: number;
  /** Base64 of Float64 pairs: number of an operation sent before, its end (−1: cancelled). A later pair replaces. */
  ends: string;
  /** New texts and stacks since the last flush; numbers go on. */
  types: string[];
  subjects: string[];
  stacks: [string, string, number, number, number][][];
  /** Number, start, method, path. */
  requests: [number, number, string, string][];
  /** Number, end, status (0: connection gone before the answer), ms of JavaScript, route of the framework or ''. */
  finished: [number, number, number, number, string][];
  /** When the recorder stopped listening, and the followed requests that were under way then. */
  rests: { time: number; cut: number[] }[];
  peers: FlushPeer[];
  thrown: FlushThrown[];
  counts: FlushCounts;
  /** What was left out from now on, in sentences. */
  backoff: string[];
}

/** An error that nobody caught: when, operation that ran, 1 for a rejection, name, message, `stack` text. */
export type FlushThrown = [
  time: number,
  operation: number,
  isRejection: 0 | 1,
  name: string,
  message: string,
  stack: string,
];

/** A peer so far: its busy connections. `busyMs` is the sum over connections. */
export interface FlushPeer {
  address: string;
  questions: number;
  busy: number;
  mostBusy: number;
  busyMs: number;
  waitMs: number;
}

/** Totals since the start of the recorder. */
export interface FlushCounts {
  requests: number;
  recorded: number;
  rows: number;
  /** Not written down, though it belonged to what is recorded. */
  dropped: number;
  stacks: number;
  /** Errors of our own code, swallowed. */
  errors: number;
  /** ms of our own code: estimated from a sample of the calls. */
  ownMs: number;
  /** ms in which it listened. */
  onMs: number;
}

/** What is kept under one symbol on the target's globalThis. */
export interface RecorderHandle {
  token: string;
  /** JSON of a Flush; '' when called in the middle of our own code: ask again. */
  flush(): string;
  /** Open connections by address, and resources alive by Node's name. */
  survey(): { connections: Record<string, number>; resources: Record<string, number> };
  /** Takes everything out; true when nothing of ours is left. Safe to call twice. */
  undo(): boolean;
}

/** Where an operation was made: what the parts of the recorder ask of its core. */
export interface RecorderCore {
  now(): number;
  /** Operation that is running, and its request's number; in that order, valid until the next call. */
  runningOp: number;
  runningRequest: number;
  look(): void;
  /** Writes an operation of our own down (sockets, client requests); its number, 0 = not written. */
  add(type: string, subject: number, trigger: number, request: number): number;
  /** Id of the operation `add` made last. */
  lastId: number;
  end(row: number, time: number): void;
  /** From now on what runs under `asyncId` belongs to that operation and request. */
  bind(asyncId: number, op: number, request: number): void;
  subject(text: string): number;
  /** False while it rests between two slices. */
  readonly isListening: boolean;
  /** `work`, but not in the middle of our own code and not after undo; its errors are swallowed and counted. */
  guard<T>(work: (value: T) => void): (value: T) => void;
}
