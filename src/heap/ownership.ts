import { sharedUint32 } from './shared-column.ts';
import { SizeColumn } from './size-column.ts';
import { EDGE, NODE, type Snapshot } from './snapshot.ts';

const NOBODY = 0xffff_ffff;
const SEVERAL = 0xffff_fffe;

/**
 * Sizes after backing stores, maps and other parts were given to the one object that owns them, as DevTools does
 * (research/heap.md §4, rule 6): hidden nodes, arrays and external string data that only one other object leads to, over
 * any edge but weak ones, count as a part of that object. `hasUserRoots` false: sizes stay as written.
 * `owners`: scratch, a value for each node.
 */
export function attributeSizes(snapshot: Snapshot, hasUserRoots: boolean, owners: Uint32Array): SizeColumn {
  const { nodeCount, selfSize, nodeType, nodeName, firstEdge, edgeTarget } = snapshot;
  const sizes = new SizeColumn(sharedUint32(nodeCount), new Map(selfSize.high));
  sizes.low.set(selfSize.low);
  if (!hasUserRoots) return sizes;

  const externalData = snapshot.strings.find('system / ExternalStringData');
  // One bit a node stays in the processor's cache where owners do not; most edges lead to what owns itself.
  const isPart = new Uint8Array((nodeCount >>> 3) + 1);
  for (let node = 0; node < nodeCount; node++) {
    const type = nodeType[node]!;
    if (
      type === NODE.hidden ||
      type === NODE.array ||
      (type === NODE.native && nodeName[node] === externalData)
    )
      isPart[node >>> 3]! |= 1 << (node & 7);
  }
  owners.fill(NOBODY);
  let waiting = new Uint32Array(1024);
  let length = 0;
  const visit = (node: number, owner: number): void => {
    const end = firstEdge[node + 1]!;
    for (let edge = firstEdge[node]!; edge < end; edge++) {
      const packed = edgeTarget[edge]!;
      const to = packed >>> 3;
      if ((isPart[to >>> 3]! & (1 << (to & 7))) === 0 || (packed & 7) === EDGE.weak) continue;
      const now = owners[to]!;
      if (now === owner || now === SEVERAL) continue;
      owners[to] = now === NOBODY ? owner : SEVERAL;
      if (length === waiting.length) {
        const wider = new Uint32Array(2 * length);
        wider.set(waiting);
        waiting = wider;
      }
      waiting[length++] = to;
    }
  };
  for (let node = 0; node < nodeCount; node++) {
    if ((isPart[node >>> 3]! & (1 << (node & 7))) === 0) visit(node, node);
    while (length > 0) {
      const part = waiting[--length]!;
      visit(part, owners[part]!);
    }
  }
  for (let node = 0; node < nodeCount; node++) {
    const owner = owners[node]!;
    if (owner >= SEVERAL || owner === 0 || nodeType[owner] === NODE.synthetic) continue;
    sizes.set(owner, sizes.get(owner) + selfSize.get(node));
    sizes.set(node, 0);
  }
  return sizes;
}
