import type { LoadResult } from './load-result.ts';

/** A constant-rate test of a server that stood still twice. */
export function drawLoad(changes: Partial<LoadResult> = {}): LoadResult {
  return {
    schema: 'holter.load/1',
    url: 'http://localhost:3000/checkout',
    method: 'GET',
    startedAt: '2026-11-22T22:14:07.000Z',
    startedMonotonicUs: 1_000_000,
    seconds: 10,
    connections: 10,
    rate: 100,
    requests: { total: 1000, ok: 988, non2xx: 8, errors: 3, timeouts: 1 },
    throughput: { requestsPerSecond: 99.6, bytesPerSecond: 13_400 },
    latency: {
      ...{ min: 0.4, mean: 25.3, p50: 1.2, p75: 1.6, p90: 42, p95: 131, p99: 212, p999: 880, max: 902 },
      stddev: 61.4,
      corrected: true,
    },
    uncorrectedLatency: {
      ...{ min: 0.4, mean: 3.1, p50: 1.2, p75: 1.5, p90: 1.9, p95: 2.4, p99: 4.8, p999: 880, max: 902 },
      stddev: 12,
    },
    statuses: { 200: 988, 503: 8 },
    histogram: [
      { from: 0.2, to: 0.5, count: 9 },
      { from: 0.5, to: 1, count: 310 },
      { from: 1, to: 2, count: 520 },
      { from: 2, to: 5, count: 31 },
      { from: 5, to: 10, count: 0 },
      { from: 10, to: 20, count: 2 },
      { from: 20, to: 50, count: 34 },
      { from: 50, to: 100, count: 32 },
      { from: 100, to: 200, count: 46 },
      { from: 200, to: 500, count: 10 },
      { from: 500, to: 1000, count: 2 },
    ],
    perSecond: [100, 100, 98, 60, 140, 100, 99, 101, 62, 136].map((requests, index) => ({
      at: index * 1000,
      requests,
      errors: index === 3 ? 4 : 0,
      p50: 1.2,
      p99: requests > 120 ? 620 : requests < 80 ? Number.NaN : 4,
    })),
    notes: [
      '3 errors and 1 timeout: read ECONNRESET (3); requests without an answer are not in the latencies',
      'constant rate: latencies count from the time each request was due, so a stall counts for every request it held up (coordinated omission corrected)',
    ],
    ...changes,
  };
}
