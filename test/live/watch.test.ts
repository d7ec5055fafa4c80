import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/watch/event.ts';
import { HOLTER, runHolter, until } from './built.ts';
import { type NodeMajor, snapshotProc, startTarget, type TargetProcess } from './target-process.ts';

const IDLE = "setInterval(() => {}, 1000); console.log('ready');";
const BUSY =
  "const burn = () => { const end = Date.now() + 20; while (Date.now() < end); setImmediate(burn); }; setTimeout(burn, 100); console.log('ready');";
const STUCK = "setTimeout(function stick() { for (;;) Math.sqrt(7); }, 300); console.log('ready');";
const FULL =
  "const kept = []; const fill = setInterval(() => { for (let i = 0; i < 5000; i++) kept.push({ i, a: [i, i, i] }); if (process.memoryUsage().heapUsed > 75e6) clearInterval(fill); }, 5); setInterval(() => kept.length, 1000); console.log('ready');";

const targets: TargetProcess[] = [];
const watches: Watch[] = [];
let folder = '';
let serial = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holter-watch-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.stop()));
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(code: string, node: NodeMajor = 22, nodeArgs: string[] = []): Promise<TargetProcess> {
  const file = join(folder, `target-${serial++}.cjs`);
  await writeFile(file, code);
  const target = await startTarget(file, { node, nodeArgs: ['--inspect-port=0', ...nodeArgs] });
  targets.push(target);
  return target;
}

interface Watch {
  pid: number;
  out: string;
  events: WatchEvent[];
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Waits for an event. */
  see(event: WatchEvent['event'], more?: Partial<WatchEvent>, timeoutMs?: number): Promise<WatchEvent>;
}

interface Started {
  out?: string;
  env?: Record<string, string>;
  targets?: TargetProcess[];
}

/** Starts a watch of some targets, and waits until it looks. */
async function watch(config: object, { out, env, targets: only = targets }: Started = {}): Promise<Watch> {
  const number = serial++;
  const file = join(folder, `config-${number}.json`);
  await writeFile(file, JSON.stringify({ every: '250ms', limits: { freeMemory: '1MB' }, ...config }));
  const place = out ?? join(folder, `out-${number}`);
  const child = spawn(
    process.execPath,
    [HOLTER, 'watch', ...only.map(({ pid }) => String(pid)), '-c', file, '-o', place, '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  );
  const events: WatchEvent[] = [];
  let text = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    errors += part;
  });
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line) as WatchEvent);
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const watching: Watch = {
    pid: child.pid as number,
    out: place,
    events,
    stop: (signal = 'SIGINT') => {
      child.kill(signal);
      return closed;
    },
    async see(event, more = {}, timeoutMs = 30_000) {
      const found = (): WatchEvent | undefined =>
        events.find(
          (one) =>
            one.event === event &&
            Object.entries(more).every(([key, value]) => one[key as keyof WatchEvent] === value),
        );
      await until(() => found() !== undefined, timeoutMs, `${event} ${JSON.stringify(more)}`).catch(
        (error: unknown) => {
          throw new Error(
            `${String(error)}\n${events.map((one) => JSON.stringify(one)).join('\n')}\n${errors}`,
          );
        },
      );
      return found() as WatchEvent;
    },
  };
  watches.push(watching);
  await watching.see('watching');
  return watching;
}

const rule = (trigger: object, actions: unknown[], more: object = {}) => ({
  rules: [{ name: 'r', trigger, actions, ...more }],
});
const always = { vital: 'threads', over: 1, for: '0s' };
const eventOf = async (event: WatchEvent) =>
  JSON.parse(await readFile(join(event.folder as string, 'event.json'), 'utf8')) as { state: string };

describe('a stuck loop', () => {
  it.each<NodeMajor>([18, 22, 26])('is told with its line, and left as it was (Node %i)', async (node) => {
    const target = await start(STUCK, node);
    const before = snapshotProc(target);
    const watching = await watch(rule({ blocked: '1s' }, ['stack']));
    const { hit } = await watching.see('triggered');
    expect(hit?.text).toContain('stick');
    const captured = await watching.see('captured', { action: 'stack' });
    expect(await readFile(join(captured.folder as string, 'stack.md'), 'utf8')).toContain('stick');
    await until(async () => (await eventOf(captured)).state === 'done', 5000, 'a finished recording');
    expect(await watching.stop()).toBe(0);
    const after = snapshotProc(target);
    expect(after.listeners).toEqual(before.listeners);
    expect(after.threads).toBe(before.threads);
    expect(after.stderrBytes).toBe(before.stderrBytes);
    const doctor = await runHolter(['doctor', captured.folder as string, '--json']);
    expect(JSON.parse(doctor.stdout)).toMatchObject({ schema: 'holter.doctor/1' });
  });

  it('is none where the loop turns at full load', async () => {
    await start(BUSY);
    const watching = await watch({
      rules: [
        { name: 'stuck', trigger: { blocked: '1s' }, actions: ['stack'] },
        { name: 'cpu', trigger: { vital: 'main', over: 15, for: '3s' }, actions: ['stack'] },
      ],
    });
    await watching.see('triggered', { rule: 'cpu' });
    expect(watching.events.filter((event) => event.rule === 'stuck')).toEqual([]);
  });
});

