import { unlinkSync } from 'node:fs';
import { type FileHandle, open, rename, statfs, unlink } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { errnoOf } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { sumColumn } from './column-sum.ts';
import type { HeapGraph } from './heap-graph.ts';
import {
  ALIGN,
  ANSWERS_LIMIT,
  type Column,
  type ColumnEntry,
  columnsOf,
  HEAD,
  type IndexDirectory,
  identify,
  indexPath,
  MAGIC,
  VERSION,
  WIDTH,
} from './heap-index.ts';
import type { SizeColumn } from './size-column.ts';
import type { Snapshot } from './snapshot.ts';

/** Written at a time; between two the event loop has its turn. */
const PIECE: Bytes = 8 * 2 ** 20;
/** Left free on the disk: an index must not be what fills it. */
const SPARE: Bytes = 64 * 2 ** 20;

/**
 * Keeps what is known of the snapshot at `path` in a file beside it (mode 0600), whole or not at all; of `answers` what is
 * there when the columns have been written.
 * @returns undefined when it is written, else the reason why not, in words
 */
export async function writeIndex(
  path: string,
  snapshot: Snapshot,
  graph: HeapGraph,
  answers: ReadonlyMap<string, unknown> = new Map(),
): Promise<string | undefined> {
  const file = identify(path);
  const shared = snapshot.strings.shared;
  if (file === undefined || shared === undefined) return `${path} is not a file of its own`;
  // Strings may have stayed in the file: then it must be the one that was read.
  if (
    shared.file !== undefined &&
    (shared.file.size !== file.size || String(shared.file.mtimeNs) !== file.mtimeNs)
  )
    return `${path} has changed since it was read`;
  const inFile = shared.file !== undefined;
  const head: Omit<IndexDirectory, 'columns'> = {
    file,
    bytes: snapshot.bytes,
    nodeCount: snapshot.nodeCount,
    edgeCount: snapshot.edgeCount,
    extraNativeBytes: snapshot.extraNativeBytes,
    ...(snapshot.partial === undefined ? {} : { partial: snapshot.partial }),
    strings: {
      count: shared.count,
      nameless: shared.nameless,
      ...(shared.file === undefined ? {} : { begin: shared.file.begin }),
    },
    locations: snapshot.locations.node.length,
    ...(snapshot.allocations === undefined
      ? {}
      : {
          allocations: {
            nodes: snapshot.allocations.nodes.id.length,
            functions: snapshot.allocations.functions.name.length,
            samples: snapshot.allocations.samples.timeUs.length,
          },
        }),
  };
  const values = columnValues(snapshot, graph, inFile);
  const columns: [ColumnEntry, Column][] = [];
  let at = HEAD;
  for (const [place, kind, expected] of columnsOf(head)) {
    const name = place.replace('?', '');
    const column = values.get(name);
    if (column === undefined && place.endsWith('?')) continue;
    if (column === undefined || (expected !== undefined && column.length !== expected))
      return `its column ${name} has ${column?.length ?? 'no'} values instead of ${expected}`;
    columns.push([{ name, kind, length: column.length, at, sum: 0 }, column]);
    at = Math.ceil((at + column.length * WIDTH[kind]) / ALIGN) * ALIGN;
  }
  return writeFile(indexPath(path), head, columns, at, answers);
}

