import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOLTER, runHolter, until } from './built.ts';
import { NODE_MAJORS, nodeBinary, startTarget, type TargetProcess, targetFile } from './target-process.ts';

/** Cores that holter takes of live processes: what is in them, who can read them, and that nobody is harmed. */
const run = promisify(execFile);
const has = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));

interface Taken {
  schema: string;
  path: string;
  pid: number;
  pausedMs: number;
  estimatedPauseMs: number;
  copiedBytes: number;
  leftOutBytes: number;
  fileBytes: number;
  diskBytes: number;
  threads: number;
  framePointers: number;
  wasStopped: boolean;
  packing?: string;
  problems: string[];
}

let folder: string;
let target: TargetProcess | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-take-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function holter(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runHolter(args);
  expect(`${code} ${stderr}`).toBe('0 ');
  return stdout;
}

async function take(pid: number, name: string, ...options: string[]): Promise<Taken> {
  return JSON.parse(
    await holter('core', 'take', String(pid), '-o', join(folder, name), '--yes', '--json', ...options),
  ) as Taken;
}

const stateOf = (pid: number): string => {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text[text.lastIndexOf(')') + 2] ?? '';
};
const rssOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

/** JSON of a command without what is another each time. */
async function ask(core: string, ...args: string[]): Promise<unknown> {
  const [command, ...rest] = args;
  const text = await holter('core', command!, core, ...rest, '--json');
  return JSON.parse(text.replaceAll(core, 'CORE'), (key, value) =>
    ['at', 'takenAt', 'name', 'memoryBytes', 'dueMs', 'fp', 'source'].includes(key) ? undefined : value,
  ) as unknown;
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  afterEach(async () => {
    await target?.stop();
    target = undefined;
  });

  it('a loop that never ends: the running line, receiver and arguments, from a core a fraction of its size', async () => {
    target = await startTarget(targetFile('core/spin.cjs'), { node });
    const { pid } = target;
    const rss = rssOf(pid);
    const taken = await take(pid, `spin-${node}`);
    expect(taken).toMatchObject({ schema: 'holter.core-take/1', pid, wasStopped: false, problems: [] });
    expect(taken.threads).toBe(readdirSync(`/proc/${pid}/task`).length);
    // The one that runs JavaScript has one for sure; others use the register for something else.
    expect(taken.framePointers).toBeGreaterThanOrEqual(1);
    const core = join(folder, `spin-${node}`);
    const { mode, blocks } = statSync(core);
    expect(mode & 0o777).toBe(0o600);
    expect(blocks * 512).toBeLessThan(1.5 * rss);
    expect(stateOf(pid)).toBe('R');

    interface Stack {
      pid: number;
      crash?: unknown;
      problems: string[];
      threads: {
        role: string;
        frames: {
          function: string;
          line?: number;
          arguments?: { name: string; value: { value?: unknown } }[];
        }[];
      }[];
    }
    const stack = JSON.parse(await holter('core', 'bt', core, '--json', '--values')) as Stack;
    expect(stack.crash).toBeUndefined();
    const frames = stack.threads[0]!.frames;
    const turn = frames.find(({ function: name }) => name === 'Wheel.turn');
    expect(turn?.arguments?.find(({ name }) => name === 'times')?.value.value).toBe(4711);
    expect(turn?.line).toBe(9);
    expect(frames.map(({ function: name }) => name)).toEqual(
      expect.arrayContaining([expect.stringContaining('spinAround'), 'node::Start']),
    );
    rmSync(core);
  });
});

