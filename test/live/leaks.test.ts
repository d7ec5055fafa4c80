import { spawn } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { DoctorReport, Finding } from '../../src/doctor/report.ts';
import { HOLTER, runDoctor, until } from './built.ts';
import { readExpectation } from './target-expectation.ts';
import { load, type NodeMajor, startTarget, type TargetProcess, targetFile } from './target-process.ts';

const WINDOW = ['-d', '5s'];
const LEAKS = ['leak-handles', 'leak-listeners', 'leak-timers', 'leak-promises'];

let target: TargetProcess | undefined;
const enough: AbortController[] = [];
afterEach(async () => {
  for (const controller of enough.splice(0)) controller.abort();
  await target?.stop();
  target = undefined;
});

/** `lead`: ms of load before the doctor comes; 0: the load begins with the window. */
async function begin(file: string, node: NodeMajor, lead: number, connections: number): Promise<number> {
  target = await startTarget(file, { node, nodeArgs: ['--inspect-port=0'] });
  const controller = new AbortController();
  enough.push(controller);
  const loading = load(`${target.url}/`, { connections, seconds: 60, signal: controller.signal });
  // Ended by us: what it measured nobody asks for.
  loading.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, lead));
  return target.pid;
}

async function diagnose(name: string, node: NodeMajor, lead: number): Promise<DoctorReport> {
  const file = targetFile(name);
  const pid = await begin(file, node, lead, readExpectation(file).load?.connections ?? 4);
  return runDoctor([String(pid), ...WINDOW]);
}

const leaksOf = ({ findings }: DoctorReport): Finding[] =>
  findings.filter(({ kind }) => LEAKS.includes(kind));

/** About 95 requests a second, and one of each kind with every request. */
describe('four leaks in one process', () => {
  const LINES: Record<string, [string, number]> = {
    'leak-timers': ['track', 13],
    'leak-listeners': ['follow', 17],
    'leak-promises': ['record', 23],
    'leak-handles': ['lastLine', 28],
  };

  test.each([18, 20, 22, 24, 26] as const)('each with its line and number on Node %i', async (node) => {
    const report = await diagnose('leaks-all.mjs', node, 800);
    const said = report.findings.map(({ kind, title }) => `${kind}: ${title}`).join('; ');
    for (const [kind, [name, line]] of Object.entries(LINES)) {
      const finding = report.findings.find((candidate) => candidate.kind === kind);
      expect(finding, `${kind} in ${said}`).toBeDefined();
      expect(finding?.problem).toBe('memory-growth');
      expect([finding?.where[0]?.function, finding?.where[0]?.line]).toEqual([name, line]);
      expect(basename(finding?.where[0]?.file ?? '')).toBe('leaks-all.mjs');
      const perMinute = finding?.evidence.find(({ signal }) => signal === 'growth')?.value ?? 0;
      // All four grow with the requests; a busy machine serves fewer.
      expect(perMinute).toBeGreaterThan(500);
      expect(perMinute).toBeLessThan(8000);
    }
    const [timers, listeners] = ['leak-timers', 'leak-listeners'].map(
      (kind) =>
        report.findings
          .find((candidate) => candidate.kind === kind)!
          .evidence.find(({ signal }) => signal === 'growth')!.value,
    );
    expect(timers! / listeners!).toBeGreaterThan(0.7);
    expect(timers! / listeners!).toBeLessThan(1.4);
    expect(report.findings.find(({ kind }) => kind === 'leak-promises')?.where[1]?.function).toBe(
      'acknowledged',
    );
    expect(report.left).toEqual({ verified: true, leftBehind: [] });
  });
});

test.each([20, 24] as const)(
  'caches, pools, listeners and promises that end are no leak on Node %i, also when the load begins with the window',
  async (node) => {
    const report = await diagnose('leaks-all.healthy.mjs', node, 0);
    expect(leaksOf(report).map(({ title }) => title)).toEqual([]);
    for (const kind of LEAKS) expect(report.checked).toContain(kind);
  },
);

test('connections that the program opens and forgets: counted by the kernel, one end only', async () => {
  const report = await diagnose('leak-handles-sockets.cjs', 24, 800);
  const [finding] = leaksOf(report);
  expect(finding?.kind).toBe('leak-handles');
  expect(finding?.title).toMatch(/outgoing connections more .*: those that publish opens are not closed/);
  expect(finding?.where[0]).toMatchObject({ function: 'publish', line: 10 });
});

test('connections that peers have closed and the program has not', async () => {
  const report = await diagnose('leak-handles-close-wait.cjs', 20, 800);
  const [finding] = leaksOf(report);
  expect(finding?.title).toMatch(
    /connections more in CLOSE_WAIT .*: clients of 127\.0\.0\.1:\d+ have closed them/,
  );
});

interface Witness {
  changed: string[];
  sameShape: boolean;
  oneFunction: boolean;
  globals: string[];
}

const WITNESS = join(dirname(fileURLToPath(import.meta.url)), 'programs/leak-witness.mjs');
const CLEAN: Witness = { changed: [], sameShape: true, oneFunction: true, globals: [] };

async function ask(): Promise<Witness> {
  return (await (await fetch(`${target!.url}/state`)).json()) as Witness;
}

test('functions are put back as they were, and look like themselves meanwhile', async () => {
  const pid = await begin(WITNESS, 22, 300, 3);
  expect(await ask()).toEqual(CLEAN);
  const running = runDoctor([String(pid), ...WINDOW]);
  const seen = new Set<string>();
  let isOver = false;
  const over = running.finally(() => {
    isOver = true;
  });
  await until(
    async () => {
      const state = await ask();
      for (const name of state.changed) seen.add(name);
      expect([state.sameShape, state.oneFunction]).toEqual([true, true]);
      return isOver;
    },
    60_000,
    'the doctor is done',
  );
  const report = await over;
  expect([...seen].sort()).toEqual([
    'addEventListener',
    'addListener',
    'importedOpen',
    'importedOpenSync',
    'on',
    'open',
    'openSync',
    'prependListener',
  ]);
  expect(
    leaksOf(report)
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual([...LEAKS].sort());
  expect(await ask()).toEqual(CLEAN);
});

test('kill -9 of holter in the middle leaves nothing', async () => {
  const pid = await begin(WITNESS, 20, 300, 3);
  const holter = spawn(process.execPath, [HOLTER, 'doctor', String(pid), '-d', '20s'], { stdio: 'ignore' });
  await until(async () => (await ask()).changed.includes('on'), 30_000, 'the recorder is in');
  holter.kill('SIGKILL');
  await until(async () => (await ask()).globals.length === 0, 30_000, 'the target is clean');
  expect(await ask()).toEqual(CLEAN);
});
