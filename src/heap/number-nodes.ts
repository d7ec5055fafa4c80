import type { Ephemerons } from './ephemerons.ts';
import { isProgramRoot, leavesItsTable } from './essential-edges.ts';
import type { GraphScratch } from './graph-scratch.ts';
import { EDGE, type Snapshot } from './snapshot.ts';

/**
 * Depth-first numbering from the root over the edges that count for dominators, and the edges that are not in its tree.
 * Numbers begin at 1 (the root); arrays by number have a row 0 that is not used.
 */
export interface Numbering {
  /** Nodes numbered: all of them. */
  count: number;
  /** From this number on: in cycles nothing else leads to. Dominated by the root, and their edges count for nobody. */
  firstOfCycles: number;
  /** By number: the node, and the number of its parent in the tree. */
  node: Int32Array;
  parent: Int32Array;
  /**
   * By node, two values: its number, and the head of the list of edges into it that are not in the tree. One row of
   * memory for both: the numbering looks at a number for every edge and mostly adds to the list.
   */
  info: Int32Array;
  /** Lists of edges: number of the source, and next row. Row 0 ends a list. */
  lists: Int32Array;
}

/** Mark in `info` of a node that belongs to the program and has no number yet. */
const PROGRAM = -1;

/**
 * Numbers all nodes as DevTools does (research/heap.md §4, rules 2 to 4): what belongs to the program (reached from its
 * roots) first, so that one comparison tells whether a node does; references from the system into the program do not
 * count. Then the rest, then what only weak edges lead to, then cycles without any way in.
 *
 * Uses columns 0 to 2, the pairs (zeroed) and the lists of `scratch`; column 2 is free again afterwards.
 */
export function numberNodes(
  snapshot: Snapshot,
  ephemerons: Ephemerons,
  documents: number,
  scratch: GraphScratch,
): Numbering {
  const { nodeCount, firstEdge, edgeTarget } = snapshot;
  const [node, parent, next] = scratch.columns;
  const { pairs: info, lists } = scratch;
  const hasEphemerons = ephemerons.row !== undefined;
  /** Nodes marked PROGRAM, to be flooded from; and all that ever were. */
  const marked: number[] = [];
  let everMarked: Uint8Array | undefined;
  let count = 1;
  let rows = 1;
  let lastOfProgram = 0;
  node[1] = 0;
  info[0] = 1;

  const ofProgram = (ordinal: number): boolean => {
    const number = info[2 * ordinal]!;
    return number === PROGRAM || (number > 0 && number <= lastOfProgram) || everMarked?.[ordinal] === 1;
  };

  /** Depth-first from a node; `phase` 1: everything met belongs to the program. */
  const walk = (start: number, from: number, inProgram: boolean): void => {
    // Locals: what a closure shares stays in memory, and this is the innermost loop of all.
    let last = count + 1;
    let row = rows;
    let number = last;
    let at = start;
    node[number] = at;
    parent[number] = from;
    info[2 * at] = number;
    let edge = firstEdge[at]!;
    let end = firstEdge[at + 1]!;
    let isProgram = inProgram || everMarked?.[at] === 1;
    for (;;) {
      if (edge === end) {
        number = parent[number]!;
        if (number === from) {
          count = last;
          rows = row;
          return;
        }
        at = node[number]!;
        edge = next[number]!;
        end = firstEdge[at + 1]!;
        if (!inProgram) isProgram = everMarked?.[at] === 1;
        continue;
      }
      const packed = edgeTarget[edge]!;
      const type = packed & 7;
      const to = packed >>> 3;
      const seen = info[2 * to]!;
      const current = edge++;
      if (type === EDGE.weak || seen === number) continue;
      if (
        type === EDGE.shortcut ||
        (type === EDGE.internal && hasEphemerons && leavesItsTable(snapshot, ephemerons, at, current))
      ) {
        // It does not hold the node, but makes it one of the program's.
        if (inProgram && seen === 0) {
          info[2 * to] = PROGRAM;
          marked.push(to);
        }
        continue;
      }
      if (
        !inProgram &&
        !isProgram &&
        (seen === PROGRAM || (seen > 0 && seen <= lastOfProgram) || everMarked?.[to] === 1)
      )
        continue;
      if (seen > 0) {
        lists[2 * row] = number;
        lists[2 * row + 1] = info[2 * to + 1]!;
        info[2 * to + 1] = row++;
        continue;
      }
      next[number] = edge;
      parent[++last] = number;
      number = last;
      node[number] = to;
      info[2 * to] = number;
      at = to;
      edge = firstEdge[at]!;
      end = firstEdge[at + 1]!;
      if (!inProgram) isProgram = everMarked?.[at] === 1;
    }
  };

  const rootEnd = firstEdge[1]!;
  for (let edge = firstEdge[0]!; edge < rootEnd; edge++) {
    const to = edgeTarget[edge]! >>> 3;
    if (!isProgramRoot(snapshot, edge, documents) || to === 0) continue;
    const type = edgeTarget[edge]! & 7;
    if (info[2 * to]! <= 0 && type !== EDGE.weak) walk(to, 1, true);
  }
  lastOfProgram = count;
  everMarked = floodProgram(snapshot, info, marked);

  for (let edge = firstEdge[0]!; edge < rootEnd; edge++) {
    const packed = edgeTarget[edge]!;
    const to = packed >>> 3;
    if ((packed & 7) === EDGE.weak || to === 0) continue;
    if ((packed & 7) === EDGE.internal && hasEphemerons && leavesItsTable(snapshot, ephemerons, 0, edge))
      continue;
    const seen = info[2 * to]!;
    if (seen > 0) {
      if (parent[seen] === 1) continue;
      lists[2 * rows] = 1;
      lists[2 * rows + 1] = info[2 * to + 1]!;
      info[2 * to + 1] = rows++;
    } else walk(to, 1, false);
  }

  if (count < nodeCount) {
    const held = findHeld(snapshot, ephemerons, info, ofProgram);
    for (let ordinal = 0; ordinal < nodeCount; ordinal++)
      if (info[2 * ordinal]! <= 0 && held[ordinal] === 0) walk(ordinal, 1, false);
  }
  const firstOfCycles = count + 1;
  for (let ordinal = 0; count < nodeCount && ordinal < nodeCount; ordinal++)
    if (info[2 * ordinal]! <= 0) {
      info[2 * ordinal] = ++count;
      node[count] = ordinal;
      parent[count] = 1;
    }
  return { count, firstOfCycles, node, parent, info, lists };
}

