import type { Milliseconds, Seconds } from '../base/units.ts';
import type { LatencyPercentiles, LoadResult } from './load-result.ts';

/** What another load generator says about its run; what it does not say is left out. */
export interface ForeignLoad {
  tool: 'autocannon' | 'wrk' | 'ab' | 'hey' | 'k6';
  url?: string;
  seconds?: Seconds;
  connections?: number;
  requests: { total: number; non2xx?: number; errors?: number; timeouts?: number };
  requestsPerSecond?: number;
  bytesPerSecond?: number;
  latency: Partial<LatencyPercentiles>;
  statuses?: Record<string, number>;
}

/**
 * Recognises the summary of autocannon (`-j`), wrk and wrk2, ab, hey and k6 in what a command printed; undefined for
 * anything else. Only the summary is read, and only numbers that stand where the tool puts them.
 */
export function readLoadOutput(text: string): ForeignLoad | undefined {
  return readAutocannon(text) ?? readWrk(text) ?? readAb(text) ?? readHey(text) ?? readK6(text);
}

/** A whole `LoadResult` around it: NaN where the tool says nothing, and a note that names the tool. */
export function buildForeignResult(
  foreign: ForeignLoad,
  run: { url: string; startedAt: string; startedMonotonicUs: number; seconds: Seconds },
): LoadResult {
  const { total, non2xx = 0, errors = 0, timeouts = 0 } = foreign.requests;
  const seconds = foreign.seconds ?? run.seconds;
  const unknown = Number.NaN;
  return {
    schema: 'holter.load/1',
    url: foreign.url ?? run.url,
    method: '',
    startedAt: run.startedAt,
    startedMonotonicUs: run.startedMonotonicUs,
    seconds,
    connections: foreign.connections ?? unknown,
    requests: { total, ok: Math.max(0, total - non2xx - errors - timeouts), non2xx, errors, timeouts },
    throughput: {
      requestsPerSecond: foreign.requestsPerSecond ?? total / seconds,
      bytesPerSecond: foreign.bytesPerSecond ?? unknown,
    },
    latency: {
      ...{ min: unknown, mean: unknown, p50: unknown, p75: unknown, p90: unknown, p95: unknown },
      ...{ p99: unknown, p999: unknown, max: unknown, stddev: unknown },
      ...foreign.latency,
      corrected: false,
    },
    statuses: foreign.statuses ?? {},
    histogram: [],
    perSecond: [],
    notes: [`measured by ${foreign.tool}, as its summary says`],
  };
}

