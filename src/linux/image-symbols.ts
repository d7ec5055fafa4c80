import type { FrameRow } from './call-frame-info.ts';
import { demangle } from './demangle.ts';
import { ElfFile } from './elf.ts';
import { linkageEntry, MappedBinary } from './mapped-binary.ts';
import { type Mapping, mappingAt } from './memory-map.ts';
import type { ImageSymbols, NativeSymbol } from './native-symbol.ts';
import type { ProcessImage } from './process-image.ts';

const LOAD = 1;
/** Code of the kernel in every process (vdso(7)): an ELF file that is in memory only. `clock_gettime` runs in it. */
const VDSO = '[vdso]';
const MOST_VDSO = 256 * 1024;
const MOST_ROWS = 50_000;

/** Symbols of an image, made for its life: binaries are opened when first asked for. */
export function symbolsOf(image: ProcessImage): ImageSymbols {
  return new Symbols(image);
}

class Symbols implements ImageSymbols {
  readonly #image: ProcessImage;
  readonly #binaries: Map<string, MappedBinary | undefined> = new Map();
  readonly #known: Map<number, NativeSymbol | undefined> = new Map();
  readonly #rows: Map<number, FrameRow | undefined> = new Map();
  #main: MappedBinary[] | undefined;

  constructor(image: ProcessImage) {
    this.#image = image;
  }

  at(address: number): NativeSymbol | undefined {
    if (!this.#known.has(address)) this.resolve([address]);
    return this.#known.get(address);
  }

  resolve(addresses: readonly number[]): void {
    const byBinary = new Map<MappedBinary, { address: number; value: number }[]>();
    for (const address of new Set(addresses)) {
      if (this.#known.has(address)) continue;
      this.#known.set(address, undefined);
      const mapping = mappingAt(this.#image.mappings, address);
      const binary = mapping === undefined ? undefined : this.#binaryOf(mapping);
      const value = binary?.addressOfOffset(address - mapping!.start + mapping!.offset);
      if (binary === undefined || value === undefined) continue;
      if (binary.linkage.holds(value)) {
        this.#known.set(address, linkageEntry(binary, value));
        continue;
      }
      const list = byBinary.get(binary);
      if (list === undefined) byBinary.set(binary, [{ address, value }]);
      else list.push({ address, value });
    }
    for (const [binary, wanted] of byBinary) {
      const found = binary.table.nearest(
        wanted.map(({ value }) => value),
        { plainest: true },
      );
      for (const [index, { address, value }] of wanted.entries()) {
        const symbol = found[index];
        if (symbol === undefined) continue;
        const offset = value - symbol.value;
        this.#known.set(address, {
          mangled: symbol.name,
          name: demangle(symbol.name),
          offset,
          file: binary.path,
          isInside: symbol.size === 0 || offset < symbol.size,
        });
      }
    }
  }

  addressOf(mangled: string): number | undefined {
    for (const binary of this.#mainBinaries()) {
      const symbol = binary.table.find(mangled);
      const address = symbol === undefined ? undefined : this.#addressIn(binary, symbol.value);
      if (address !== undefined) return address;
    }
    return undefined;
  }

  withPrefix(prefix: string): Map<string, { address: number; size: number; value?: number }> {
    const found = new Map<string, { address: number; size: number; value?: number }>();
    for (const binary of this.#mainBinaries())
      for (const [name, { value: place, size }] of binary.table.withPrefix(prefix)) {
        const address = this.#addressIn(binary, place);
        if (address === undefined || found.has(name)) continue;
        const offset = binary.offsetOfAddress(place);
        const bytes = offset === undefined || size < 4 ? undefined : binary.elf.read(offset, 4);
        found.set(name, {
          address,
          size,
          ...(bytes?.length === 4 ? { value: bytes.readInt32LE(0) } : {}),
        });
      }
    return found;
  }

  frameRowAt(address: number): FrameRow | undefined {
    // Recursions and idle threads have the same return addresses over and over.
    if (this.#rows.has(address)) return this.#rows.get(address);
    const row = this.#findRow(address);
    // Code of V8's heap comes and goes.
    if (row === undefined && this.fileAt(address) === '') return undefined;
    if (this.#rows.size >= MOST_ROWS) this.#rows.clear();
    this.#rows.set(address, row);
    return row;
  }

  #findRow(address: number): FrameRow | undefined {
    const mapping = mappingAt(this.#image.mappings, address);
    const binary = mapping === undefined ? undefined : this.#binaryOf(mapping);
    const place = binary?.addressOfOffset(address - mapping!.start + mapping!.offset);
    return place === undefined ? undefined : binary!.frames?.rowAt(place);
  }

  fileAt(address: number): string {
    const path = mappingAt(this.#image.mappings, address)?.path ?? '';
    return path.startsWith('/') ? path.slice(path.lastIndexOf('/') + 1) : path;
  }

  #mainBinaries(): MappedBinary[] {
    if (this.#main !== undefined) return this.#main;
    const { mappings, executable } = this.#image;
    const paths = new Set(
      mappings
        .map(({ path }) => path)
        .filter((path) => path === executable || /\/libnode\.so[^/]*$/.test(path)),
    );
    this.#main = [...paths].flatMap((path) => {
      const binary = this.#binaryOf(mappings.find((mapping) => mapping.path === path)!);
      return binary === undefined ? [] : [binary];
    });
    return this.#main;
  }

  /** Where an address of the file lies in the target, by the mapping of its beginning (.bss is in no file). */
  #addressIn(binary: MappedBinary, address: number): number | undefined {
    if (!binary.elf.relocatable) return address;
    const first = binary.elf.segments.find(({ type }) => type === LOAD);
    const mapping = this.#image.mappings.find(({ path, offset }) => path === binary.path && offset === 0);
    if (first === undefined || mapping === undefined) return undefined;
    return address - (first.address - first.offset) + mapping.start;
  }

  #binaryOf(mapping: Mapping): MappedBinary | undefined {
    const { path } = mapping;
    if (!path.startsWith('/') && path !== VDSO) return undefined;
    if (this.#binaries.has(path)) return this.#binaries.get(path);
    let binary: MappedBinary | undefined;
    const file = path === VDSO ? undefined : this.#image.fileOf(mapping);
    if (path === VDSO) {
      const size = Math.min(MOST_VDSO, mapping.end - mapping.start);
      const bytes = this.#image.memory.bytes(mapping.start, size);
      const elf = ElfFile.fromBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      if (elf !== undefined) binary = new MappedBinary(path, elf);
    } else if (file !== undefined) {
      try {
        const elf = ElfFile.open(file);
        if (elf !== undefined) binary = new MappedBinary(path, elf);
      } catch {
        this.#image.problems.push(`${path} cannot be read: its functions have no names`);
      }
    }
    this.#binaries.set(path, binary);
    return binary;
  }
}
