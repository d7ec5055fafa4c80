import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyseSnapshot } from './analyse-snapshot.ts';
import { type DrawnEdge, type DrawnNode, drawSnapshot } from './graph-drawing.fixture.ts';
import { SYSTEM_DISTANCE, UNREACHED } from './heap-graph.ts';
import { buildRetainers, edgeSource } from './retainers.ts';
import { SizeColumn } from './size-column.ts';
import { EDGE, NODE, type Snapshot } from './snapshot.ts';

const NAMES = ['a', 'b', 'sloppy_function_map', '1', '4'];

/** Small heaps with everything that the rules single out: system roots, shortcuts, weak edges, WeakMap entries, cycles. */
const drawnHeaps = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc
    .tuple(
      fc.array(
        fc.record({
          type: fc.constantFrom<NonNullable<DrawnNode['type']>>(
            'object',
            'object',
            'array',
            'hidden',
            'native',
            'synthetic',
            'code',
          ),
          name: fc.constantFrom(
            '',
            'A',
            '(map descriptors)',
            'system / NativeContext',
            'system / ExternalStringData',
            '(Document DOM trees)',
          ),
          size: fc.nat(50),
        }),
        { minLength: count, maxLength: count },
      ),
      fc.array(
        fc.tuple(
          fc.nat(count),
          // Nothing leads to the root.
          fc.integer({ min: 1, max: count }),
          fc.constantFrom(...NAMES, 'pair'),
          fc.constantFrom('property', 'element', 'internal', 'hidden', 'shortcut', 'weak', 'context', 'root'),
          fc.nat(count),
        ),
        { maxLength: 4 * count },
      ),
    )
    .map(([nodes, edges]) => {
      const drawn: (DrawnNode & { edges: DrawnEdge[] })[] = [
        { edges: [] },
        ...nodes.map((node) => ({ ...node, edges: [] })),
      ];
      for (const [from, to, name, type, other] of edges) {
        if (name === 'pair') {
          // As V8 writes them: one edge out of the table, one out of the key.
          const text = ` / part of key (K @${2 * other + 1}) -> value (V @${2 * to + 1}) pair in WeakMap (table @${2 * from + 1})`;
          drawn[from]!.edges.push([to, `7${text}`, 'internal']);
          drawn[other]!.edges.push([to, `3${text}`, 'internal']);
        } else if (type === 'root') drawn[0]!.edges.push([to, 'global', 'shortcut']);
        else if (type === 'element' || type === 'hidden') drawn[from]!.edges.push([to, name.length, type]);
        else drawn[from]!.edges.push([to, name, type as 'property']);
      }
      return drawn;
    }),
);

interface Edge {
  from: number;
  to: number;
  type: number;
  name: string;
}

function listEdges(snapshot: Snapshot): Edge[] {
  return Array.from({ length: snapshot.edgeCount }, (_, e) => {
    const type = snapshot.edgeTarget[e]! & 7;
    const name = snapshot.edgeName[e]!;
    return {
      from: edgeSource(snapshot, e),
      to: snapshot.edgeTarget[e]! >>> 3,
      type,
      name: type === EDGE.element || type === EDGE.hidden ? String(name) : snapshot.strings.get(name),
    };
  });
}

function reach(start: Iterable<number>, edges: readonly Edge[], without = -1): Set<number> {
  const seen = new Set([...start].filter((node) => node !== without));
  for (let size = -1; size !== seen.size; ) {
    size = seen.size;
    for (const { from, to } of edges) if (seen.has(from) && to !== without) seen.add(to);
  }
  return seen;
}

