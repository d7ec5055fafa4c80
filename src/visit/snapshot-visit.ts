import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds, Seconds } from '../base/units.ts';
import type { Session } from '../cdp/session.ts';
import { recordSnapshot } from '../heap/record-snapshot.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import type { HeapNeed } from './heap-need.ts';
import {
  askNeed,
  chooseThread,
  type HeapThread,
  type HeapVisitOptions,
  openThreads,
  visitHeap,
  watchRss,
} from './heap-visit.ts';
import { beginSnapshotFile } from './snapshot-file.ts';
import type { VisitTarget } from './visit.ts';
import type { ActSink } from './watch-inside.ts';

export interface SnapshotVisitOptions extends HeapVisitOptions {
  /** `main`, a worker's number or name. */
  thread: string;
  collect: boolean;
  /** Where the snapshots go, in the order they are taken: names in a recording, or paths. */
  to: { writer: RecordingWriter; names: readonly string[] } | { paths: readonly string[] };
  /** Between one and the next. */
  seconds: Seconds;
}

export interface TakenSnapshot {
  path: string;
  bytes: Bytes;
  /** ISO time of the request. */
  takenAt: string;
  /** Upper bound. */
  pauseMs: Milliseconds;
  /** Of the whole process; NaN behind an inspector address. */
  rss: { before: Bytes; peak: Bytes; after: Bytes };
  /** The loop did not turn: it was stopped by the debugger for the snapshot. */
  wasStuck: boolean;
}

export interface TakenSnapshots {
  thread: string;
  snapshots: TakenSnapshot[];
  /** What was expected of each. */
  need: HeapNeed;
  /** Why there are fewer than asked for, in sentences. */
  notes: string[];
}

/** File bytes per byte of used heap, with room to spare; gzip at level 1 makes a sixth to a fourth of it. */
const FILE_FACTOR = 2;
const GZIP_SHARE = 0.3;

/**
 * One visit that takes heap snapshots: attaches, estimates what it costs, asks, streams them to disk, leaves. Streamed by
 * the inspector rather than written by the target (`v8.writeHeapSnapshot`): that would save a tenth to a third of the
 * pause and up to the size of the file in memory (bench/heap/capture.mjs), but needs a writable folder with room in the
 * target, and leaves a file full of secrets there if either side dies. The stream's file is ours from the first byte.
 *
 * Several in one visit have the same object ids, so they can be compared object by object; leaving clears V8's ids.
 * V8 cannot stop a snapshot half-way: after Ctrl-C what still comes is thrown away until the thread goes on. Snapshots
 * that were whole by then are kept.
 *
 * @throws HolterError of target/attach and heap/record-snapshot, E_NO_MATCH (thread), E_WRITE, E_INTERRUPTED, and what
 *   `agree` throws. No half file is left.
 */
export async function snapshotVisit(
  target: VisitTarget,
  options: SnapshotVisitOptions,
): Promise<{ taken: TakenSnapshots; manifest: RecordingManifest }> {
  const { to, signal, onStep } = options;
  const paths =
    'paths' in to
      ? to.paths.map((path) => resolve(path))
      : to.names.map((name) => resolve(`${to.writer.folder}/${name}`));
  const { result: taken, manifest } = await visitHeap(target, options, options.seconds, async (visit) => {
    const { attachment, act, pid } = visit;
    const opened =
      options.thread === 'main'
        ? { threads: [{ name: 'main', session: attachment.session }], leave: async () => {} }
        : await openThreads(attachment);
    try {
      const thread = chooseThread(opened.threads, options.thread);
      const need = await askNeed('snapshot', visit, thread);
      await checkDisk(paths, need.usedHeapBytes);
      if (!(await options.agree(need)) || signal.aborted)
        throw new HolterError('E_INTERRUPTED', 'no heap snapshot was taken; the target was left as it was');
      const result: TakenSnapshots = { thread: thread.name, snapshots: [], need, notes: [] };
      for (const [index, path] of paths.entries()) {
        if (index > 0) {
          onStep?.(`waiting for snapshot ${index + 1} of ${paths.length}`);
          await Promise.race([
            sleep(options.seconds * 1000, undefined, { signal }).catch(() => {}),
            attachment.session.closed,
          ]);
        }
        try {
          result.snapshots.push(
            await takeSnapshot(path, thread, {
              pid,
              act,
              signal,
              flow: attachment.session,
              collect: options.collect,
              ...(onStep === undefined ? {} : { onStep }),
            }),
          );
        } catch (error) {
          if (index === 0 || !(error instanceof HolterError)) throw error;
          result.notes.push(`snapshot ${index + 1} was not taken: ${error.message}`);
          break;
        }
      }
      return result;
    } finally {
      await opened.leave();
    }
  });
  if ('writer' in to) {
    for (const [index, { bytes }] of taken.snapshots.entries())
      await to.writer.addWritten(
        { name: to.names[index]!, kind: 'heap-snapshot', thread: taken.thread },
        async () => bytes,
      );
    manifest.files.push(...to.writer.files);
    if (taken.notes.length > 0) manifest.notes = taken.notes;
    await to.writer.finish(manifest);
  }
  return { taken, manifest };
}

export interface TakeOptions {
  /** Process whose memory is watched; undefined behind an inspector address. */
  pid: number | undefined;
  act: ActSink;
  signal: AbortSignal;
  collect: boolean;
  /** Connection the pieces come over. */
  flow: Session;
  onStep?: (what: string) => void;
}

/** One snapshot of one thread into a file. @throws HolterError as snapshotVisit; the file is not there then */
export async function takeSnapshot(
  path: string,
  thread: HeapThread,
  { pid, act, signal, collect, flow, onStep }: TakeOptions,
): Promise<TakenSnapshot> {
  if (signal.aborted)
    throw new HolterError('E_INTERRUPTED', 'ended before the snapshot began; the target was left as it was');
  const file = beginSnapshotFile(path, {
    hold: () => flow.pauseReading(),
    release: () => flow.resumeReading(),
  });
  const rss = watchRss(pid);
  let received = 0;
  try {
    onStep?.('collecting garbage');
    const takenAt = new Date().toISOString();
    const { pauseMs, wasStuck } = await recordSnapshot(thread.session, {
      collect,
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
    return { path, bytes: await file.commit(), takenAt, pauseMs, rss: memory, wasStuck };
  } catch (error) {
    rss.stop();
    await file.discard();
    throw error;
  }
}

/** A full disk is better told before the pause than after it. */
async function checkDisk(paths: readonly string[], usedHeapBytes: Bytes): Promise<void> {
  const [first = ''] = paths;
  const needBytes = paths.reduce(
    (sum, path) => sum + usedHeapBytes * FILE_FACTOR * (path.endsWith('.gz') ? GZIP_SHARE : 1),
    0,
  );
  const disk = await statfs(dirname(first)).catch(() => undefined);
  if (disk === undefined || disk.bsize <= 0) return;
  const free = disk.bavail * disk.bsize;
  if (free < needBytes)
    throw new HolterError(
      'E_WRITE',
      `the disk of ${dirname(first)} has ${Math.round(free / 1e6)} MB free, ${paths.length === 1 ? 'the snapshot' : `${paths.length} snapshots`} will take about ${Math.round(needBytes / 1e6)} MB`,
      { hint: 'give another place with -o, or a name that ends in .gz' },
    );
}
