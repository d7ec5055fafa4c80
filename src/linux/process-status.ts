import type { Bytes } from '../base/units.ts';
import { PROC, readTextIfAny } from './proc-file.ts';

/** What `/proc/PID/status` says (proc_pid_status(5)); masks are bit sets with signal n at bit n - 1. */
export interface ProcessStatus {
  /** One letter, see ProcessState. */
  state: string;
  /** Effective user id. */
  uid: number;
  threads: number;
  /** Pids from the reader's pid namespace inwards; one entry when there is no inner namespace. */
  namespacePids: number[];
  tracerPid: number;
  rssBytes: Bytes;
  /** Signals blocked by the main thread. */
  blocked: bigint;
  ignored: bigint;
  caught: bigint;
  /** CPUs the main thread may run on. */
  allowedCpus: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
}

/** Parses a `status` file. Missing lines (zombies have no memory, old kernels no NSpid) give 0 or an empty list. */
export function parseProcessStatus(text: string): ProcessStatus {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    // The first wins: a newline in the process' name is escaped by the kernel, but stay safe.
    if (colon > 0 && !lines.has(line.slice(0, colon)))
      lines.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const number = (key: string): number => Number.parseInt(lines.get(key) ?? '0', 10) || 0;
  const mask = (key: string): bigint => BigInt(`0x${/^[0-9a-f]+$/i.exec(lines.get(key) ?? '')?.[0] ?? '0'}`);
  return {
    state: lines.get('State')?.[0] ?? '?',
    uid: Number(lines.get('Uid')?.split(/\s+/)[1] ?? Number.NaN),
    threads: number('Threads'),
    namespacePids: (lines.get('NSpid') ?? '').split(/\s+/).filter(Boolean).map(Number),
    tracerPid: number('TracerPid'),
    rssBytes: number('VmRSS') * 1024,
    blocked: mask('SigBlk'),
    ignored: mask('SigIgn'),
    caught: mask('SigCgt'),
    allowedCpus: countCpuList(lines.get('Cpus_allowed_list') ?? ''),
    voluntarySwitches: number('voluntary_ctxt_switches'),
    involuntarySwitches: number('nonvoluntary_ctxt_switches'),
  };
}

/** Reads a process' `status`; undefined when it has ended. `thread` = a tid of it, for a thread's own masks. */
export function readProcessStatus(
  pid: number,
  proc: string = PROC,
  thread?: number,
): ProcessStatus | undefined {
  const text = readTextIfAny(`${proc}/${pid}/${thread === undefined ? '' : `task/${thread}/`}status`);
  return text === undefined ? undefined : parseProcessStatus(text);
}

/** Is the signal with this number in the mask? Signals count from 1. */
export function hasSignal(mask: bigint, signal: number): boolean {
  return ((mask >> BigInt(signal - 1)) & 1n) === 1n;
}

/** How many CPUs a list such as `0-3,8` names (cpuset(7), list format). */
export function countCpuList(list: string): number {
  let count = 0;
  for (const part of list.split(',')) {
    const range = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    if (range !== null) count += Math.max(0, Number(range[2] ?? range[1]) - Number(range[1]) + 1);
  }
  return count;
}
