import { basename } from 'node:path';
import type { Bytes, Percent, Seconds } from '../base/units.ts';
import { readCommandLine, readEnvironment } from '../linux/command-line.ts';
import { readContainer } from '../linux/container.ts';
import { readExecutable } from '../linux/executable.ts';
import { probeLink } from '../linux/proc-file.ts';
import {
  type ProcessStat,
  readProcessStat,
  readUptimeSeconds,
  TICKS_PER_SECOND,
} from '../linux/process-stat.ts';
import { type ProcessStatus, readProcessStatus } from '../linux/process-status.ts';
import { kindByName, type Runtime, type RuntimeKind, readRuntime } from '../linux/runtime-binary.ts';
import { type ListeningSocket, readListeningSockets, readSocketInodes } from '../linux/sockets.ts';
import { listThreads, readThreadStat } from '../linux/threads.ts';
import { asksForInspector, inspectorPort, parseNodeArguments, scriptName } from './node-arguments.ts';

/** One row of `holter ps`. Fields are null when they cannot be known, `problem` then says why. */
export interface NodeProcess {
  pid: number;
  ppid: number;
  uid: number;
  /** What people call it: pm2's name, its title when it set one, else the script. */
  name: string;
  /** All names it answers to in `holter <command> <name>`; the first is `name`. */
  names: string[];
  /** Without `v`, e.g. `22.23.3`. */
  node: string | null;
  /** Of one core, over about 200 ms. */
  cpuPercent: Percent | null;
  rssBytes: Bytes | null;
  threads: number | null;
  /** TCP ports it listens on, the inspector's left out; ascending. */
  ports: number[];
  uptimeSeconds: Seconds;
  /** Port of its open inspector; null when it is closed or unknown. */
  inspector: number | null;
  /** Arguments joined by blanks, or its title when that overwrote them. */
  command: string;
  /** Container seen from outside; null when it lives where holter does. */
  container: string | null;
  /** `primary`: has cluster workers here. `worker`: started by node:cluster. */
  cluster: 'primary' | 'worker' | null;
  problem: 'no permission' | null;
}

/** What runs under a pid, before anything is asked of it. */
export interface ProcessIdentity {
  pid: number;
  kind: RuntimeKind;
  runtime: Runtime;
  stat: ProcessStat;
  /** The program file could not be looked at: kind is what its name says. */
  denied: boolean;
}

/** Says which runtime a process is, Node or another; undefined when it has ended. Works without rights, by name only. */
export function describeProcess(pid: number, proc?: string): ProcessIdentity | undefined {
  const stat = readProcessStat(pid, proc);
  if (stat === undefined) return undefined;
  const none: Runtime = { kind: 'none', nodeVersion: '', openPath: '' };
  const executable = readExecutable(pid, proc);
  if (executable !== undefined) {
    const runtime = readRuntime(pid, executable.openPath, executable.path, proc);
    return { pid, kind: runtime.kind, runtime, stat, denied: false };
  }
  if (probeLink(`${proc ?? '/proc'}/${pid}/exe`) !== 'denied')
    return { pid, kind: 'none', runtime: none, stat, denied: false };
  const kind = kindFromOutside(pid, stat, proc);
  const program = readCommandLine(pid, proc).args[0] ?? '';
  // Another user's /usr/bin/node is mostly ours too, and its version is no secret.
  const runtime =
    kind === 'node' && program.startsWith('/') ? readRuntime(pid, program, program, proc) : none;
  return { pid, kind, runtime: runtime.kind === 'node' ? runtime : { ...none, kind }, stat, denied: true };
}

/** Names of the program and of threads that only Node has: both are readable for everybody. */
function kindFromOutside(pid: number, stat: ProcessStat, proc: string | undefined): RuntimeKind {
  const byName = kindByName(readCommandLine(pid, proc).args[0] ?? stat.comm);
  if (byName !== 'none') return byName;
  if (stat.comm === 'MainThread' || stat.comm === 'node-MainThread') return 'node';
  const threads = stat.threads >= 6 ? listThreads(pid, proc).slice(1, 8) : [];
  return threads.some((tid) => readThreadStat(pid, tid, proc)?.comm === 'DelayedTaskSche') ? 'node' : 'none';
}

/** Facts of a listing that hold for all of its processes and are read once. */
export interface ListingContext {
  uptimeSeconds: number;
  /** Listening sockets by network namespace. */
  listeners: Map<string, ListeningSocket[]>;
  proc?: string;
}

