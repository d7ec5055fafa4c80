import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import type { CallTree } from './call-tree.ts';
import { readChromeTrace } from './chrome-trace.ts';
import { readCpuProfile } from './cpuprofile.ts';
import { aggregateFunctions } from './functions.ts';
import { splitTime } from './time-split.ts';

const FOLDER = join(import.meta.dirname, '../../test/fixtures/chrome-trace');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.gz'));
const read = (text: string | Uint8Array) =>
  readChromeTrace(openBytes(typeof text === 'string' ? Buffer.from(text) : text, 'trace'), {});

function row(tree: CallTree, name: string) {
  const found = aggregateFunctions(tree).find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no function ${name}`);
  return found;
}

/** Milliseconds of `spin` by line. */
function linesOf(tree: CallTree, name: string): Map<number, number> {
  const lines = new Map<number, number>();
  for (let i = 0; i < tree.lines.node.length; i++) {
    if (tree.frames.name[tree.frame[tree.lines.node[i]!]!] !== name) continue;
    lines.set(tree.lines.line[i]!, (lines.get(tree.lines.line[i]!) ?? 0) + tree.lines.weight[i]! / 1000);
  }
  return lines;
}

it('has fixtures of every supported Node and of Chromium', () => {
  expect(FILES.map((name) => name.replace(/\.\d.*/, ''))).toEqual([
    expect.stringMatching(/^chromium-\d+$/),
    ...[18, 20, 22, 24, 26].map((major) => `node-linux-${major}`),
  ]);
});

describe.each(FILES.filter((name) => name.startsWith('node')))('%s', (name) => {
  it('is the profile of the main thread', () => {
    const { format, profiles, notes } = read(readFileSync(join(FOLDER, name)));
    expect([format, profiles.map((profile) => profile.name), notes]).toEqual(['chrome-trace', ['main'], []]);
    const tree = profiles[0]!.tree;
    expect(tree.partial).toBeUndefined();
    expect(row(tree, 'handle')).toMatchObject({ file: '/app/app.cjs', line: 10, party: 'user' });
    // 150 ms by the clock, and the sampler is late on a busy machine.
    expect(row(tree, 'handle').total).toBeGreaterThan(100_000);
    expect(row(tree, 'handle').total).toBeLessThan(250_000);
    // V8 gives `spin` the lines of performance.now(), which it inlines, as well.
    const own = [...linesOf(tree, 'spin')].filter(([line]) => line >= 1 && line <= 8);
    expect(own.reduce((sum, [, ms]) => sum + ms, 0)).toBeGreaterThan(75);
    expect(splitTime(tree).share.idle + splitTime(tree).share.program).toBeGreaterThan(0.1);
  });
});

it('keeps the threads of Chromium apart, the busiest first', () => {
  const { profiles } = read(readFileSync(join(FOLDER, FILES.find((name) => name.startsWith('chromium'))!)));
  expect(profiles.map(({ name }) => name)).toEqual(['CrRendererMain', 'DedicatedWorker thread']);
  const [page, worker] = profiles.map(({ tree }) => tree) as [CallTree, CallTree];
  expect(row(page, 'paint')).toMatchObject({ file: 'http://localhost:8080/app.js', line: 9 });
  expect(row(page, 'paint').total).toBeGreaterThan(100_000);
  expect(row(worker, 'resize').file).toBe('http://localhost:8080/worker.js');
  expect(row(worker, 'resize').total).toBeGreaterThan(60_000);
  for (const line of linesOf(page, 'spin').keys()) expect(line).toBeLessThanOrEqual(8);
  expect(page.from).toBeLessThan(page.to);
});

const call = (functionName: string, lineNumber?: number) => ({
  functionName,
  scriptId: 1,
  codeType: 'JS',
  ...(lineNumber === undefined ? {} : { url: 'file:///app/a.js', lineNumber, columnNumber: 0 }),
});
const event = (name: string, args: object, more: object = {}) => ({
  args,
  cat: 'disabled-by-default-v8.cpu_profiler',
  id: '0x1',
  name,
  ph: 'P',
  pid: 1,
  tid: 2,
  ts: 1000,
  ...more,
});
const OPEN = event('Profile', { data: { startTime: 1000 } });
const FIRST = event('ProfileChunk', {
  data: {
    cpuProfile: {
      nodes: [
        { callFrame: call('(root)'), id: 1 },
        { callFrame: call('main', 4), id: 2, parent: 1 },
      ],
      samples: [2, 2],
    },
    lines: [5, 6],
    timeDeltas: [100, 100],
  },
});
const SECOND = event(
  'ProfileChunk',
  {
    data: {
      cpuProfile: { nodes: [{ callFrame: call('leaf', 9), id: 3, parent: 2 }], samples: [3, 2] },
      lines: [10, 5],
      timeDeltas: [100, 100],
    },
  },
  { tid: 9, ts: 2000 },
);
const LAST = event('ProfileChunk', { data: { endTime: 1500 } }, { ts: 3000 });
const ALL = [OPEN, FIRST, SECOND, LAST];

const drawn = ({ tree }: { tree: CallTree }) =>
  aggregateFunctions(tree).map(({ name, self, line }) => `${name}:${line} ${self}`);

describe('readChromeTrace', () => {
  it('puts chunks together: nodes by parent, times from the start, lines of samples', () => {
    const { profiles } = read(JSON.stringify({ traceEvents: ALL }));
    expect(profiles).toHaveLength(1);
    expect(drawn(profiles[0]!)).toEqual(['main:5 300', 'leaf:10 100']);
    const { tree } = profiles[0]!;
    expect([...tree.samples.time]).toEqual([0.1, 0.2, 0.3, 0.4].map((ms) => expect.closeTo(ms, 9)));
    expect([tree.from, tree.to]).toEqual([0, 0.5]);
    expect([...linesOf(tree, 'main')]).toEqual([
      [5, 0.2],
      [6, expect.closeTo(0.1, 9)],
    ]);
    expect(profiles[0]!.name).toBe('thread 2');
  });

  it('reads the bare array, whose end may be missing', () => {
    const text = JSON.stringify(ALL, null, 1);
    const whole = read(text);
    expect(drawn(whole.profiles[0]!)).toEqual(['main:5 300', 'leaf:10 100']);
    for (const end of ['', ',', ',\n']) {
      const open = read(text.slice(0, -2) + end);
      expect(drawn(open.profiles[0]!)).toEqual(drawn(whole.profiles[0]!));
      expect(open.profiles[0]!.tree.partial).toBeUndefined();
    }
  });

  it('brings chunks into the order they were written in', () => {
    const sorted = read(JSON.stringify(ALL)).profiles[0]!.tree;
    const mixed = read(JSON.stringify([SECOND, LAST, OPEN, FIRST])).profiles[0]!.tree;
    expect(mixed.samples).toEqual(sorted.samples);
    expect([mixed.from, mixed.to]).toEqual([sorted.from, sorted.to]);
    expect([...linesOf(mixed, 'main')].sort()).toEqual([...linesOf(sorted, 'main')].sort());
  });

  it('names threads, and tells equal ones apart', () => {
    const of = (pid: number, tid: number, name: string, profile: string) => [
      { ...OPEN, pid, tid, id: profile },
      { ...FIRST, pid, id: profile },
      { name: 'thread_name', ph: 'M', pid, tid, args: { name } },
      { name: 'process_name', ph: 'M', pid, tid, args: { name: '/usr/bin/node' } },
    ];
    const { profiles } = read(
      JSON.stringify([
        ...of(1, 2, 'JavaScriptMainThread', '0x1'),
        ...of(1, 3, '[worker 1] WorkerThread', '0x2'),
        ...of(1, 4, '[worker 2] resize', '0x3'),
        ...of(5, 5, 'JavaScriptMainThread', '0x1'),
      ]),
    );
    expect(profiles.map(({ name }) => name)).toEqual([
      'main (node 1)',
      'worker 1',
      'worker 2 resize',
      'main (node 5)',
    ]);
  });

  it('says so when the beginning is missing', () => {
    const { tree } = read(JSON.stringify([FIRST, SECOND])).profiles[0]!;
    expect(tree.partial).toMatch(/begins the profile is missing/);
    expect(tree.total[0]).toBeGreaterThan(0);
  });

  it('reads the one event of Chrome before 58, and when DevTools saved it', () => {
    const cpuProfile = {
      nodes: [
        { id: 1, callFrame: call('(root)'), children: [2] },
        { id: 2, callFrame: call('main', 4) },
      ],
      startTime: 0,
      endTime: 300,
      samples: [2, 2],
      timeDeltas: [100, 100],
    };
    const file = read(
      JSON.stringify({
        metadata: { source: 'DevTools', startTime: '2024-05-06T07:08:09.000Z' },
        traceEvents: [event('CpuProfile', { data: { cpuProfile } })],
      }),
    );
    expect(file.recordedAt).toBe('2024-05-06T07:08:09.000Z');
    expect(file.profiles[0]!.tree.total).toEqual(readCpuProfile(cpuProfile).total);
  });

  it('takes nothing from other events that look alike', () => {
    const alike = event('Other', (FIRST as { args: object }).args);
    expect(drawn(read(JSON.stringify([alike, ...ALL, alike])).profiles[0]!)).toEqual([
      'main:5 300',
      'leaf:10 100',
    ]);
  });

  it.each([
    ['', 'E_FILE_FORMAT'],
    ['[]', 'E_FILE_FORMAT'],
    ['{"traceEvents":[{"name":"RunTask","args":{}}]}', 'E_FILE_FORMAT'],
    ['{"traceEvents":[{"name":"RunTask","args":{}},{"na', 'E_FILE_TRUNCATED'],
    ['17', 'E_FILE_FORMAT'],
  ])('refuses %j', (text, code) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code }));
  });
});

describe.each(FILES)('damaged %s', (name) => {
  const bytes = gunzipSync(readFileSync(join(FOLDER, name)));
  const outcome = (damaged: Uint8Array): string => {
    try {
      const { profiles } = read(damaged);
      for (const { tree } of profiles) {
        for (let node = 1; node < tree.length; node++)
          if (!(tree.parent[node]! < node)) throw new Error('a child before its parent');
        if (!Number.isFinite(tree.total[0]!)) throw new Error('no total');
      }
      return profiles.every(({ tree }) => tree.partial?.includes('sound for')) ? 'read in part' : 'read';
    } catch (error) {
      expect(error).toBeInstanceOf(HolterError);
      return 'refused';
    }
  };

  it('cut anywhere', () => {
    const outcomes = new Set<string>();
    // Chromium writes thread by thread, those of the page last.
    for (let i = 0; i < 60; i++)
      outcomes.add(outcome(bytes.subarray(0, Math.floor((bytes.length * i) / 60))));
    expect([...outcomes].sort()).toEqual(['read in part', 'refused']);
  });

  it('flipped bytes', () => {
    let state = bytes.length;
    for (let i = 0; i < 20; i++) {
      const flipped = Buffer.from(bytes);
      for (let n = 0; n <= i % 4; n++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const at = state % flipped.length;
        flipped[at] = flipped[at]! ^ (1 << (state >>> 29));
      }
      outcome(flipped);
    }
  });
});
