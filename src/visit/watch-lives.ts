import { dirname } from 'node:path';
import type { Milliseconds } from '../base/units.ts';
import { readCommandLine } from '../linux/command-line.ts';
import { PROC, readLinkIfAny, readTextIfAny } from '../linux/proc-file.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import type { ProcessRow } from '../metrics/process-row.ts';
import { describeProcess, newListingContext, readNodeProcess } from '../target/node-process.ts';
import { monotonicMs } from './clock.ts';
import { ProcessWatch } from './watch-processes.ts';
import { Stillness } from './watch-stillness.ts';

/** One process from its first look to its end. Another one that gets its pid is another life. */
export interface Life {
  /** Pid and start time: unique until the next boot. */
  key: string;
  pid: number;
  startTicks: number;
  row: ProcessRow;
  names: readonly string[];
  uid: number;
  cluster: 'primary' | 'worker' | null;
  cwd: string;
  /** On the monotonic clock. */
  at: Milliseconds;
  stillSince: Milliseconds | undefined;
}

export interface LivesLook {
  lives: readonly Life[];
  began: readonly Life[];
  ended: readonly { life: Life; how: ExitHow | undefined }[];
}

/** How it ended; only known while its parent has not asked for it yet. */
export interface ExitHow {
  code?: number;
  signal?: string;
}

interface Kept {
  life: Life;
  still: Stillness;
  asked: Milliseconds;
}

/** Names are asked for again so long after the first look: titles are set late. */
const ASK_AGAIN_MS: Milliseconds = 6000;

/** All Node processes, look by look, as they come and go. Reads /proc only. */
export class Lives {
  readonly #processes: ProcessWatch;
  readonly #kept = new Map<number, Kept>();

  readonly #own: string;
  readonly #ignored = new Set<string>();

  /** @param own folder of holter's programs: its captures and guards are no targets */
  constructor(own: string) {
    this.#own = own;
    this.#processes = new ProcessWatch();
  }

  look(): LivesLook {
    const at = monotonicMs();
    const rows = this.#processes.look();
    const began: Life[] = [];
    const ended: { life: Life; how: ExitHow | undefined }[] = [];
    const alive = new Map(rows.filter(({ endedMs }) => endedMs === undefined).map((row) => [row.pid, row]));
    for (const [pid, kept] of this.#kept) {
      if (alive.has(pid) && readProcessStat(pid)?.startTicks === kept.life.startTicks) continue;
      ended.push({ life: kept.life, how: readExit(pid, kept.life.startTicks) });
      kept.still.close();
      this.#kept.delete(pid);
    }
    for (const [pid, row] of alive) {
      let kept = this.#kept.get(pid);
      if (kept === undefined) {
        const stat = readProcessStat(pid);
        if (stat === undefined || this.#ignored.has(`${pid}:${stat.startTicks}`)) continue;
        if (readCommandLine(pid).args.some((word) => word.startsWith(this.#own))) {
          this.#ignored.add(`${pid}:${stat.startTicks}`);
          continue;
        }
        const life = beginLife(row, at);
        if (life === undefined) continue;
        kept = { life, still: new Stillness(pid), asked: at };
        this.#kept.set(pid, kept);
        began.push(life);
      } else if (kept.asked > 0 && at - kept.asked > ASK_AGAIN_MS) {
        kept.asked = 0;
        Object.assign(kept.life, askNames(pid) ?? {});
      }
      kept.life.row = row;
      kept.life.at = at;
      kept.life.stillSince = kept.still.read(at, row.mainPercent, row.waitPercent);
    }
    return { lives: [...this.#kept.values()].map(({ life }) => life), began, ended };
  }

  close(): void {
    this.#processes.close();
    for (const { still } of this.#kept.values()) still.close();
    this.#kept.clear();
  }
}

function beginLife(row: ProcessRow, at: Milliseconds): Life | undefined {
  const stat = readProcessStat(row.pid);
  const names = askNames(row.pid);
  if (stat === undefined || names === undefined) return undefined;
  return {
    key: `${row.pid}:${stat.startTicks}`,
    pid: row.pid,
    startTicks: stat.startTicks,
    row,
    ...names,
    cwd: readLinkIfAny(`${PROC}/${row.pid}/cwd`) ?? '',
    at,
    stillSince: undefined,
  };
}

/** Its ports are asked for elsewhere: the listening sockets of a machine are a long list. */
function askNames(pid: number): Pick<Life, 'names' | 'uid' | 'cluster'> | undefined {
  const identity = describeProcess(pid);
  if (identity === undefined) return undefined;
  const namespace = 'no sockets';
  const context = newListingContext();
  context.listeners.set(namespace, []);
  const facts = readNodeProcess(identity, namespace, context);
  return facts === undefined ? undefined : { names: facts.names, uid: facts.uid, cluster: facts.cluster };
}

const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
};

/**
 * Field 52 of `stat` (proc_pid_stat(5)) of a process that has ended and was not asked for by its parent yet: what wait(2)
 * will say. The kernel shows 0 to whom it does not let look; then nothing is said.
 */
function readExit(pid: number, startTicks: number): ExitHow | undefined {
  const stat = readProcessStat(pid);
  if (stat?.state !== 'Z' || stat.startTicks !== startTicks) return undefined;
  const text = readTextIfAny(`${PROC}/${pid}/stat`) ?? '';
  const status = Number(
    text
      .slice(text.lastIndexOf(')') + 1)
      .trim()
      .split(/\s+/)[49],
  );
  if (!Number.isInteger(status) || (status === 0 && process.getuid?.() !== 0)) return undefined;
  const signal = status & 0x7f;
  return signal === 0 ? { code: status >> 8 } : { signal: SIGNAL_NAMES[signal] ?? `signal ${signal}` };
}

/** Folder in which the kernel puts cores (core(5)); undefined: beside the program's working folder, or given to a program. */
export function coreFolder(): string | undefined {
  const pattern = (readTextIfAny(`${PROC}/sys/kernel/core_pattern`) ?? '').trim();
  if (pattern.startsWith('|'))
    return /systemd-coredump/.test(pattern) ? '/var/lib/systemd/coredump' : undefined;
  return pattern.startsWith('/') ? dirname(pattern) : undefined;
}
