import { Session } from './session.ts';
import type { Transport } from './transport.ts';

export interface WorkerSession {
  session: Session;
  /** Title as Node gives it: `[worker 3] resize`; the number is threadId. */
  title: string;
  url: string;
}

/**
 * Sessions with every worker thread of the target, nested ones included (NodeWorker domain, Node 18–26), on top of a
 * session with its main thread. `skip` leaves out threads by title: pausing holter's own bridge would deadlock it.
 */
export async function attachToWorkers(
  main: Session,
  skip: (title: string) => boolean,
  settleMs = 60,
): Promise<WorkerSession[]> {
  const workers: WorkerSession[] = [];
  const transports = new Map<string, Transport>();
  main.on('NodeWorker.attachedToWorker', ({ sessionId, workerInfo }) => {
    if (skip(workerInfo.title)) return;
    const transport: Transport = {
      send: (message) =>
        void main.send('NodeWorker.sendMessageToWorker', { sessionId, message }).catch(() => {}),
      onMessage: () => {},
      onClose: () => {},
      close: () => void main.send('NodeWorker.detach', { sessionId }).catch(() => {}),
      // It comes through the main thread's connection.
      pause: () => main.pauseReading(),
      resume: () => main.resumeReading(),
    };
    transports.set(sessionId, transport);
    workers.push({ session: new Session(transport), title: workerInfo.title, url: workerInfo.url });
  });
  main.on('NodeWorker.receivedMessageFromWorker', ({ sessionId, message }) =>
    transports.get(sessionId)?.onMessage(message),
  );
  main.on('NodeWorker.detachedFromWorker', ({ sessionId }) =>
    transports.get(sessionId)?.onClose('the worker thread ended'),
  );
  await main.send('NodeWorker.enable', { waitForDebuggerOnStart: false });
  // Existing workers are reported right after the answer; there is no "that was all" event.
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return workers;
}
