/**
 * Memory that the stages of an analysis hand on to each other: a heap has tens of millions of nodes, and what each stage
 * would take for itself is what makes others need three times as much. Each column has its own buffer, so that what is
 * not kept in the end can go; shared, because some are kept as columns of the result.
 */
export class GraphScratch {
  /** `nodeCount + 1` values each; the stages say what they use. */
  readonly columns: readonly [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];
  /** Two values for each of `nodeCount + 1`. */
  readonly pairs: Int32Array;
  /** Two values for each of `edgeCount + 1`; memory is taken only as far as it is used. */
  readonly lists: Int32Array;

  constructor(nodeCount: number, edgeCount: number) {
    const column = (): Int32Array => new Int32Array(new SharedArrayBuffer(4 * (nodeCount + 1)));
    this.columns = [column(), column(), column(), column(), column()];
    this.pairs = new Int32Array(new SharedArrayBuffer(8 * (nodeCount + 1)));
    this.lists = new Int32Array(new SharedArrayBuffer(8 * (edgeCount + 1)));
  }
}

/** The same memory as a column of a result. */
export function asResult(column: Int32Array, length: number): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, length);
}
