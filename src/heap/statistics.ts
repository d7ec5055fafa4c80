import type { Bytes } from '../base/units.ts';
import type { HeapGraph } from './heap-graph.ts';
import { EDGE, NODE, NODE_TYPES, type Snapshot } from './snapshot.ts';

/** DevTools' statistics (HeapSnapshot.ts, `calculateStatistics`): what a heap is made of. */
export interface HeapStatistics {
  /** retained(root) + extraNativeBytes. */
  total: Bytes;
  native: { total: Bytes; typedArrays: Bytes };
  v8heap: { total: Bytes; code: Bytes; jsArrays: Bytes; strings: Bytes; system: Bytes };
  /** Nodes that have a size, by the same kinds; `functions` and `objects` are what v8heap has besides. */
  counts: Record<HeapKind, number>;
  /** Of closures; in no kind of DevTools'. */
  functions: Bytes;
}

export type HeapKind =
  | 'objects'
  | 'functions'
  | 'arrays'
  | 'strings'
  | 'code'
  | 'system'
  | 'buffers'
  | 'other native';

/** One pass over the nodes. Shallow sizes as DevTools shows them, so stores count for their owners. */
export function countStatistics(snapshot: Snapshot, graph: HeapGraph): HeapStatistics {
  const { nodeCount, nodeType, nodeName, strings } = snapshot;
  const { shallow } = graph;
  const { low } = shallow;
  const arrayName = strings.find('Array');
  const bufferName = strings.find('system / JSArrayBufferData');
  const elements = strings.find('elements');
  const bytes = new Float64Array(NODE_TYPES.length);
  const count = new Uint32Array(NODE_TYPES.length);
  let arrays = 0;
  let arrayCount = 0;
  let arrayFunctions = 0;
  let arrayFunctionCount = 0;
  let buffers = 0;
  let bufferCount = 0;
  /** Elements that were not given to their array: few. */
  const stores: number[] = [];
  for (let node = 0; node < nodeCount; node++) {
    const type = nodeType[node]!;
    const name = nodeName[node];
    const isArray = name === arrayName && CAN_BE_ARRAY[type] === 1;
    if (isArray) {
      const store = elementsOf(snapshot, node, elements);
      if (store >= 0 && low[store] !== 0) stores.push(store);
    }
    if (low[node] === 0) continue;
    const size = shallow.get(node);
    bytes[type]! += size;
    count[type]!++;
    if (isArray) {
      arrays += size;
      arrayCount++;
      if (type === NODE.closure) {
        arrayFunctions += size;
        arrayFunctionCount++;
      }
    } else if (name === bufferName && type === NODE.native) {
      buffers += size;
      bufferCount++;
    }
  }
  arrays += sumOwn(snapshot, graph, stores);
  const sumStrings = (of: ArrayLike<number>): number =>
    of[NODE.string]! + of[NODE.consString]! + of[NODE.slicedString]!;
  const stringCount = sumStrings(count);
  const native = bytes[NODE.native]! + snapshot.extraNativeBytes;
  const total = graph.retained.get(0) + snapshot.extraNativeBytes;
  const told =
    count[NODE.hidden]! + count[NODE.native]! + count[NODE.code]! + count[NODE.closure]! + stringCount;
  return {
    total,
    native: { total: native, typedArrays: buffers },
    v8heap: {
      total: total - native,
      code: bytes[NODE.code]!,
      jsArrays: arrays,
      strings: sumStrings(bytes),
      system: bytes[NODE.hidden]!,
    },
    functions: bytes[NODE.closure]! - arrayFunctions,
    counts: {
      objects: count.reduce((sum, one) => sum + one, 0) - told - (arrayCount - arrayFunctionCount),
      functions: count[NODE.closure]! - arrayFunctionCount,
      arrays: arrayCount,
      strings: stringCount,
      code: count[NODE.code]!,
      system: count[NODE.hidden]!,
      buffers: bufferCount,
      'other native': count[NODE.native]! - bufferCount,
    },
  };
}

/** Types whose name DevTools looks at: the constructor `Array`, a function, is an array to it. */
const CAN_BE_ARRAY = Uint8Array.from(NODE_TYPES, (_, type) =>
  type === NODE.hidden ||
  type === NODE.native ||
  type === NODE.code ||
  type === NODE.string ||
  type === NODE.consString ||
  type === NODE.slicedString
    ? 0
    : 1,
);

/** Target of the first internal edge `elements`, −1 none. */
function elementsOf({ firstEdge, edgeTarget, edgeName }: Snapshot, node: number, elements: number): number {
  const end = firstEdge[node + 1]!;
  for (let edge = firstEdge[node]!; edge < end; edge++) {
    const packed = edgeTarget[edge]!;
    if ((packed & 7) === EDGE.internal && edgeName[edge] === elements) return packed >>> 3;
  }
  return -1;
}

/** Sizes of those that only one edge leads to. */
function sumOwn(
  { nodeCount, edgeCount, edgeTarget }: Snapshot,
  { shallow }: HeapGraph,
  stores: readonly number[],
): Bytes {
  if (stores.length === 0) return 0;
  // A pass over all edges rather than a table of retainers: few stores are left, and the table is as large as the edges.
  const references = new Map<number, number>(stores.map((store) => [store, 0]));
  const isStore = new Uint8Array((nodeCount >>> 3) + 1);
  for (const store of stores) isStore[store >>> 3]! |= 1 << (store & 7);
  for (let edge = 0; edge < edgeCount; edge++) {
    const to = edgeTarget[edge]! >>> 3;
    if ((isStore[to >>> 3]! & (1 << (to & 7))) !== 0) references.set(to, references.get(to)! + 1);
  }
  return stores.reduce((sum, store) => sum + (references.get(store) === 1 ? shallow.get(store) : 0), 0);
}
