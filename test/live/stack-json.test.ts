import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { runHolter } from './built.ts';
import { nodeBinary, targetFile } from './target-process.ts';

/** docs/formats/stack-json.md against what `stack --json` writes: all keys documented, all that are always there, there. */
const TEXT = readFileSync(new URL('../../docs/formats/stack-json.md', import.meta.url), 'utf8');

interface Documented {
  always: Set<string>;
  all: Set<string>;
}

/** Keys of the table below a heading. */
function documented(heading: string): Documented {
  const from = TEXT.indexOf(`# ${heading}\n`);
  expect(from, heading).toBeGreaterThan(0);
  const [section] = TEXT.slice(from + 2).split(/^#+ /m, 1);
  const rows = [...section!.matchAll(/^\| `(\w+)` \| ([^|]*)\|/gm)];
  expect(rows.length).toBeGreaterThan(3);
  return {
    all: new Set(rows.map((row) => row[1]!)),
    always: new Set(rows.filter((row) => row[2]!.trim() === '').map((row) => row[1]!)),
  };
}

function compare(heading: string, object: object): void {
  const { all, always } = documented(heading);
  const keys = Object.keys(object);
  expect(
    keys.filter((key) => !all.has(key)),
    `not documented: ${heading}`,
  ).toEqual([]);
  expect(
    [...always].filter((key) => !keys.includes(key)),
    `missing: ${heading}`,
  ).toEqual([]);
}

let child: ChildProcess | undefined;
afterEach(() => void child?.kill('SIGKILL'));

interface StackJson {
  target: object;
  source: object;
  pausesMs: number[];
  actions: object[];
  threads: { movement: object; frames: { kind: string; fp: string | null }[] }[];
}

test('stack --json has the documented fields, and no others', async () => {
  child = spawn(nodeBinary(24), [targetFile('stack/hot-loop.cjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child!.stdout!.once('data', resolve));
  const args = ['stack', String(child.pid), '--repeat', '2', '--every', '0.1s', '--values', '--async'];
  const { code, stdout } = await runHolter([...args, '--json', '--yes']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\{\s*"schema": "holter\.stack\/1"/);
  const json = JSON.parse(stdout) as StackJson;
  compare('The document', json);
  compare('target', json.target);
  compare('source', json.source);
  expect(json.pausesMs).toHaveLength(2);
  for (const action of json.actions) expect(Object.keys(action)).toEqual(['what', 'at', 'pauseMs']);
  for (const thread of json.threads) {
    compare('Threads', thread);
    compare('movement', thread.movement);
    for (const frame of thread.frames) compare('Frames', frame);
  }
  const js = json.threads[0]!.frames.filter(({ kind }) => kind === 'js');
  for (const key of ['file', 'line', 'column', 'precision', 'url', 'tier', 'inlined', 'constructor', 'async'])
    expect(Object.keys(js[0]!)).toContain(key);
  // No address is anything but hexadecimal or null.
  for (const { fp } of json.threads.flatMap(({ frames }) => frames))
    expect(fp ?? '0x0').toMatch(/^0x[\da-f]+$/);
});
