import type { Bytes } from '../base/units.ts';

/** Stands in `low` for a size that does not fit; the size is then in `high`. */
export const OVERFLOWS = 0xffff_ffff;

/**
 * Sizes by node, most of them small: four bytes each, the few from 2³² − 1 upwards in a map beside. A snapshot has tens
 * of millions of nodes, and eight bytes for each would be a tenth of all memory.
 */
export class SizeColumn {
  /** Shared between workers when made over a SharedArrayBuffer. */
  readonly low: Uint32Array;
  /** Row → size, for rows whose `low` is OVERFLOWS. */
  readonly high: Map<number, Bytes>;

  constructor(low: Uint32Array, high: Map<number, Bytes> = new Map()) {
    this.low = low;
    this.high = high;
  }

  get(row: number): Bytes {
    const low = this.low[row] as number;
    return low === OVERFLOWS ? (this.high.get(row) ?? OVERFLOWS) : low;
  }

  set(row: number, size: Bytes): void {
    if (size < OVERFLOWS) this.low[row] = size;
    else {
      this.low[row] = OVERFLOWS;
      this.high.set(row, size);
    }
  }
}
