import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runHolter } from './built.ts';
import { NODE_MAJORS, type NodeMajor, nodeBinary, targetFile } from './target-process.ts';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const children = new Set<ChildProcess>();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-stack-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(bin: string, args: string[]): ChildProcess & { pid: number } {
  const child = spawn(bin, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  return child as ChildProcess & { pid: number };
}

/** A program that says `ready` and then never returns to its loop. */
async function startStuck(node: NodeMajor, name: string, text: string): Promise<number> {
  const file = join(folder, `${name}.cjs`);
  writeFileSync(file, text);
  return startFile(node, [file]);
}

/** The same of a program of test/targets, or of any. */
async function startFile(node: NodeMajor, args: string[]): Promise<number> {
  const child = start(nodeBinary(node), args);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the target ended')));
  });
  return child.pid;
}

function stateOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2)[0] as string;
}

async function until(what: () => boolean, limitMs = 5000): Promise<boolean> {
  for (const end = Date.now() + limitMs; Date.now() < end; ) {
    if (what()) return true;
    await new Promise((resume) => setTimeout(resume, 20));
  }
  return what();
}

interface StackJson {
  schema: string;
  threads: {
    role: string;
    state: string;
    isIdle: boolean;
    frames: { kind: string; function: string; line?: number }[];
  }[];
}

async function stackOf(pid: number, ...more: string[]): Promise<StackJson> {
  const { code, stdout, stderr } = await runHolter(['stack', String(pid), '--json', '--yes', ...more]);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  return JSON.parse(stdout) as StackJson;
}

const READY = "process.stdout.write('ready');";
const LOOP = `function inner(n) {
  for (let i = 0; ; i++) if (i === -1) return n;
}
class Foo {
  run(a) {
    return inner(a + 1);
  }
}
function outer(x) {
  return new Foo().run(x * 2);
}
setTimeout(() => { ${READY} outer(21); }, 50);`;

describe.each(NODE_MAJORS)('Node %i', (node) => {
  it('names functions and lines of a process that is stuck, and leaves it running', async () => {
    const pid = await startStuck(node, `loop-${node}`, LOOP);
    const { schema, threads } = await stackOf(pid);
    expect(schema).toBe('holter.stack/1');
    const main = threads.find(({ role }) => role === 'main');
    expect(main?.state).toBe('running JavaScript');
    const own = main?.frames.filter(({ kind }) => kind === 'js').slice(0, 4);
    expect(own?.map(({ function: name }) => name.replace(/^Timeout\..*/, 'Timeout'))).toEqual([
      'inner',
      'Foo.run',
      'outer',
      'Timeout',
    ]);
    expect(own?.map(({ line }) => line)).toEqual([2, 6, 10, 12]);
    expect(main?.frames.some(({ function: name }) => name.startsWith('uv_run'))).toBe(true);
    expect(stateOf(pid)).toBe('R');
  });
});

describe('what a thread does', () => {
  const cases: [string, NodeMajor, string, RegExp, string][] = [
    [
      'regular expression',
      24,
      `function check(s) { return /^(a+)+$/.test(s) } setTimeout(() => { ${READY} check('a'.repeat(45) + 'b') }, 50)`,
      /regular expression/,
      'check',
    ],
    [
      'sync crypto',
      22,
      `const c = require('crypto'); function hash(p) { return c.pbkdf2Sync(p, 's', 2e9, 64, 'sha512') } setTimeout(() => { ${READY} hash('x') }, 50)`,
      /native code/,
      'hash',
    ],
    [
      'execSync',
      20,
      `const cp = require('child_process'); function report() { return cp.execSync('sleep 20') } setTimeout(() => { ${READY} report() }, 50)`,
      /waiting in epoll/,
      'report',
    ],
    [
      'Atomics.wait',
      26,
      `function hold() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20000) } setTimeout(() => { ${READY} hold() }, 50)`,
      /waiting in futex/,
      'hold',
    ],
  ];
  it.each(cases)('%s', async (name, node, text, state, own) => {
    const pid = await startStuck(node, name.replaceAll(/\W/g, '-'), text);
    // It says ready right before it goes in.
    let main: StackJson['threads'][number] | undefined;
    await until(() => /[RS]/.test(stateOf(pid)));
    for (let tries = 0; tries < 20; tries++) {
      main = (await stackOf(pid)).threads.find(({ role }) => role === 'main');
      if (main !== undefined && state.test(main.state)) break;
    }
    expect(main?.state).toMatch(state);
    expect(main?.frames.some((frame) => frame.kind === 'js' && frame.function.includes(own))).toBe(true);
    expect(stateOf(pid)).not.toBe('T');
  });

  it('a worker that is stuck, while main is idle', async () => {
    const pid = await startStuck(
      24,
      'worker',
      `const { Worker, isMainThread } = require('worker_threads');
if (isMainThread) { new Worker(__filename); setInterval(() => {}, 1000) }
else { function spin() { for (;;); } ${READY.replace('process.stdout.write', "require('fs').writeSync.bind(null, 1)")} spin() }`,
    );
    const { threads } = await stackOf(pid);
    expect(threads.find(({ role }) => role === 'main')?.isIdle).toBe(true);
    const worker = threads.find(({ role }) => role === 'worker');
    expect(worker?.state).toBe('running JavaScript');
    expect(worker?.frames[0]?.function).toBe('spin');
  });
});

