import { FloatList, IntList } from '../base/number-list.ts';

/** One name that an address had, from a moment on. */
export interface NamedSince {
  /** Ns of the recording's clock. */
  time: number;
  name: string;
}

/** How far back code that overlaps is looked for. Code objects seldom overlap; in a damaged file all may. */
const MOST_STEPS = 20_000;

/**
 * Code that was made while the program ran: (start, size, name, since when). Addresses are used again after a collection,
 * so one address may have had several names: the one that counts is the latest before the sample.
 */
export class JitCodeBook {
  readonly #start = new FloatList(4096);
  readonly #size = new FloatList(4096);
  readonly #time = new FloatList(4096);
  /** What the source of names needs to make the name. */
  readonly #name = new IntList(4096);
  #order: Int32Array | undefined;
  #reach: Float64Array | undefined;
  readonly #nameOf: (name: number) => string;

  /** @param nameOf text of a name; asked for those that are found only */
  constructor(nameOf: (name: number) => string) {
    this.#nameOf = nameOf;
  }

  get length(): number {
    return this.#start.length;
  }

  /** To be called in the order in which the code was made. */
  add(start: number, size: number, time: number, name: number): void {
    this.#start.push(start);
    this.#size.push(size);
    this.#time.push(time);
    this.#name.push(name);
    this.#order = undefined;
  }

  /** All that an address was, oldest first; the same name twice in a row is one. */
  at(address: number): NamedSince[] {
    const order = this.#sorted();
    const reach = this.#reach!;
    const starts = this.#start.values;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[order[middle]!]! <= address) low = middle + 1;
      else high = middle;
    }
    const rows: number[] = [];
    for (let index = low - 1, steps = 0; index >= 0 && steps < MOST_STEPS; index--, steps++) {
      if (reach[index]! <= address) break;
      const row = order[index]!;
      if (starts[row]! + this.#size.values[row]! > address) rows.push(row);
    }
    // Code is written down in the order it is made: that decides between two of one moment.
    rows.sort((a, b) => this.#time.values[a]! - this.#time.values[b]! || a - b);
    const found: NamedSince[] = [];
    for (const row of rows) {
      const name = this.#nameOf(this.#name.values[row]!);
      const time = this.#time.values[row]!;
      const last = found.at(-1);
      if (last !== undefined && last.time === time) last.name = name;
      else if (last?.name !== name) found.push({ time, name });
    }
    return found;
  }

  #sorted(): Int32Array {
    if (this.#order !== undefined) return this.#order;
    const starts = this.#start.values;
    const order = Int32Array.from({ length: this.length }, (_, row) => row);
    order.sort((a, b) => starts[a]! - starts[b]! || a - b);
    const reach = new Float64Array(order.length);
    let furthest = 0;
    for (let index = 0; index < order.length; index++) {
      const row = order[index]!;
      furthest = Math.max(furthest, starts[row]! + this.#size.values[row]!);
      reach[index] = furthest;
    }
    this.#order = order;
    this.#reach = reach;
    return order;
  }
}

/** The name an address had at a moment: the latest before it, or the first one when the sample is older than all. */
export function nameAt(names: readonly NamedSince[], time: number): string | undefined {
  let found = names[0]?.name;
  for (const { time: since, name } of names) {
    if (since > time) break;
    found = name;
  }
  return found;
}
