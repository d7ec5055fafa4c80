import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import { sharesNamespace } from '../linux/namespaces.ts';
import { listPids, probeLink } from '../linux/proc-file.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { readProcessStatus } from '../linux/process-status.ts';
import { readListeningSockets } from '../linux/sockets.ts';
import { listNodeProcesses } from './list.ts';
import { describeProcess, type NodeProcess } from './node-process.ts';
import { readTargetInfo } from './target-info.ts';

/** What the user wrote, before anybody looked for it. */
export type TargetSpec =
  | { kind: 'pid'; pid: number }
  | { kind: 'port'; port: number }
  | { kind: 'inspector'; url: string }
  | { kind: 'name'; name: string };

/** One process, or an inspector reached over the network. */
export type ResolvedTarget =
  | { kind: 'inspector'; url: string }
  | {
      kind: 'process';
      pid: number;
      info: TargetInfo;
      uid: number;
      /** False: in a container or the like, its ports are not ours. Unknown counts as true. */
      netNamespaceIsOurs: boolean;
      mntNamespaceIsOurs: boolean;
      /** Stopped (SIGSTOP, a debugger): it will answer nothing. */
      stopped: boolean;
    };

/**
 * The target grammar: `4711`, `:3000`, `127.0.0.1:9229`, `ws://…`, `http://…`, or a name.
 * Throws E_USAGE for an empty target or an impossible port.
 */
export function parseTarget(text: string): TargetSpec {
  const target = text.trim();
  if (target === '') {
    throw new HolterError('E_USAGE', 'no target given', {
      hint: 'holter doctor <pid | name | :port>, see holter ps',
    });
  }
  if (/^\d+$/.test(target)) return { kind: 'pid', pid: Number(target) };
  if (/^(ws|wss|http|https):\/\//i.test(target)) {
    if (!URL.canParse(target)) throw new HolterError('E_USAGE', `not an address: ${target}`);
    return { kind: 'inspector', url: target };
  }
  const port = /^:(\d+)$/.exec(target);
  if (port !== null) return { kind: 'port', port: checkedPort(port[1]!) };
  const address = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):(\d{1,5})$/i.exec(target);
  if (address !== null) return { kind: 'inspector', url: `http://${address[1]}:${checkedPort(address[2]!)}` };
  return { kind: 'name', name: target };
}

function checkedPort(text: string): number {
  const port = Number(text);
  if (port >= 1 && port <= 65_535) return port;
  throw new HolterError('E_USAGE', `not a port: ${text}`, { hint: 'ports go from 1 to 65535' });
}

export interface ResolveOptions {
  /** Process that is never meant by a name, nor are its children: holter itself by default. */
  ownPid?: number;
}

/**
 * Finds the one process a target names; never guesses. Touches nothing: reads /proc.
 *
 * Throws E_NO_SUCH_PROCESS, E_NO_MATCH, E_FILE_NOT_FOUND for a path, E_SEVERAL_MATCHES (lists them), E_NOT_NODE, E_OTHER_RUNTIME, E_ZOMBIE, E_PERMISSION;
 * E_PLATFORM off Linux for everything but an inspector's address; E_USAGE as in parseTarget.
 */
export async function resolveTarget(text: string, options: ResolveOptions = {}): Promise<ResolvedTarget> {
  const spec = parseTarget(text);
  if (spec.kind === 'inspector') return spec;
  if (process.platform !== 'linux') {
    throw new HolterError(
      'E_PLATFORM',
      `cannot look for processes on ${process.platform}: needs Linux' /proc`,
      {
        hint: 'start the app with --inspect and name its inspector: holter doctor 127.0.0.1:9229',
      },
    );
  }
  if (spec.kind === 'pid') return resolveProcess(outerPid(spec.pid));
  const rows = await listNodeProcesses({ cpuMs: 0 });
  if (spec.kind === 'port') return resolveProcess(pidOnPort(spec.port, rows));
  return resolveProcess(pidByName(spec.name, withoutOurselves(rows, options.ownPid ?? process.pid)));
}

/** A pid as seen from here; one from inside a container is looked for among the inner pids when no outer one has it. */
function outerPid(pid: number): number {
  if (readProcessStat(pid) !== undefined) return pid;
  const inner = listPids().filter((outer) => readProcessStatus(outer)?.namespacePids.slice(1).includes(pid));
  if (inner.length > 1) {
    throw new HolterError(
      'E_SEVERAL_MATCHES',
      `there is no process ${pid} here, but ${inner.length} containers have one: ${inner.join(', ')}`,
      { hint: 'use the pid as seen from here (holter ps)' },
    );
  }
  if (inner[0] !== undefined) return inner[0];
  throw new HolterError('E_NO_SUCH_PROCESS', `there is no process ${pid}`, {
    hint: 'holter ps lists the Node processes',
  });
}

