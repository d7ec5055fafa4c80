import { afterEach, describe, expect, test } from 'vitest';
import { runHolter, until } from './built.ts';
import { NO_TERMINAL, runOnTerminal, type TerminalRun } from './pseudo-terminal.ts';
import {
  type NodeMajor,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

const targets: TargetProcess[] = [];
const runs: TerminalRun[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) {
    try {
      process.kill(run.pid(), 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  }
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(node: NodeMajor): Promise<TargetProcess> {
  const target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node });
  targets.push(target);
  return target;
}

function open(args: readonly string[], rows: number, columns: number, env = {}): TerminalRun {
  const run = runOnTerminal(['top', ...args], { rows, columns }, env);
  runs.push(run);
  return run;
}

const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const shows = (run: TerminalRun, what: RegExp, limitMs = 20_000): Promise<void> =>
  until(() => what.test(run.screen()), limitMs, `${what} on:\n${run.screen()}`);

describe.skipIf(NO_TERMINAL !== undefined)(
  `on a terminal${NO_TERMINAL === undefined ? '' : ` (${NO_TERMINAL})`}`,
  () => {
    test.each([20, 24] as const)('Node %i: table, page, keys; the target is left clean', async (node) => {
      const target = await start(node);
      const other = await start(node);
      const before = snapshotProc(target.pid);
      const [low, high] = [target, other].sort((a, b) => a.pid - b.pid);
      const run = open([`${target.pid}`, `${other.pid}`, '--sort', 'pid'], 30, 100);
      await shows(run, new RegExp(`▸ +${low!.pid}.*${high!.pid}`, 's'));
      // A second look has CPU to show.
      await shows(run, new RegExp(`${high!.pid} +\\d+ % +\\d+ %`));
      if (target === high) {
        run.press('j');
        await shows(run, new RegExp(`▸ +${target.pid}`));
      }
      run.press('\r');
      await shows(run, /from outside and inside/);
      await shows(run, /heap +\d[\d.]*\/\d[\d.]* MB/);
      expect(run.screen()).toMatch(/main JS.*delay.*RSS.*Handles/s);
      expect(snapshotProc(target.pid).threads).toBeGreaterThan(before.threads);
      run.press('?');
      await shows(run, /keys\n/);
      run.press('x');
      await shows(run, /main JS/);
      run.press('\x1b');
      await shows(run, /2 Node processes/);
      await until(() => snapshotProc(target.pid).threads === before.threads, 10_000, 'the bridge has gone');
      run.press('\r');
      await shows(run, /from outside and inside/);
      run.press('q');
      const { code, before: modes, after } = await run.ended;
      expect(code).toBe(0);
      expect(after).toEqual(modes);
      expect(run.raw()).toContain(LEAVE);
      expect(run.raw().slice(run.raw().lastIndexOf(LEAVE))).toMatch(/attached once.*nothing left behind/);
      const left = snapshotProc(target.pid);
      expect({ ...left, stderrBytes: 0 }).toEqual({ ...before, stderrBytes: 0 });
    });

    test('a target that dies is told, its last picture stays; SIGTERM gives the terminal back', async () => {
      const target = await start(22);
      const run = open([`${target.pid}`, '--outside'], 24, 80);
      await shows(run, /main JS +[\d.]+ %/);
      expect(run.screen()).toMatch(/from outside only: --outside/);
      expect(snapshotProc(target.pid).threadNames).not.toContain('holter');
      await target.stop();
      await shows(run, /! ended at/);
      expect(run.screen()).toMatch(/RSS +\d+ MB/);
      process.kill(run.pid(), 'SIGTERM');
      const { code, before, after } = await run.ended;
      expect(code).toBe(0);
      expect(after).toEqual(before);
      expect(run.raw()).toContain(LEAVE);
    });

    test('a tiny terminal, another size, a command in between, Ctrl-Z without a shell', async () => {
      const target = await start(24);
      const run = open([`${target.pid}`, '--outside', '--no-color'], 5, 20);
      await shows(run, /main +[\d.]+ %/);
      const rows = run.screen().split('\n');
      expect(rows.length).toBeLessThanOrEqual(5);
      expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(20);
      expect(run.raw()).not.toContain('\x1b[1m');
      run.resize(24, 80);
      await shows(run, /holter top.*descriptors.*q quit/s);
      run.press('s');
      await until(() => /any key: back/.test(run.raw()), 20_000, 'the stack is printed');
      expect(run.raw()).toMatch(/main thread/);
      run.press('x');
      await shows(run, /main JS/);
      const drawn = run.raw().length;
      run.press('\x1a');
      await until(() => run.raw().slice(drawn).includes('\x1b[?1049h'), 10_000, 'it goes on');
      run.press('\x03');
      const { code, before, after } = await run.ended;
      expect(code).toBe(0);
      expect(after).toEqual(before);
    });
  },
);

test('--json prints a document per line and ends with the target; a pipe gets one picture', async () => {
  const target = await start(20);
  const other = await start(22);
  const before = snapshotProc(target.pid);
  const picture = await runHolter(['top', `${target.pid}`, `${other.pid}`]);
  expect(picture.code).toBe(0);
  expect(picture.stdout).toMatch(new RegExp(`^holter top  2 Node processes.* ${target.pid} `, 's'));
  expect(picture.stdout).not.toContain('\x1b');

  const page = await runHolter(['top', `${target.pid}`, '--once', '--json']);
  const document = JSON.parse(page.stdout) as {
    schema: string;
    process: { pid: number };
    vitals: { label: string; now: number }[];
  };
  expect(document).toMatchObject({ schema: 'holter.top/1', process: { pid: target.pid } });
  expect(document.vitals.find(({ label }) => label === 'RSS')?.now).toBeGreaterThan(1e7);
  expect(document.vitals.find(({ label }) => label === 'heap')?.now).toBeGreaterThan(1e6);
  expect({ ...snapshotProc(target.pid), stderrBytes: 0 }).toEqual({ ...before, stderrBytes: 0 });

  const ended = runHolter(['top', `${target.pid}`, '--json', '--outside', '--interval', '500ms'], {
    act: () => void setTimeout(() => void target.stop(), 1800),
  });
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { ended: string | null });
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(lines.map((line) => line.ended !== null)).toEqual([
    ...new Array(lines.length - 1).fill(false),
    true,
  ]);

  const wrong = await runHolter(['top', '--sort', 'size']);
  expect(wrong.code).toBe(2);
});
