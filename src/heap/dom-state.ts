import { EDGE, NODE, type Snapshot } from './snapshot.ts';

const ATTACHED = 1;
const DETACHED = 2;

/**
 * Whether nodes of the embedder are part of a document: what an attached native node leads to is attached, what a detached
 * one leads to and is not attached, detached (research/heap.md §4, rule 8). JavaScript passes nothing on. Undefined when
 * nothing is known of any node.
 */
export function findDomState(snapshot: Snapshot): Uint8Array | undefined {
  const { nodeCount, nodeType, nodeName, firstEdge, edgeTarget, detachedness, strings } = snapshot;
  if (detachedness === undefined) {
    // Old files tell by the name.
    const names = new Set(strings.search({ prefix: 'Detached ' }));
    if (names.size === 0) return undefined;
    const state = new Uint8Array(nodeCount);
    for (let node = 0; node < nodeCount; node++)
      if (nodeType[node] === NODE.native && names.has(nodeName[node]!)) state[node] = DETACHED;
    return state;
  }
  const known: number[] = [];
  for (let node = 0; node < nodeCount; node++) if (detachedness[node] !== 0) known.push(node);
  if (known.length === 0) return undefined;

  const state = detachedness.slice();
  const visited = new Uint8Array(nodeCount);
  const attached: number[] = [];
  const detached: number[] = [];
  const take = (node: number, now: number): void => {
    if (visited[node] === 1) return;
    visited[node] = 1;
    if (nodeType[node] !== NODE.native) return;
    state[node] = now;
    if (now === ATTACHED) attached.push(node);
    else if (now === DETACHED) detached.push(node);
  };
  const passOn = (node: number, now: number): void => {
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge++) {
      const packed = edgeTarget[edge]!;
      const type = packed & 7;
      // `unknown` is what Chrome calls invisible.
      if (type === EDGE.hidden || type === EDGE.unknown || type === EDGE.weak) continue;
      take(packed >>> 3, now);
    }
  };
  for (const node of known) take(node, state[node]!);
  for (let node = attached.pop(); node !== undefined; node = attached.pop()) passOn(node, ATTACHED);
  for (let node = detached.pop(); node !== undefined; node = detached.pop())
    if (state[node] !== ATTACHED) passOn(node, DETACHED);
  return state;
}
