import type { Bytes } from '../base/units.ts';
import type { SizeColumn } from './size-column.ts';
import type { SnapshotStrings } from './snapshot-strings.ts';

/**
 * Node types of V8's heap snapshots (v8-profiler.h, HeapGraphNode::Type) in holter's fixed order. Files list theirs in
 * `meta.node_types[0]`, in an order that depends on the version; the reader translates by name.
 */
export const NODE_TYPES = [
  'hidden',
  'array',
  'string',
  'object',
  'code',
  'closure',
  'regexp',
  'number',
  'native',
  'synthetic',
  'concatenated string',
  'sliced string',
  'symbol',
  'bigint',
  'object shape',
  'wasm object',
  'unknown',
] as const;
export type NodeTypeName = (typeof NODE_TYPES)[number];

/** Values of `Snapshot.nodeType`. */
export const NODE = {
  hidden: 0,
  array: 1,
  string: 2,
  object: 3,
  code: 4,
  closure: 5,
  regexp: 6,
  number: 7,
  native: 8,
  synthetic: 9,
  consString: 10,
  slicedString: 11,
  symbol: 12,
  bigint: 13,
  objectShape: 14,
  wasmObject: 15,
  unknown: 16,
} as const;

/** Edge types (HeapGraphEdge::Type). Anything else a file names (Chrome's `invisible`) becomes `unknown`. */
export const EDGE_TYPES = [
  'context',
  'element',
  'property',
  'internal',
  'hidden',
  'shortcut',
  'weak',
  'unknown',
] as const;

/** Values of the low three bits of `Snapshot.edgeTarget`. */
export const EDGE = {
  context: 0,
  element: 1,
  property: 2,
  internal: 3,
  hidden: 4,
  shortcut: 5,
  weak: 6,
  unknown: 7,
} as const;

/** Node ordinal → `edgeTarget`: three bits for the type leave 29 for the node. */
export const MAX_NODES: number = 2 ** 29;

/**
 * A heap snapshot as columns. A node is its ordinal in the file (root = 0), an edge its ordinal; the edges of node `n`
 * are `firstEdge[n]` to `firstEdge[n + 1] - 1`, in the order of the file. All big columns are over SharedArrayBuffers, so
 * that workers see them without a copy.
 *
 *     to = edgeTarget[e] >>> 3      type = edgeTarget[e] & 7
 *
 * Shapes: node columns `nodeCount`, `firstEdge` one more, edge columns `edgeCount`.
 */
export interface Snapshot {
  /** Path or what it is, for messages. */
  readonly name: string;
  /** Of the (unpacked) file. */
  readonly bytes: Bytes;
  readonly nodeCount: number;
  readonly edgeCount: number;
  /** NODE value. */
  readonly nodeType: Uint8Array;
  /** Index into `strings`. V8 interns: same index ⇔ same text (of the first 1024 characters). */
  readonly nodeName: Uint32Array;
  /** V8's id, stable within one process. JS objects odd, the embedder's even. Truncated to 32 bits (none is larger). */
  readonly nodeId: Uint32Array;
  /** As written; DevTools shows `HeapGraph.shallow` instead. */
  readonly selfSize: SizeColumn;
  readonly firstEdge: Uint32Array;
  /** `to << 3 | type`, unsigned. */
  readonly edgeTarget: Uint32Array;
  /** Of `element` and `hidden` edges the index itself (all 32 bits), of others an index into `strings`. */
  readonly edgeName: Uint32Array;
  /** As written: 0 unknown, 1 attached, 2 detached. Absent when the file has no such field. */
  readonly detachedness?: Uint8Array;
  /** Row of `allocations.nodes` that allocated the node (its id), 0 unknown. Only with allocation tracking. */
  readonly traceNode?: Uint32Array;
  readonly strings: SnapshotStrings;
  readonly locations: SnapshotLocations;
  readonly allocations?: AllocationTrace;
  /** Memory outside the heap that V8 counts in the total (Node 24 on), else 0. */
  readonly extraNativeBytes: Bytes;
  /** What the file lacks, as a sentence: cut while writing, counts that are wrong. */
  readonly partial?: string;
}

/**
 * Where functions (closures) and constructors of objects stand: `node[i]` in `script[i]` at `line[i]`, `column[i]`, all
 * 0-based as in the file, ascending by node.
 */
export interface SnapshotLocations {
  readonly node: Uint32Array;
  readonly script: Int32Array;
  readonly line: Int32Array;
  readonly column: Int32Array;
}

/** Allocation stacks (`trackAllocations`): a tree of call sites. Row 0 is the root (parent −1). */
export interface AllocationTrace {
  nodes: {
    /** What `Snapshot.traceNode` holds. */
    id: Uint32Array;
    parent: Int32Array;
    /** Row of `functions`. */
    function: Int32Array;
    count: Uint32Array;
    size: Float64Array;
  };
  functions: {
    /** String index. */
    name: Uint32Array;
    scriptName: Uint32Array;
    scriptId: Int32Array;
    /** 0-based. */
    line: Int32Array;
    column: Int32Array;
  };
  /** Ids up to `lastId` were given by `timeUs` after start. */
  samples: { timeUs: Float64Array; lastId: Float64Array };
}
