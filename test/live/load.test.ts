import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAutocannon } from '../../src/load/autocannon.ts';
import type { LoadResult } from '../../src/load/load-result.ts';
import { runLoad } from '../../src/load/run-load.ts';
import { runLoadCommand } from '../../src/load/run-load-command.ts';
import { runHolter, until } from './built.ts';
import { startTarget, type TargetProcess } from './target-process.ts';

/** Load on real servers that are healthy, refuse, stall, break off, answer nonsense or nothing. */
const SERVER = fileURLToPath(new URL('programs/load-server.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holter-load-'));
let server: TargetProcess;
let rawUrl = '';

beforeAll(async () => {
  server = await startTarget(SERVER, { node: 22 });
  rawUrl = `http://127.0.0.1:${/raw (\d+)/.exec(server.stdout())![1]}`;
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What must hold of every result, whatever happened. */
function checkResult(result: LoadResult): void {
  const { requests, latency, histogram, perSecond, statuses, seconds, throughput } = result;
  expect(requests.ok + requests.non2xx + requests.errors + requests.timeouts).toBe(requests.total);
  const answers = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  expect(answers).toBe(requests.ok + requests.non2xx);
  expect(throughput.requestsPerSecond).toBeCloseTo(answers / seconds, 6);
  const rising = [latency.min, latency.p50, latency.p75, latency.p90, latency.p95, latency.p99, latency.p999];
  rising.push(latency.max);
  for (let index = 1; index < rising.length; index++)
    expect(rising[index]).toBeGreaterThanOrEqual(rising[index - 1]!);
  expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(answers);
  expect(perSecond).toHaveLength(Math.floor(seconds + 0.001));
  expect(perSecond.map(({ at }) => at)).toEqual(perSecond.map((_, index) => index * 1000));
  expect(perSecond.reduce((sum, row) => sum + row.requests, 0)).toBeLessThanOrEqual(answers);
}

async function load(path: string, options: Partial<Parameters<typeof runLoad>[0]> = {}): Promise<LoadResult> {
  const result = await runLoad({ url: server.url + path, connections: 4, requests: 200, ...options });
  checkResult(result);
  return result;
}

describe('answers', () => {
  test('a healthy server: closed loop, every second told', async () => {
    const rows: number[] = [];
    const result = await load('/', {
      requests: undefined,
      seconds: 2,
      onSecond: ({ requests }) => rows.push(requests),
    });
    expect(result).toMatchObject({
      schema: 'holter.load/1',
      method: 'GET',
      connections: 4,
      requests: { non2xx: 0, errors: 0, timeouts: 0 },
      latency: { corrected: false },
    });
    expect(result.seconds).toBeGreaterThanOrEqual(1.99);
    expect(rows).toHaveLength(2);
    expect(rows.every((requests) => requests > 50)).toBe(true);
    expect(result.uncorrectedLatency).toBeUndefined();
    expect(result.notes.at(-1)).toMatch(/^closed loop/);
  });

  test('a number of requests is sent exactly, and counted exactly by the server', async () => {
    const before = Number(await (await fetch(`${server.url}/count`)).text());
    const result = await load('/', { requests: 123 });
    const after = Number(await (await fetch(`${server.url}/count`)).text());
    expect(result.requests).toMatchObject({ total: 123, ok: 123 });
    expect(after - before - 1).toBe(123);
  });

  test('latency is that of the server', async () => {
    const result = await load('/slow/50', { requests: 40 });
    expect(result.latency.p50).toBeGreaterThan(48);
    expect(result.latency.p50).toBeLessThan(100);
  });

  test('method, headers and body arrive', async () => {
    await load('/echo', { requests: 1, headers: { 'x-tag': 'a b' }, body: '{"n":1}' });
    const last = (await (await fetch(`${server.url}/last`)).json()) as Record<string, unknown>;
    expect(last).toMatchObject({ method: 'POST', body: '{"n":1}', headers: { 'x-tag': 'a b' } });
  });

  test('other statuses are counted apart', async () => {
    const result = await load('/mixed');
    expect(result.requests).toMatchObject({ total: 200, ok: 150, non2xx: 50 });
    expect(result.statuses).toEqual({ 200: 150, 503: 50 });
    expect(result.notes.join()).toContain('25 % of the responses had no 2xx status');
    const refused = await load('/status/404', { requests: 20 });
    expect(refused.notes.join()).toContain('no response had a 2xx status');
  });

  test.each([
    ['a connection closed after each answer', '/close', 'GET'],
    ['HEAD, whose length announces a body that does not come', '/', 'HEAD'],
    ['early hints before the answer', '/hints', 'GET'],
    ['no content', '/status/204', 'GET'],
    ['not modified', '/status/304', 'GET'],
  ])('%s', async (_, path, method) => {
    const result = await load(path, { method, timeoutSeconds: 2 });
    expect(result.requests).toMatchObject({ total: 200, errors: 0, timeouts: 0 });
    expect(result.latency.max).toBeLessThan(1500);
  });

  test('a body that ends with its connection', async () => {
    const result = await runLoad({ url: `${rawUrl}/unsized`, connections: 4, requests: 100 });
    checkResult(result);
    expect(result.requests).toMatchObject({ total: 100, ok: 100 });
  });

  test('an answer too many does no harm', async () => {
    const result = await runLoad({ url: `${rawUrl}/twice`, connections: 2, seconds: 1, rate: 50 });
    expect(result.requests.ok).toBeGreaterThan(20);
  });
});

describe('failures', () => {
  test('nobody listens: told long before the end', async () => {
    const free = await startTarget(SERVER, { node: 22 });
    await free.stop();
    // A test that waited for the end would not come back.
    await expect(runLoad({ url: free.url, connections: 10, seconds: 3600 })).rejects.toMatchObject({
      code: 'E_LOAD_FAILED',
      message: expect.stringContaining(`connect ECONNREFUSED 127.0.0.1:${free.port}`),
    });
  });

  test.each([
    ['/garbage', 'not HTTP'],
    ['/hangup', 'closed before the answer'],
  ])('%s: no answer at all', async (path, reason) => {
    await expect(runLoad({ url: rawUrl + path, connections: 3, seconds: 3600 })).rejects.toMatchObject({
      code: 'E_LOAD_FAILED',
      message: expect.stringContaining(reason),
    });
  });

  test('no answer in time, and no answer before the end', async () => {
    const url = `${server.url}/never`;
    await expect(runLoad({ url, connections: 2, seconds: 2.5, timeoutSeconds: 1 })).rejects.toMatchObject({
      code: 'E_LOAD_FAILED',
      message: expect.stringContaining('timed out after 1 s'),
    });
    await expect(runLoad({ url, connections: 2, seconds: 1 })).rejects.toMatchObject({
      code: 'E_LOAD_FAILED',
      message: expect.stringContaining('2 requests were open'),
    });
  });

  test('connections that break are errors; the others count', async () => {
    const result = await load('/reset');
    expect(result.requests.total).toBe(200);
    expect(result.requests.errors).toBeGreaterThan(40);
    expect(result.requests.ok).toBeGreaterThan(100);
    expect(result.notes.join()).toMatch(/errors: .*(closed before the answer|ECONNRESET)/);
  });

  test('timeouts are counted, and leave the latencies alone', async () => {
    const result = await load('/seldom', { requests: 100, timeoutSeconds: 1, connections: 8 });
    expect(result.requests.timeouts).toBe(5);
    expect(result.requests.ok).toBe(95);
    expect(result.latency.max).toBeLessThan(900);
    expect(result.notes.join()).toContain('5 timeouts; requests without an answer are not in the latencies');
  });

  test('stopped early: what there is', async () => {
    const stop = new AbortController();
    const result = await load('/', {
      requests: undefined,
      seconds: 60,
      signal: stop.signal,
      onSecond: () => stop.abort(),
    });
    expect(result.seconds).toBeLessThan(30);
    expect(result.notes.join()).toContain('stopped early');
    await expect(
      load('/never', { requests: undefined, seconds: 60, signal: AbortSignal.timeout(300) }),
    ).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
  });

  test('without autocannon it says how to get it', async () => {
    await expect(loadAutocannon(['/nowhere/at/all'])).rejects.toMatchObject({
      code: 'E_OPTIONAL_MISSING',
      hint: expect.stringContaining('npm i -g autocannon'),
    });
  });
});

describe('constant rate', () => {
  test('is kept evenly', async () => {
    const result = await load('/', { requests: undefined, seconds: 3, rate: 200, connections: 10 });
    expect(result.throughput.requestsPerSecond).toBeGreaterThan(190);
    expect(result.throughput.requestsPerSecond).toBeLessThan(210);
    expect(result.notes.join()).not.toContain('rate not reached');
    expect(result.latency.corrected).toBe(true);
    // A busy machine may hold a request up; most are not.
    expect(result.latency.p50).toBeLessThan(result.uncorrectedLatency!.p50 + 5);
  });

  test('fewer requests than connections a second do not time out', async () => {
    const result = await load('/', {
      requests: undefined,
      seconds: 4,
      rate: 2,
      connections: 6,
      timeoutSeconds: 1,
    });
    expect(result.requests.total).toBe(8);
    expect(result.requests.ok).toBe(8);
  });

  test('a stall counts for every request it held up', async () => {
    const stalling = await startTarget(SERVER, {
      node: 22,
      env: { STALL_MS: '1000', STALL_EVERY_MS: '5000' },
    });
    try {
      const result = await runLoad({ url: stalling.url, connections: 4, seconds: 12, rate: 100 });
      checkResult(result);
      // Two stalls of 1 s: each catches every connection once, together 8 of 1200 requests, less than 1 %. Counted from
      // when they were due, 200 requests had to wait, evenly from 0 to 1000 ms.
      const { latency, uncorrectedLatency } = result;
      expect(uncorrectedLatency!.p99).toBeLessThan(250);
      expect(latency.p99).toBeGreaterThan(750);
      expect(latency.p99).toBeLessThan(1100);
      expect(latency.p95).toBeGreaterThan(500);
      expect(latency.p95).toBeLessThan(950);
      expect(latency.p50).toBeLessThan(100);
      const slow = result.histogram
        .filter(({ from }) => from >= 100)
        .reduce((sum, bar) => sum + bar.count, 0);
      expect(slow).toBeGreaterThan(140);
      expect(slow).toBeLessThan(230);
    } finally {
      await stalling.stop();
    }
  });

  test('a rate above what the server can do is said, and the queue shows in the latencies', async () => {
    const result = await load('/slow/100', { requests: undefined, seconds: 3, rate: 100, connections: 5 });
    expect(result.notes.join()).toMatch(/rate not reached: \d+ of 100 requests\/s/);
    expect(result.uncorrectedLatency!.p99).toBeLessThan(400);
    expect(result.latency.max).toBeGreaterThan(1000);
  });

  test('a stall that outlasts the test does not vanish', async () => {
    const result = await load('/seldom', {
      requests: undefined,
      seconds: 3,
      rate: 100,
      connections: 2,
      timeoutSeconds: 60,
    });
    expect(result.uncorrectedLatency!.max).toBeLessThan(900);
    expect(result.latency.max).toBeGreaterThan(1000);
    expect(result.notes.join()).toMatch(
      /still unanswered at the end, .* counted with the time they had waited/,
    );
  });
});

describe('a load command', () => {
  test('gets URL and PORT, and its summary is read', async () => {
    const result = await runLoadCommand(
      `"${process.execPath}" node_modules/autocannon/autocannon.js -c 2 -d 1 -j $URL && echo port $PORT`,
      { env: { URL: server.url, PORT: String(server.port) } },
    );
    expect(result.exitCode).toBe(0);
    expect(result.output).toContain(`port ${server.port}`);
    expect(result.result).toMatchObject({ schema: 'holter.load/1', connections: 2 });
    expect(result.result!.requests.ok).toBeGreaterThan(50);
    expect(result.result!.latency.p999).toBeGreaterThanOrEqual(0);
  });

  test('its exit code is told, whatever it printed', async () => {
    expect(await runLoadCommand('echo hello; exit 7', { env: {} })).toMatchObject({
      exitCode: 7,
      output: 'hello\n',
      wasStopped: false,
    });
  });

  test('ends with all it started, and nothing else does', async () => {
    const pidFile = join(folder, 'pid');
    const stop = new AbortController();
    const running = runLoadCommand(`sleep 300 & echo $! > ${pidFile}; wait`, {
      env: {},
      signal: stop.signal,
    });
    let pid = 0;
    await until(
      () => {
        try {
          pid = Number(readFileSync(pidFile, 'utf8'));
        } catch {
          return false;
        }
        return pid > 0;
      },
      10_000,
      'the pid of the sleeping child',
    );
    stop.abort();
    expect(await running).toMatchObject({ exitCode: 143, wasStopped: true });
    await until(() => !isAlive(pid), 10_000, 'the end of the sleeping child');
  });

  test('is ended after its time, even when it does not listen', async () => {
    const result = await runLoadCommand("trap '' TERM; while :; do sleep 0.1; done", {
      env: {},
      timeoutSeconds: 0.3,
    });
    expect(result).toMatchObject({ exitCode: 137, wasStopped: true });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie whose parent has not fetched it counts as gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('holter load', () => {
  test('--json, -o and --fail-on', async () => {
    const out = join(folder, 'load.json');
    const args = ['load', `:${server.port}/mixed`, '-d', '1s', '-c', '3', '--json', '-o', out];
    const { code, stdout, stderr } = await runHolter([
      ...args,
      ...['--fail-on', 'errors>10%', '--fail-on', 'p50>60s', '--fail-on', 'rps<1'],
    ]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^holter load: errors is 2\d % {2}\(--fail-on errors>10%\)\n$/);
    expect(stdout).toMatch(/^\{\n {2}"schema": "holter.load\/1"/);
    const result = JSON.parse(stdout) as LoadResult;
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(result);
    expect(Object.keys(result)).toEqual([
      ...['schema', 'url', 'method', 'startedAt', 'startedMonotonicUs', 'seconds', 'connections', 'requests'],
      ...['throughput', 'latency', 'statuses', 'histogram', 'perSecond', 'notes'],
    ]);
    expect(result.url).toBe(`http://localhost:${server.port}/mixed`);
    expect(result.connections).toBe(3);
    for (const value of Object.values(result.latency)) expect(value).not.toBeNull();
  });

  test('a table for people, and Ctrl-C shows what there is', async () => {
    const served = async () => Number(await (await fetch(`${server.url}/count`)).text());
    const before = await served();
    const interrupt = async (pid: number) => {
      await until(async () => (await served()) > before + 200, 30_000, 'requests of holter load');
      process.kill(pid, 'SIGINT');
    };
    let interrupted: Promise<void> | undefined;
    const { code, stdout, stderr } = await runHolter(['load', server.url, '-d', '80s', '--rate', '100'], {
      env: { LC_ALL: 'C.UTF-8' },
      act: (pid) => {
        interrupted = interrupt(pid);
      },
    });
    await interrupted;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^holter load {2}GET http:\S+ {2}10 connections {2}100\/s {2}\d/);
    expect(stdout).toMatch(/\n {2}since due .*\n {2}since sent /);
    expect(stdout).toContain('responses by latency');
    expect(stdout).toContain('stopped early');
  });

  test('body from a file, repeated headers', async () => {
    const file = join(folder, 'order.json');
    writeFileSync(file, '{"from":"file"}');
    const args = ['-n', '5', '-c', '1', '-b', `@${file}`, '-H', 'x-one: 1', '-H', 'x-two: 2'];
    expect((await runHolter(['load', `${server.url}/echo`, ...args])).code).toBe(0);
    expect(await (await fetch(`${server.url}/last`)).json()).toMatchObject({
      method: 'POST',
      body: '{"from":"file"}',
      headers: { 'x-one': '1', 'x-two': '2' },
    });
  });

  test.each([
    [['load', 'ftp://x/'], 2, 'no URL to put load on'],
    [['load', ':1', '--fail-on', 'p42>1'], 2, 'is no condition'],
    [['load', ':1', '-d', '1x'], 2, 'not a duration'],
    [['load', ':1', '-H', 'nothing'], 2, "not 'name: value'"],
    [['load', ':1', '-b', '@/nowhere/at/all'], 1, 'E_FILE_NOT_FOUND'],
    [['load', '127.0.0.1:1', '-d', '2s'], 1, 'ECONNREFUSED 127.0.0.1:1  (E_LOAD_FAILED)'],
  ])('%j', async (args, exit, text) => {
    const { code, stdout, stderr } = await runHolter(args);
    expect(stderr).toContain(text);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
  });
});
