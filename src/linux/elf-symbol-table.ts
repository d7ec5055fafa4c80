import type { ElfFile, ElfSection } from './elf.ts';

/** Words of a symbol of 24 bytes (Elf64_Sym): name, info and section, value, size. */
const WORDS = 6;
const HIGH = 2 ** 32;
const MAX_BYTES = 512 * 2 ** 20;
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

/**
 * The symbols of `.symtab` and `.dynsym` as they lie in the file. A Node binary has 160 000: nothing is sorted, each
 * question is one pass over the raw words (a third of a millisecond).
 */
export class ElfSymbolTable {
  readonly #tables: { words: Uint32Array; names: Buffer }[] = [];

  constructor(elf: ElfFile) {
    for (const type of [2, 11]) {
      const section = elf.sections.find((each) => each.type === type);
      const strings = section && elf.sections[section.link];
      if (section !== undefined && strings !== undefined) this.#add(elf, section, strings);
    }
  }

  #add(elf: ElfFile, section: ElfSection, strings: ElfSection): void {
    if (section.size > MAX_BYTES || strings.size > MAX_BYTES) return;
    const bytes = elf.read(section.offset, section.size);
    const words = new Uint32Array(Math.floor(bytes.length / 24) * WORDS);
    Buffer.from(words.buffer).set(bytes.subarray(0, words.byteLength));
    this.#tables.push({ words, names: elf.read(strings.offset, strings.size) });
  }

  get isEmpty(): boolean {
    return this.#tables.every(({ words }) => words.length === 0);
  }

  /** The function that begins at or nearest below each address; addresses as in the file. One pass for all. */
  nearest(addresses: readonly number[]): (ElfSymbol | undefined)[] {
    const order = addresses.map((_, index) => index).sort((a, b) => addresses[a]! - addresses[b]!);
    const sorted = Float64Array.from(order, (index) => addresses[index]!);
    const best = new Float64Array(sorted.length).fill(-1);
    const row = new Int32Array(sorted.length).fill(-1);
    const table = new Int32Array(sorted.length);
    for (const [which, { words }] of this.#tables.entries()) {
      for (let at = 0; at < words.length; at += WORDS) {
        const info = words[at + 1]!;
        const type = info & 15;
        // Undefined symbols (section 0) stand for other files; types beyond functions are data, sections, files.
        if ((type !== FUNCTION && type !== UNIQUE_FUNCTION && type !== 0) || info >>> 16 === 0) continue;
        const value = words[at + 3]! * HIGH + words[at + 2]!;
        let low = 0;
        let high = sorted.length;
        while (low < high) {
          const middle = (low + high) >>> 1;
          if (sorted[middle]! < value) low = middle + 1;
          else high = middle;
        }
        // Whoever lies above it and had nothing nearer.
        for (let i = low; i < sorted.length && best[i]! <= value; i++) {
          if (best[i] === value && (type === 0 || table[i] !== which || row[i]! >= 0)) {
            if (!(type !== 0 && this.#typeOf(table[i]!, row[i]!) === 0)) continue;
          }
          best[i] = value;
          row[i] = at;
          table[i] = which;
        }
      }
    }
    const found: (ElfSymbol | undefined)[] = new Array(addresses.length).fill(undefined);
    for (let i = 0; i < sorted.length; i++)
      if (row[i]! >= 0) found[order[i]!] = this.#symbol(table[i]!, row[i]!);
    return found;
  }

  /** Symbols whose names begin so, by name; data included. */
  withPrefix(prefix: string): Map<string, ElfSymbol> {
    const found = new Map<string, ElfSymbol>();
    for (const [which, { words, names }] of this.#tables.entries()) {
      const wanted = new Set<number>();
      const text = Buffer.from(`\0${prefix}`, 'latin1');
      for (let at = names.indexOf(text); at >= 0; at = names.indexOf(text, at + 1)) wanted.add(at + 1);
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

  #typeOf(which: number, at: number): number {
    return at < 0 ? 0 : this.#tables[which]!.words[at + 1]! & 15;
  }

  #symbol(which: number, at: number): ElfSymbol {
    const { words, names } = this.#tables[which]!;
    const begin = words[at]!;
    const end = names.indexOf(0, begin);
    const type = words[at + 1]! & 15;
    return {
      name: names.toString('latin1', begin, end < 0 ? names.length : end),
      value: words[at + 3]! * HIGH + words[at + 2]!,
      size: words[at + 5]! * HIGH + words[at + 4]!,
      isFunction: type === FUNCTION || type === UNIQUE_FUNCTION,
    };
  }
}
