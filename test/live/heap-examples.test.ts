import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/doctor/report.ts';
import type { HeapDifference } from '../../src/heap/heap-difference.ts';
import type { HeapHistogramJson } from '../../src/render/heap-histogram-json.ts';
import { runHolter } from './built.ts';
import { load, type NodeMajor, startTarget, type TargetProcess } from './target-process.ts';

/** Walkthroughs 8 and 9 of examples/, as their READMEs tell them, with less time between the two looks. */
const folder = mkdtempSync(join(tmpdir(), 'holter-heap-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

async function start(path: string, node: NodeMajor): Promise<TargetProcess> {
  target = await startTarget(fileURLToPath(new URL(`../../examples/${path}`, import.meta.url)), { node });
  return target;
}

async function runJson<T>(args: readonly string[]): Promise<T> {
  const { stdout, stderr, code } = await runHolter([...args, '--json']);
  if (code !== 0) throw new Error(`holter ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Does `during` while requests come in, and stops them with the process. */
async function underLoad<T>(path: string, during: (pid: string) => Promise<T>, rate = 300): Promise<T> {
  const { url, pid } = target as TargetProcess;
  const loading = load(url + path, { connections: 4, rate, seconds: 40 });
  loading.catch(() => {});
  try {
    return await during(String(pid));
  } finally {
    // The load ends by itself, with nobody to talk to.
    await target?.stop();
  }
}

async function snapshotTwice(pid: string, name: string): Promise<string[]> {
  // A test that is tried again finds what the first try left.
  const out = mkdtempSync(join(folder, `${name}-`));
  rmSync(out, { recursive: true });
  const { snapshots } = await runJson<{ snapshots: { file: string }[] }>([
    'heap',
    'snapshot',
    pid,
    '-d',
    '3s',
    '--yes',
    '-o',
    out,
  ]);
  return snapshots.map(({ file }) => file);
}

describe.each([20, 24] as const)('Node %i', (node) => {
  test('08 class pile-up: the class first, its holder and line, by count and by snapshots', async () => {
    await start('08-class-pile-up/server.js', node);
    const { counted, difference } = await underLoad('/orders', async (pid) => {
      const counted = await runJson<HeapHistogramJson>(['heap', 'histogram', pid, '-d', '4s', '--yes']);
      const files = await snapshotTwice(pid, `orders-${node}`);
      expect(files.map((file) => existsSync(file))).toEqual([true, true]);
      return { counted, difference: await runJson<HeapDifference>(['heap', 'diff', ...files]) };
    });
    const [grown] = counted.threads[0]!.growth!.rows;
    expect(grown?.name).toBe('Order');
    expect(grown?.place).toMatch(/orders\.js:2:\d+$/);
    expect(grown?.countPerMinute).toBeGreaterThan(1000);
    // Both of one visit: compared object by object.
    expect(difference.mode).toBe('ids');
    const [first] = difference.classes;
    expect(first?.name).toBe('Order');
    expect(first?.place).toContain('orders.js:2');
    expect(first?.added).toBeGreaterThan(100);
    expect(first?.holders[0]?.text).toMatch(/history\.js.* > placed/);
    expect(first?.holders[0]?.held).toBe(first?.added);
    expect(difference.containers[0]?.path).toMatch(/placed/);
  });

  test('09 listeners: the emitter that grows, and the function that adds', async () => {
    await start('09-listeners/server.js', node);
    const { counted, files } = await underLoad('/', async (pid) => ({
      counted: await runJson<HeapHistogramJson>(['heap', 'histogram', pid, '-d', '4s', '--yes']),
      files: await snapshotTwice(pid, `prices-${node}`),
    }));
    const difference = await runJson<HeapDifference>(['heap', 'diff', ...files]);
    const rows = counted.threads[0]!.growth!.rows;
    const listener = rows.find(({ name }) => name === 'function onCurrencyChange');
    expect(listener?.place).toMatch(/price\.js:10:\d+$/);
    expect(listener?.countPerMinute).toBeGreaterThan(1000);
    expect(rows.find(({ name }) => name === 'Settings')?.entriesPerMinute).toBeGreaterThan(1000);
    const [container] = difference.containers;
    expect(container?.path).toMatch(/Settings|settings/);
    expect(container?.path).toContain('change');
    expect(container!.entriesAfter - container!.entriesBefore).toBeGreaterThan(100);
    const { suspects } = await runJson<{
      suspects: { detector: string; title: string; place: string; growth: { count: number } }[];
    }>(['heap', 'suspects', files[1]!, '--before', files[0]!]);
    const [suspect] = suspects;
    expect(suspect?.detector).toBe('listeners');
    expect(suspect?.title).toMatch(/onCurrencyChange.*'change'.*Settings/);
    expect(suspect?.place).toMatch(/price\.js:\d+/);
    expect(suspect?.growth.count).toBeGreaterThan(100);
  });
});

test('doctor --heap: the class, its holder and the allocating line in one finding; snapshots in the recording', async () => {
  await start('08-class-pile-up/server.js', 22);
  const out = join(folder, 'doctor');
  const report = await underLoad(
    '/orders',
    (pid) => runJson<DoctorReport>(['doctor', pid, '-d', '8s', '--heap', '--yes', '-o', out]),
    2500,
  );
  const finding = report.findings.find(({ kind }) => kind === 'memory-leak-heap');
  expect(finding?.title).toMatch(/Order objects in .*history\.js > placed/);
  expect(finding?.evidence.find(({ signal }) => signal === 'more Order objects')?.value).toBeGreaterThan(
    1000,
  );
  const files = finding?.where.map((place) => `${place.file.split('/').at(-1)}:${place.line}`);
  expect(files).toContain('orders.js:2');
  expect(files?.[0]).toMatch(/^(server\.js:11|orders\.js:\d|history\.js:5)$/);
  expect(finding?.next[0]).toContain('holter heap');
  expect(report.actions.filter(({ what }) => what === 'heap snapshot taken').length).toBe(2);
  const manifest = JSON.parse(readFileSync(join(out, 'recording.json'), 'utf8'));
  expect(manifest.files.filter(({ kind }: { kind: string }) => kind === 'heap-snapshot').length).toBe(2);
  // The pauses of the snapshots are not taken for the program's: they come after the window.
  expect(report.window.seconds).toBeLessThan(20);
});

test('doctor --heap leaves a process alone whose heap does not grow', async () => {
  await start('08-class-pile-up/server.js', 22);
  const report = await underLoad(
    '/',
    (pid) => runJson<DoctorReport>(['doctor', pid, '-d', '4s', '--heap', '--yes']),
    50,
  );
  expect(report.actions.filter(({ what }) => what.includes('heap snapshot'))).toEqual([]);
  expect(report.findings.map(({ kind }) => kind)).not.toContain('memory-leak-heap');
});