/** Dominators by their definition: d dominates n when without d nothing reaches n. */
function naiveDominators(snapshot: Snapshot): number[] {
  const all = listEdges(snapshot);
  const documents = all.find(
    ({ from, to }) =>
      from === 0 &&
      snapshot.nodeType[to] === NODE.synthetic &&
      snapshot.strings.get(snapshot.nodeName[to]!) === '(Document DOM trees)',
  )?.to;
  const entries = all.filter(
    ({ from, to, type }) =>
      from === 0 && (type === EDGE.shortcut || (type === EDGE.element && isDocuments(snapshot, to))),
  );
  expect(documents === undefined || isDocuments(snapshot, documents)).toBe(true);
  const program = reach(
    entries.map(({ to }) => to),
    all.filter(({ type }) => type !== EDGE.weak),
  );
  const essential = all.filter(({ from, to, type, name }) => {
    const table =
      type === EDGE.internal ? /^\d+ \/ part of key .*table @(\d+)\)$/.exec(name)?.[1] : undefined;
    if (table !== undefined && Number(table) === snapshot.nodeId[from]) return false;
    if (type === EDGE.weak || from === to) return false;
    if (from === 0) return true;
    return type !== EDGE.shortcut && !(program.has(to) && !program.has(from));
  });
  const roots = new Set([0]);
  for (let node = 0; node < snapshot.nodeCount; node++)
    if (!reach(roots, essential).has(node) && !essential.some(({ to }) => to === node)) roots.add(node);
  const counted = [
    ...essential,
    ...[...roots].filter((node) => node !== 0).map((to) => ({ from: 0, to, type: 0, name: '' })),
  ];
  const reachable = reach([0], counted);
  const dominators = Array.from({ length: snapshot.nodeCount }, () => [] as number[]);
  for (const d of reachable) {
    const without = d === 0 ? new Set<number>() : reach([0], counted, d);
    for (const node of reachable) if (node !== d && !without.has(node)) dominators[node]!.push(d);
  }
  // The immediate one is dominated by all others.
  return dominators.map((of, node) =>
    node === 0 || !reachable.has(node)
      ? 0
      : of.reduce((a, b) => (dominators[b]!.length > dominators[a]!.length ? b : a)),
  );
}

function isDocuments(snapshot: Snapshot, node: number): boolean {
  return (
    snapshot.nodeType[node] === NODE.synthetic &&
    snapshot.strings.get(snapshot.nodeName[node]!) === '(Document DOM trees)'
  );
}

