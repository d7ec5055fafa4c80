import { formatBytes, formatNumber } from '../base/quantity.ts';
import { findHolders } from './find-holders.ts';
import { NodeList } from './node-list.ts';
import { EDGE, NODE } from './snapshot.ts';
import { type Candidate, retainedOf, topmost } from './suspect-candidate.ts';
import type { Survey } from './suspect-survey.ts';

/** Fewer empty collections are no pattern. */
const LEAST_EMPTY = 1000;
/** Numbers on the heap are normal up to twice the least share. */
const NUMBERS_TIMES = 2;

/**
 * Memory that holds nothing:
 * - Maps and Sets without an entry, from 1000 and `threshold` on (an empty Map takes 184 bytes, each entry slot 24);
 * - slices of strings that alone keep a longer one (V8 makes a slice of 13 characters or more instead of a copy): parents
 *   that only slices refer to, from `threshold` on;
 * - numbers in boxes (`heap number`, 16 bytes each where a field or element could hold them), from twice `threshold`.
 *
 * Sparse and over-allocated arrays cannot be told from arrays of small integers in a snapshot, and are not claimed.
 */
export function findWaste(survey: Survey): Candidate[] {
  return [...emptyCollections(survey), ...pinnedStrings(survey), ...boxedNumbers(survey)];
}

function emptyCollections(survey: Survey): Candidate[] {
  const { heap, values, collections, threshold } = survey;
  const { firstEdge, edgeTarget } = heap.snapshot;
  const list = new NodeList();
  for (const node of collections) {
    const table = values.target(node, EDGE.internal, 'table');
    if (table < 0) continue;
    let isEmpty = true;
    const end = firstEdge[table + 1] as number;
    for (let edge = firstEdge[table] as number; edge < end; edge++) {
      // Its shape is all that the table of an empty one leads to.
      if (
        heap.snapshot.edgeName[edge] === values.name('map') &&
        ((edgeTarget[edge] as number) & 7) === EDGE.internal
      )
        continue;
      isEmpty = false;
      break;
    }
    // Numbers and booleans are no edges: one that holds only those has a table larger than V8's smallest.
    if (isEmpty && heap.snapshot.selfSize.get(table) <= 160) list.push(node);
  }
  if (list.length < LEAST_EMPTY) return [];
  const nodes = list.nodes.slice();
  const roots = topmost(heap, nodes);
  const bytes = retainedOf(heap, roots);
  if (bytes < threshold) return [];
  return [
    {
      detector: 'waste',
      what: 'empty Map or Set',
      count: nodes.length,
      bytes,
      bytesAre: 'wasted',
      roots,
      classRow: -1,
      holders: findHolders(heap, nodes),
      evidence: [
        `${formatBytes(bytes / nodes.length)} each with no object in it; up to four small integers would not show`,
      ],
      advice: 'make them when the first entry comes',
    },
  ];
}

function pinnedStrings(survey: Survey): Candidate[] {
  const { heap, values, slicedStrings, threshold } = survey;
  const { graph, retainers, snapshot } = heap;
  const parents = new Map<number, number>();
  const name = values.name('parent');
  for (const slice of slicedStrings) {
    const parent = values.target(slice, EDGE.internal, 'parent');
    if (parent < 0) continue;
    parents.set(parent, (parents.get(parent) ?? 0) + 1);
    if (parents.size > 5_000_000) break;
  }
  const pinned = new NodeList();
  let slices = 0;
  let bytes = 0;
  for (const [parent, count] of parents) {
    const size = graph.shallow.get(parent);
    if (size < 4096) continue;
    let others = 0;
    const end = retainers.first[parent + 1] as number;
    for (let i = retainers.first[parent] as number; i < end && others === 0; i++) {
      const edge = retainers.edge[i] as number;
      if (((snapshot.edgeTarget[edge] as number) & 7) === EDGE.weak || snapshot.edgeName[edge] === name)
        continue;
      others++;
    }
    if (others > 0) continue;
    slices += count;
    bytes += size;
    pinned.push(parent);
  }
  if (bytes < threshold) return [];
  const slicesOf = new NodeList();
  const kept = new Set(pinned.nodes);
  for (const slice of slicedStrings)
    if (kept.has(values.target(slice, EDGE.internal, 'parent'))) slicesOf.push(slice);
  return [
    {
      detector: 'waste',
      what: 'sliced string',
      count: slices,
      bytes,
      bytesAre: 'wasted',
      roots: topmost(heap, pinned.nodes),
      classRow: -1,
      holders: findHolders(heap, slicesOf.nodes),
      evidence: [
        `${formatNumber(slices)} slices keep ${formatNumber(pinned.length)} longer strings that nothing else needs`,
      ],
      advice: 'copy the part: Buffer.from(part).toString(), or JSON.parse(JSON.stringify(part))',
    },
  ];
}

function boxedNumbers(survey: Survey): Candidate[] {
  const { heap, values, threshold } = survey;
  const { nodeCount, nodeType, nodeName, selfSize } = heap.snapshot;
  const boxed = values.name('heap number');
  let bytes = 0;
  let count = 0;
  for (let node = 0; node < nodeCount; node++)
    if (nodeType[node] === NODE.number && nodeName[node] === boxed) {
      bytes += selfSize.get(node);
      count++;
    }
  if (bytes < NUMBERS_TIMES * threshold) return [];
  const list = new NodeList();
  for (let node = 0; node < nodeCount; node++)
    if (nodeType[node] === NODE.number && nodeName[node] === boxed) list.push(node);
  return [
    {
      detector: 'waste',
      what: 'boxed number',
      count,
      bytes,
      bytesAre: 'wasted',
      roots: topmost(heap, list.nodes),
      classRow: -1,
      holders: findHolders(heap, list.nodes),
      evidence: ['a number that is no small integer, in a box of its own'],
      advice: 'many numbers go into a Float64Array',
    },
  ];
}
