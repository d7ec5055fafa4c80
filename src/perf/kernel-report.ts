import type { Seconds } from '../base/units.ts';
import { type DurationSummary, DurationTally } from './duration-tally.ts';
import type { TraceEvent } from './kernel-events.ts';

/** What the kernel saw of a process: how long libuv's pool, its loop, V8's collections and system calls took. */
export interface KernelReport {
  seconds: Seconds;
  pool: {
    /** From when a task was given to the pool to when a thread took it. */
    wait: DurationSummary;
    /** How long tasks ran, by what they do: `fs`, `work` (crypto, zlib, addons), `getaddrinfo` … */
    run: { kind: string; run: DurationSummary }[];
  };
  loop: {
    /** Waiting for events: in epoll. */
    wait: DurationSummary;
    /** One turn of the loop without that: its callbacks. */
    busy: DurationSummary;
  };
  gc: { kind: string; pause: DurationSummary }[];
  /** By time; `main`: of the main thread. */
  systemCalls: { name: string; main: DurationSummary; others: DurationSummary }[];
  /** Why threads were not on a CPU, by time: the system call they were in, or that another thread ran. */
  offCpu: { thread: 'main' | 'others'; why: string; away: DurationSummary }[];
  events: number;
  lost: number;
  /** Parts that this kernel or binary does not have, and why. */
  missing: { part: string; why: string }[];
}

/** Offset of the part that libuv queues within a uv_work_t (uv.h: the request's own fields come before `work_req`). */
export const WORK_REQUEST_OFFSET = 88;
/** V8: GarbageCollector, src/common/globals.h. */
const COLLECTORS: Readonly<Record<number, string>> = {
  0: 'scavenge',
  1: 'mark-compact',
  2: 'minor mark-sweep',
};
/** arch/x86/entry/syscalls/syscall_64.tbl, since Linux 6.11. */
const URETPROBE = 335;
/** Tasks whose begin was not seen; no pool has a longer queue. */
const MOST_QUEUED = 200_000;

/** Adds events up as they come. Times are the kernel's, in seconds. */
export class KernelTally {
  events = 0;
  readonly #pid: number;
  readonly #nameOf: (number: number) => string;
  readonly #queued = new Map<string, number>();
  readonly #wait = new DurationTally();
  readonly #run = new Map<string, DurationTally>();
  readonly #running = new Map<number, { kind: string; since: number }>();
  readonly #waits = new DurationTally();
  readonly #busy = new DurationTally();
  /** When the turn of the loop began, and how long it has waited in it so far, ms. */
  #turn = Number.NaN;
  #waited = 0;
  readonly #gc = new Map<string, DurationTally>();
  readonly #collecting = new Map<number, { kind: string; since: number }[]>();
  readonly #calling = new Map<number, { name: string; since: number }>();
  readonly #calls = new Map<string, { main: DurationTally; others: DurationTally }>();
  readonly #away = new Map<number, { why: string; since: number }>();
  readonly #offCpu = new Map<string, DurationTally>();

  /** @param nameOf of system calls by number */
  constructor(pid: number, nameOf: (number: number) => string) {
    this.#pid = pid;
    this.#nameOf = nameOf;
  }

