import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';

/** Where the kernel's process files are; another folder in tests. */
export const PROC = '/proc';

/** Why a /proc entry could not be read: the process ended meanwhile, or it belongs to someone else. */
export type Absence = 'gone' | 'denied';

const ABSENT: Record<string, Absence> = {
  ENOENT: 'gone',
  ESRCH: 'gone',
  ENOTDIR: 'gone',
  // Reading `environ` or `fd` of a process without memory (zombie, kernel thread).
  EINVAL: 'gone',
  EACCES: 'denied',
  EPERM: 'denied',
};

/** Text of one file; undefined when gone or denied. Synchronous: /proc waits for no disk, and 300 processes are many. */
export function readTextIfAny(path: string): string | undefined {
  return undefinedIfAbsent(() => readFileSync(path, 'utf8'));
}

/** Target of a symbolic link such as `exe`, `cwd`, `fd/7`, `ns/net`; undefined when gone or denied. */
export function readLinkIfAny(path: string): string | undefined {
  return undefinedIfAbsent(() => readlinkSync(path));
}

/** Names in a folder such as `task` or `fd`; undefined when gone or denied. */
export function readFolderIfAny(path: string): string[] | undefined {
  return undefinedIfAbsent(() => readdirSync(path));
}

/** 'denied' when a link exists but may not be read, e.g. `exe` of another user's process. */
export function probeLink(path: string): Absence | 'readable' {
  try {
    readlinkSync(path);
    return 'readable';
  } catch (error) {
    return ABSENT[errnoOf(error) ?? ''] ?? 'gone';
  }
}

/** Pids (or tids) among the names of a folder, ascending. */
export function numbersIn(names: readonly string[]): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    if (/^\d+$/.test(name)) numbers.push(Number(name));
  }
  return numbers.sort((left, right) => left - right);
}

/** All pids to be seen, ascending. */
export function listPids(proc: string = PROC): number[] {
  return numbersIn(readFolderIfAny(proc) ?? []);
}

function undefinedIfAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // EIO and the like of a process that is being torn down say the same: nothing to read.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