function readAutocannon(text: string): ForeignLoad | undefined {
  const line = text.split('\n').find((candidate) => /^\s*\{.*"latency":/.test(candidate));
  if (line === undefined) return undefined;
  let document: Record<string, unknown>;
  try {
    document = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const latency = record(document.latency);
  const requests = record(document.requests);
  if (latency === undefined || number(requests?.total) === undefined) return undefined;
  const [errors = 0, timeouts = 0] = [number(document.errors), number(document.timeouts)];
  const statuses = Object.entries(record(document.statusCodeStats) ?? {}).flatMap(([status, entry]) => {
    const count = number(record(entry)?.count);
    return count === undefined || !/^\d{3}$/.test(status) ? [] : [[status, count] as const];
  });
  return defined({
    tool: 'autocannon',
    url: typeof document.url === 'string' ? document.url : undefined,
    seconds: number(document.duration),
    connections: number(document.connections),
    // autocannon's own total has answers only, and its errors have the timeouts in them.
    requests: {
      total: number(requests?.total)! + errors,
      non2xx: number(document.non2xx) ?? 0,
      errors: Math.max(0, errors - timeouts),
      timeouts,
    },
    requestsPerSecond: number(requests?.average),
    bytesPerSecond: number(record(document.throughput)?.average),
    latency: defined({
      min: number(latency.min),
      mean: number(latency.average),
      p50: number(latency.p50),
      p75: number(latency.p75),
      p90: number(latency.p90),
      p99: number(latency.p99),
      p999: number(latency.p99_9),
      max: number(latency.max),
      stddev: number(latency.stddev),
    }),
    statuses: Object.fromEntries(statuses),
  });
}

/** wrk 4 and wrk2, whose format is the same; percentiles with `--latency` only. */
function readWrk(text: string): ForeignLoad | undefined {
  const head = /^Running \S+ test @ (\S+)$/m.exec(text);
  const summary = /^ {2}(\d+) requests in ([\d.]+\w+), ([\d.]+\w+) read$/m.exec(text);
  if (head === null || summary === null) return undefined;
  const stats = /^ {4}Latency +([\d.]+\w+) +([\d.]+\w+) +([\d.]+\w+)/m.exec(text);
  const connections = /^ {2}\d+ threads? and (\d+) connections?$/m.exec(text);
  const non2xx = /^ {2}Non-2xx or 3xx responses: (\d+)$/m.exec(text);
  const errors = /^ {2}Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$/m.exec(text);
  const percentile = (name: string): Milliseconds | undefined =>
    wrkTime(new RegExp(`^ +${name.replace('.', '\\.')}0*% +([\\d.]+\\w+)`, 'm').exec(text)?.[1]);
  const failed = errors === null ? 0 : Number(errors[1]) + Number(errors[2]) + Number(errors[3]);
  const timeouts = Number(errors?.[4] ?? 0);
  return defined({
    tool: 'wrk',
    url: head[1],
    seconds: scale(wrkTime(summary[2]), 1 / 1000),
    connections: connections === null ? undefined : Number(connections[1]),
    requests: {
      total: Number(summary[1]) + failed + timeouts,
      non2xx: Number(non2xx?.[1] ?? 0),
      errors: failed,
      timeouts,
    },
    requestsPerSecond: decimal(/^Requests\/sec: +([\d.]+)$/m.exec(text)?.[1]),
    bytesPerSecond: bytes(/^Transfer\/sec: +([\d.]+\w+)$/m.exec(text)?.[1], 1024),
    latency: defined({
      mean: wrkTime(stats?.[1]),
      stddev: wrkTime(stats?.[2]),
      max: wrkTime(stats?.[3]),
      p50: percentile('50'),
      p75: percentile('75'),
      p90: percentile('90'),
      p99: percentile('99'),
      p999: percentile('99.9'),
    }),
  });
}

/** ApacheBench 2.3. Its percentiles are whole milliseconds. */
function readAb(text: string): ForeignLoad | undefined {
  const complete = decimal(/^Complete requests: +(\d+)$/m.exec(text)?.[1]);
  if (complete === undefined || !/^This is ApacheBench/m.test(text)) return undefined;
  const totals = /^Total: +(\d+) +(\d+) +([\d.]+) +(\d+) +(\d+)$/m.exec(text);
  const percentile = (percent: number): Milliseconds | undefined =>
    decimal(new RegExp(`^ +${percent}% +(\\d+)`, 'm').exec(text)?.[1]);
  const host = /^Server Hostname: +(\S+)$/m.exec(text)?.[1];
  const port = /^Server Port: +(\d+)$/m.exec(text)?.[1];
  const path = /^Document Path: +(\S+)$/m.exec(text)?.[1];
  const kilobytes = decimal(/^Transfer rate: +([\d.]+) \[Kbytes\/sec\] received$/m.exec(text)?.[1]);
  // "Failed" also counts answers whose length differs from the first one's, which is no failure: those are left out.
  const kinds = /^ +\(Connect: (\d+), Receive: (\d+), Length: \d+, Exceptions: (\d+)\)$/m.exec(text);
  return defined({
    tool: 'ab',
    url: host === undefined ? undefined : `http://${host}:${port ?? 80}${path ?? '/'}`,
    seconds: decimal(/^Time taken for tests: +([\d.]+) seconds$/m.exec(text)?.[1]),
    connections: decimal(/^Concurrency Level: +(\d+)$/m.exec(text)?.[1]),
    requests: {
      total: complete,
      non2xx: Number(/^Non-2xx responses: +(\d+)$/m.exec(text)?.[1] ?? 0),
      errors: kinds === null ? 0 : Number(kinds[1]) + Number(kinds[2]) + Number(kinds[3]),
    },
    requestsPerSecond: decimal(/^Requests per second: +([\d.]+) /m.exec(text)?.[1]),
    bytesPerSecond: scale(kilobytes, 1024),
    latency: defined({
      min: decimal(totals?.[1]),
      mean: decimal(totals?.[2]),
      stddev: decimal(totals?.[3]),
      max: decimal(totals?.[5]),
      p50: percentile(50),
      p75: percentile(75),
      p90: percentile(90),
      p95: percentile(95),
      p99: percentile(99),
    }),
  });
}

/** hey 0.1. Latencies are in seconds with four digits. */
function readHey(text: string): ForeignLoad | undefined {
  const summary = /^Summary:\n {2}Total:\t([\d.]+) secs$/m.exec(text);
  if (summary === null) return undefined;
  const value = (name: string): number | undefined =>
    decimal(new RegExp(`^ {2}${name}:\\t([\\d.]+)`, 'm').exec(text)?.[1]);
  const percentile = (percent: number): Milliseconds | undefined =>
    scale(decimal(new RegExp(`^ {2}${percent}% in ([\\d.]+) secs$`, 'm').exec(text)?.[1]), 1000);
  const statuses = [...text.matchAll(/^ {2}\[(\d{3})\]\t(\d+) responses$/gm)].map(
    ([, status, count]) => [status as string, Number(count)] as const,
  );
  const section = /^Error distribution:\n((?: {2}\[\d+\]\t.*\n?)+)/m.exec(text)?.[1] ?? '';
  const failures = [...section.matchAll(/^ {2}\[(\d+)\]\t(.*)$/gm)];
  const count = (wanted: boolean): number =>
    failures
      .filter(([, , reason]) => /timeout|deadline exceeded/i.test(reason ?? '') === wanted)
      .reduce((sum, [, failed]) => sum + Number(failed), 0);
  const answers = statuses.reduce((sum, [, responses]) => sum + responses, 0);
  return defined({
    tool: 'hey',
    seconds: Number(summary[1]),
    requests: {
      total: answers + count(true) + count(false),
      non2xx: statuses.reduce((sum, [status, many]) => sum + (status.startsWith('2') ? 0 : many), 0),
      errors: count(false),
      timeouts: count(true),
    },
    requestsPerSecond: value('Requests/sec'),
    latency: defined({
      min: scale(value('Fastest'), 1000),
      mean: scale(value('Average'), 1000),
      max: scale(value('Slowest'), 1000),
      p50: percentile(50),
      p75: percentile(75),
      p90: percentile(90),
      p95: percentile(95),
      p99: percentile(99),
    }),
    statuses: Object.fromEntries(statuses),
  });
}

/** The end-of-test summary of k6: `http_req_duration....: avg=3.4ms min=… p(95)=…`. */
function readK6(text: string): ForeignLoad | undefined {
  const trend = /^\s*http_req_duration\.+: (.*)$/m.exec(text)?.[1];
  const requests = /^\s*http_reqs\.+: (\d+) +([\d.]+)\/s$/m.exec(text);
  if (trend === undefined || requests === null) return undefined;
  const value = (name: string): Milliseconds | undefined =>
    wrkTime(new RegExp(`(?:^| )${name.replace(/[().]/g, '\\$&')}=((?:[\\d.]+[a-zµ]+)+)`).exec(trend)?.[1]);
  const received = /^\s*data_received\.+: .* ([\d.]+ \w+)\/s$/m.exec(text)?.[1];
  const failed = /^\s*http_req_failed\.+: [\d.]+% .*?(\d+) (?:out of|✗|\D+)/m.exec(text)?.[1];
  return defined({
    tool: 'k6',
    requests: { total: Number(requests[1]), non2xx: Number(failed ?? 0) },
    requestsPerSecond: Number(requests[2]),
    bytesPerSecond: bytes(received, 1000),
    latency: defined({
      min: value('min'),
      mean: value('avg'),
      p50: value('med') ?? value('p(50)'),
      p75: value('p(75)'),
      p90: value('p(90)'),
      p95: value('p(95)'),
      p99: value('p(99)'),
      p999: value('p(99.9)'),
      max: value('max'),
    }),
  });
}

/** `3.46ms`, `812.00us`, `1.05s`, `2.1m`; `1m2.5s` as k6 prints it. */
function wrkTime(text: string | undefined): Milliseconds | undefined {
  const factors: Record<string, number> = { us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...(text ?? '').matchAll(/([\d.]+)(us|µs|ms|s|m|h)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * factors[unit as string]!, 0);
}

/** `407.93KB`: wrk counts in steps of 1024 bytes, k6 (`31 kB`) of 1000. */
function bytes(text: string | undefined, step: number): number | undefined {
  const [, value, unit] = /^([\d.]+) ?([kKMG]?)B$/.exec(text ?? '') ?? [];
  if (value === undefined || unit === undefined) return undefined;
  return Number(value) * step ** ['', 'K', 'M', 'G'].indexOf(unit.toUpperCase());
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function decimal(text: string | undefined): number | undefined {
  return text === undefined ? undefined : number(Number(text));
}

function scale(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

/** The same without the keys that are undefined. */
function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
