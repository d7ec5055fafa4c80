import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { built, HOLTER, until } from './built.ts';
import { nodeBinary } from './target-process.ts';

/** The prompt of `holter core`: commands from a pipe and from a terminal, and processes that stand still meanwhile. */
const HAS_TERMINAL = ['/usr/bin/script', '/bin/script'].some((path) => existsSync(path));
const PROGRAM = `class Store {
  #secret = 42;
  constructor(name) { this.name = name; this.items = ['first', 'second']; }
  find(req) { return spin(req, this); }
}
function spin(req, store) {
  process.stdout.write('ready');
  for (let i = 0; ; i++) if (i === -1) return store;
}
function handle(req) { return new Store('main').find(req); }
setTimeout(() => handle({ url: '/login?x=1' }), 20);`;

let folder: string;
let target: ChildProcess & { pid: number };
const children = new Set<ChildProcess>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-prompt-'));
  writeFileSync(join(folder, 'app.cjs'), PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  target = spawn(nodeBinary(22), ['app.cjs'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  }) as typeof target;
  children.add(target);
  await new Promise((resolve) => target.stdout?.once('data', resolve));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** `T` while it is stopped. */
function state(pid = target.pid): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
}

interface Conversation {
  child: ChildProcess & { pid: number };
  /** All that was printed, without escape sequences. */
  text(): string;
  errors(): string;
  type(text: string): void;
  /** Until the text has this after what was there when it was last asked. */
  answer(pattern: RegExp): Promise<void>;
  ended: Promise<number | null>;
}

function converse(command: string, args: readonly string[]): Conversation {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state'), TERM: 'xterm', NO_COLOR: '' },
    stdio: 'pipe',
  }) as ChildProcess & { pid: number };
  children.add(child);
  let out = '';
  let err = '';
  let asked = 0;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin?.on('error', () => {});
  const text = () => stripVTControlCharacters(out);
  return {
    child,
    text,
    errors: () => err,
    type: (line) => child.stdin?.write(line),
    async answer(pattern) {
      await until(() => pattern.test(text().slice(asked)), 20_000, `${pattern} in ${text()}${err}`);
      asked = text().length;
    },
    ended: new Promise((resolve) => {
      child.once('close', (code) => resolve(code));
    }),
  };
}

const prompt = (...more: string[]): Conversation =>
  converse(process.execPath, [HOLTER, 'core', 'prompt', String(target.pid), ...more]);

