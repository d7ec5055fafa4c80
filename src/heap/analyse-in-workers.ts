import { MessageChannel, Worker } from 'node:worker_threads';
import { HolterError } from '../base/errors.ts';
import {
  type GraphMessage,
  type GraphTask,
  receiveSizes,
  type StepsAnswer,
  sendSnapshot,
  type TreeAnswer,
} from './graph-message.ts';
import type { HeapGraph } from './heap-graph.ts';
import type { Snapshot } from './snapshot.ts';

/** Stages of the longer of the two threads, and how much of its time has gone when they begin. */
const BEGINS: Readonly<Record<string, number>> = {
  'reading WeakMaps': 0,
  'numbering objects': 0.2,
  'finding dominators': 0.6,
  'summing up retained sizes': 0.9,
};

export interface AnalyseOptions {
  /** Ends the threads at once; the promise rejects with E_INTERRUPTED. */
  signal?: AbortSignal | undefined;
  onProgress?: ((stage: string, done: number) => void) | undefined;
}

/**
 * `analyseSnapshot` in two threads, with the same result; this one stays free. Undefined when threads cannot do it: the
 * snapshot is not in shared memory, or holter runs from its TypeScript sources.
 *
 * @throws HolterError E_INTERRUPTED; what reading strings throws when they are in a file that has changed
 */
export async function analyseInWorkers(
  snapshot: Snapshot,
  { signal, onProgress }: AnalyseOptions = {},
): Promise<HeapGraph | undefined> {
  const sent = sendSnapshot(snapshot);
  if (sent === undefined || import.meta.url.endsWith('.ts')) return undefined;
  const { port1, port2 } = new MessageChannel();
  const workers: Worker[] = [];
  let give: (() => void) | undefined;
  try {
    return await new Promise<HeapGraph>((resolve, reject) => {
      give = () =>
        reject(
          new HolterError('E_INTERRUPTED', `reading ${snapshot.name} was interrupted`, {
            cause: signal?.reason,
          }),
        );
      if (signal?.aborted) return give();
      signal?.addEventListener('abort', give);
      let tree: TreeAnswer | undefined;
      let steps: StepsAnswer | undefined;
      const hear = (message: GraphMessage): void => {
        if ('stage' in message) onProgress?.(message.stage, BEGINS[message.stage] ?? 0);
        else if ('error' in message) reject(restore(message.error));
        else if ('tree' in message) tree = message.tree;
        else steps = message.steps;
        if (tree === undefined || steps === undefined) return;
        const { shallow, ...others } = steps;
        const { retained, ...columns } = tree;
        resolve({
          ...columns,
          ...others,
          shallow: receiveSizes(shallow),
          retained: receiveSizes(retained),
        });
      };
      for (const [part, port] of [
        ['tree', port1],
        ['steps', port2],
      ] as const) {
        const workerData: GraphTask = { part, snapshot: sent, port };
        const worker = new Worker(workerUrl(), { workerData, transferList: [port] });
        workers.push(worker);
        worker.on('message', hear);
        worker.on('error', (cause) =>
          reject(
            new HolterError('E_BUG', `the analysis of ${snapshot.name} failed: ${cause.message}`, { cause }),
          ),
        );
        worker.on('exit', () => {
          if ((part === 'tree' ? tree : steps) === undefined)
            reject(new HolterError('E_BUG', `the analysis of ${snapshot.name} ended without a result`));
        });
      }
    });
  } finally {
    if (give !== undefined) signal?.removeEventListener('abort', give);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** By way of the parent folder: right from dist/heap/ and from the bundled command line in dist/cli/ alike. */
function workerUrl(): URL {
  return new URL('../heap/graph-worker.js', import.meta.url);
}

function restore({
  code,
  message,
  hint,
  stack,
}: Extract<GraphMessage, { error: object }>['error']): HolterError {
  const cause = new Error(message);
  if (stack !== undefined) cause.stack = stack;
  return new HolterError(code, message, { ...(hint === undefined ? {} : { hint }), cause });
}
