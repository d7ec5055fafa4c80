import type { Bytes } from '../base/units.ts';
import type { Heap } from './heap.ts';
import { NODE } from './snapshot.ts';

/** Strings of a heap: which text is there how often, and which are the largest. */
export interface StringCensus {
  /** Most wasted first. `name`: index of the text in `snapshot.strings`. */
  duplicates: { name: number; count: number; bytes: Bytes }[];
  /** Bytes of all duplicates together, the listed and the others. */
  duplicateBytes: Bytes;
  /** Nodes, largest first. */
  largest: number[];
}

/**
 * One pass over the nodes. Duplicates are strings (flat or concatenated) of the same text and size; `bytes` are those of
 * all but one. V8 cuts texts at 1024 characters, so longer ones that begin alike and are as large count as equal.
 */
export function countStrings(heap: Heap, limit = 100): StringCensus {
  const { snapshot, graph } = heap;
  const { nodeCount, nodeType, nodeName, strings } = snapshot;
  const count = new Uint32Array(strings.count);
  const size = new Uint32Array(strings.count);
  const largest: number[] = [];
  let least = 0;
  // What V8 calls strings that are put together and have not been read yet: their text is not in the file.
  const unread = strings.find('(concatenated string)');
  for (let node = 0; node < nodeCount; node++) {
    const type = nodeType[node];
    if (type !== NODE.string && (type !== NODE.consString || nodeName[node] === unread)) continue;
    const bytes = graph.shallow.get(node);
    if (bytes === 0) continue;
    const name = nodeName[node]!;
    if (name < count.length) {
      if (count[name] === 0) size[name] = Math.min(bytes, 0xffff_ffff);
      if (size[name] === bytes) count[name]!++;
    }
    if (bytes <= least) continue;
    largest.push(node);
    if (largest.length >= 2 * limit) least = keepLargest(largest, limit, (one) => graph.shallow.get(one));
  }
  keepLargest(largest, limit, (one) => graph.shallow.get(one));

  const rows: number[] = [];
  const wasted = (name: number) => size[name]! * (count[name]! - 1);
  let duplicateBytes = 0;
  least = 0;
  for (let name = 0; name < count.length; name++) {
    if (count[name]! < 2) continue;
    duplicateBytes += wasted(name);
    if (wasted(name) <= least) continue;
    rows.push(name);
    if (rows.length >= 2 * limit) least = keepLargest(rows, limit, wasted);
  }
  keepLargest(rows, limit, wasted);
  return {
    duplicates: rows.map((name) => ({ name, count: count[name]!, bytes: wasted(name) })),
    duplicateBytes,
    largest,
  };
}

/** Sorts, largest first, and forgets all after `limit`; returns what the last of a full list has. */
function keepLargest(rows: number[], limit: number, of: (row: number) => number): number {
  rows.sort((a, b) => of(b) - of(a) || a - b);
  rows.length = Math.min(rows.length, limit);
  return rows.length < limit ? 0 : of(rows[limit - 1]!);
}
