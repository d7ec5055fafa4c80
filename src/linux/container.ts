import { readEnvironment } from './command-line.ts';
import { readNamespace } from './namespaces.ts';
import { PROC, readTextIfAny } from './proc-file.ts';

/**
 * Container id (first 12 hex digits, as `docker ps` shows it) or machine name in a cgroup path. Docker, containerd, CRI-O,
 * podman and Kubernetes name the group after the 64-digit id; LXC and systemd-nspawn after the container.
 */
export function parseContainerId(cgroup: string): string | undefined {
  const id = /[/-]([0-9a-f]{64})(?:\.scope|\/|$)/m.exec(cgroup);
  if (id !== null) return id[1]!.slice(0, 12);
  const named = /\/lxc(?:\.payload[./]|\/)([^/\n]+)|\/machine-([^/\n]+)\.scope/.exec(cgroup);
  // systemd escapes "-" as \x2d in unit names.
  return (named?.[1] ?? named?.[2])?.replaceAll('\\x2d', '-');
}

/**
 * Name of the container a process lives in, seen from holter: the pod or host name where it can be read, else the short
 * id; null when it lives where holter lives.
 */
export function readContainer(
  pid: number,
  environment?: Map<string, string>,
  proc: string = PROC,
): string | null {
  const id = parseContainerId(readTextIfAny(`${proc}/${pid}/cgroup`) ?? '');
  const ownId = parseContainerId(readTextIfAny(`${proc}/self/cgroup`) ?? '');
  const isElsewhere = (kind: 'uts' | 'pid'): boolean => {
    const theirs = readNamespace(pid, kind, proc);
    return theirs !== undefined && theirs !== readNamespace('self', kind, proc);
  };
  const otherHost = isElsewhere('uts');
  if ((id === undefined || id === ownId) && !otherHost && !isElsewhere('pid')) return null;
  const hostName = otherHost ? hostNameOf(pid, environment ?? readEnvironment(pid, proc), proc) : undefined;
  return hostName ?? id ?? readNamespace(pid, 'pid', proc) ?? null;
}

/** Docker and Kubernetes set HOSTNAME; the file in its root is next. There is no way to ask another uts namespace. */
function hostNameOf(
  pid: number,
  environment: Map<string, string> | undefined,
  proc: string,
): string | undefined {
  const name = environment?.get('HOSTNAME') ?? readTextIfAny(`${proc}/${pid}/root/etc/hostname`)?.trim();
  return name === undefined || name === '' ? undefined : name;
}
