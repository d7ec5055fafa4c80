import type { ElfFile, ElfSection } from './elf.ts';

/** Entries of `.plt` and `.plt.sec` have 16 bytes, those of `.plt.got` 8 unless they begin with endbr64. */
const ENTRY = 16;
const SHORT_ENTRY = 8;
const RELOCATION = 24;
const SYMBOL = 24;
const MOST_BYTES = 16 * 2 ** 20;
const LONGEST_NAME = 4096;

/**
 * The procedure linkage table of a binary: code without symbols that jumps to functions of other files, through slots that
 * the loader fills in (System V ABI for x86-64 §5.2). A thread may stand in it, and the nearest symbol below it is another's.
 */
export class LinkageTable {
  readonly #elf: ElfFile;
  readonly #sections: readonly ElfSection[];
  /** Symbol by address of its slot. */
  readonly #slots: Map<string, ReadonlyMap<number, number>> = new Map();

  constructor(elf: ElfFile) {
    this.#elf = elf;
    this.#sections = elf.sections.filter(({ name }) => /^\.plt(\.sec|\.got)?$/.test(name));
  }

  /** Does this address of the file belong to it? No symbol of the file is the right one then. */
  holds(address: number): boolean {
    return this.#sectionAt(address) !== undefined;
  }

  /** Mangled name of the function that the entry at an address jumps to, and where the entry begins; undefined: not known. */
  entryAt(address: number): { name: string; start: number } | undefined {
    const section = this.#sectionAt(address);
    if (section === undefined) return undefined;
    const isShort = section.name === '.plt.got';
    for (const size of isShort ? [SHORT_ENTRY, ENTRY] : [ENTRY]) {
      const start = address - ((address - section.address) % size);
      const slot = this.#slotOf(section, start);
      const symbol = slot === undefined ? undefined : this.#symbolOf(slot, isShort);
      const name = symbol === undefined ? '' : this.#nameOf(symbol);
      if (name !== '') return { name, start };
    }
    return undefined;
  }

  #sectionAt(address: number): ElfSection | undefined {
    return this.#sections.find((each) => address >= each.address && address < each.address + each.size);
  }

  /** What `jmp *slot(%rip)` (FF 25) reads, alone, behind endbr64, or with a bnd prefix. */
  #slotOf(section: ElfSection, start: number): number | undefined {
    const code = this.#elf.read(start - section.address + section.offset, ENTRY);
    for (const at of [0, 1, 4, 5])
      if (code.length >= at + 6 && code[at] === 0xff && code[at + 1] === 0x25)
        return start + at + 6 + code.readInt32LE(at + 2);
    return undefined;
  }

  #symbolOf(slot: number, isShort: boolean): number | undefined {
    return this.#relocations(isShort ? '.rela.dyn' : '.rela.plt').get(slot);
  }

  #relocations(name: string): ReadonlyMap<number, number> {
    let slots = this.#slots.get(name);
    if (slots !== undefined) return slots;
    const section = this.#elf.section(name);
    const size = Math.min(section?.size ?? 0, MOST_BYTES);
    const bytes = section === undefined ? Buffer.alloc(0) : this.#elf.read(section.offset, size);
    const found = new Map<number, number>();
    for (let at = 0; at + RELOCATION <= bytes.length; at += RELOCATION) {
      const symbol = bytes.readUInt32LE(at + 12);
      // Those without a symbol (relative ones, functions chosen at start) have no name.
      if (symbol !== 0)
        found.set(bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000, symbol);
    }
    slots = found;
    this.#slots.set(name, slots);
    return slots;
  }

  #nameOf(index: number): string {
    const symbols = this.#elf.section('.dynsym');
    const strings = symbols && this.#elf.sections[symbols.link];
    if (symbols === undefined || strings === undefined) return '';
    const symbol = this.#elf.read(symbols.offset + index * SYMBOL, 4);
    if (symbol.length < 4) return '';
    const text = this.#elf.read(strings.offset + symbol.readUInt32LE(0), LONGEST_NAME);
    const end = text.indexOf(0);
    return end < 0 ? '' : text.toString('latin1', 0, end);
  }
}