describe('an idle server', () => {
  let pid: number;
  let url: string;
  beforeAll(async () => {
    target = await startTarget(targetFile('core/shelf.cjs'), { node: 24, args: ['200'] });
    ({ pid, url } = target);
  });
  afterEach(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  });
  afterAll(async () => {
    await target?.stop();
    target = undefined;
  });
  /** It serves, and nothing of holter lies about. */
  const isWell = async (...files: string[]): Promise<void> => {
    expect(await (await fetch(url)).text()).toBe('5000');
    expect(readdirSync(folder).sort()).toEqual(files.sort());
  };

  it.skipIf(!has('gdb'))('gdb reads it: threads and the native frames of the main thread', async () => {
    await take(pid, 'core');
    const { stdout } = await run('gdb', [
      '-batch',
      '-nx',
      '-ex',
      'info threads',
      '-ex',
      'bt',
      nodeBinary(24),
      join(folder, 'core'),
    ]);
    expect(stdout.match(/^[* ] +\d+ +.*LWP \d+/gm)).toHaveLength(readdirSync(`/proc/${pid}/task`).length);
    expect(stdout).toMatch(/#\d+ +0x[0-9a-f]+ in uv_run .*\n#\d+ .* in node::SpinEventLoop/);
    expect(stdout).toMatch(/ in node::Start\(int, char\*\*\) \(\)\n(.*\n)*#\d+ .* in _start \(\)/);
    await isWell('core');
  });

  it.skipIf(!has('lldb-14'))('lldb reads it', async () => {
    await take(pid, 'core');
    const { stdout } = await run('lldb-14', ['-b', '-o', 'bt', nodeBinary(24), '-c', join(folder, 'core')]);
    expect(stdout).toMatch(/frame #\d+: 0x[0-9a-f]+ node`uv_run.*\n.*node::SpinEventLoop/);
    expect(stdout).toMatch(/node`_start/);
  });

  it.skipIf(!has('gcore'))(
    'holter finds in it what it finds in a core by gdb of the same moment',
    async () => {
      process.kill(pid, 'SIGSTOP');
      try {
        await until(() => stateOf(pid) === 'T', 5000, 'stopped');
        expect((await take(pid, 'core')).wasStopped).toBe(true);
        // Who was stopped by another stays so.
        expect(stateOf(pid)).toBe('T');
        await run('gcore', ['-o', join(folder, 'gdb'), String(pid)]);
        const [own, theirs] = [join(folder, 'core'), join(folder, `gdb.${pid}`)];
        for (const command of [['bt', '--all'], ['info'], ['handles'], ['objects', '--isolate', 'all']])
          expect(await ask(own, ...command), command[0]).toEqual(await ask(theirs, ...command));
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      rmSync(join(folder, `gdb.${pid}`));
      await isWell('core');
    },
  );

  it('--js-heap-only leaves the Buffer out and says so, --compress packs', async () => {
    const lean = await take(pid, 'lean', '--js-heap-only');
    expect(lean.leftOutBytes).toBeGreaterThan(199 * 2 ** 20);
    expect(lean.diskBytes).toBeLessThan(60e6);
    const info = await holter('core', 'info', join(folder, 'lean'), '--no-color');
    expect(info).toContain('--js-heap-only');
    const packed = await take(pid, 'packed', '--js-heap-only', '--compress', 'gzip');
    expect(packed.packing).toBe('gzip');
    expect(packed.fileBytes).toBeLessThan(lean.diskBytes / 2);
    expect(await ask(join(folder, 'packed'), 'bt', '--all')).toEqual(
      await ask(join(folder, 'lean'), 'bt', '--all'),
    );
    await isWell('lean', 'packed');
  });

  it('drained before the stop and brought back after it, also when something fails', async () => {
    const log = join(folder, 'log');
    const told = () => readFileSync(log, 'utf8').trim().split('\n');
    const commands = ['--drain', `echo drain $HOLTER_PID >>${log}`, '--undrain', `echo undrain >>${log}`];
    await take(pid, 'core', ...commands);
    expect(told()).toEqual([`drain ${pid}`, 'undrain']);
    rmSync(log);
    const core = join(folder, 'core');
    writeFileSync(core, 'an older one');
    const failed = await runHolter([
      'core',
      'take',
      String(pid),
      '-o',
      core,
      '--yes',
      '--drain',
      'exit 3',
      ...commands.slice(2),
    ]);
    expect([failed.code, told()]).toEqual([1, ['undrain']]);
    expect(failed.stderr).toContain('the command of --drain failed: exit code 3');
    expect(readFileSync(core, 'utf8')).toBe('an older one');
    const unwell = await runHolter(['core', 'take', String(pid), '-o', core, '--yes', '--undrain', 'exit 4']);
    expect([unwell.code, unwell.stdout.includes('--undrain failed: exit code 4')]).toEqual([1, true]);
    expect(statSync(core).size).toBeGreaterThan(1e6);
    await isWell('core', 'log');
  });

  it('killed while it drains: it is brought back', async () => {
    const log = join(folder, 'log');
    const { signal } = await runHolter(
      [
        'core',
        'take',
        String(pid),
        '-o',
        join(folder, 'core'),
        '--yes',
        '--drain',
        `echo >>${log}; sleep 4`,
        '--undrain',
        `echo undrain >>${log}`,
      ],
      {
        act: (holterPid) =>
          void until(() => existsSync(log), 20_000, 'draining').then(() =>
            process.kill(holterPid, 'SIGKILL'),
          ),
      },
    );
    expect(signal).toBe('SIGKILL');
    await until(() => readFileSync(log, 'utf8').includes('undrain'), 10_000, 'brought back');
    await isWell('log');
  });

  /** Does something as soon as the process stands still for holter. */
  async function meanwhile(act: (holterPid: number) => void, of: number = pid) {
    return runHolter(['core', 'take', String(of), '-o', join(folder, 'core'), '--yes'], {
      act: (holterPid) => {
        const look = (): void => {
          if (stateOf(of) === 'T') act(holterPid);
          else setImmediate(look);
        };
        look();
      },
    });
  }

  it('Ctrl-C in the pause: it runs on, no file', async () => {
    const { code, signal, stderr } = await meanwhile((holterPid) => process.kill(holterPid, 'SIGINT'));
    expect(signal ?? code).not.toBe(0);
    expect(stderr).toContain('no file was left');
    await isWell();
  });

  it('killed in the pause: it runs on', async () => {
    const { signal } = await meanwhile((holterPid) => process.kill(holterPid, 'SIGKILL'));
    expect(signal).toBe('SIGKILL');
    await until(() => stateOf(pid) !== 'T', 10_000, 'continued by the guard');
    expect(readdirSync(folder).some((name) => name === 'core')).toBe(false);
    expect(await (await fetch(url)).text()).toBe('5000');
  });

  it('continued by another in the pause: no torn core', async () => {
    const { code, stderr } = await meanwhile(() => process.kill(pid, 'SIGCONT'));
    expect(`${code} ${stderr}`).toMatch(/^3 .*(?:continued by another|does not stop)/);
    await isWell();
  });

  it('a file system that refuses on the way, and one that has no room: no file, it runs on', async () => {
    const limited = await run('/bin/sh', [
      '-c',
      'ulimit -f 2000; exec "$@"',
      'sh',
      process.execPath,
      HOLTER,
      'core',
      'take',
      String(pid),
      '-o',
      join(folder, 'core'),
      '--yes',
    ]).catch((error: { code: number; stderr: string }) => error);
    expect(limited).toMatchObject({ code: 1, stderr: expect.stringContaining('(ulimit -f') as string });
    await isWell();
    const nowhere = await runHolter(['core', 'take', String(pid), '-o', join(folder, 'none/core'), '--yes']);
    expect(`${nowhere.code} ${nowhere.stderr}`).toMatch(/^1 .*E_WRITE/s);
    await isWell();
  });

  it('a process that ends in the pause: said, no file', async () => {
    const dying = await startTarget(targetFile('core/shelf.cjs'), { node: 24, args: ['200'] });
    try {
      const { code, stderr } = await meanwhile(() => process.kill(dying.pid, 'SIGKILL'), dying.pid);
      expect(`${code} ${stderr}`).toMatch(/^3 .*has ended/);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await dying.stop();
    }
  });

  it('where cores go', async () => {
    const where = JSON.parse(await holter('core', 'where', String(pid), '--json')) as Record<string, unknown>;
    expect(where).toMatchObject({
      schema: 'holter.core-where/1',
      pattern: { text: readFileSync('/proc/sys/kernel/core_pattern', 'utf8').replace(/\n$/, '') },
      process: { pid, abortsOnUncaught: false, isFlagKnown: true },
    });
    const told = await holter('core', 'where', String(pid), '--no-color');
    expect(told).toContain(`holter core take ${pid}`);
    expect(told).toContain('--abort-on-uncaught-exception');
  });
});
