import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { buildIdOfFile } from '../linux/elf-build-id.ts';
import { PagedMemory } from '../linux/memory.ts';
import type { Mapping } from '../linux/memory-map.ts';
import { type ProcessImage, REGISTER } from '../linux/process-image.ts';
import { checkCoreHeader, HEADER_BYTES, NOTE, readCoreSegments, readPart } from './core-header.ts';
import { joinMappings } from './core-mappings.ts';
import { CoreMemory } from './core-memory.ts';
import { type CoreNotes, MOST_THREADS, readCoreNotes } from './core-notes.ts';
import { packingOf } from './core-packing.ts';
import { buildIdAt } from './image-binaries.ts';
import type { UnpackProgress } from './unpack-core.ts';

export interface CoreOptions {
  /** The binary that made it, when it is not where it was. */
  executable?: string;
  /** Folder below which the files of the target's machine lie. */
  sysroot?: string;
  /** Ends the unpacking of a compressed core. */
  signal?: AbortSignal;
  /** Of the unpacking: nothing else takes long. */
  onProgress?: (progress: UnpackProgress) => void;
}

const LONGEST_NOTES: Bytes = 256 * 2 ** 20;

/**
 * Opens an ELF core file (core(5)) as an image; one packed with gzip, zstd or LZ4 (told by its first bytes) is unpacked into a
 * file without a name (unpack-core.ts). What is missing in it is said in `problems`, not thrown.
 * @throws HolterError E_FILE_NOT_FOUND; E_FILE_FORMAT: no core of x86-64; E_FILE_TRUNCATED: cut before its notes; of
 *   compressed ones E_WRITE: no room to unpack, E_OPTIONAL_MISSING: nothing here unpacks zstd, E_INTERRUPTED
 */
