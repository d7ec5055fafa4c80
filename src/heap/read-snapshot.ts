import type { ByteStream } from '../base/byte-stream.ts';
import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { type EdgesAside, type ReadEdges, readEdgesAside } from './edges-aside.ts';
import { EdgeTaker } from './read-snapshot-edges.ts';
import { NodeTaker } from './read-snapshot-nodes.ts';
import { nextByte, readRows, type SectionEnd, skipTo } from './read-snapshot-rows.ts';
import { readStrings, type StringSection } from './read-snapshot-strings.ts';
import { readHead, readKey, skipValue } from './read-snapshot-value.ts';
import type { Snapshot } from './snapshot.ts';
import { assembleSnapshot } from './snapshot-assembly.ts';
import { LocationTaker } from './snapshot-locations.ts';
import { readSnapshotMeta, type SnapshotMeta } from './snapshot-meta.ts';
import { type ReadOptions, SnapshotWindow } from './snapshot-window.ts';
import { ColumnTaker, readTraceTree, type TraceTree } from './trace-tree.ts';

/** Sections of strings up to this are kept in memory, larger ones stay in the file when there is one. */
const STRINGS_IN_MEMORY: Bytes = 64 * 2 ** 20;
const MADE_BY = 'a heap snapshot is made by: holter heap snapshot <target>';

export interface SnapshotReadOptions extends ReadOptions {
  /** Larger string sections of plain files are not kept in memory; default 64 MiB. */
  stringsInMemory?: Bytes;
  /** Edges are read by a second thread, where the source is a plain file. */
  threads?: boolean;
}

/** What has been read of a file; sections that did not come are undefined. */
export interface SnapshotParts {
  readonly name: string;
  readonly path: string | undefined;
  meta: SnapshotMeta;
  bytes: Bytes;
  nodes?: NodeTaker;
  edges?: ReadEdges;
  /** Reads the edges meanwhile. */
  aside?: EdgesAside | undefined;
  locations?: LocationTaker;
  functions?: ColumnTaker;
  traceTree?: TraceTree;
  samples?: ColumnTaker;
  strings?: StringSection;
  /** Where and how reading stopped before the end of the snapshot. */
  stopped?: { how: 'cut' | 'damaged'; section: string; at: Bytes; why: string | undefined };
  /** Something follows the snapshot at this offset. */
  followedAt?: Bytes;
}

/**
 * Reads a heap snapshot of V8 (docs/formats/heapsnapshot.md) into columns, in one pass over its bytes; the event loop gets
 * its turn every 50 ms. Closes the source.
 *
 * A file that is cut or damaged gives what is before that place, as a consistent graph, and `partial` says what is
 * missing. Of several snapshots in one file (allocation tracking that was stopped into the same file) the first is read.
 *
 * @throws HolterError E_FILE_FORMAT: not a heap snapshot; E_FILE_TRUNCATED: empty, or cut before the first node;
 *   E_FILE_NOT_FOUND; E_INTERRUPTED
 */
export async function readSnapshot(source: ByteStream, options: SnapshotReadOptions = {}): Promise<Snapshot> {
  const threads: EdgesAside[] = [];
  try {
    const window = new SnapshotWindow(source, options);
    return assembleSnapshot(await readParts(window, source, options, threads));
  } finally {
    source.close();
    for (const thread of threads) thread.close();
  }
}

async function readParts(
  window: SnapshotWindow,
  source: ByteStream,
  options: SnapshotReadOptions,
  threads: EdgesAside[],
): Promise<SnapshotParts> {
  const { name } = source;
  await openDocument(window, source);
  let parts: SnapshotParts | undefined;
  let section = 'head';
  let unfinished = true;
  for (;;) {
    const key = await readKey(window);
    if (key === undefined || !(await skipTo(window, 0x3a))) break;
    if (key === 'snapshot' && parts === undefined) {
      const head = await readHead(window, name);
      if (head === undefined) break;
      parts = { name, path: source.path, meta: readSnapshotMeta(head, name), bytes: 0 };
    } else if (parts !== undefined) {
      section = key;
      if (key === 'nodes' && parts.nodes === undefined && isWorthThread(source, options)) {
        parts.aside = readEdgesAside({ path: source.path, from: window.position, meta: parts.meta });
        if (parts.aside !== undefined) threads.push(parts.aside);
      }
      if ((await readSection(key, window, parts, source, options)) !== 'complete') break;
    } else if (!/^[\w$]+$/.test(key) || !(await skipValue(window))) break;
    section = `after ${key}`;
    const next = await nextByte(window);
    if (next === 0x7d) {
      window.at++;
      unfinished = false;
      break;
    }
    if (next !== 0x2c) break;
    window.at++;
  }
  if (parts === undefined) throw headless(window, source);
  if (unfinished) {
    const at = window.position;
    parts.stopped = { how: window.ranOut ? 'cut' : 'damaged', section, at, why: source.damage };
  } else if ((await nextByte(window)) !== 0) parts.followedAt = window.position;
  parts.bytes = window.position;
  return parts;
}

