import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import type { AsyncLog } from './async-log.ts';
import { AsyncLogBuilder } from './build-async-log.ts';
import { recorderCall, recorderExpression } from './recorder-source.ts';
import { type Flush, RECORDER_SLOTS, type RecorderHandle, ROW } from './recorder-state.ts';

export interface RecordAsyncOptions {
  /** CLOCK_MONOTONIC ms of the window's start: ms 0 of the log. */
  startMs: Milliseconds;
  /** Creating stacks per second; 0 = none. Default 200. */
  stacks?: number;
  /** Node version of the target, for the log. */
  node?: string;
  /** After each flush: how many requests and operations there are so far. */
  onFlush?: (counts: { requests: number; operations: number }) => void;
}

/** A recorder that runs in a target. */
export interface AsyncRecording {
  /**
   * Takes the recorder out and gives what it wrote. Never throws for a target that died or hangs meanwhile: then the
   * log ends with its last flush, and says so. Safe to call twice.
   */
  stop(): Promise<AsyncLog>;
  /** True when after `stop` nothing of the recorder is left in the target, as far as it could be asked. */
  clean: boolean;
}

const FLUSH_EVERY_MS = 250;
const FIRST_FLUSH_MS = 60;
const DEAD_AFTER_MS = 15_000;
const DEFAULT_STACKS = 200;
const ROWS_PER_FLUSH = 3000;
/** Numbers of one slot in the recorder's table of async ids: two Float64, two Int32. */
const SLOT_BYTES = 24;

/** What the recorder's tables take in the target, outside the heap: 3.4 MB. */
export const RECORDER_BYTES: number = RECORDER_SLOTS * SLOT_BYTES + ROWS_PER_FLUSH * ROW.length * 8;

/**
 * Puts the recorder into the session's thread and collects what it flushes, until `stop`.
 * Bounds: about 200 requests followed and 12 000 operations written down each second, the rest counted.
 * @throws HolterError E_CDP when the target does not take the recorder, E_CONNECTION_LOST, E_TIMEOUT
 */
export async function recordAsync(session: Session, options: RecordAsyncOptions): Promise<AsyncRecording> {
  const token = randomBytes(8).toString('hex');
  const { time } = await evaluate<{ time: number }>(
    session,
    recorderExpression({
      token,
      stacksPerSecond: options.stacks ?? DEFAULT_STACKS,
      requestsPerFlush: 50,
      rowsPerFlush: ROWS_PER_FLUSH,
      slots: RECORDER_SLOTS,
      callsPerMs: 60,
      slicePart: 0.25,
      costLimit: 0.1,
      deadAfterMs: DEAD_AFTER_MS,
    }),
    { timeoutMs: 5000 },
  );
  // The target may run on another machine: its clock is compared with ours once, here.
  const fromMs = Number(process.hrtime.bigint()) / 1e6 - options.startMs;
  const builder = new AsyncLogBuilder({ clockMs: time, fromMs, node: options.node ?? '' });
  builder.survey(await ask<Survey>(session, token, 'survey()'));

  let stopped: Promise<AsyncLog> | undefined;
  let wake: () => void = () => {};
  const asleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  let first = true;
  const polling = (async () => {
    while (stopped === undefined && session.isOpen) {
      // The first one soon: a busy process is told apart by then, and listened to in slices.
      const pause = first ? FIRST_FLUSH_MS : FLUSH_EVERY_MS;
      first = false;
      await Promise.race([sleep(pause, undefined, { ref: false }), asleep, session.closed]);
      if (stopped !== undefined || !session.isOpen) break;
      await flush();
    }
  })();

  /** False when the target gave nothing. */
  async function flush(): Promise<boolean> {
    for (let tries = 0; tries < 20 && session.isOpen; tries++) {
      const text = await evaluate<string | undefined>(session, recorderCall(token, 'flush()'), {
        timeoutMs: 3000,
      }).catch(() => undefined);
      if (text === undefined) return false;
      // In the middle of its own code: that takes microseconds.
      if (text === '') continue;
      let document: Flush;
      try {
        document = JSON.parse(text) as Flush;
      } catch {
        // A program that patches JSON or Array prototypes spoils its own text: lose the flush, not the recording.
        builder.note('a part of what was recorded came garbled and is left out');
        return false;
      }
      builder.add(document);
      options.onFlush?.({ requests: document.counts.requests, operations: document.counts.rows });
      return true;
    }
    return false;
  }

  const recording: AsyncRecording = {
    clean: false,
    stop() {
      stopped ??= (async () => {
        wake();
        await polling;
        const last = await flush();
        if (last) {
          const survey = await ask<Survey>(session, token, 'survey()');
          builder.survey(survey);
        } else
          builder.note(
            'the target gave nothing at the end: what it did in the last 250 ms is missing (it hangs, or another visit took the recorder out)',
          );
        recording.clean =
          (await evaluate<boolean>(session, `${recorderCall(token, 'undo()')} ?? true`, {
            timeoutMs: 3000,
          }).catch(() => false)) === true;
        if (builder.isEmpty && session.isOpen && !(await turns(session)))
          builder.note('the event loop does not turn, so nothing could begin: holter stack says where it is');
        if (!recording.clean && session.isOpen)
          builder.note(
            'another tool wrapped net.Socket meanwhile: holter is out, an empty wrapper of it stays',
          );
        return builder.finish();
      })();
      return stopped;
    },
  };
  return recording;
}

/** True when the event loop comes round within half a second. */
function turns(session: Session): Promise<boolean> {
  return evaluate<boolean>(session, 'new Promise((resolve) => setImmediate(resolve, true))', {
    awaitPromise: true,
    timeoutMs: 500,
  }).catch(() => false);
}

type Survey = ReturnType<RecorderHandle['survey']>;

function ask<T>(session: Session, token: string, call: string): Promise<T | undefined> {
  return evaluate<T>(session, recorderCall(token, call), { timeoutMs: 3000 }).catch(() => undefined);
}
