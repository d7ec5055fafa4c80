import type { Ephemerons } from './ephemerons.ts';
import { NO_EDGE, SYSTEM_DISTANCE, UNREACHED } from './heap-graph.ts';
import { EDGE, NODE, type Snapshot } from './snapshot.ts';

/**
 * Steps from the user's roots, then from the root for what those do not reach; breadth first in the order of the edges,
 * with DevTools' exceptions (research/heap.md §4, rule 7). Fills `distance` and `reachedBy`; `queue`: room for all nodes.
 */
export function measureDistances(
  snapshot: Snapshot,
  ephemerons: Ephemerons,
  userRoots: Uint32Array,
  distance: Int32Array,
  reachedBy: Uint32Array,
  queue: Uint32Array,
): void {
  const { nodeCount, nodeType, nodeName, firstEdge, edgeTarget, edgeName, strings } = snapshot;
  const descriptors = strings.find('(map descriptors)');
  const nativeContext = strings.find('system / NativeContext');
  const sloppyMap = strings.find('sloppy_function_map');
  // One bit a node stays in the processor's cache where distances do not.
  const isReached = new Uint8Array((nodeCount >>> 3) + 1);
  const seenPairs = new Uint8Array(ephemerons.pairCount);
  const hasEphemerons = ephemerons.row !== undefined;
  distance.fill(UNREACHED);
  reachedBy.fill(NO_EDGE);

  /** Edges that are left out, of the few nodes and edges that have such. */
  const isLeftOut = (from: number, packed: number, edge: number): boolean => {
    const type = packed & 7;
    const name = edgeName[edge]!;
    const isIndex = type === EDGE.element || type === EDGE.hidden;
    if (nodeType[from] === NODE.hidden && nodeName[from] === nativeContext && !isIndex && name === sloppyMap)
      return true;
    if (nodeType[from] === NODE.array && nodeName[from] === descriptors) {
      // Maps share descriptor arrays, so a descriptor need not be one of this map's.
      const index = isIndex ? name : Number.parseInt(strings.get(name), 10);
      return !(index < 2 || index % 3 !== 1);
    }
    const row = type === EDGE.internal ? (ephemerons.row?.[name] ?? 0) : 0;
    if (row === 0) return false;
    // The value of a WeakMap's entry is as far as the later of key and table: the first edge is let pass by.
    const pair = ephemerons.pair[row - 1]!;
    seenPairs[pair]! ^= 1;
    return seenPairs[pair] === 1;
  };

  const spread = (length: number): void => {
    for (let at = 0; at < length; at++) {
      const from = queue[at]!;
      const next = distance[from]! + 1;
      const end = firstEdge[from + 1]!;
      const type = nodeType[from]!;
      const isSpecial =
        (type === NODE.hidden && nodeName[from] === nativeContext) ||
        (type === NODE.array && nodeName[from] === descriptors);
      for (let edge = firstEdge[from]!; edge < end; edge++) {
        const packed = edgeTarget[edge]!;
        const to = packed >>> 3;
        const bit = 1 << (to & 7);
        if ((isReached[to >>> 3]! & bit) !== 0 || (packed & 7) === EDGE.weak) continue;
        if ((isSpecial || (hasEphemerons && (packed & 7) === EDGE.internal)) && isLeftOut(from, packed, edge))
          continue;
        isReached[to >>> 3]! |= bit;
        distance[to] = next;
        reachedBy[to] = edge;
        queue[length++] = to;
      }
    }
  };

  let length = 0;
  for (const root of userRoots) {
    if (distance[root] === 1) continue;
    distance[root] = 1;
    isReached[root >>> 3]! |= 1 << (root & 7);
    queue[length++] = root;
  }
  const hasUserRoots = length > 0;
  spread(length);
  distance[0] = hasUserRoots ? SYSTEM_DISTANCE : 0;
  isReached[0]! |= 1;
  queue[0] = 0;
  spread(1);
}
