import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { BOX_COLUMNS, type BoxEvent, readEvents, readRing } from '../../src/metrics/black-box.ts';
import { runDoctor, until } from './built.ts';
import {
  NODE_MAJORS,
  type NodeMajor,
  nodeBinary,
  startTarget,
  type TargetProcess,
} from './target-process.ts';

/** `node --import holter/agent`: every trigger on real processes, and that a process with it behaves as without. */

const AGENT_ESM = fileURLToPath(new URL('../../dist/agent.js', import.meta.url));
const AGENT_CJS = fileURLToPath(new URL('../../dist/agent.cjs', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('./programs', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'holter-agent-test-'));
const started: TargetProcess[] = [];
let boxes = 0;

afterEach(async () => {
  for (const target of started.splice(0)) await target.stop();
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function newFolder(): string {
  return join(work, `boxes-${++boxes}`);
}

async function run(
  program: string,
  node: NodeMajor,
  folder: string,
  env: Record<string, string> = {},
  nodeArgs: string[] = ['--import', AGENT_ESM],
): Promise<TargetProcess> {
  const target = await startTarget(join(PROGRAMS, program), {
    node,
    nodeArgs,
    env: { HOLTER_DIR: folder, ...env },
  });
  started.push(target);
  return target;
}

function boxesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function eventsIn(folder: string, kind: BoxEvent['kind']): BoxEvent[] {
  return boxesIn(folder).flatMap((box) => {
    const path = join(box, 'events.jsonl');
    return existsSync(path)
      ? readEvents(readFileSync(path, 'utf8')).filter((event) => event.kind === kind)
      : [];
  });
}

for (const node of NODE_MAJORS) {
  test(`a stuck loop is told with its line, while it is stuck, on Node ${node}`, async () => {
    const folder = newFolder();
    const target = await run('agent-target.cjs', node, folder, { HOLTER_BLOCKED: '300ms', ACT: 'stuck' });
    await until(
      () => eventsIn(folder, 'event-loop-blocked').length > 0,
      20_000,
      'an event of the stuck loop',
    );
    const [event] = eventsIn(folder, 'event-loop-blocked');
    expect(event?.stack?.[0]).toMatchObject({
      function: 'turnForever',
      file: join(PROGRAMS, 'agent-target.cjs'),
    });
    expect(event?.stack?.some(({ function: name }) => name === 'answerNobody')).toBe(true);
    // kill -9: what was kept up to then is whole.
    process.kill(target.pid, 'SIGKILL');
    await target.exited;
    const [box] = boxesIn(folder);
    const rows = readRing(readFileSync(join(box as string, 'vitals.ring')));
    const rss = BOX_COLUMNS.indexOf('memory.rss_bytes');
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => (row[rss] as number) > 1e7)).toBe(true);
    expect(existsSync(join(box as string, 'exit.json'))).toBe(false);
  });

  test(`an exception nobody catches ends as without the agent, with a report, on Node ${node}`, () => {
    for (const [act, origin] of [
      ['throw', false],
      ['reject', true],
    ] as const) {
      const folder = newFolder();
      const bare = runOnce(node, [], act, folder);
      expect(boxesIn(folder)).toEqual([]);
      const watched = runOnce(node, ['--require', AGENT_CJS], act, folder);
      expect(watched.status).toBe(bare.status);
      expect(watched.stdout).toBe(bare.stdout);
      expect(withoutColumns(watched.stderr)).toBe(withoutColumns(bare.stderr));
      const [event] = eventsIn(folder, 'uncaught-exception');
      expect(event?.error).toMatchObject({
        name: 'TypeError',
        message: 'no such thing',
        isRejection: origin,
      });
      const [box] = boxesIn(folder) as [string];
      const report = JSON.parse(readFileSync(join(box, event?.files?.[0] as string), 'utf8')) as Record<
        string,
        unknown
      >;
      expect(report).toHaveProperty('javascriptStack');
      expect(report).not.toHaveProperty('environmentVariables');
      expect(JSON.parse(readFileSync(join(box, 'exit.json'), 'utf8'))).toMatchObject({ code: 1 });
    }
  });

  test(`out of memory: Node's report is in the black box, on Node ${node}`, () => {
    const folder = newFolder();
    const { signal, status } = runOnce(
      node,
      ['--max-old-space-size=64', '--import', AGENT_ESM],
      'fill',
      folder,
    );
    // Aborted by V8, as without us.
    expect(signal === 'SIGABRT' || status === 134).toBe(true);
    const [box] = boxesIn(folder) as [string];
    const reports = readdirSync(box).filter((name) => name.startsWith('report.'));
    expect(reports.length).toBe(1);
    const report = JSON.parse(readFileSync(join(box, reports[0] as string), 'utf8')) as {
      header: { trigger: string };
    };
    expect(report.header.trigger).toMatch(/^(OOMError|FatalError)$/);
    expect(statSync(box).mode & 0o077).toBe(0);
  });

  test(`a growing heap is told as a leak, on Node ${node}`, async () => {
    const folder = newFolder();
    const target = await run(
      'agent-target.cjs',
      node,
      folder,
      { ACT: 'leak', HOLTER_LEAK_GRACE: 'off', HOLTER_PROFILE: '500ms' },
      ['--expose-gc', '--require', AGENT_CJS],
    );
    // One that came while the first was captured is written before it.
    const captured = () => eventsIn(folder, 'leak').find(({ files = [] }) => files.length > 0);
    await until(() => captured() !== undefined, 30_000, 'the leak event with its capture');
    const event = captured();
    expect(event?.numbers?.collections).toBe(5);
    expect(event?.numbers?.growthBytes).toBeGreaterThan(1e6);
    const [box] = boxesIn(folder) as [string];
    const profile = readFileSync(join(box, event?.files?.[0] as string), 'utf8');
    expect(profile).toContain('keepMore');
    expect(target.stderr()).toBe('');
  });
}

function runOnce(
  node: NodeMajor,
  nodeArgs: string[],
  act: string,
  folder: string,
  env: Record<string, string> = {},
) {
  const { PATH = '' } = process.env;
  return spawnSync(nodeBinary(node), [...nodeArgs, join(PROGRAMS, 'agent-target.cjs')], {
    encoding: 'utf8',
    timeout: 60_000,
    cwd: work,
    env: { PATH, ACT: act, HOLTER_DIR: folder, ...env },
  });
}

/** Line and column of Node's own timers differ with nothing; the agent's frames must not be there at all. */
function withoutColumns(text: string): string {
  return text.replaceAll(/node:internal\/[\w/]+:\d+:\d+/g, 'node:internal');
}

test('a program that ends well leaves nothing, prints the same, and ends with its own code', () => {
  for (const node of [18, 26] as const)
    for (const act of ['end', 'exit-7'] as const) {
      const folder = newFolder();
      const bare = runOnce(node, [], act, folder);
      const watched = runOnce(node, ['--import', AGENT_ESM], act, folder);
      expect({ ...watched, pid: 0 }).toEqual({ ...bare, pid: 0 });
      expect(boxesIn(folder).length).toBe(act === 'end' ? 0 : 1);
    }
});

test('two ways to load it and start() make one agent; worker threads have none; each child has its own', () => {
  for (const node of [18, 22, 26] as const) {
    const folder = newFolder();
    const { stdout, stderr, status } = runOnce(
      node,
      ['--import', AGENT_ESM, '-r', AGENT_CJS],
      'family',
      folder,
      {
        HOLTER_KEEP: 'on',
        AGENT: AGENT_CJS,
      },
    );
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    // One thread each; the child inherits the parent's options, the program's own worker has no agent.
    expect(stdout.trim().split('\n').sort()).toEqual([
      'child threads 1',
      'parent threads 2',
      'same agent',
      'worker has an agent: false',
    ]);
    expect(boxesIn(folder).length).toBe(2);
  }
});

test('cluster workers have one each, and the port of the program is shared as before', async () => {
  const folder = newFolder();
  const target = await run('agent-cluster.cjs', 22, folder, { HOLTER_KEEP: 'on' });
  await until(() => boxesIn(folder).length === 3, 20_000, 'three black boxes');
  const answer = await fetch(target.url).then((response) => response.text());
  expect(answer).toMatch(/^worker \d/);
});

test('SIGUSR2, a file named capture and start().capture() ask for a capture; limits hold', async () => {
  for (const node of [18, 26] as const) {
    const folder = newFolder();
    const target = await run('agent-target.cjs', node, folder, { ACT: 'serve', HOLTER_PROFILE: '300ms' });
    await until(() => boxesIn(folder).length === 1, 10_000, 'the folder');
    process.kill(target.pid, 'SIGUSR2');
    await until(() => eventsIn(folder, 'capture').length === 1, 20_000, 'the capture');
    const [box] = boxesIn(folder) as [string];
    const [event] = eventsIn(folder, 'capture');
    expect(event?.files).toEqual(['capture-1.report.json', 'capture-1.cpuprofile']);
    for (const name of event?.files ?? []) {
      expect(() => JSON.parse(readFileSync(join(box, name), 'utf8'))).not.toThrow();
      expect(statSync(join(box, name)).mode & 0o077).toBe(0);
    }
    expect(readFileSync(join(box, 'capture-1.report.json'), 'utf8')).not.toContain('environmentVariables');
    // Within the cool-down nothing more is made, and that is said.
    writeFileSync(join(box, 'capture'), '');
    await until(() => eventsIn(folder, 'capture').length === 2, 10_000, 'the refusal');
    expect(eventsIn(folder, 'capture')[1]?.text).toContain('nothing captured');
    expect(await (await fetch(target.url)).text()).toBe('ok');
  }
});

test('a listener of the program for the signal stays the only one', async () => {
  const folder = newFolder();
  const target = await run('agent-target.cjs', 24, folder, { ACT: 'own-signal' });
  process.kill(target.pid, 'SIGUSR2');
  await until(() => target.stdout().includes('own SIGUSR2'), 10_000, "the program's own listener");
  await until(() => target.stdout().includes('later'), 10_000, 'a turn after');
  expect(eventsIn(folder, 'capture')).toEqual([]);
});

test('metrics are answered also by a stuck process, and their text is well formed', async () => {
  for (const node of [18, 26] as const) {
    const folder = newFolder();
    const socket = join(work, `metrics-${node}.sock`);
    await run('agent-target.cjs', node, folder, {
      ACT: 'stuck',
      HOLTER_BLOCKED: '300ms',
      HOLTER_METRICS: `unix:${socket}`,
    });
    await until(() => eventsIn(folder, 'event-loop-blocked').length > 0, 20_000, 'a stuck loop');
    const text = await get(socket, '/metrics');
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? [-+\d.e]+(Inf|NaN)?)$/);
    for (const name of [
      'nodejs_eventloop_delay_p99_seconds',
      'nodejs_eventloop_utilization_ratio',
      'v8js_gc_duration_seconds_bucket{v8js_gc_type="major",le="+Inf"}',
      'v8js_memory_heap_used_bytes{v8js_heap_space_name="old_space"}',
      'process_cpu_time_seconds_total{cpu_mode="user"}',
    ])
      expect(text).toContain(name);
    expect(
      Number(/^process_cpu_time_seconds_total\{cpu_mode="user"\} (.*)$/m.exec(text)?.[1]),
    ).toBeGreaterThan(0.1);
  }
});

