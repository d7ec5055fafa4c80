import { type ByteStream, openStream } from '../base/byte-stream.ts';
import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { analyseInWorkers } from './analyse-in-workers.ts';
import { analyseSnapshot } from './analyse-snapshot.ts';
import { type Heap, makeHeap } from './heap.ts';
import type { HeapGraph } from './heap-graph.ts';
import { readIndex } from './heap-index-read.ts';
import { writeIndex } from './heap-index-write.ts';
import { readSnapshot } from './read-snapshot.ts';
import type { Snapshot } from './snapshot.ts';

export interface HeapProgress {
  /** `reading`, `finding dominators` …: what is done now. */
  stage: string;
  /** Of all stages together, 0…1. */
  done: number;
}

export interface OpenHeapOptions {
  /** Ends the work; the promise rejects with E_INTERRUPTED. */
  signal?: AbortSignal;
  onProgress?: (progress: HeapProgress) => void;
  /**
   * Columns kept beside the file (`x.heapsnapshot.hsidx`), so that opening it again is immediate: used when it is there
   * and belongs to the file as it is now, written when not (`Heap.indexWritten`). Default true for paths; files below
   * 50 MB are read faster than it is worth.
   */
  index?: boolean;
  /**
   * Size from which on two threads analyse: by default 30 MB, so that the event loop stays free. Threads save time only in
   * larger files (from about 400 MB on); who has nothing else to do meanwhile says so.
   */
  threadsFrom?: Bytes;
}

/** Below this threads take longer to start than they save. */
const WORTH_THREADS: Bytes = 30e6;
/** From here on a second thread for reading saves more than its start takes. */
const WORTH_READER: Bytes = 100e6;
/** Below this reading and analysing take less than half a second. */
const WORTH_INDEX: Bytes = 50e6;
/** Part of the time that goes into reading. */
const READING = 0.45;

/**
 * Reads a heap snapshot (`.heapsnapshot`, gzip, zstd) and works out what its references mean. The event loop stays free:
 * reading gives way every 50 ms, and from `threadsFrom` on the rest is done by two threads.
 *
 * @throws HolterError E_FILE_NOT_FOUND, E_FILE_FORMAT (not a heap snapshot), E_FILE_TRUNCATED (nothing usable in it),
 *   E_INTERRUPTED. A cut snapshot that has nodes is opened, and `snapshot.partial` says what is missing.
 */
export async function openHeap(from: string | ByteStream, options: OpenHeapOptions = {}): Promise<Heap> {
  const { signal, onProgress } = options;
  const path = typeof from === 'string' && options.index !== false ? from : undefined;
  const known = path === undefined ? undefined : await readIndex(path);
  if (known !== undefined) {
    onProgress?.({ stage: 'ready', done: 1 });
    return makeHeap(known.snapshot, known.graph, known.answers);
  }
  const stream = typeof from === 'string' ? openStream(from) : from;
  onProgress?.({ stage: 'reading', done: 0 });
  const snapshot = await readSnapshot(stream, {
    threads: (stream.size ?? 0) >= Math.max(WORTH_READER, options.threadsFrom ?? 0),
    ...(signal === undefined ? {} : { signal }),
    onProgress: (read, total) =>
      onProgress?.({ stage: 'reading', done: total === undefined ? 0 : (READING * read) / total }),
  });
  const graph = await analyse(snapshot, options);
  onProgress?.({ stage: 'ready', done: 1 });
  if (path === undefined || snapshot.bytes < WORTH_INDEX) return makeHeap(snapshot, graph);
  const answers = new Map<string, unknown>();
  return makeHeap(snapshot, graph, answers, keep(path, snapshot, graph, answers));
}

/** Writes the index when the event loop comes round: what was waiting for the heap goes first. */
async function keep(
  path: string,
  snapshot: Snapshot,
  graph: HeapGraph,
  answers: ReadonlyMap<string, unknown>,
): Promise<string | undefined> {
  await new Promise((resume) => setTimeout(resume, 0));
  try {
    return await writeIndex(path, snapshot, graph, answers);
  } catch (error) {
    return (error as Error).message;
  }
}

async function analyse(
  snapshot: Snapshot,
  { signal, onProgress, threadsFrom = WORTH_THREADS }: OpenHeapOptions,
): Promise<HeapGraph> {
  if (signal?.aborted)
    throw new HolterError('E_INTERRUPTED', `reading ${snapshot.name} was interrupted`, {
      cause: signal.reason,
    });
  const say = (stage: string, done: number): void =>
    onProgress?.({ stage, done: READING + (1 - READING) * done });
  const threaded =
    snapshot.bytes < threadsFrom ? undefined : await analyseInWorkers(snapshot, { signal, onProgress: say });
  if (threaded !== undefined) return threaded;
  say('finding dominators', 0);
  return analyseSnapshot(snapshot);
}