/** A context to pass to {@link readNodeProcess}. */
export function newListingContext(proc?: string): ListingContext {
  return {
    uptimeSeconds: readUptimeSeconds(proc),
    listeners: new Map(),
    ...(proc === undefined ? {} : { proc }),
  };
}

/** Reads one row, without CPU; undefined when the process ended meanwhile. */
export function readNodeProcess(
  identity: ProcessIdentity,
  namespace: string,
  context: ListingContext,
): NodeProcess | undefined {
  const { pid, stat } = identity;
  const { proc } = context;
  const status: ProcessStatus | undefined = readProcessStatus(pid, proc);
  if (status === undefined || status.state === 'Z') return undefined;
  const { args, titled } = readCommandLine(pid, proc);
  const environment = readEnvironment(pid, proc);
  const parsed = parseNodeArguments(titled ? args.slice(0, 1) : args, environment?.get('NODE_OPTIONS'));
  const names = namesOf(args, titled, parsed.script, parsed.scriptArguments, stat, environment);
  const own = ownListeners(pid, namespace, context);
  const inspector = findInspector(pid, own ?? [], parsed.options, proc);
  const ports = new Set((own ?? []).map(({ port }) => port).filter((port) => port !== inspector));
  return {
    pid,
    ppid: stat.ppid,
    uid: status.uid,
    name: names[0]!,
    names,
    node: identity.runtime.nodeVersion === '' ? null : identity.runtime.nodeVersion,
    cpuPercent: null,
    rssBytes: status.rssBytes,
    threads: status.threads,
    ports: [...ports].sort((left, right) => left - right),
    uptimeSeconds: Math.max(0, context.uptimeSeconds - stat.startTicks / TICKS_PER_SECOND),
    inspector,
    command: args.join(' '),
    container: readContainer(pid, environment, proc),
    cluster: environment?.has('NODE_UNIQUE_ID') === true ? 'worker' : null,
    problem: identity.denied ? 'no permission' : null,
  };
}

function namesOf(
  args: readonly string[],
  titled: boolean,
  script: string,
  scriptArguments: readonly string[],
  stat: ProcessStat,
  environment: Map<string, string> | undefined,
): string[] {
  const names: string[] = [];
  // pm2 sets both for every process it starts.
  if (environment?.has('pm_id') === true) names.push(environment.get('name') ?? '');
  if (titled) names.push(args[0] ?? '');
  else if (script !== '') {
    const file = basename(script);
    names.push(scriptName(script, scriptArguments), file, file.replace(/\.[cm]?[jt]sx?$/, ''), script);
  }
  names.push(basename(args[0] ?? '') || stat.comm);
  return [...new Set(names.filter((name) => name !== ''))];
}

/** Sockets in LISTEN that the process itself holds; undefined without the right to look. */
function ownListeners(
  pid: number,
  namespace: string,
  context: ListingContext,
): ListeningSocket[] | undefined {
  let listeners = context.listeners.get(namespace);
  if (listeners === undefined) {
    listeners = readListeningSockets(pid, context.proc);
    context.listeners.set(namespace, listeners);
  }
  // Without any listener in the namespace there is no need to read hundreds of descriptors.
  if (listeners.length === 0) return [];
  const inodes = readSocketInodes(pid, context.proc);
  return inodes === undefined ? undefined : listeners.filter(({ inode }) => inodes.has(inode));
}

/**
 * The port of an open inspector, told without connecting: the process listens on the port it was told (9229 by default),
 * or Node's thread InspectorIo (24, 26) or `--inspect=0` shows that one is open and only one loopback port can be it.
 */
function findInspector(
  pid: number,
  own: readonly ListeningSocket[],
  options: readonly string[],
  proc: string | undefined,
): number | null {
  const wanted = inspectorPort(options);
  if (own.some(({ port }) => port === wanted)) return wanted;
  const loopback = own.filter(({ address }) => address === '127.0.0.1' || address === '::1');
  if (loopback.length !== 1) return null;
  const isOpen =
    (asksForInspector(options) && wanted === 0) ||
    listThreads(pid, proc).some((tid) => readThreadStat(pid, tid, proc)?.comm === 'InspectorIo');
  return isOpen ? loopback[0]!.port : null;
}