  add(event: TraceEvent): void {
    this.events++;
    const { name, tid, time, fields } = event;
    switch (name) {
      case 'queue_work':
      case 'submit': {
        const word = BigInt(/w=(\S+)/.exec(fields)?.[1] ?? 0);
        const key = String(name === 'queue_work' ? word + BigInt(WORK_REQUEST_OFFSET) : word);
        // Where one calls the other both are seen: the first is the earlier.
        if (!this.#queued.has(key) && this.#queued.size < MOST_QUEUED) this.#queued.set(key, time);
        return;
      }
      case 'sys_enter':
        this.#enterCall(tid, time, Number(/NR (-?\d+)/.exec(fields)?.[1]));
        return;
      case 'sys_exit':
        this.#endCall(tid, time);
        return;
      case 'sched_switch':
        this.#switch(fields, time);
        return;
      case 'poll_begin':
        if (tid !== this.#pid) return;
        // libuv runs the callbacks of sockets within: what is left when epoll is taken off is the work of a turn.
        if (!Number.isNaN(this.#turn)) this.#busy.add((time - this.#turn) * 1000 - this.#waited);
        this.#turn = time;
        this.#waited = 0;
        return;
      case 'gc_begin': {
        const kind = COLLECTORS[Number(/c=(\d+)/.exec(fields)?.[1])] ?? 'collection';
        const open = this.#collecting.get(tid) ?? [];
        open.push({ kind, since: time });
        this.#collecting.set(tid, open);
        return;
      }
      case 'gc_end': {
        const begun = this.#collecting.get(tid)?.pop();
        if (begun !== undefined) tallyOf(this.#gc, begun.kind).add((time - begun.since) * 1000);
        return;
      }
      default:
        this.#poolEvent(name, tid, time, fields);
    }
  }

  #poolEvent(name: string, tid: number, time: number, fields: string): void {
    const [, kind, edge] = /^run_(\w+)_(begin|end)$/.exec(name) ?? [];
    if (kind === undefined) return;
    if (edge === 'begin') {
      const key = String(BigInt(/w=(\S+)/.exec(fields)?.[1] ?? 0));
      const since = this.#queued.get(key);
      if (since !== undefined) this.#wait.add((time - since) * 1000);
      this.#queued.delete(key);
      this.#running.set(tid, { kind, since: time });
      return;
    }
    const begun = this.#running.get(tid);
    this.#running.delete(tid);
    if (begun?.kind === kind) tallyOf(this.#run, kind).add((time - begun.since) * 1000);
  }

  #enterCall(tid: number, time: number, number: number): void {
    // How a return probe of ours comes back: no call of the program.
    if (number !== URETPROBE) this.#calling.set(tid, { name: this.#nameOf(number), since: time });
  }

  #endCall(tid: number, time: number): void {
    const call = this.#calling.get(tid);
    if (call === undefined) return;
    this.#calling.delete(tid);
    const ms = (time - call.since) * 1000;
    if (tid === this.#pid && call.name.startsWith('epoll_') && call.name !== 'epoll_ctl') {
      this.#waits.add(ms);
      this.#waited += ms;
    }
    let tallies = this.#calls.get(call.name);
    if (tallies === undefined) {
      tallies = { main: new DurationTally(), others: new DurationTally() };
      this.#calls.set(call.name, tallies);
    }
    tallies[tid === this.#pid ? 'main' : 'others'].add(ms);
  }

  #switch(fields: string, time: number): void {
    const previous = Number(/prev_pid=(\d+)/.exec(fields)?.[1]);
    const next = Number(/next_pid=(\d+)/.exec(fields)?.[1]);
    const state = /prev_state=(\S+)/.exec(fields)?.[1] ?? '';
    if (previous > 0) {
      const why = state.startsWith('R')
        ? 'ready to run, no CPU'
        : (this.#calling.get(previous)?.name ??
          (state.startsWith('D') ? 'the disk or a page' : 'no system call'));
      this.#away.set(previous, { why, since: time });
    }
    const away = this.#away.get(next);
    if (away === undefined) return;
    this.#away.delete(next);
    tallyOf(this.#offCpu, `${next === this.#pid ? 'main' : 'others'} ${away.why}`).add(
      (time - away.since) * 1000,
    );
  }

  report(rest: Pick<KernelReport, 'seconds' | 'lost' | 'missing'>): KernelReport {
    const byTotal = (a: DurationSummary, b: DurationSummary): number => b.totalMs - a.totalMs;
    return {
      seconds: rest.seconds,
      pool: {
        wait: this.#wait.summary(),
        run: [...this.#run]
          .map(([kind, run]) => ({ kind, run: run.summary() }))
          .sort((a, b) => byTotal(a.run, b.run)),
      },
      loop: { wait: this.#waits.summary(), busy: this.#busy.summary() },
      gc: [...this.#gc]
        .map(([kind, pause]) => ({ kind, pause: pause.summary() }))
        .sort((a, b) => byTotal(a.pause, b.pause)),
      systemCalls: [...this.#calls]
        .map(([name, { main, others }]) => ({ name, main: main.summary(), others: others.summary() }))
        .sort((a, b) => b.main.totalMs - a.main.totalMs || byTotal(a.others, b.others)),
      offCpu: [...this.#offCpu]
        .map(([key, away]) => ({
          thread: key.startsWith('main ') ? ('main' as const) : ('others' as const),
          why: key.slice(key.indexOf(' ') + 1),
          away: away.summary(),
        }))
        .sort((a, b) => a.thread.localeCompare(b.thread) || byTotal(a.away, b.away)),
      events: this.events,
      lost: rest.lost,
      missing: rest.missing,
    };
  }
}

function tallyOf(tallies: Map<string, DurationTally>, key: string): DurationTally {
  let tally = tallies.get(key);
  if (tally === undefined) {
    tally = new DurationTally();
    tallies.set(key, tally);
  }
  return tally;
}
