import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CpuJson } from '../../src/render/cpu-json.ts';
import { built, HOLTER, runHolter, until } from './built.ts';
import { NODE_MAJORS, nodeBinary, startTarget, type TargetProcess, targetFile } from './target-process.ts';

/** `holter perf` on real processes, with the real perf. */

/** Why perf cannot be used here; undefined: it can. */
function whyNoPerf(): string | undefined {
  try {
    execFileSync('perf', ['record', '-q', '-o', '/dev/null', '-e', 'cpu-clock:u', '--', 'true'], {
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return String((error as Error).message).split('\n')[0];
  }
}
const noPerf = whyNoPerf();
const isRoot = process.getuid?.() === 0;
if (noPerf !== undefined) process.stderr.write(`perf.test.ts did not run: ${noPerf}\n`);
else if (!isRoot) process.stderr.write('perf.test.ts: parts for root (kernel, off-CPU) did not run\n');

let folder: string;
let target: TargetProcess | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-perf-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  const pid = target?.pid;
  await target?.stop();
  target = undefined;
  if (pid !== undefined) rmSync(`/tmp/perf-${pid}.map`, { force: true });
});

async function perf(args: readonly string[], options?: Parameters<typeof runHolter>[1]): Promise<CpuJson> {
  const { code, stdout, stderr } = await runHolter(['perf', '--json', ...args], options);
  expect(`${code} ${stderr}`).toBe('0 ');
  return JSON.parse(stdout) as CpuJson;
}

/** Until perf looks at a process, and that has worked for half a second meanwhile. */
async function recorded(pid: number): Promise<void> {
  await until(() => perfsOf(pid).length > 0, 20_000, 'perf');
  const ticks = (): number =>
    Number(
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[11],
    );
  const begun = ticks();
  await until(() => ticks() > begun + 50, 20_000, 'work of the target');
}

const fact = (json: CpuJson, label: string): string =>
  json.facts.find((each) => each.label === label)?.value ?? '';
const namedShare = (json: CpuJson): number => Number.parseFloat(fact(json, 'stacks named'));
const perfsOf = (pid: number): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        return words[1] === 'record' && words[words.indexOf('-p') + 1] === String(pid);
      } catch {
        return false;
      }
    });

