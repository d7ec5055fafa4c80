import { closeSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { sumColumn } from './column-sum.ts';
import type { HeapGraph } from './heap-graph.ts';
import {
  type Column,
  type ColumnEntry,
  columnsOf,
  DIRECTORY_LIMIT,
  HEAD,
  type IndexDirectory,
  identify,
  indexPath,
  MAGIC,
  VERSION,
  WIDTH,
} from './heap-index.ts';
import { IndexedGraph, IndexedSnapshot } from './heap-index-views.ts';
import type { Snapshot } from './snapshot.ts';

/** Read at a time; more than 2 GiB cannot be. */
const PIECE: Bytes = 64 * 2 ** 20;

/** Files of indexes nobody looks at any more are closed. */
const unused = new FinalizationRegistry<number>((fd) => closeSync(fd));

export interface KnownHeap {
  snapshot: Snapshot;
  graph: HeapGraph;
  answers: Map<string, unknown>;
}

/**
 * What an earlier run worked out of the snapshot at `path`, or undefined: there is no index, it belongs to the file as it
 * was before, is damaged, of another version, or somebody else's. Columns are read when they are first looked at; one that
 * turns out to be damaged then throws HolterError E_FILE_FORMAT and takes the index away, so that the next run makes a
 * new one.
 */
export async function readIndex(path: string): Promise<KnownHeap | undefined> {
  const file = IndexFile.open(path);
  if (file === undefined) return undefined;
  return {
    snapshot: new IndexedSnapshot(path, file),
    graph: new IndexedGraph(file),
    answers: new Map(Object.entries(file.directory.answers ?? {})),
  };
}

/** An index whose directory has been checked. */
export class IndexFile {
  readonly directory: IndexDirectory;
  readonly #path: string;
  readonly #fd: number;
  readonly #entries: ReadonlyMap<string, ColumnEntry>;

  private constructor(path: string, fd: number, directory: IndexDirectory) {
    this.#path = path;
    this.#fd = fd;
    this.directory = directory;
    this.#entries = new Map(directory.columns.map((entry) => [entry.name, entry]));
    unused.register(this, fd);
  }

  static open(snapshotPath: string): IndexFile | undefined {
    const path = indexPath(snapshotPath);
    let fd: number | undefined;
    try {
      fd = openSync(path, 'r');
      const directory = readDirectory(fd);
      const file = identify(snapshotPath);
      if (directory !== undefined && file !== undefined && isSame(directory.file, file)) {
        const index = new IndexFile(path, fd, directory);
        fd = undefined;
        return index;
      }
    } catch {
      // Unreadable is as good as not there: the snapshot has it all.
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  uint8(name: string): Uint8Array {
    return this.#read(name, Uint8Array);
  }

  uint32(name: string): Uint32Array {
    return this.#read(name, Uint32Array);
  }

  int32(name: string): Int32Array {
    return this.#read(name, Int32Array);
  }

  float64(name: string): Float64Array {
    return this.#read(name, Float64Array);
  }

  #read<Values extends Column>(name: string, kind: { new (buffer: SharedArrayBuffer): Values }): Values {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new HolterError('E_BUG', `${this.#path} has no column ${name}`);
    const buffer = new SharedArrayBuffer(entry.length * WIDTH[entry.kind]);
    const bytes = new Uint8Array(buffer);
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(this.#fd, bytes, done, Math.min(PIECE, bytes.length - done), entry.at + done);
      if (count === 0) break;
      done += count;
    }
    if (done < bytes.length || sumColumn(bytes) !== entry.sum) throw this.#damaged(name);
    return new kind(buffer);
  }

  #damaged(name: string): HolterError {
    let hint = 'run it again: the index was removed and will be made anew';
    try {
      unlinkSync(this.#path);
    } catch {
      hint = `rm ${this.#path}`;
    }
    return new HolterError('E_FILE_FORMAT', `${this.#path} is damaged in its column ${name}`, { hint });
  }
}

/** Undefined unless all its lengths and offsets fit the file and each other. */
function readDirectory(fd: number): IndexDirectory | undefined {
  const entry = fstatSync(fd);
  const user = process.geteuid?.();
  // Numbers of an index are believed: it must be our own, or root's.
  if (!entry.isFile() || (user !== undefined && entry.uid !== user && entry.uid !== 0)) return undefined;
  const head = new Uint8Array(HEAD);
  if (readSync(fd, head, 0, HEAD, 0) < HEAD || MAGIC.some((byte, at) => head[at] !== byte)) return undefined;
  const view = new DataView(head.buffer);
  const length = view.getUint32(12, true);
  const at = view.getFloat64(16, true);
  if (view.getUint16(6, true) !== VERSION || length > DIRECTORY_LIMIT || at + length !== entry.size)
    return undefined;
  const text = Buffer.alloc(length);
  if (readSync(fd, text, 0, length, at) < length || crc32(text) !== view.getUint32(8, true)) return undefined;
  // Written by this version and whole: the shape is known, only what is computed from it is checked.
  const directory = JSON.parse(text.toString()) as IndexDirectory;
  const columns = new Map(directory.columns.map((column) => [column.name, column]));
  for (const [place, kind, expected] of columnsOf(directory)) {
    const column = columns.get(place.replace('?', ''));
    if (column === undefined) {
      if (place.endsWith('?')) continue;
      return undefined;
    }
    if (column.kind !== kind || (expected !== undefined && column.length !== expected)) return undefined;
    if (!(column.at >= HEAD && column.length >= 0 && column.at + column.length * WIDTH[kind] <= at))
      return undefined;
  }
  return directory;
}

function isSame(a: IndexDirectory['file'], b: IndexDirectory['file']): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ends === b.ends;
}