/** Marks all that unnumbered nodes of the program lead to. Undefined: there was none. */
function floodProgram(snapshot: Snapshot, info: Int32Array, marked: number[]): Uint8Array | undefined {
  const { firstEdge, edgeTarget, nodeCount } = snapshot;
  let ever: Uint8Array | undefined;
  for (let at = marked.pop(); at !== undefined; at = marked.pop()) {
    // Numbered after all, by a later edge that counts.
    if (info[2 * at]! > 0) continue;
    ever ??= new Uint8Array(nodeCount);
    ever[at] = 1;
    for (let edge = firstEdge[at]!; edge < firstEdge[at + 1]!; edge++) {
      const packed = edgeTarget[edge]!;
      const to = packed >>> 3;
      if ((packed & 7) === EDGE.weak || info[2 * to] !== 0) continue;
      info[2 * to] = PROGRAM;
      marked.push(to);
    }
  }
  return ever;
}

/** By node: 1 = an edge that counts leads to it, out of a node that has no number (those of others would have numbered it). */
function findHeld(
  snapshot: Snapshot,
  ephemerons: Ephemerons,
  info: Int32Array,
  ofProgram: (ordinal: number) => boolean,
): Uint8Array {
  const { nodeCount, firstEdge, edgeTarget } = snapshot;
  const held = new Uint8Array(nodeCount);
  for (let from = 0; from < nodeCount; from++) {
    if (info[2 * from]! > 0) continue;
    const program = ofProgram(from);
    for (let edge = firstEdge[from]!; edge < firstEdge[from + 1]!; edge++) {
      const packed = edgeTarget[edge]!;
      const type = packed & 7;
      const to = packed >>> 3;
      if (type === EDGE.weak || type === EDGE.shortcut || to === from) continue;
      if (
        type === EDGE.internal &&
        ephemerons.row !== undefined &&
        leavesItsTable(snapshot, ephemerons, from, edge)
      )
        continue;
      if (!program && ofProgram(to)) continue;
      held[to] = 1;
    }
  }
  return held;
}
