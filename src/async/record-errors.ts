import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import {
  errorSamplerExpression,
  errorWatchCall,
  errorWatchExpression,
  errorWatchSelf,
} from './error-counter.ts';
import type { ErrorLog, ErrorSample, LoggedError } from './error-log.ts';
import { ErrorPauses } from './error-pauses.ts';
import { type ErrorFrame, readErrorStack } from './error-stack.ts';
import type { AnswerSample, ErrorFlush, ErrorText } from './error-state.ts';

export interface RecordErrorsOptions {
  /** CLOCK_MONOTONIC ms of the window's start: ms 0 of the log. */
  startMs: Milliseconds;
}

/** Answers of a target being counted. */
export interface ErrorRecording {
  /** Looks for errors behind failed answers, as soon as enough fail, until `untilMs` (ms after the window's start). */
  sample(untilMs: Milliseconds): Promise<void>;
  /** Takes everything out and gives what was seen; never throws. Safe to call twice. */
  stop(): Promise<ErrorLog>;
  /** Requests were told apart by async_hooks, which V8 does not quite forget: promises stay a little slower. */
  readonly linked: boolean;
  /** After `stop`: nothing is left in the target, as far as it could be asked. */
  clean: boolean;
}

const FLUSH_EVERY_MS = 500;
const DEAD_AFTER_MS = 15_000;
/** Fewer are no finding, and not worth a pause. */
const LEAST_FAILED = 3;
const LEAST_SHARE = 0.005;
/** Between two looks whether the next stop is to be asked for. */
const TURN_MS = 20;
const MOST_LOOKED = 10;
/** That all came by one line: as many say so well enough. */
const UNIFORM_LOOKED = 6;
const MOST_EXCEPTIONS = 20;
/** Thrown in failing requests only: as many of them are enough. */
const CLEAR_EXCEPTIONS = 4;
const LEAST_SAMPLING_MS = 1500;
const MOST_SAMPLES = 400;

/**
 * Puts the counter of answers into the session's thread.
 * @throws HolterError E_CDP when the target does not take it, E_CONNECTION_LOST, E_TIMEOUT
 */
