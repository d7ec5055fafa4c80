import { parentPort, workerData } from 'node:worker_threads';
import { type ByteSource, openFile } from '../base/byte-source.ts';
import type { Bytes } from '../base/units.ts';
import type { EdgesAnswer, EdgesTask } from './edges-aside.ts';
import { EdgeTaker } from './read-snapshot-edges.ts';
import { readRows, skipTo } from './read-snapshot-rows.ts';
import { readKey } from './read-snapshot-value.ts';
import { SnapshotWindow } from './snapshot-window.ts';

const QUOTE = 0x22;
const PIECE: Bytes = 2 ** 20;

/** The thread of edges-aside.ts. Nodes are numbers only: the next quote behind their beginning is that of `"edges"`. */
async function readEdges({ path, from, meta }: EdgesTask): Promise<EdgesAnswer | undefined> {
  const source = openFile(path);
  try {
    const quote = findQuote(source, from);
    if (quote === undefined || source.size === undefined) return undefined;
    const window = new SnapshotWindow(source, {});
    window.seek(quote);
    if ((await readKey(window)) !== 'edges' || !(await skipTo(window, 0x3a))) return undefined;
    const begin = window.position;
    const taker = new EdgeTaker(meta, path, meta.nodeCount, source.size - begin);
    if ((await readRows(window, taker)) !== 'complete') return undefined;
    const { count, target, name, astray, largestName, checked } = taker;
    return { edges: { count, target, name, astray, largestName, checked }, begin, end: window.position };
  } finally {
    source.close();
  }
}

function findQuote(source: ByteSource, from: Bytes): Bytes | undefined {
  const piece = Buffer.alloc(PIECE);
  source.seek?.(from);
  for (let at = from; ; ) {
    const count = source.read(piece);
    if (count === 0) return undefined;
    const found = piece.subarray(0, count).indexOf(QUOTE);
    if (found >= 0) return at + found;
    at += count;
  }
}

const answer = await readEdges(workerData as EdgesTask).catch(() => undefined);
parentPort?.postMessage(answer);
