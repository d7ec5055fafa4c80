/**
 * Rows by a 32-bit key, stable, ascending: a radix sort of two passes. Lists of a heap have up to tens of millions of
 * rows, for which comparing costs twenty times as much.
 */
export function sortRows(rows: Uint32Array, keyOf: (row: number) => number): Uint32Array {
  const { length } = rows;
  if (length < SMALL) {
    const keys = Float64Array.from(rows, (row) => keyOf(row) >>> 0);
    const order = Uint32Array.from({ length }, (_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b);
    return order.map((i) => rows[i]!);
  }
  let from = rows;
  let to: Uint32Array<ArrayBufferLike> = new Uint32Array(length);
  const begin = new Uint32Array(RADIX + 1);
  for (const shift of [0, 16]) {
    begin.fill(0);
    for (let i = 0; i < length; i++) begin[((keyOf(from[i]!) >>> shift) & 0xffff) + 1]!++;
    for (let digit = 0; digit < RADIX; digit++) begin[digit + 1]! += begin[digit]!;
    for (let i = 0; i < length; i++) to[begin[(keyOf(from[i]!) >>> shift) & 0xffff]!++] = from[i]!;
    // The rows that were given stay as they are.
    [from, to] = [to, from === rows ? new Uint32Array(length) : from];
  }
  return from;
}

const RADIX = 65_536;
/** Below this the tables of the radix sort cost more than comparing. */
const SMALL = 20_000;

/** The lists asked for last, so that turning pages costs nothing. */
export class RecentLists {
  private readonly lists = new Map<string, Uint32Array>();
  private readonly kept: number;

  constructor(kept = 6) {
    this.kept = kept;
  }

  get(key: string, make: () => Uint32Array): Uint32Array {
    const known = this.lists.get(key) ?? make();
    // The last one used goes to the end.
    this.lists.delete(key);
    this.lists.set(key, known);
    if (this.lists.size > this.kept) this.lists.delete(this.lists.keys().next().value as string);
    return known;
  }
}
