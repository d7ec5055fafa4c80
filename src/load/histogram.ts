import type { Milliseconds } from '../base/units.ts';
import { buildBars, type HistogramBar } from './histogram-bars.ts';
import type { LatencyPercentiles } from './load-result.ts';

/** Linear steps per octave, a power of two: the middle of a step is at most 1/256 = 0.39 % away from any value in it. */
const STEP_BITS = 7;
const STEPS = 1 << STEP_BITS;
/** 2^-10 ms is just under 1 µs, 2^27 ms is 37 h; what lies outside goes to the first and last bucket. */
const LOWEST_EXPONENT = -10;
const HIGHEST_EXPONENT = 27;
const BUCKETS = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * STEPS;
const LOWEST: Milliseconds = 2 ** LOWEST_EXPONENT;
/** IEEE 754 double: 11 bits of exponent, biased by 1023, then the mantissa, whose first 20 bits are in the high word. */
const FIRST_CODE = (1023 + LOWEST_EXPONENT) << STEP_BITS;
const MANTISSA_SHIFT = 20 - STEP_BITS;

const scratch: Float64Array = new Float64Array(1);
const scratchWords: Uint32Array = new Uint32Array(scratch.buffer);
const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Exponent and first mantissa bits of a double are the number of its log-linear bucket: no logarithm per value. */
function bucketOf(value: Milliseconds): number {
  if (!(value > LOWEST)) return 0;
  scratch[0] = value;
  return Math.min(BUCKETS - 1, (scratchWords[HIGH_WORD]! >>> MANTISSA_SHIFT) - FIRST_CODE);
}

function lowerEdge(bucket: number): Milliseconds {
  return 2 ** (LOWEST_EXPONENT + (bucket >> STEP_BITS)) * (1 + (bucket & (STEPS - 1)) / STEPS);
}

/**
 * Latencies in ms, counted in log-linear buckets: fixed memory (38 kB), percentiles within 0.5 % between 1 µs and 37 h;
 * count, minimum, maximum, mean and standard deviation are exact. The idea is that of HdrHistogram.
 */
export class LatencyHistogram {
  readonly #counts: Float64Array = new Float64Array(BUCKETS);
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #sumOfSquares = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts `value` `count` times; negative numbers count as 0, NaN not at all. */
  record(value: Milliseconds, count = 1): void {
    if (Number.isNaN(value) || !(count > 0)) return;
    const kept = Math.max(0, value);
    this.#counts[bucketOf(kept)]! += count;
    this.#add(count, kept, kept, kept * count, kept * kept * count);
  }

  /**
   * Counts `value` and, when it is longer than the interval at which requests should have left, the waiting time of
   * every request it held up: value − interval, value − 2 × interval … down to one interval (Gil Tene's correction for
   * coordinated omission, as in HdrHistogram's recordValueWithExpectedInterval). Bounded by the number of buckets.
   */
  recordCorrected(value: Milliseconds, expectedInterval: Milliseconds): void {
    this.record(value);
    if (!(expectedInterval > 0) || !Number.isFinite(value)) return;
    // Those held up are an arithmetic series; all of its terms in one bucket are counted at once.
    const held = Math.floor(value / expectedInterval) - 1;
    for (let done = 0; done < held; ) {
      const first = value - (done + 1) * expectedInterval;
      const bucket = bucketOf(first);
      const fitting = bucket === 0 ? held : Math.floor((first - lowerEdge(bucket)) / expectedInterval) + 1;
      const terms = Math.min(held - done, Math.max(1, fitting));
      const last = first - (terms - 1) * expectedInterval;
      const middle = (first + last) / 2;
      this.#counts[bucket]! += terms;
      const spread = (expectedInterval * expectedInterval * terms * (terms * terms - 1)) / 12;
      this.#add(terms, last, first, terms * middle, terms * middle * middle + spread);
      done += terms;
    }
  }

  /** Adds all that `other` counted. */
  merge(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#add(other.#count, other.#min, other.#max, other.#sum, other.#sumOfSquares);
  }

  /** Forgets everything, keeps the memory. */
  reset(): void {
    this.#counts.fill(0);
    this.#count = this.#sum = this.#sumOfSquares = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }

  /** The smallest value that `percent` (0–100) of all values do not exceed (nearest rank); NaN when nothing was counted. */
  percentile(percent: number): Milliseconds {
    if (this.#count === 0) return Number.NaN;
    // 99.9 % of 1000 is 999, not the 999.0000000000001 of binary fractions.
    const rank = Math.ceil((percent / 100) * this.#count - 1e-6);
    if (rank <= 1) return this.#min;
    if (rank >= this.#count) return this.#max;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, middleOf(bucket)));
    }
    return this.#max;
  }

  /** The usual percentiles; every one NaN when nothing was counted. */
  summarise(): LatencyPercentiles {
    const isEmpty = this.#count === 0;
    const mean = this.#sum / this.#count;
    return {
      min: isEmpty ? Number.NaN : this.#min,
      mean,
      p50: this.percentile(50),
      p75: this.percentile(75),
      p90: this.percentile(90),
      p95: this.percentile(95),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: isEmpty ? Number.NaN : this.#max,
      stddev: Math.sqrt(Math.max(0, this.#sumOfSquares / this.#count - mean * mean)),
    };
  }

  /** At most `most` bars with round, log-spaced edges from the smallest to the largest value, empty ones between them included. */
  bars(most = 16): HistogramBar[] {
    return buildBars(this.#filledBuckets(), most);
  }

  #filledBuckets(): { value: Milliseconds; count: number }[] {
    const filled: { value: Milliseconds; count: number }[] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0)
        filled.push({
          value: Math.max(LOWEST, Math.min(this.#max, Math.max(this.#min, middleOf(bucket)))),
          count,
        });
    });
    return filled;
  }

  #add(count: number, min: Milliseconds, max: Milliseconds, sum: number, sumOfSquares: number): void {
    this.#count += count;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
    this.#sum += sum;
    this.#sumOfSquares += sumOfSquares;
  }
}

function middleOf(bucket: number): Milliseconds {
  return bucket === 0 ? LOWEST : (lowerEdge(bucket) + lowerEdge(bucket + 1)) / 2;
}
