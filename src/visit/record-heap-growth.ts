import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Seconds } from '../base/units.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import type { HeapNeed } from './heap-need.ts';
import { askNeed, type HeapVisit } from './heap-visit.ts';
import { takeSnapshot } from './snapshot-visit.ts';

/** Time between the two: long enough for a leak to show, short enough to be waited for. */
const SPAN_SECONDS = { least: 5, most: 30 };

/**
 * Two heap snapshots of the main thread, for what grows between them. Over the session that is open already, so that
 * objects keep their numbers. Returns what went wrong as sentences; the visit has its other evidence.
 */
export async function recordHeapGrowth(
  visit: HeapVisit,
  options: {
    agree: (need: HeapNeed) => Promise<boolean>;
    writer: RecordingWriter;
    signal: AbortSignal;
    /** Length of the window before. */
    seconds: Seconds;
    onStep: ((what: string) => void) | undefined;
  },
): Promise<string[]> {
  const { writer, signal, onStep } = options;
  const { session } = visit.attachment;
  const thread = { name: 'main', session };
  try {
    const need = await askNeed('snapshot', visit, thread);
    if (!(await options.agree(need))) return ['no heap snapshots were taken: not agreed to'];
    const span = Math.min(SPAN_SECONDS.most, Math.max(SPAN_SECONDS.least, options.seconds));
    for (const round of [1, 2]) {
      if (round === 2) {
        onStep?.('waiting for the second heap snapshot');
        await Promise.race([sleep(span * 1000, undefined, { signal }).catch(() => {}), session.closed]);
      }
      const name = `heap-${round}.heapsnapshot`;
      const fromMs = visit.clock.now();
      await writer.addWritten({ name, kind: 'heap-snapshot', thread: 'main', fromMs }, async (path) => {
        const { bytes } = await takeSnapshot(path, thread, {
          pid: visit.pid,
          act: visit.act,
          signal,
          collect: false,
          flow: session,
          ...(onStep === undefined
            ? {}
            : { onStep: (what) => onStep(`heap snapshot ${round} of 2: ${what}`) }),
        });
        return bytes;
      });
    }
    return [];
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
    return [`heap snapshots: ${error.message}`];
  }
}
