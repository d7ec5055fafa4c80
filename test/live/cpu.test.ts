import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { CpuJson } from '../../src/render/cpu-json.ts';
import { runHolter, until } from './built.ts';
import { compileTarget } from './compiled-target.ts';
import {
  load,
  NODE_MAJORS,
  type NodeMajor,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-cpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const targets: TargetProcess[] = [];
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(file: string, node: NodeMajor): Promise<TargetProcess> {
  const target = await startTarget(file, { node });
  targets.push(target);
  return target;
}
const example = (path: string) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

async function runJson(args: readonly string[]): Promise<CpuJson> {
  // Before the `--` of a command to start, if there is one.
  const at = args.indexOf('--');
  const all = at < 0 ? [...args, '--json'] : [...args.slice(0, at), '--json', ...args.slice(at)];
  const { stdout, stderr, code } = await runHolter(all);
  if (code !== 0) throw new Error(`holter ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as CpuJson;
}

const shareOf = (json: CpuJson, name: string, profile = 0) =>
  json.profiles[profile]?.functions.find((row) => row.name === name)?.totalShare ?? 0;

describe.each(NODE_MAJORS)('Node %i', (node) => {
  test('ESM with a worker: both threads, each with its own work, and nothing stays behind', async () => {
    const target = await start(targetFile('profiles/threads.mjs'), node);
    const before = snapshotProc(target.pid);
    const out = mkdtempSync(join(folder, `threads-${node}-`));
    const json = await runJson(['cpu', String(target.pid), '-d', '2s', '--threads', '-o', out]);
    expect(json.schema).toBe('holter.cpu/1');
    expect(json.profiles.map(({ name }) => name)).toEqual([
      'main thread',
      expect.stringMatching(/^worker \d+/),
    ]);
    expect(shareOf(json, 'mainWork')).toBeGreaterThan(0.5);
    expect(shareOf(json, 'workerWork', 1)).toBeGreaterThan(0.5);
    expect(shareOf(json, 'workerWork')).toBe(0);
    // About half of the main thread's time; the profile itself and a busy machine take their part.
    const { split } = json.profiles[0]!;
    expect(split.busy / split.total).toBeGreaterThan(0.3);
    expect(split.busy / split.total).toBeLessThan(0.9);
    expect(existsSync(join(out, 'main.cpuprofile'))).toBe(true);
    expect(existsSync(join(out, 'cpu.html'))).toBe(true);
    await until(() => snapshotProc(target.pid).threads <= before.threads, 5000, 'the bridge thread ends');
    expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
  });

  test('TypeScript with a source map: names and lines of the original', async () => {
    const script = compileTarget(targetFile('typed-service.ts'));
    const target = await start(script, node);
    const loading = load(target.url, { connections: 4, seconds: 5 });
    const json = await runJson(['cpu', String(target.pid), '-d', '2s']);
    await target.stop();
    await loading.catch(() => {});
    const [hot] = json.profiles[0]!.user;
    expect(hot?.name).toMatch(/digest$/);
    expect(hot?.file).toMatch(/typed-service\.ts$/);
    expect(hot?.line).toBe(26);
    const [line] = json.profiles[0]!.lines;
    expect(line?.file).toMatch(/typed-service\.ts$/);
    expect([28, 29]).toContain(line?.line);
  });

  test('a loop that never returns: named, and the process lives on', async () => {
    const target = await start(targetFile('stuck-loop.mjs'), node);
    void fetch(`${target.url}/book`).catch(() => {});
    await until(
      async () => {
        const answered = await Promise.race([
          fetch(target.url).then(
            () => true,
            () => true,
          ),
          new Promise<boolean>((done) => setTimeout(() => done(false), 300)),
        ]);
        return !answered;
      },
      10_000,
      'the loop is stuck',
    );
    const json = await runJson(['cpu', String(target.pid), '-d', '1s']);
    expect(json.profiles[0]!.user[0]?.name).toBe('nextFreeSlot');
    expect(shareOf(json, 'nextFreeSlot')).toBeGreaterThan(0.9);
    expect(() => process.kill(target.pid, 0)).not.toThrow();
  });
});

describe('on the Node most are on', () => {
  const node = 22;

  test('a cluster: each process, and all of them merged', async () => {
    const target = await start(targetFile('profiles/cluster.cjs'), node);
    const json = await runJson(['cpu', String(target.pid), '-d', '2s', '--children']);
    expect(json.profiles[0]?.name).toBe('all 3 processes');
    expect(json.profiles.length).toBe(4);
    expect(shareOf(json, 'clusterWork')).toBeGreaterThan(0.5);
    expect(shareOf(json, 'clusterWork', 1)).toBe(0);
    expect(shareOf(json, 'clusterWork', 2)).toBeGreaterThan(0.5);
    expect(shareOf(json, 'clusterWork', 3)).toBeGreaterThan(0.5);
  });

  test('Ctrl-C ends early, writes everything and leaves the target clean', async () => {
    const target = await start(targetFile('profiles/threads.mjs'), node);
    const before = snapshotProc(target.pid);
    const out = mkdtempSync(join(folder, 'interrupted-'));
    const begin = performance.now();
    const result = await runHolter(['cpu', String(target.pid), '-d', '60s', '-o', out], {
      act: (pid) => void setTimeout(() => process.kill(pid, 'SIGINT'), 2500),
    });
    expect(result.code).toBe(0);
    expect(performance.now() - begin).toBeLessThan(30_000);
    expect(result.stdout).toContain('mainWork');
    expect(result.stdout).toMatch(/early/);
    expect(result.stdout).toContain('--threads');
    expect(JSON.parse(readFileSync(join(out, 'main.cpuprofile'), 'utf8')).samples.length).toBeGreaterThan(
      100,
    );
    await until(() => snapshotProc(target.pid).threads <= before.threads, 5000, 'the bridge thread ends');
    expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
  });

  test('kill -9 of holter: the target lives, its profiler and port are gone', async () => {
    const target = await start(targetFile('profiles/threads.mjs'), node);
    const before = snapshotProc(target.pid);
    await runHolter(['cpu', String(target.pid), '-d', '60s'], {
      act: (pid) => void setTimeout(() => process.kill(pid, 'SIGKILL'), 2000),
    });
    await until(
      () => snapshotProc(target.pid).threads <= before.threads,
      20_000,
      'the bridge ends by itself',
    );
    expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
    // A second visit works as the first.
    const json = await runJson(['cpu', String(target.pid), '-d', '1s']);
    expect(shareOf(json, 'mainWork')).toBeGreaterThan(0.4);
  });

  test('a target that dies meanwhile: a clear error with the next step', async () => {
    const target = await start(targetFile('profiles/threads.mjs'), node);
    const result = await runHolter(['cpu', String(target.pid), '-d', '30s'], {
      act: () => void setTimeout(() => process.kill(target.pid, 'SIGKILL'), 2000),
    });
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('E_TARGET_EXITED');
    expect(result.stderr).toMatch(/next/);
  });

  test('a stopped process is not signalled: the signal would open its inspector after we are gone', async () => {
    const target = await start(targetFile('profiles/allocator.mjs'), node);
    const before = snapshotProc(target.pid);
    process.kill(target.pid, 'SIGSTOP');
    const result = await runHolter(['cpu', String(target.pid), '-d', '1s']);
    process.kill(target.pid, 'SIGCONT');
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('kill -CONT');
    // It runs again, and this answer is later than the signal would have been.
    const json = await runJson(['cpu', String(target.pid), '-d', '500ms']);
    expect(json.profiles[0]?.samples).toBeGreaterThan(0);
    await until(() => snapshotProc(target.pid).threads <= before.threads, 5000, 'the bridge thread ends');
    expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
  });

  test('-o of no known format is refused for a file', async () => {
    const fixture = fileURLToPath(new URL('../fixtures/cpuprofile/22.23.3/busy.cpuprofile', import.meta.url));
    const result = await runHolter(['cpu', fixture, '-o', join(folder, 'x.unknown')]);
    expect(result.code).toBe(2);
    expect(existsSync(join(folder, 'x.unknown'))).toBe(false);
  });

  test('heap sample: what stays alive, and all that was allocated', async () => {
    const target = await start(targetFile('profiles/allocator.mjs'), node);
    const live = await runJson(['heap', 'sample', String(target.pid), '-d', '2s']);
    expect(live.profiles[0]?.unit).toBe('bytes');
    const share = (json: CpuJson, name: string) => shareOf(json, name);
    expect(share(live, 'remember')).toBeGreaterThan(share(live, 'churn'));
    const all = await runJson(['heap', 'sample', String(target.pid), '-d', '2s', '--all']);
    expect(share(all, 'churn')).toBeGreaterThan(share(all, 'remember'));
  });

  test('flame ends what it started, through a shell too, and also when the load fails', async () => {
    const script = example('05-slow-server/server-3.js');
    const mark = `holter-test-${process.pid}-${Date.now()}`;
    const alive = () =>
      readdirSync('/proc').filter((pid) => {
        try {
          return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
        } catch {
          return false;
        }
      });
    const command = ['sh', '-c', `"${process.execPath}" "${script}" ${mark}; exit 3`];
    const json = await runJson(['flame', '--load', '/', '-d', '1s', '--warmup', '0s', '--', ...command]);
    expect(json.load?.requests.ok).toBeGreaterThan(0);
    expect(alive()).toEqual([]);
    const failed = await runHolter(['flame', '--load', 'http://127.0.0.1:1/', '-d', '1s', '--', ...command]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('E_LOAD_FAILED');
    expect(alive()).toEqual([]);
    // A server its parent put into a session of its own, and a parent that hears no SIGTERM.
    const detached = [process.execPath, targetFile('profiles/detached.cjs'), mark];
    const json2 = await runJson(['flame', '--load', '/', '-d', '1s', '--warmup', '0s', '--', ...detached]);
    expect(json2.load?.requests.ok).toBeGreaterThan(0);
    expect(alive()).toEqual([]);
  });

  test('05 slow server: shares of 1 : 2, throughput and p99 before and after, and the difference per request', async () => {
    const flame = async (version: number) => {
      const out = mkdtempSync(join(folder, `flame-${version}-`));
      const json = await runJson([
        'flame',
        '--load',
        '/',
        '-c',
        '5',
        '-d',
        '4s',
        '-o',
        out,
        '--',
        process.execPath,
        example(`05-slow-server/server-${version}.js`),
      ]);
      expect(existsSync(join(out, 'flame.html'))).toBe(true);
      return { out, json };
    };
    const [one, two, three] = [await flame(1), await flame(2), await flame(3)];
    const ratio = shareOf(one.json, 'countStock') / shareOf(one.json, 'computePrice');
    expect(ratio).toBeGreaterThan(1.5);
    expect(ratio).toBeLessThan(2.7);
    expect(shareOf(two.json, 'countStock')).toBe(0);
    expect(two.json.profiles[0]!.user[0]?.name).toBe('computePrice');
    expect(three.json.profiles[0]!.user[0]?.name).toBe('formatRows');
    const [a, b, c] = [one.json.load!, two.json.load!, three.json.load!];
    expect(b.throughput.requestsPerSecond).toBeGreaterThan(1.5 * a.throughput.requestsPerSecond);
    expect(c.throughput.requestsPerSecond).toBeGreaterThan(1.2 * b.throughput.requestsPerSecond);
    expect(b.latency.p99).toBeLessThan(a.latency.p99);

    const { stdout, code } = await runHolter([
      'cpu',
      'diff',
      one.out,
      two.out,
      '--fail-on',
      '+5%',
      '-o',
      join(folder, 'diff.html'),
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('countStock');
    expect(stdout).toMatch(/per request/);
    const back = await runHolter(['cpu', 'diff', two.out, one.out, '--fail-on', '+5%']);
    expect(back.code).toBe(4);
    // The base was recorded after what it is compared with: people swap them.
    expect(back.stdout + back.stderr).toMatch(/before the first|swapped/i);
  }, 120_000);
});
