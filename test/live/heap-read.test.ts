import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { openStream } from '../../src/base/byte-stream.ts';
import { readSnapshot } from '../../src/heap/read-snapshot.ts';
import { EDGE_TYPES, NODE_TYPES, type Snapshot } from '../../src/heap/snapshot.ts';
import { NODE_MAJORS } from './target-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-heap-read-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const PROGRAM = fileURLToPath(new URL('./programs/heap-tracked.cjs', import.meta.url));

/** What JSON.parse says of the file. */
interface SnapshotJson {
  snapshot: { meta: { node_fields: string[]; node_types: [string[]]; edge_types: [string[]] } };
  nodes: number[];
  edges: number[];
  locations: number[];
  strings: string[];
  trace_tree: unknown[];
  trace_function_infos: number[];
}

/** The first differences between the columns and the file. */
function compare(snapshot: Snapshot, json: SnapshotJson): string[] {
  const different: string[] = [];
  const same = (what: string, ours: unknown, theirs: unknown): void => {
    if (ours !== theirs && different.length < 10)
      different.push(`${what}: ${String(ours)}, not ${String(theirs)}`);
  };
  const { meta } = json.snapshot;
  const fields = meta.node_fields.length;
  const at = Object.fromEntries(meta.node_fields.map((field, place) => [field, place]));
  const cell = (node: number, field: string): number =>
    json.nodes[node * fields + (at[field] as number)] as number;
  const { nodeCount, edgeCount, strings } = snapshot;
  same('nodes', nodeCount, json.nodes.length / fields);
  same('edges', edgeCount, json.edges.length / 3);
  same('strings', strings.count, json.strings.length);
  let edge = 0;
  for (let node = 0; node < nodeCount; node++) {
    same(`type of ${node}`, NODE_TYPES[snapshot.nodeType[node]!], meta.node_types[0][cell(node, 'type')]);
    same(`name of ${node}`, snapshot.nodeName[node], cell(node, 'name'));
    same(`id of ${node}`, snapshot.nodeId[node], cell(node, 'id'));
    same(`size of ${node}`, snapshot.selfSize.get(node), cell(node, 'self_size'));
    same(`first edge of ${node}`, snapshot.firstEdge[node], edge);
    same(`detachedness of ${node}`, snapshot.detachedness?.[node] ?? 0, cell(node, 'detachedness'));
    if ('trace_node_id' in at)
      same(`trace of ${node}`, snapshot.traceNode?.[node] ?? 0, cell(node, 'trace_node_id'));
    edge += cell(node, 'edge_count');
  }
  for (let row = 0; row < edgeCount; row++) {
    same(
      `type of edge ${row}`,
      EDGE_TYPES[snapshot.edgeTarget[row]! & 7],
      meta.edge_types[0][json.edges[row * 3]!],
    );
    same(`name of edge ${row}`, snapshot.edgeName[row], json.edges[row * 3 + 1]);
    same(`target of edge ${row}`, (snapshot.edgeTarget[row]! >>> 3) * fields, json.edges[row * 3 + 2]);
  }
  for (let index = 0; index < strings.count; index++)
    same(`string ${index}`, strings.get(index), json.strings[index]);
  const located = Array.from({ length: json.locations.length / 4 }, (_, row) =>
    json.locations.slice(row * 4, row * 4 + 4),
  );
  located.sort((a, b) => a[0]! - b[0]!);
  const { node, script, line, column } = snapshot.locations;
  same('locations', node.length, located.length);
  for (const [row, location] of located.entries()) {
    const ours = [node[row]! * fields, script[row], line[row], column[row]];
    same(`location ${row}`, ours.join(), location.join());
  }
  return different;
}

/** Ids of the nested tree, parents before children. */
function idsOf(tree: unknown[]): number[] {
  const ids: number[] = [];
  for (let at = 0; at < tree.length; at += 5)
    ids.push(tree[at] as number, ...idsOf(tree[at + 4] as unknown[]));
  return ids;
}

describe.each(NODE_MAJORS)('snapshots of Node %i', (major) => {
  const node = fileURLToPath(new URL(`../nodes/node_modules/node${major}/bin/node`, import.meta.url));
  const paths = ['plain', 'internals', 'tracked'].map((kind) =>
    join(folder, `${major}-${kind}.heapsnapshot`),
  );
  const [plain, internals, tracked] = paths as [string, string, string];

  test('are read as JSON.parse reads them', async () => {
    execFileSync(node, [PROGRAM, ...paths]);
    for (const path of [plain, internals, tracked]) {
      const snapshot = await readSnapshot(openStream(path));
      const json = JSON.parse(readFileSync(path, 'utf8')) as SnapshotJson;
      expect(compare(snapshot, json), path).toEqual([]);
      expect(snapshot.partial, path).toBeUndefined();
      if (path !== tracked) continue;
      const { allocations } = snapshot;
      expect([...allocations!.nodes.id]).toEqual(idsOf(json.trace_tree));
      expect(allocations!.functions.name).toHaveLength(json.trace_function_infos.length / 6);
      const known = new Set(allocations!.nodes.id);
      expect(snapshot.traceNode!.every((id) => id === 0 || known.has(id))).toBe(true);
      expect(snapshot.traceNode!.some((id) => id !== 0)).toBe(true);
    }
  });

  test('are the same compressed, from the file, and in part when cut', async () => {
    const bytes = readFileSync(plain);
    const json = JSON.parse(bytes.toString('utf8')) as SnapshotJson;
    writeFileSync(`${plain}.gz`, gzipSync(bytes, { level: 1 }));
    expect(compare(await readSnapshot(openStream(`${plain}.gz`)), json)).toEqual([]);
    const inFile = await readSnapshot(openStream(plain), { stringsInMemory: 0, window: 5000 });
    expect(inFile.strings.shared?.blob).toBeUndefined();
    expect(compare(inFile, json)).toEqual([]);

    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      writeFileSync(`${plain}.cut`, bytes.subarray(0, Math.floor(bytes.length * share)));
      const part = await readSnapshot(openStream(`${plain}.cut`));
      expect(part.partial).toMatch(/^cut /);
      const fields = json.snapshot.meta.node_fields.length;
      expect(part.nodeId.every((id, ordinal) => id === json.nodes[ordinal * fields + 2]! >>> 0)).toBe(true);
      expect(part.edgeName.length).toBe(part.edgeCount);
      expect(part.firstEdge[part.nodeCount]).toBe(part.edgeCount);
    }
  });
});
