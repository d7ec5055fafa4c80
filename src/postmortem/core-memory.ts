import { readSync } from 'node:fs';
import type { Bytes } from '../base/units.ts';
import { ElfFile } from '../linux/elf.ts';
import type { Memory } from '../linux/memory.ts';
import { type Mapping, mappingAt } from '../linux/memory-map.ts';
import { type CoreSegment, LOAD } from './core-header.ts';

interface Part {
  start: number;
  /** Exclusive, of what the file has. */
  end: number;
  offset: Bytes;
}

/**
 * Memory of a core: its segments, and behind them what lies in files that it does not repeat: the code and constants of
 * binaries (research/postmortem.md §1).
 */
export class CoreMemory implements Memory {
  /** Of segments that the file is too short for. */
  readonly missing: Bytes;
  readonly #fd: number;
  readonly #parts: readonly Part[];
  readonly #mappings: readonly Mapping[];
  readonly #fileOf: (mapping: Mapping) => string | undefined;
  readonly #opened: Map<string, ElfFile | undefined> = new Map();
  #last = 0;

  constructor(
    fd: number,
    size: Bytes,
    segments: readonly CoreSegment[],
    mappings: readonly Mapping[],
    fileOf: (mapping: Mapping) => string | undefined,
  ) {
    this.#fd = fd;
    this.#mappings = mappings;
    this.#fileOf = fileOf;
    let missing = 0;
    const parts: Part[] = [];
    for (const { type, start, offset, fileSize } of segments) {
      if (type !== LOAD || fileSize === 0) continue;
      const there = Math.max(0, Math.min(fileSize, size - offset));
      missing += fileSize - there;
      if (there > 0) parts.push({ start, end: start + there, offset });
    }
    this.missing = missing;
    this.#parts = parts.sort((a, b) => a.start - b.start);
  }

  read(address: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const at = address + done;
      const rest = into.subarray(done);
      const part = this.#partAt(at);
      const count = part === undefined ? this.#readFile(at, rest) : this.#readPart(part, at, rest);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  /** Of segments; what only binaries have does not count. */
  nextReadable(address: number): number {
    return this.#partAt(address) === undefined
      ? (this.#parts[this.#countUpTo(address)]?.start ?? Number.POSITIVE_INFINITY)
      : address;
  }

  close(): void {
    for (const elf of this.#opened.values()) elf?.close();
    this.#opened.clear();
  }

  #readPart({ start, end, offset }: Part, at: number, into: Uint8Array): number {
    const want = Math.min(into.length, end - at);
    try {
      return readSync(this.#fd, into, 0, want, offset + at - start);
    } catch {
      return 0;
    }
  }

  #readFile(at: number, into: Uint8Array): number {
    const mapping = mappingAt(this.#mappings, at);
    // What the target could write may have changed since it was mapped.
    if (mapping === undefined || mapping.path === '' || mapping.permissions[1] === 'w') return 0;
    const want = Math.min(into.length, mapping.end - at, this.#next(at) - at);
    const bytes = this.#elfOf(mapping)?.read(at - mapping.start + mapping.offset, want);
    if (bytes === undefined) return 0;
    into.set(bytes);
    return bytes.length;
  }

  #elfOf(mapping: Mapping): ElfFile | undefined {
    const { path } = mapping;
    if (this.#opened.has(path)) return this.#opened.get(path);
    const file = this.#fileOf(mapping);
    // Who asks for the file may have asked for memory on the way.
    if (file === undefined) return undefined;
    let elf: ElfFile | undefined;
    try {
      elf = ElfFile.open(file);
    } catch {
      // As good as not there.
    }
    this.#opened.set(path, elf);
    return elf;
  }

  #partAt(address: number): Part | undefined {
    const last = this.#parts[this.#last];
    if (last !== undefined && address >= last.start && address < last.end) return last;
    const at = this.#countUpTo(address) - 1;
    const part = this.#parts[at];
    if (part === undefined || address >= part.end) return undefined;
    this.#last = at;
    return part;
  }

  /** Where the next part begins. */
  #next(address: number): number {
    return this.#parts[this.#countUpTo(address)]?.start ?? Number.MAX_SAFE_INTEGER;
  }

  /** How many parts begin at an address or below. */
  #countUpTo(address: number): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#parts[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
