import type { Bytes } from '../base/units.ts';
import { PROC, readTextIfAny } from './proc-file.ts';

/** CPU time of the whole machine since boot, all cores added, in clock ticks. */
export interface MachineCpu {
  busyTicks: number;
  /** Time another guest of the hypervisor had our CPU. */
  stealTicks: number;
  totalTicks: number;
}

/** Parses the first line of `/proc/stat` (proc_stat(5)); undefined when it is not there. */
export function parseMachineCpu(text: string): MachineCpu | undefined {
  const match = /^cpu +([\d ]+)/m.exec(text);
  if (match === null) return undefined;
  // guest and guest_nice are already contained in user and nice.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = match[1]!
    .trim()
    .split(/\s+/)
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { busyTicks: busy, stealTicks: steal, totalTicks: busy + idle + iowait };
}

/** CPU time of the whole machine; undefined where /proc/stat is hidden. */
export function readMachineCpu(proc: string = PROC): MachineCpu | undefined {
  return parseMachineCpu(readTextIfAny(`${proc}/stat`) ?? '');
}

/** Memory of the machine; fields are NaN when unknown. */
export interface MachineMemory {
  totalBytes: Bytes;
  /** What can be had without swapping (MemAvailable). */
  availableBytes: Bytes;
}

/** Reads `/proc/meminfo`. */
export function readMachineMemory(proc: string = PROC): MachineMemory {
  const text = readTextIfAny(`${proc}/meminfo`) ?? '';
  const kilobytes = (key: string): number =>
    Number(new RegExp(`^${key}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { totalBytes: kilobytes('MemTotal') * 1024, availableBytes: kilobytes('MemAvailable') * 1024 };
}

/** Proportional set size from `smaps_rollup`: RSS with shared pages divided among their users. undefined without the right. */
export function parseProportionalBytes(text: string): Bytes | undefined {
  const match = /^Pss: +(\d+) kB/m.exec(text);
  return match === null ? undefined : Number(match[1]) * 1024;
}
