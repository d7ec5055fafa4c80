import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { EDGE_TYPES, NODE_TYPES } from '../heap/snapshot.ts';
import type { SnapshotColumns } from './snapshot-build.ts';

const FIELDS = ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'];
/** What is written at once. */
const BLOCK = 1 << 20;

/**
 * Writes a snapshot as V8's HeapSnapshotJSONSerializer does (docs/formats/heapsnapshot.md), for the owner alone: it holds every
 * string of the process. The file is whole or not there. Between blocks others may run, so that it can be stopped.
 * @returns bytes written
 * @throws HolterError E_WRITE; what `signal` was aborted with
 */
export async function writeSnapshot(
  columns: SnapshotColumns,
  path: string,
  signal?: AbortSignal,
): Promise<Bytes> {
  const part = `${path}.part-${process.pid}`;
  let file = -1;
  let bytes = 0;
  let isWhole = false;
  try {
    file = openSync(part, 'wx', 0o600);
    let block = '';
    const flush = (): void => {
      const data = Buffer.from(block, 'utf8');
      for (let done = 0; done < data.length; ) done += writeSync(file, data, done);
      bytes += data.length;
      block = '';
    };
    for (const text of snapshotText(columns)) {
      block += text;
      if (block.length < BLOCK) continue;
      flush();
      await setImmediate();
      signal?.throwIfAborted();
    }
    flush();
    closeSync(file);
    file = -1;
    renameSync(part, path);
    isWhole = true;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new HolterError('E_WRITE', `cannot write ${path}: ${REASONS[code ?? ''] ?? message}`, {
      hint:
        code === 'ENOSPC'
          ? 'give a folder with more room: -o /other/heap.heapsnapshot'
          : 'give another path: -o PATH',
    });
  } finally {
    if (file !== -1) closeSync(file);
    if (!isWhole) rmSync(part, { force: true });
  }
  return bytes;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a file is in the way',
  EISDIR: 'it is a folder',
};

/** The JSON, in pieces. */
export function* snapshotText(columns: SnapshotColumns): Generator<string> {
  const {
    nodeCount,
    nodeType,
    nodeName,
    nodeId,
    nodeSize,
    firstEdge,
    edgeTarget,
    edgeName,
    locations,
    names,
  } = columns;
  const types = NODE_TYPES.filter((type) => type !== 'unknown');
  const meta = {
    node_fields: FIELDS,
    node_types: [types, 'string', 'number', 'number', 'number', 'number'],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [EDGE_TYPES.filter((type) => type !== 'unknown'), 'string_or_number', 'node'],
    trace_function_info_fields: ['function_id', 'name', 'script_name', 'script_id', 'line', 'column'],
    trace_node_fields: ['id', 'function_info_index', 'count', 'size', 'children'],
    sample_fields: ['timestamp_us', 'last_assigned_id'],
    location_fields: ['object_index', 'script_id', 'line', 'column'],
  };
  const head = {
    meta,
    node_count: nodeCount,
    edge_count: edgeTarget.length,
    trace_function_count: 0,
    extra_native_bytes: 0,
  };
  yield `{"snapshot":${JSON.stringify(head)},\n"nodes":[`;
  for (let node = 0; node < nodeCount; node++) {
    const edges = firstEdge[node + 1]! - firstEdge[node]!;
    yield `${node === 0 ? '' : '\n,'}${nodeType[node]},${nodeName[node]},${nodeId[node]},${nodeSize[node]},${edges},0`;
  }
  yield '\n],\n"edges":[';
  for (let edge = 0; edge < edgeTarget.length; edge++) {
    const packed = edgeTarget.get(edge);
    yield `${edge === 0 ? '' : '\n,'}${packed & 7},${edgeName.get(edge)},${(packed >>> 3) * FIELDS.length}`;
  }
  yield '\n],\n"trace_function_infos":[],\n"trace_tree":[],\n"samples":[],\n"locations":[';
  for (let row = 0; row < locations.length; row += 4) {
    const [node, script, line, column] = locations.slice(row, row + 4);
    yield `${row === 0 ? '' : '\n,'}${node! * FIELDS.length},${script},${line},${column}`;
  }
  yield '\n],\n"strings":[';
  for (const [index, name] of names.list.entries())
    yield `${index === 0 ? '' : ',\n'}${JSON.stringify(name)}`;
  yield ']}\n';
}
