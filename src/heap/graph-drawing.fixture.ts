import { SizeColumn } from './size-column.ts';
import { EDGE_TYPES, NODE_TYPES, type NodeTypeName, type Snapshot } from './snapshot.ts';

export interface DrawnNode {
  type?: NodeTypeName;
  name?: string;
  size?: number;
  /** Default: 2 · ordinal + 1. */
  id?: number;
  detachedness?: number;
  edges?: DrawnEdge[];
}

/** `[to, name]`: a property; the type may follow. Names that are numbers make `element` edges. */
export type DrawnEdge = [to: number, name?: string | number, type?: (typeof EDGE_TYPES)[number]];

/**
 * A snapshot drawn by hand: node 0 is the root. For tests.
 *
 *     drawSnapshot([{ edges: [[1, 'global', 'shortcut']] }, { name: 'global', size: 10, edges: [[2, 'app']] }, { name: 'App' }])
 */
export function drawSnapshot(nodes: readonly DrawnNode[], name = 'drawn'): Snapshot {
  const texts: string[] = [];
  const indexes = new Map<string, number>();
  const intern = (text: string): number => {
    const index = indexes.get(text) ?? texts.length;
    if (index === texts.length) texts.push(text);
    indexes.set(text, index);
    return index;
  };
  const edges = nodes.flatMap((node) => node.edges ?? []);
  const firstEdge = new Uint32Array(nodes.length + 1);
  nodes.forEach((node, i) => {
    firstEdge[i + 1] = firstEdge[i]! + (node.edges?.length ?? 0);
  });
  const selfSize = new SizeColumn(new Uint32Array(nodes.length));
  nodes.forEach((node, i) => {
    selfSize.set(i, node.size ?? 0);
  });
  return {
    name,
    bytes: 0,
    nodeCount: nodes.length,
    edgeCount: edges.length,
    nodeType: Uint8Array.from(nodes, (node, i) =>
      NODE_TYPES.indexOf(node.type ?? (i === 0 ? 'synthetic' : 'object')),
    ),
    nodeName: Uint32Array.from(nodes, (node) => intern(node.name ?? '')),
    nodeId: Uint32Array.from(nodes, (node, i) => node.id ?? 2 * i + 1),
    selfSize,
    firstEdge,
    edgeTarget: Uint32Array.from(
      edges,
      ([to, label = '', type]) =>
        ((to << 3) | EDGE_TYPES.indexOf(type ?? (typeof label === 'number' ? 'element' : 'property'))) >>> 0,
    ),
    edgeName: Uint32Array.from(edges, ([, label = '']) =>
      typeof label === 'number' ? label : intern(label),
    ),
    ...(nodes.some((node) => node.detachedness !== undefined)
      ? { detachedness: Uint8Array.from(nodes, (node) => node.detachedness ?? 0) }
      : {}),
    strings: {
      count: texts.length,
      get: (index) => texts[index] ?? '',
      bytes: (index) => new TextEncoder().encode(JSON.stringify(texts[index] ?? '').slice(1, -1)),
      find: (text) => indexes.get(text) ?? -1,
      search: ({ prefix = '', infix = '', afterDigits }) =>
        Uint32Array.from(texts.keys()).filter(
          (i) =>
            texts[i]!.startsWith(prefix) &&
            texts[i]!.includes(infix) &&
            (afterDigits === undefined || texts[i]!.replace(/^\d+/, '#').startsWith(`#${afterDigits}`)),
        ),
    },
    locations: {
      node: new Uint32Array(0),
      script: new Int32Array(0),
      line: new Int32Array(0),
      column: new Int32Array(0),
    },
    extraNativeBytes: 0,
  };
}
