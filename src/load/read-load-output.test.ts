import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildForeignResult, readLoadOutput } from './read-load-output.ts';

const FOLDER = new URL('../../test/fixtures/load-output/', import.meta.url);
const output = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');

describe('readLoadOutput', () => {
  it('reads autocannon -j, with other output around it', () => {
    const load = readLoadOutput(`starting\n${output('autocannon-9.0.0.json')}\ndone\n`);
    expect(load).toEqual({
      tool: 'autocannon',
      url: 'http://127.0.0.1:4801/',
      seconds: 2.01,
      connections: 10,
      requests: { total: 5946, non2xx: 0, errors: 0, timeouts: 0 },
      requestsPerSecond: 2973,
      bytesPerSecond: 398336,
      latency: { min: 1, mean: 2.81, p50: 3, p75: 3, p90: 4, p99: 5, p999: 16, max: 17, stddev: 1.1 },
      statuses: { 200: 5946 },
    });
  });

  it('takes the timeouts out of autocannon’s errors', () => {
    expect(readLoadOutput(output('autocannon-9.0.0-errors.json'))).toMatchObject({
      requests: { total: 1449, non2xx: 210, errors: 0, timeouts: 20 },
      statuses: { 200: 1219, 503: 210 },
    });
  });

  it('reads wrk with and without percentiles', () => {
    const load = readLoadOutput(output('wrk-4.1.0.txt'));
    expect(load).toEqual({
      tool: 'wrk',
      url: 'http://127.0.0.1:4801/',
      seconds: 2,
      connections: 10,
      requests: { total: 6218, non2xx: 0, errors: 0, timeouts: 0 },
      requestsPerSecond: 3102.53,
      bytesPerSecond: 406 * 1024,
      latency: { mean: 3.22, stddev: 0.96, max: 9.31, p50: 3.46, p75: 3.63, p90: 4.65, p99: 5 },
    });
    expect(readLoadOutput(output('wrk-4.1.0-plain.txt'))!.latency).toEqual({
      mean: 3.2,
      stddev: 0.95,
      max: 5.58,
    });
  });

  it('reads wrk’s errors and its other units', () => {
    expect(readLoadOutput(output('wrk-4.1.0-errors.txt'))).toMatchObject({
      requests: { total: 490, non2xx: 70, errors: 14, timeouts: 0 },
      latency: { p50: 0.271, p75: 1.08 },
    });
  });

  it('reads ab', () => {
    expect(readLoadOutput(output('ab-2.3.txt'))).toEqual({
      tool: 'ab',
      url: 'http://127.0.0.1:4801/',
      seconds: 1.05,
      connections: 10,
      requests: { total: 3000, non2xx: 0, errors: 0 },
      requestsPerSecond: 2856.35,
      bytesPerSecond: 239.89 * 1024,
      latency: { min: 1, mean: 3, stddev: 1.1, max: 11, p50: 3, p75: 4, p90: 5, p95: 5, p99: 7 },
    });
  });

  it('reads hey', () => {
    expect(readLoadOutput(output('hey-0.1.4.txt'))).toMatchObject({
      tool: 'hey',
      requests: { total: 5956, non2xx: 0, errors: 0, timeouts: 0 },
      requestsPerSecond: 2971.4967,
      latency: { min: 1.2, max: 7.5, p50: 3.1, p99: 5.3 },
      statuses: { 200: 5956 },
    });
    expect(readLoadOutput(output('hey-0.1.4-errors.txt'))!.requests).toEqual({
      total: 1460,
      non2xx: 210,
      errors: 0,
      timeouts: 30,
    });
  });

  // Not captured from a run: drawn after Grafana's page "End of test".
  it('reads k6', () => {
    const summary = `
    http_req_duration..............: avg=144.56ms min=904µs med=110.47ms max=1m1.5s  p(90)=203.54ms p(95)=215.95ms
      { expected_response:true }...: avg=1ms min=1ms med=1ms max=1ms p(90)=1ms p(95)=1ms
    http_req_failed................: 1.66%  ✓ 3        ✗ 177
    http_reqs......................: 180    4.36938/s
    data_received..................: 1.3 MB 31 kB/s
`;
    expect(readLoadOutput(summary)).toEqual({
      tool: 'k6',
      requests: { total: 180, non2xx: 3 },
      requestsPerSecond: 4.36938,
      bytesPerSecond: 31_000,
      latency: { min: 0.904, mean: 144.56, p50: 110.47, p90: 203.54, p95: 215.95, max: 61_500 },
    });
    expect(readLoadOutput(summary.replace('✓ 3        ✗ 177', '3 out of 180'))!.requests).toEqual({
      total: 180,
      non2xx: 3,
    });
  });

  it('says nothing about other output', () => {
    for (const text of [
      '',
      'hello',
      output('autocannon-9.0.0.txt'),
      '{"latency": 3}',
      '{"latency":{"p50":1}',
    ])
      expect(readLoadOutput(text), text.slice(0, 20)).toBeUndefined();
  });

  it('never throws and never makes up a number from a cut or changed summary', () => {
    for (const name of readdirSync(FOLDER).filter((file) => file !== 'README.md')) {
      const text = output(name);
      for (let end = 0; end < text.length; end += 7) {
        const load = readLoadOutput(text.slice(0, end)) ?? readLoadOutput(text.slice(end));
        for (const value of Object.values(load?.latency ?? {})) expect(value).toBeGreaterThanOrEqual(0);
        const changed = `${text.slice(0, end)}\u0000x${text.slice(end + 1)}`;
        expect(Number.isFinite(readLoadOutput(changed)?.requests.total ?? 0)).toBe(true);
      }
    }
  });
});

describe('buildForeignResult', () => {
  const run = { url: 'http://x/', startedAt: '2026-01-01T00:00:00Z', startedMonotonicUs: 1, seconds: 2.5 };

  it('leaves what the tool does not say unknown', () => {
    const result = buildForeignResult(readLoadOutput(output('ab-2.3-errors.txt'))!, run);
    expect(result.latency.p999).toBeNaN();
    expect(result.latency.corrected).toBe(false);
    expect(result.requests.total).toBe(600);
    expect(result.requests.ok).toBe(600 - result.requests.non2xx - result.requests.errors);
    expect(result.notes).toEqual(['measured by ab, as its summary says']);
  });
});
