import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';
import { recordSnapshot } from '../heap/record-snapshot.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import type { HeapNeed } from './heap-need.ts';
import {
  askNeed,
  chooseThread,
  type HeapVisitOptions,
  openThreads,
  visitHeap,
  watchRss,
} from './heap-visit.ts';
import { beginSnapshotFile } from './snapshot-file.ts';
import type { VisitTarget } from './visit.ts';

export interface SnapshotVisitOptions extends HeapVisitOptions {
  /** `main`, a worker's number or name. */
  thread: string;
  collect: boolean;
  /** A recording (its folder gets `heap.heapsnapshot`), or the path of the file alone. */
  to: { writer: RecordingWriter; name: string } | { path: string };
}

export interface TakenSnapshot {
  path: string;
  bytes: Bytes;
  thread: string;
  /** Upper bound. */
  pauseMs: Milliseconds;
  /** Of the whole process; NaN behind an inspector address. */
  rss: { before: Bytes; peak: Bytes; after: Bytes };
  wasStuck: boolean;
  need: HeapNeed;
}

/** File bytes per byte of used heap, with room to spare; gzip at level 1 makes a sixth to a fourth of it. */
const FILE_FACTOR = 2;
const GZIP_SHARE = 0.3;

/**
 * One visit that takes a heap snapshot: attaches, estimates what it costs, asks, streams it to disk, leaves. Streamed by
 * the inspector rather than written by the target (`v8.writeHeapSnapshot`): that would save a tenth to a third of the
 * pause and up to the size of the file in memory (bench/heap/capture.mjs), but needs a writable folder with room in the
 * target, and leaves a file full of secrets there if either side dies. The stream's file is ours from the first byte.
 *
 * V8 cannot stop a snapshot half-way: after Ctrl-C what still comes is thrown away until the thread goes on.
 *
 * @throws HolterError of target/attach and heap/record-snapshot, E_NO_MATCH (thread), E_WRITE, E_INTERRUPTED, and what
 *   `agree` throws. No file is left then.
 */
export async function snapshotVisit(
  target: VisitTarget,
  options: SnapshotVisitOptions,
): Promise<{ taken: TakenSnapshot; manifest: RecordingManifest }> {
  const { to, signal, onStep } = options;
  const path = resolve('path' in to ? to.path : `${to.writer.folder}/${to.name}`);
  const { result: taken, manifest } = await visitHeap(target, options, 0, async (visit) => {
    const { attachment, act, pid } = visit;
    const opened =
      options.thread === 'main'
        ? { threads: [{ name: 'main', session: attachment.session }], leave: async () => {} }
        : await openThreads(attachment);
    try {
      const thread = chooseThread(opened.threads, options.thread);
      const need = await askNeed('snapshot', visit, thread);
      await checkDisk(path, need.usedHeapBytes * FILE_FACTOR * (path.endsWith('.gz') ? GZIP_SHARE : 1));
      if (!(await options.agree(need)) || signal.aborted)
        throw new HolterError('E_INTERRUPTED', 'no heap snapshot was taken; the target was left as it was');
      const file = beginSnapshotFile(path, {
        hold: () => attachment.session.pauseReading(),
        release: () => attachment.session.resumeReading(),
      });
      const rss = watchRss(pid);
      let received = 0;
      try {
        onStep?.('collecting garbage');
        const { pauseMs, wasStuck } = await recordSnapshot(thread.session, {
          collect: options.collect,
          signal,
          onAct: act,
          onProgress: (done) =>
            onStep?.(
              signal.aborted
                ? 'V8 cannot stop half-way: waiting until the process goes on'
                : `building ${Math.round(done * 100)} %`,
            ),
          onChunk: (text) => {
            if (signal.aborted) return;
            received += text.length;
            file.write(text);
            onStep?.(`writing ${Math.round(received / 1e6)} MB`);
          },
        });
        const memory = rss.stop();
        act(
          `${thread.name === 'main' ? '' : `${thread.name}: `}heap snapshot taken`,
          pauseMs,
          `paused at most ${Math.ceil(pauseMs)} ms`,
        );
        if (signal.aborted)
          throw new HolterError('E_INTERRUPTED', 'the heap snapshot was given up; its file was removed');
        const bytes = await file.commit();
        return { path, bytes, thread: thread.name, pauseMs, rss: memory, wasStuck, need };
      } catch (error) {
        rss.stop();
        await file.discard();
        throw error;
      }
    } finally {
      await opened.leave();
    }
  });
  if ('writer' in to) {
    await to.writer.addWritten(
      { name: to.name, kind: 'heap-snapshot', thread: taken.thread },
      async () => taken.bytes,
    );
    manifest.files.push(...to.writer.files);
    await to.writer.finish(manifest);
  }
  return { taken, manifest };
}

/** A full disk is better told before the pause than after it. */
async function checkDisk(path: string, needBytes: Bytes): Promise<void> {
  const disk = await statfs(dirname(path)).catch(() => undefined);
  if (disk === undefined || disk.bsize <= 0) return;
  const free = disk.bavail * disk.bsize;
  if (free < needBytes)
    throw new HolterError(
      'E_WRITE',
      `the disk of ${dirname(path)} has ${Math.round(free / 1e6)} MB free, the snapshot will take about ${Math.round(needBytes / 1e6)} MB`,
      { hint: 'give another place with -o, or a name that ends in .gz' },
    );
}
