import type { Milliseconds } from '../base/units.ts';
import { CATEGORIES, type CallTree, type Category, PARTIES, type Party } from './call-tree.ts';

/** One function as the readers know it; line and column 1-based, 0 unknown. */
export interface FrameInfo {
  name: string;
  file: string;
  line: number;
  column: number;
  category: Category;
  party: Party;
  package: string;
}

/** Frame of node 0 in every tree. */
export const ROOT_FRAME: FrameInfo = {
  name: '(root)',
  file: '',
  line: 0,
  column: 0,
  category: 'program',
  party: 'none',
  package: '',
};

const PROGRAM_FRAME: FrameInfo = { ...ROOT_FRAME, name: '(program)' };

/** 2^26 functions and 2^27 nodes fit one exact number as key of the child index. */
const FRAME_LIMIT = 2 ** 26;
/** A Map holds at most 2^24 entries; further nodes are folded into their parents rather than thrown away. */
const NODE_LIMIT = 2 ** 24 - 1;

/**
 * Grows a call tree function by function. Children of one node with the same frame are one node, and a child is
 * always created after its parent, which is what gives `parent[i] < i`.
 */
export class CallTreeBuilder {
  readonly #unit: CallTree['unit'];
  readonly #frameRows = new Map<string, number>();
  readonly #frames: FrameInfo[] = [];
  readonly #children = new Map<number, number>();
  readonly #parent: number[] = [];
  readonly #frame: number[] = [];
  readonly #self: number[] = [];
  readonly #times: number[] = [];
  readonly #nodes: number[] = [];
  readonly #weights: number[] = [];
  readonly #lines = new Map<number, { node: number; line: number; weight: number }>();

  constructor(unit: CallTree['unit']) {
    this.#unit = unit;
    this.#parent.push(-1);
    this.#frame.push(this.frameRow(ROOT_FRAME));
    this.#self.push(0);
  }

  /** Row of a function in the frame table, made when new. */
  frameRow(info: FrameInfo): number {
    const key = `${info.name}\n${info.line}:${info.column}:${info.category}\n${info.file}`;
    const known = this.#frameRows.get(key);
    if (known !== undefined) return known;
    const row = this.#frames.length;
    if (row >= FRAME_LIMIT) return 0;
    this.#frames.push(info);
    this.#frameRows.set(key, row);
    return row;
  }

  /** The child of `parent` that runs function row `frame`, made when new. */
  child(parent: number, frame: number): number {
    const key = parent * FRAME_LIMIT + frame;
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    const node = this.#parent.length;
    if (node >= NODE_LIMIT) return parent;
    this.#parent.push(parent);
    this.#frame.push(frame);
    this.#self.push(0);
    this.#children.set(key, node);
    return node;
  }

  /** `(program)` below the root: time of no function of the target. */
  programNode(): number {
    return this.child(0, this.frameRow(PROGRAM_FRAME));
  }

  /** Nodes so far, the root included. */
  get length(): number {
    return this.#parent.length;
  }

  selfOf(node: number): number {
    return this.#self[node]!;
  }

  addSelf(node: number, weight: number): void {
    this.#self[node]! += weight;
  }

  /** Adds a sample and its weight to the node's self. Samples must come in time order. */
  addSample(time: Milliseconds, node: number, weight: number): void {
    this.#times.push(time);
    this.#nodes.push(node);
    this.#weights.push(weight);
    this.#self[node]! += weight;
  }

  /** Adds self weight of one line (1-based); does not change the node's self. */
  addLine(node: number, line: number, weight: number): void {
    if (!(line > 0) || line > 0x7fffffff) return;
    const key = node * 2 ** 26 + (line % 2 ** 26);
    const known = this.#lines.get(key);
    if (known === undefined) this.#lines.set(key, { node, line, weight });
    else known.weight += weight;
  }

  /** The finished tree: totals and depths computed, arrays packed. */
  finish(span: { from: Milliseconds; to: Milliseconds; partial?: string | undefined }): CallTree {
    const length = this.#parent.length;
    const parent = Int32Array.from(this.#parent);
    const self = Float64Array.from(this.#self);
    const depth = new Int32Array(length);
    for (let node = 1; node < length; node++) depth[node] = depth[parent[node]!]! + 1;
    const total = self.slice();
    for (let node = length - 1; node > 0; node--) total[parent[node]!]! += total[node]!;
    const lines = [...this.#lines.values()];
    return {
      unit: this.#unit,
      frames: packFrames(this.#frames),
      length,
      parent,
      frame: Int32Array.from(this.#frame),
      depth,
      self,
      total,
      samples: {
        time: Float64Array.from(this.#times),
        node: Int32Array.from(this.#nodes),
        weight: Float64Array.from(this.#weights),
      },
      lines: {
        node: Int32Array.from(lines, (entry) => entry.node),
        line: Int32Array.from(lines, (entry) => entry.line),
        weight: Float64Array.from(lines, (entry) => entry.weight),
      },
      from: span.from,
      to: span.to,
      ...(span.partial === undefined ? {} : { partial: span.partial }),
    };
  }
}

function packFrames(frames: readonly FrameInfo[]): CallTree['frames'] {
  return {
    length: frames.length,
    name: frames.map((frame) => frame.name),
    file: frames.map((frame) => frame.file),
    line: Int32Array.from(frames, (frame) => frame.line),
    column: Int32Array.from(frames, (frame) => frame.column),
    category: Uint8Array.from(frames, (frame) => CATEGORIES.indexOf(frame.category)),
    party: Uint8Array.from(frames, (frame) => PARTIES.indexOf(frame.party)),
    package: frames.map((frame) => frame.package),
  };
}
