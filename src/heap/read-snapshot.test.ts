import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { readSnapshot, type SnapshotReadOptions } from './read-snapshot.ts';
import { NODE, type Snapshot } from './snapshot.ts';
import {
  type DrawnNode,
  drawSnapshot,
  SIX,
  SMALL_HEAP,
  type SnapshotJson,
  type TextOptions,
} from './snapshot-text.fixture.ts';

const read = (text: string, options: SnapshotReadOptions = {}): Promise<Snapshot> =>
  readSnapshot(openBytes(Buffer.from(text), 'x.heapsnapshot'), options);

/** All of a snapshot in the words of the drawing. */
function redraw(snapshot: Snapshot): unknown[] {
  return Array.from({ length: snapshot.nodeCount }, (_, node) => ({
    type: snapshot.nodeType[node],
    name: snapshot.strings.get(snapshot.nodeName[node]!),
    id: snapshot.nodeId[node],
    size: snapshot.selfSize.get(node),
    detached: snapshot.detachedness?.[node] ?? 0,
    edges: Array.from({ length: snapshot.firstEdge[node + 1]! - snapshot.firstEdge[node]! }, (_, at) => {
      const edge = snapshot.firstEdge[node]! + at;
      const type = snapshot.edgeTarget[edge]! & 7;
      const name = snapshot.edgeName[edge]!;
      return [
        type,
        type === 1 || type === 4 ? name : snapshot.strings.get(name),
        snapshot.edgeTarget[edge]! >>> 3,
      ];
    }),
  }));
}

function drawn(nodes: readonly DrawnNode[], options: TextOptions = {}): unknown[] {
  const json = JSON.parse(drawSnapshot(nodes, { ...options, format: 'pretty' })) as SnapshotJson;
  const fields = json.snapshot.meta.node_fields as string[];
  const at = (row: number, field: string): number =>
    json.nodes[row * fields.length + fields.indexOf(field)] ?? 0;
  let edge = 0;
  return nodes.map((node, row) => ({
    type: at(row, 'type'),
    name: node.name,
    id: node.id,
    size: node.size ?? 0,
    detached: fields.includes('detachedness') ? (node.detached ?? 0) : 0,
    edges: (node.edges ?? []).map(([, name, to]) => [json.edges[3 * edge++], name, to]),
  }));
}

const FORMATS = ['lines', 'commas', 'pretty'] as const;
const LAYOUTS: Record<string, string[] | undefined> = {
  'seven fields (Node 22)': undefined,
  'six fields (Node 24)': SIX,
  'five fields (old Chrome)': SIX.slice(0, 5),
  'six fields, stacks (Hermes)': [...SIX.slice(0, 5), 'trace_node_id'],
  'another order': ['id', 'detachedness', 'name', 'edge_count', 'x', 'type', 'self_size', 'y'],
};

