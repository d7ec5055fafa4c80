import { FloatList, IntList, packColumn } from '../base/number-list.ts';
import { PairIndex } from '../base/pair-index.ts';
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

const FRAME_LIMIT = 2 ** 26;
/** Further nodes are folded into their parents rather than thrown away: 4 GB of columns, more than any viewer draws. */
const NODE_LIMIT = 2 ** 26;

/**
 * Grows a call tree function by function. Children of one node with the same frame are one node, and a child is
 * always created after its parent, which is what gives `parent[i] < i`. Columns and indexes are typed arrays: 10^6
 * nodes take about 40 MB and a tenth of a second.
 */
export class CallTreeBuilder {
  readonly #unit: CallTree['unit'];
  readonly #frameRows = new Map<string, number>();
  readonly #frames: FrameInfo[] = [];
  /** Nodes: three columns of one length, grown together. */
  #parent = new Int32Array(64);
  #frame = new Int32Array(64);
  #self = new Float64Array(64);
  #length = 1;
  readonly #children = new PairIndex();
  #times = new FloatList();
  #nodes = new IntList();
  #weights = new FloatList();
  /** Row 0 is nobody's: PairIndex answers 0 for "not there". */
  readonly #lineNode = new IntList();
  readonly #line = new IntList();
  readonly #lineWeight = new FloatList();
  readonly #lineIndex = new PairIndex();

  constructor(unit: CallTree['unit']) {
    this.#unit = unit;
    this.#parent[0] = -1;
    this.#frame[0] = this.frameRow(ROOT_FRAME);
    this.#lineNode.push(-1);
    this.#line.push(0);
    this.#lineWeight.push(0);
  }

  /** Makes room for about so many nodes and lines, where a reader knows; before the first is made. */
  reserve(nodes: number, lines = 0): void {
    this.#widen(nodes + 1);
    this.#children.reserve(nodes + 1);
    for (const column of [this.#lineNode, this.#line, this.#lineWeight]) column.reserve(lines + 1);
    this.#lineIndex.reserve(lines + 1);
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
    const known = this.#children.find(this.#parent, this.#frame, parent, frame);
    if (known !== 0) return known;
    const node = this.#length;
    if (node === this.#parent.length) {
      if (node >= NODE_LIMIT) return parent;
      this.#widen(node * 2);
    }
    this.#parent[node] = parent;
    this.#frame[node] = frame;
    this.#length = node + 1;
    this.#children.add(this.#parent, this.#frame, node);
    return node;
  }

  #widen(capacity: number): void {
    if (capacity <= this.#parent.length) return;
    const [parent, frame, self] = [this.#parent, this.#frame, this.#self];
    this.#parent = new Int32Array(capacity);
    this.#frame = new Int32Array(capacity);
    this.#self = new Float64Array(capacity);
    this.#parent.set(parent);
    this.#frame.set(frame);
    this.#self.set(self);
  }

  /** The node of a whole stack: function rows from `rows[from]` up to `rows[to]`, outermost first, below the root. */
  node(rows: ArrayLike<number>, from = 0, to: number = rows.length): number {
    let node = 0;
    for (let i = from; i < to; i++) node = this.child(node, rows[i]!);
    return node;
  }

  /** `(program)` below the root: time of no function of the target. */
  programNode(): number {
    return this.child(0, this.frameRow(PROGRAM_FRAME));
  }

  /** Nodes so far, the root included. */
  get length(): number {
    return this.#length;
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

  /**
   * Adds many samples, as addSample does one by one. The first columns given are taken over, not copied: the caller
   * must not change them afterwards.
   */
  addSamples(times: FloatList, nodes: IntList, weights: FloatList): void {
    if (this.#times.length > 0) {
      for (let i = 0; i < times.length; i++)
        this.addSample(times.values[i]!, nodes.values[i]!, weights.values[i]!);
      return;
    }
    this.#times = times;
    this.#nodes = nodes;
    this.#weights = weights;
    const self = this.#self;
    for (let i = 0; i < times.length; i++) self[nodes.values[i]!]! += weights.values[i]!;
  }

  /** Adds self weight of one line (1-based); does not change the node's self. */
  addLine(node: number, line: number, weight: number): void {
    if (!(line > 0) || line > 0x7fffffff) return;
    const known = this.#lineIndex.find(this.#lineNode.values, this.#line.values, node, line | 0);
    if (known !== 0) {
      this.#lineWeight.values[known]! += weight;
      return;
    }
    const row = this.#line.length;
    this.#lineNode.push(node);
    this.#line.push(line);
    this.#lineWeight.push(weight);
    this.#lineIndex.add(this.#lineNode.values, this.#line.values, row);
  }

  /**
   * The finished tree: totals and depths computed, arrays packed. To be called once: the tree takes the columns over.
   */
  finish(span: { from: Milliseconds; to: Milliseconds; partial?: string | undefined }): CallTree {
    const length = this.#length;
    const parent = packColumn(this.#parent, length);
    const self = packColumn(this.#self, length);
    const depth = new Int32Array(length);
    for (let node = 1; node < length; node++) depth[node] = depth[parent[node]!]! + 1;
    const total = self.slice();
    for (let node = length - 1; node > 0; node--) total[parent[node]!]! += total[node]!;
    return {
      unit: this.#unit,
      frames: packFrames(this.#frames),
      length,
      parent,
      frame: packColumn(this.#frame, length),
      depth,
      self,
      total,
      samples: {
        time: this.#times.packed(),
        node: this.#nodes.packed(),
        weight: this.#weights.packed(),
      },
      lines: {
        node: this.#lineNode.values.slice(1, this.#lineNode.length),
        line: this.#line.values.slice(1, this.#line.length),
        weight: this.#lineWeight.values.slice(1, this.#lineWeight.length),
      },
      from: span.from,
      to: span.to,
      ...(span.partial === undefined ? {} : { partial: span.partial }),
    };
  }
}

/** The frame table of a list of functions, row by row. */
export function packFrames(frames: readonly FrameInfo[]): CallTree['frames'] {
  const { length } = frames;
  const table: CallTree['frames'] = {
    length,
    name: frames.map((frame) => frame.name),
    file: frames.map((frame) => frame.file),
    line: new Int32Array(length),
    column: new Int32Array(length),
    category: new Uint8Array(length),
    party: new Uint8Array(length),
    package: frames.map((frame) => frame.package),
  };
  for (let row = 0; row < length; row++) {
    const frame = frames[row]!;
    table.line[row] = frame.line;
    table.column[row] = frame.column;
    table.category[row] = CATEGORIES.indexOf(frame.category);
    table.party[row] = PARTIES.indexOf(frame.party);
  }
  return table;
}
