import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Bytes } from '../base/units.ts';
import { PROC, readLinkIfAny, readTextIfAny } from './proc-file.ts';
import { readLimits } from './process-limits.ts';

/** What the kernel does with the core of a process that dies (core(5)). */
export interface CorePattern {
  /** `/proc/sys/kernel/core_pattern`, as it is; '' not readable. */
  text: string;
  /** A file in the folder of the process or at a fixed place; a program that reads it; nothing known. */
  kind: 'file' | 'program' | 'unknown';
  /** Of a program: who it is. */
  service?: 'systemd-coredump' | 'apport' | 'abrt' | 'other';
  /** Of a program: path. */
  program?: string;
}

/** Where cores go, and what hinders them, as it is now. */
export interface CoreDestination {
  pattern: CorePattern;
  /** A pid is appended where the pattern has none. */
  usesPid: boolean;
  /** RLIMIT_CORE of the process asked about, else our own; Infinity none, NaN not known. */
  softLimit: Bytes;
  hardLimit: Bytes;
  /** Kinds of memory in kernel cores (`coredump_filter`); undefined not readable. */
  filter?: string;
  /** Folder a file would be made in, '' when nobody can tell. */
  folder: string;
  /** Cores that lie there, newest first; a few. */
  found: { path: string; bytes: Bytes; at: string }[];
}

const MOST_FOUND = 5;
const MOST_LISTED = 2000;

/** Parses a core_pattern: `|program arguments`, a path, or a name. */
export function parseCorePattern(text: string): CorePattern {
  const pattern = text.replace(/\n$/, '');
  if (pattern === '') return { text: pattern, kind: 'unknown' };
  if (!pattern.startsWith('|')) return { text: pattern, kind: 'file' };
  const program = pattern.slice(1).trim().split(/\s+/)[0] ?? '';
  const service = /systemd-coredump$/.test(program)
    ? 'systemd-coredump'
    : /apport$/.test(program)
      ? 'apport'
      : /abrt/.test(program)
        ? 'abrt'
        : 'other';
  return { text: pattern, kind: 'program', service, program };
}

/** Reads it for a process (its limits, its folder), or for this one: what a shell here would start. */
export function readCoreDestination(pid: number | undefined, proc: string = PROC): CoreDestination {
  const pattern = parseCorePattern(readTextIfAny(`${proc}/sys/kernel/core_pattern`) ?? '');
  const of = pid ?? process.pid;
  const limit = readLimits(of, proc)?.find(({ name }) => name === 'Max core file size');
  const filter = readTextIfAny(`${proc}/${of}/coredump_filter`)?.trim();
  const folder = folderOf(pattern, of, pid === undefined, proc);
  return {
    pattern,
    usesPid: readTextIfAny(`${proc}/sys/kernel/core_uses_pid`)?.trim() === '1',
    softLimit: limit?.soft ?? Number.NaN,
    hardLimit: limit?.hard ?? Number.NaN,
    ...(filter === undefined ? {} : { filter }),
    folder,
    found: folder === '' ? [] : findCores(folder),
  };
}

/** As we see it: paths of a container's processes go through their root. */
function folderOf({ kind, text, service }: CorePattern, pid: number, isOwn: boolean, proc: string): string {
  if (service === 'systemd-coredump') return '/var/lib/systemd/coredump';
  if (service === 'apport') return '/var/lib/apport/coredump';
  if (kind !== 'file') return '';
  const cut = text.lastIndexOf('/');
  const folder = cut < 0 ? '' : text.slice(0, cut) || '/';
  // A folder with %e or %p in it is another one for each process.
  if (folder.includes('%')) return '';
  const cwd = isOwn ? process.cwd() : (readLinkIfAny(`${proc}/${pid}/cwd`) ?? '');
  const path = isAbsolute(folder) ? folder : cwd === '' ? '' : join(cwd, folder);
  if (path === '' || isOwn) return path;
  const through = `${proc}/${pid}/root`;
  try {
    if (realpathSync(through) === '/') return path;
  } catch {
    return path;
  }
  return `${through}${path}`;
}

function findCores(folder: string): CoreDestination['found'] {
  let names: string[];
  try {
    names = readdirSync(folder).slice(0, MOST_LISTED);
  } catch {
    return [];
  }
  const found: CoreDestination['found'] = [];
  for (const name of names) {
    if (!/core/i.test(name) || name.endsWith('.part')) continue;
    const path = join(folder, name);
    try {
      const entry = statSync(path);
      const isPacked = /\.(zst|lz4|gz)$/.test(name);
      if (!entry.isFile() || (!isPacked && !isCore(path))) continue;
      found.push({ path, bytes: entry.blocks * 512, at: entry.mtime.toISOString() });
    } catch {
      // Gone, or not for us.
    }
  }
  return found.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, MOST_FOUND);
}

/** ELF, of type 4. */
function isCore(path: string): boolean {
  const bytes = Buffer.alloc(18);
  const fd = openSync(path, 'r');
  try {
    return (
      readSync(fd, bytes, 0, 18, 0) === 18 &&
      bytes.readUInt32BE(0) === 0x7f454c46 &&
      bytes.readUInt16LE(16) === 4
    );
  } finally {
    closeSync(fd);
  }
}