function pidByName(name: string, rows: readonly NodeProcess[]): number {
  const exact = rows.filter(({ names }) => names.includes(name));
  const found = exact.length > 0 ? exact : rows.filter((row) => contains(row, name));
  if (found.length === 0 && /^\.{0,2}\//.test(name))
    throw new HolterError('E_FILE_NOT_FOUND', `there is no file ${name}, and no Node process is called so`, {
      hint: 'a file written by holter or another tool, or a process: holter ps lists them',
    });
  return theOnly(found, `"${name}"`, `no Node process is called "${name}"`);
}

function contains({ names, command }: NodeProcess, part: string): boolean {
  const wanted = part.toLowerCase();
  return [...names, command].some((text) => text.toLowerCase().includes(wanted));
}

function pidOnPort(port: number, rows: readonly NodeProcess[]): number {
  const found = rows.filter(({ ports, inspector }) => ports.includes(port) || inspector === port);
  if (found.length === 0 && readListeningSockets('self').some((socket) => socket.port === port)) {
    const hidden = rows.some(({ problem }) => problem !== null);
    throw new HolterError(
      hidden ? 'E_PERMISSION' : 'E_NOT_NODE',
      `something listens on port ${port}, but no Node process that may be looked at`,
      {
        hint: hidden
          ? 'run holter as root (sudo) to see the ports of other users'
          : `see who: ss -ltnp 'sport = :${port}'`,
      },
    );
  }
  // A cluster's primary holds the socket, its workers do the work: which of them is meant is the user's to say.
  const primaries = new Set(found.filter(({ cluster }) => cluster === 'primary').map(({ pid }) => pid));
  for (const row of rows) {
    if (row.cluster === 'worker' && primaries.has(row.ppid) && !found.includes(row)) found.push(row);
  }
  return theOnly(found, `port ${port}`, `no Node process listens on port ${port}`);
}

const LISTED = 12;

function theOnly(found: readonly NodeProcess[], what: string, none: string): number {
  const [first] = found;
  if (first === undefined)
    throw new HolterError('E_NO_MATCH', none, { hint: 'holter ps lists the Node processes' });
  if (found.length === 1) return first.pid;
  const lines = found.slice(0, LISTED).map(({ pid, name, command, cluster }) => {
    const role = cluster === null ? '' : `  cluster ${cluster}`;
    return `  ${pid}  ${onLine(name, 30)}  ${onLine(command, 60)}${role}`;
  });
  if (found.length > LISTED) lines.push(`  and ${found.length - LISTED} more: holter ps`);
  throw new HolterError(
    'E_SEVERAL_MATCHES',
    `${found.length} Node processes match ${what}:\n${lines.join('\n')}`,
    {
      hint: `name one by its pid, e.g. ${first.pid}`,
    },
  );
}

/** Titles and arguments are the target's to choose: no control characters on our terminal, no flood. */
function onLine(text: string, width: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : plain;
}

/** Neither holter itself nor what it started, nor the npx, npm or sudo that started holter, which carry the target's name too. */
function withoutOurselves(rows: readonly NodeProcess[], ownPid: number): NodeProcess[] {
  const ours = new Set([ownPid]);
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  for (let pid = readProcessStat(ownPid)?.ppid ?? 0, steps = 0; pid > 1 && steps < 64; steps++) {
    const parent = byPid.get(pid);
    if (parent !== undefined && !/\b(npx|npm|pnpm|yarn|holter)\b/.test(parent.command)) break;
    ours.add(pid);
    pid = readProcessStat(pid)?.ppid ?? 0;
  }
  const isChild = (row: NodeProcess): boolean => {
    for (let pid = row.ppid, steps = 0; pid > 1 && steps < 64; steps++) {
      if (pid === ownPid) return true;
      pid = byPid.get(pid)?.ppid ?? readProcessStat(pid)?.ppid ?? 0;
    }
    return false;
  };
  return rows.filter((row) => !ours.has(row.pid) && !isChild(row));
}

const RUNTIME_NAMES = { electron: 'Electron', deno: 'Deno', bun: 'Bun' } as const;

function resolveProcess(pid: number): ResolvedTarget {
  const status = readProcessStatus(pid);
  const identity = describeProcess(pid);
  if (status === undefined || identity === undefined) {
    throw new HolterError('E_NO_SUCH_PROCESS', `process ${pid} has ended`, {
      hint: 'holter ps lists the Node processes',
    });
  }
  const comm = onLine(identity.stat.comm, 15);
  if (status.state === 'Z' || status.state === 'X') {
    throw new HolterError(
      'E_ZOMBIE',
      `process ${pid} (${comm}) has ended and waits for its parent ${identity.stat.ppid}`,
      {
        hint: 'there is nothing left to look at; its parent must collect it (wait)',
      },
    );
  }
  if (identity.denied || probeLink(`/proc/${pid}/fd/0`) === 'denied') {
    throw new HolterError(
      'E_PERMISSION',
      `process ${pid} (${comm}) belongs to another user (uid ${status.uid})`,
      {
        hint: 'run the same command as that user or as root (sudo)',
      },
    );
  }
  if (identity.kind === 'none') {
    throw new HolterError('E_NOT_NODE', `process ${pid} (${comm}) is not a Node.js process`, {
      hint: 'holter ps lists the Node processes',
    });
  }
  if (identity.kind !== 'node') {
    throw new HolterError(
      'E_OTHER_RUNTIME',
      `process ${pid} (${comm}) runs ${RUNTIME_NAMES[identity.kind]}, not Node.js`,
      {
        hint: 'holter ps lists the Node processes',
      },
    );
  }
  return {
    kind: 'process',
    pid,
    info: readTargetInfo(pid),
    uid: status.uid,
    netNamespaceIsOurs: sharesNamespace(pid, 'net'),
    mntNamespaceIsOurs: sharesNamespace(pid, 'mnt'),
    stopped: /[Tt]/.test(status.state),
  };
}
