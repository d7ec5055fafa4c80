import { parentPort, workerData } from 'node:worker_threads';
import { HolterError } from '../base/errors.ts';
import type { FromHeap, ToHeap } from './heap-message.ts';
import { type ServeHeapOptions, serveHeap } from './serve-heap.ts';

/**
 * The thread that has the heap: opens it, makes the page, answers questions. Started by heap-thread.ts, so that the
 * thread that serves stays free while a list of millions is sorted.
 */
const port = parentPort;
if (port !== null) {
  const send = (message: FromHeap): void => port.postMessage(message);
  const fail = (id: number, error: unknown): void => {
    const known = error instanceof HolterError;
    send({
      id,
      error: {
        code: known ? error.code : 'E_BUG',
        message: error instanceof Error ? error.message : String(error),
        hint: known ? error.hint : undefined,
      },
    });
  };
  const waiting = new Map<number, AbortController>();
  try {
    const served = await serveHeap(workerData as ServeHeapOptions, (progress) => send({ id: 0, progress }));
    port.on('message', (message: ToHeap) => {
      const { id } = message;
      if (message.ask === 'cancel') return waiting.get(id)?.abort();
      const controller = new AbortController();
      waiting.set(id, controller);
      const answer =
        message.ask === 'page'
          ? served.page(message.server)
          : served.answer(message.body, { signal: controller.signal });
      answer
        .then(
          (value) => send({ id, answer: value }),
          (error: unknown) => fail(id, error),
        )
        .finally(() => waiting.delete(id));
    });
    send({ id: 0, answer: 'open' });
  } catch (error) {
    fail(0, error);
  }
}
