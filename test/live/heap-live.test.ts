import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { HeapHistogramJson } from '../../src/render/heap-histogram-json.ts';
import { type CliResult, runHolter, until } from './built.ts';
import {
  NODE_MAJORS,
  type NodeMajor,
  snapshotProc,
  startTarget,
  type TargetProcess,
} from './target-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'holter-heap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const targets: TargetProcess[] = [];
afterEach(async () => {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

const program = (name: string) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
async function start(name: string, node: NodeMajor, args: string[] = []): Promise<TargetProcess> {
  const target = await startTarget(program(name), { node, args });
  targets.push(target);
  return target;
}

/** Threads and ports are as before, the program runs on. */
async function expectClean(target: TargetProcess, before: ReturnType<typeof snapshotProc>): Promise<void> {
  await until(() => snapshotProc(target.pid).threads <= before.threads, 15_000, 'the bridge thread ends');
  expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
}

async function histogram(args: readonly string[]): Promise<HeapHistogramJson> {
  const { stdout, stderr, code } = await runHolter(['heap', 'histogram', ...args, '--yes', '--json']);
  if (code !== 0) throw new Error(`holter heap histogram ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as HeapHistogramJson;
}
const rowsOf = (json: HeapHistogramJson, name: string, thread = 0) =>
  json.threads[thread]!.count.rows.filter((row) => row.name === name);

/** Node and edge counts of a snapshot and names of its classes; that it is whole is what matters here. */
function readSnapshotFile(path: string): { nodes: number; has: (name: string) => boolean } {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const snapshot = JSON.parse(text) as {
    snapshot: { node_count: number; meta: { node_fields: string[] } };
    nodes: number[];
    strings: string[];
  };
  expect(snapshot.nodes.length).toBe(
    snapshot.snapshot.node_count * snapshot.snapshot.meta.node_fields.length,
  );
  return { nodes: snapshot.snapshot.node_count, has: (name) => snapshot.strings.includes(name) };
}

const leftovers = (path: string) => readdirSync(path).filter((name) => name.includes('.part'));

describe.each(NODE_MAJORS)('Node %i', (node) => {
  test.each(['idle', 'stuck'])(
    'histogram of an %s process: exact counts, nothing of the program runs',
    async (how) => {
      const target = await start('heap-classes.cjs', node, [how]);
      const before = snapshotProc(target.pid);
      const json = await histogram([String(target.pid)]);
      expect(json.schema).toBe('holter.heap-histogram/1');
      const [session] = rowsOf(json, 'Session');
      expect(session?.count).toBe(1000);
      expect(session?.place).toMatch(/heap-classes\.cjs:8:\d+$/);
      expect(rowsOf(json, 'Guest')[0]?.count).toBe(300);
      expect(
        rowsOf(json, 'Twin')
          .map(({ count }) => count)
          .sort(),
      ).toEqual([100, 50]);
      expect(new Set(rowsOf(json, 'Twin').map(({ place }) => place)).size).toBe(2);
      expect(rowsOf(json, '{id, plain}')[0]?.count).toBe(5000);
      expect(rowsOf(json, '{secret, open}')[0]?.count).toBe(64);
      expect(rowsOf(json, 'function onChange')[0]?.count).toBe(200);
      expect(rowsOf(json, 'EventEmitter')[0]?.entries).toBe(200);
      expect(rowsOf(json, 'Map').reduce((sum, row) => sum + row.entries, 0)).toBeGreaterThanOrEqual(5000);
      const buffers = rowsOf(json, 'Buffer')[0];
      expect(buffers?.bytes).toBeGreaterThan(10e6);
      expect(buffers?.bytes).toBeLessThan(11e6);
      // The memory of Buffers is charged to them, not to the ArrayBuffers behind them once more.
      expect(rowsOf(json, 'ArrayBuffer')[0]?.bytes ?? 0).toBeLessThan(1e6);
      expect(json.actions.some(({ what, pauseMs }) => what.includes('counted by class') && pauseMs > 0)).toBe(
        true,
      );
      expect(json.left).toEqual({ verified: true, leftBehind: [] });
      await expectClean(target, before);
      expect(target.stdout()).not.toContain('TRAP');
    },
  );

  test('snapshot of a stuck process: taken, whole, and the loop goes on', async () => {
    const target = await start('heap-classes.cjs', node, ['stuck']);
    const before = snapshotProc(target.pid);
    const out = join(folder, `stuck-${node}.heapsnapshot`);
    const { code, stdout, stderr } = await runHolter([
      'heap',
      'snapshot',
      String(target.pid),
      '--yes',
      '-o',
      out,
      '--json',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const json = JSON.parse(stdout);
    expect(json.snapshots[0].wasStuck).toBe(true);
    expect(json.snapshots[0].pauseMs).toBeGreaterThan(10);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readSnapshotFile(out).has('Session')).toBe(true);
    await expectClean(target, before);
    const ticks = () =>
      Number(readFileSync(`/proc/${target.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[11]);
    const spent = ticks();
    await until(() => ticks() > spent + 5, 10_000, 'the loop goes on');
  });

  test('growth: the leaking class first, in both threads', async () => {
    const target = await start('heap-growing.mjs', node);
    const before = snapshotProc(target.pid);
    const json = await histogram([String(target.pid), '-d', '2s', '--threads']);
    expect(json.threads.map(({ thread }) => thread)).toEqual(['main', expect.stringMatching(/^worker \d+/)]);
    const [main, worker] = json.threads;
    expect(main?.growth?.rows[0]?.name).toBe('Session');
    expect(main?.growth?.rows[0]?.place).toContain('heap-growing.mjs:6:');
    expect(main?.growth?.rows[0]?.countPerMinute).toBeGreaterThan(1000);
    expect(main?.growth?.rows.map(({ name }) => name)).not.toContain('Product');
    expect(worker?.growth?.rows[0]?.name).toBe('Job');
    await expectClean(target, before);
  });

  test('snapshot of a worker, compressed, in a recording', async () => {
    const target = await start('heap-growing.mjs', node);
    const before = snapshotProc(target.pid);
    const file = join(folder, `worker-${node}.heapsnapshot.gz`);
    const { code, stderr } = await runHolter([
      'heap',
      'snapshot',
      String(target.pid),
      '--thread',
      'resize',
      '--gc',
      '--yes',
      '-o',
      file,
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { has } = readSnapshotFile(file);
    expect(has('Job')).toBe(true);
    const out = join(folder, `recording-${node}`);
    expect((await runHolter(['heap', 'snapshot', String(target.pid), '--yes', '-o', out])).code).toBe(0);
    const manifest = JSON.parse(readFileSync(join(out, 'recording.json'), 'utf8'));
    expect(manifest.files).toEqual([{ name: 'heap.heapsnapshot', kind: 'heap-snapshot', thread: 'main' }]);
    expect(readSnapshotFile(join(out, 'heap.heapsnapshot')).has('Session')).toBe(true);
    expect(statSync(out).mode & 0o777).toBe(0o700);
    await expectClean(target, before);
  });
});

describe('on the Node most are on', () => {
  const node = 22;

  /** A heap large enough for something to happen meanwhile. */
  async function startLarge(objects = 150_000): Promise<TargetProcess> {
    const target = await startTarget(program('heap-large.cjs'), { node, args: [String(objects)] });
    targets.push(target);
    return target;
  }

  test('Ctrl-C while it is taken: no file, the target clean', async () => {
    const target = await startLarge();
    const before = snapshotProc(target.pid);
    const out = mkdtempSync(join(folder, 'interrupted-'));
    let result: CliResult | undefined;
    const running = runHolter(
      ['heap', 'snapshot', String(target.pid), '--yes', '-o', join(out, 'a.heapsnapshot')],
      {
        act: (pid) => void interruptWhen(underWay(target, out), pid, 'SIGINT'),
      },
    ).then((ended) => {
      result = ended;
    });
    await running;
    expect(result?.code).toBe(1);
    expect(result?.stderr).toContain('E_INTERRUPTED');
    expect(readdirSync(out)).toEqual([]);
    await expectClean(target, before);
  });

  test('kill -9 of holter while it is taken: the target lives and is clean', async () => {
    const target = await startLarge();
    const before = snapshotProc(target.pid);
    const out = mkdtempSync(join(folder, 'killed-'));
    const { signal } = await runHolter(
      ['heap', 'snapshot', String(target.pid), '--yes', '-o', join(out, 'a.heapsnapshot')],
      { act: (pid) => void interruptWhen(underWay(target, out), pid, 'SIGKILL') },
    );
    expect(signal).toBe('SIGKILL');
    await until(() => snapshotProc(target.pid).threads <= before.threads, 60_000, 'the bridge thread ends');
    expect(snapshotProc(target.pid).listeners).toEqual(before.listeners);
  });

  test('the target is killed meanwhile: told, and no half file', async () => {
    const target = await startLarge();
    const out = mkdtempSync(join(folder, 'gone-'));
    const { code, stderr } = await runHolter(
      ['heap', 'snapshot', String(target.pid), '--yes', '-o', join(out, 'a.heapsnapshot')],
      { act: () => void interruptWhen(underWay(target, out), target.pid, 'SIGKILL') },
    );
    expect(stderr).toContain('E_TARGET_EXITED');
    expect(code).toBe(3);
    expect(readdirSync(out)).toEqual([]);
  });

  test('a pause over half a second is not taken unasked, and nothing is left', async () => {
    const target = await startLarge(400_000);
    const before = snapshotProc(target.pid);
    const out = join(folder, 'refused');
    const { code, stderr } = await runHolter(['heap', 'snapshot', String(target.pid), '-o', out]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/stops the process for about .* more memory/);
    expect(stderr).toContain('--yes');
    expect(existsSync(out)).toBe(false);
    expect((await runHolter(['heap', 'histogram', String(target.pid)])).code).toBe(2);
    await expectClean(target, before);
  });

  test('a thread that is not there, a target that is none', async () => {
    const target = await start('heap-growing.mjs', node);
    const { code, stderr } = await runHolter([
      'heap',
      'snapshot',
      String(target.pid),
      '--thread',
      'nobody',
      '--yes',
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/main, worker \d+ resize/);
    expect((await runHolter(['heap', 'histogram'])).code).toBe(2);
    expect((await runHolter(['heap', 'snapshot', String(target.pid), '-o', 'x.cpuprofile'])).code).toBe(2);
  });

  test('growth since an earlier result', async () => {
    const target = await start('heap-growing.mjs', node);
    const first = join(folder, 'first.json');
    const { stdout } = await runHolter(['heap', 'histogram', String(target.pid), '--yes', '--json']);
    writeFileSync(first, stdout);
    await until(() => Date.now() - statSync(first).mtimeMs > 1000, 5000, 'a second has passed');
    const json = await histogram([String(target.pid), '--before', first]);
    expect(json.threads[0]?.growth?.rows[0]?.name).toBe('Session');
    writeFileSync(first, '{"schema":"holter.cpu/1"}');
    const bad = await runHolter(['heap', 'histogram', String(target.pid), '--before', first]);
    expect(bad.stderr).toContain('E_FILE_FORMAT');
  });
});

// Only root may mount and make control groups; elsewhere the pure tests of heap-need.ts and snapshot-file.ts stand for it.
describe.runIf(process.getuid?.() === 0)('with the right to make limits', () => {
  test('a disk that fills up: told, no half file, the target clean', async () => {
    const small = mkdtempSync(join(folder, 'disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', small]);
    try {
      const target = await start('heap-classes.cjs', 22);
      const before = snapshotProc(target.pid);
      // 20 MB of it are taken while V8 works, after the room has been checked.
      const { code, stderr } = await runHolter(
        ['heap', 'snapshot', String(target.pid), '--yes', '-o', join(small, 'a.heapsnapshot')],
        {
          act: () =>
            void until(() => leftovers(small).length > 0, 20_000, 'it is written')
              .then(() =>
                execFileSync('dd', ['if=/dev/zero', `of=${join(small, 'filler')}`, 'bs=1M', 'count=40'], {
                  stdio: 'ignore',
                }),
              )
              .catch(() => {}),
        },
      );
      expect(stderr).toContain('the disk is full');
      expect(code).toBe(1);
      expect(readdirSync(small)).toEqual(['filler']);
      await expectClean(target, before);
      const refused = await runHolter([
        'heap',
        'snapshot',
        String(target.pid),
        '--yes',
        '-o',
        join(small, 'b.heapsnapshot'),
      ]);
      expect(refused.stderr).toMatch(/MB free/);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  const group = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].find((path) =>
    existsSync(join(path, 'cgroup.procs')),
  );
  test.runIf(group !== undefined)(
    'too little memory in the control group: refused with the numbers',
    async () => {
      const own = join(group!, `holter-test-${process.pid}`);
      mkdirSync(own);
      try {
        const limit = ['memory.max', 'memory.limit_in_bytes'].find((name) => existsSync(join(own, name)));
        if (limit === undefined) throw new Error(`no memory controller in ${own}`);
        writeFileSync(join(own, limit), String(250e6));
        const target = await startTarget(program('heap-large.cjs'), { node: 22, args: ['100000'] });
        targets.push(target);
        writeFileSync(join(own, 'cgroup.procs'), String(target.pid));
        const { code, stderr } = await runHolter(['heap', 'snapshot', String(target.pid)]);
        expect(stderr).toMatch(/needs about \d+ MB, and its control group has [\d.]+ MB left/);
        expect(stderr).toContain('holter heap histogram');
        expect(code).toBe(1);
        await target.stop();
      } finally {
        await until(
          () => readFileSync(join(own, 'cgroup.procs'), 'utf8') === '',
          10_000,
          'the group is empty',
        );
        rmdirSync(own);
      }
    },
  );
});

/** V8 is building: its memory has risen well above what the program itself takes. */
function underWay({ pid }: TargetProcess, out: string): () => boolean {
  const rss = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const before = rss();
  return () => leftovers(out).length > 0 && rss() > before + 40_000;
}

function interruptWhen(condition: () => boolean, pid: number, signal: NodeJS.Signals): Promise<void> {
  return until(condition, 30_000, 'the snapshot is under way').then(
    () => void process.kill(pid, signal),
    () => {},
  );
}
