import type { Milliseconds, Seconds } from '../base/units.ts';

/** Percentiles in ms that every result carries, by their usual names. */
export interface LatencyPercentiles {
  min: Milliseconds;
  mean: Milliseconds;
  p50: Milliseconds;
  p75: Milliseconds;
  p90: Milliseconds;
  p95: Milliseconds;
  p99: Milliseconds;
  p999: Milliseconds;
  max: Milliseconds;
  /** Standard deviation. */
  stddev: Milliseconds;
}

/** What a load test gave (`holter.load/1`); also kept as `load.json` in a recording. */
export interface LoadResult {
  schema: 'holter.load/1';
  url: string;
  method: string;
  /** ISO time of the first request. */
  startedAt: string;
  /** CLOCK_MONOTONIC of the first request in µs. */
  startedMonotonicUs: number;
  seconds: Seconds;
  connections: number;
  /** Requests per second that were asked for; absent: as fast as the connections allow (closed loop). */
  rate?: number;
  requests: { total: number; ok: number; non2xx: number; errors: number; timeouts: number };
  /** Mean per second, responses of any status. */
  throughput: { requestsPerSecond: number; bytesPerSecond: number };
  /** `corrected`: waiting time of requests that a constant rate would have sent is included. */
  latency: LatencyPercentiles & { corrected: boolean };
  /** As measured, when `latency` is corrected. */
  uncorrectedLatency?: LatencyPercentiles;
  /** Responses by status class and code: `{"200": 9120, "503": 3}`. */
  statuses: Record<string, number>;
  /** Bars of the histogram, ascending; `to` exclusive, ms. Counts are corrected when `latency` is. */
  histogram: { from: Milliseconds; to: Milliseconds; count: number }[];
  /** One row per whole second: `at` in ms after startedMonotonicUs; latencies of the responses of that second. */
  perSecond: { at: Milliseconds; requests: number; errors: number; p50: Milliseconds; p99: Milliseconds }[];
  /** In sentences: closed loop, rate not reached, all responses were errors … */
  notes: string[];
}