describe('readSnapshot', () => {
  for (const format of FORMATS)
    for (const [layout, nodeFields] of Object.entries(LAYOUTS))
      it(`reads ${format}, ${layout}, through windows of any size`, async () => {
        const options: TextOptions = { format, ...(nodeFields === undefined ? {} : { nodeFields }) };
        const text = drawSnapshot(SMALL_HEAP, options);
        for (const window of [1, 7, 64, 301, undefined]) {
          const snapshot = await read(text, window === undefined ? {} : { window });
          expect(snapshot.partial).toBeUndefined();
          expect(redraw(snapshot)).toEqual(drawn(SMALL_HEAP, options));
          expect(snapshot.bytes).toBe(Buffer.byteLength(text));
        }
      });

  it('reads past a byte order mark, white space and sections it does not know', async () => {
    const text = drawSnapshot(SMALL_HEAP, {
      format: 'commas',
      sections: { scopes: [{ a: ['}]"\\'] }], more: null, x: -1 },
    });
    const snapshot = await read(`\ufeff \r\n${text}\n\n`);
    expect(snapshot.partial).toBeUndefined();
    expect(redraw(snapshot)).toEqual(drawn(SMALL_HEAP));
  });

  it('takes sections in another order', async () => {
    const { snapshot, nodes, edges, strings } = JSON.parse(drawSnapshot(SMALL_HEAP)) as SnapshotJson;
    const read2 = await read(JSON.stringify({ snapshot, strings, edges, nodes }));
    expect(read2.partial).toBeUndefined();
    expect(redraw(read2)).toEqual(drawn(SMALL_HEAP));
  });

  it('translates types by name and knows unknown ones as such', async () => {
    const json = JSON.parse(drawSnapshot(SMALL_HEAP)) as SnapshotJson;
    json.snapshot.meta.node_types = [['object', 'blink thing', 'closure']];
    json.nodes.splice(
      0,
      json.nodes.length,
      ...json.nodes.map((value, at) => (at % 7 === 0 ? (at / 7) % 4 : value)),
    );
    const { nodeType } = await read(JSON.stringify(json));
    expect([...nodeType.subarray(0, 4)]).toEqual([NODE.object, NODE.unknown, NODE.closure, NODE.unknown]);
  });

  it('puts locations in the order of nodes', async () => {
    const locations = [21, 7, 70, 3, 14, 9, 90, 1, 49, 2, 20, 0, 700, 1, 1, 1, 15, 1, 1, 1];
    const { locations: found } = await read(drawSnapshot(SMALL_HEAP, { locations }));
    expect([...found.node]).toEqual([2, 3, 7]);
    expect([...found.script]).toEqual([9, 7, 2]);
    expect([...found.line]).toEqual([90, 70, 20]);
    expect([...found.column]).toEqual([1, 3, 0]);
  });

  it('reads allocation stacks, and nested ones without recursion', async () => {
    const deep = 200_000;
    const nested = `${Array.from({ length: deep }, (_, id) => `[${id + 1},${id % 2},3,${id}`).join(',')},[]${']'.repeat(deep)}`;
    const text = drawSnapshot(
      SMALL_HEAP.map((node, at) => ({ ...node, trace: at })),
      {
        sections: {
          trace_function_infos: [0, 0, 0, 0, -1, -1, 1, 2, 3, 4, 5, 6],
          samples: [100, 5, 200, 9],
          trace_tree: 'TREE',
        },
      },
    ).replace('"TREE"', nested);
    const { allocations, traceNode, partial } = await read(text);
    expect(partial).toBeUndefined();
    expect([...traceNode!]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(allocations!.nodes.id).toHaveLength(deep);
    expect([...allocations!.nodes.parent.subarray(0, 3)]).toEqual([-1, 0, 1]);
    expect(allocations!.nodes.size[deep - 1]).toBe(deep - 1);
    expect([...allocations!.functions.line]).toEqual([-1, 5]);
    expect([...allocations!.samples.lastId]).toEqual([5, 9]);
  });

  it('reads siblings in a tree of allocations', async () => {
    const tree = [1, 0, 0, 0, [2, 1, 1, 16, [3, 1, 1, 8, []], 4, 0, 2, 32, []]];
    const sections = { trace_function_infos: [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6], trace_tree: tree };
    const { allocations } = await read(drawSnapshot(SMALL_HEAP, { sections }), { window: 5 });
    expect([...allocations!.nodes.id]).toEqual([1, 2, 3, 4]);
    expect([...allocations!.nodes.parent]).toEqual([-1, 0, 1, 0]);
    expect([...allocations!.nodes.function]).toEqual([0, 1, 1, 0]);
  });

  it('reads the first of several snapshots and says that something follows', async () => {
    const text = drawSnapshot(SMALL_HEAP);
    const snapshot = await read(text + text);
    expect(redraw(snapshot)).toEqual(drawn(SMALL_HEAP));
    expect(snapshot.partial).toContain(`something follows at byte ${Buffer.byteLength(text)}`);
  });

  it('does not believe counts', async () => {
    for (const counts of [
      { nodes: 2 ** 40, edges: 2 ** 40 },
      { nodes: 1, edges: 0 },
      { nodes: -5, edges: 1.5 },
    ]) {
      const snapshot = await read(drawSnapshot(SMALL_HEAP, { counts }));
      expect(redraw(snapshot)).toEqual(drawn(SMALL_HEAP));
      expect(snapshot.nodeType.buffer.byteLength).toBeLessThan(1e5);
    }
  });

  it('leaves out edges that lead nowhere or belong to nobody', async () => {
    const json = JSON.parse(drawSnapshot(SMALL_HEAP)) as SnapshotJson;
    json.edges[2] = 7 * 8;
    json.edges[8] = 15;
    json.edges.push(1, 0, 0);
    const snapshot = await read(JSON.stringify(json));
    expect(snapshot.partial).toContain('2 references lead nowhere');
    expect(snapshot.partial).toContain('claim 8 references, 9 are there');
    expect(snapshot.edgeCount).toBe(6);
    expect([...snapshot.firstEdge]).toEqual([0, 1, 1, 4, 5, 5, 6, 6, 6]);
  });

  it('has an empty name for what no string is there', async () => {
    const json = JSON.parse(drawSnapshot(SMALL_HEAP)) as SnapshotJson;
    json.strings.length = 3;
    const snapshot = await read(JSON.stringify(json));
    expect(snapshot.strings.count).toBe(4);
    expect(Math.max(...snapshot.nodeName)).toBe(3);
    expect(snapshot.strings.get(3)).toBe('');
    expect(snapshot.strings.bytes(3)).toHaveLength(0);
    // An index is no name.
    expect(snapshot.edgeName).toContain(4_294_967_295);
    expect(snapshot.partial).toContain('3 strings are there');
  });

  it('says what is wrong with what is no snapshot', async () => {
    const cases: [text: string, code: string][] = [
      ['', 'E_FILE_TRUNCATED'],
      ['{"snapshot":{"meta', 'E_FILE_TRUNCATED'],
      ['{}', 'E_FILE_FORMAT'],
      ['{"nodes":[]}', 'E_FILE_FORMAT'],
      ['{"snapshot":{}}', 'E_FILE_FORMAT'],
      ['{"snapshot":7,"nodes":[1]}', 'E_FILE_FORMAT'],
      ['[1,2]', 'E_FILE_FORMAT'],
      ['<!doctype html>', 'E_FILE_FORMAT'],
      ['\0\0\0\0\0', 'E_FILE_FORMAT'],
      [`{"snapshot":{"a":"${'a'.repeat(2 ** 21)}"}}`, 'E_FILE_FORMAT'],
      [`{"${'a'.repeat(2 ** 21)}":1}`, 'E_FILE_FORMAT'],
      [drawSnapshot([]), 'E_FILE_FORMAT'],
    ];
    for (const [text, code] of cases) {
      const error = await read(text).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, text.slice(0, 40)).toBeInstanceOf(HolterError);
      expect((error as HolterError).code, text.slice(0, 40)).toBe(code);
    }
  });

  it('ends when it is interrupted', async () => {
    const signal = AbortSignal.abort();
    await expect(read(drawSnapshot(SMALL_HEAP), { signal })).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
  });
});

describe('a snapshot that is cut', () => {
  for (const format of ['lines', 'commas'] as const)
    it(`gives what is there, wherever it is cut (${format})`, async () => {
      const text = drawSnapshot(SMALL_HEAP, { format, locations: [21, 7, 70, 3] });
      const whole = await read(text);
      const firstNode = text.indexOf('"nodes":[') + 9;
      const said = new Set<string>();
      for (let length = 0; length < text.length; length++) {
        const snapshot = await read(text.slice(0, length), { window: 97 }).catch((error: unknown) => {
          if (!(error instanceof HolterError) || error.code !== 'E_FILE_TRUNCATED') throw error;
          return undefined;
        });
        if (snapshot === undefined) {
          expect(length).toBeLessThan(firstNode + 20);
          continue;
        }
        expect(snapshot.partial, `cut after ${length}`).toMatch(/^cut /);
        said.add(snapshot.partial!.replace(/[\d]+/g, 'N'));
        expectPart(snapshot, whole);
      }
      expect([...said]).toContain('cut in the nodes: N % of them read, no references, no names');
      expect([...said]).toContain('cut in the references: N % of them read, no names');
      expect([...said]).toContain('cut in the strings: N of them read, other names are empty');
    });
});

describe('a snapshot with a damaged byte', () => {
  it('gives a consistent part or a HolterError', async () => {
    for (const format of ['lines', 'commas'] as const) {
      const bytes = Buffer.from(drawSnapshot(SMALL_HEAP, { format, locations: [21, 7, 70, 3] }));
      for (let at = 0; at < bytes.length; at++) {
        const damaged = Buffer.from(bytes);
        damaged[at] = [0, 0x2c, 0x39, 0x5d, 0x22, 0x2d, bytes[at]! ^ 0x80][at % 7]!;
        const snapshot = await readSnapshot(openBytes(damaged), { window: 512 }).catch((error: unknown) => {
          if (!(error instanceof HolterError) || error.code === 'E_BUG') throw error;
        });
        if (snapshot !== undefined) expectConsistent(snapshot);
      }
    }
  }, 30_000);
});

/** One assertion for all: there are thousands of damaged snapshots. */
function expectConsistent(snapshot: Snapshot): void {
  const { nodeCount, edgeCount, firstEdge, edgeTarget, edgeName, nodeName, strings, locations } = snapshot;
  const wrong: string[] = [];
  for (const column of [snapshot.nodeType, nodeName, snapshot.nodeId, snapshot.selfSize.low])
    if (column.length !== nodeCount) wrong.push('length of a node column');
  if (firstEdge.length !== nodeCount + 1 || firstEdge[0] !== 0 || firstEdge[nodeCount] !== edgeCount)
    wrong.push('firstEdge');
  for (let node = 0; node < nodeCount; node++) {
    if (firstEdge[node]! > firstEdge[node + 1]!) wrong.push(`first edge of ${node}`);
    if (nodeName[node]! >= strings.count) wrong.push(`name of node ${node}`);
    strings.get(nodeName[node]!);
  }
  for (let edge = 0; edge < edgeCount; edge++) {
    const type = edgeTarget[edge]! & 7;
    if (edgeTarget[edge]! >>> 3 >= nodeCount) wrong.push(`target of ${edge}`);
    if (type !== 1 && type !== 4 && edgeName[edge]! >= strings.count) wrong.push(`name of edge ${edge}`);
  }
  if (locations.node.some((node) => node >= nodeCount)) wrong.push('locations');
  expect(wrong).toEqual([]);
}

/** Consistent, and nothing in it is other than in the whole. */
function expectPart(part: Snapshot, whole: Snapshot): void {
  expectConsistent(part);
  expect([...part.nodeId]).toEqual([...whole.nodeId.subarray(0, part.nodeCount)]);
  expect([...part.selfSize.low]).toEqual([...whole.selfSize.low.subarray(0, part.nodeCount)]);
  expect([...part.edgeTarget]).toEqual([...whole.edgeTarget.subarray(0, part.edgeCount)]);
  for (let node = 0; node < part.nodeCount; node++)
    expect(['', whole.strings.get(whole.nodeName[node]!)]).toContain(part.strings.get(part.nodeName[node]!));
}