async function writeFile(
  path: string,
  head: Omit<IndexDirectory, 'columns'>,
  columns: [ColumnEntry, Column][],
  size: Bytes,
  answers: ReadonlyMap<string, unknown>,
): Promise<string | undefined> {
  const temporary = `${path}.${process.pid}.tmp`;
  const forget = (): void => {
    try {
      unlinkSync(temporary);
    } catch {
      // Never made, or renamed.
    }
  };
  let handle: FileHandle | undefined;
  try {
    // A folder that tells nothing of its space has some.
    const disk = await statfs(path.replace(/[^/\\]*$/, '') || '.').catch(() => undefined);
    if (disk !== undefined && disk.bavail * disk.bsize < size + SPARE)
      return `an index of ${Math.ceil(size / 2 ** 20)} MB does not fit on the disk`;
    handle = await open(temporary, 'wx', 0o600);
    // Ctrl-C must not leave half an index.
    process.once('exit', forget);
    for (const [entry, column] of columns) entry.sum = await writeColumn(handle, entry.at, column);
    // Last: what was asked while the columns were being written is kept as well.
    const directory = Buffer.from(
      JSON.stringify({ ...head, ...keptAnswers(answers), columns: columns.map(([entry]) => entry) }),
    );
    await handle.write(directory, 0, directory.length, size);
    await handle.write(indexHead(directory, size), 0, HEAD, 0);
    // Renamed before its bytes are on the disk it would be there, and empty, after a power cut.
    await handle.datasync();
    await handle.close();
    handle = undefined;
    await rename(temporary, path);
    return undefined;
  } catch (error) {
    await handle?.close().catch(() => {});
    await unlink(temporary).catch(() => {});
    const why: Record<string, string> = {
      ENOSPC: 'the disk is full',
      EACCES: 'the folder is not writable',
      EPERM: 'the folder is not writable',
      EROFS: 'the file system is read-only',
    };
    return why[errnoOf(error) ?? ''] ?? (error as Error).message;
  } finally {
    process.removeListener('exit', forget);
  }
}

function keptAnswers(answers: ReadonlyMap<string, unknown>): Pick<IndexDirectory, 'answers'> {
  const text = JSON.stringify(Object.fromEntries(answers));
  return answers.size === 0 || text.length > ANSWERS_LIMIT ? {} : { answers: JSON.parse(text) };
}

async function writeColumn(handle: FileHandle, at: Bytes, column: Column): Promise<number> {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  for (let done = 0; done < bytes.length; ) {
    const piece = bytes.subarray(done, done + PIECE);
    for (let from = 0; from < piece.length; ) {
      const { bytesWritten } = await handle.write(piece, from, piece.length - from, at + done + from);
      from += bytesWritten;
    }
    done += piece.length;
  }
  return sumColumn(bytes);
}

function indexHead(directory: Uint8Array, at: Bytes): Uint8Array {
  const head = new Uint8Array(HEAD);
  head.set(MAGIC);
  const view = new DataView(head.buffer);
  view.setUint16(6, VERSION, true);
  view.setUint32(8, crc32(directory), true);
  view.setUint32(12, directory.length, true);
  view.setFloat64(16, at, true);
  return head;
}

function columnValues(snapshot: Snapshot, graph: HeapGraph, inFile: boolean): Map<string, Column> {
  const shared = snapshot.strings.shared!;
  const { allocations, locations } = snapshot;
  const values: Record<string, Column | undefined> = {
    nodeType: snapshot.nodeType,
    nodeName: snapshot.nodeName,
    nodeId: snapshot.nodeId,
    ...sizes('selfSize', snapshot.selfSize),
    firstEdge: snapshot.firstEdge,
    edgeTarget: snapshot.edgeTarget,
    edgeName: snapshot.edgeName,
    detachedness: snapshot.detachedness,
    traceNode: snapshot.traceNode,
    'strings.offsets': shared.offsets,
    'strings.bases': shared.bases,
    'strings.blob': inFile ? undefined : shared.blob,
    'locations.node': locations.node,
    'locations.script': locations.script,
    'locations.line': locations.line,
    'locations.column': locations.column,
    ...sizes('graph.shallow', graph.shallow),
    ...sizes('graph.retained', graph.retained),
    'graph.dominator': graph.dominator,
    'graph.distance': graph.distance,
    'graph.reachedBy': graph.reachedBy,
    'graph.detachedness': graph.detachedness,
    'graph.preorder': graph.preorder,
    'graph.rank': graph.rank,
    'graph.subtree': graph.subtree,
    'graph.userRoots': graph.userRoots,
  };
  for (const [table, rows] of Object.entries(allocations ?? {}))
    for (const [field, column] of Object.entries(rows as Record<string, Column>))
      values[`allocations.${table}.${field}`] = column;
  return new Map(Object.entries(values).filter((entry): entry is [string, Column] => entry[1] !== undefined));
}

/** The few sizes that need more than 32 bits as pairs of row and size. */
function sizes(name: string, column: SizeColumn): Record<string, Column> {
  return { [name]: column.low, [`${name}.high`]: Float64Array.from([...column.high].flat()) };
}
