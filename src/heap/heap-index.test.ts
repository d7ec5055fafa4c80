import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStream } from '../base/byte-stream.ts';
import { HolterError } from '../base/errors.ts';
import type { HeapGraph } from './heap-graph.ts';
import { indexPath } from './heap-index.ts';
import { readIndex } from './heap-index-read.ts';
import { writeIndex } from './heap-index-write.ts';
import { readSnapshot } from './read-snapshot.ts';
import { SizeColumn } from './size-column.ts';
import type { Snapshot } from './snapshot.ts';
import { drawSnapshot, SMALL_HEAP } from './snapshot-text.fixture.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-index-'));
  path = join(folder, 'x.heapsnapshot');
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const TREE = [1, 0, 0, 0, [2, 1, 1, 16, []]];
const SECTIONS = {
  trace_function_infos: [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6],
  trace_tree: TREE,
  samples: [1, 2],
};

async function makeSnapshot(
  bytes: string | Uint8Array = drawSnapshot(SMALL_HEAP, { sections: SECTIONS, locations: [21, 7, 70, 3] }),
): Promise<Snapshot> {
  writeFileSync(path, bytes);
  return readSnapshot(openStream(path));
}

/** Numbers of any graph: the index does not look at them. */
function makeGraph({ nodeCount, selfSize }: Snapshot): HeapGraph {
  const column = (times: number): Uint32Array =>
    Uint32Array.from({ length: nodeCount }, (_, node) => node * times);
  return {
    shallow: selfSize,
    retained: new SizeColumn(column(2), new Map([[3, 2 ** 40]])),
    dominator: column(3),
    distance: new Int32Array(nodeCount).fill(-5),
    reachedBy: column(4),
    detachedness: undefined,
    preorder: column(5),
    rank: column(6),
    subtree: column(7),
    userRoots: Uint32Array.from([1, 2]),
  };
}

function plain(snapshot: Snapshot, graph: HeapGraph): unknown {
  const { strings } = snapshot;
  return {
    nodes: [snapshot.nodeType, snapshot.nodeName, snapshot.nodeId, snapshot.firstEdge].map((column) => [
      ...column,
    ]),
    sizes: [snapshot.selfSize, graph.shallow, graph.retained].map((sizes) => [
      [...sizes.low],
      [...sizes.high],
    ]),
    edges: [snapshot.edgeTarget, snapshot.edgeName].map((column) => [...column]),
    detached: [...(snapshot.detachedness ?? [])],
    strings: Array.from({ length: strings.count }, (_, at) => strings.get(at)),
    found: strings.find('global'),
    locations: Object.values(snapshot.locations).map((column) => [...(column as Int32Array)]),
    allocations: JSON.stringify(snapshot.allocations),
    rest: [
      snapshot.name,
      snapshot.bytes,
      snapshot.nodeCount,
      snapshot.edgeCount,
      snapshot.extraNativeBytes,
      snapshot.partial,
    ],
    graph: [
      graph.dominator,
      graph.distance,
      graph.reachedBy,
      graph.preorder,
      graph.rank,
      graph.subtree,
      graph.userRoots,
    ].map((column) => [...column]),
    state: graph.detachedness,
  };
}

describe('the index beside a snapshot', () => {
  for (const kind of ['plain', 'gzip', 'cut'] as const)
    it(`gives back all of a ${kind} file`, async () => {
      const text = drawSnapshot(SMALL_HEAP, { sections: SECTIONS, locations: [21, 7, 70, 3] });
      const bytes = { plain: text, gzip: gzipSync(text), cut: text.slice(0, -20) }[kind];
      const snapshot = await makeSnapshot(bytes);
      const graph = makeGraph(snapshot);
      expect(await writeIndex(path, snapshot, graph)).toBeUndefined();
      expect(statSync(indexPath(path)).mode & 0o777).toBe(0o600);
      const again = await readIndex(path);
      expect(again).toBeDefined();
      expect(plain(again!.snapshot, again!.graph)).toEqual(plain(snapshot, graph));
      expect(again!.snapshot.edgeName.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(readdirSync(folder).sort()).toEqual(['x.heapsnapshot', 'x.heapsnapshot.hsidx']);
    });

  it('is not used for a file that has changed', async () => {
    const snapshot = await makeSnapshot();
    await writeIndex(path, snapshot, makeGraph(snapshot));
    expect(await readIndex(path)).toBeDefined();
    utimesSync(path, new Date(), new Date(1e12));
    expect(await readIndex(path)).toBeUndefined();
  });

  it('is not there for a file that has none', async () => {
    expect(await readIndex(path)).toBeUndefined();
    await makeSnapshot();
    expect(await readIndex(path)).toBeUndefined();
  });

  it('is ignored, or taken away, when a byte of it is damaged', async () => {
    const snapshot = await makeSnapshot();
    const graph = makeGraph(snapshot);
    await writeIndex(path, snapshot, graph);
    const sound = readFileSync(indexPath(path));
    const wanted = plain(snapshot, graph);
    let ignored = 0;
    let removed = 0;
    for (let at = 0; at < sound.length; at += 23) {
      const damaged = Buffer.from(sound);
      damaged[at] = damaged[at]! ^ 0x55;
      writeFileSync(indexPath(path), damaged);
      try {
        const index = await readIndex(path);
        if (index === undefined) ignored++;
        // Between columns is nothing that counts.
        else expect(plain(index.snapshot, index.graph)).toEqual(wanted);
      } catch (error) {
        if (!(error instanceof HolterError)) throw error;
        expect(error.code).toBe('E_FILE_FORMAT');
        expect(existsSync(indexPath(path))).toBe(false);
        removed++;
      }
    }
    expect(ignored).toBeGreaterThan(50);
    expect(removed).toBeGreaterThan(20);
  });

  it('is ignored when it is cut anywhere', async () => {
    const snapshot = await makeSnapshot();
    await writeIndex(path, snapshot, makeGraph(snapshot));
    const sound = readFileSync(indexPath(path));
    for (let length = 0; length < sound.length; length += 61) {
      writeFileSync(indexPath(path), sound.subarray(0, length));
      expect(await readIndex(path)).toBeUndefined();
    }
  });

  it('says why it cannot be written and leaves nothing behind', async () => {
    const snapshot = await makeSnapshot();
    const graph = makeGraph(snapshot);
    // In the place of the index stands a folder: works as root, too.
    expect(await writeIndex(join(folder, 'gone', 'x'), snapshot, graph)).toContain('is not a file');
    expect(await writeIndex(path, snapshot, { ...graph, rank: new Uint32Array(1) })).toContain(
      'column graph.rank has 1',
    );
    writeFileSync(path, 'changed');
    expect(await writeIndex(path, snapshot, graph)).toContain('has changed since');
    expect(readdirSync(folder)).toEqual(['x.heapsnapshot']);
  });
});
