import { FloatList, IntList } from '../base/number-list.ts';
import type { Milliseconds } from '../base/units.ts';

/** A thread's time on and off the CPUs, from the records of context switches. */
export interface ThreadTime {
  pid: number;
  tid: number;
  command: string;
  onCpuMs: Milliseconds;
  /** Waiting for something. */
  offCpuMs: Milliseconds;
  /** Ready to run, but another thread had the CPU. */
  preemptedMs: Milliseconds;
  switches: number;
}

interface Switches {
  pid: number;
  time: Float64Array;
  /** OUT, PREEMPTED or IN. */
  kind: Int32Array;
}

const OUT = 0;
const PREEMPTED = 1;
const IN = 2;
/** A sample of `sched_switch` and the record of the same switch are that close, ns. */
const SAME_SWITCH = 200_000;

/** Records of context switches (PERF_RECORD_SWITCH), by thread. */
export class SwitchTimes {
  readonly #rows = new Map<number, { pid: number; time: FloatList; kind: IntList }>();
  readonly #sorted = new Map<number, Switches>();

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  add(pid: number, tid: number, time: number, out: boolean, preempted: boolean): void {
    let rows = this.#rows.get(tid);
    if (rows === undefined) {
      rows = { pid, time: new FloatList(), kind: new IntList() };
      this.#rows.set(tid, rows);
    }
    rows.time.push(time);
    rows.kind.push(out ? (preempted ? PREEMPTED : OUT) : IN);
  }

  /**
   * How long the thread that left its CPU at about `time` was away, ns; up to `end` when it did not come back. undefined:
   * there is no record of that.
   */
  awayAfter(tid: number, time: number, end: number): { ns: number; preempted: boolean } | undefined {
    const switches = this.#of(tid);
    if (switches === undefined) return undefined;
    const { time: times, kind } = switches;
    let at = firstNotBefore(times, time - SAME_SWITCH);
    while (at < times.length && kind[at] === IN) at++;
    if (at === times.length || times[at]! > time + SAME_SWITCH) return undefined;
    // Several within the tolerance: the last before the sample's own moment.
    while (at + 1 < times.length && times[at + 1]! <= time) at++;
    if (kind[at] === IN) at++;
    if (at >= times.length) return undefined;
    const preempted = kind[at] === PREEMPTED;
    let next = at + 1;
    while (next < times.length && kind[next] !== IN) next++;
    return { ns: Math.max(0, (next < times.length ? times[next]! : end) - times[at]!), preempted };
  }

  /** On and off times of all threads from `begin` to `end`, ns. */
  threads(begin: number, end: number, commandOf: (tid: number) => string): ThreadTime[] {
    const found: ThreadTime[] = [];
    for (const tid of this.#rows.keys()) {
      const { pid, time, kind } = this.#of(tid)!;
      const sums = [0, 0, 0];
      let switches = 0;
      let last = begin;
      // Before its first record a thread was what that record ended.
      let state = kind[0] === IN ? OUT : IN;
      for (let i = 0; i < time.length; i++) {
        const at = Math.min(end, Math.max(begin, time[i]!));
        sums[state]! += at - last;
        last = at;
        if (kind[i] !== IN) switches++;
        state = kind[i]!;
      }
      sums[state]! += Math.max(0, end - last);
      found.push({
        pid,
        tid,
        command: commandOf(tid),
        onCpuMs: sums[IN]! / 1e6,
        offCpuMs: sums[OUT]! / 1e6,
        preemptedMs: sums[PREEMPTED]! / 1e6,
        switches,
      });
    }
    return found.sort((a, b) => b.onCpuMs - a.onCpuMs || a.tid - b.tid);
  }

  #of(tid: number): Switches | undefined {
    const known = this.#sorted.get(tid);
    if (known !== undefined) return known;
    const rows = this.#rows.get(tid);
    if (rows === undefined) return undefined;
    const time = rows.time.packed();
    const kind = rows.kind.packed();
    const order = Int32Array.from(time, (_, i) => i).sort((a, b) => time[a]! - time[b]! || a - b);
    const sorted = {
      pid: rows.pid,
      time: Float64Array.from(order, (i) => time[i]!),
      kind: Int32Array.from(order, (i) => kind[i]!),
    };
    this.#sorted.set(tid, sorted);
    return sorted;
  }
}

function firstNotBefore(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
