import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { ElfFile } from '../linux/elf.ts';
import { type Memory, PagedMemory } from '../linux/memory.ts';
import type { Mapping } from '../linux/memory-map.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import { type CoreNotes, readCoreNotes } from './core-notes.ts';
import { buildIdAt, buildIdOfFile } from './image-binaries.ts';

export interface CoreOptions {
  /** The binary that made it, when it is not where it was. */
  executable?: string;
  /** Folder below which the files of the target's machine lie. */
  sysroot?: string;
  signal?: AbortSignal;
  onProgress?: (text: string) => void;
}

interface Segment {
  start: number;
  /** Exclusive, of what the file has. */
  end: number;
  offset: Bytes;
}

const CORE = 4;
const X86_64 = 62;
const LOAD = 1;
const NOTE = 4;
const EXECUTABLE = 1;
const WRITABLE = 2;
/** A core of a 16 GB heap has 65 000. */
const MOST_SEGMENTS = 2 ** 22;
const LONGEST_NOTES: Bytes = 256 * 2 ** 20;

/**
 * Opens an ELF core file (core(5)) as an image. What is missing in it is said in `problems`, not thrown.
 * @throws HolterError E_FILE_NOT_FOUND; E_FILE_FORMAT: no core of x86-64; E_FILE_TRUNCATED: cut before its notes
 */
