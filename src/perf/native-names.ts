import { demangleFunction } from '../linux/demangle.ts';
import { ElfFile } from '../linux/elf.ts';
import { buildIdOfFile } from '../linux/elf-build-id.ts';
import type { KernelSymbols } from '../linux/kernel-symbols.ts';
import { linkageEntry, MappedBinary } from '../linux/mapped-binary.ts';
import { KEPT_SYMBOLS_SCHEMA, type KeptSymbol, type KeptSymbols, keptSymbolAt } from './kept-symbols.ts';

/** Where names of native code come from. */
export interface NativeNameSources {
  /** Symbols kept with the recording; asked first. */
  kept?: KeptSymbols | undefined;
  /** Where the file of a mapping can be read here; undefined: nowhere. `pid` is the process that had it mapped. */
  fileOf(path: string, pid: number): string | undefined;
  /** ELF bytes of the vdso, when it is this machine's. */
  vdso(): Buffer | undefined;
  /** The kernel's symbols, when it is this machine's kernel that was recorded. */
  kernel(): KernelSymbols | undefined;
}

/** An address in a file: `offset` bytes from its beginning. */
export interface FilePlace {
  path: string;
  buildId: string | undefined;
  pid: number;
  offset: number;
}

/** A symbol without size (assembler code) may reach so far. */
const SLACK = 64 * 1024;
const KERNEL_SLACK = 2 ** 20;
/** Code of the kernel in every process (vdso(7)): an ELF file that is in memory only. */
const VDSO = '[vdso]';

/** Names native code, file by file; each binary is opened once, and tables are read when they are needed. */
export class NativeNames {
  /** What could not be named and why, in sentences. */
  readonly problems: string[] = [];
  readonly #sources: NativeNameSources;
  readonly #binaries = new Map<string, MappedBinary | undefined>();
  readonly #used = new Map<string, { path: string; buildId: string; symbols: Map<number, KeptSymbol> }>();
  readonly #usedKernel = new Map<number, KeptSymbol>();
  #kernel: KernelSymbols | undefined | null = null;

  constructor(sources: NativeNameSources) {
    this.#sources = sources;
  }

  /** Names of places, all of one file; undefined: no name is known. */
  nameAll(places: readonly FilePlace[]): (string | undefined)[] {
    const first = places[0];
    if (first === undefined) return [];
    const kept = this.#sources.kept?.files.find(
      ({ path, buildId }) =>
        path === first.path && (buildId === '' || first.buildId === undefined || buildId === first.buildId),
    );
    if (kept !== undefined)
      return places.map(({ offset }) => displayName(keptSymbolAt(kept.symbols, offset, SLACK)?.[2]));
    const binary = this.#binaryOf(first);
    if (binary === undefined) return places.map(() => undefined);
    const values = places.map(({ offset }) => binary.addressOfOffset(offset));
    const symbols = binary.table.nearest(
      values.map((value) => value ?? 0),
      { plainest: true },
    );
    return places.map((_, index) => {
      const value = values[index];
      if (value === undefined) return undefined;
      if (binary.linkage.holds(value)) return linkageEntry(binary, value)?.name.replace(/\(.*\)(?=@plt)/, '');
      const symbol = symbols[index];
      if (symbol === undefined) return undefined;
      const into = value - symbol.value;
      if (into >= (symbol.size === 0 ? SLACK : symbol.size)) return undefined;
      this.#keep(first, [places[index]!.offset - into, symbol.size, symbol.name]);
      return displayName(symbol.name);
    });
  }

  /** Function of the kernel an address is in, its upper 16 bits left away, and the module it belongs to. */
  kernelName(address: number): { name: string; module: string } | undefined {
    const { kept } = this.#sources;
    if (kept !== undefined && kept.kernel.length > 0) {
      const symbol = keptSymbolAt(kept.kernel, address, KERNEL_SLACK)?.[2];
      if (symbol === undefined) return undefined;
      const parts = /^(.*) (\[[^\]]+\])$/.exec(symbol);
      return parts === null ? { name: symbol, module: '' } : { name: parts[1]!, module: parts[2]! };
    }
    if (this.#kernel === null) this.#kernel = this.#sources.kernel();
    const symbol = this.#kernel?.at(address);
    if (symbol === undefined) return undefined;
    const { name, module, start } = symbol;
    this.#usedKernel.set(start, [start, 0, module === '' ? name : `${name} ${module}`]);
    return { name, module };
  }

  /** The kernel's symbols were there to be asked. */
  get hasKernel(): boolean {
    return (this.#sources.kept?.kernel.length ?? 0) > 0 || (this.#kernel ?? undefined) !== undefined;
  }

  /** The symbols that were needed, to be kept with the recording. */
  used(): KeptSymbols {
    const sorted = (symbols: Iterable<KeptSymbol>): KeptSymbol[] => [...symbols].sort((a, b) => a[0] - b[0]);
    return {
      schema: KEPT_SYMBOLS_SCHEMA,
      kernel: sorted(this.#usedKernel.values()),
      files: [...this.#used.values()].map(({ path, buildId, symbols }) => ({
        path,
        buildId,
        symbols: sorted(symbols.values()),
      })),
    };
  }

  close(): void {
    for (const binary of this.#binaries.values()) binary?.elf.close();
    this.#binaries.clear();
  }

  #keep({ path, buildId }: FilePlace, symbol: KeptSymbol): void {
    let file = this.#used.get(path);
    if (file === undefined) {
      file = { path, buildId: buildId ?? '', symbols: new Map() };
      this.#used.set(path, file);
    }
    file.symbols.set(symbol[0], symbol);
  }

  #binaryOf(place: FilePlace): MappedBinary | undefined {
    const { path } = place;
    if (this.#binaries.has(path)) return this.#binaries.get(path);
    const binary = path === VDSO ? this.#openVdso() : this.#open(place);
    this.#binaries.set(path, binary);
    return binary;
  }

  #openVdso(): MappedBinary | undefined {
    const bytes = this.#sources.vdso();
    const elf = bytes === undefined ? undefined : ElfFile.fromBytes(bytes);
    return elf === undefined ? undefined : new MappedBinary(VDSO, elf);
  }

  #open({ path, buildId, pid }: FilePlace): MappedBinary | undefined {
    const file = this.#sources.fileOf(path, pid);
    if (file === undefined) {
      this.problems.push(`${path} is not on this machine: its functions have no names`);
      return undefined;
    }
    const here = buildId === undefined ? '' : buildIdOfFile(file);
    if (buildId !== undefined && here !== '' && here !== buildId) {
      this.problems.push(
        `${path} is another build than the one that was recorded: its functions have no names`,
      );
      return undefined;
    }
    try {
      const elf = ElfFile.open(file);
      return elf === undefined ? undefined : new MappedBinary(path, elf);
    } catch {
      this.problems.push(`${path} cannot be read: its functions have no names`);
      return undefined;
    }
  }
}

function displayName(symbol: string | undefined): string | undefined {
  return symbol === undefined ? undefined : demangleFunction(symbol);
}
