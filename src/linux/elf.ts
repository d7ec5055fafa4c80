import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A section of an ELF file; offsets and sizes in bytes. */
export interface ElfSection {
  name: string;
  /** sh_type: 2 SYMTAB, 3 STRTAB, 6 DYNAMIC, 8 NOBITS, 11 DYNSYM, 0x6ffffff6 GNU_HASH. */
  type: number;
  address: number;
  offset: number;
  size: number;
  /** Index of the string table that belongs to it. */
  link: number;
}

/** A program header; only what a debugger of a running process needs. */
export interface ElfSegment {
  /** p_type: 1 LOAD, 2 DYNAMIC, 3 INTERP. */
  type: number;
  /** 1 executable, 2 writable, 4 readable. */
  flags: number;
  offset: number;
  address: number;
  /** Bytes in the file and in memory. */
  fileSize: number;
  memorySize: number;
}

/** Libraries have some dozens; objects compiled with a section for each function are the ones with thousands. */
const MAX_SECTIONS = 70_000;
/** Also of files that say they have 65 535 and more (PN_XNUM): those are cores, postmortem/core-header.ts reads them. */
const MAX_SEGMENTS = 512;
/** Sizes of entries that the ABI lets grow; none has. */
const MAX_ENTRY = 256;
/** SHN_XINDEX (elf(5)): 16 bits do not hold the number; the first section header does. */
const MANY = 0xffff;
/** SHN_LORESERVE: so many do not fit either. */
const MANY_SECTIONS = 0xff00;
/** A damaged size must not take more memory than the file has bytes. */
const LARGE = 1 << 20;

/**
 * Reads ELF64 little-endian files by `pread`, piece by piece: a Node binary is 120 MB and a look at it must touch a few
 * pages only. Layout: System V ABI, chapter 4. Everything read is bounded; broken files give undefined.
 */
export class ElfFile {
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  /** e_type 3: position independent, addresses are relative to where it is mapped. */
  readonly relocatable: boolean;
  readonly #file: number | Buffer;

  private constructor(file: number | Buffer, header: Buffer, sections: ElfSection[], segments: ElfSegment[]) {
    this.#file = file;
    this.relocatable = header.readUInt16LE(16) === 3;
    this.sections = sections;
    this.segments = segments;
  }

  /** undefined when the file is not ELF64 little-endian or is cut short; throws the errno of open. Close it after use. */
  static open(path: string): ElfFile | undefined {
    const fd = openSync(path, 'r');
    const elf = ElfFile.#read(fd);
    if (elf === undefined) closeSync(fd);
    return elf;
  }

  /** A whole ELF file that lies in memory, such as the kernel's vdso; undefined as for `open`. */
  static fromBytes(bytes: Buffer): ElfFile | undefined {
    return ElfFile.#read(bytes);
  }

  static #read(file: number | Buffer): ElfFile | undefined {
    const header = pread(file, 0, 64);
    const isElf =
      header.length === 64 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1;
    const sections = isElf ? readSections(file, header) : undefined;
    return sections === undefined
      ? undefined
      : new ElfFile(file, header, sections, readSegments(file, header));
  }

  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** Up to `length` bytes of the file; fewer at its end. */
  read(offset: number, length: number): Buffer {
    return pread(this.#file, offset, length);
  }

  close(): void {
    if (typeof this.#file === 'number') closeSync(this.#file);
  }
}

function readSections(file: number | Buffer, header: Buffer): ElfSection[] | undefined {
  const entrySize = header.readUInt16LE(58);
  const [told, toldNames] = [header.readUInt16LE(60), header.readUInt16LE(62)];
  const first = told === 0 || toldNames === MANY ? readFirstSection(file, header) : undefined;
  // 0 with a table: there are 65 280 and more.
  const count = told === 0 && first !== undefined && first.size >= MANY_SECTIONS ? first.size : told;
  if (count > MAX_SECTIONS || (count > 0 && (entrySize < 64 || entrySize > MAX_ENTRY))) return undefined;
  const table = pread(file, Number(header.readBigUInt64LE(40)), count * entrySize);
  if (table.length < count * entrySize) return undefined;
  const raw = Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    return {
      nameOffset: table.readUInt32LE(at),
      type: table.readUInt32LE(at + 4),
      address: Number(table.readBigUInt64LE(at + 16)),
      offset: Number(table.readBigUInt64LE(at + 24)),
      size: Number(table.readBigUInt64LE(at + 32)),
      link: table.readUInt32LE(at + 40),
    };
  });
  const nameSection = raw[toldNames === MANY ? (first?.link ?? 0) : toldNames];
  const names =
    nameSection === undefined
      ? ''
      : pread(file, nameSection.offset, Math.min(nameSection.size, 65_536)).toString('latin1');
  return raw.map(({ nameOffset, ...section }) => {
    const end = names.indexOf('\0', nameOffset);
    return { name: names.slice(nameOffset, end < 0 ? undefined : end), ...section };
  });
}

/** Where numbers stand that the file's header has no room for. undefined: there is no section table. */
function readFirstSection(file: number | Buffer, header: Buffer): { size: number; link: number } | undefined {
  const offset = Number(header.readBigUInt64LE(40));
  const bytes = offset === 0 ? Buffer.alloc(0) : pread(file, offset, 64);
  if (bytes.length < 64) return undefined;
  return { size: Number(bytes.readBigUInt64LE(32)), link: bytes.readUInt32LE(40) };
}

function readSegments(file: number | Buffer, header: Buffer): ElfSegment[] {
  const count = Math.min(header.readUInt16LE(56), MAX_SEGMENTS);
  const entrySize = header.readUInt16LE(54);
  if (entrySize > MAX_ENTRY) return [];
  const table = pread(file, Number(header.readBigUInt64LE(32)), count * entrySize);
  const segments: ElfSegment[] = [];
  for (let at = 0; entrySize >= 56 && at + 56 <= table.length; at += entrySize) {
    segments.push({
      type: table.readUInt32LE(at),
      flags: table.readUInt32LE(at + 4),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      fileSize: Number(table.readBigUInt64LE(at + 32)),
      memorySize: Number(table.readBigUInt64LE(at + 40)),
    });
  }
  return segments;
}

function pread(file: number | Buffer, offset: number, length: number): Buffer {
  if (!Number.isSafeInteger(offset) || offset < 0 || length <= 0) return Buffer.alloc(0);
  if (typeof file !== 'number') return file.subarray(offset, offset + length);
  const most = length > LARGE ? Math.max(0, Math.min(length, fstatSync(file).size - offset)) : length;
  const bytes = Buffer.allocUnsafe(most);
  let done = 0;
  while (done < most) {
    const count = readSync(file, bytes, done, most - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}
