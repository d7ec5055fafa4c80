import type { Milliseconds } from '../base/units.ts';

/** Durations, added up. Percentiles are those of a sample once there are very many. */
export interface DurationSummary {
  count: number;
  totalMs: Milliseconds;
  medianMs: Milliseconds;
  p95Ms: Milliseconds;
  maxMs: Milliseconds;
}

const MOST_KEPT = 65_536;

export class DurationTally {
  count = 0;
  totalMs = 0;
  maxMs = 0;
  readonly #kept: number[] = [];

  add(ms: Milliseconds): void {
    if (!(ms >= 0)) return;
    this.count++;
    this.totalMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
    if (this.#kept.length < MOST_KEPT) this.#kept.push(ms);
    else {
      // Each of all has the same chance to be among those that are kept.
      const at = Math.floor(Math.random() * this.count);
      if (at < MOST_KEPT) this.#kept[at] = ms;
    }
  }

  summary(): DurationSummary {
    const sorted = Float64Array.from(this.#kept).sort();
    const at = (share: number): number =>
      sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
    return {
      count: this.count,
      totalMs: this.totalMs,
      medianMs: at(0.5),
      p95Ms: at(0.95),
      maxMs: this.maxMs,
    };
  }
}
