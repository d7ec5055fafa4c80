import type { ElfFile, ElfSection } from './elf.ts';

/** Words of a symbol of 24 bytes (Elf64_Sym): name, info and section, value, size. */
const WORDS = 6;
const HIGH = 2 ** 32;
const MAX_BYTES = 512 * 2 ** 20;
/** Nearly all names are shorter. */
const NAME_BYTES = 256;
/** Rows of the second table begin here. */
const TABLE = 2 ** 31;
/** So many are looked for in one pass over the symbols, rather than in an index of all of them. */
const MANY = 300;
const FUNCTION = 2;
const UNIQUE_FUNCTION = 10;

export interface ElfSymbol {
  name: string;
  /** st_value: an address of the file. */
  value: number;
  size: number;
  /** STT_FUNC or an indirect function. */
  isFunction: boolean;
}

/** Bytes of code whose symbols stand together: of 64 KiB of Node, some hundred. */
const BUCKET = 65_536;
const MAX_BUCKETS = 1 << 20;

interface SymbolRows {
  words: Uint32Array;
  strings: ElfSection;
  /** All names, once somebody looks for one. */
  names: Buffer | undefined;
}

/** Symbols with code or without type, by where they begin: rows of the bucket `b` are `order[starts[b]..starts[b + 1]]`. */
interface AddressIndex {
  first: number;
  /** Bytes. */
  bucket: number;
  starts: Int32Array;
  /** Value of each, as `order` has them. */
  values: Float64Array;
  /** Table in the top bit, row below. */
  rows: Uint32Array;
}

/**
 * The symbols of `.symtab` and `.dynsym` as they lie in the file. A Node binary has 160 000: nothing is sorted. For
 * addresses they are put into buckets, two passes once (some milliseconds): questions come while a process stands still.
 */
export class ElfSymbolTable {
  readonly #elf: ElfFile;
  readonly #tables: SymbolRows[] = [];
  #byAddress: AddressIndex | undefined;

  /** @param elf stays open as long as the table is asked: names are read when they are wanted */
  constructor(elf: ElfFile) {
    this.#elf = elf;
    for (const type of [2, 11]) {
      const section = elf.sections.find((each) => each.type === type);
      const strings = section && elf.sections[section.link];
      if (section !== undefined && strings !== undefined) this.#add(elf, section, strings);
    }
  }

