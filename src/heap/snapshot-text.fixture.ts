import { type EDGE, EDGE_TYPES, type NODE, NODE_TYPES } from './snapshot.ts';

/** A node as drawn: edges are `[type, name or index, to]`. */
export interface DrawnNode {
  type: keyof typeof NODE | 'concatenated string';
  name: string;
  id: number;
  size?: number;
  trace?: number;
  detached?: number;
  edges?: [type: keyof typeof EDGE, name: string | number, to: number][];
}

export interface TextOptions {
  /** Between rows: Node 22 and older write `\n,`, newer ones `,`. `pretty` is JSON.stringify with indentation. */
  format?: 'lines' | 'commas' | 'pretty';
  nodeFields?: string[];
  locations?: number[];
  head?: object;
  /** Instead of the head's own counts. */
  counts?: { nodes?: number; edges?: number };
  sections?: Record<string, unknown>;
}

export const SEVEN = ['type', 'name', 'id', 'self_size', 'edge_count', 'trace_node_id', 'detachedness'];
export const SIX = ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'];

/** What `drawSnapshot` wrote, as `JSON.parse` gives it. */
export interface SnapshotJson {
  snapshot: { meta: Record<string, unknown>; node_count: number; edge_count: number };
  nodes: number[];
  edges: number[];
  locations: number[];
  strings: string[];
}

/** The text of a snapshot as V8 writes it. */
export function drawSnapshot(nodes: readonly DrawnNode[], options: TextOptions = {}): string {
  const { format = 'lines', nodeFields = SEVEN, locations = [], counts = {}, sections = {} } = options;
  const strings: string[] = ['<dummy>'];
  const indexes = new Map<string, number>([['<dummy>', 0]]);
  const intern = (text: string): number => {
    let index = indexes.get(text);
    if (index === undefined) {
      index = strings.push(text) - 1;
      indexes.set(text, index);
    }
    return index;
  };
  const nodeRows = nodes.map((node) => {
    const values: Record<string, number> = {
      type: typeNumber(node.type),
      name: intern(node.name),
      id: node.id,
      self_size: node.size ?? 0,
      edge_count: node.edges?.length ?? 0,
      trace_node_id: node.trace ?? 0,
      detachedness: node.detached ?? 0,
    };
    return nodeFields.map((field) => values[field] ?? 0);
  });
  const edgeRows = nodes.flatMap((node) =>
    (node.edges ?? []).map(([type, name, to]) => [
      EDGE_TYPES.indexOf(type),
      typeof name === 'number' ? name : intern(name),
      to * nodeFields.length,
    ]),
  );
  const meta = {
    node_fields: nodeFields,
    node_types: [NODE_TYPES.slice(0, 16), 'string', 'number', 'number', 'number', 'number', 'number'],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [EDGE_TYPES.slice(0, 7), 'string_or_number', 'node'],
    trace_function_info_fields: ['function_id', 'name', 'script_name', 'script_id', 'line', 'column'],
    trace_node_fields: ['id', 'function_info_index', 'count', 'size', 'children'],
    sample_fields: ['timestamp_us', 'last_assigned_id'],
    location_fields: ['object_index', 'script_id', 'line', 'column'],
  };
  const head = {
    meta,
    node_count: counts.nodes ?? nodeRows.length,
    edge_count: counts.edges ?? edgeRows.length,
    trace_function_count: 0,
    ...options.head,
  };
  if (format === 'pretty') {
    const all = {
      snapshot: head,
      nodes: nodeRows.flat(),
      edges: edgeRows.flat(),
      ...sections,
      locations,
      strings,
    };
    return JSON.stringify(all, undefined, 2);
  }
  const lines = format === 'lines';
  const rows = (list: readonly number[][]): string =>
    list.map((row) => row.join()).join(lines ? '\n,' : ',') + (lines ? '\n' : '');
  const located: number[][] = [];
  for (let at = 0; at < locations.length; at += 4) located.push(locations.slice(at, at + 4));
  const others = { trace_function_infos: [], trace_tree: [], samples: [], ...sections };
  return [
    `{"snapshot":${JSON.stringify(head)},\n"nodes":[${rows(nodeRows)}],\n"edges":[${rows(edgeRows)}],\n`,
    ...Object.entries(others).map(([name, value]) => `"${name}":${JSON.stringify(value)},\n`),
    `"locations":[${rows(located)}],\n`,
    `"strings":[${strings.map(asV8Writes).join(lines ? ',\n' : ',')}]}`,
  ].join('');
}

/** A heap with something of everything, every number of digits and a few awkward strings. */
export const SMALL_HEAP: readonly DrawnNode[] = [
  {
    type: 'synthetic',
    name: '',
    id: 1,
    edges: [
      ['element', 1, 1],
      ['shortcut', 'global', 2],
    ],
  },
  { type: 'synthetic', name: '(GC roots)', id: 3, edges: [['element', 0, 3]] },
  {
    type: 'object',
    name: 'global',
    id: 5,
    size: 1040,
    edges: [
      ['property', 'häßlich "quoted" \\ \n\u2028', 3],
      ['weak', 'a', 4],
      ['context', '😀', 5],
    ],
  },
  { type: 'closure', name: 'f', id: 7, size: 64, edges: [['hidden', 4_294_967_295, 6]] },
  { type: 'string', name: 'lone \ud800 surrogate', id: 2_483_648_001, size: 5_000_000_123 },
  { type: 'concatenated string', name: '', id: 11, size: 32, edges: [['internal', 'first', 4]] },
  { type: 'native', name: 'Node / Buffer', id: 12, size: 123_456_789_012, detached: 2 },
  { type: 'array', name: '(map descriptors)', id: 999_999_999, size: 999_999_999 },
];

function typeNumber(type: DrawnNode['type']): number {
  const names: Record<string, string> = {
    consString: 'concatenated string',
    slicedString: 'sliced string',
    objectShape: 'object shape',
    wasmObject: 'wasm object',
  };
  return NODE_TYPES.indexOf((names[type] ?? type) as (typeof NODE_TYPES)[number]);
}

/** ASCII, other characters as `\uXXXX` in capitals. */
function asV8Writes(text: string): string {
  let ascii = '';
  for (const unit of JSON.stringify(text).split('')) {
    const code = unit.charCodeAt(0);
    ascii += code > 0x7e ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}` : unit;
  }
  return ascii;
}
