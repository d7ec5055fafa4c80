import { Worker } from 'node:worker_threads';
import type { Bytes } from '../base/units.ts';
import type { EdgeTaker } from './read-snapshot-edges.ts';
import type { SnapshotMeta } from './snapshot-meta.ts';

/** What is needed of the section `edges`. */
export type ReadEdges = Pick<EdgeTaker, 'count' | 'target' | 'name' | 'astray' | 'largestName' | 'checked'>;

export interface EdgesTask {
  path: string;
  /** Somewhere before the end of the nodes, behind the last quote before them. */
  from: Bytes;
  meta: SnapshotMeta;
}

export interface EdgesAnswer {
  edges: ReadEdges;
  /** Offsets of what follows the colon of `"edges":`, and of what follows its `]`. */
  begin: Bytes;
  end: Bytes;
}

/** The section of edges, read by another thread while this one reads the nodes. */
export interface EdgesAside {
  /** Undefined: it is not where V8 writes it, is cut or damaged: whoever reads the file must see for himself. Never rejects. */
  readonly answer: Promise<EdgesAnswer | undefined>;
  /** Ends the thread. */
  close(): void;
}

/**
 * Begins to read the edges of the file at `path` in another thread. References are half of a snapshot or more, and nothing
 * of the nodes is needed to read them but how many there are, which the head says.
 *
 * Undefined where there are no threads: holter runs from its TypeScript sources.
 */
export function readEdgesAside(task: EdgesTask): EdgesAside | undefined {
  if (import.meta.url.endsWith('.ts')) return undefined;
  let worker: Worker;
  try {
    // By way of the parent folder: right from dist/heap/ and from the bundled command line in dist/cli/ alike.
    worker = new Worker(new URL('../heap/edges-worker.js', import.meta.url), { workerData: task });
  } catch {
    return undefined;
  }
  const answer = new Promise<EdgesAnswer | undefined>((resolve) => {
    worker.on('message', resolve);
    worker.on('error', () => resolve(undefined));
    worker.on('exit', () => resolve(undefined));
  });
  return { answer, close: () => void worker.terminate() };
}
