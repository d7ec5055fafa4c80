import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runHolter } from './built.ts';
import { type NodeMajor, nodeBinary, targetFile } from './target-process.ts';

/**
 * Processes that die in each of the ways a process of Node dies, and tell before what their stack is; then the core is asked.
 * The kernel writes cores into our folder where its pattern is a plain name; gdb's gcore needs only gdb.
 */
const run = promisify(execFile);
const PATTERN = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
const BY_KERNEL = /^[\w.%-]+$/.test(PATTERN);
const HAS_GCORE = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'gcore')));

let folder: string;
const children = new Set<ChildProcess>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-cores-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Kind = 'abort' | 'throw' | 'memory' | 'segv' | 'busy';

/** What the target wrote before it died. */
interface Truth {
  pid: number;
  message: string;
  /** Lines of Error.stack, innermost first: `    at Book.settle (/…/deaths.cjs:55:30)`. */
  frames: string[];
}

interface JsonFrame {
  kind: string;
  function: string;
  url?: string;
  line?: number;
  column?: number;
  precision?: string;
  arguments?: { name: string; value: { type: string; value?: unknown; text?: string } }[];
}

interface CoreStack {
  schema: string;
  target: { node: string };
  crash?: {
    name: string;
    reason?: string;
    address?: string;
    exception?: { className: string; text: string };
  };
  threads: { role: string; state: string; frames: JsonFrame[] }[];
  problems: string[];
}

const FLAGS: Record<Kind, string[]> = {
  abort: [],
  throw: ['--abort-on-uncaught-exception'],
  memory: ['--max-old-space-size=24'],
  segv: [],
  busy: [],
};

/** Runs the target, takes its core, asks `core bt --json --values` about it, and deletes it: some are of 1.4 GB. */
async function dieAndAsk(node: NodeMajor, kind: Kind): Promise<{ truth: Truth; core: CoreStack }> {
  const cwd = mkdtempSync(join(folder, `${node}-${kind}-`));
  const args = [...FLAGS[kind], targetFile('core/deaths.cjs'), kind];
  const child = spawn('/bin/sh', ['-c', 'ulimit -c unlimited; exec "$@"', 'sh', nodeBinary(node), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.add(child);
  const exited = new Promise<string>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? `code ${code}`)),
  );
  let out = '';
  const told = new Promise<Truth>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('\n')) resolve(JSON.parse(out.slice(0, out.indexOf('\n'))) as Truth);
    });
    child.once('close', () => reject(new Error('the target told nothing')));
  });
  try {
    const truth = await told;
    if (kind === 'busy' || kind === 'segv') await untilBusy(truth.pid);
    let core: string;
    if (kind === 'busy') {
      await run('gcore', ['-o', join(cwd, 'core'), String(truth.pid)]);
      core = join(cwd, `core.${truth.pid}`);
    } else {
      if (kind === 'segv') child.kill('SIGSEGV');
      expect(await exited).toMatch(/^SIG/);
      core = await coreIn(cwd, truth.pid);
    }
    // A core of a process that goes on has not hurt it.
    if (kind === 'busy') expect(child.exitCode ?? child.signalCode).toBeNull();
    const { code, stdout, stderr } = await runHolter(['core', 'bt', core, '--json', '--values']);
    expect(`${code} ${stderr}`).toBe('0 ');
    return { truth, core: JSON.parse(stdout) as CoreStack };
  } finally {
    child.kill('SIGKILL');
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** `core`, or with the pid behind it (kernel.core_uses_pid). */
async function coreIn(cwd: string, pid: number): Promise<string> {
  const { readdir } = await import('node:fs/promises');
  const files = await readdir(cwd);
  const found = files.find(
    (name) => name.startsWith(PATTERN.replace(/%.*$/, '')) || name.includes(String(pid)),
  );
  if (found === undefined) throw new Error(`no core among ${files.join(' ')}`);
  return join(cwd, found);
}

/** Told is a moment before it is in: it has burned 50 ms of CPU since. */
async function untilBusy(pid: number): Promise<void> {
  const ticks = (): number => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[11]);
  };
  for (const from = ticks(); ticks() < from + 5; ) await new Promise((resume) => setTimeout(resume, 10));
}

const inner = (frame: JsonFrame) => `    at ${frame.function} (${frame.url}:${frame.line}:${frame.column})`;
const lineOf = (text: string) => Number(/:(\d+):\d+\)?$/.exec(text)?.[1]);

