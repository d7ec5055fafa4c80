import type { Bytes } from '../base/units.ts';
import { type ClassTable, NO_CLASS } from './class-table.ts';
import { holdersOf } from './compare-description.ts';
import { describeNode, type NodeRow } from './describe-object.ts';
import type { Heap } from './heap.ts';
import type { ClassRow } from './heap-summary.ts';
import type { Holder } from './holder.ts';
import { LargestRows } from './largest-rows.ts';
import { pathText } from './retaining-path.ts';
import { classRow } from './summarise-heap.ts';

/** Third screen of `holter heap show`: a class. */
export interface ClassDescription {
  name: string;
  /** Constructors of this name, one row for each place; the largest first. */
  classes: ClassRow[];
  count: number;
  shallowBytes: Bytes;
  /** Of instances that are not below another one. */
  retainedBytes: Bytes;
  /** Of the whole heap, 0…1. */
  share: number;
  /** Largest by retained size. */
  instances: (NodeRow & { path: string })[];
  /** Who holds them, most of them first. */
  holders: Holder[];
}

/**
 * Rows of the class of this name: as written, else with another case, else those that contain it. Several names are
 * several rows of `name`.
 */
export function findClasses({ count, name, retained }: ClassTable, text: string): number[] {
  const rows = Array.from({ length: count }, (_, row) => row).sort((a, b) => retained[b]! - retained[a]!);
  const lower = text.toLowerCase();
  for (const fits of [
    (row: number) => name[row] === text,
    (row: number) => name[row]!.toLowerCase() === lower,
    (row: number) => name[row]!.toLowerCase().includes(lower),
  ]) {
    const found = rows.filter(fits);
    if (found.length > 0) return found;
  }
  return [];
}

/** What there is to say about the instances of some rows of `heap.classes`. */
export function describeClass(heap: Heap, rows: readonly number[], limit = 20): ClassDescription {
  const { classes, graph } = heap;
  const wanted = new Uint8Array(classes.count);
  for (const row of rows) wanted[row] = 1;
  let count = 0;
  for (const row of rows) count += classes.instances[row]!;
  const nodes = new Uint32Array(count);
  const largest = new LargestRows(limit);
  let at = 0;
  let shallowBytes = 0;
  let retainedBytes = 0;
  let end = 0;
  for (let rank = 0; rank < graph.preorder.length; rank++) {
    const node = graph.preorder[rank]!;
    const row = classes.of[node]!;
    if (row === NO_CLASS || wanted[row] === 0) continue;
    nodes[at++] = node;
    shallowBytes += graph.shallow.get(node);
    const retained = graph.retained.get(node);
    largest.offer(node, retained);
    if (rank < end) continue;
    retainedBytes += retained;
    end = rank + graph.subtree[rank]!;
  }
  const total = graph.retained.get(0) + heap.snapshot.extraNativeBytes;
  return {
    name: classes.name[rows[0]!]!,
    classes: rows.map((row) => classRow(heap, row)),
    count,
    shallowBytes,
    retainedBytes,
    share: total > 0 ? retainedBytes / total : 0,
    instances: largest.rows().map((node) => ({ ...describeNode(heap, node), path: pathText(heap, node) })),
    holders: holdersOf(heap, nodes),
  };
}