export async function recordErrors(
  session: Session,
  { startMs }: RecordErrorsOptions,
): Promise<ErrorRecording> {
  const token = randomBytes(8).toString('hex');
  const { time } = await evaluate<{ time: number }>(
    session,
    errorWatchExpression({ token, deadAfterMs: DEAD_AFTER_MS }),
    { timeoutMs: 5000 },
  );
  const clock = () => Number(process.hrtime.bigint()) / 1e6;
  // The target may run on another machine: its clock is compared with ours once, here.
  const offset = clock() - time - startMs;
  const log: ErrorLog = {
    schema: 'holter.errors/1',
    fromMs: time + offset,
    toMs: time + offset,
    answers: 0,
    failed: 0,
    statuses: [],
    routes: [],
    uncaught: 0,
    rejected: 0,
    sampledFailed: 0,
    sampledPassed: 0,
    samples: [],
    pauses: [],
    notes: [],
  };
  const pauses = new ErrorPauses(session, token, (sample, answeredAt) => keepSample(sample, answeredAt));
  let stopped: Promise<ErrorLog> | undefined;
  let wake: () => void = () => {};
  const asleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const rest = (ms: number) => Promise.race([sleep(ms, undefined, { ref: false }), asleep, session.closed]);
  const goesOn = () => stopped === undefined && session.isOpen;

  function keepSample(sample: AnswerSample, answeredAt: ErrorFrame[]): void {
    if (log.samples.length >= MOST_SAMPLES) return;
    const { how, status, route, id } = sample;
    const error = sample.error === undefined ? null : loggedError(sample.error, pauses.framesOf(id));
    log.samples.push({ how, at: sample.time + offset, status, route, error, answeredAt });
  }

  function keep(flush: ErrorFlush): void {
    const { statuses, routes, samples, uncaughtSamples, pausesMs, sampledFailed, sampledPassed } = flush;
    log.toMs = flush.time + offset;
    log.answers = flush.answers;
    log.failed = flush.failed;
    log.uncaught = flush.uncaught;
    log.rejected = flush.rejected;
    log.statuses = statuses.map(([status, count]) => ({ status, count })).sort((a, b) => b.count - a.count);
    log.routes = routes
      .map(([route, status, count]) => ({ route, status, count }))
      .sort((a, b) => b.count - a.count);
    // Totals of a sampler; there is one, and none before and after it.
    log.sampledFailed = Math.max(log.sampledFailed, sampledFailed);
    log.sampledPassed = Math.max(log.sampledPassed, sampledPassed);
    for (const sample of samples) keepSample(sample, []);
    for (const { time: at, origin, error } of uncaughtSamples)
      if (log.samples.length < MOST_SAMPLES)
        log.samples.push(uncaughtSample(at + offset, origin, loggedError(error, [])));
    for (const ms of pausesMs) log.pauses.push({ at: flush.time + offset, ms, why: 'answer' });
  }

  let flushing: Promise<boolean> | undefined;
  function flush(): Promise<boolean> {
    flushing ??= evaluate<ErrorFlush | undefined>(session, errorWatchCall(token, 'flush()'), {
      timeoutMs: 3000,
    })
      .then((document) => {
        if (document === undefined) return false;
        keep(document);
        return true;
      })
      .catch(() => false)
      .finally(() => {
        flushing = undefined;
      });
    return flushing;
  }

  const polling = (async () => {
    while (goesOn()) {
      await rest(FLUSH_EVERY_MS);
      if (goesOn()) await flush();
    }
  })();

  const failsOften = () => log.failed >= LEAST_FAILED && log.failed >= LEAST_SHARE * log.answers;
  let sampling: Promise<void> = Promise.resolve();

  async function lookForErrors(untilMs: Milliseconds): Promise<void> {
    const now = () => clock() - startMs;
    while (goesOn() && !failsOften() && now() < untilMs) await rest(FLUSH_EVERY_MS / 2);
    if (!goesOn() || now() >= untilMs) return;
    const isIn = await evaluate<boolean>(session, errorSamplerExpression(token), { timeoutMs: 3000 });
    if (!isIn) return;
    await pauses.begin();
    const begun = now();
    try {
      while (goesOn() && now() < untilMs) {
        const looked = log.samples.filter(({ how }) => how === 'answered');
        const passed = log.samples.filter(({ how }) => how === 'passed').length;
        const blank = looked.filter(({ error }) => error === null).length;
        // Where the code that answers has no error in reach, it may have been passed on or thrown before.
        const isBlank = blank >= 2 && blank >= looked.length / 4;
        if (isBlank && !linked) {
          linked = true;
          await evaluate(session, errorWatchCall(token, 'sampler?.link()'), { timeoutMs: 2000 }).catch(
            () => {},
          );
          // They count for others of their kind, which are looked at again.
          log.samples = log.samples.filter(({ error }) => error !== null);
          continue;
        }
        const wantsThrown = isBlank && linked;
        const enough =
          (looked.length + Math.min(passed, MOST_LOOKED) >= MOST_LOOKED || isUniform(log.samples)) &&
          (!wantsThrown || pauses.exceptions >= MOST_EXCEPTIONS || isClear(log.samples)) &&
          now() - begun >= LEAST_SAMPLING_MS;
        if (enough) break;
        if (pauses.hasRoom()) {
          if (looked.length < MOST_LOOKED) await pauses.awaitAnswer();
          if (wantsThrown && pauses.exceptions < MOST_EXCEPTIONS) await pauses.awaitException();
        }
        await rest(TURN_MS);
      }
      // What was thrown in a request is told at its end.
      if (pauses.exceptions > 0) await rest(Math.min(300, Math.max(0, untilMs - now())));
    } finally {
      await pauses.end();
      await flush();
      const out = `((h) => { const clean = h?.sampler?.undo() ?? true; if (h) h.sampler = undefined; return clean; })(${errorWatchSelf(token)})`;
      const isOut = await evaluate<boolean>(session, out, { timeoutMs: 3000 }).catch(() => true);
      if (isOut === false) isWrapped = true;
    }
  }
  let isWrapped = false;
  let linked = false;

  const recording: ErrorRecording = {
    clean: false,
    get linked() {
      return linked;
    },
    sample(untilMs) {
      sampling = lookForErrors(untilMs).catch(() => {});
      return sampling;
    },
    stop() {
      stopped ??= (async () => {
        wake();
        await polling;
        await sampling;
        if (session.isOpen && !(await flush()))
          log.notes.push('the target gave nothing at the end: answers of its last half second are missing');
        const out = await evaluate<boolean>(session, `${errorWatchCall(token, 'undo()')} ?? true`, {
          timeoutMs: 3000,
        }).catch(() => false);
        recording.clean = out === true && !isWrapped;
        log.pauses.push(
          ...pauses.taken.map(({ at, ms }) => ({ at: at - startMs, ms, why: 'exception' as const })),
        );
        return log;
      })();
      return stopped;
    },
  };
  return recording;
}

/** What the target told of an error, its stack read; `thrownAt` where it has none of its own. */
function loggedError(text: ErrorText, thrownAt: readonly ErrorFrame[]): LoggedError {
  const { name, message, code, stack, cause } = text;
  const own = readErrorStack(stack, message);
  return {
    name,
    message,
    code,
    frames: own.length > 0 ? own : [...thrownAt],
    ...(cause === undefined ? {} : { cause: loggedError(cause, []) }),
  };
}

function isUniform(samples: readonly ErrorSample[]): boolean {
  return (
    samples.length >= UNIFORM_LOOKED &&
    samples.every(({ how, error }) => how === 'answered' && error !== null) &&
    new Set(samples.map(lineOf)).size === 1
  );
}

const lineOf = ({ error }: ErrorSample): string =>
  `${error?.name} ${error?.frames[0]?.url}:${error?.frames[0]?.line}`;

/** Enough was thrown in requests that fail, by what is not thrown in others. */
function isClear(samples: readonly ErrorSample[]): boolean {
  const thrown = samples.filter(({ how }) => how === 'thrown');
  const usual = new Set(thrown.filter(({ status }) => status < 500).map(lineOf));
  return thrown.filter((one) => one.status >= 500 && !usual.has(lineOf(one))).length >= CLEAR_EXCEPTIONS;
}

function uncaughtSample(at: Milliseconds, origin: string, error: LoggedError): ErrorSample {
  const how = origin === 'unhandledRejection' ? 'rejected' : 'uncaught';
  return { how, at, status: 0, route: '', error, answeredAt: [] };
}
