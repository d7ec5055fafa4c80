import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Seconds } from '../base/units.ts';
import type { ClassHistogram } from '../heap/class-histogram.ts';
import { recordHistogram } from '../heap/record-histogram.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import type { HeapNeed } from './heap-need.ts';
import { askNeed, chooseThread, type HeapVisitOptions, openThreads, visitHeap } from './heap-visit.ts';
import type { VisitTarget } from './visit.ts';

export interface HistogramVisitOptions extends HeapVisitOptions {
  /** Seconds between two counts; 0 = one count. */
  seconds: Seconds;
  /** `main`, `all`, or a worker's number or name. */
  thread: string;
  writer: RecordingWriter;
}

/** Content of a `heap-histogram` file in a recording. */
export interface HistogramFile extends ClassHistogram {
  schema: 'holter.class-histogram/1';
}

export interface CountedThread {
  thread: string;
  /** One, or two a window apart. */
  counts: ClassHistogram[];
  need: HeapNeed;
}

/**
 * One visit that counts objects by class, once or twice: attaches, estimates what it costs, asks, counts, leaves, and
 * writes the recording. Ctrl-C between the two counts keeps the first.
 *
 * @throws HolterError of target/attach and heap/record-histogram, E_NO_MATCH (thread), E_WRITE, E_INTERRUPTED (before the
 *   first count), and what `agree` throws
 */
export async function histogramVisit(
  target: VisitTarget,
  options: HistogramVisitOptions,
): Promise<{ threads: CountedThread[]; manifest: RecordingManifest }> {
  const { seconds, signal, onStep, writer } = options;
  const notes: string[] = [];
  const { result: threads, manifest } = await visitHeap(target, options, seconds, async (visit) => {
    const { attachment, act } = visit;
    const opened =
      options.thread === 'main'
        ? { threads: [{ name: 'main', session: attachment.session }], leave: async () => {} }
        : await openThreads(attachment);
    try {
      const wanted =
        options.thread === 'all' ? opened.threads : [chooseThread(opened.threads, options.thread)];
      const counted: CountedThread[] = [];
      const plan: { thread: (typeof wanted)[number]; need: HeapNeed }[] = [];
      for (const thread of wanted) plan.push({ thread, need: await askNeed('histogram', visit, thread) });
      // One question for all of them: the largest decides.
      const largest = plan.reduce((most, each) =>
        each.need.usedHeapBytes > most.need.usedHeapBytes ? each : most,
      );
      if (!(await options.agree(largest.need)) || signal.aborted)
        throw new HolterError('E_INTERRUPTED', 'nothing was counted; the target was left as it was');
      const countAll = async (round: number): Promise<void> => {
        for (const { thread, need } of plan) {
          onStep?.(`counting ${thread.name}`);
          try {
            const count = await recordHistogram(thread.session, thread.name);
            act(
              `${thread.name === 'main' ? '' : `${thread.name}: `}objects counted by class`,
              count.pauseMs,
              `full collection and a walk, paused at most ${Math.ceil(count.pauseMs)} ms`,
            );
            if (round === 0) counted.push({ thread: thread.name, counts: [count], need });
            else counted.find((each) => each.thread === thread.name)?.counts.push(count);
          } catch (error) {
            if (!attachment.session.isOpen)
              throw new HolterError('E_TARGET_EXITED', 'the target ended while its objects were counted', {
                cause: error,
              });
            if (wanted.length === 1 && round === 0) throw error;
            notes.push(`${thread.name}: not counted (${(error as Error).message})`);
          }
        }
      };
      await countAll(0);
      if (seconds > 0) {
        onStep?.('waiting for the second count');
        await Promise.race([
          sleep(seconds * 1000, undefined, { signal }).catch(() => {}),
          attachment.session.closed,
        ]);
        if (!attachment.session.isOpen)
          notes.push('the target ended before the second count: only the first is shown');
        else if (signal.aborted) notes.push('ended before the second count: only the first is shown');
        else await countAll(1);
      }
      return counted;
    } finally {
      await opened.leave();
    }
  });
  for (const { thread, counts } of threads) {
    for (const [index, count] of counts.entries()) {
      const stem = thread === 'main' ? 'main' : thread.replace(/[^\w.-]+/g, '-');
      const content: HistogramFile = { schema: 'holter.class-histogram/1', ...count };
      await writer.add(
        { name: `${stem}-${index + 1}.histogram.json`, kind: 'heap-histogram', thread },
        JSON.stringify(content),
      );
    }
  }
  if (notes.length > 0) manifest.notes = notes;
  manifest.files.push(...writer.files);
  await writer.finish(manifest);
  return { threads, manifest };
}