test('a folder that cannot be made costs the agent, not the program', () => {
  const closed = join(work, 'a-file');
  writeFileSync(closed, '');
  chmodSync(closed, 0o600);
  const { status, stdout, stderr } = runOnce(22, ['--import', AGENT_ESM], 'end', join(closed, 'x'));
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'ready\n' });
  expect(stderr).toMatch(/^holter\/agent does not run: /);
});

test('holter doctor on a black box names what the process died of', async () => {
  const ends: [string, string[], string, RegExp, string | undefined][] = [
    [
      'throw',
      [],
      'application-errors',
      /^TypeError: no such thing in .*caught by nobody/,
      'agent-target.cjs',
    ],
    ['fill', ['--max-old-space-size=64'], 'out-of-memory-risk', /^Ended out of memory/, undefined],
  ];
  for (const [act, args, kind, title, file] of ends) {
    const folder = newFolder();
    runOnce(24, [...args, '--import', AGENT_ESM], act, folder);
    const [box] = boxesIn(folder) as [string];
    const { findings } = await runDoctor([box]);
    expect(findings[0]).toMatchObject({ kind, severity: 'critical' });
    expect(findings[0]?.title).toMatch(title);
    if (file !== undefined) expect(findings[0]?.where[0]?.file).toContain(file);
  }
});

