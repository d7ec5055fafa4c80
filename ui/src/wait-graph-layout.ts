/** Where the nodes of a graph of waits are drawn: layers from left to right, what comes first on the left. px */

export interface LayoutNode {
  /** Half the width of the mark. */
  radius: number;
  /** Begins a chain: stays in the first layer. */
  isOrigin: boolean;
  /** Several things in one: what leads away from it says nothing about the order. */
  isLoose?: boolean;
}

export interface LayoutEdge {
  from: number;
  to: number;
  count: number;
}

export interface GraphLayout {
  width: number;
  height: number;
  /** Middle of the mark by node. */
  x: number[];
  y: number[];
  layer: number[];
  columns: number;
  /** By edge: leads to the same or an earlier layer. */
  back: boolean[];
}

/** Height of the three lines of text below a mark. */
export const LABEL_HEIGHT = 51;
const GAP = 10;
const SWEEPS = 4;
/** Nodes in a column. */
const COLUMN_MOST = 7;

/**
 * Heavy edges decide what is before what: edges are taken by weight, and one that would close a circle leads back. A
 * node's layer is the longest way to it. O(edges × nodes), which are few.
 */
export function layOutGraph(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  options: { width: number; columnLeast: number },
): GraphLayout {
  const forward = breakCircles(nodes, edges);
  const layer = findLayers(nodes, forward);
  const layers = Math.max(1, ...layer.map((one) => one + 1));
  const columns = orderColumns(layer, layers, forward).flatMap(splitColumn);
  const column = Math.max(options.columnLeast, options.width / Math.max(1, columns.length));
  const height = Math.max(...columns.map((list) => heightOf(list, nodes)), 0) + 2 * GAP;
  const x = nodes.map(() => 0);
  const y = nodes.map(() => 0);
  for (const [i, list] of columns.entries()) {
    let at = (height - heightOf(list, nodes)) / 2;
    for (const node of list) {
      x[node] = (i + 0.5) * column;
      const { radius } = nodes[node]!;
      y[node] = at + radius;
      at += 2 * radius + LABEL_HEIGHT + GAP;
    }
  }
  const back = edges.map(({ from, to }) => layer[to]! <= layer[from]!);
  return { width: column * columns.length, height, x, y, layer, columns: columns.length, back };
}

/** A layer of many is drawn as several columns: what is at the same time should be seen at the same time. */
function splitColumn(list: number[]): number[][] {
  const parts = Math.max(1, Math.ceil(list.length / COLUMN_MOST));
  const size = Math.ceil(list.length / parts);
  return Array.from({ length: parts }, (_, i) => list.slice(i * size, (i + 1) * size));
}

function heightOf(list: readonly number[], nodes: readonly LayoutNode[]): number {
  return list.reduce((sum, node) => sum + 2 * nodes[node]!.radius + LABEL_HEIGHT + GAP, -GAP);
}

/** By node: where its edges lead that close no circle. */
function breakCircles(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): number[][] {
  const forward: number[][] = nodes.map(() => []);
  const byWeight = edges.map((_, i) => i).sort((a, b) => edges[b]!.count - edges[a]!.count || a - b);
  for (const i of byWeight) {
    const { from, to } = edges[i]!;
    if (from === to || nodes[to]!.isOrigin || nodes[from]!.isLoose || reaches(forward, to, from)) continue;
    forward[from]!.push(to);
  }
  return forward;
}

function reaches(next: readonly number[][], from: number, to: number): boolean {
  const seen = new Set([from]);
  const stack = [from];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at === to) return true;
    for (const one of next[at]!)
      if (!seen.has(one)) {
        seen.add(one);
        stack.push(one);
      }
  }
  return false;
}

/** Longest way from a node that nothing leads to; such a node that is no origin comes after the origins. */
function findLayers(nodes: readonly LayoutNode[], forward: readonly number[][]): number[] {
  const first = nodes.some(({ isOrigin }) => isOrigin) ? 1 : 0;
  const layer: number[] = nodes.map(({ isOrigin }) => (isOrigin ? 0 : first));
  // Without circles, at most as many rounds as there are nodes.
  for (let round = 0, moved = true; moved && round < nodes.length; round++) {
    moved = false;
    for (const [from, list] of forward.entries())
      for (const to of list)
        if (layer[to]! <= layer[from]!) {
          layer[to] = layer[from]! + 1;
          moved = true;
        }
  }
  return layer;
}

/** Nodes of each layer from top to bottom, near those that lead to them. */
function orderColumns(layer: readonly number[], layers: number, forward: readonly number[][]): number[][] {
  const columns: number[][] = Array.from({ length: layers }, () => []);
  for (const [node, one] of layer.entries()) columns[one]!.push(node);
  const place = layer.map(() => 0);
  const number = (list: number[]) => {
    for (const [i, node] of list.entries()) place[node] = i - (list.length - 1) / 2;
  };
  for (const list of columns) number(list);
  const before: number[][] = layer.map(() => []);
  for (const [from, list] of forward.entries()) for (const to of list) before[to]!.push(from);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const neighbours = sweep % 2 === 0 ? before : forward;
    for (const list of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      const middle = new Map(
        list.map((node) => {
          const near = neighbours[node]!;
          const sum = near.reduce((all, one) => all + place[one]!, 0);
          return [node, near.length === 0 ? place[node]! : sum / near.length];
        }),
      );
      list.sort((a, b) => middle.get(a)! - middle.get(b)! || a - b);
      number(list);
    }
  }
  return columns;
}