describe('commands from a pipe', () => {
  it('answers one after the other, and goes on after those that fail', async () => {
    const at = prompt();
    at.type(
      [
        '# a comment',
        'threads',
        'frame handle',
        'req.url',
        'v8 i spin:store.name',
        'v8 findjsobjects',
        'source find',
        'up',
        'nonsense',
        'spin:store --json',
        'quit',
        'threads',
        '',
      ].join('\n'),
    );
    // Of the first that failed: E_USAGE.
    expect(await at.ended).toBe(2);
    expect(at.text()).toContain('7 threads');
    expect(at.text()).toMatch(/^frame \d+ {2}handle /m);
    expect(at.text()).toContain("'/login?x=1'");
    expect(at.text()).toContain("'main'");
    expect(at.text()).toMatch(/^paused [\d.]+ m?s$/m);
    expect(at.text()).toContain('find(req) { return spin(req, this); }');
    expect(at.text()).toMatch(/^frame \d+ {2}Timeout\._onTimeout/m);
    expect(at.text()).toContain('"schema": "holter.core-value/1"');
    expect(at.text().match(/7 threads/g)).toHaveLength(1);
    expect(at.errors()).toMatch(/findjsobjects is not there yet/);
    expect(at.errors()).toMatch(/there is no command "nonsense"/);
    expect(state()).toBe('R');
  });

  it.each([
    ['quit', 'quit\n'],
    ['the end of its input', ''],
  ])('--hold keeps it stopped until %s', async (_how, last) => {
    const at = prompt('--hold');
    at.type('spin:req.url\n');
    await at.answer(/login/);
    expect(state()).toBe('T');
    expect(at.errors()).toContain('STANDS STILL');
    at.type('0:store.items\n');
    await at.answer(/second/);
    expect(at.text()).not.toContain('paused');
    expect(state()).toBe('T');
    at.type(last);
    at.child.stdin?.end();
    expect(await at.ended).toBe(0);
    expect(state()).toBe('R');
    expect(at.errors()).toMatch(/runs on, it stood [\d.]+ s/);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGKILL'] as const)(
    '--hold: it runs on after %s',
    async (signal) => {
      const at = prompt('--hold');
      at.type('threads\n');
      await at.answer(/threads/);
      expect(state()).toBe('T');
      at.child.kill(signal);
      await until(() => state() === 'R', 1000, 'it runs on');
      await at.ended;
      expect(at.errors()).not.toContain('RUNS AGAIN');
    },
  );

  it('a process that was stopped before stays so', async () => {
    target.kill('SIGSTOP');
    await until(() => state() === 'T', 2000, 'stopped');
    const at = prompt('--hold');
    at.type('spin:store.name\nquit\n');
    expect(await at.ended).toBe(0);
    expect(at.text()).toContain("'main'");
    expect(at.errors()).toContain('was stopped before, and is left so');
    expect(state()).toBe('T');
  });

  it('says when somebody else continues it, and then stops it for each answer', async () => {
    const at = prompt('--hold');
    at.type('threads\n');
    await at.answer(/threads/);
    target.kill('SIGCONT');
    await until(() => /RUNS AGAIN/.test(at.errors()), 15_000, 'it notices');
    at.type('spin:store.name\n');
    await at.answer(/paused/);
    expect(state()).toBe('R');
  });
});

describe.skipIf(!HAS_TERMINAL)('on a terminal (of script(1))', () => {
  const ENTER = '\r';
  const terminal = (...more: string[]): Conversation =>
    converse('script', [
      '-qec',
      [process.execPath, HOLTER, 'core', String(target.pid), ...more].map((word) => `'${word}'`).join(' '),
      '/dev/null',
    ]);

  it('prints the stack, then asks; Tab completes, Ctrl-C clears the line, Ctrl-D leaves', async () => {
    const at = terminal();
    await at.answer(/spin[\s\S]*help lists the commands\s+core> $/);
    expect(state()).toBe('R');
    // One key after the other: what comes at once counts as pasted.
    at.type('thr');
    await at.answer(/thr/);
    at.type('\t');
    await at.answer(/ead/);
    at.type('\t');
    await at.answer(/threads\s+thread/);
    at.type('\u0003');
    at.type('handle:req');
    at.type(ENTER);
    await at.answer(/login[\s\S]*core> $/);
    at.type('\u0004');
    expect(await at.ended).toBe(0);
    expect(state()).toBe('R');
    const history = join(folder, 'state/holter/core-history');
    expect(readFileSync(history, 'utf8')).toContain('handle:req\n');
    expect(statSync(history).mode & 0o777).toBe(0o600);
  });

  it('tells how long it holds the process; Ctrl-C on an empty line lets it go', async () => {
    const at = terminal('--hold');
    await at.answer(/STANDS STILL[\s\S]*core \(held \d+ s\)> $/);
    expect(state()).toBe('T');
    at.type('inspect spin:store.na');
    await at.answer(/spin:store\.na/);
    at.type('\t');
    await at.answer(/me/);
    at.type(ENTER);
    await at.answer(/'main'[\s\S]*held/);
    // The clock goes on while nothing is typed.
    const seconds = () => Number([...at.text().matchAll(/held (\d+) s/g)].at(-1)?.[1]);
    const before = seconds();
    await until(() => seconds() > before, 5000, 'the clock');
    at.type('\u0003');
    expect(await at.ended).toBe(0);
    expect(state()).toBe('R');
  });
});

describe('the guard of a stop', () => {
  it('continues it after its limit, unless that is prolonged', async () => {
    const { ProcessStop } =
      await built<typeof import('../../src/linux/process-stop.ts')>('linux/process-stop.js');
    const stop = await ProcessStop.prepare(target.pid, 1);
    try {
      stop.begin();
      const until2s = performance.now() + 2000;
      while (performance.now() < until2s) {
        expect(stop.prolong()).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(state()).toBe('T');
      await until(() => state() === 'R', 5000, 'the guard continues it');
      expect(stop.prolong()).toBe(false);
    } finally {
      stop.close();
    }
  });
});