  #add(elf: ElfFile, section: ElfSection, strings: ElfSection): void {
    if (section.size > MAX_BYTES || strings.size > MAX_BYTES) return;
    const bytes = elf.read(section.offset, section.size);
    const count = Math.floor(bytes.length / 24) * WORDS;
    // Large buffers have a memory of their own, which is aligned.
    const words =
      bytes.byteOffset % 4 === 0
        ? new Uint32Array(bytes.buffer, bytes.byteOffset, count)
        : new Uint32Array(Uint8Array.prototype.slice.call(bytes, 0, count * 4).buffer);
    this.#tables.push({ words, strings, names: undefined });
  }

  get isEmpty(): boolean {
    return this.#tables.every(({ words }) => words.length === 0);
  }

  /** The function that begins at or nearest below each address; addresses as in the file. `plainest`: of several names of one place the plainest. */
  nearest(addresses: readonly number[], options: { plainest?: boolean } = {}): (ElfSymbol | undefined)[] {
    if (addresses.length >= MANY) return this.#nearestOfMany(addresses, options.plainest === true);
    this.#byAddress ??= this.#indexAddresses();
    const { first, bucket, starts, values, rows } = this.#byAddress;
    return addresses.map((address) => {
      let which = Math.min(starts.length - 2, Math.floor((address - first) / bucket));
      let best = -1;
      for (; which >= 0 && best < 0; which--) {
        for (let at = starts[which]!; at < starts[which + 1]!; at++) {
          const value = values[at]!;
          if (value > address || (best >= 0 && value < values[best]!)) continue;
          // Of those at the same place the first with a type counts.
          if (best >= 0 && value === values[best]! && !this.#isTypedOver(rows[at]!, rows[best]!)) continue;
          best = at;
        }
      }
      if (best < 0) return undefined;
      const symbol = this.#symbol(tableOf(rows[best]!), rowOf(rows[best]!));
      if (options.plainest !== true || !symbol.name.startsWith('__')) return symbol;
      return this.#plainest(symbol, starts[which + 1]!, starts[which + 2]!);
    });
  }

  /** Every symbol is a candidate for the first address at or behind it; then the best so far is carried on. */
  #nearestOfMany(addresses: readonly number[], plainest: boolean): (ElfSymbol | undefined)[] {
    const sorted = Float64Array.from(new Set(addresses)).sort();
    const values = new Float64Array(sorted.length).fill(-1);
    const rows = new Uint32Array(sorted.length);
    for (const table of this.#tables)
      table.names ??= this.#elf.read(table.strings.offset, table.strings.size);
    this.#eachCode((value, row) => {
      const at = firstNotBelow(sorted, value);
      if (at === sorted.length || value < values[at]!) return;
      if (value === values[at] && !this.#isTypedOver(row, rows[at]!)) return;
      values[at] = value;
      rows[at] = row;
    });
    for (let at = 1; at < sorted.length; at++) {
      if (values[at]! >= values[at - 1]!) continue;
      values[at] = values[at - 1]!;
      rows[at] = rows[at - 1]!;
    }
    const found = new Map<number, ElfSymbol>();
    const ugly = new Set<number>();
    for (let at = 0; at < sorted.length; at++) {
      if (values[at]! < 0 || found.has(values[at]!)) continue;
      const symbol = this.#symbol(tableOf(rows[at]!), rowOf(rows[at]!));
      found.set(symbol.value, symbol);
      if (plainest && symbol.name.startsWith('__')) ugly.add(symbol.value);
    }
    if (ugly.size > 0)
      this.#eachCode((value, row) => {
        if (!ugly.has(value) || this.#typeOf(row) === 0) return;
        const other = this.#symbol(tableOf(row), rowOf(row));
        if (underscores(other.name) < underscores(found.get(value)!.name)) found.set(value, other);
      });
    return addresses.map((address) => found.get(values[firstNotBelow(sorted, address)]!));
  }

  /** Symbols with code or without type, in the order of the file. */
  #eachCode(visit: (value: number, row: number) => void): void {
    for (const [which, { words }] of this.#tables.entries()) {
      for (let at = 0; at < words.length; at += WORDS) {
        const info = words[at + 1]!;
        const type = info & 15;
        // Undefined symbols (section 0) stand for other files; types beyond functions are data, sections, files.
        if ((type !== FUNCTION && type !== UNIQUE_FUNCTION && type !== 0) || info >>> 16 === 0) continue;
        visit(words[at + 3]! * HIGH + words[at + 2]!, (which * TABLE + at / WORDS) >>> 0);
      }
    }
  }

  /** Of all names of one place that without underscores: `write`, not `__GI___libc_write`. */
  #plainest(symbol: ElfSymbol, from: number, to: number): ElfSymbol {
    const { values, rows } = this.#byAddress!;
    let best = symbol;
    for (let at = from; at < to; at++) {
      if (values[at] !== symbol.value || this.#typeOf(rows[at]!) === 0) continue;
      const other = this.#symbol(tableOf(rows[at]!), rowOf(rows[at]!));
      if (underscores(other.name) < underscores(best.name)) best = other;
    }
    return best;
  }

  #isTypedOver(row: number, other: number): boolean {
    return this.#typeOf(row) !== 0 && this.#typeOf(other) === 0;
  }

  #indexAddresses(): AddressIndex {
    let most = 0;
    for (const { words } of this.#tables) most += words.length / WORDS;
    const found = new Float64Array(most);
    const foundRows = new Uint32Array(most);
    let count = 0;
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    this.#eachCode((value, row) => {
      if (value < first) first = value;
      if (value > last) last = value;
      found[count] = value;
      foundRows[count++] = row;
    });
    if (count === 0) first = 0;
    // A hostile file may spread its symbols over the whole address space.
    const bucket = Math.max(BUCKET, Math.ceil((last - first + 1) / MAX_BUCKETS));
    const starts = new Int32Array(Math.floor((last - first) / bucket) + 2);
    for (let at = 0; at < count; at++) starts[Math.floor((found[at]! - first) / bucket) + 1]!++;
    for (let which = 1; which < starts.length; which++) starts[which]! += starts[which - 1]!;
    const next = starts.slice();
    const values = new Float64Array(count);
    const rows = new Uint32Array(count);
    for (let at = 0; at < count; at++) {
      const place = next[Math.floor((found[at]! - first) / bucket)]!++;
      values[place] = found[at]!;
      rows[place] = foundRows[at]!;
    }
    return { first, bucket, starts, values, rows };
  }

  /** Symbols whose names begin so, by name; data included. */
  withPrefix(prefix: string): Map<string, ElfSymbol> {
    const found = new Map<string, ElfSymbol>();
    for (const [which, table] of this.#tables.entries()) {
      const { words, strings } = table;
      table.names ??= this.#elf.read(strings.offset, strings.size);
      const { names } = table;
      const wanted = new Set<number>();
      // Linkers share tails: `wq` may lie within `slow_io_pending_wq`.
      const text = Buffer.from(prefix, 'latin1');
      for (let at = names.indexOf(text); at >= 0; at = names.indexOf(text, at + 1)) wanted.add(at);
      if (wanted.size === 0) continue;
      for (let at = 0; at < words.length; at += WORDS) {
        if (!wanted.has(words[at]!) || words[at + 1]! >>> 16 === 0) continue;
        const symbol = this.#symbol(which, at);
        if (!found.has(symbol.name)) found.set(symbol.name, symbol);
      }
    }
    return found;
  }

  find(name: string): ElfSymbol | undefined {
    return this.withPrefix(`${name}\0`).get(name);
  }

  #typeOf(row: number): number {
    return this.#tables[tableOf(row)]!.words[rowOf(row) + 1]! & 15;
  }

  #symbol(which: number, at: number): ElfSymbol {
    const { words } = this.#tables[which]!;
    const type = words[at + 1]! & 15;
    return {
      name: this.#nameAt(which, words[at]!),
      value: words[at + 3]! * HIGH + words[at + 2]!,
      size: words[at + 5]! * HIGH + words[at + 4]!,
      isFunction: type === FUNCTION || type === UNIQUE_FUNCTION,
    };
  }

  #nameAt(which: number, begin: number): string {
    const { strings, names } = this.#tables[which]!;
    const from = names === undefined ? 0 : begin;
    for (let length = NAME_BYTES; ; length *= 4) {
      const most = Math.max(0, Math.min(length, strings.size - begin));
      const bytes = names ?? this.#elf.read(strings.offset + begin, most);
      const end = bytes.indexOf(0, from);
      if (end >= 0) return bytes.toString('latin1', from, end);
      if (names !== undefined || length >= strings.size || bytes.length < most)
        return bytes.toString('latin1', from);
    }
  }
}

/** Index of the first value that is not below; the length when all are. */
function firstNotBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function underscores(name: string): number {
  return /^_*/.exec(name)![0].length;
}

function tableOf(row: number): number {
  return row >= TABLE ? 1 : 0;
}

/** In words. */
function rowOf(row: number): number {
  return (row % TABLE) * WORDS;
}
