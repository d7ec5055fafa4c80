import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsFrame, PostmortemProgress, StackFrame, Value } from '../../src/postmortem.ts';
import { built, until } from './built.ts';
import { CAN_MAKE_CORES, makeCore, VICTIM } from './made-core.ts';
import { nodeBinary } from './target-process.ts';

let library: typeof import('../../src/postmortem.ts');
let folder: string;
let core = '';
let victim: ChildProcess & { pid: number };

beforeAll(async () => {
  library = await built('postmortem.js');
  folder = mkdtempSync(join(tmpdir(), 'holter-library-'));
  if (CAN_MAKE_CORES) core = (await makeCore(22, folder)).path;
  victim = spawn(nodeBinary(24), [VICTIM], { stdio: ['ignore', 'pipe', 'inherit'] }) as typeof victim;
  await new Promise((resolve) => victim.stdout?.once('data', resolve));
});
afterAll(() => {
  victim?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function stateOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2)[0] as string;
}

function ownFrame(frames: readonly StackFrame[]): { index: number; frame: JsFrame } {
  const index = frames.findIndex(({ name }) => name === 'Session.close');
  const frame = frames[index];
  if (frame?.kind !== 'js') throw new Error(`no Session.close in ${frames.map(({ name }) => name).join()}`);
  return { index, frame };
}

/** `key` of an object, as a plain value. */
function property(value: Value | undefined, key: string): Value | undefined {
  return value?.type === 'object' ? value.properties?.find((one) => one.key === key)?.value : undefined;
}

