import type { Shape } from './call-shape.ts';
import { firstAtOrAfter, type ProfileTables } from './profile-tables.ts';

/**
 * Samples in time order as stretches of one stack each. Box of the chart at depth d = stretches whose stacks agree
 * down to d; neighbours k−1 and k agree down to `shared[k]`, so a box ends where `shared` falls below its depth.
 */
export interface Timeline {
  length: number;
  /** ms, with the end of the last stretch behind them. */
  start: Float64Array;
  /** Node of the shape on top of the stack, −1 = nothing (left out of the picture). */
  node: Int32Array;
  /** Depth down to which a stretch shares its stack with the one before; 0 for the first and beside gaps. */
  shared: Int32Array;
  /** Smallest `shared`, and index of the longest stretch, in every block of BLOCK stretches. */
  blockShared: Int32Array;
  blockLongest: Int32Array;
  /** By node of the shape. */
  depth: Int32Array;
  parent: Int32Array;
  frame: Int32Array;
  origin: Int32Array;
  maxDepth: number;
}

const BLOCK = 32;

export function buildTimeline(tables: ProfileTables, shape: Shape): Timeline {
  const { time, node: sampled } = tables.samples;
  const { parent, frame, origin, ofNode, counted } = shape;
  const depth = new Int32Array(shape.length);
  for (let i = 1; i < shape.length; i++) depth[i] = depth[parent[i]!]! + 1;
  const start = new Float64Array(time.length + 1);
  const node = new Int32Array(time.length);
  const shared = new Int32Array(time.length);
  let length = 0;
  let maxDepth = 0;
  for (let i = 0; i < time.length; i++) {
    const raw = sampled[i]!;
    const now = counted[raw] === 1 && ofNode[raw]! > 0 ? ofNode[raw]! : -1;
    const before = length === 0 ? -2 : node[length - 1]!;
    if (now === before) continue;
    start[length] = time[i]!;
    node[length] = now;
    shared[length] = now < 0 || before < 0 ? 0 : sharedDepth(parent, depth, before, now);
    if (now >= 0 && depth[now]! > maxDepth) maxDepth = depth[now]!;
    length++;
  }
  start[length] = Math.max(tables.to, length > 0 ? start[length - 1]! : 0);
  const blocks = Math.ceil(length / BLOCK);
  const blockShared = new Int32Array(blocks).fill(0x7fffffff);
  const blockLongest = new Int32Array(blocks);
  for (let i = 0; i < length; i++) {
    const block = (i / BLOCK) | 0;
    if (i % BLOCK === 0) blockLongest[block] = i;
    if (shared[i]! < blockShared[block]!) blockShared[block] = shared[i]!;
    const best = blockLongest[block]!;
    if (start[i + 1]! - start[i]! > start[best + 1]! - start[best]!) blockLongest[block] = i;
  }
  return {
    length,
    start: start.subarray(0, length + 1),
    node: node.subarray(0, length),
    shared: shared.subarray(0, length),
    blockShared,
    blockLongest,
    depth,
    parent,
    frame,
    origin,
    maxDepth,
  };
}

/** Depth of the closest node above both. */
function sharedDepth(parent: Int32Array, depth: Int32Array, a: number, b: number): number {
  let [x, y] = [a, b];
  while (depth[x]! > depth[y]!) x = parent[x]!;
  while (depth[y]! > depth[x]!) y = parent[y]!;
  while (x !== y) {
    x = parent[x]!;
    y = parent[y]!;
  }
  return depth[x]!;
}

/** Down to what depth the stretches first … end−1 agree. */
function agreed(line: Timeline, first: number, end: number): number {
  const only = line.node[first]!;
  let low = only < 0 ? 0 : line.depth[only]!;
  for (let i = first + 1; i < end; ) {
    if (i % BLOCK === 0 && i + BLOCK <= end) {
      low = Math.min(low, line.blockShared[i / BLOCK]!);
      i += BLOCK;
    } else low = Math.min(low, line.shared[i++]!);
  }
  return low;
}