describe('what a thread does, in programs of test/targets/stack', () => {
  /** Looks until `is` says so: it may have been seen on its way there. */
  async function look(pid: number, is: (main: StackJson['threads'][number]) => boolean) {
    let main: StackJson['threads'][number] | undefined;
    for (let tries = 0; tries < 20; tries++) {
      main = (await stackOf(pid)).threads.find(({ role }) => role === 'main');
      if (main !== undefined && is(main)) break;
    }
    expect(stateOf(pid)).not.toBe('T');
    return main!;
  }
  const ofJs = (main: StackJson['threads'][number]) =>
    main.frames.filter(({ kind }) => kind === 'js').map(({ function: name, line }) => `${name} ${line}`);

  it.each([20, 26] as const)('collects garbage: the function that makes it, on Node %i', async (node) => {
    const pid = await startFile(node, ['--max-old-space-size=64', targetFile('stack/gc-thrash.cjs')]);
    const main = await look(pid, ({ state }) => state === 'collecting garbage');
    expect(main.state).toBe('collecting garbage');
    expect(ofJs(main)).toContain('replace 12');
    expect(main.frames[0]?.kind).toBe('native');
  });

  it.each([18, 24] as const)('hot code, all inlined into one frame, on Node %i', async (node) => {
    const pid = await startFile(node, [targetFile('stack/hot-loop.cjs')]);
    const main = await look(pid, (one) => ofJs(one)[0] === 'add 6');
    expect(main.state).toBe('running JavaScript');
    expect(ofJs(main).slice(0, 5)).toEqual([
      'add 6',
      'mix 10',
      'round 14',
      'loop 19',
      'Timeout.start [as _onTimeout] 24',
    ]);
  });

  it.each([20, 24] as const)('spins in libuv without JavaScript, on Node %i', async (node) => {
    const pid = await startFile(node, [targetFile('stack/closed-descriptor.cjs')]);
    const state = 'turning its event loop without rest';
    const main = await look(pid, (one) => one.state === state);
    expect([main.state, main.isIdle]).toEqual([state, false]);
    expect(main.frames.map(({ kind }) => kind)).toEqual(main.frames.map(() => 'native'));
    expect(main.frames.map(({ function: name }) => name)).toEqual(
      expect.arrayContaining(['uv__io_poll', 'uv_run', 'node::Start']),
    );
  });
});

describe('the target outlives us', () => {
  /** Somebody who has stopped the target and holds it. */
  async function holder(pid: number): Promise<ChildProcess & { pid: number }> {
    const file = join(folder, 'holder.mjs');
    writeFileSync(
      file,
      `import { openProcess } from ${JSON.stringify(join(DIST, 'linux/stopped-process.js'))};
const image = await openProcess(Number(process.argv[2]));
image.stop();
process.stdout.write('stopped');
setInterval(() => {}, 1000);`,
    );
    const child = start(process.execPath, [file, String(pid)]);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    expect(stateOf(pid)).toBe('T');
    return child;
  }

  it.each(['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s of holter while it stands',
    async (signal) => {
      const pid = await startStuck(22, 'killed', LOOP);
      const child = await holder(pid);
      child.kill(signal);
      expect(await until(() => stateOf(pid) !== 'T')).toBe(true);
    },
  );

  it('a process that stood before is read, and left standing', async () => {
    const pid = await startStuck(24, 'standing', LOOP);
    for (let isIn = false; !isIn; ) {
      const { threads } = await stackOf(pid);
      isIn = threads[0]?.frames.some(({ function: name }) => name === 'inner') ?? false;
    }
    process.kill(pid, 'SIGSTOP');
    await until(() => stateOf(pid) === 'T');
    const { threads } = await stackOf(pid);
    expect(threads[0]?.frames.some(({ function: name }) => name === 'inner')).toBe(true);
    expect(stateOf(pid)).toBe('T');
    process.kill(pid, 'SIGCONT');
  });

  it('two at once', async () => {
    const pid = await startStuck(20, 'twice', LOOP);
    const [a, b] = await Promise.all([
      stackOf(pid, '--repeat', '3', '--every', '0.1s'),
      stackOf(pid, '--repeat', '3', '--every', '0.1s'),
    ]);
    for (const { threads } of [a, b]) expect(threads[0]?.frames.length).toBeGreaterThan(3);
    expect(await until(() => stateOf(pid) === 'R')).toBe(true);
  });

  it('no such process, and one that is no Node', async () => {
    expect((await runHolter(['stack', '999999999'])).code).toBe(3);
    const other = start('/bin/sleep', ['30']);
    const { code, stderr } = await runHolter(['stack', String(other.pid)]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/not.*Node|Node/i);
  });
});
