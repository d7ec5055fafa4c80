import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runHolter } from './built.ts';
import { NODE_MAJORS, nodeBinary } from './target-process.ts';

/** What keeps a program alive, and the sizes of its heap, against what the program itself says. */
const PROGRAM = `const net = require('net'), http = require('http'), v8 = require('v8'), fs = require('fs');
const other = net.createServer(() => {}).listen(0, '127.0.0.1', () => {
  const server = http.createServer((_request, response) => response.end()).listen(0, '127.0.0.1', () => {
    const client = net.connect(other.address().port, '127.0.0.1', () => {
      const child = require('child_process').spawn('sleep', ['100'], { stdio: ['ignore', 'pipe', 'ignore'] });
      fs.watch(__dirname, () => {});
      setTimeout(function later() {}, 600000);
      setTimeout(function unimportant() {}, 700000).unref();
      setInterval(function tick() {}, 500000);
      fs.open(process.argv[2], 'r', () => {});
      setTimeout(() => {
        globalThis.gc();
        console.log(JSON.stringify({
          server: server.address().port, other: other.address().port, client: client.localPort, child: child.pid,
          resources: process.getActiveResourcesInfo(),
          spaces: v8.getHeapSpaceStatistics(),
        }));
      }, 100);
    });
  });
});`;

interface Truth {
  server: number;
  other: number;
  client: number;
  child: number;
  resources: string[];
  spaces: { space_name: string; space_size: number; space_used_size: number }[];
}

interface Handles {
  schema: string;
  loops: {
    thread: string;
    handles: {
      kind: string;
      isActive: boolean;
      isReferenced: boolean;
      isListening: boolean;
      local?: string;
      peer?: string;
      pid?: number;
      path?: string;
      file?: string;
      owner?: { className: string };
    }[];
    requests: { kind: string; operation?: string; path?: string }[];
    timers: {
      callback: string;
      delayMs: number;
      dueMs: number;
      isReferenced: boolean;
      isRepeated: boolean;
      place?: string;
    }[];
  }[];
}

let folder: string;
const children = new Set<ChildProcess>();
const grandchildren = new Set<number>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-handles-'));
  writeFileSync(join(folder, 'app.cjs'), PROGRAM);
});
afterEach(() => {
  // A thread of it waits in open() and keeps it from ending any other way.
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  for (const pid of grandchildren) process.kill(pid, 'SIGKILL');
  grandchildren.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runHolter([...args, '--json']);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  return JSON.parse(stdout) as T;
}

/** Names of getActiveResourcesInfo for kinds of holter: of sockets they tell servers and connections apart. */
function resourceOf({ kind, isListening }: { kind: string; isListening: boolean }): string {
  return kind === 'TCP' ? `TCP${isListening ? 'Server' : 'Socket'}Wrap` : `${kind}Wrap`;
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  it('handles, requests, timers and heap as the program itself sees them', async () => {
    const fifo = join(folder, `fifo-${node}`);
    await new Promise((resolve) => spawn('mkfifo', [fifo]).once('close', resolve));
    const child = spawn(
      nodeBinary(node),
      ['--expose-gc', '--max-old-space-size=333', join(folder, 'app.cjs'), fifo],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder },
    );
    children.add(child);
    const truth = await new Promise<Truth>((resolve, reject) => {
      child.stdout.once('data', (data: Buffer) => resolve(JSON.parse(data.toString()) as Truth));
      child.once('exit', () => reject(new Error('the target ended')));
    });

    grandchildren.add(truth.child);
    const found = await json<Handles>('core', 'handles', String(child.pid));
    expect(found.schema).toBe('holter.core-handles/1');
    expect(found.loops).toHaveLength(1);
    const [{ handles, requests, timers, thread }] = found.loops as [Handles['loops'][0]];
    expect(thread).toBe('main thread');
    const alive = handles.filter((handle) => handle.isActive && handle.isReferenced).map(resourceOf);
    const waiting = timers.filter((timer) => timer.isReferenced).map(() => 'Timeout');
    // The pipe of its stdout is there from its first line on, and the timer that printed it is gone.
    const told = truth.resources.filter((name) => !/^(?:Immediate|TTYWrap)$/.test(name));
    const without = (list: string[], name: string) => list.filter((one) => one !== name).sort();
    const all = [...alive, ...requests.map(({ kind }) => kind)];
    expect(without(without(all, 'PipeWrap'), 'Timeout')).toEqual(
      without(without(told, 'PipeWrap'), 'Timeout'),
    );
    expect(waiting).toHaveLength(2);

    const tcp = handles.filter(({ kind }) => kind === 'TCP');
    const listening = tcp.filter(({ isListening }) => isListening).map(({ local }) => local);
    expect(listening.sort()).toEqual([`127.0.0.1:${truth.server}`, `127.0.0.1:${truth.other}`].sort());
    expect(
      tcp.filter(({ isListening }) => !isListening).map(({ local, peer }) => `${local} ${peer}`),
    ).toContain(`127.0.0.1:${truth.client} 127.0.0.1:${truth.other}`);
    expect(handles.find(({ kind }) => kind === 'Process')).toMatchObject({
      pid: truth.child,
      file: 'sleep',
      owner: { className: 'ChildProcess' },
    });
    expect(handles.find(({ kind }) => kind === 'FSEvent')?.path).toBe(folder);
    expect(requests).toMatchObject([{ kind: 'FSReqCallback', operation: 'open', path: fifo }]);
    const byName = new Map(timers.map((timer) => [timer.callback, timer]));
    expect(byName.get('later')).toMatchObject({ delayMs: 600000, isReferenced: true, isRepeated: false });
    expect(byName.get('later')?.dueMs).toBeGreaterThan(500000);
    expect(byName.get('later')?.dueMs).toBeLessThan(600000);
    expect(byName.get('later')?.place).toMatch(/app\.cjs:7:/);
    expect(byName.get('unimportant')).toMatchObject({ isReferenced: false });
    expect(byName.get('tick')).toMatchObject({ delayMs: 500000, isRepeated: true });

    const info = await json<{
      cwd: string;
      argv: string[];
      limits: { name: string }[];
      environment: string[];
      heaps: { limitBytes: number; spaces: { name: string; committedBytes: number; usedBytes: number }[] }[];
    }>('core', 'info', String(child.pid), '--env');
    expect(info.cwd).toBe(folder);
    expect(info.argv).toContain('--max-old-space-size=333');
    expect(info.limits.map(({ name }) => name)).toContain('Max open files');
    expect(info.environment.some((one) => one.startsWith('PATH='))).toBe(true);
    const [heap] = info.heaps;
    expect(heap?.limitBytes).toBe(333 * 2 ** 20);
    // Not that of code: swept after the program was told its size.
    for (const name of ['old_space', 'large_object_space']) {
      const told = truth.spaces.find((space) => space.space_name === name)!;
      const read = heap?.spaces.find((space) => space.name === name);
      // The program went on for a moment: it printed this.
      expect(Math.abs(read!.usedBytes - told.space_used_size)).toBeLessThan(
        0.1 * told.space_used_size + 100_000,
      );
      expect(Math.abs(read!.committedBytes - told.space_size)).toBeLessThan(0.2 * told.space_size + 600_000);
    }
  });
});
