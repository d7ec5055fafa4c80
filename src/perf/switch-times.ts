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
  #lastTid = -1;
  #last: { pid: number; time: FloatList; kind: IntList } | undefined;

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  add(pid: number, tid: number, time: number, out: boolean, preempted: boolean): void {
    let rows = tid === this.#lastTid ? this.#last : this.#rows.get(tid);
    if (rows === undefined) {
      rows = { pid, time: new FloatList(), kind: new IntList() };
      this.#rows.set(tid, rows);
    }
    this.#lastTid = tid;
    this.#last = rows;
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
    const sorted = { pid: rows.pid, time: rows.time.packed(), kind: rows.kind.packed() };
    sortByTime(sorted);
    this.#sorted.set(tid, sorted);
    return sorted;
  }
}

/**
 * Sorts in place. Records of one thread are in order but where it went to another CPU: few are off, and by few places. A
 * file in real disorder is sorted by a general sort instead.
 */
function sortByTime(switches: Switches): void {
  const { time, kind } = switches;
  let moves = 16 * time.length;
  for (let i = 1; i < time.length; i++) {
    const at = time[i]!;
    if (at >= time[i - 1]!) continue;
    const what = kind[i]!;
    let to = i;
    while (to > 0 && time[to - 1]! > at && moves-- > 0) {
      time[to] = time[to - 1]!;
      kind[to] = kind[to - 1]!;
      to--;
    }
    time[to] = at;
    kind[to] = what;
    if (moves > 0) continue;
    const order = Int32Array.from(time, (_, index) => index).sort((a, b) => time[a]! - time[b]! || a - b);
    switches.time = Float64Array.from(order, (index) => time[index]!);
    switches.kind = Int32Array.from(order, (index) => kind[index]!);
    return;
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