describe.skipIf(!CAN_MAKE_CORES)('a core (needs gcore, or a kernel that writes cores here)', () => {
  it('tells what ran, why it died, its stacks, values and source', async () => {
    const packed = join(folder, 'packed');
    writeFileSync(packed, gzipSync(readFileSync(core), { level: 1 }));
    const progress: PostmortemProgress[] = [];
    const dead = await library.openPostmortem(packed, { onProgress: (one) => progress.push(one) });
    const description = await dead.describe({ environment: true });
    expect(description).toMatchObject({ kind: 'core', name: packed, problems: [] });
    expect(description.nodeVersion).toMatch(/^22\./);
    expect(description.argv?.slice(0, 2)).toEqual([nodeBinary(22), VICTIM]);
    expect(description.environment?.some((one) => one.startsWith('PATH='))).toBe(true);
    expect(description.binaries[0]).toMatchObject({ match: 'right' });

    const { threads, reason, crash } = await dead.stacks({ values: true });
    if (crash?.name === 'SIGABRT') expect(reason?.text).toBe('process.abort() was called');
    expect(threads.length).toBe(description.threads);
    const { index, frame } = ownFrame(threads[0]!.frames);
    expect(frame.place).toMatchObject({ url: VICTIM, precision: 'exact' });
    expect(frame.arguments?.map(({ name }) => name)).toEqual(['reason', 'count']);
    expect(frame.arguments?.[0]?.value).toMatchObject({ type: 'string', text: 'bye /checkout' });

    const { named, script } = await dead.frame(index, { depth: 2 });
    expect(property(named.find(({ name }) => name === 'this')?.value, 'id')).toEqual({
      type: 'number',
      value: 42,
    });
    expect(script?.lines[script.functionLines!.first - 1]).toContain('close(reason, count) {');
    expect(await dead.inspect(`${index}:this.#token`)).toMatchObject({ text: 'secret-token' });
    expect(await dead.inspect(`${index}:this.big`)).toEqual({
      type: 'bigint',
      value: '12345678901234567890',
    });
    const source = await dead.source(frame.functionAddress!);
    expect(source?.lines.join('\n')).toBe(readFileSync(VICTIM, 'utf8'));
    await expect(dead.inspect(`${index}:nothing`)).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(dead.frame(9999)).rejects.toMatchObject({ code: 'E_USAGE' });
    expect(JSON.parse(JSON.stringify(threads))).toHaveLength(threads.length);

    const last = progress.filter(({ stage }) => stage === 'unpacking').at(-1);
    expect(last).toMatchObject({ done: (last as { of: number }).of });
    expect(progress.at(-1)).toEqual({ stage: 'stacks', done: threads.length, of: threads.length });
    dead.close();
    dead.close();
    await expect(dead.describe()).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  it('ends when told to', async () => {
    const stop = new AbortController();
    const dead = await library.openPostmortem(core, { signal: stop.signal });
    stop.abort();
    await expect(dead.stacks()).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
    dead.close();
    await expect(library.openPostmortem(core, { signal: stop.signal })).rejects.toMatchObject({
      code: 'E_INTERRUPTED',
    });
  });
});

describe('a live process', () => {
  it('answers several questions, also at once, and goes on between them', async () => {
    const live = await library.openPostmortem(victim.pid);
    const [description, { threads, pausedMs }] = await Promise.all([
      live.describe(),
      live.stacks({ values: true }),
    ]);
    expect(description).toMatchObject({ kind: 'process', pid: victim.pid });
    expect(pausedMs).toBeGreaterThan(0);
    expect(ownFrame(threads[0]!.frames).frame.place).toMatchObject({ url: VICTIM });
    const { result, wasStopped } = await live.look((look) => {
      const { index } = ownFrame(look.stacks({ threads: 'main' }).threads[0]!.frames);
      return look.inspect(`${index}:this.id`);
    });
    expect(result).toEqual({ type: 'number', value: 42 });
    expect(wasStopped).toBe(false);
    expect((await live.handles())[0]?.tid).toBe(victim.pid);
    expect(stateOf(victim.pid)).toBe('R');
    live.close();
  });

  it('goes on when a question fails, and after the end', async () => {
    const live = await library.openPostmortem(victim.pid);
    const fault = new Error('of the caller');
    await expect(
      live.look(() => {
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(stateOf(victim.pid)).toBe('R');
    await expect(live.inspect('0:nothing')).rejects.toMatchObject({ code: 'E_USAGE' });
    // A question after one that failed is answered.
    expect((await live.describe()).threads).toBeGreaterThan(1);
    live.close();
    expect(stateOf(victim.pid)).toBe('R');
  });

  it('goes on when the program that asks is killed in the middle of a look', async () => {
    const program = join(folder, 'killed.mjs');
    const url = await postmortemUrl();
    writeFileSync(
      program,
      `import { openPostmortem } from ${JSON.stringify(url)};
       const live = await openPostmortem(${victim.pid});
       let calls = 0;
       await live.look(() => { if (++calls === 2) process.kill(process.pid, 'SIGKILL'); });`,
    );
    expect(spawnSync(process.execPath, [program]).signal).toBe('SIGKILL');
    await until(() => stateOf(victim.pid) === 'R', 5000, 'it goes on');
  });

  it('there is none, or none of Node', async () => {
    await expect(library.openPostmortem(2 ** 22 + 1)).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS' });
    const sleep = spawn('sleep', ['60']);
    try {
      await expect(library.openPostmortem(sleep.pid as number)).rejects.toMatchObject({ code: 'E_NOT_NODE' });
    } finally {
      sleep.kill('SIGKILL');
    }
  });
});

async function postmortemUrl(): Promise<string> {
  return pathToFileURL(fileURLToPath(new URL('../../dist/postmortem.js', import.meta.url))).href;
}

describe('docs/postmortem-library.md', () => {
  const text = readFileSync(new URL('../../docs/postmortem-library.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, block]) => block as string);

  it.skipIf(!CAN_MAKE_CORES)('the example with a core runs, and tells', async () => {
    const { status, stdout, stderr } = await run(blocks[0]!.replace("'core.4711'", JSON.stringify(core)));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Node 22\.\d+\.\d+: .*core-victim\.cjs/m);
    expect(stdout).toMatch(/^Session\.close .*core-victim\.cjs \d+$/m);
    expect(stdout).toContain("[ 'this', 'reason', 'count' ]");
  });

  it('the example with a process runs, and tells', async () => {
    const { status, stdout, stderr } = await run(blocks[1]!.replace('4711', `${victim.pid}`));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Session\.close \{/m);
    expect(stdout).toMatch(/stopped for [\d.]+ ms/);
    expect(blocks).toHaveLength(2);
  });

  async function run(block: string) {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, block.replace("'holter/postmortem'", JSON.stringify(await postmortemUrl())));
    return spawnSync(process.execPath, [file], { encoding: 'utf8' });
  }
});