export async function openCore(path: string, options: CoreOptions = {}): Promise<ProcessImage> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const why = errnoOf(cause) === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
    throw new HolterError('E_FILE_NOT_FOUND', `cannot read ${path}: ${why}`, { cause });
  }
  try {
    if (!fstatSync(fd).isFile()) throw new HolterError('E_FILE_FORMAT', `${path} is no core file`);
    return new CoreFile(path, fd, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

class CoreFile implements ProcessImage {
  readonly kind = 'core';
  readonly name: string;
  readonly pid: number;
  readonly memory: PagedMemory;
  readonly mappings: readonly Mapping[];
  readonly threads: ProcessImage['threads'];
  readonly executable: string;
  readonly crash?: NonNullable<ProcessImage['crash']>;
  readonly problems: string[] = [];
  readonly #fd: number;
  readonly #options: CoreOptions;
  readonly #files: Map<string, string | undefined> = new Map();

  constructor(path: string, fd: number, options: CoreOptions) {
    this.name = path;
    this.#fd = fd;
    this.#options = options;
    const header = pread(fd, 0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46)
      throw new HolterError('E_FILE_FORMAT', `${path} is no core file`, {
        hint: 'cores are made by gcore <pid>, or by the kernel: ulimit -c unlimited',
      });
    if (header[4] !== 2 || header.readUInt16LE(18) !== X86_64)
      throw new HolterError('E_FILE_FORMAT', `${path} is of another machine than x86-64`);
    if (header.readUInt16LE(16) !== CORE)
      throw new HolterError('E_FILE_FORMAT', `${path} is an ELF file, but no core`);
    const size = fstatSync(fd).size;
    const table = readSegments(fd, header);
    const notes = readNotes(fd, table);
    if (notes === undefined)
      throw new HolterError('E_FILE_TRUNCATED', `${path} is cut before its notes: nothing can be read`);
    this.pid = notes.pid;
    this.threads = notes.threads;
    if (notes.crash !== undefined) this.crash = notes.crash;
    const segments: Segment[] = [];
    let missing = 0;
    for (const { type, start, offset, fileSize } of table) {
      if (type !== LOAD || fileSize === 0) continue;
      const there = Math.max(0, Math.min(fileSize, size - offset));
      missing += fileSize - there;
      if (there > 0) segments.push({ start, end: start + there, offset });
    }
    if (missing > 0)
      this.problems.push(`the core is cut: ${Math.round(missing / 1e6)} MB of memory are missing`);
    segments.sort((a, b) => a.start - b.start);
    this.mappings = joinMappings(notes, table);
    this.executable = notes.files.find(({ path: file }) => file.startsWith('/'))?.path ?? '';
    this.memory = new PagedMemory(new CoreMemory(fd, segments, this), 16, 1024);
  }

  fileOf(mapping: Mapping): string | undefined {
    const { path } = mapping;
    if (!path.startsWith('/')) return undefined;
    if (this.#files.has(path)) return this.#files.get(path);
    // What the core itself does not have must not be asked of the file whose right build is in question.
    this.#files.set(path, undefined);
    const { executable, sysroot } = this.#options;
    const places = [
      ...(path === this.executable && executable !== undefined ? [executable] : []),
      ...(sysroot === undefined ? [] : [join(sysroot, path)]),
      path,
      join(dirname(this.name), basename(path)),
    ];
    const there = places.filter((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true);
    const start = this.mappings.find((each) => each.path === path && each.offset === 0)?.start;
    // The kernel puts the first page of each binary into a core, and with it the id of its build.
    const ran = start === undefined ? '' : buildIdAt(this.memory, start);
    const found = there.find((place) => {
      const own = ran === '' ? '' : buildIdOfFile(place);
      return own === '' || own === ran;
    });
    if (found === undefined && there.length > 0)
      this.problems.push(
        `${there[0]} is another build than the one that ran (build-id ${ran}): it is not used`,
      );
    if (there.length === 0 && path === this.executable)
      this.problems.push(`${path} is not here: names of native functions and Node's own sources are missing`);
    this.#files.set(path, found);
    this.memory.forget();
    return found;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Segments of the core, and behind them what lies in files that it does not repeat (research/postmortem.md §1). */
class CoreMemory implements Memory {
  readonly #fd: number;
  readonly #segments: readonly Segment[];
  readonly #image: CoreFile;
  readonly #opened: Map<string, ElfFile | undefined> = new Map();
  #last = 0;

  constructor(fd: number, segments: readonly Segment[], image: CoreFile) {
    this.#fd = fd;
    this.#segments = segments;
    this.#image = image;
  }

  read(address: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const at = address + done;
      const segment = this.#segmentAt(at);
      const count =
        segment === undefined
          ? this.#readFile(at, into.subarray(done))
          : this.#readSegment(segment, at, into.subarray(done));
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  #readSegment({ start, end, offset }: Segment, at: number, into: Uint8Array): number {
    const want = Math.min(into.length, end - at);
    try {
      return readSync(this.#fd, into, 0, want, offset + at - start);
    } catch {
      return 0;
    }
  }

  #readFile(at: number, into: Uint8Array): number {
    const mapping = this.#image.mappings.find(({ start, end }) => at >= start && at < end);
    // What the target could write may have changed since it was mapped.
    if (mapping === undefined || mapping.path === '' || mapping.permissions[1] === 'w') return 0;
    if (!this.#opened.has(mapping.path)) {
      const path = this.#image.fileOf(mapping);
      if (path === undefined) return 0;
      let elf: ElfFile | undefined;
      try {
        elf = ElfFile.open(path);
      } catch {
        // As good as not there.
      }
      this.#opened.set(mapping.path, elf);
    }
    const elf = this.#opened.get(mapping.path);
    const next = this.#next(at);
    const want = Math.min(into.length, mapping.end - at, next - at);
    const bytes = elf?.read(at - mapping.start + mapping.offset, want);
    if (bytes === undefined) return 0;
    into.set(bytes);
    return bytes.length;
  }

  #segmentAt(address: number): Segment | undefined {
    const last = this.#segments[this.#last];
    if (last !== undefined && address >= last.start && address < last.end) return last;
    let low = 0;
    let high = this.#segments.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const segment = this.#segments[middle]!;
      if (address < segment.start) high = middle - 1;
      else if (address >= segment.end) low = middle + 1;
      else {
        this.#last = middle;
        return segment;
      }
    }
    return undefined;
  }

  /** Where the next segment begins. */
  #next(address: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return this.#segments[low]?.start ?? Number.MAX_SAFE_INTEGER;
  }
}

interface ProgramHeader {
  type: number;
  flags: number;
  offset: Bytes;
  start: number;
  fileSize: Bytes;
  memorySize: Bytes;
}

function readSegments(fd: number, header: Buffer): ProgramHeader[] {
  let count = header.readUInt16LE(56);
  const entrySize = header.readUInt16LE(54);
  // PN_XNUM: the real count is sh_info of the first section header.
  if (count === 0xffff) {
    const section = pread(fd, Number(header.readBigUInt64LE(40)), 64);
    if (section.length === 64) count = section.readUInt32LE(44);
  }
  if (entrySize < 56) return [];
  const table = pread(fd, Number(header.readBigUInt64LE(32)), Math.min(count, MOST_SEGMENTS) * entrySize);
  const segments: ProgramHeader[] = [];
  for (let at = 0; at + 56 <= table.length; at += entrySize)
    segments.push({
      type: table.readUInt32LE(at),
      flags: table.readUInt32LE(at + 4),
      offset: Number(table.readBigUInt64LE(at + 8)),
      start: Number(table.readBigUInt64LE(at + 16)),
      fileSize: Number(table.readBigUInt64LE(at + 32)),
      memorySize: Number(table.readBigUInt64LE(at + 40)),
    });
  return segments;
}

function readNotes(fd: number, segments: readonly ProgramHeader[]): CoreNotes | undefined {
  const pieces = segments
    .filter(({ type }) => type === NOTE)
    .map(({ offset, fileSize }) => pread(fd, offset, Math.min(fileSize, LONGEST_NOTES)));
  return readCoreNotes(Buffer.concat(pieces));
}

/** Files of NT_FILE with the rights of the segments they lie in, and segments of no file. */
function joinMappings(notes: CoreNotes, segments: readonly ProgramHeader[]): Mapping[] {
  const loads = segments.filter(({ type }) => type === LOAD).sort((a, b) => a.start - b.start);
  const mappings: Mapping[] = [];
  const files = [...notes.files].sort((a, b) => a.start - b.start);
  let next = 0;
  for (const { start, memorySize, flags } of loads) {
    while (files[next] !== undefined && files[next]!.end <= start) next++;
    const file = files[next];
    const isOfFile = file !== undefined && file.start <= start && start < file.end;
    const permissions = `r${flags & WRITABLE ? 'w' : '-'}${flags & EXECUTABLE ? 'x' : '-'}p`;
    mappings.push(
      isOfFile
        ? {
            start,
            end: start + memorySize,
            permissions,
            offset: file.offset + start - file.start,
            path: file.path,
          }
        : { start, end: start + memorySize, permissions, offset: 0, path: '' },
    );
  }
  // gcore leaves out what it can find again: then only NT_FILE knows of it, and not with which rights.
  for (const file of files)
    if (!loads.some(({ start, memorySize }) => start < file.end && start + memorySize > file.start))
      mappings.push({ ...file, permissions: 'r-xp' });
  return mappings.sort((a, b) => a.start - b.start);
}

function pread(fd: number, offset: number, length: number): Buffer {
  if (!Number.isSafeInteger(offset) || offset < 0 || !(length > 0)) return Buffer.alloc(0);
  const bytes = Buffer.alloc(Math.min(length, Math.max(0, fstatSync(fd).size - offset)));
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, bytes.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}
