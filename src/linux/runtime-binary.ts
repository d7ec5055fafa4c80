import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { ElfFile } from './elf.ts';
import { exportsSymbol, neededLibraries } from './elf-symbols.ts';
import { readMemoryMap } from './memory-map.ts';
import { PROC, readLinkIfAny } from './proc-file.ts';

/** Which JavaScript runtime a program file is; `none` for everything else. */
export type RuntimeKind = 'node' | 'electron' | 'deno' | 'bun' | 'none';

export interface Runtime {
  kind: RuntimeKind;
  /** Without `v`, e.g. `22.23.3`; '' when unknown. For Electron the Node version inside it. */
  nodeVersion: string;
  /** Path that opens the file with the runtime's code: the executable, or libnode.so. */
  openPath: string;
}

const NONE: Runtime = { kind: 'none', nodeVersion: '', openPath: '' };

/** What a file holds cannot change under one device, inode and modification time. */
const known = new Map<string, Runtime>();

/**
 * Tells what runtime a process runs, without running or signalling anything.
 *
 * Node exports `node::Start` (it must: addons link against the executable), under whatever name the file has and
 * also when stripped. Electron exports it too but needs libffmpeg or libnss3; Deno and Bun export the N-API only. A
 * distribution's small `node` needs libnode.so, which then is the file to look into. The version is in the User-Agent
 * of the inspector's HTTP client, `node.js/v22.23.3`, 0.3–0.5 MB into .rodata on Node 18, 20, 22, 24 and 26.
 *
 * @param exePath a path that can be opened, best `/proc/PID/exe`
 * @param named the path as the target sees it: its file name decides where symbols do not
 */
export function readRuntime(pid: number, exePath: string, named: string, proc: string = PROC): Runtime {
  let key: string;
  try {
    const { dev, ino, mtimeMs, size } = statSync(exePath);
    // No JavaScript engine fits into less; libnode's executable is small and is known by its name.
    if (size < 4_000_000 && !/node|electron|deno|bun/i.test(basename(named))) return NONE;
    key = `${dev}:${ino}:${mtimeMs}`;
  } catch {
    return NONE;
  }
  let runtime = known.get(key);
  if (runtime === undefined) {
    try {
      runtime = inspectFile(pid, exePath, named, proc);
    } catch {
      // Ended, or the file is not readable (mode 0111): the name is all there is.
      return { kind: kindByName(named), nodeVersion: '', openPath: exePath };
    }
    known.set(key, runtime);
  }
  return { ...runtime, openPath: runtime.openPath === '' ? exePath : runtime.openPath };
}

function inspectFile(pid: number, exePath: string, named: string, proc: string): Runtime {
  const elf = ElfFile.open(exePath);
  if (elf === undefined) return NONE;
  try {
    const libraries = neededLibraries(elf);
    const kind = kindOf(elf, named, libraries);
    if (kind === 'none') {
      if (!libraries.some((library) => library.startsWith('libnode.so'))) return NONE;
      const library = libnodePath(pid, proc);
      return {
        kind: 'node',
        nodeVersion: library === undefined ? '' : versionInFile(library),
        openPath: library ?? '',
      };
    }
    return { kind, nodeVersion: kind === 'deno' || kind === 'bun' ? '' : findNodeVersion(elf), openPath: '' };
  } finally {
    elf.close();
  }
}

function kindOf(elf: ElfFile, named: string, libraries: readonly string[]): RuntimeKind {
  const startsNode = exportsSymbol(elf, '_ZN4node5StartEiPPc');
  if (startsNode === true) {
    return libraries.some((library) => /^lib(ffmpeg|nss3|gtk)/.test(library)) ? 'electron' : 'node';
  }
  const hasNodeApi = exportsSymbol(elf, 'napi_module_register') === true;
  if (hasNodeApi) {
    const byName = kindByName(named);
    if (byName === 'bun' || byName === 'deno') return byName;
    return findText(elf, 'denoland/deno') === undefined ? 'bun' : 'deno';
  }
  // No dynamic symbols at all: a fully static build. Only a big file that says so is believed.
  if (startsNode === undefined && findText(elf, VERSION_MARK) !== undefined) return 'node';
  return 'none';
}

/** What a file name alone says, for files that may not be opened. */
export function kindByName(path: string): RuntimeKind {
  const name = basename(path).toLowerCase();
  if (/^(node|nodejs|iojs)(-?v?\d[\d.]*)?$/.test(name)) return 'node';
  if (/^(electron|deno|bun)/.test(name))
    return name.startsWith('e') ? 'electron' : name.startsWith('d') ? 'deno' : 'bun';
  return 'none';
}

const VERSION_MARK = 'node.js/v';
const PIECE = 512 * 1024;
/** Node keeps it in the first 0.5 MB. The bound is for big static programs of others (Go), which are read in vain. */
const SEARCH_LIMIT = 16 * 1024 * 1024;

function findNodeVersion(elf: ElfFile): string {
  const around = findText(elf, VERSION_MARK);
  return /^node\.js\/v(\d+\.\d+\.\d+(?:-[a-z]+[\w.]*)?)/.exec(around ?? '')?.[1] ?? '';
}

function versionInFile(path: string): string {
  const elf = ElfFile.open(path);
  if (elf === undefined) return '';
  try {
    return findNodeVersion(elf);
  } finally {
    elf.close();
  }
}

/** The text from `mark` on (64 bytes) in .rodata, or undefined. */
function findText(elf: ElfFile, mark: string): string | undefined {
  const section = elf.section('.rodata');
  if (section === undefined) return undefined;
  const size = Math.min(section.size, SEARCH_LIMIT);
  for (let done = 0; done < size; done += PIECE) {
    const piece = elf.read(section.offset + done, Math.min(PIECE + 64, size - done));
    const at = piece.indexOf(mark);
    if (at >= 0 && at < PIECE) return piece.toString('latin1', at, at + 64);
  }
  return undefined;
}

/** The libnode.so a process has mapped, as a path that opens in holter's mount namespace. */
function libnodePath(pid: number, proc: string): string | undefined {
  const mapping = readMemoryMap(pid, proc)?.find(({ path }) => /\/libnode\.so[.\d]*$/.test(path));
  if (mapping === undefined) return undefined;
  const range = `${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
  const mapFile = `${proc}/${pid}/map_files/${range}`;
  return readLinkIfAny(mapFile) === undefined ? `${proc}/${pid}/root${mapping.path}` : mapFile;
}
