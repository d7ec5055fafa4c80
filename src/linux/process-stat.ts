import { PROC, readTextIfAny } from './proc-file.ts';

/** Kernel clock ticks in a second as seen from user space: USER_HZ, 100 on every architecture Node runs on. */
export const TICKS_PER_SECOND = 100;

/** One-letter state: R running, S sleeping, D waiting for a disk, T stopped, t traced, Z zombie, X dead, I idle. */
export type ProcessState = string;

/** What `/proc/PID/stat` and `/proc/PID/task/TID/stat` say (proc_pid_stat(5)). */
export interface ProcessStat {
  pid: number;
  /** Up to 15 bytes, may hold anything: blanks, `)`, newlines. */
  comm: string;
  state: ProcessState;
  ppid: number;
  /** User and system time in clock ticks. */
  userTicks: number;
  systemTicks: number;
  threads: number;
  /** Clock ticks after boot. */
  startTicks: number;
}

/** Parses a `stat` line; undefined when it is cut short. The comm ends at the *last* `)`: it may contain some itself. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  // Fields after the comm; proc_pid_stat(5) counts from 1 with state = 3, so field n is at n - 3.
  const fields = text
    .slice(close + 1)
    .trim()
    .split(/\s+/);
  if (fields.length < 20) return undefined;
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: fields[0]!,
    ppid: field(4),
    userTicks: field(14),
    systemTicks: field(15),
    threads: field(20),
    startTicks: field(22),
  };
}

/** Reads a process' `stat`; undefined when it has ended. */
export function readProcessStat(pid: number, proc: string = PROC): ProcessStat | undefined {
  const text = readTextIfAny(`${proc}/${pid}/stat`);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** Seconds since boot, from `/proc/uptime`; the clock `startTicks` counts on. NaN when unreadable. */
export function readUptimeSeconds(proc: string = PROC): number {
  return Number.parseFloat(readTextIfAny(`${proc}/uptime`) ?? '');
}

/** ISO time at which a process started, '' when unknown; exact to about 20 ms. */
export function startedAtOf(stat: ProcessStat, proc: string = PROC): string {
  const age = readUptimeSeconds(proc) - stat.startTicks / TICKS_PER_SECOND;
  return Number.isFinite(age) ? new Date(Date.now() - age * 1000).toISOString() : '';
}
