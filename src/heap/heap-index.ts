import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Bytes } from '../base/units.ts';

/**
 * The file beside a snapshot that keeps what was worked out of it: `x.heapsnapshot.hsidx`, docs/formats/hsidx.md. A head of
 * HEAD bytes, columns each beginning at a multiple of ALIGN, a directory in JSON.
 *
 *     head: "hsidx\n" u16 version  u32 crc of the directory  u32 its length  f64 its offset  (little endian)
 */
export const MAGIC: Uint8Array = Uint8Array.from([0x68, 0x73, 0x69, 0x64, 0x78, 0x0a]);
/** To be raised whenever a column or an answer gets another meaning or the rules behind its numbers change. */
export const VERSION = 2;
export const HEAD: Bytes = 64;
export const ALIGN = 64;
export const DIRECTORY_LIMIT: Bytes = 2 ** 20;
export const ANSWERS_LIMIT: Bytes = 2 ** 18;

export type ColumnKind = 'u8' | 'u32' | 'i32' | 'f64';
export type Column = Uint8Array | Uint32Array | Int32Array | Float64Array;
export const WIDTH: Readonly<Record<ColumnKind, Bytes>> = { u8: 1, u32: 4, i32: 4, f64: 8 };

/** Which file an index belongs to. Changed in any way, the file has another identity, and the index is made anew. */
export interface FileIdentity {
  size: Bytes;
  /** Decimal. */
  mtimeNs: string;
  /** CRC-32 of the first and the last 64 kB. */
  ends: number;
}

export interface ColumnEntry {
  name: string;
  kind: ColumnKind;
  /** Values. */
  length: number;
  at: Bytes;
  /** column-sum.ts. */
  sum: number;
}

export interface IndexDirectory {
  file: FileIdentity;
  /** Of the snapshot, all that is no column. */
  bytes: Bytes;
  nodeCount: number;
  edgeCount: number;
  extraNativeBytes: Bytes;
  partial?: string;
  strings: {
    count: number;
    nameless: 0 | 1;
    /** Offset in the snapshot's file; absent when the literals are the column `strings.blob`. */
    begin?: Bytes;
  };
  locations: number;
  /** Rows, when there are any. */
  allocations?: { nodes: number; functions: number; samples: number };
  /** `Heap.answers` at the time, ANSWERS_LIMIT at most. */
  answers?: Record<string, unknown>;
  columns: ColumnEntry[];
}

/** Where the index of a snapshot is. */
export function indexPath(path: string): string {
  return `${path}.hsidx`;
}

const END: Bytes = 64 * 1024;

/** Undefined when there is no such plain file. */
export function identify(path: string): FileIdentity | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const entry = fstatSync(fd, { bigint: true });
    if (!entry.isFile()) return undefined;
    const size = Number(entry.size);
    const end = new Uint8Array(END);
    let crc = 0;
    for (const at of [0, Math.max(0, size - END)])
      crc = crc32(end.subarray(0, readSync(fd, end, 0, END, at)), crc);
    return { size, mtimeNs: String(entry.mtimeNs), ends: crc };
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Columns of a directory's counts: name, kind and length (undefined: any). `?` marks those that may be absent. */
export function columnsOf(
  directory: Omit<IndexDirectory, 'columns'>,
): readonly [string, ColumnKind, number | undefined][] {
  const { nodeCount: nodes, edgeCount: edges, strings, locations, allocations } = directory;
  return [
    ['nodeType', 'u8', nodes],
    ['nodeName', 'u32', nodes],
    ['nodeId', 'u32', nodes],
    ['selfSize', 'u32', nodes],
    ['selfSize.high', 'f64', undefined],
    ['firstEdge', 'u32', nodes + 1],
    ['edgeTarget', 'u32', edges],
    ['edgeName', 'u32', edges],
    ['detachedness?', 'u8', nodes],
    ['traceNode?', 'u32', nodes],
    ['strings.offsets', 'u32', strings.count + 1],
    ['strings.bases', 'f64', (strings.count >>> 16) + 1],
    ['strings.blob?', 'u8', undefined],
    ['locations.node', 'u32', locations],
    ['locations.script', 'i32', locations],
    ['locations.line', 'i32', locations],
    ['locations.column', 'i32', locations],
    ...(allocations === undefined ? [] : allocationColumns(allocations)),
    ['graph.shallow', 'u32', nodes],
    ['graph.shallow.high', 'f64', undefined],
    ['graph.retained', 'u32', nodes],
    ['graph.retained.high', 'f64', undefined],
    ['graph.dominator', 'u32', nodes],
    ['graph.distance', 'i32', nodes],
    ['graph.reachedBy', 'u32', nodes],
    ['graph.detachedness?', 'u8', nodes],
    ['graph.preorder', 'u32', nodes],
    ['graph.rank', 'u32', nodes],
    ['graph.subtree', 'u32', nodes],
    ['graph.userRoots', 'u32', undefined],
  ];
}

function allocationColumns(rows: NonNullable<IndexDirectory['allocations']>): [string, ColumnKind, number][] {
  return [
    ['allocations.nodes.id', 'u32', rows.nodes],
    ['allocations.nodes.parent', 'i32', rows.nodes],
    ['allocations.nodes.function', 'i32', rows.nodes],
    ['allocations.nodes.count', 'u32', rows.nodes],
    ['allocations.nodes.size', 'f64', rows.nodes],
    ['allocations.functions.name', 'u32', rows.functions],
    ['allocations.functions.scriptName', 'u32', rows.functions],
    ['allocations.functions.scriptId', 'i32', rows.functions],
    ['allocations.functions.line', 'i32', rows.functions],
    ['allocations.functions.column', 'i32', rows.functions],
    ['allocations.samples.timeUs', 'f64', rows.samples],
    ['allocations.samples.lastId', 'f64', rows.samples],
  ];
}