/** The longest of the stretches first … end−1 (of whole blocks between, the longest of each). */
function longest(line: Timeline, first: number, end: number): number {
  let best = first;
  const consider = (i: number) => {
    if (line.start[i + 1]! - line.start[i]! > line.start[best + 1]! - line.start[best]!) best = i;
  };
  for (let i = first + 1; i < end; ) {
    if (i % BLOCK === 0 && i + BLOCK <= end) {
      consider(line.blockLongest[i / BLOCK]!);
      i += BLOCK;
    } else consider(i++);
  }
  return best;
}

/** Node above `node` (or itself) in row `row`. */
export function ancestorAt(line: Pick<Timeline, 'parent' | 'depth'>, node: number, row: number): number {
  let at = node;
  while (line.depth[at]! > row) at = line.parent[at]!;
  return at;
}

/** What `walkVisible` reports, in ms and nodes of the shape. */
export interface TimelineVisitor {
  /** One box: all samples from `from` to `to` have `node` in row `row`. Boxes of one row come from left to right. */
  box(row: number, node: number, from: number, to: number): void;
  /**
   * Finer than `step`: somewhere between `from` and `to` there are several stacks in this row; `node` is of the
   * longest of them.
   */
  texture(row: number, node: number, from: number, to: number): void;
}

/**
 * What is to be seen between two times when nothing finer than `step` ms can be: at most (to − from) / step columns,
 * whatever the number of samples.
 */
export function walkVisible(
  line: Timeline,
  fromMs: number,
  toMs: number,
  step: number,
  visitor: TimelineVisitor,
): void {
  if (line.length === 0 || !(toMs > fromMs) || line.start[line.length]! <= fromMs) return;
  // Open boxes by row: [node, from]; open[0] is unused, the root is not a box.
  const openNode: number[] = [-1];
  const openFrom: number[] = [0];
  const close = (row: number, at: number) => {
    while (openNode.length > row) {
      const r = openNode.length - 1;
      visitor.box(r, openNode.pop()!, openFrom.pop()!, at);
    }
  };
  let i = Math.max(0, firstAtOrAfter(line.start.subarray(0, line.length), fromMs) - 1);
  if (i + 1 < line.length && line.start[i + 1]! <= fromMs) i++;
  const end = line.length;
  while (i < end && line.start[i]! < toMs) {
    const left = line.start[i]!;
    const next = nextColumn(line, i, Math.max(left, fromMs) + step);
    const right = line.start[next]!;
    const deep = agreed(line, i, next);
    // Boxes go on as far down as the whole column agrees with what is open.
    const common = i === 0 ? 0 : Math.min(line.shared[i]!, deep);
    close(Math.min(openNode.length, common + 1), left);
    const top = line.node[i]!;
    if (deep > 0) {
      const at = ancestorAt(line, top, deep);
      const path: number[] = [];
      for (let n = at; line.depth[n]! >= openNode.length; n = line.parent[n]!) path.push(n);
      while (path.length > 0) {
        openNode.push(path.pop()!);
        openFrom.push(left);
      }
    }
    if (next > i + 1) {
      const shown = line.node[longest(line, i, next)]!;
      if (shown >= 0)
        for (let n = shown; line.depth[n]! > deep; n = line.parent[n]!)
          visitor.texture(line.depth[n]!, n, left, right);
    }
    i = next;
  }
  close(1, line.start[i]!);
}

