import { HolterError } from '../base/errors.ts';
import type { Heap } from '../heap/heap.ts';
import { openHeap } from '../heap/open-heap.ts';
import { abortOnSignals } from './outcome.ts';
import { startProgress } from './progress.ts';

/** Nothing else waits for this thread: below this, two threads cost more than they save. Ctrl-C may wait for a second. */
const WORTH_THREADS = 400e6;

export interface HeapFileOptions {
  /** `holter heap show`, for the progress line. */
  verb?: string;
  /** `--no-index`: neither use nor write the columns kept beside the file. */
  index?: boolean;
}

/**
 * Opens a heap snapshot for a command: progress on stderr, Ctrl-C ends it.
 * @throws HolterError of openHeap
 */
export async function openHeapFile(
  path: string,
  { verb = 'holter heap', index }: HeapFileOptions = {},
): Promise<Heap> {
  const signal = abortOnSignals();
  const progress = startProgress(`${verb} ${path}`, undefined);
  try {
    return await openHeap(path, {
      signal,
      threadsFrom: WORTH_THREADS,
      ...(index === undefined ? {} : { index }),
      onProgress: ({ stage, done }) => progress.step(`${stage} ${Math.round(done * 100)} %`),
    });
  } catch (error) {
    if (error instanceof HolterError && error.code === 'E_FILE_FORMAT' && error.hint === undefined)
      throw new HolterError(error.code, error.message, {
        hint: 'holter heap snapshot <target> makes one',
        cause: error,
      });
    throw error;
  } finally {
    progress.end();
  }
}
