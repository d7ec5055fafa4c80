import type { SizeColumn } from './size-column.ts';

/** `HeapGraph.distance` of what no path reaches, as in DevTools. */
export const UNREACHED = -5;
/** Added to the distance of what only system roots reach, as in DevTools. */
export const SYSTEM_DISTANCE = 100_000_000;
/** `HeapGraph.reachedBy` of roots and of what no path reaches. */
export const NO_EDGE = 0xffff_ffff;

/**
 * What follows from the references of a snapshot, by node; exactly as DevTools' worker counts (research §4, checked in
 * test/oracles). Immutable once made.
 */
export interface HeapGraph {
  /** Self size after memory of backing stores, maps and the like is given to the one object that owns it. */
  readonly shallow: SizeColumn;
  /** Bytes freed with the node: Σ `shallow` over its subtree of the dominator tree. */
  readonly retained: SizeColumn;
  /** Immediate dominator; the root's is itself (0). */
  readonly dominator: Uint32Array;
  /** Steps from the user's roots; SYSTEM_DISTANCE and more from system roots only; UNREACHED. */
  readonly distance: Int32Array;
  /** The edge that first reached the node at that distance: the last step of a shortest path. NO_EDGE without. */
  readonly reachedBy: Uint32Array;
  /** 0 unknown, 1 attached, 2 detached, after propagation. Undefined when all are 0. */
  readonly detachedness: Uint8Array | undefined;
  /**
   * The dominator tree in preorder: `preorder[rank] = node`, `rank[node]`, and of the node at a rank how many nodes its
   * subtree has, itself included. So the first child of `n` is at rank `r + 1`, the next sibling of a child at `c` is at
   * `c + subtree[c]`, and `d` dominates `n` when `rank[d] <= rank[n] < rank[d] + subtree[rank[d]]`.
   */
  readonly preorder: Uint32Array;
  readonly rank: Uint32Array;
  readonly subtree: Uint32Array;
  /** Children of the root that are the user's (`global`, native contexts), not V8's own synthetic roots. */
  readonly userRoots: Uint32Array;
}
