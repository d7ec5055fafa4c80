import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EDGE, NODE } from '../heap/snapshot.ts';
import type { SnapshotColumns } from './snapshot-build.ts';
import { GrowingColumn, SnapshotNames } from './snapshot-names.ts';
import { snapshotText, writeSnapshot } from './snapshot-write.ts';

/** A root with a text in a property and an element. */
function drawnColumns(text: string): SnapshotColumns {
  const names = new SnapshotNames();
  const [edgeTarget, edgeName] = [new GrowingColumn(), new GrowingColumn()];
  const property = names.numberOf('held');
  edgeTarget.push((1 << 3) | EDGE.property);
  edgeName.push(property);
  edgeTarget.push((2 << 3) | EDGE.element);
  edgeName.push(7);
  return {
    nodeCount: 3,
    nodeType: Uint8Array.of(NODE.synthetic, NODE.string, NODE.object),
    nodeName: Uint32Array.of(names.numberOf(''), names.numberOf(text), names.numberOf('Foo')),
    nodeId: Uint32Array.of(1, 3, 2 ** 32 - 1),
    nodeSize: Float64Array.of(0, 40, 2 ** 33),
    firstEdge: Uint32Array.of(0, 2, 2, 2),
    edgeTarget,
    edgeName,
    locations: [2, 11, 5, 4],
    names,
  };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-snapshot-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a snapshot that is written', () => {
  it('is the JSON that V8 writes, whatever texts hold', () => {
    const text = 'quote " back\\slash \n\u2028 \ud800 alone \u0000 ü';
    const { snapshot, nodes, edges, locations, strings } = JSON.parse(
      [...snapshotText(drawnColumns(text))].join(''),
    );
    expect(snapshot).toMatchObject({ node_count: 3, edge_count: 2 });
    const width = snapshot.meta.node_fields.length;
    expect(nodes).toHaveLength(3 * width);
    const row = (node: number) => nodes.slice(node * width, node * width + 5);
    expect(snapshot.meta.node_types[0][row(1)[0]]).toBe('string');
    expect(strings[row(1)[1]]).toBe(text);
    expect(row(2).slice(2)).toEqual([2 ** 32 - 1, 2 ** 33, 0]);
    expect(row(0)[4]).toBe(2);
    expect(
      edges.map((value: number, at: number) => (at % 3 === 0 ? snapshot.meta.edge_types[0][value] : value)),
    ).toEqual(['property', strings.indexOf('held'), width, 'element', 7, 2 * width]);
    expect(locations).toEqual([2 * width, 11, 5, 4]);
  });

  it('is for the owner alone, and whole or not there', async () => {
    const path = join(folder, 'made.heapsnapshot');
    const bytes = await writeSnapshot(drawnColumns('a'), path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path).length).toBe(bytes);
    const stopped = new AbortController();
    const columns = drawnColumns('x'.repeat(2 ** 21));
    const writing = writeSnapshot(columns, join(folder, 'stopped'), stopped.signal);
    stopped.abort(new Error('stopped'));
    await expect(writing).rejects.toThrow('stopped');
    await expect(writeSnapshot(drawnColumns('a'), join(folder, 'none', 'x'))).rejects.toMatchObject({
      code: 'E_WRITE',
    });
    await expect(writeSnapshot(drawnColumns('a'), folder)).rejects.toMatchObject({ code: 'E_WRITE' });
    expect(readdirSync(folder)).toEqual(['made.heapsnapshot']);
  });
});

describe('columns and names of a snapshot', () => {
  it('grow beyond a part, and give each name one number', () => {
    const column = new GrowingColumn();
    for (let i = 0; i < 2 ** 20 + 5; i++) column.push(i * 3);
    expect([column.length, column.get(0), column.get(2 ** 20 - 1), column.get(2 ** 20 + 4)]).toEqual([
      2 ** 20 + 5,
      0,
      (2 ** 20 - 1) * 3,
      (2 ** 20 + 4) * 3,
    ]);
    const names = new SnapshotNames();
    expect([names.numberOf('a'), names.numberOf('b'), names.numberOf('a')]).toEqual([0, 1, 0]);
    expect(names.list).toEqual(['a', 'b']);
  });
});