/** Up to the first key. */
async function openDocument(window: SnapshotWindow, source: ByteStream): Promise<void> {
  const { name } = source;
  await window.more();
  const [a, b, c] = window.bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) window.at = 3;
  if ((await nextByte(window)) === 0x7b) {
    window.at++;
    return;
  }
  if (window.at < window.end) throw notASnapshot(name);
  throw new HolterError('E_FILE_TRUNCATED', `${name} is empty`, {
    hint: 'whoever wrote it was killed, ran out of memory or is still writing',
  });
}

function headless(window: SnapshotWindow, source: ByteStream): HolterError {
  if (!window.ranOut) return notASnapshot(source.name);
  return new HolterError(
    'E_FILE_TRUNCATED',
    `${source.name} is cut after ${window.before + window.end} bytes: no node is in it`,
    {
      hint: 'whoever wrote it was killed, ran out of memory or is still writing',
    },
  );
}

function notASnapshot(name: string): HolterError {
  return new HolterError('E_FILE_FORMAT', `${name} is no heap snapshot`, { hint: MADE_BY });
}

async function readSection(
  key: string,
  window: SnapshotWindow,
  parts: SnapshotParts,
  source: ByteStream,
  options: SnapshotReadOptions,
): Promise<SectionEnd> {
  const { meta, name } = parts;
  const rest = source.size === undefined ? undefined : Math.max(0, source.size - window.position);
  const small = async (fields: readonly string[], set: (taker: ColumnTaker) => void): Promise<SectionEnd> => {
    if (fields.length === 0) return (await skipValue(window)) ? 'complete' : 'cut';
    const taker = new ColumnTaker(fields);
    set(taker);
    return readRows(window, taker);
  };
  switch (key) {
    case 'nodes': {
      once(parts.nodes, key, name);
      parts.nodes = new NodeTaker(meta, name, rest);
      return readRows(window, parts.nodes);
    }
    case 'edges': {
      once(parts.edges, key, name);
      const aside = await parts.aside?.answer;
      if (aside?.begin === window.position && parts.nodes?.count === meta.nodeCount) {
        parts.edges = aside.edges;
        window.seek(aside.end);
        return 'complete';
      }
      const taker = new EdgeTaker(meta, name, parts.nodes?.count, rest);
      parts.edges = taker;
      return readRows(window, taker);
    }
    case 'locations': {
      if (meta.locationFields.length === 0) break;
      once(parts.locations, key, name);
      parts.locations = new LocationTaker(meta.locationFields, meta.nodeFields.length);
      return readRows(window, parts.locations);
    }
    case 'strings': {
      once(parts.strings, key, name);
      const limit = options.stringsInMemory ?? STRINGS_IN_MEMORY;
      const keep = rest !== undefined && source.path !== undefined && rest > limit ? 'in file' : rest;
      parts.strings = await readStrings(window, keep, name);
      return parts.strings.end;
    }
    case 'trace_tree': {
      if (meta.traceNodeFields.join() !== 'id,function_info_index,count,size,children') break;
      parts.traceTree = await readTraceTree(window);
      return parts.traceTree.end;
    }
    case 'trace_function_infos':
      return small(meta.functionFields, (taker) => {
        parts.functions = taker;
      });
    case 'samples':
      return small(meta.sampleFields, (taker) => {
        parts.samples = taker;
      });
  }
  return (await skipValue(window)) ? 'complete' : 'cut';
}

/** The file must be one that a second reader reads the same, and its head must have said how many nodes there are. */
function isWorthThread(
  source: ByteStream,
  { threads }: SnapshotReadOptions,
): source is ByteStream & { path: string } {
  return threads === true && source.path !== undefined && source.seek !== undefined;
}

function once(section: object | undefined, key: string, name: string): void {
  if (section !== undefined) throw new HolterError('E_FILE_FORMAT', `${name} has two sections of ${key}`);
}