it.each<NodeMajor>([18, 26])('a heap near its limit is told from outside (Node %i)', async (node) => {
  await start(FULL, node, ['--max-old-space-size=90']);
  const watching = await watch(rule({ heap: '70%' }, ['histogram']));
  const { hit } = await watching.see('triggered');
  expect(hit?.value).toBeGreaterThan(70);
  expect(hit?.value).toBeLessThan(101);
  await watching.see('captured', { action: 'histogram' });
});

it('high CPU is profiled, one heavy action after the other; commands and webhooks are told', async () => {
  const target = await start(BUSY);
  const heard: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => heard.push(text));
    request.on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  try {
    await until(() => server.listening, 5000, 'a server');
    const { port } = server.address() as AddressInfo;
    const actions = [
      { profile: '1s' },
      { doctor: '2s' },
      { run: 'echo $HOLTER_RULE $HOLTER_PID' },
      { webhook: `http://127.0.0.1:${port}/` },
    ];
    const watching = await watch(rule({ vital: 'main', over: 25, for: '1s' }, actions));
    const told = await watching.see('captured', { action: 'webhook' });
    const order = watching.events.flatMap(({ event, action }) =>
      event === 'captured' ? (action ?? []) : [],
    );
    expect(order.indexOf('profile')).toBeLessThan(order.indexOf('doctor'));
    expect(await readFile(join(told.folder as string, 'run.txt'), 'utf8')).toBe(`r ${target.pid}\n`);
    expect(JSON.parse(heard.join(''))).toMatchObject({ rule: 'r', target: { pid: target.pid } });
    const names = await readdir(join(told.folder as string, 'profile'));
    expect(names).toContain('recording.json');
    const doctor = await watching.see('captured', { action: 'doctor' });
    expect(doctor.findings).toBeInstanceOf(Array);
  } finally {
    server.close();
  }
});

it('a storm of triggers gives the configured captures only, and a restart does not count anew', async () => {
  for (let index = 0; index < 4; index++) await start(IDLE);
  const limits = { limits: { perHour: 2, cooldown: '0s' } };
  const watching = await watch(rule(always, [{ run: 'true' }], limits));
  await watching.see('skipped');
  await watching.see('captured', { action: 'run' });
  await watching.stop();
  expect(watching.events.filter(({ event }) => event === 'triggered')).toHaveLength(2);
  expect((await readdir(watching.out)).filter((name) => name !== 'state.json')).toHaveLength(2);
  const again = await watch(rule(always, [{ run: 'true' }], limits), { out: watching.out });
  await again.see('skipped');
  await again.stop();
  expect(again.events.filter(({ event }) => event === 'triggered')).toEqual([]);
  expect((await readdir(watching.out)).filter((name) => name !== 'state.json')).toHaveLength(2);
});

it('processes that come and end are followed, others are not', async () => {
  await start(IDLE);
  const watching = await watch(rule({ exit: 'any' }, [{ run: 'true' }]), { targets: [] });
  const late = await start(IDLE);
  await until(() => watching.events.some(({ target }) => target?.pid === late.pid), 10_000, 'the late one');
  await late.stop();
  await until(
    () => watching.events.some(({ event, target }) => event === 'triggered' && target?.pid === late.pid),
    10_000,
    'its end',
  );
});

it('a target that is killed while it is profiled ends that capture, and not the watch', async () => {
  const target = await start(BUSY);
  const other = await start(IDLE);
  const watching = await watch({
    rules: [
      {
        name: 'cpu',
        trigger: { vital: 'main', over: 25, for: '500ms' },
        actions: [{ doctor: '30s' }, { run: 'true' }],
      },
      { name: 'end', trigger: { exit: 'any' }, actions: [{ run: 'true' }] },
    ],
  });
  const { at } = await watching.see('triggered', { rule: 'cpu' });
  expect(at).not.toBe('');
  await until(
    async () => (await readdir(watching.out)).some((name) => existsSync(join(watching.out, name, 'doctor'))),
    10_000,
    'a doctor at work',
  );
  process.kill(target.pid, 'SIGKILL');
  await watching.see('process-ended');
  await watching.see('captured', { rule: 'end' });
  await watching.see('captured', { rule: 'cpu', action: 'run' });
  await other.stop();
  expect(await watching.stop()).toBe(0);
});

