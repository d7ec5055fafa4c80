import { HolterError } from '../base/errors.ts';
import { EDGE, EDGE_TYPES, NODE, NODE_TYPES } from './snapshot.ts';

/**
 * What the head of a snapshot (`"snapshot": {meta, node_count …}`) says about the rest: names of the fields of each
 * section in their order, and what its type numbers stand for. Written by V8's HeapSnapshotJSONSerializer
 * (heap-snapshot-generator.cc), whose fields differ between versions; other producers have others again.
 */
export interface SnapshotMeta {
  readonly nodeFields: readonly string[];
  readonly edgeFields: readonly string[];
  readonly locationFields: readonly string[];
  readonly functionFields: readonly string[];
  readonly traceNodeFields: readonly string[];
  readonly sampleFields: readonly string[];
  /** Type number of the file → NODE value. */
  readonly nodeTypes: Uint8Array;
  /** Type number of the file → EDGE value. */
  readonly edgeTypes: Uint8Array;
  /** As claimed; 0 when it says nothing. */
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly extraNativeBytes: number;
}

/** How many type numbers are told apart; V8 has 15 at most. Larger ones are `unknown`. */
export const TYPE_NUMBERS = 256;

/** @throws HolterError E_FILE_FORMAT: not JSON, or not what a snapshot says of itself */
export function readSnapshotMeta(text: string, name: string): SnapshotMeta {
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name}: the head of the snapshot is damaged`, { cause });
  }
  const snapshot = record(head);
  const meta = record(snapshot.meta);
  const nodeFields = names(meta.node_fields);
  const edgeFields = names(meta.edge_fields);
  const missing = [
    ...['type', 'name', 'id', 'self_size', 'edge_count'].filter((field) => !nodeFields.includes(field)),
    ...['type', 'name_or_index', 'to_node'].filter((field) => !edgeFields.includes(field)),
  ];
  if (missing.length > 0)
    throw new HolterError(
      'E_FILE_FORMAT',
      `${name} is no heap snapshot: its head does not name ${missing[0]}`,
      {
        hint: 'a heap snapshot is made by: holter heap snapshot <target>',
      },
    );
  return {
    nodeFields,
    edgeFields,
    locationFields: names(meta.location_fields),
    functionFields: names(meta.trace_function_info_fields),
    traceNodeFields: names(meta.trace_node_fields),
    sampleFields: names(meta.sample_fields),
    // From Node 24 on the list of types is one longer than that of fields: only its place 0 can be relied on.
    nodeTypes: translate(first(meta.node_types), NODE_TYPES, NODE.unknown),
    edgeTypes: translate(first(meta.edge_types), EDGE_TYPES, EDGE.unknown),
    nodeCount: count(snapshot.node_count),
    edgeCount: count(snapshot.edge_count),
    extraNativeBytes: count(snapshot.extra_native_bytes),
  };
}

function translate(types: readonly string[], ours: readonly string[], unknown: number): Uint8Array {
  const table = new Uint8Array(TYPE_NUMBERS).fill(unknown);
  // A file that lists no types has those of V8, which are in our order.
  const listed = types.length > 0 ? types : ours;
  for (const [number, type] of listed.slice(0, TYPE_NUMBERS).entries()) {
    const at = ours.indexOf(type);
    if (at >= 0) table[number] = at;
  }
  return table;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function names(value: unknown): string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : [];
}

function first(value: unknown): string[] {
  return Array.isArray(value) ? names(value[0]) : [];
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}
