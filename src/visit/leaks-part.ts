import { type LeakRecording, recordLeaks } from '../async/record-leaks.ts';
import { evaluate } from '../cdp/evaluate.ts';
import { collectOnce } from '../heap/record-collection.ts';
import { STATE_EXPRESSION } from '../target/bridge-source.ts';
import { framesOf } from './async-part.ts';
import type { PartContext, StartPart } from './inside-part.ts';
import { watchDescriptors } from './leak-descriptors.ts';

/** A collection costs about 1 ms a MB: beyond this size it is not done unasked. */
const COLLECT_LIMIT_BYTES = 256 * 2 ** 20;

/** Handles, listeners, timers, promises and descriptors: counted over the whole window, stacks of what grows. */
export const startLeaksPart: StartPart = async (context) => {
  const { session, clock, node, pid, act, note } = context;
  const descriptors = pid === undefined ? undefined : watchDescriptors(pid, () => clock.now());
  const recording: LeakRecording | undefined = await recordLeaks(session, {
    startMs: clock.startMs,
    node,
    untilMs: context.untilMs,
    collect: () => collect(context),
    filesGrow: () => descriptors?.filesGrow() ?? false,
    onArm: (what) =>
      act(
        what === '' ? 'requests without an answer counted' : `creating stacks sampled: ${what}`,
        0,
        leavesTrace(node, what)
          ? 'until leaving; V8 keeps promises a little slower until the process ends'
          : 'until leaving',
      ),
  }).catch(() => undefined);
  if (recording !== undefined)
    act(
      'resources counted four times a second; functions that add listeners wrapped',
      0,
      'put back on leaving',
    );
  return {
    async middle() {
      recording?.allowStacks();
    },
    async stop() {
      const counted = descriptors?.stop();
      const log = await recording?.stop(counted);
      if (recording !== undefined) {
        act(
          'recorder of leaks taken out',
          0,
          recording.clean ? 'nothing of it left' : 'an empty wrapper stays, or the target gave no answer',
        );
        if (!recording.clean && session.isOpen)
          note('another tool wrapped EventEmitter or fs meanwhile: an empty wrapper of it stays');
      }
      if (log === undefined) return undefined;
      const armedAt = log.armedAt[log.types.indexOf('PROMISE')] ?? 0;
      if (log.collected && log.toMs - armedAt < SHORT_MS)
        note(
          'promises seem to pile up, but that was seen too late in the window to say which: look again with -d 15s',
        );
      return {
        name: 'leaks.json',
        kind: 'leaks',
        json: JSON.stringify(log),
        fromMs: log.fromMs,
        toMs: log.toMs,
        frames: framesOf(log),
      };
    },
  };
};

/** From Node 24 on a hook may leave promises out, and then nothing of it stays in V8. */
function leavesTrace(node: string, what: string): boolean {
  return what !== '' && (Number.parseInt(node, 10) < 24 || what.includes('promises'));
}

/** As of the judgement (doctor/leak-sites.ts). */
const SHORT_MS = 1400;

interface Memory {
  heapUsed: number;
  external: number;
  rss: number;
}

/** One full collection, told to the visit: what is unreachable is no leak. Bytes held then; undefined when it would take too long. */
async function collect({
  session,
  clock,
  consent,
  act,
  note,
  forced,
}: PartContext): Promise<number | undefined> {
  const read = () => evaluate<Memory>(session, `${STATE_EXPRESSION}.memory()`, { timeoutMs: 5000 });
  try {
    const { heapUsed } = await read();
    if (heapUsed > COLLECT_LIMIT_BYTES && !consent) {
      note(
        `objects seem to pile up, but telling those that are held would pause the process for about ${(heapUsed / 1e9).toFixed(1)} s: run again with --yes`,
      );
      return undefined;
    }
    const begin = performance.now();
    await collectOnce(session, { timeoutMs: 10_000 });
    const memory = await read();
    const pauseMs = performance.now() - begin;
    act(
      'collection, to tell what is held from garbage',
      pauseMs,
      `full collection, paused at most ${Math.ceil(pauseMs)} ms`,
    );
    forced({
      at: clock.now(),
      usedAfterBytes: memory.heapUsed,
      externalAfterBytes: memory.external,
      rssAfterBytes: memory.rss,
    });
    return memory.heapUsed;
  } catch {
    return undefined;
  }
}
