import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../base/units.ts';

export interface FoundCore {
  path: string;
  bytes: Bytes;
  /** Device, inode and time of change: one that was written again is a new one. */
  key: string;
  /** ms since 1970. */
  changedAt: number;
}

/** Of ELF, gzip, zstd, lz4. */
const MAGICS = ['7f454c46', '1f8b', '28b52ffd', '04224d18'];
const NAMED = /core/i;
const MOST_FILES = 5000;

/** Cores in some folders, by name and first bytes; folders that cannot be read have none. */
export function listCores(folders: Iterable<string>): FoundCore[] {
  const found: FoundCore[] = [];
  for (const folder of new Set(folders)) {
    let names: string[];
    try {
      names = readdirSync(folder).slice(0, MOST_FILES);
    } catch {
      continue;
    }
    for (const name of names) {
      if (!NAMED.test(name) || name.endsWith('.part')) continue;
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat?.isFile() !== true || stat.size < 4096 || !isCore(path)) continue;
      found.push({
        path,
        bytes: stat.size,
        key: `${stat.dev}:${stat.ino}:${Math.round(stat.mtimeMs)}`,
        changedAt: stat.ctimeMs,
      });
    }
  }
  return found;
}

/** ET_CORE (4) in the ELF header, or packed. */
function isCore(path: string): boolean {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const head = Buffer.alloc(18);
    readSync(fd, head, 0, 18, 0);
    const magic = MAGICS.find((bytes) => head.toString('hex').startsWith(bytes));
    return magic !== undefined && (magic !== MAGICS[0] || head.readUInt16LE(16) === 4);
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** New cores that are whole: their size did not change between two looks. */
export class CoreWatch {
  /** What changed before is old. */
  readonly #since = Date.now();
  readonly #told = new Set<string>();
  readonly #growing = new Map<string, Bytes>();

  look(folders: Iterable<string>): FoundCore[] {
    const ready: FoundCore[] = [];
    for (const core of listCores(folders)) {
      if (core.changedAt < this.#since || this.#told.has(core.key)) continue;
      if (this.#growing.get(core.path) === core.bytes) {
        this.#growing.delete(core.path);
        this.#told.add(core.key);
        ready.push(core);
      } else this.#growing.set(core.path, core.bytes);
    }
    return ready;
  }
}