/** The first stretch after `i` that starts at or after `ms`, at least i + 1. */
function nextColumn(line: Timeline, i: number, ms: number): number {
  if (line.start[i + 1]! >= ms) return i + 1;
  let jump = 1;
  let low = i + 1;
  while (low + jump < line.length && line.start[low + jump]! < ms) {
    low += jump;
    jump *= 2;
  }
  let high = Math.min(line.length, low + jump);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (line.start[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  // A column must end before the stretch that is longer than it, so that long stretches stay boxes.
  return Math.max(
    i + 1,
    low - 1 > i && line.start[low]! - line.start[low - 1]! > ms - line.start[i]! ? low - 1 : low,
  );
}

/** One box of the chart. */
export interface TimelineBox {
  node: number;
  row: number;
  from: number;
  to: number;
}

/** The box in a row at a time; null where there is none. */
export function boxAtTime(line: Timeline, ms: number, row: number): TimelineBox | null {
  if (line.length === 0 || row < 1 || ms < line.start[0]! || ms >= line.start[line.length]!) return null;
  const at = stretchAt(line, ms);
  const top = line.node[at]!;
  if (top < 0 || line.depth[top]! < row) return null;
  let first = at;
  while (first > 0 && line.shared[first]! >= row) {
    const block = first / BLOCK - 1;
    if (first % BLOCK === 0 && line.blockShared[block]! >= row && line.shared[first]! >= row) first -= BLOCK;
    else first--;
  }
  let end = at + 1;
  while (end < line.length && line.shared[end]! >= row) {
    if (end % BLOCK === 0 && end + BLOCK <= line.length && line.blockShared[end / BLOCK]! >= row)
      end += BLOCK;
    else end++;
  }
  return { node: ancestorAt(line, top, row), row, from: line.start[first]!, to: line.start[end]! };
}

/** Index of the stretch at a time inside the line. */
function stretchAt(line: Timeline, ms: number): number {
  const next = firstAtOrAfter(line.start.subarray(0, line.length), ms);
  return next < line.length && line.start[next] === ms ? next : Math.max(0, next - 1);
}

/** The longest box of a node between two times, else in the whole line; null when it has none. */
export function longestBox(
  line: Timeline,
  node: number,
  fromMs = Number.NEGATIVE_INFINITY,
  toMs = Number.POSITIVE_INFINITY,
): TimelineBox | null {
  const row = line.depth[node] ?? 0;
  if (row === 0) return null;
  const inside = new Uint8Array(line.depth.length);
  inside[node] = 1;
  for (let i = node + 1; i < inside.length; i++) inside[i] = inside[line.parent[i]!]!;
  let best: TimelineBox | null = null;
  let visible = 0;
  for (let i = 0; i < line.length; ) {
    if (line.node[i]! < 0 || inside[line.node[i]!] === 0) {
      i++;
      continue;
    }
    let end = i + 1;
    while (end < line.length && line.shared[end]! >= row) end++;
    const box = { node, row, from: line.start[i]!, to: line.start[end]! };
    const seen = Math.max(0, Math.min(box.to, toMs) - Math.max(box.from, fromMs));
    if (best === null || seen > visible || (visible === 0 && box.to - box.from > best.to - best.from)) {
      best = box;
      visible = seen;
    }
    i = end;
  }
  return best;
}

/** The next box in the same row, to the left (−1) or right (1); null at the edge. */
export function neighbourBox(line: Timeline, box: TimelineBox, step: -1 | 1): TimelineBox | null {
  let at =
    step > 0 ? firstAtOrAfter(line.start.subarray(0, line.length), box.to) : stretchAt(line, box.from) - 1;
  for (; at >= 0 && at < line.length; at += step) {
    const top = line.node[at]!;
    if (top >= 0 && line.depth[top]! >= box.row) return boxAtTime(line, line.start[at]!, box.row);
  }
  return null;
}

/** The longest box right below (callee), or the one above (caller) of a box; null when there is none. */
export function childBox(line: Timeline, box: TimelineBox): TimelineBox | null {
  let best: TimelineBox | null = null;
  const last = stretchAt(line, box.from);
  for (let at = last; at < line.length && line.start[at]! < box.to; ) {
    const one = boxAtTime(line, line.start[at]!, box.row + 1);
    if (one && (best === null || one.to - one.from > best.to - best.from)) best = one;
    at = one ? firstAtOrAfter(line.start.subarray(0, line.length), one.to) : at + 1;
  }
  return best;
}

export function parentBox(line: Timeline, box: TimelineBox): TimelineBox | null {
  return boxAtTime(line, box.from, box.row - 1);
}
