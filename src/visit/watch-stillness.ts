import type { Milliseconds, Percent } from '../base/units.ts';
import { KeptFile } from '../linux/kept-file.ts';
import { readSystemCall } from '../linux/system-call.ts';

/** Calls in which a loop rests. */
const RESTS = /^epoll_p?wait2?$|^io_uring_enter$|^poll$|^ppoll$/;
/** A thread on a processor for so much of the time, and never waiting, is not at rest; waiting for a processor counts. */
const BUSY_PERCENT = 85;
/** Waiting for a processor for longer than this share is the machine's fault. */
const STARVED_PERCENT = 40;

/**
 * Tells from /proc since when a main thread may not have come back to its loop: it was busy all the time, or it sleeps in
 * one call that is not the loop's. A suspicion only: a loop that turns at full load looks the same, and is told apart by
 * looking at its stack.
 */
export class Stillness {
  readonly #pid: number;
  readonly #status: KeptFile;
  #waits: number | undefined;
  #since: Milliseconds | undefined;

  constructor(pid: number) {
    this.#pid = pid;
    this.#status = new KeptFile(`/proc/${pid}/task/${pid}/status`);
  }

  /** Since when it may be stuck, on the clock of `now`. */
  read(now: Milliseconds, main: Percent, wait: Percent): Milliseconds | undefined {
    const match = /^voluntary_ctxt_switches:\t(\d+)/m.exec(this.#status.read() ?? '');
    const waits = match === null ? undefined : Number(match[1]);
    const isSame = waits !== undefined && waits === this.#waits;
    this.#waits = waits;
    const isBusy = main + wait >= BUSY_PERCENT && wait < STARVED_PERCENT;
    if (!isBusy && !(isSame && this.#sleepsElsewhere())) this.#since = undefined;
    else this.#since ??= now;
    return this.#since;
  }

  close(): void {
    this.#status.close();
  }

  /** Without the right to look it is taken to rest. */
  #sleepsElsewhere(): boolean {
    const call = readSystemCall(this.#pid);
    return call !== undefined && !RESTS.test(call.name);
  }
}
