import type { Bytes } from '../base/units.ts';
import type { HeapGraph } from './heap-graph.ts';
import { EDGE, NODE, type Snapshot } from './snapshot.ts';

/** DevTools' statistics (HeapSnapshot.ts, `calculateStatistics`): what a heap is made of. */
export interface HeapStatistics {
  /** retained(root) + extraNativeBytes. */
  total: Bytes;
  native: { total: Bytes; typedArrays: Bytes };
  v8heap: { total: Bytes; code: Bytes; jsArrays: Bytes; strings: Bytes; system: Bytes };
}

export function countStatistics(snapshot: Snapshot, graph: HeapGraph): HeapStatistics {
  const { nodeCount, nodeType, nodeName, strings } = snapshot;
  const { shallow } = graph;
  const arrayName = strings.find('Array');
  const bufferName = strings.find('system / JSArrayBufferData');
  const arrays: number[] = [];
  const sizes = { native: snapshot.extraNativeBytes, buffers: 0, code: 0, strings: 0, arrays: 0, system: 0 };
  for (let node = 0; node < nodeCount; node++) {
    const type = nodeType[node]!;
    const isArray = nodeName[node] === arrayName;
    if (isArray && isCounted(type)) arrays.push(node);
    if (shallow.low[node] === 0) continue;
    const size = shallow.get(node);
    if (type === NODE.hidden) sizes.system += size;
    else if (type === NODE.native) {
      sizes.native += size;
      if (nodeName[node] === bufferName) sizes.buffers += size;
    } else if (type === NODE.code) sizes.code += size;
    else if (type === NODE.string || type === NODE.consString || type === NODE.slicedString)
      sizes.strings += size;
    else if (isArray) sizes.arrays += size;
  }
  sizes.arrays += sumOwnElements(snapshot, graph, arrays);
  const total = graph.retained.get(0) + snapshot.extraNativeBytes;
  return {
    total,
    native: { total: sizes.native, typedArrays: sizes.buffers },
    v8heap: {
      total: total - sizes.native,
      code: sizes.code,
      jsArrays: sizes.arrays,
      strings: sizes.strings,
      system: sizes.system,
    },
  };
}

function isCounted(type: number): boolean {
  return (
    type !== NODE.hidden &&
    type !== NODE.native &&
    type !== NODE.code &&
    type !== NODE.string &&
    type !== NODE.consString &&
    type !== NODE.slicedString
  );
}

/** Sizes of the elements of arrays that nothing else refers to, where they were not given to the array already. */
function sumOwnElements(snapshot: Snapshot, { shallow }: HeapGraph, arrays: readonly number[]): Bytes {
  const { firstEdge, edgeTarget, edgeName, edgeCount } = snapshot;
  const elements = snapshot.strings.find('elements');
  const stores: number[] = [];
  for (const array of arrays)
    for (let edge = firstEdge[array]!; edge < firstEdge[array + 1]!; edge++) {
      const packed = edgeTarget[edge]!;
      if ((packed & 7) !== EDGE.internal || edgeName[edge] !== elements) continue;
      if (shallow.low[packed >>> 3] !== 0) stores.push(packed >>> 3);
      break;
    }
  if (stores.length === 0) return 0;
  // A pass over all edges rather than a table of retainers: few stores are left, and the table is as large as the edges.
  const references = new Map<number, number>(stores.map((store) => [store, 0]));
  const isStore = new Uint8Array((snapshot.nodeCount >>> 3) + 1);
  for (const store of stores) isStore[store >>> 3]! |= 1 << (store & 7);
  for (let edge = 0; edge < edgeCount; edge++) {
    const to = edgeTarget[edge]! >>> 3;
    if ((isStore[to >>> 3]! & (1 << (to & 7))) !== 0) references.set(to, references.get(to)! + 1);
  }
  return stores.reduce((sum, store) => sum + (references.get(store) === 1 ? shallow.get(store) : 0), 0);
}
