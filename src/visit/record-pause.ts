import type { Session } from '../cdp/session.ts';
import type { RawFrame } from './raw-stack.ts';

/** Frames whose variables are read; the rest only give their place. */
const FRAMES_WITH_VALUES = 4;
const VALUES_PER_FRAME = 8;
const VALUE_LENGTH = 60;

/**
 * Stops the main thread through the debugger just long enough to read its stack with arguments and locals of the
 * innermost frames, and lets it run on. Works inside `for(;;)` and regular expressions, not in native code.
 *
 * The target runs on whatever happens: `Debugger.disable` is sent in every case, and a broken connection resumes too.
 * @returns undefined when the pause was not reached within `timeoutMs`
 */
export async function recordPause(
  session: Session,
  timeoutMs = 1000,
): Promise<{ frames: RawFrame[]; pauseMs: number } | undefined> {
  try {
    const urls = new Map<string, string>();
    const off = session.on('Debugger.scriptParsed', ({ scriptId, url }) => void urls.set(scriptId, url));
    await session.send('Debugger.enable', {}, { timeoutMs });
    off();
    const paused = session.once('Debugger.paused', timeoutMs);
    // The rejection is handled below even if send fails first.
    paused.catch(() => {});
    await session.send('Debugger.pause', undefined, { timeoutMs });
    const { callFrames, asyncStackTrace: _ } = await paused;
    const began = performance.now();
    const frames: RawFrame[] = [];
    for (const [index, call] of callFrames.entries()) {
      const url = call.url !== '' ? call.url : (urls.get(call.location.scriptId) ?? '');
      const frame: RawFrame = {
        function: call.functionName,
        url,
        line: call.location.lineNumber + 1,
        column: (call.location.columnNumber ?? -1) + 1,
      };
      const scope = call.scopeChain.find(({ type }) => type === 'local');
      if (index < FRAMES_WITH_VALUES && scope?.object.objectId !== undefined) {
        const { result } = await session.send(
          'Runtime.getProperties',
          { objectId: scope.object.objectId, ownProperties: true },
          { timeoutMs: 200 },
        );
        frame.values = result
          .filter(({ name, value }) => value !== undefined && name !== 'this' && name !== 'arguments')
          .slice(0, VALUES_PER_FRAME)
          .map(({ name, value }) => ({ name, value: renderValue(value?.value, value?.description) }));
      }
      frames.push(frame);
    }
    await session.send('Debugger.resume', {}, { timeoutMs: 500 }).catch(() => {});
    return { frames, pauseMs: performance.now() - began };
  } catch {
    return undefined;
  } finally {
    await session.send('Debugger.disable', undefined, { timeoutMs: 500 }).catch(() => {});
  }
}

function renderValue(value: unknown, description: string | undefined): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (description ?? String(value));
  const line = text.replace(/\s+/g, ' ');
  return line.length > VALUE_LENGTH ? `${line.slice(0, VALUE_LENGTH - 1)}…` : line;
}
