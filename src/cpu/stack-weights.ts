import type { CallTree } from './call-tree.ts';
import { type FrameInfo, packFrames } from './call-tree-builder.ts';
import { StackIndex } from './stack-index.ts';

/** Stacks with several weights each, as pprof has them: looked up once, and in the end one tree for each weight. */
export class StackWeights {
  readonly stacks: StackIndex = new StackIndex();
  /** Rows by node and line. */
  readonly #lines = new StackIndex();
  readonly #self: Float64Array[];
  readonly #lineWeight: Float64Array[];

  /** `types`: how many weights a stack has. */
  constructor(types: number) {
    this.#self = Array.from({ length: types }, () => new Float64Array(64));
    this.#lineWeight = Array.from({ length: types }, () => new Float64Array(64));
  }

  /** Adds to the self weight of a node of `stacks`, and to that of a line of it (1-based, 0 unknown). */
  add(type: number, node: number, line: number, weight: number): void {
    const self = roomFor(this.#self, type, node, this.stacks.length);
    self[node]! += weight;
    if (line <= 0) return;
    // Row 0 is not handed out, and a child of node 0 has no line.
    const row = this.#lines.child(node, line);
    const lineWeight = roomFor(this.#lineWeight, type, row, this.#lines.length);
    lineWeight[row]! += weight;
  }

  /** The tree of one weight, without the nodes that have none in it or below. `infos`: by row, 0 the root's. */
  buildTree(type: number, unit: CallTree['unit'], infos: readonly FrameInfo[]): CallTree {
    const { stacks } = this;
    const weight = this.#self[type]!;
    const keep = new Uint8Array(stacks.length);
    keep[0] = 1;
    for (let node = stacks.length - 1; node > 0; node--) {
      if ((weight[node] ?? 0) > 0) keep[node] = 1;
      if (keep[node] === 1) keep[stacks.parent[node]!] = 1;
    }
    let length = 0;
    for (const kept of keep) length += kept;

    const nodeOf = new Int32Array(stacks.length);
    const rowOf = new Int32Array(infos.length).fill(-1);
    const used: FrameInfo[] = [infos[0]!];
    rowOf[0] = 0;
    const parent = new Int32Array(length).fill(-1);
    const frame = new Int32Array(length);
    const depth = new Int32Array(length);
    const self = new Float64Array(length);
    self[0] = weight[0]!;
    let made = 1;
    for (let node = 1; node < stacks.length; node++) {
      if (keep[node] === 0) continue;
      const above = nodeOf[stacks.parent[node]!]!;
      const row = stacks.frame[node]!;
      if (rowOf[row] === -1) rowOf[row] = used.push(infos[row]!) - 1;
      parent[made] = above;
      depth[made] = depth[above]! + 1;
      frame[made] = rowOf[row]!;
      self[made] = weight[node] ?? 0;
      nodeOf[node] = made++;
    }
    const total = self.slice();
    for (let node = length - 1; node > 0; node--) total[parent[node]!]! += total[node]!;
    return {
      unit,
      frames: packFrames(used),
      length,
      parent,
      frame,
      depth,
      self,
      total,
      samples: { time: new Float64Array(0), node: new Int32Array(0), weight: new Float64Array(0) },
      lines: this.#linesOf(type, nodeOf),
      from: 0,
      to: 0,
    };
  }

  #linesOf(type: number, nodeOf: Int32Array): CallTree['lines'] {
    const weights = this.#lineWeight[type]!;
    const rows: number[] = [];
    for (let row = 1; row < this.#lines.length; row++) if ((weights[row] ?? 0) > 0) rows.push(row);
    return {
      node: Int32Array.from(rows, (row) => nodeOf[this.#lines.parent[row]!]!),
      line: Int32Array.from(rows, (row) => this.#lines.frame[row]!),
      weight: Float64Array.from(rows, (row) => weights[row]!),
    };
  }
}

/** The array of a type, wide enough for `index`. */
function roomFor(arrays: Float64Array[], type: number, index: number, length: number): Float64Array {
  const array = arrays[type]!;
  if (index < array.length) return array;
  const wider = new Float64Array(Math.max(array.length * 2, length));
  wider.set(array);
  arrays[type] = wider;
  return wider;
}
