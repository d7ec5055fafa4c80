import type { Heap } from './heap.ts';
import { edgeColumns, sourceFinder } from './query-edges.ts';
import { objectColumns } from './query-object-columns.ts';
import type { QueryColumn, QueryTable } from './query-table.ts';
import { stringColumn } from './query-value.ts';
import { CLASS_COLUMNS, EDGE_COLUMNS, STRING_COLUMNS } from './query-words.ts';
import { retainingPath } from './retaining-path.ts';
import { NODE } from './snapshot.ts';

/** @param node of the argument; the table must be one that QUERY_TABLES says takes it */
export function buildQueryTable(heap: Heap, name: string, node: number): QueryTable {
  switch (name) {
    case 'classes':
      return classesTable(heap);
    case 'strings':
      return stringsTable(heap);
    case 'edges':
      return edgesTable(heap);
    case 'retainers':
      return retainersTable(heap, node);
    case 'refs':
      return referencesTable(heap, node);
    case 'path': {
      const steps = retainingPath(heap, node);
      return linkTable(
        heap,
        name,
        Uint32Array.from(steps, (step) => step.node),
        (row) => steps[row]?.edge ?? -1,
      );
    }
    case 'dominated':
      return dominatedTable(heap, node);
    default:
      return {
        name: 'objects',
        rowCount: heap.snapshot.nodeCount,
        columns: objectColumns(heap),
        star: ['id', 'class', 'name', 'shallow', 'retained', 'distance'],
        nodeAt: (row) => row,
        preorder: () => heap.graph.preorder,
      };
  }
}

function classesTable(heap: Heap): QueryTable {
  const { classes, snapshot } = heap;
  const instance = (row: number) => {
    const at = classes.location[row] as number;
    return at < 0 ? undefined : (snapshot.locations.node[at] as number);
  };
  const placeAt = (row: number) => {
    const node = instance(row);
    return node === undefined ? undefined : heap.scripts.placeOf(node);
  };
  const make: Record<string, QueryColumn['make']> = {
    class: () => ({ type: 'text', at: (row) => classes.name[row] as string }),
    count: () => ({ type: 'number', unit: 'count', at: (row) => classes.instances[row] as number }),
    shallow: () => ({ type: 'number', unit: 'bytes', at: (row) => classes.shallow[row] as number }),
    retained: () => ({ type: 'number', unit: 'bytes', at: (row) => classes.retained[row] as number }),
    distance: () => ({ type: 'number', unit: 'number', at: (row) => classes.distance[row] as number }),
    place: () => ({
      type: 'text',
      at(row) {
        const place = placeAt(row);
        if (place === undefined) return '';
        return place.line > 0 ? `${place.file}:${place.line}` : place.file;
      },
    }),
    file: () => ({ type: 'text', at: (row) => placeAt(row)?.file ?? '' }),
    line: () => ({ type: 'number', unit: 'number', at: (row) => placeAt(row)?.line || Number.NaN }),
    package: () => ({
      type: 'text',
      at(row) {
        const node = instance(row);
        return node === undefined ? '?' : (heap.scripts.packageOf(node) ?? '?');
      },
    }),
  };
  return {
    name: 'classes',
    rowCount: classes.count,
    columns: withAbout(CLASS_COLUMNS, make),
    star: ['class', 'count', 'shallow', 'retained', 'place'],
  };
}

/** Texts that differ, by string index: V8 writes each text once. */
function stringsTable(heap: Heap): QueryTable {
  const { snapshot, graph } = heap;
  const { strings, nodeType, nodeName } = snapshot;
  const copies = new Uint32Array(strings.count);
  const bytes = new Float64Array(strings.count);
  const sample = new Uint32Array(strings.count);
  let rowCount = 0;
  for (let node = 0; node < snapshot.nodeCount; node++) {
    // Put together or cut out of others: their names say only that.
    if (nodeType[node] !== NODE.string) continue;
    const name = nodeName[node] as number;
    if (copies[name] === 0) {
      rowCount++;
      sample[name] = node;
    }
    copies[name]! += 1;
    bytes[name]! += graph.shallow.get(node);
  }
  const rows = new Uint32Array(rowCount);
  for (let name = 0, row = 0; name < strings.count; name++) if (copies[name] !== 0) rows[row++] = name;
  const make: Record<string, QueryColumn['make']> = {
    text: () => stringColumn(strings, (row) => rows[row] as number),
    length: () => ({ type: 'number', unit: 'count', at: (row) => strings.get(rows[row] as number).length }),
    copies: () => ({ type: 'number', unit: 'count', at: (row) => copies[rows[row] as number] as number }),
    shallow: () => ({ type: 'number', unit: 'bytes', at: (row) => bytes[rows[row] as number] as number }),
    wasted: () => ({
      type: 'number',
      unit: 'bytes',
      at(row) {
        const name = rows[row] as number;
        const count = copies[name] as number;
        return ((bytes[name] as number) * (count - 1)) / count;
      },
    }),
    id: () => ({ type: 'node', at: (row) => sample[rows[row] as number] as number }),
  };
  return {
    name: 'strings',
    rowCount,
    columns: withAbout(STRING_COLUMNS, make),
    star: ['text', 'copies', 'shallow', 'wasted'],
    note: 'Texts are compared by their first 1024 characters, which is all a snapshot has.',
  };
}

