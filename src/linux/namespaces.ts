import { PROC, readLinkIfAny } from './proc-file.ts';

export type NamespaceKind = 'net' | 'mnt' | 'pid' | 'uts';

/** Identity of a namespace, e.g. `net:[4026531840]`; undefined without the right to look (ptrace read). */
export function readNamespace(
  pid: number | 'self',
  kind: NamespaceKind,
  proc: string = PROC,
): string | undefined {
  return readLinkIfAny(`${proc}/${pid}/ns/${kind}`);
}

/** Does the process share this namespace with holter? Unknown counts as yes: an ordinary process is not in a container. */
export function sharesNamespace(pid: number, kind: NamespaceKind, proc: string = PROC): boolean {
  const theirs = readNamespace(pid, kind, proc);
  return theirs === undefined || theirs === readNamespace('self', kind, proc);
}
