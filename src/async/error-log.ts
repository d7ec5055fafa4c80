import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import type { ErrorFrame } from './error-stack.ts';

/**
 * `errors.json` of a recording: failed answers of a target and the errors behind some of them, before source maps and
 * before any grouping. Times are ms after the window's start. Format: docs/formats/errors-json.md.
 */
export interface ErrorLog {
  schema: 'holter.errors/1';
  /** Times between which answers were counted. */
  fromMs: Milliseconds;
  toMs: Milliseconds;
  /** HTTP answers, and those of them with a status of 500 and more. */
  answers: number;
  failed: number;
  statuses: { status: number; count: number }[];
  /** Failed ones. `GET /orders/:id`. */
  routes: { route: string; status: number; count: number }[];
  /** Errors that no handler of a request met and that the program survived. */
  uncaught: number;
  rejected: number;
  /** Answers that failed while requests were told apart, and those of them with an error that had been passed on. */
  sampledFailed: number;
  sampledPassed: number;
  samples: ErrorSample[];
  /** How long the main thread stood still for a sample. */
  pauses: { at: Milliseconds; ms: Milliseconds; why: 'answer' | 'exception' }[];
  /** What was left out and why, in sentences. */
  notes: string[];
}

/**
 * - `answered`: in reach of the code that wrote a failed answer.
 * - `passed`: given to a callback (nextTick, setImmediate) in a request that failed.
 * - `thrown`: thrown in a request; its status tells whether that failed.
 * - `uncaught`, `rejected`: met by no handler (`uncaughtException`, `unhandledRejection`).
 */
export type ErrorHow = 'answered' | 'passed' | 'thrown' | 'uncaught' | 'rejected';

export interface ErrorSample {
  how: ErrorHow;
  at: Milliseconds;
  /** Of the answer; 0 for uncaught ones. */
  status: number;
  route: string;
  /** Null: no error was in reach of the code that answered. */
  error: LoggedError | null;
  /** Where the answer was written, innermost first; empty unless `answered`. */
  answeredAt: ErrorFrame[];
}

/** Texts are the program's own, cut: names 80, messages 300 characters. */
export interface LoggedError {
  name: string;
  message: string;
  /** Node's, a driver's or the program's own: `ECONNREFUSED`; '' none. */
  code: string;
  /** Where it was made (or, of what is no Error, thrown), innermost first. */
  frames: ErrorFrame[];
  cause?: Omit<LoggedError, 'cause'>;
}

/**
 * Reads `errors.json`.
 * @throws HolterError E_FILE_FORMAT
 */
export function readErrorLog(text: string, name = 'errors.json'): ErrorLog {
  let log: Partial<ErrorLog> | null;
  try {
    log = JSON.parse(text) as Partial<ErrorLog> | null;
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name} is not JSON`, { cause });
  }
  if (log?.schema !== 'holter.errors/1')
    throw new HolterError('E_FILE_FORMAT', `${name} is no holter.errors/1`);
  const { statuses, routes, samples, pauses, notes, fromMs, toMs, answers, failed } = log;
  const isWhole =
    [statuses, routes, samples, pauses, notes].every(Array.isArray) &&
    [fromMs, toMs, answers, failed].every(Number.isFinite) &&
    samples!.every(isSample);
  if (!isWhole) throw new HolterError('E_FILE_FORMAT', `${name} is not whole`);
  return { uncaught: 0, rejected: 0, sampledFailed: 0, sampledPassed: 0, ...log } as ErrorLog;
}

function isSample(sample: ErrorSample | null): boolean {
  return (
    typeof sample?.how === 'string' &&
    typeof sample.route === 'string' &&
    Number.isFinite(sample.status) &&
    areFrames(sample.answeredAt) &&
    (sample.error === null ||
      (isError(sample.error) && (sample.error.cause === undefined || isError(sample.error.cause))))
  );
}

function isError(error: LoggedError | LoggedError['cause'] | null): boolean {
  const { name, message, code, frames } = error ?? {};
  return [name, message, code].every((text) => typeof text === 'string') && areFrames(frames);
}

function areFrames(frames: unknown): boolean {
  return (
    Array.isArray(frames) &&
    frames.every(
      (frame: ErrorFrame | null) =>
        typeof frame?.url === 'string' && typeof frame.function === 'string' && Number.isFinite(frame.line),
    )
  );
}

const TIMEOUT_CODES =
  /^(?:ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_\w*TIMEOUT|ABORT_ERR|ERR_CANCELED|ECONNABORTED|23|20)$/;

/**
 * True for an error by which a program gives up on somebody who does not answer: TimeoutError, AbortError, and the codes
 * of Node, undici, axios and request. 23 and 20 are what DOMException calls the two. Its cause counts too.
 */
export function isTimeoutError(error: Pick<LoggedError, 'name' | 'code' | 'cause'>): boolean {
  return (
    /^(?:TimeoutError|AbortError|\w*TimeoutError)$/.test(error.name) ||
    TIMEOUT_CODES.test(error.code) ||
    (error.cause !== undefined && isTimeoutError(error.cause))
  );
}
