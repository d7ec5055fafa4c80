import type { BuiltinRequire } from './recorder-builtins.ts';

/** Built-in modules of the error watch. */
export interface ErrorBuiltins extends BuiltinRequire {
  (name: 'http'): typeof import('node:http');
  (name: 'util'): typeof import('node:util');
}

/** Bounds of what is done in the target. */
export interface ErrorWatchConfig {
  /** Tells this watch from one of another visit, which takes its place. */
  token: string;
  /** No flush for so long means that holter is gone: everything is taken out. ms */
  deadAfterMs: number;
}

/** An error as text, cut: 80 characters of a name, 300 of a message, 4000 of a stack. */
export interface ErrorText {
  name: string;
  message: string;
  /** Node's, the driver's or the program's own: `ECONNREFUSED`; '' none. */
  code: string;
  /** As V8 or the program wrote it; '' where it is no Error. */
  stack: string;
  /** The error it was made for. */
  cause?: Omit<ErrorText, 'cause'>;
}

/**
 * How an error was come by: `thrown` = at the throw, in a request that ended so; `passed` = handed to a callback by
 * nextTick or setImmediate in such a request; `answered` = in reach of the code that wrote the answer.
 */
export type FoundHow = 'thrown' | 'passed' | 'answered';

/** An answer looked at. Times: CLOCK_MONOTONIC ms. */
export interface AnswerSample {
  how: FoundHow;
  /** Number that `thrown` gave, to find the frames of its pause; 0 none. */
  id: number;
  time: number;
  status: number;
  /** `GET /orders/:id`. */
  route: string;
  /** Absent: none was found. */
  error?: ErrorText;
}

/** What happened outside of every handler. */
export interface UncaughtSample {
  time: number;
  /** `uncaughtException`, `unhandledRejection`. */
  origin: string;
  error: ErrorText;
}

/** What one flush brings: totals since the start, samples since the last flush. */
export interface ErrorFlush {
  time: number;
  answers: number;
  /** Answers with a status of 500 and more. */
  failed: number;
  statuses: [status: number, count: number][];
  /** Failed ones; `GET /orders/:id`. */
  routes: [route: string, status: number, count: number][];
  uncaught: number;
  rejected: number;
  uncaughtSamples: UncaughtSample[];
  /** While linked: failed answers, and those of them with an error that was passed. */
  sampledFailed: number;
  sampledPassed: number;
  samples: AnswerSample[];
  /** Time the main thread stood in pauses of answers, ms, one for each. */
  pausesMs: number[];
  /** Errors of our own code, swallowed. */
  errors: number;
}

/** Part that is in the target only while answers are looked at. */
export interface ErrorSampler {
  /** From now on requests are told apart and what is passed in them is seen; costs what async_hooks cost. */
  link(): void;
  /** The next `count` failed answers of which nothing is known stop at a `debugger` statement. */
  shoot(count: number): void;
  /** Called in that stop: objects in reach, their kinds a letter each: `l` variables, `c` closure, `t` this. */
  search(objects: unknown[], kinds: string): AnswerSample | undefined;
  /** Called in the stop at an exception; the number of its sample to come, 0 = of no request that is known. */
  thrown(error: unknown): number;
  finished(request: object, status: number, route: string): void;
  take(): Pick<ErrorFlush, 'samples' | 'sampledFailed' | 'sampledPassed' | 'pausesMs'>;
  /** True when nothing of it is left. */
  undo(): boolean;
}

/** What the sampler is given by the watch. */
export interface ErrorWatchCore {
  now(): number;
  describe(error: unknown): ErrorText;
  isError(value: unknown): boolean;
  routeOf(request: object | undefined): string;
  guard<A extends unknown[]>(work: (...values: A) => void): (...values: A) => void;
}

/** What is kept under one symbol on the target's globalThis. */
export interface ErrorWatchHandle {
  token: string;
  core: ErrorWatchCore;
  sampler: ErrorSampler | undefined;
  flush(): ErrorFlush;
  /** Takes everything out; true when nothing of ours is left. Safe to call twice. */
  undo(): boolean;
}
