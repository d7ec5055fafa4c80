import type { Milliseconds } from '../base/units.ts';
import { LatencyHistogram } from './histogram.ts';
import type { LoadResult } from './load-result.ts';

export type LoadSecond = LoadResult['perSecond'][number];

/** Counts what the connections tell. Times are ms after the start of the load. */
export class LoadTally {
  readonly measured: LatencyHistogram = new LatencyHistogram();
  /** With the time each request was held up; stays empty without a rate. */
  readonly corrected: LatencyHistogram = new LatencyHistogram();
  /** How late requests left by the fault of our own timers. */
  readonly lateness: LatencyHistogram = new LatencyHistogram();
  readonly statuses: Map<number, number> = new Map();
  readonly reasons: Map<string, number> = new Map();
  readonly seconds: LoadSecond[] = [];
  responses = 0;
  errors = 0;
  timeouts = 0;
  bytes = 0;
  /** Of the last answer or failure. */
  lastAt: Milliseconds = 0;
  readonly #isPaced: boolean;
  readonly #onSecond: ((second: LoadSecond) => void) | undefined;
  readonly #second: LatencyHistogram = new LatencyHistogram();
  #secondErrors = 0;

  constructor(options: { isPaced: boolean; onSecond?: ((second: LoadSecond) => void) | undefined }) {
    this.#isPaced = options.isPaced;
    this.#onSecond = options.onSecond;
  }

  answered(
    at: Milliseconds,
    answer: { status: number; bytes: number; busy: Milliseconds; held: Milliseconds },
  ): void {
    this.closeSeconds(at);
    this.lastAt = at;
    this.responses++;
    this.bytes += answer.bytes;
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    this.measured.record(answer.busy);
    if (this.#isPaced) this.corrected.record(answer.busy + answer.held);
    this.#second.record(answer.busy + answer.held);
  }

  failed(at: Milliseconds, reason: string): void {
    this.closeSeconds(at);
    this.lastAt = at;
    this.errors++;
    this.#secondErrors++;
    // Reasons hold ports and addresses; a hostile server must not fill the memory with them.
    if (this.reasons.size < 100 || this.reasons.has(reason))
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  timedOut(at: Milliseconds): void {
    this.closeSeconds(at);
    this.lastAt = at;
    this.timeouts++;
    this.#secondErrors++;
  }

  /** Writes the row of every whole second that has passed before `at`, those without an answer too. */
  closeSeconds(at: Milliseconds): void {
    while (at >= (this.seconds.length + 1) * 1000) {
      const row: LoadSecond = {
        at: this.seconds.length * 1000,
        requests: this.#second.count,
        errors: this.#secondErrors,
        p50: this.#second.percentile(50),
        p99: this.#second.percentile(99),
      };
      this.seconds.push(row);
      this.#second.reset();
      this.#secondErrors = 0;
      this.#onSecond?.(row);
    }
  }

  /** 2xx answers. */
  get ok(): number {
    let ok = 0;
    for (const [status, count] of this.statuses) if (status >= 200 && status < 300) ok += count;
    return ok;
  }

  /** Reasons of errors, most frequent first. */
  get worstReasons(): [string, number][] {
    return [...this.reasons].sort(([, one], [, other]) => other - one);
  }
}