it.each<NodeJS.Signals>(['SIGINT', 'SIGKILL'])(
  '%s of the watch during a capture leaves the target clean',
  async (signal) => {
    const target = await start(BUSY, 24);
    const before = snapshotProc(target);
    const watching = await watch(rule({ vital: 'main', over: 25, for: '500ms' }, [{ profile: '4s' }]));
    await watching.see('triggered');
    // The bridge is a worker thread in the target.
    await until(() => snapshotProc(target).threads > before.threads, 10_000, 'a visit');
    await watching.stop(signal);
    await until(() => snapshotProc(target).threads === before.threads, 20_000, 'the target as it was');
    const after = snapshotProc(target);
    expect(after.listeners).toEqual(before.listeners);
    expect(after.threadNames).toEqual(before.threadNames);
  },
);

it('a new core is read by the doctor, an old one is not', async () => {
  const target = await start(IDLE);
  const cores = join(folder, `cores-${serial++}`);
  await mkdir(cores);
  const take = (name: string) =>
    runHolter(['core', 'take', String(target.pid), '--js-heap-only', '--yes', '-o', join(cores, name)]);
  expect((await take('core.old')).code).toBe(0);
  const watching = await watch(rule({ core: [cores] }, ['doctor']));
  await watching.see('process-began');
  expect((await take('core.new')).code).toBe(0);
  const { hit } = await watching.see('triggered');
  expect(hit?.text).toContain('core.new');
  await watching.see('captured', { action: 'doctor' });
});

it('what holter/agent tells in its black box is an event', async () => {
  const target = await start(IDLE);
  const boxes = join(folder, `boxes-${serial++}`);
  const box = join(boxes, 'box');
  await mkdir(box, { recursive: true });
  await writeFile(
    join(box, 'black-box.json'),
    JSON.stringify({ schema: 'holter.black-box/1', target: { pid: target.pid } }),
  );
  const line = (kind: string) =>
    `${JSON.stringify({ kind, at: new Date().toISOString(), text: `it was ${kind}` })}\n`;
  await writeFile(join(box, 'events.jsonl'), line('leak'));
  const watching = await watch(rule({ agent: ['uncaught-exception', 'leak'] }, ['stack']), {
    env: { HOLTER_DIR: boxes },
  });
  await watching.see('process-began');
  await appendFile(join(box, 'events.jsonl'), line('near-heap-limit') + line('uncaught-exception'));
  const { hit } = await watching.see('triggered');
  expect(hit?.text).toBe('uncaught-exception: it was uncaught-exception');
  await watching.see('captured', { action: 'stack' });
});

/** Mounts need root. */
const isRoot = process.getuid?.() === 0;
it.skipIf(!isRoot)('a full disk is told, and the watch goes on', async () => {
  const disk = join(folder, 'disk');
  await mkdir(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk]).status !== 0) return;
  try {
    await writeFile(join(disk, 'filler'), Buffer.alloc(20_000)).catch(() => {});
    const target = await start(IDLE);
    const watching = await watch(rule(always, ['stack']), { out: join(disk, 'out') });
    const failed = await watching.see('capture-failed');
    expect(failed.text).toContain('the disk is full');
    await target.stop();
    await watching.see('process-ended');
    expect(await watching.stop()).toBe(0);
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});

it('mistakes of a configuration are told with their keys', async () => {
  const file = join(folder, 'bad.json');
  await writeFile(file, JSON.stringify({ rules: [{ trigger: { vital: 'cpu', over: 'x' } }] }));
  const bad = await runHolter(['watch', '-c', file, '--check']);
  expect(bad.code).toBe(2);
  expect(bad.stderr).toContain('rules[0].trigger.over');
  const none = await runHolter(['watch', '-c', join(folder, 'none.json')]);
  expect(none.code).toBe(1);
  const module = join(folder, 'rules.mjs');
  await writeFile(module, "export default { rules: [{ name: 'mine', trigger: { blocked: '3s' } }] };");
  const good = await runHolter(['watch', '-c', module, '--check']);
  expect(good.code).toBe(0);
  expect(good.stdout).toContain('mine');
});
