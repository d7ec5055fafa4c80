import { setTimeout as sleep } from 'node:timers/promises';
import type { AsyncLog } from '../async/async-log.ts';
import { type AsyncRecording, RECORDER_BYTES, recordAsync } from '../async/record-async.ts';
import { type RequestTimes, startRequestProbe } from '../async/request-probe.ts';
import type { StartPart } from './inside-part.ts';

/**
 * A main thread that computes nearly all the time does not wait: what it would tell of waits is its own queue, and the
 * recorder would cost where there is nothing to spare.
 */
const BUSY_PERCENT = 92;
/** As of the rules: what takes longer is slow. ms */
const SLOW_MS = 200;
/** A queue before an upstream, or a lock, shows in requests of this length. ms */
const QUEUED_MS = 40;
/** How often the requests' times are looked at, and how much of the window a recording needs. ms */
const LOOK_EVERY_MS = 400;
const SHORTEST_MS = 1500;

/**
 * Asynchronous operations, from a third of the window on (the first third's profile stays free of the recorder), and only
 * where requests take so long, or fail, that there is something to explain.
 */
export const startAsyncPart: StartPart = async ({ session, clock, node, untilMs, act, note }) => {
  const probe = await startRequestProbe(session);
  const over = new AbortController();
  let recording: AsyncRecording | undefined;
  let waiting: Promise<void> = Promise.resolve();

  async function recordWhenSlow(): Promise<void> {
    while (!over.signal.aborted && session.isOpen && clock.now() < untilMs - SHORTEST_MS) {
      const times = await probe.read(SLOW_MS);
      if (times !== undefined && asksWhy(times)) {
        recording = await recordAsync(session, { startMs: clock.startMs, node }).catch(() => undefined);
        if (recording !== undefined)
          act(
            'recorder of waits put in: async_hooks, diagnostics_channel, net.Socket writes',
            0,
            'until leaving; V8 keeps promises a little slower until the process ends',
          );
        return;
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  }

  return {
    async middle({ mainCpuPercent }) {
      if (mainCpuPercent <= BUSY_PERCENT) waiting = recordWhenSlow();
    },
    async stop() {
      over.abort();
      await waiting;
      const times = recording === undefined ? await probe.read(SLOW_MS) : undefined;
      await probe.stop();
      const log = await recording?.stop().catch(() => undefined);
      if (recording === undefined || log === undefined)
        return times === undefined
          ? undefined
          : { name: 'requests.json', kind: 'requests', json: JSON.stringify(times), frames: [] };
      act(
        'recorder of waits taken out',
        0,
        recording.clean ? 'nothing of it left' : 'an empty wrapper stays',
      );
      if (!recording.clean) note('another tool wrapped net.Socket meanwhile: an empty wrapper of it stays');
      return {
        name: 'async.json',
        kind: 'async',
        json: JSON.stringify(log),
        fromMs: log.fromMs,
        toMs: log.toMs,
        frames: framesOf(log),
        ownBytes: RECORDER_BYTES,
      };
    },
  };
};

/** Slow, queued or failed requests and errors that nobody catches ask for a reason; a single one does not. */
function asksWhy({ ended, median, slow, failed, uncaught }: RequestTimes): boolean {
  return slow >= 2 || failed >= 2 || uncaught >= 2 || (ended >= 5 && median >= QUEUED_MS);
}

/** The program's frames of all stacks: their sources are kept. */
export function framesOf(
  log: Pick<AsyncLog, 'frames'>,
): { function: string; url: string; line: number; column: number }[] {
  return log.frames
    .filter(([, url]) => url !== '' && !url.startsWith('node:') && !url.includes('/node_modules/'))
    .map(([name, url, line, column]) => ({ function: name, url, line, column }));
}
