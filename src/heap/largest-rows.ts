/** Keeps the rows of the largest values among any number that are offered; of equal ones the first. */
export class LargestRows {
  readonly #limit: number;
  #rows: number[] = [];
  #values: number[] = [];
  /** How many were offered. */
  offered = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What a value must exceed to be kept. */
  get least(): number {
    return this.#rows.length < this.#limit ? -Infinity : (this.#values.at(-1) ?? Infinity);
  }

  offer(row: number, value: number): void {
    this.offered++;
    const values = this.#values;
    if (values.length === this.#limit && value <= (values.at(-1) ?? Infinity)) return;
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (values[middle]! >= value) low = middle + 1;
      else high = middle;
    }
    values.splice(low, 0, value);
    this.#rows.splice(low, 0, row);
    if (values.length <= this.#limit) return;
    values.pop();
    this.#rows.pop();
  }

  /** Largest first. */
  rows(): readonly number[] {
    return this.#rows;
  }
}