/** All that is true of every kind: frames as told, their lines exact, arguments. */
function compare(truth: Truth, core: CoreStack, node: NodeMajor, kind: Kind): JsonFrame[] {
  expect(core.schema).toBe('holter.stack/1');
  expect(core.target.node).toMatch(new RegExp(`^${node}\\.`));
  expect(core.problems).toEqual([]);
  const [main] = core.threads;
  expect(main?.role).toBe('main');
  const js = main!.frames.filter((frame) => frame.kind === 'js');
  const at = js.findIndex((frame) => frame.function === `Object.${kind}`);
  const found = js.slice(at);
  // The innermost has gone on from where it told, all else stands at the same call.
  expect(found.slice(1).map(inner)).toEqual(truth.frames.slice(1));
  expect(found.map(({ precision }) => precision)).toEqual(found.map(() => 'exact'));
  expect(`    at ${found[0]?.function}`).toBe(truth.frames[0]?.split(' (')[0]);
  const values = (frame: JsonFrame | undefined) =>
    frame?.arguments?.map(({ name, value }) => [name, value.value ?? value.text ?? value.type]);
  expect(values(found[0])).toEqual([
    ['order', 'object'],
    ['price', 42],
    ['', 'due'],
  ]);
  expect(values(found[1])).toEqual([
    ['order', 'object'],
    ['price', 42],
    ['note', 'due'],
  ]);
  expect(values(found[2])).toEqual([
    ['order', 'object'],
    ['quantity', 2],
  ]);
  expect(values(found[3])).toEqual([['kind', kind]]);
  // The chain reaches the start of the program.
  expect(main!.frames.some((frame) => frame.function.startsWith('uv_run'))).toBe(true);
  return js;
}

const checks: Record<Kind, (truth: Truth, core: CoreStack, js: JsonFrame[]) => void> = {
  abort(truth, { crash, threads }, js) {
    expect([crash?.name, crash?.reason]).toEqual(['SIGABRT', 'process.abort() was called']);
    const frame = js.find(({ function: name }) => name === 'Object.abort');
    expect(frame?.line).toBe(lineOf(truth.frames[0]!));
    expect(threads[0]!.frames.some(({ function: name }) => name === 'abort')).toBe(true);
  },
  throw(truth, { crash }, js) {
    expect(['SIGTRAP', 'SIGILL', 'SIGABRT']).toContain(crash?.name);
    expect(crash?.reason).toBe('uncaught exception (--abort-on-uncaught-exception)');
    expect([crash?.exception?.className, crash?.exception?.text]).toEqual(['PriceError', truth.message]);
    expect(js[0]?.line).toBe(lineOf(truth.frames[0]!));
    // As docs/formats/stack-json.md has it.
    expect(Object.keys(crash!)).toEqual(['signal', 'name', 'reason', 'exception']);
  },
  memory(truth, { crash, threads }, js) {
    expect([crash?.name, crash?.reason]).toEqual([
      'SIGABRT',
      'out of memory: the JavaScript heap reached its limit',
    ]);
    expect(threads[0]?.state).toBe('collecting garbage');
    // It told one line above the loop that fills the memory; hot by then, in code that has makeRow in it.
    const frame = js.find(({ function: name }) => name === 'Object.memory');
    expect(frame?.line).toBe(lineOf(truth.frames[0]!) + 1);
    expect(['makeRow', 'Object.memory']).toContain(js[0]?.function);
  },
  segv(truth, { crash, threads }, js) {
    expect([crash?.name, crash?.address]).toEqual(['SIGSEGV', undefined]);
    expect(crash?.reason).toMatch(/^segmentation fault in \S+/);
    expect(threads[0]?.state).toBe('running native code');
    expect(js.some(({ function: name }) => name === 'pbkdf2Sync')).toBe(true);
    expect(js.find(({ function: name }) => name === 'Object.segv')?.line).toBe(lineOf(truth.frames[0]!));
  },
  busy(truth, { crash, threads }, js) {
    // A core of a process that has not died gives no reason.
    expect(crash).toBeUndefined();
    expect(threads[0]?.state).toBe('running JavaScript');
    expect(js.find(({ function: name }) => name === 'Object.busy')?.line).toBe(lineOf(truth.frames[0]!) + 1);
  },
};

// A core by the kernel takes half a second; one by gcore is of 1.4 GB from 24 on, for the memory that is only reserved.
const MATRIX: [NodeMajor, Kind[]][] = [
  [18, ['abort', 'throw', 'memory', 'segv']],
  [20, ['abort', 'throw', 'memory', 'segv', 'busy']],
  [22, ['abort', 'throw', 'memory', 'segv']],
  [24, ['abort', 'throw', 'memory', 'segv', 'busy']],
  [26, ['abort', 'throw', 'memory', 'segv']],
];

describe.each(MATRIX)('Node %i', (node, kinds) => {
  for (const kind of kinds) {
    const missing =
      kind === 'busy'
        ? HAS_GCORE
          ? ''
          : 'gcore is not installed'
        : BY_KERNEL
          ? ''
          : `cores go to ${PATTERN}, not into our folder`;
    it.skipIf(missing !== '')(
      missing === '' ? `a core of ${kind}` : `a core of ${kind} (skipped: ${missing})`,
      async () => {
        const { truth, core } = await dieAndAsk(node, kind);
        checks[kind](truth, core, compare(truth, core, node, kind));
      },
    );
  }
});