test('a watchdog kills a stuck process: doctor names the loop; killed in health: no finding', async () => {
  for (const act of ['stuck', 'serve']) {
    const folder = newFolder();
    const target = await run('agent-target.cjs', 22, folder, { ACT: act, HOLTER_BLOCKED: '300ms' });
    const rowsOf = () =>
      boxesIn(folder).flatMap((box) =>
        existsSync(join(box, 'vitals.ring')) ? readRing(readFileSync(join(box, 'vitals.ring'))) : [],
      );
    const blocked = BOX_COLUMNS.indexOf('loop.blocked_ms');
    await until(
      () => (act === 'stuck' ? rowsOf().some((row) => (row[blocked] ?? 0) > 500) : rowsOf().length > 2),
      20_000,
      'rows of the black box',
    );
    process.kill(target.pid, 'SIGKILL');
    await target.exited;
    const { findings, verdict } = await runDoctor(boxesIn(folder));
    if (act === 'serve') {
      expect(findings).toEqual([]);
      expect(verdict).toContain('killed from outside');
      continue;
    }
    expect(findings[0]).toMatchObject({ kind: 'event-loop-stuck', where: [{ function: 'turnForever' }, {}] });
  }
});

test('a heap near its limit is told; V8 writes a snapshot near it where that is armed', async () => {
  const folder = newFolder();
  await run(
    'agent-target.cjs',
    26,
    folder,
    { ACT: 'leak', HOLTER_NEAR_LIMIT_PERCENT: '1', HOLTER_LEAK_COLLECTIONS: 'off' },
    ['--expose-gc', '--max-old-space-size=64', '--import', AGENT_ESM],
  );
  await until(() => eventsIn(folder, 'near-heap-limit').length > 0, 20_000, 'the event');
  expect(eventsIn(folder, 'near-heap-limit')[0]?.numbers?.heapLimitBytes).toBeGreaterThan(6e7);

  runOnce(22, ['--max-old-space-size=32', '--import', AGENT_ESM], 'fill', newFolder(), {
    HOLTER_HEAP_SNAPSHOT_NEAR_LIMIT: 'on',
  });
  expect(readdirSync(work).filter((name) => name.endsWith('.heapsnapshot')).length).toBe(1);
});

test('start() from a program: events arrive, stop() takes everything back', async () => {
  for (const node of [18, 26] as const) {
    const folder = newFolder();
    const target = await startTarget(join(PROGRAMS, 'agent-api.mjs'), {
      node,
      env: { HOLTER_DIR: folder, AGENT: AGENT_ESM },
    });
    started.push(target);
    await until(() => target.stdout().includes('after '), 20_000, 'the program to stop its agent');
    const lines = target.stdout().split('\n');
    expect(lines).toContain('event capture');
    expect(lines).toContain('metric nodejs.eventloop.utilization');
    const [before, after] = ['before ', 'after '].map((word) =>
      lines.find((line) => line.startsWith(word))?.slice(word.length),
    );
    expect(after).toBe(before);
    expect(await target.exited).toMatchObject({ code: 0 });
  }
});

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}
