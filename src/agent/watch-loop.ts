import type { Milliseconds } from '../base/units.ts';
import type { BoxEvent } from '../metrics/black-box.ts';
import { lookAtMain } from './main-session.ts';
import { readMainThread, readNativeState } from './process-readings.ts';

/** A main thread in JavaScript answers in an interrupt within milliseconds. */
const ANSWER_MS = 500;
/** Memory more within one turn of the loop that is worth a look: before V8 gives up, there is little time. */
const JUMP_BYTES = 24e6;
const JUMP_COOLDOWN_MS = 60_000;
/** Starting up loads and compiles for seconds: that is no news until it is very long. */
const START_FACTOR = 10;

/**
 * Notices from outside the main thread that its loop does not turn. The count of the delay histogram stands still then;
 * a second look confirms it, so that the worker's own lateness (a machine without CPU, a stopped process) is not taken
 * for the loop's.
 */
export interface LoopWatch {
  /** One look, at a steady pace; returns how long the loop has not turned, ms. */
  tick(now: Milliseconds, count: number): Milliseconds;
}

export function watchLoop(
  blockedMs: Milliseconds,
  periodMs: Milliseconds,
  tell: (event: BoxEvent) => void,
  hasTurned: () => boolean,
  look: (answerMs: Milliseconds) => ReturnType<typeof lookAtMain> = lookAtMain,
): LoopWatch {
  let lastCount = -1;
  let lastTurn = 0;
  let lastTick = 0;
  let told: Milliseconds | undefined;
  let atTurn = readMainThread();
  let rssAtTurn = process.memoryUsage.rss();
  let jumped = Number.NEGATIVE_INFINITY;

  const reportJump = async (grown: number): Promise<void> => {
    const seen = await look(ANSWER_MS).catch(() => undefined);
    if (seen === undefined) return;
    const own = seen.frames.find(({ file }) => !file.startsWith('node:')) ?? seen.frames[0];
    const place = own === undefined ? '' : `: in ${own.function} (${own.file}:${own.line})`;
    tell({
      kind: 'memory-jump',
      at: new Date().toISOString(),
      text: `${Math.round(grown / 1e6)} MB more memory within one turn of the event loop${place}`,
      stack: seen.frames,
      numbers: { grownBytes: grown, heapUsedBytes: seen.heapUsedBytes },
    });
  };

  const report = async (forMs: Milliseconds): Promise<void> => {
    const { cpuSeconds, waitSeconds } = readMainThread();
    const numbers: Record<string, number> = { forMs: Math.round(forMs) };
    if (Number.isFinite(cpuSeconds)) {
      numbers.cpuMs = Math.round((cpuSeconds - atTurn.cpuSeconds) * 1000);
      numbers.waitedForCpuMs = Math.round((waitSeconds - atTurn.waitSeconds) * 1000);
    }
    const event: BoxEvent = {
      kind: 'event-loop-blocked',
      at: new Date().toISOString(),
      text: `the event loop has not turned for ${Math.round(forMs)} ms`,
      numbers,
    };
    try {
      const seen = await look(ANSWER_MS);
      event.stack = seen.frames;
      numbers.heapUsedBytes = seen.heapUsedBytes;
      const own = seen.frames.find(({ file }) => !file.startsWith('node:')) ?? seen.frames[0];
      if (own !== undefined) event.text += `: in ${own.function} (${own.file}:${own.line})`;
    } catch {
      event.native = readNativeState();
      event.text += ': it is inside a native call';
    }
    tell(event);
  };

  return {
    tick(now, count) {
      const wasLate = lastTick > 0 && now - lastTick > 3 * periodMs + 100;
      lastTick = now;
      if (count !== lastCount || wasLate || lastTurn === 0) {
        if (told !== undefined && count !== lastCount) {
          const ms = Math.round(now - lastTurn);
          tell({
            kind: 'event-loop-unblocked',
            at: new Date().toISOString(),
            text: `the event loop turns again, after about ${ms} ms`,
            numbers: { forMs: ms },
          });
          told = undefined;
        }
        lastCount = count;
        lastTurn = now;
        atTurn = readMainThread();
        rssAtTurn = process.memoryUsage.rss();
        return 0;
      }
      const forMs = now - lastTurn;
      const grown = process.memoryUsage.rss() - rssAtTurn;
      if (hasTurned() && grown > JUMP_BYTES && now - jumped > JUMP_COOLDOWN_MS) {
        jumped = now;
        void reportJump(grown);
      }
      const limit = hasTurned() ? blockedMs : blockedMs * START_FACTOR;
      // Told again when it has become ten times as long: then it is stuck, and the second stack says whether it moves.
      if (blockedMs > 0 && forMs >= (told === undefined ? limit : told * 10)) {
        told = forMs;
        void report(forMs);
      }
      return forMs;
    },
  };
}
