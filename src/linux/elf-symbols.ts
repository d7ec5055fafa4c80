import type { ElfFile, ElfSection } from './elf.ts';

const SYMBOL_SIZE = 24;
const MAX_STRINGS = 256 * 1024 * 1024;

/** Address (st_value) of the first defined symbol of `.symtab` whose mangled name contains `part`; undefined when stripped. */
export function findSymbolAddress(elf: ElfFile, part: string): number | undefined {
  const table = elf.section('.symtab');
  const strings = table && elf.sections[table.link];
  if (table === undefined || strings === undefined || strings.size > MAX_STRINGS) return undefined;
  const names = elf.read(strings.offset, strings.size);
  const wanted = new Set<number>();
  for (let at = names.indexOf(part); at >= 0; at = names.indexOf(part, at + 1)) {
    wanted.add(names.lastIndexOf(0, at) + 1);
  }
  if (wanted.size === 0) return undefined;
  // 16 k symbols a piece: the table of Node 26 has 167 000.
  const pieceSize = SYMBOL_SIZE * 16_384;
  for (let done = 0; done < table.size; done += pieceSize) {
    const piece = elf.read(table.offset + done, Math.min(pieceSize, table.size - done));
    // A size beyond the end of the file must not make us read on for ever.
    if (piece.length === 0) break;
    for (let at = 0; at + SYMBOL_SIZE <= piece.length; at += SYMBOL_SIZE) {
      const isDefined = piece.readUInt16LE(at + 6) !== 0;
      if (isDefined && wanted.has(piece.readUInt32LE(at))) return Number(piece.readBigUInt64LE(at + 8));
    }
  }
  return undefined;
}

/**
 * Does the file export a dynamic symbol of this name? Looked up in `.gnu.hash` like the dynamic loader does: five reads
 * of a few bytes, whatever the size of the file. undefined when there is no such table (static or old binaries).
 * Layout: the GNU hash section as in glibc's elf/dl-lookup.c.
 */
export function exportsSymbol(elf: ElfFile, name: string): boolean | undefined {
  const hashTable = elf.section('.gnu.hash');
  const symbols = elf.section('.dynsym');
  const strings = symbols && elf.sections[symbols.link];
  if (hashTable === undefined || symbols === undefined || strings === undefined) return undefined;
  const header = elf.read(hashTable.offset, 16);
  if (header.length < 16) return undefined;
  const buckets = header.readUInt32LE(0);
  const firstSymbol = header.readUInt32LE(4);
  const bloomWords = header.readUInt32LE(8);
  if (buckets === 0) return false;
  const hash = gnuHash(name);
  const bucketsAt = hashTable.offset + 16 + bloomWords * 8;
  const word = elf.read(bucketsAt + (hash % buckets) * 4, 4);
  let index = word.length === 4 ? word.readUInt32LE(0) : 0;
  if (index < firstSymbol) return false;
  const chainAt = bucketsAt + buckets * 4;
  // Chains hold a handful of entries; a broken file must not make us walk for ever.
  for (let step = 0; step < 10_000; step++, index++) {
    const entry = elf.read(chainAt + (index - firstSymbol) * 4, 4);
    if (entry.length < 4) return false;
    const value = entry.readUInt32LE(0);
    if ((value | 1) >>> 0 === (hash | 1) >>> 0 && isNamed(elf, symbols, strings, index, name)) return true;
    if ((value & 1) === 1) return false;
  }
  return false;
}

/** Libraries the dynamic loader must find (DT_NEEDED), e.g. `libnode.so.108`. */
export function neededLibraries(elf: ElfFile): string[] {
  const dynamic = elf.section('.dynamic');
  const strings = dynamic && elf.sections[dynamic.link];
  if (dynamic === undefined || strings === undefined) return [];
  const table = elf.read(dynamic.offset, Math.min(dynamic.size, 65_536));
  const libraries: string[] = [];
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = Number(table.readBigUInt64LE(at));
    if (tag === 0) break;
    if (tag !== 1) continue;
    const text = elf.read(strings.offset + Number(table.readBigUInt64LE(at + 8)), 256).toString('latin1');
    libraries.push(text.slice(0, text.indexOf('\0') >>> 0));
  }
  return libraries;
}

function isNamed(
  elf: ElfFile,
  symbols: ElfSection,
  strings: ElfSection,
  index: number,
  name: string,
): boolean {
  const symbol = elf.read(symbols.offset + index * SYMBOL_SIZE, SYMBOL_SIZE);
  if (symbol.length < SYMBOL_SIZE) return false;
  return (
    elf.read(strings.offset + symbol.readUInt32LE(0), name.length + 1).toString('latin1') === `${name}\0`
  );
}

function gnuHash(name: string): number {
  let hash = 5381;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 33) + name.charCodeAt(at)) >>> 0;
  return hash;
}
