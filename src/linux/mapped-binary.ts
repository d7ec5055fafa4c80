import { CallFrameInfo } from './call-frame-info.ts';
import { demangle } from './demangle.ts';
import { ElfFile } from './elf.ts';
import { buildIdOf } from './elf-build-id.ts';
import { LinkageTable } from './elf-plt.ts';
import { ElfSymbolTable } from './elf-symbol-table.ts';
import type { NativeSymbol } from './native-symbol.ts';

const LOAD = 1;

/** A binary that is mapped in a process: its symbols, jump tables and unwind rules, read when first asked for. */
export class MappedBinary {
  readonly path: string;
  readonly elf: ElfFile;
  readonly linkage: LinkageTable;
  #table: ElfSymbolTable | undefined;
  #frames: CallFrameInfo | null | undefined;

  constructor(path: string, elf: ElfFile) {
    this.path = path;
    this.elf = elf;
    this.linkage = new LinkageTable(elf);
  }

  /** Of the file itself, or of its debug file where that is installed and the file is stripped. */
  get table(): ElfSymbolTable {
    if (this.#table === undefined) {
      const debug = this.elf.section('.symtab') === undefined ? openDebugFile(this.elf) : undefined;
      this.#table = new ElfSymbolTable(debug ?? this.elf);
    }
    return this.#table;
  }

  get frames(): CallFrameInfo | undefined {
    if (this.#frames === undefined) this.#frames = CallFrameInfo.open(this.elf) ?? null;
    return this.#frames ?? undefined;
  }

  /** Address of the file for an offset in it; undefined: not in a segment. */
  addressOfOffset(offset: number): number | undefined {
    const segment = this.elf.segments.find(
      (each) => each.type === LOAD && offset >= each.offset && offset < each.offset + each.fileSize,
    );
    return segment === undefined ? undefined : offset - segment.offset + segment.address;
  }

  offsetOfAddress(address: number): number | undefined {
    const segment = this.elf.segments.find(
      (each) => each.type === LOAD && address >= each.address && address < each.address + each.fileSize,
    );
    return segment === undefined ? undefined : address - segment.address + segment.offset;
  }
}

/** Where distributions install the symbols they strip off, by build-id (gdb manual, "Separate Debug Files"). */
const DEBUG_FOLDER = '/usr/lib/debug/.build-id';

function openDebugFile(elf: ElfFile): ElfFile | undefined {
  const id = buildIdOf(elf);
  if (id.length < 4) return undefined;
  try {
    const debug = ElfFile.open(`${DEBUG_FOLDER}/${id.slice(0, 2)}/${id.slice(2)}.debug`);
    return debug?.section('.symtab') === undefined ? undefined : debug;
  } catch {
    return undefined;
  }
}

/** Of a jump to another file, named as binutils and gdb name it. */
export function linkageEntry({ linkage, path }: MappedBinary, value: number): NativeSymbol | undefined {
  const entry = linkage.entryAt(value);
  if (entry === undefined) return undefined;
  const { name, start } = entry;
  return {
    mangled: `${name}@plt`,
    name: `${demangle(name)}@plt`,
    offset: value - start,
    file: path,
    isInside: true,
  };
}
