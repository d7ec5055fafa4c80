import { basename } from 'node:path';
import { findSuspects } from '../heap/find-suspects.ts';
import { type HeapProgress, openHeap } from '../heap/open-heap.ts';
import { summariseHeap } from '../heap/summarise-heap.ts';
import { buildHeapPage } from '../render/build-heap-page.ts';
import { renderServedPage } from '../render/html-page.ts';
import { makeAnswerer } from './answer-question.ts';
import type { Served } from './page-server.ts';

/** What the page and the answers about a heap need to know; travels to a worker. */
export interface ServeHeapOptions {
  path: string;
  /** Version of holter. */
  holter: string;
  /** Folder paths are shown relative to. */
  cwd: string;
  /** See OpenHeapOptions. */
  index: boolean;
}

/** Rows of the tables of single objects. */
const TOP = 100;

/**
 * Opens a snapshot and makes what is served about it, in this thread.
 * @throws HolterError of openHeap
 */
export async function serveHeap(
  { path, holter, cwd, index }: ServeHeapOptions,
  onProgress?: (progress: HeapProgress) => void,
): Promise<Served> {
  const heap = await openHeap(path, { index, ...(onProgress === undefined ? {} : { onProgress }) });
  return {
    page: async (server) => {
      const suspects = findSuspects(heap);
      const page = buildHeapPage(heap, summariseHeap(heap, { top: TOP }), {
        verb: 'open',
        file: path,
        holter,
        cwd,
        suspects,
        server,
        next: [
          { command: `holter heap diff ${basename(path)} LATER`, note: 'what grew since' },
          { command: `holter heap explore ${basename(path)}`, note: 'the same in the terminal' },
        ],
      });
      return renderServedPage(page);
    },
    answer: makeAnswerer(heap, cwd),
  };
}
