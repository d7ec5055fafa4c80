import type { ErrorLog } from '../async/error-log.ts';
import type { ErrorFrame } from '../async/error-stack.ts';
import { recordErrors } from '../async/record-errors.ts';
import type { StartPart } from './inside-part.ts';

/** Looking for errors ends so long before the window: nothing may stand when the stack of a stuck loop is read. */
const END_BEFORE_MS = 900;

/** Failed answers, counted for the whole window; the errors behind them, looked for when enough fail. */
export const startErrorsPart: StartPart = async ({ session, clock, untilMs, act, note }) => {
  const recording = await recordErrors(session, { startMs: clock.startMs });
  act(
    'answers counted: diagnostics_channel http.server.response.finish, uncaughtExceptionMonitor',
    0,
    'until leaving',
  );
  return {
    async middle() {
      // Not waited for: a window that ends early would go on until then.
      void recording.sample(untilMs - END_BEFORE_MS);
    },
    async stop() {
      const log = await recording.stop();
      if (log.pauses.length > 0) {
        const sum = log.pauses.reduce((total, { ms }) => total + ms, 0);
        const longest = Math.max(...log.pauses.map(({ ms }) => ms));
        act(
          `paused ${log.pauses.length} times to read an error and the lines it came by, resumed`,
          Math.round(longest * 10) / 10,
          `${Math.ceil(sum)} ms in all`,
        );
      }
      if (recording.linked)
        act(
          'requests told apart by async_hooks, to find what was thrown in those that fail',
          0,
          'until leaving; V8 keeps promises a little slower until the process ends',
        );
      act('counter of answers taken out', 0, recording.clean ? 'nothing of it left' : 'not verified');
      for (const sentence of log.notes) note(sentence);
      if (!recording.clean && session.isOpen)
        note('another tool wrapped ServerResponse.writeHead meanwhile: an empty wrapper of it stays');
      return {
        name: 'errors.json',
        kind: 'errors',
        json: JSON.stringify(log),
        fromMs: log.fromMs,
        toMs: log.toMs,
        frames: framesOf(log),
      };
    },
  };
};

/** The program's frames of all errors: their sources are kept. */
function framesOf(log: ErrorLog): ErrorFrame[] {
  return log.samples
    .flatMap(({ error, answeredAt }) => [
      ...(error?.frames ?? []),
      ...(error?.cause?.frames ?? []),
      ...answeredAt,
    ])
    .filter(({ url }) => url !== '' && !url.startsWith('node:') && !url.includes('/node_modules/'));
}
