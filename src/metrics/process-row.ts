import type { Bytes, Milliseconds, Percent, Seconds } from '../base/units.ts';

/** What one look at a process from outside tells; NaN where the kernel does not say. */
export interface ProcessReading {
  /** All threads together, of one core, since the look before. */
  cpuPercent: Percent;
  /** Main thread alone. */
  mainPercent: Percent;
  /** Main thread runnable but without a CPU, of wall time. */
  waitPercent: Percent;
  rssBytes: Bytes;
  threads: number;
  /** One letter as in ProcessState of linux/. */
  state: string;
}

/** One row of the table of `holter top`. */
export interface ProcessRow extends ProcessReading {
  pid: number;
  name: string;
  /** Without `v`; null unknown. */
  node: string | null;
  /** TCP ports it listens on. */
  ports: readonly number[];
  uptimeSeconds: Seconds;
  /** Trend of RSS over the last minute at most; 0 when it is not different from level, NaN while nobody can tell yet. */
  rssPerMinute: Bytes;
  /** `cpuPercent` of the last looks, oldest first. */
  history: readonly number[];
  /** How long ago it was found gone; undefined while it runs. */
  endedMs?: Milliseconds;
  problem: string | null;
}