describe('analyseSnapshot', () => {
  it('finds the dominators of the definition, and sums over their tree', () => {
    fc.assert(
      fc.property(drawnHeaps, (nodes) => {
        const snapshot = drawSnapshot(nodes);
        const graph = analyseSnapshot(snapshot);
        const expected = naiveDominators(snapshot);
        expect([...graph.dominator]).toEqual(expected);
        const sums = Array.from({ length: snapshot.nodeCount }, (_, node) => {
          let sum = 0;
          for (let below = 0; below < snapshot.nodeCount; below++) {
            let at = below;
            while (at !== node && at !== 0) at = expected[at]!;
            if (at === node) sum += graph.shallow.get(below);
          }
          return sum;
        });
        expect(Array.from(sums.keys(), (node) => graph.retained.get(node))).toEqual(sums);
      }),
      { numRuns: 2000 },
    );
  });

  it('puts the dominator tree into preorder', () => {
    fc.assert(
      fc.property(drawnHeaps, (nodes) => {
        const graph = analyseSnapshot(drawSnapshot(nodes));
        graph.preorder.forEach((node, rank) => {
          expect(graph.rank[node]).toBe(rank);
          const above = graph.rank[graph.dominator[node]!]!;
          expect(above <= rank && rank < above + graph.subtree[above]!).toBe(true);
          let size = 1;
          for (let child = rank + 1; child < rank + graph.subtree[rank]!; child += graph.subtree[child]!) {
            expect(graph.dominator[graph.preorder[child]!]).toBe(node);
            size += graph.subtree[child]!;
          }
          expect(size).toBe(graph.subtree[rank]);
        });
      }),
    );
  });

  it('gives the size of parts to their one owner, and loses none', () => {
    fc.assert(
      fc.property(drawnHeaps, (nodes) => {
        const snapshot = drawSnapshot(nodes);
        const { shallow, userRoots } = analyseSnapshot(snapshot);
        const total = (of: { get(row: number): number }) =>
          nodes.reduce((sum, _, node) => sum + of.get(node), 0);
        expect(total(shallow)).toBe(total(snapshot.selfSize));
        const edges = listEdges(snapshot).filter(({ type }) => type !== EDGE.weak);
        const isPart = (node: number) => {
          const type = snapshot.nodeType[node];
          const name = snapshot.strings.get(snapshot.nodeName[node]!);
          return (
            type === NODE.hidden ||
            type === NODE.array ||
            (type === NODE.native && name === 'system / ExternalStringData')
          );
        };
        for (let node = 0; node < snapshot.nodeCount; node++) {
          if (!isPart(node) || userRoots.length === 0) continue;
          // Owners: what reaches it through parts only.
          const through = edges.filter(({ from }) => isPart(from));
          const owners = [...nodes.keys()].filter(
            (other) =>
              !isPart(other) &&
              reach(
                edges
                  .filter(({ from }) => from === other)
                  .map(({ to }) => to)
                  .filter(isPart),
                through.filter(({ to }) => isPart(to)),
              ).has(node),
          );
          const owner = owners.length === 1 ? owners[0]! : undefined;
          const moves = owner !== undefined && owner !== 0 && snapshot.nodeType[owner] !== NODE.synthetic;
          expect(shallow.get(node)).toBe(moves ? 0 : snapshot.selfSize.get(node));
        }
      }),
    );
  });

  it('measures distances from the user roots, then from the root', () => {
    const { distance } = analyseSnapshot(
      drawSnapshot([
        {
          edges: [
            [1, 'global', 'shortcut'],
            [3, 1],
            [6, 'w', 'weak'],
          ],
        },
        { name: 'global', edges: [[2, 'a']] },
        {
          edges: [
            [2, 'self'],
            [5, 'w', 'weak'],
          ],
        },
        { type: 'synthetic', name: '(GC roots)', edges: [[4, 'x', 'hidden']] },
        { type: 'code', edges: [[2, 'a']] },
        {},
        {},
      ]),
    );
    expect([...distance]).toEqual([
      SYSTEM_DISTANCE,
      1,
      2,
      SYSTEM_DISTANCE + 1,
      SYSTEM_DISTANCE + 2,
      UNREACHED,
      // Any child of the root that is not synthetic is a user root, over a weak edge too.
      1,
    ]);
  });

  it('lets the value of a WeakMap be as far as the later of key and table', () => {
    const pair = ' / part of key (K @5) -> value (V @9) pair in WeakMap (table @7)';
    const nodes: DrawnNode[] = [
      { edges: [[1, 'global', 'shortcut']] },
      {
        edges: [
          [3, 'table'],
          [5, 'far'],
        ],
      },
      { edges: [[4, `1${pair}`, 'internal']] },
      { edges: [[4, `2${pair}`, 'internal']] },
      { name: 'V' },
      { edges: [[2, 'key']] },
    ];
    const { distance, dominator } = analyseSnapshot(drawSnapshot(nodes));
    expect(distance[4]).toBe(4);
    // Of the two edges the one out of the key counts.
    expect(dominator[4]).toBe(2);
  });

  it('is done with a list of a million, and a star of a million', () => {
    const count = 1_000_000;
    const list = chain(count, (node) => node + 1);
    const graph = analyseSnapshot(list);
    expect(graph.dominator[count - 1]).toBe(count - 2);
    expect(graph.distance[count - 1]).toBe(count - 1);
    expect(graph.retained.get(1)).toBe(8 * (count - 1));
    expect(graph.subtree[graph.rank[1]!]).toBe(count - 1);
    const star = analyseSnapshot(chain(count, () => 1));
    expect(star.dominator[count - 1]).toBe(1);
  });

  it('counts more than 4 GiB', () => {
    const big = 5 * 2 ** 30;
    const { retained, shallow } = analyseSnapshot(
      drawSnapshot([
        { edges: [[1, 'global', 'shortcut']] },
        {
          size: 1,
          edges: [
            [2, 'store', 'internal'],
            [3, 'other'],
          ],
        },
        { type: 'native', name: 'system / JSArrayBufferData', size: big },
        { size: 2 ** 32 - 1 },
      ]),
    );
    expect(shallow.get(2)).toBe(big);
    expect(retained.get(0)).toBe(big + 2 ** 32);
    expect(retained.get(3)).toBe(2 ** 32 - 1);
  });

  it('passes attached and detached on through native nodes', () => {
    const { detachedness } = analyseSnapshot(
      drawSnapshot([
        { edges: [[1, 'global', 'shortcut']] },
        {
          edges: [
            [2, 'a'],
            [4, 'b'],
          ],
        },
        { type: 'native', detachedness: 1, edges: [[3, 'child']] },
        { type: 'native', detachedness: 2 },
        {
          type: 'native',
          detachedness: 2,
          edges: [
            [5, 'child'],
            [3, 'other'],
            [6, 'js'],
          ],
        },
        { type: 'native' },
        { type: 'object', edges: [[7, 'x']] },
        { type: 'native' },
      ]),
    );
    expect([...detachedness!]).toEqual([0, 0, 1, 2, 2, 2, 0, 0]);
  });

  it('takes a heap of the root alone', () => {
    const graph = analyseSnapshot(drawSnapshot([{ size: 3 }]));
    expect(graph.retained.get(0)).toBe(3);
    expect([...graph.preorder]).toEqual([0]);
    expect([...graph.distance]).toEqual([0]);
  });
});

