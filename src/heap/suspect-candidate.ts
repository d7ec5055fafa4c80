import type { Bytes } from '../base/units.ts';
import type { Heap } from './heap.ts';
import type { Holder } from './holder.ts';
import type { Place } from './place.ts';
import type { Detector } from './suspect.ts';

/** What a detector says, before claims about the same bytes are merged. */
export interface Candidate {
  detector: Detector;
  what: string;
  count: number;
  bytes: Bytes;
  bytesAre: string;
  /** Nodes whose retained sizes the claim is about, none below another, ascending by rank in the dominator tree. */
  roots: Uint32Array;
  /** Class row whose growth is its growth, −1 none. */
  classRow: number;
  /** Found already, or undefined: the direct holders of `roots` are looked for. */
  holders?: Holder[];
  place?: Place | undefined;
  evidence: string[];
  advice: string;
  /** Shown first; default: the roots that retain most. */
  nodes?: number[];
  growth?: { count: number; bytes: Bytes };
}

/** Nodes without those below another of them, ascending by rank. */
export function topmost(heap: Heap, nodes: Uint32Array): Uint32Array {
  const { rank, subtree, preorder } = heap.graph;
  const ranks = Uint32Array.from(nodes, (node) => rank[node] as number).sort();
  const roots = new Uint32Array(ranks.length);
  let count = 0;
  let end = 0;
  for (const at of ranks) {
    if (at < end) continue;
    end = at + (subtree[at] as number);
    roots[count++] = preorder[at] as number;
  }
  return roots.subarray(0, count);
}

export function retainedOf(heap: Heap, roots: Uint32Array): Bytes {
  let bytes = 0;
  for (const root of roots) bytes += heap.graph.retained.get(root);
  return bytes;
}

/** Bytes that two sets of topmost nodes have in common. Both ascend by rank: one merge. */
export function sharedBytes(heap: Heap, a: Uint32Array, b: Uint32Array): Bytes {
  const { rank, subtree, retained } = heap.graph;
  let bytes = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const left = rank[a[i] as number] as number;
    const right = rank[b[j] as number] as number;
    const leftEnd = left + (subtree[left] as number);
    const rightEnd = right + (subtree[right] as number);
    if (leftEnd <= right) i++;
    else if (rightEnd <= left) j++;
    else if (left <= right) bytes += retained.get(b[j++] as number);
    else bytes += retained.get(a[i++] as number);
  }
  return bytes;
}

/** The nodes that retain most, at most `limit`. */
export function largest(heap: Heap, nodes: Uint32Array, limit: number): number[] {
  const found: number[] = [];
  let least = -1;
  for (const node of nodes) {
    const bytes = heap.graph.retained.get(node);
    if (found.length >= limit && bytes <= least) continue;
    found.push(node);
    if (found.length >= 4 * limit) least = cut();
  }
  cut();
  return found;

  function cut(): number {
    found.sort((a, b) => heap.graph.retained.get(b) - heap.graph.retained.get(a) || a - b);
    if (found.length > limit) found.length = limit;
    return found.length < limit ? -1 : heap.graph.retained.get(found.at(-1) as number);
  }
}
