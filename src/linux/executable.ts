import { PROC, readLinkIfAny } from './proc-file.ts';

/** The program file of a process. */
export interface Executable {
  /** Path in the target's own mount namespace, without the kernel's ` (deleted)`. */
  path: string;
  /** The file was removed or replaced since the start, e.g. by an upgrade. */
  deleted: boolean;
  /** Path that opens the very file the process runs, whatever happened to its name or mount namespace. */
  openPath: string;
}

/** undefined for kernel threads, zombies, ended processes and, without the right to ptrace, other users' processes. */
export function readExecutable(pid: number, proc: string = PROC): Executable | undefined {
  const link = readLinkIfAny(`${proc}/${pid}/exe`);
  if (link === undefined) return undefined;
  const deleted = link.endsWith(' (deleted)');
  return {
    path: deleted ? link.slice(0, -' (deleted)'.length) : link,
    deleted,
    openPath: `${proc}/${pid}/exe`,
  };
}

/** Working directory in the target's own mount namespace, '' when unknown. */
export function readWorkingDirectory(pid: number, proc: string = PROC): string {
  return readLinkIfAny(`${proc}/${pid}/cwd`) ?? '';
}