describe('retainers', () => {
  it('are the edges turned round', () => {
    fc.assert(
      fc.property(drawnHeaps, (nodes) => {
        const snapshot = drawSnapshot(nodes);
        const { first, edge } = buildRetainers(snapshot);
        const edges = listEdges(snapshot);
        const flat = nodes.flatMap((node, from) => (node.edges ?? []).map(() => from));
        expect(edges.map(({ from }) => from)).toEqual(flat);
        for (let node = 0; node < snapshot.nodeCount; node++)
          expect([...edge.subarray(first[node], first[node + 1])]).toEqual(
            edges.flatMap(({ to }, e) => (to === node ? [e] : [])),
          );
      }),
    );
  });
});

/** A long heap without drawing it: global, then each node leads where `target` says its predecessor does. */
function chain(count: number, target: (node: number) => number): Snapshot {
  const small = drawSnapshot([{ edges: [[1, 'global', 'shortcut']] }, { size: 8 }]);
  const isList = target(1) === 2;
  const firstEdge = new Uint32Array(count + 1);
  const edgeTarget = new Uint32Array(count - 1);
  firstEdge[1] = 1;
  edgeTarget[0] = (1 << 3) | EDGE.shortcut;
  for (let node = 1; node < count; node++) {
    if (node + 1 < count) edgeTarget[node] = ((node + 1) << 3) | EDGE.property;
    firstEdge[node + 1] = isList ? Math.min(node + 1, count - 1) : count - 1;
  }
  return {
    ...small,
    nodeCount: count,
    edgeCount: count - 1,
    nodeType: new Uint8Array(count).fill(NODE.object).fill(NODE.synthetic, 0, 1),
    nodeName: new Uint32Array(count),
    nodeId: Uint32Array.from({ length: count }, (_, node) => 2 * node + 1),
    selfSize: new SizeColumn(new Uint32Array(count).fill(8).fill(0, 0, 1)),
    firstEdge,
    edgeTarget,
    edgeName: new Uint32Array(count - 1),
  };
}
