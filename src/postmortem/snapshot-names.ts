/** Names of a snapshot, each once. */
const MOST_NAMES = 12_000_000;

/** Gives names numbers. */
export class SnapshotNames {
  readonly #numbers: Map<string, number> = new Map();
  /** By number. */
  readonly list: string[] = [];

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.list.length;
    this.list.push(name);
    // A Map holds 16 million; further ones are written as often as they come.
    if (number < MOST_NAMES) this.#numbers.set(name, number);
    return number;
  }
}

/** A column of numbers of 32 bits that grows without being copied. */
export class GrowingColumn {
  static readonly #PART: number = 1 << 20;
  readonly #parts: Uint32Array[] = [];
  length = 0;

  push(value: number): void {
    const at = this.length++ & (GrowingColumn.#PART - 1);
    if (at === 0) this.#parts.push(new Uint32Array(GrowingColumn.#PART));
    this.#parts[this.#parts.length - 1]![at] = value;
  }

  get(index: number): number {
    return this.#parts[index >>> 20]![index & (GrowingColumn.#PART - 1)]!;
  }
}
