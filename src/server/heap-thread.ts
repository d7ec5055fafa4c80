import { Worker } from 'node:worker_threads';
import { HolterError } from '../base/errors.ts';
import type { HeapProgress } from '../heap/open-heap.ts';
import type { FromHeap, ToHeap } from './heap-message.ts';
import type { Served } from './page-server.ts';
import type { ServeHeapOptions } from './serve-heap.ts';

export interface HeapThreadOptions extends ServeHeapOptions {
  /** Ends the opening. */
  signal?: AbortSignal;
  onProgress?: (progress: HeapProgress) => void;
}

/** A heap in a thread of its own. */
export interface HeapThread extends Served {
  close(): Promise<void>;
}

type Unsent = ToHeap extends infer M ? (M extends ToHeap ? Omit<M, 'id'> : never) : never;

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * `serveHeap` in a thread of its own: this one stays free to serve, to show progress and to end. Needs compiled files.
 * @throws HolterError of openHeap; E_INTERRUPTED
 */
export async function openHeapThread(options: HeapThreadOptions): Promise<HeapThread> {
  const { signal, onProgress, ...workerData } = options;
  // Read as well from dist/server/ as from the bundle in dist/cli/.
  const worker = new Worker(new URL('../server/heap-worker.js', import.meta.url), {
    workerData,
    // Every byte the heap may take is the snapshot's, whose size the user knows.
    resourceLimits: {},
  });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const failAll = (error: unknown): void => {
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
  };
  const wait = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  const opened = wait(0);
  worker.on('message', (message: FromHeap) => {
    if ('progress' in message) return onProgress?.(message.progress);
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if (one === undefined) return;
    if ('error' in message) {
      const { code, message: text, hint } = message.error;
      one.reject(new HolterError(code, text, hint === undefined ? {} : { hint }));
    } else one.resolve(message.answer);
  });
  worker.on('error', (cause) =>
    failAll(new HolterError('E_BUG', `the thread with the heap ended: ${String(cause)}`, { cause })),
  );
  worker.on('exit', () => failAll(new HolterError('E_INTERRUPTED', 'the heap was closed')));
  const abort = (): void => {
    failAll(new HolterError('E_INTERRUPTED', `reading ${options.path} was interrupted`));
    void worker.terminate();
  };
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await opened;
  } catch (error) {
    await worker.terminate();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  const ask = async (message: Unsent, stop?: AbortSignal): Promise<unknown> => {
    const id = ++last;
    const answer = wait(id);
    const cancel = (): void => worker.postMessage({ id, ask: 'cancel' } satisfies ToHeap);
    stop?.addEventListener('abort', cancel, { once: true });
    worker.postMessage({ ...message, id });
    try {
      return await answer;
    } finally {
      stop?.removeEventListener('abort', cancel);
    }
  };
  return {
    page: async (server) => (await ask({ ask: 'page', server })) as string,
    answer: (body, { signal: stop } = {}) => ask({ ask: 'question', body }, stop),
    close: async () => {
      await worker.terminate();
    },
  };
}