describe.skipIf(noPerf !== undefined)('holter perf', () => {
  it.each(NODE_MAJORS)('names JavaScript of Node %i that writes no map, out of its memory', async (node) => {
    target = await startTarget(targetFile('perf/mixed.cjs'), { node });
    const json = await perf([String(target.pid), '-d', '1500ms', '-o', join(folder, `memory-${node}`)]);
    expect(fact(json, 'JavaScript names')).toBe("V8's heap");
    expect(namedShare(json)).toBeGreaterThan(90);
    const all = json.profiles[0]!;
    const names = all.user.map(({ name }) => name);
    for (const name of ['jsonWork', 'sortWork', 'hashWork']) expect(names).toContain(name);
    expect(all.user.find(({ name }) => name === 'sortWork')?.line).toBe(14);
    expect(all.split.share.native).toBeGreaterThan(0.1);
    if (isRoot) expect(all.split.share.kernel).toBeGreaterThan(0);
    expect(json.left).toEqual({ verified: true, leftBehind: [] });
    expect(json.actions?.every(({ pauseMs }) => pauseMs === 0)).toBe(true);
    // The process was not touched, and works on.
    expect(readFileSync(`/proc/${target.pid}/status`, 'utf8')).toMatch(/^TracerPid:\s+0$/m);
  });

  it.each([18, 22, 24, 26] as const)(
    'starts an app of Node %i with a map, from its first instruction, and leaves no file',
    async (node) => {
      const cwd = join(folder, `cwd-${node}`);
      mkdirSync(cwd);
      const result = await new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
        const child = spawn(
          process.execPath,
          [
            HOLTER,
            'perf',
            '-d',
            '1500ms',
            '--json',
            '-o',
            join(folder, `start-${node}`),
            '--',
            nodeBinary(node),
            targetFile('perf/mixed.cjs'),
          ],
          { cwd, stdio: ['ignore', 'pipe', 'pipe'] },
        );
        let stdout = '';
        let stderr = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          stdout += text;
        });
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          stderr += text;
        });
        child.on('close', (code) => resolve({ code, stdout, stderr }));
      });
      expect([result.code, result.stderr.trim()]).toEqual([0, 'ready']);
      const json = JSON.parse(result.stdout) as CpuJson;
      expect(fact(json, 'JavaScript names')).toBe('perf map');
      expect(namedShare(json)).toBeGreaterThan(93);
      expect(json.profiles[0]!.user.map(({ name }) => name)).toContain('sortWork');
      expect(readdirSync(cwd)).toEqual([]);
      expect(existsSync(`/tmp/perf-${json.target!.pid}.map`)).toBe(false);
      expect(existsSync(`/proc/${json.target!.pid}`)).toBe(false);
    },
  );

  it('knows children that end early, and removes the files of all, wherever they began', async () => {
    const cwd = join(folder, 'family');
    mkdirSync(join(cwd, 'inner'), { recursive: true });
    writeFileSync(
      join(cwd, 'inner/parent.cjs'),
      "const { spawnSync } = require('node:child_process');\n" +
        "const busy = 'function childWork(n) { let s = 0; for (let i = 0; i < n; i++) s += i % 7; return s; } for (let i = 0; i < 300; i++) childWork(1e6)';\n" +
        "spawnSync(process.execPath, ['-e', busy]);\n",
    );
    const recording = join(folder, 'family-recording');
    const command = `cd ${join(cwd, 'inner')} && exec ${nodeBinary(22)} parent.cjs`;
    const json = await perf(['-d', '60s', '-o', recording, '--', 'sh', '-c', command]);
    const maps = readdirSync(recording).filter((name) => /^perf-\d+\.map$/.test(name));
    expect(maps.length).toBe(2);
    for (const name of maps) {
      expect(existsSync(join('/tmp', name))).toBe(false);
      expect(statSync(join(recording, name)).mode & 0o777).toBe(0o600);
    }
    expect(readdirSync(join(cwd, 'inner'))).toEqual(['parent.cjs']);
    expect(json.profiles[0]!.functions.map(({ name }) => name)).toContain('childWork');
  });

  it('leaves nothing that waits for ever when it is killed before the command began', async () => {
    const { holdCommand } =
      await built<typeof import('../../src/visit/perf-start.ts')>('visit/perf-start.js');
    const source = `import(${JSON.stringify(new URL('../../dist/visit/perf-start.js', import.meta.url).href)}).then(async ({ holdCommand }) => { console.log((await holdCommand(['sleep', '1000'])).pid); });`;
    const holder = spawn(process.execPath, ['-e', `${source} setInterval(() => {}, 1000)`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(
      await new Promise((resolve) => holder.stdout!.once('data', (text) => resolve(String(text)))),
    );
    process.kill(pid, 0);
    holder.kill('SIGKILL');
    await until(() => !existsSync(`/proc/${pid}`), 10_000, 'the held command to end');
    const held = await holdCommand(['true']);
    held.go();
    expect(await held.ended).toEqual({ code: 0, signal: null });
    await held.stop();
  });

  it('opens a recording again without anything of this machine, and converts it', async () => {
    target = await startTarget(targetFile('perf/mixed.cjs'), {
      node: 22,
      nodeArgs: ['--perf-basic-prof'],
      cwd: folder,
    });
    const recording = join(folder, 'again');
    const first = await perf([String(target.pid), '-d', '1s', '-o', recording]);
    await target.stop();
    rmSync(`/tmp/perf-${target.pid}.map`, { force: true });
    const again = await perf([recording, '-o', join(folder, 'again.folded')]);
    expect(again.profiles[0]!.functions.slice(0, 5)).toEqual(first.profiles[0]!.functions.slice(0, 5));
    expect(fact(again, 'stacks named')).toBe(fact(first, 'stacks named'));
    const folded = readFileSync(join(folder, 'again.folded'), 'utf8');
    expect(folded).toMatch(/;sortWork \(.*mixed\.cjs:14:\d+\)/);
    const lone = await perf([join(recording, 'perf.data')]);
    expect(lone.profiles[0]!.total).toBeCloseTo(first.profiles[0]!.total, 0);
  });

  it.skipIf(!isRoot)('shows where threads wait, and how long they ran', async () => {
    target = await startTarget(targetFile('perf/mixed.cjs'), { node: 24 });
    const json = await perf([String(target.pid), '-d', '1s', '--off-cpu', '-o', join(folder, 'off')]);
    const away = json.profiles.find(({ name }) => name.includes('off-CPU'))!;
    expect(away.functions.map(({ name }) => name)).toContain('(waiting)');
    const main = json.threads!.find(({ tid }) => tid === target!.pid)!;
    expect(main.name).toBe(`main thread ${target.pid}`);
    expect(main.onCpuMs).toBeGreaterThan(200);
    const pool = json.threads!.filter(({ name }) => name.startsWith('pool'));
    expect(pool.length).toBe(4);
    expect(pool.every(({ offCpuMs, onCpuMs }) => offCpuMs > onCpuMs)).toBe(true);
  });

  it('reads what perf writes into a pipe', async () => {
    const path = join(folder, 'piped.data');
    const busy = 'const end = Date.now() + 400; let i = 0; while (Date.now() < end) i++;';
    const command = `perf record -q -F 499 -e cpu-clock:u -g -o - -- "${nodeBinary(22)}" -e '${busy}' > "${path}"`;
    execFileSync('sh', ['-c', command], { stdio: 'pipe' });
    const json = await perf([path]);
    expect(json.profiles[0]!.total).toBeGreaterThan(200_000);
    expect(json.profiles[0]!.functions.map(({ name }) => name).join(' ')).toMatch(
      /clock_gettime|CurrentTime|Date/,
    );
  });

  it('keeps what was recorded when Ctrl-C ends it', async () => {
    target = await startTarget(targetFile('perf/mixed.cjs'), { node: 20 });
    const recording = join(folder, 'interrupted');
    const { pid } = target;
    const json = await perf([String(pid), '-d', '60s', '-o', recording], {
      act: (holter) => {
        void recorded(pid).then(() => process.kill(holter, 'SIGINT'));
      },
    });
    expect(json.notes).toContain('Stopped early (Ctrl-C).');
    expect(json.profiles[0]!.total).toBeGreaterThan(0);
    expect(perfsOf(pid)).toEqual([]);
    process.kill(pid, 0);
  });

  it('is gone with its perf when it is killed; the target goes on', async () => {
    target = await startTarget(targetFile('perf/mixed.cjs'), { node: 26 });
    const { pid } = target;
    const done = runHolter(['perf', String(pid), '-d', '60s', '-o', join(folder, 'killed')], {
      act: (holter) => {
        void until(() => perfsOf(pid).length > 0, 20_000, 'perf').then(() => process.kill(holter, 'SIGKILL'));
      },
    });
    expect((await done).signal).toBe('SIGKILL');
    await until(() => perfsOf(pid).length === 0, 20_000, 'perf to end');
    process.kill(pid, 0);
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\s+0$/m);
  });

  it('shows what it has when the target ends meanwhile', async () => {
    target = await startTarget(targetFile('perf/mixed.cjs'), { node: 22 });
    const { pid } = target;
    const recording = join(folder, 'ended');
    const json = await perf([String(pid), '-d', '60s', '-o', recording], {
      act: () => {
        void recorded(pid).then(() => process.kill(pid, 'SIGKILL'));
      },
    });
    expect(json.notes.join(' ')).toContain('The process ended while it was recorded.');
    expect(json.profiles[0]!.total).toBeGreaterThan(0);
  });

  it('says what to do where perf is missing, the process is none, or a file is damaged', async () => {
    target = await startTarget(targetFile('perf/mixed.cjs'), { node: 22 });
    const missing = await runHolter(['perf', String(target.pid)], { env: { PATH: '/nonexistent' } });
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/not installed.*E_OPTIONAL_MISSING.*apt-get install/s),
    ]);
    expect((await runHolter(['perf', '999999'])).stderr).toMatch(/E_NO_SUCH_PROCESS/);
    const usage = await runHolter(['perf']);
    expect([usage.code, usage.stderr]).toEqual([2, expect.stringContaining('no target given')]);
  });

  it.skipIf(!isRoot)('without root records the process, and says that the kernel is missing', async () => {
    const nobody = 65_534;
    const child = spawn(nodeBinary(22), [targetFile('perf/mixed.cjs')], {
      uid: nobody,
      gid: nobody,
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: '/',
    });
    try {
      await new Promise((resolve) => child.stdout!.once('data', resolve));
      const out = mkdtempSync(join(tmpdir(), 'holter-nobody-'));
      execFileSync('chown', [`${nobody}:${nobody}`, out]);
      const text = execFileSync(
        process.execPath,
        [HOLTER, 'perf', String(child.pid), '-d', '1s', '--json', '-o', join(out, 'r')],
        {
          uid: nobody,
          gid: nobody,
          cwd: '/',
          env: { PATH: process.env.PATH ?? '', HOME: '/' },
          encoding: 'utf8',
        },
      );
      const json = JSON.parse(text) as CpuJson;
      expect(json.notes.join(' ')).toMatch(/Frames of the kernel are missing/);
      expect(json.profiles[0]!.split.share.kernel).toBe(0);
      expect(json.profiles[0]!.user.map(({ name }) => name)).toContain('sortWork');
      rmSync(out, { recursive: true });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it.each([22, 24] as const)(
    'names the right function where Node %i uses memory again (truth: jitdump)',
    async (node) => {
      const { watchPerfMap } =
        await built<typeof import('../../src/visit/perf-map-watch.ts')>('visit/perf-map-watch.js');
      const { openFile } = await built<typeof import('../../src/base/byte-source.ts')>('base/byte-source.js');
      const { readPerfMap } = await built<typeof import('../../src/perf/perf-map.ts')>('perf/perf-map.js');
      const { readJitDump } = await built<typeof import('../../src/perf/jitdump.ts')>('perf/jitdump.js');
      const { nameAt } =
        await built<typeof import('../../src/perf/jit-code-book.ts')>('perf/jit-code-book.js');
      const { readDataHeader } =
        await built<typeof import('../../src/perf/data-header.ts')>('perf/data-header.js');
      const { readRecords } =
        await built<typeof import('../../src/perf/data-records.ts')>('perf/data-records.js');
      const { SampleReader, surveyRecords } =
        await built<typeof import('../../src/perf/survey.ts')>('perf/survey.js');
      const cwd = join(folder, `churn-${node}`);
      mkdirSync(cwd);
      target = await startTarget(targetFile('perf/churn.cjs'), {
        node,
        nodeArgs: ['--expose-gc', '--perf-basic-prof', '--perf-prof'],
        cwd,
      });
      const watch = watchPerfMap(target.pid);
      const data = join(cwd, 'perf.data');
      // Not synchronously: the map is followed meanwhile.
      await promisify(execFile)('perf', [
        'record',
        '-q',
        '-o',
        data,
        '-F',
        '997',
        '-e',
        'cpu-clock:u',
        '-g',
        '-k',
        'mono',
        '-p',
        String(target.pid),
        '--',
        'sleep',
        '3',
      ]);
      const kept = (await watch.keep(join(cwd, 'perf.map')))!;
      await target.stop();
      const dump = readJitDump(readFileSync(join(cwd, `jit-${target.pid}.dump`)))!;
      const map = readFileSync(join(cwd, 'perf.map'));
      const { timeUs, offset } = kept.times;
      const books = {
        timed: readPerfMap(map, { time: timeUs.map((us) => us * 1000), offset }),
        last: readPerfMap(map),
      };
      const right = { timed: 0, last: 0 };
      let asked = 0;
      const source = openFile(data);
      const header = readDataHeader((at, length) => readFileSync(data).subarray(at, at + length), data);
      source.seek!(header.data.offset);
      const survey = surveyRecords(source, header.data.size, header.events);
      const reader = new SampleReader(survey.events, survey.spaces, survey.addresses);
      const functionOf = (name: string | undefined): string => (name ?? '').replace(/^\w+:[~^+*]?'?/, '');
      source.seek!(header.data.offset);
      readRecords(source, header.data.size, (record) => {
        if (record.type !== 9) return;
        reader.read(record, (_event, _pid, _tid, time, _period, depth) => {
          for (let i = 0; i < depth; i++) {
            const address = survey.addresses.addressOf(reader.stack[i]!);
            const truth = functionOf(nameAt(dump.book.at(address), time));
            if (!/^made\d/.test(truth)) continue;
            asked++;
            for (const kind of ['timed', 'last'] as const)
              if (functionOf(nameAt(books[kind].at(address), time)) === truth) right[kind]++;
          }
        });
      });
      source.close();
      expect(asked).toBeGreaterThan(200);
      expect(right.timed / asked).toBeGreaterThan(0.99);
      // What perf does, so that the test cannot pass without reuse.
      expect(right.last / asked).toBeLessThan(0.9);
    },
  );
});
