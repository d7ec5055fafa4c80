import { analyseSnapshot } from './analyse-snapshot.ts';
import { type DrawnNode, drawSnapshot } from './graph-drawing.fixture.ts';
import { type Heap, makeHeap } from './heap.ts';

/** Node, script, line and column, 0-based as in files. */
export type DrawnLocation = [node: number, script: number, line: number, column: number];

/** A heap drawn by hand, analysed by the real graph and tables; node 0 is the root. For tests. */
export function drawAnalysed(nodes: readonly DrawnNode[], locations: readonly DrawnLocation[] = []): Heap {
  const column = (at: number) => locations.map((row) => row[at]!);
  const snapshot = {
    ...drawSnapshot(nodes, '/srv/drawn.heapsnapshot'),
    locations: {
      node: Uint32Array.from(column(0)),
      script: Int32Array.from(column(1)),
      line: Int32Array.from(column(2)),
      column: Int32Array.from(column(3)),
    },
  };
  return makeHeap(snapshot, analyseSnapshot(snapshot));
}

/**
 * The root, the global object as user root and below it these objects, as properties `p0`, `p1` …; the edges in `nodes`
 * count from the first of them, node 2.
 */
export function drawProgram(nodes: readonly DrawnNode[], locations: readonly DrawnLocation[] = []): Heap {
  const held = nodes.map((_, i): [number, string] => [i + 2, `p${i}`]);
  return drawAnalysed(
    [
      { type: 'synthetic', edges: [[1, 'global', 'shortcut']] },
      { name: 'global', size: 8, edges: held },
      ...nodes,
    ],
    locations,
  );
}
