import { IntList } from '../base/number-list.ts';
import { PairIndex } from '../base/pair-index.ts';

/** Nodes beyond this fold into their parents: a hostile file must not cost gigabytes. */
const NODE_LIMIT = 2 ** 24;

/**
 * The shape of a call tree without names and weights: nodes by parent and frame, parents before children, node 0 the
 * root.
 */
export class StackIndex {
  readonly #parent = new IntList();
  readonly #frame = new IntList();
  readonly #index = new PairIndex();

  constructor() {
    this.#parent.push(-1);
    this.#frame.push(0);
  }

  /** Nodes so far, the root included. */
  get length(): number {
    return this.#parent.length;
  }

  /** Parent by node; replaced when it grows. */
  get parent(): Int32Array {
    return this.#parent.values;
  }

  /** Frame by node; replaced when it grows. */
  get frame(): Int32Array {
    return this.#frame.values;
  }

  /** The child of `parent` with the frame, made when new. */
  child(parent: number, frame: number): number {
    const known = this.#index.find(this.#parent.values, this.#frame.values, parent, frame);
    if (known !== 0) return known;
    const node = this.#parent.length;
    if (node >= NODE_LIMIT) return parent;
    this.#parent.push(parent);
    this.#frame.push(frame);
    this.#index.add(this.#parent.values, this.#frame.values, node);
    return node;
  }
}
