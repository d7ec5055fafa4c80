import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/doctor/report.ts';
import { runDoctor } from './built.ts';
import { load, startTarget, type TargetProcess } from './target-process.ts';

/** The walkthroughs of examples/, as their READMEs tell them. */
let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

async function start(path: string): Promise<TargetProcess> {
  target = await startTarget(fileURLToPath(new URL(`../../examples/${path}`, import.meta.url)), { node: 22 });
  return target;
}

async function underLoad(path: string, connections: number, rate?: number): Promise<DoctorReport> {
  const { url, pid } = target as TargetProcess;
  const loading = load(url + path, { connections, seconds: 9, ...(rate === undefined ? {} : { rate }) });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const report = await runDoctor([String(pid), '-d', '6s']);
  await target?.stop();
  await loading.catch(() => {});
  return report;
}

const first = (report: DoctorReport) => {
  const [finding] = report.findings;
  return [finding?.kind, finding?.where[0]?.function, finding?.where[0]?.file.split('/').at(-1)];
};

test('06 synchronous hash: over 90 % in the hash, blamed on the function that calls it, with its caller', async () => {
  await start('06-sync-hash/server.js');
  const report = await underLoad('/login', 8);
  expect(first(report)).toEqual(['event-loop-blocked', 'hashPassword', 'auth.js']);
  expect(report.findings[0]?.where[0]?.share).toBeGreaterThan(0.9);
  expect(report.findings[0]?.where.map((place) => place.function)).toContain('login');
  expect(report.findings[0]?.source?.lines.join('\n')).toContain('pbkdf2Sync');
});

test('13 four metrics: the routes differ as their README says', async () => {
  await start('13-four-metrics/server.js');
  const busy = await underLoad('/busy', 4);
  expect(busy.findings.length).toBeGreaterThan(0);
  expect(busy.findings[0]?.problem).toMatch(/cpu-high-serving|slow-throughput/);
  await start('13-four-metrics/server.js');
  const well = await underLoad('/well', 4, 50);
  expect(well.findings).toEqual([]);
  await start('13-four-metrics/server.js');
  const growing = await underLoad('/growing', 4, 100);
  expect(growing.findings.map(({ problem }) => problem)).toContain('memory-growth');
});

test('13 four metrics: a flat line is a blocked stretch, not a gap', async () => {
  const { url, pid } = await start('13-four-metrics/server.js');
  get(`${url}/flat`).on('error', () => {});
  await new Promise((resolve) => setTimeout(resolve, 500));
  const report = await runDoctor([String(pid), '-d', '6s']);
  expect(report.findings[0]?.kind).toBe('event-loop-stuck');
});

test.each([
  ['/next-backup?weekday=7', 'nextBackup', 'schedule.js'],
  ['/outline?size=400000', 'readTag', 'html-parser.js'],
])('16 stuck loop: %s', async (path, name, file) => {
  const { url, pid } = await start('16-stuck-loop/server.js');
  get(url + path).on('error', () => {});
  await new Promise((resolve) => setTimeout(resolve, 500));
  const report = await runDoctor([String(pid), '-d', '20s']);
  expect(report.findings[0]?.kind).toBe('event-loop-stuck');
  const names = report.findings[0]?.where.map((place) => `${place.function} ${place.file.split('/').at(-1)}`);
  expect(names).toContain(`${name} ${file}`);
  expect(report.window.seconds).toBeLessThan(5);
});

test('18 CPU bound by JavaScript', async () => {
  await start('18-cpu-bound-by/js/server.js');
  const report = await underLoad('/', 8);
  expect(first(report)).toEqual(['cpu-bound', 'editDistance', 'suggest.js']);
});

test('18 CPU bound by garbage collection', async () => {
  await start('18-cpu-bound-by/gc/server.js');
  const report = await underLoad('/', 8);
  const finding = report.findings.find(({ kind }) => kind === 'gc-pressure');
  expect([finding?.where[0]?.function, finding?.where[0]?.file.split('/').at(-1)]).toEqual([
    'rebuild',
    'report.js',
  ]);
});
