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
  /** Σ over nodes; only by ids. */
  added: { count: number; bytes: Bytes };
  removed: { count: number; bytes: Bytes };
  /** By added bytes kept, largest first; all classes that changed. */
  classes: ClassChange[];
  /** The same container object that holds more than before; only by ids, largest growth first. */
  containers: ContainerChange[];
}

export interface ClassChange {
  name: string;
  /** Place of the constructor, '' unknown. */
  place: string;
  countBefore: number;
  countAfter: number;
  /** By ids: instances new in B (with three: and still in C), gone since A. By classes: the net change. */
  added: number;
  removed: number;
  addedBytes: Bytes;
  removedBytes: Bytes;
  /** Retained by the new instances, each byte counted once; by classes: change of class-retained size. */
  retainedDelta: Bytes;
  /** Who holds the new ones, most of them first; only by ids. */
  holders: Holder[];
}

export interface ContainerChange {
  node: number;
  id: number;
  className: string;
  /** `global.app.sessions`. */
  path: string;
  /** Elements, entries or properties held. */
  entriesBefore: number;
  entriesAfter: number;
  retainedBefore: Bytes;
  retainedAfter: Bytes;
}
