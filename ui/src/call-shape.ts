import { CORE, GC, IDLE, type ProfileTables } from './profile-tables.ts';
import { EdgeIndex } from './tree-walk.ts';

/**
 * The tree of a profile after views have moved, merged and left out nodes; without weights, so that one shape serves
 * every time range. Node 0 is the root, parents come before children, no two siblings have one frame.
 */
export interface Shape {
  length: number;
  parent: Int32Array;
  frame: Int32Array;
  /** Node of the profile this one stands for: the first that was merged into it. */
  origin: Int32Array;
  /** By node of the profile: its node here, −1 when it is not in the picture. */
  ofNode: Int32Array;
  /** By node of the profile: 1 = its own weight counts. 0 beside a node: it is only on the way to others. */
  counted: Uint8Array;
}

/** What `regrow` does with a node; 0 and above: its weight goes to that node of the new shape. */
export const KEEP = -1;
export const DROP = -2;

/**
 * A new shape, node by node, parents first: `place` says what becomes of a node whose parent went to node `above`.
 * What is below a dropped node goes with it; what is below a folded one follows it. `counts` (by node of `shape`) is 0
 * where a node stays but its own weight does not count.
 */
export function regrow(
  shape: Shape,
  place: (node: number, above: number, went: Int32Array) => number,
  counts?: Uint8Array,
): Shape {
  const n = shape.length;
  const went = new Int32Array(n).fill(-1);
  const parent = new Int32Array(n);
  const frame = new Int32Array(n);
  const origin = new Int32Array(n);
  const edges = new EdgeIndex(n);
  let length = 0;
  if (n > 0) {
    went[0] = 0;
    parent[0] = -1;
    frame[0] = shape.frame[0]!;
    origin[0] = shape.origin[0]!;
    length = 1;
  }
  for (let i = 1; i < n; i++) {
    const above = went[shape.parent[i]!]!;
    if (above < 0) continue;
    const target = place(i, above, went);
    if (target >= 0) went[i] = target;
    if (target !== KEEP) continue;
    // Written before it is known whether it is new: the index compares with what stands there.
    parent[length] = above;
    frame[length] = shape.frame[i]!;
    origin[length] = shape.origin[i]!;
    went[i] = edges.findOrAdd(above, frame[length]!, length, parent, frame);
    if (went[i] === length) length++;
  }
  const ofNode = new Int32Array(shape.ofNode.length);
  const counted = new Uint8Array(ofNode.length);
  for (let i = 0; i < ofNode.length; i++) {
    const now = shape.ofNode[i]!;
    ofNode[i] = now < 0 ? -1 : went[now]!;
    counted[i] = ofNode[i]! >= 0 && shape.counted[i] === 1 && counts?.[now] !== 0 ? 1 : 0;
  }
  return {
    length,
    parent: parent.slice(0, length),
    frame: frame.slice(0, length),
    origin: origin.slice(0, length),
    ofNode,
    counted,
  };
}

/** The profile as it is, equal siblings merged. */
export function wholeShape(tables: ProfileTables): Shape {
  const n = tables.length;
  const ofNode = Int32Array.from({ length: n }, (_, i) => i);
  const asIs: Shape = {
    length: n,
    parent: tables.parent,
    frame: tables.frame,
    origin: ofNode,
    ofNode,
    counted: new Uint8Array(n).fill(1),
  };
  return regrow(asIs, () => KEEP);
}

export interface RoomOptions {
  foldCore: boolean;
  /** Rooms (index into ROOMS) that the legend switched off. */
  hidden: ReadonlySet<number>;
}

/**
 * Nodes of a hidden or folded room give their time to the caller; below the root that is impossible, so idle and GC
 * leave the picture there and folded core frames stay.
 */
export function foldRooms(shape: Shape, tables: ProfileTables, options: RoomOptions): Shape {
  if (options.hidden.size === 0 && !options.foldCore) return shape;
  return regrow(shape, (node, above) => {
    const room = tables.room[shape.frame[node]!]!;
    if (!options.hidden.has(room)) return options.foldCore && room === CORE && above !== 0 ? above : KEEP;
    return above === 0 && (room === IDLE || room === GC) ? DROP : above;
  });
}

/** Self weight by node of the shape. */
export function weigh(shape: Shape, self: Float64Array): Float64Array {
  const out = new Float64Array(shape.length);
  const { ofNode, counted } = shape;
  for (let i = 0; i < ofNode.length; i++) if (counted[i] === 1) out[ofNode[i]!]! += self[i]!;
  return out;
}