export async function openCore(path: string, options: CoreOptions = {}): Promise<ProcessImage> {
  const packed = openFile(path);
  let fd = packed;
  try {
    const packing = packingOf(packed);
    let damage: string | undefined;
    if (packing !== undefined) {
      const { unpackCore } = await import('./unpack-core.ts');
      ({ fd, damage } = await unpackCore(path, packed, packing, {
        ...options,
        checkHead: (head) => checkCoreHeader(path, head),
      }));
      closeSync(packed);
    }
    const core = new CoreFile(path, fd, options);
    if (damage !== undefined)
      core.problems.unshift(`${basename(path)} is cut or damaged (${damage}): what came out before is used`);
    return core;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openFile(path: string): number {
  try {
    // Opening a pipe would wait until somebody writes to it.
    const entry = statSync(path);
    if (entry.isDirectory())
      throw new HolterError('E_FILE_FORMAT', `${path} is a folder`, { hint: 'name the core file in it' });
    if (!entry.isFile())
      throw new HolterError('E_FILE_FORMAT', `${path} is no file that can be read at any place`, {
        hint: `save it first: cat ${path} > saved.core`,
      });
    return openSync(path, 'r');
  } catch (cause) {
    if (cause instanceof HolterError) throw cause;
    const code = errnoOf(cause);
    const why = code === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
    throw new HolterError('E_FILE_NOT_FOUND', `cannot read ${path}: ${why}`, {
      cause,
      ...(code === 'EACCES' || code === 'EPERM'
        ? { hint: 'cores belong to who ran the process: sudo, or as that user' }
        : {}),
    });
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
  readonly #memory: CoreMemory;
  readonly #options: CoreOptions;
  readonly #files: Map<string, string | undefined> = new Map();
  #isClosed = false;

  constructor(path: string, fd: number, options: CoreOptions) {
    this.name = path;
    this.#fd = fd;
    this.#options = options;
    const header = readPart(fd, 0, HEADER_BYTES);
    checkCoreHeader(path, header);
    const size = fstatSync(fd).size;
    const segments = readCoreSegments(fd, header);
    const notes = readNotes(fd, segments);
    if (notes === undefined) throw withoutNotes(path, size, segments);
    this.pid = notes.pid;
    this.threads = notes.threads;
    if (notes.crash !== undefined) this.crash = notes.crash;
    this.mappings = joinMappings(notes.files, segments);
    this.executable = notes.files.find(({ path: file }) => file.startsWith('/'))?.path ?? '';
    this.#memory = new CoreMemory(fd, size, segments, this.mappings, (mapping) => this.fileOf(mapping));
    this.memory = new PagedMemory(this.#memory, 16, 1024);
    this.#sayWhatIsMissing(notes);
  }

  #sayWhatIsMissing({ files, hasMoreThreads, isJsHeapOnly }: CoreNotes): void {
    const { missing } = this.#memory;
    if (missing > 0)
      this.problems.push(
        `the core is cut: ${Math.ceil(missing / 1e6)} MB of memory are missing${this.#missingStacks()}`,
      );
    if (isJsHeapOnly === true)
      this.problems.push(
        'taken with --js-heap-only: large Buffers and memory shared with others are not in it',
      );
    if (hasMoreThreads)
      this.problems.push(`the core lists more than ${MOST_THREADS} threads: the others are left out`);
    if (files.length === 0)
      this.problems.push(
        'the core does not tell which files were mapped (no NT_FILE note): native functions have no names',
      );
  }

  /** Stacks lie at high addresses, and with them at the end of the file: they are the first to go. */
  #missingStacks(): string {
    const { threads } = this;
    const gone = threads.filter(({ registers }) => !this.memory.isReadable(registers[REGISTER.rsp]!)).length;
    if (gone === 0) return '';
    return gone === threads.length
      ? ', the stacks of all threads among them'
      : `, the stacks of ${gone} of ${threads.length} threads among them`;
  }

  fileOf(mapping: Mapping): string | undefined {
    const { path } = mapping;
    if (!path.startsWith('/')) return undefined;
    if (this.#files.has(path)) return this.#files.get(path);
    // What the core itself does not have must not be asked of the file whose right build is in question.
    this.#files.set(path, undefined);
    const start = this.mappings.find((each) => each.path === path && each.offset === 0)?.start;
    // The kernel puts the first page of each binary into a core, and with it the id of its build.
    const ran = start === undefined ? '' : buildIdAt(this.memory, start);
    const file = this.#findFile(path, ran);
    this.#files.set(path, file);
    this.memory.forget();
    return file;
  }

  #findFile(path: string, ran: string): string | undefined {
    const { executable, sysroot } = this.#options;
    const isExecutable = path === this.executable;
    // A binary that was replaced while it ran: what is there now may still be the same build.
    const place = path.replace(/ \(deleted\)$/, '');
    const named = isExecutable ? executable : undefined;
    const places = [
      ...(named === undefined ? [] : [named]),
      ...(sysroot === undefined ? [] : [join(sysroot, place)]),
      place,
      join(dirname(this.name), basename(place)),
    ].filter((each) => isFile(each));
    const builds = places.map((each) => buildIdOfFile(each));
    const right = places.findIndex((_each, index) => builds[index] === ran);
    // Without ids nothing speaks against the one that was named, or lies where it was.
    const found = right >= 0 ? right : builds.findIndex((build) => build === '' || ran === '');
    if (named !== undefined && !isFile(named)) this.problems.push(`${named} is no file: it is not used`);
    const other = places.findIndex((each, index) => index !== found && (found < 0 || each === named));
    if (other >= 0 && ran !== '' && builds[other] !== ran)
      this.problems.push(
        `${places[other]} is another build than the one that ran (build-id ${ran}): it is not used`,
      );
    if (found < 0 && isExecutable && other < 0)
      this.problems.push(`${path} is not here: names of native functions and Node's own sources are missing`);
    if (found >= 0 && isExecutable && (ran === '' || builds[found] !== ran))
      this.problems.push(`whether ${places[found]} is the build that ran cannot be told: no build-id`);
    return places[found];
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#memory.close();
    closeSync(this.#fd);
  }
}

function isFile(path: string): boolean {
  // Paths are the core's word: these look like files, and reading some waits for ever.
  if (/^\/(proc|sys|dev)\//.test(path)) return false;
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // A path out of the core: too long, through a file, not for us to see.
    return false;
  }
}

function readNotes(fd: number, segments: ReturnType<typeof readCoreSegments>): CoreNotes | undefined {
  const pieces: Buffer[] = [];
  let left = LONGEST_NOTES;
  for (const { type, offset, fileSize } of segments) {
    if (type !== NOTE || left <= 0) continue;
    const piece = readPart(fd, offset, Math.min(fileSize, left));
    left -= piece.length;
    pieces.push(piece);
  }
  return readCoreNotes(Buffer.concat(pieces));
}

function withoutNotes(path: string, size: Bytes, segments: ReturnType<typeof readCoreSegments>): HolterError {
  const notes = segments.find(({ type }) => type === NOTE);
  const isCut = notes === undefined ? segments.length === 0 : notes.offset + notes.fileSize > size;
  return isCut
    ? new HolterError('E_FILE_TRUNCATED', `${path} is cut before its notes: nothing can be read`, {
        hint: 'copy it again: gcore writes them last, so its cores must be whole; the kernel writes them first',
      })
    : new HolterError('E_FILE_FORMAT', `${path} has no notes of threads: nothing can be read`, {
        hint: 'it is damaged, or was not written by the kernel or gcore; make one with gcore <pid>',
      });
}
