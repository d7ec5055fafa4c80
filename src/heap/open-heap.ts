import { openStream } from '../base/byte-stream.ts';
import { HolterError } from '../base/errors.ts';
import { analyseSnapshot } from './analyse-snapshot.ts';
import { type Heap, makeHeap } from './heap.ts';
import { readSnapshot } from './read-snapshot.ts';

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
   * and belongs to the file as it is now, written when not. Default true for paths.
   */
  index?: boolean;
}

/**
 * Reads a heap snapshot (`.heapsnapshot`, gzip, zstd) and works out what its references mean. The event loop stays free.
 *
 * @throws HolterError E_FILE_NOT_FOUND, E_FILE_FORMAT (not a heap snapshot), E_FILE_TRUNCATED (nothing usable in it),
 *   E_INTERRUPTED. A cut snapshot that has nodes is opened, and `snapshot.partial` says what is missing.
 */
export async function openHeap(path: string, options: OpenHeapOptions = {}): Promise<Heap> {
  const { signal, onProgress } = options;
  onProgress?.({ stage: 'reading', done: 0 });
  const snapshot = await readSnapshot(openStream(path), signal === undefined ? {} : { signal });
  if (signal?.aborted) throw new HolterError('E_INTERRUPTED', `reading ${path} was interrupted`);
  onProgress?.({ stage: 'finding dominators', done: 0.4 });
  return makeHeap(snapshot, analyseSnapshot(snapshot));
}
