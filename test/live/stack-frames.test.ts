import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StoppedProcess } from '../../src/linux/stopped-process.ts';
import type { JsFrame } from '../../src/postmortem/stack-frame.ts';
import { built } from './built.ts';
import { NODE_MAJORS, type NodeMajor, nodeBinary, targetFile } from './target-process.ts';

/** Stacks compared in each case; `HOLTER_STACKS=200` for the whole. */
const STACKS = Number(process.env.HOLTER_STACKS ?? 40);

let linux: typeof import('../../src/linux/stopped-process.ts');
let opened: typeof import('../../src/postmortem/open-v8.ts');
let stacks: typeof import('../../src/postmortem/read-stacks.ts');
let folder: string;
let target: ChildProcess | undefined;
let image: StoppedProcess | undefined;

beforeAll(async () => {
  linux = await built('linux/stopped-process.js');
  opened = await built('postmortem/open-v8.js');
  stacks = await built('postmortem/read-stacks.js');
  folder = mkdtempSync(join(tmpdir(), 'holter-stacks-'));
});

afterEach(() => {
  image?.close();
  target?.kill('SIGKILL');
  image = undefined;
  target = undefined;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function stateOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2)[0] as string;
}

/** The target stops itself whenever it has written its own stack. */
async function stopsItself(pid: number): Promise<void> {
  for (let waited = 0; stateOf(pid) !== 'T'; waited++) {
    if (waited > 10_000) throw new Error('the target does not stop');
    await new Promise((resume) => setTimeout(resume, 2));
  }
}

/** Frames below the one that looked: its own call goes on, after the stack was taken. */
function below(frames: string[]): string[] {
  const at = frames.findIndex((frame) => /checkpoint @/.test(frame));
  return at < 0 ? ['(no checkpoint)', ...frames] : frames.slice(at + 1);
}

function told(stack: string): string[] {
  const lines = stack.split('\n').filter((line) => line.startsWith('    at '));
  return lines.map((line) => {
    const match = /^ {4}at (?:(.*) \()?(.*?)\)?$/.exec(line);
    return `${match?.[1] ?? ''} @ ${match?.[2]}`;
  });
}

function found(frames: readonly JsFrame[]): string[] {
  return frames.map(({ name, isAsync, place }) => {
    const where = place === undefined ? '<anonymous>' : `${place.url}:${place.line}:${place.column}`;
    return `${isAsync ? 'async ' : ''}${name} @ ${where}`;
  });
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  const cases: [string, string[]][] = [['as it comes', []]];
  if (node >= 24) cases.push(['Maglev alone', ['--no-turbofan']]);

  it.each(cases)('every frame of hot code as Error.stack has it: %s', async (name, flags) => {
    const { tiers, equal, wrong } = await compare(node, flags, `${node}-${name.replaceAll(' ', '-')}`);
    expect(wrong).toEqual([]);
    expect(equal).toBe(STACKS);
    // Else nothing was shown: hot code runs in frames of its own and in others'.
    expect(tiers).toContain(node >= 24 ? 'maglev' : 'turbofan');
    expect(tiers).toContain('inlined');
  });
});

async function compare(node: NodeMajor, flags: string[], name: string) {
  const out = join(folder, `${name}.json`);
  const args = [...flags, targetFile('stack/calls.cjs'), out, '60000', '3000'];
  const child = spawn(nodeBinary(node), args, { stdio: ['ignore', 'ignore', 'inherit'] });
  target = child;
  const pid = child.pid as number;
  const tiers = new Set<string>();
  const wrong: { told: string[]; found: string[] }[] = [];
  let equal = 0;
  await stopsItself(pid);
  image = await linux.openProcess(pid);
  const v8 = opened.openV8(image);
  expect(v8.problems).toEqual([]);
  for (let count = 0; count < STACKS; count++) {
    await stopsItself(pid);
    const { stack } = JSON.parse(readFileSync(out, 'utf8')) as { stack: string };
    image.stop();
    const [thread] = stacks.readStacks({ ...v8, problems: [] }, { threads: 'main', async: true });
    image.resume();
    // It stood before we came: whoever looks must leave it so.
    expect(stateOf(pid)).toBe('T');
    const frames = (thread?.frames ?? []).filter((frame): frame is JsFrame => frame.kind === 'js');
    for (const { tier, isInlined } of frames) {
      tiers.add(tier);
      if (isInlined) tiers.add('inlined');
    }
    const [a, b] = [below(told(stack)), below(found(frames))];
    if (a.join('\n') === b.join('\n')) equal++;
    else wrong.push({ told: a, found: b });
    process.kill(pid, 'SIGCONT');
    await new Promise((resume) => setImmediate(resume));
  }
  return { tiers: [...tiers], equal, wrong: wrong.slice(0, 3) };
}
