import type { Bytes } from '../base/units.ts';
import type { Holder } from './holder.ts';

/** How two snapshots were compared: by object id (one process), or by class, shape and path (two processes). */
export type DifferenceMode = 'ids' | 'classes';

/** `holter heap diff A B [C]`. research/heap.md §7. */
export interface HeapDifference {
  mode: DifferenceMode;
  /** Why this mode, as a sentence: `97 % of 1000 common ids have the same type and name`. */
  modeReason: string;
  beforeName: string;
  afterName: string;
  /** With three snapshots: the last, in which the leak set must still be alive. */
  lastName?: string;
  totalBefore: Bytes;
  totalAfter: Bytes;
  /** Only with three snapshots. */
  totalLast?: Bytes;
  /** Σ over nodes; by ids new and gone objects, by classes the sums of what rose and fell. */
  added: { count: number; bytes: Bytes };
  removed: { count: number; bytes: Bytes };
  /** What leaks first: by `leakBytes`, largest first; all classes that changed. */
  classes: ClassChange[];
  /** The same container object that holds more than before; only by ids, what it holds through new entries first. */
  containers: ContainerChange[];
  /** What to know when reading it, as sentences: files swapped, cut, not of one process. */
  notes: string[];
}

export interface ClassChange {
  name: string;
  /** Place of the constructor, '' unknown. */
  place: string;
  countBefore: number;
  countAfter: number;
  /** Only with three snapshots. */
  countLast?: number;
  /**
   * By ids, with two: what DevTools' Comparison says, so an object that changed its class counts in both. With three:
   * instances new in B and still in C, and gone since A. By classes: the net change.
   */
  added: number;
  removed: number;
  addedBytes: Bytes;
  removedBytes: Bytes;
  /**
   * Bytes of new objects that the new instances keep alive, their own among them, each byte counted once. What a class of
   * the program keeps is not counted again for the containers, strings and arrays that it is made of or lies in
   * (`keptByClass`). By classes: the change of that.
   */
  retainedDelta: Bytes;
  /** Who holds the new ones, most of them first; only by ids, only of the first classes. */
  holders: Holder[];
}

/**
 * Of what new instances keep, the part by which there are more than before: a cache that replaces its entries has as many
 * gone as new, and leaks nothing.
 */
export function leakBytes({ retainedDelta, added, removed }: ClassChange): Bytes {
  if (retainedDelta <= 0 || added <= 0) return retainedDelta;
  return (retainedDelta * Math.max(0, added - removed)) / added;
}

export interface ContainerChange {
  /** In the last snapshot. */
  node: number;
  id: number;
  className: string;
  /** `global.app.sessions`. */
  path: string;
  /** Elements, entries or properties held. */
  entriesBefore: number;
  entriesAfter: number;
  /** Only with three snapshots. */
  entriesLast?: number;
  retainedBefore: Bytes;
  retainedAfter: Bytes;
  /** Retained by the new objects it holds directly, whoever else holds them. */
  newBytes: Bytes;
}