function edgesTable(heap: Heap): QueryTable {
  const { snapshot } = heap;
  const { edgeTarget } = snapshot;
  const columns = new Map<string, QueryColumn>([
    [
      'source',
      { about: EDGE_COLUMNS.source as string, make: () => ({ type: 'node', at: sourceFinder(snapshot) }) },
    ],
    [
      'target',
      {
        about: EDGE_COLUMNS.target as string,
        make: () => ({ type: 'node', at: (row) => (edgeTarget[row] as number) >>> 3 }),
      },
    ],
    ...edgeColumns(heap, { name: 'name', type: 'type' }, (row) => row),
  ]);
  return { name: 'edges', rowCount: snapshot.edgeCount, columns, star: ['source', 'name', 'type', 'target'] };
}

function retainersTable(heap: Heap, node: number): QueryTable {
  const { first, edge } = heap.retainers;
  const edges = edge.subarray(first[node] as number, first[node + 1] as number);
  const sourceOf = sourceFinder(heap.snapshot);
  const sources = new Uint32Array(edges.length);
  for (let at = 0; at < edges.length; at++) sources[at] = sourceOf(edges[at] as number);
  return linkTable(heap, 'retainers', sources, (row) => edges[row] as number);
}

function referencesTable(heap: Heap, node: number): QueryTable {
  const { firstEdge, edgeTarget } = heap.snapshot;
  const begin = firstEdge[node] as number;
  const targets = new Uint32Array((firstEdge[node + 1] as number) - begin);
  for (let at = 0; at < targets.length; at++) targets[at] = (edgeTarget[begin + at] as number) >>> 3;
  return linkTable(heap, 'refs', targets, (row) => begin + row);
}

function dominatedTable(heap: Heap, node: number): QueryTable {
  const { preorder, rank, subtree } = heap.graph;
  const begin = (rank[node] as number) + 1;
  const end = begin - 1 + (subtree[begin - 1] as number);
  let count = 0;
  for (let at = begin; at < end; at += subtree[at] as number) count++;
  const nodes = new Uint32Array(count);
  for (let at = begin, row = 0; at < end; at += subtree[at] as number) nodes[row++] = preorder[at] as number;
  return {
    name: 'dominated',
    rowCount: count,
    columns: objectColumns(heap, (row) => nodes[row] as number),
    star: ['id', 'class', 'name', 'shallow', 'retained'],
    nodeAt: (row) => nodes[row] as number,
    preorder: () => byRank(heap, nodes),
  };
}

/** Objects at the other end of some edges. */
function linkTable(
  heap: Heap,
  name: string,
  nodes: Uint32Array,
  edgeAt: (row: number) => number,
): QueryTable {
  const nodeAt = (row: number) => nodes[row] as number;
  return {
    name,
    rowCount: nodes.length,
    columns: new Map([
      ...edgeColumns(heap, { name: 'edge', type: 'edgetype' }, edgeAt),
      ...objectColumns(heap, nodeAt),
    ]),
    star: ['edge', 'edgetype', 'id', 'class', 'retained', 'distance'],
    nodeAt,
    preorder: () => byRank(heap, nodes),
  };
}

/** Rows in the order of the dominator tree. */
function byRank({ graph }: Heap, nodes: Uint32Array): Uint32Array {
  const rank = (row: number) => graph.rank[nodes[row] as number] as number;
  return Uint32Array.from(nodes.keys()).sort((a, b) => rank(a) - rank(b));
}

function withAbout(
  about: Record<string, string>,
  make: Record<string, QueryColumn['make']>,
): Map<string, QueryColumn> {
  return new Map(
    Object.entries(make).map(([name, build]) => [name, { about: about[name] ?? '', make: build }] as const),
  );
}
