import type { AsyncLog } from '../async/async-log.ts';
import { type AsyncRecording, recordAsync } from '../async/record-async.ts';
import type { StartPart } from './inside-part.ts';

/**
 * A main thread that computes nearly all the time does not wait: what it would tell of waits is its own queue, and the
 * recorder would cost where there is nothing to spare.
 */
const BUSY_PERCENT = 92;

/** Asynchronous operations, from a third of the window on (the first third's profile stays free of the recorder). */
export const startAsyncPart: StartPart = async ({ session, clock, node, act, note }) => {
  let recording: AsyncRecording | undefined;
  return {
    async middle({ mainCpuPercent }) {
      if (mainCpuPercent > BUSY_PERCENT) return;
      recording = await recordAsync(session, { startMs: clock.startMs, node }).catch(() => undefined);
      if (recording !== undefined)
        act(
          'recorder of waits put in: async_hooks, diagnostics_channel, net.Socket writes',
          0,
          'until leaving',
        );
    },
    async stop() {
      const log = await recording?.stop().catch(() => undefined);
      if (recording === undefined || log === undefined) return undefined;
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
      };
    },
  };
};

/** The program's frames of all stacks: their sources are kept. */
export function framesOf(log: AsyncLog): { function: string; url: string; line: number; column: number }[] {
  return log.frames
    .filter(([, url]) => url !== '' && !url.startsWith('node:') && !url.includes('/node_modules/'))
    .map(([name, url, line, column]) => ({ function: name, url, line, column }));
}
