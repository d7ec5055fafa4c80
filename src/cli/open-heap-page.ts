import { findSuspects } from '../heap/find-suspects.ts';
import { summariseHeap } from '../heap/summarise-heap.ts';
import { writePageFile } from '../recording/write-recording.ts';
import { buildHeapPage } from '../render/build-heap-page.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import { openHeapThread } from '../server/heap-thread.ts';
import { startPageServer } from '../server/page-server.ts';
import { openInBrowser } from './browser.ts';
import { openHeapFile } from './open-heap-file.ts';
import { abortOnSignals, print } from './outcome.ts';
import { shellWord } from './paths.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

export interface OpenHeapPageOptions {
  port?: number;
  index: boolean;
}

/** Writes the page of a snapshot, without a server: a summary. @throws HolterError of openHeap, E_WRITE */
export async function writeHeapPage(path: string, out: string, index: boolean): Promise<void> {
  const heap = await openHeapFile(path, { verb: 'holter open', index });
  const page = buildHeapPage(heap, summariseHeap(heap, { top: 100 }), {
    verb: 'open',
    file: path,
    holter: HOLTER_VERSION,
    cwd: process.cwd(),
    suspects: findSuspects(heap),
    next: [{ command: `holter heap diff ${shellWord(path)} LATER`, note: 'what grew since' }],
  });
  await writePageFile(out, renderHtmlPage(page));
}

/**
 * Serves the page of a snapshot until Ctrl-C or until no page has asked for half an hour. The address is the one line
 * on stdout. @throws HolterError of openHeap, E_START_FAILED
 */
export async function serveHeapPage(path: string, { port, index }: OpenHeapPageOptions): Promise<void> {
  const signal = abortOnSignals();
  const progress = startProgress(`holter open ${path}`, undefined);
  const heap = await openHeapThread({
    path,
    holter: HOLTER_VERSION,
    cwd: process.cwd(),
    index,
    signal,
    onProgress: ({ stage, done }) => progress.step(`${stage} ${Math.round(done * 100)} %`),
  }).finally(() => progress.end());
  try {
    const server = await startPageServer(heap, port === undefined ? {} : { port });
    const stop = (): void => void server.close();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    await print(`${server.url}\n`);
    if (process.stdout.isTTY) {
      process.stderr.write('on this machine only; Ctrl-C ends it\n');
      openInBrowser(server.url);
    }
    if ((await server.ended) === 'idle')
      process.stderr.write('holter: no page has asked for half an hour: ended\n');
  } finally {
    await heap.close();
  }
}
