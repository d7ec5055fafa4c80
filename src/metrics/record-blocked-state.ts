import { setTimeout as sleep } from 'node:timers/promises';
import type { Percent } from '../base/units.ts';
import { readCommandLine } from '../linux/command-line.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import { readCallFile, readSystemCall, readWaitChannel } from '../linux/system-call.ts';
import { listChildren, readScheduleStat } from '../linux/threads.ts';

/** What a process that does not answer is doing, as /proc tells it; the shape of StuckEvidence.native. */
export interface BlockedState {
  /** State of the main thread: R running, S sleeping, D waiting for a disk, T stopped, … */
  state: string;
  /** Kernel function it sleeps in; '' while running, or without the right to look. */
  waitChannel: string;
  /** Name of the system call it waits in; '' likewise. */
  syscall: string;
  /** Child processes with their command lines: `execSync` waits for one of them. */
  children: { pid: number; command: string }[];
  /** CPU of the main thread over 200 ms, percent of one core. */
  cpuPercent: Percent;
  /** File or socket the system call works on. */
  file?: string;
}

const LOOK_MS = 200;

/**
 * Looks at the main thread of a process that is stuck in native code or in the kernel (research/live-attach.md 2.4).
 * Takes 200 ms. undefined when the process has ended.
 */
export async function readBlockedState(pid: number): Promise<BlockedState | undefined> {
  const before = readScheduleStat(pid, pid);
  const begun = process.hrtime.bigint();
  await sleep(LOOK_MS);
  const after = readScheduleStat(pid, pid);
  const elapsedNs = Number(process.hrtime.bigint() - begun);
  const stat = readProcessStat(pid);
  if (stat === undefined) return undefined;
  const call = readSystemCall(pid);
  const file = call === undefined ? undefined : readCallFile(pid, call);
  const runNs = before === undefined || after === undefined ? Number.NaN : after.runNs - before.runNs;
  return {
    state: stat.state,
    waitChannel: readWaitChannel(pid),
    syscall: call?.name ?? '',
    children: listChildren(pid).map((child) => ({ pid: child, command: commandOf(child) })),
    cpuPercent: Math.min(100, (100 * runNs) / elapsedNs),
    ...(file === undefined ? {} : { file }),
  };
}

/** Arguments joined; the comm in brackets, as ps shows it, when there are none. */
function commandOf(pid: number): string {
  const { args } = readCommandLine(pid);
  return args.length > 0 ? args.join(' ') : `[${readProcessStat(pid)?.comm ?? '?'}]`;
}
