import { describe, expect, it } from 'vitest';
import { SourceMaps } from '../source-map/source-map.ts';
import { CATEGORIES, type CallTree, PARTIES } from './call-tree.ts';
import { readCpuProfile } from './cpuprofile.ts';

/** Tree as text: indented `name file:line category/party self µs`. */
function drawTree(tree: CallTree): string[] {
  return Array.from({ length: tree.length }, (_, node) => {
    const frame = tree.frame[node]!;
    const { name, file, line, category, party } = tree.frames;
    const place = file[frame] === '' ? '' : ` ${file[frame]}:${line[frame]}`;
    const kind = `${CATEGORIES[category[frame]!]}/${PARTIES[party[frame]!]}`;
    return `${'  '.repeat(tree.depth[node]!)}${name[frame]}${place} ${kind} ${tree.self[node]}`;
  });
}

const call = (functionName: string, url = '', lineNumber = -1, columnNumber = -1) => ({
  functionName,
  scriptId: '1',
  url,
  lineNumber,
  columnNumber,
});

const ROOT = { id: 1, callFrame: call('(root)'), hitCount: 0 };

describe('readCpuProfile', () => {
  it('weighs by time to the next sample, not by hits, and puts places 1-based', () => {
    const tree = readCpuProfile({
      nodes: [
        { ...ROOT, children: [2, 4, 5, 6] },
        { id: 2, callFrame: call('main', 'file:///app/my%20server.mjs', 2, 4), hitCount: 1, children: [3] },
        { id: 3, callFrame: call('', '/app/node_modules/@a/b/x.js', 0, 0), hitCount: 99 },
        { id: 4, callFrame: call('(idle)'), hitCount: 1 },
        { id: 5, callFrame: call('(garbage collector)'), hitCount: 1 },
        { id: 6, callFrame: call('writev'), hitCount: 1 },
      ],
      startTime: 5_000_000,
      endTime: 5_010_000,
      samples: [2, 3, 4, 5, 6],
      timeDeltas: [500, 1000, 2000, 3000, 1500],
    });
    expect(drawTree(tree)).toEqual([
      '(root) program/none 0',
      '  main /app/my server.mjs:3 js/user 1000',
      '    (anonymous) /app/node_modules/@a/b/x.js:1 js/dependency 2000',
      '  (idle) idle/none 3000',
      '  (garbage collector) gc/none 1500',
      '  writev native/none 2000',
    ]);
    expect(tree.total[0]).toBe(9500);
    expect([...tree.samples.time]).toEqual([0.5, 1.5, 3.5, 6.5, 8]);
    expect([tree.from, tree.to]).toEqual([0, 10]);
    expect(tree.frames.column[1]).toBe(5);
    expect(tree.partial).toBeUndefined();
  });

  it('places samples in the window of the recording', () => {
    const profile = {
      nodes: [ROOT],
      startTime: 5_000_000,
      endTime: 5_001_000,
      samples: [1],
      timeDeltas: [100],
    };
    const tree = readCpuProfile(profile, { startedMonotonicUs: 4_000_000 });
    expect([...tree.samples.time]).toEqual([1000.1]);
    expect([tree.from, tree.to]).toEqual([1000, 1001]);
  });

  it('brings samples with negative deltas into order', () => {
    const tree = readCpuProfile({
      nodes: [
        { ...ROOT, children: [2, 3] },
        { id: 2, callFrame: call('a', '/a.js', 0, 0) },
        { id: 3, callFrame: call('b', '/b.js', 0, 0) },
      ],
      startTime: 0,
      endTime: 4000,
      samples: [2, 2, 3],
      timeDeltas: [1000, 2000, -1000],
    });
    expect([...tree.samples.time]).toEqual([1, 2, 3]);
    expect([...tree.samples.node].map((node) => tree.frames.name[tree.frame[node]!])).toEqual([
      'a',
      'b',
      'a',
    ]);
    expect([...tree.samples.weight]).toEqual([1000, 1000, 1000]);
  });

  it('shares the span out by hits where there are no samples', () => {
    const tree = readCpuProfile({
      nodes: [
        { ...ROOT, children: [2, 3] },
        { id: 2, callFrame: call('a', '/a.js', 0, 0), hitCount: 3 },
        { id: 3, callFrame: call('b', '/b.js', 0, 0), hitCount: 1 },
      ],
      startTime: 0,
      endTime: 8000,
    });
    expect([...tree.self]).toEqual([0, 6000, 2000]);
  });

  it('takes `parent` fields and ids in any order', () => {
    const tree = readCpuProfile({
      nodes: [
        { id: 30, parent: 20, callFrame: call('leaf', '/a.js', 5, 0) },
        { id: 20, parent: 10, callFrame: call('main', '/a.js', 0, 0) },
        { id: 10, callFrame: call('(root)') },
      ],
      startTime: 0,
      endTime: 2000,
      samples: [30],
      timeDeltas: [1000],
    });
    expect(drawTree(tree)).toEqual([
      '(root) program/none 0',
      '  main /a.js:1 js/user 0',
      '    leaf /a.js:6 js/user 1000',
    ]);
  });

  it('gives line ticks as weight, and none to builtins, whose line is their caller', () => {
    const tree = readCpuProfile({
      nodes: [
        { ...ROOT, children: [2, 3] },
        {
          id: 2,
          callFrame: call('a', '/a.js', 0, 0),
          positionTicks: [
            { line: 3, ticks: 3 },
            { line: 4, ticks: 1 },
          ],
        },
        { id: 3, callFrame: call('run'), positionTicks: [{ line: 9, ticks: 1 }] },
      ],
      startTime: 0,
      endTime: 5000,
      samples: [2, 2, 2, 2, 3],
      timeDeltas: [0, 1000, 1000, 1000, 1000],
    });
    expect([...tree.lines.line]).toEqual([3, 4]);
    expect([...tree.lines.weight]).toEqual([3000, 1000]);
  });

  it('keeps a long tail without samples from the function before it', () => {
    const tree = readCpuProfile({
      nodes: [
        { ...ROOT, children: [2] },
        { id: 2, callFrame: call('a', '/a.js', 0, 0) },
      ],
      startTime: 0,
      endTime: 500_000,
      samples: [2, 2],
      timeDeltas: [0, 1000],
    });
    expect(drawTree(tree)).toEqual([
      '(root) program/none 0',
      '  a /a.js:1 js/user 21000',
      '  (program) program/none 479000',
    ]);
  });

  it('counts the code holter put into the target as (program), and keeps what it wraps', () => {
    const tree = readCpuProfile({
      nodes: [
        { ...ROOT, children: [2] },
        { id: 2, callFrame: call('listOnTimeout', 'node:internal/timers', 9, 0), children: [3] },
        { id: 3, callFrame: call('sample', 'holter:inside', 9, 0), children: [4, 5] },
        { id: 4, callFrame: call('memoryUsage', 'node:internal/process/per_thread', 1, 0) },
        { id: 5, callFrame: call('listener', '/app/a.js', 1, 0), children: [6] },
        { id: 6, callFrame: call('alloc', 'holter:inside', 20, 0), children: [7] },
        { id: 7, callFrame: call('alloc', 'node:buffer', 3, 0) },
      ],
      startTime: 0,
      endTime: 6000,
      samples: [2, 3, 4, 5, 6, 7],
      timeDeltas: [0, 1000, 1000, 1000, 1000, 1000],
    });
    expect(drawTree(tree)).toEqual([
      '(root) program/none 0',
      '  listOnTimeout node:internal/timers:10 js/core 1000',
      '  (program) program/none 3000',
      '    listener /app/a.js:2 js/user 1000',
      '      alloc node:buffer:4 js/core 1000',
    ]);
  });

  it('merges functions by where they were written', () => {
    // Two generated functions of one original: `b` at generated 1:1 and 1:11, both from src/a.ts 3:1.
    const map = JSON.stringify({
      version: 3,
      sources: ['../src/a.ts'],
      sourcesContent: ['\n\nfunction handle(a) {}\n'],
      names: [],
      mappings: 'AAEA,UAAA',
    });
    const maps = new SourceMaps([{ url: '/app/dist/a.js', map }]);
    const tree = readCpuProfile(
      {
        nodes: [
          { ...ROOT, children: [2, 3] },
          { id: 2, callFrame: call('b', 'file:///app/dist/a.js', 0, 0) },
          { id: 3, callFrame: call('b', 'file:///app/dist/a.js', 0, 10) },
        ],
        startTime: 0,
        endTime: 2000,
        samples: [2, 3],
        timeDeltas: [0, 1000],
      },
      { maps },
    );
    expect(drawTree(tree)).toEqual(['(root) program/none 0', '  handle /app/src/a.ts:3 js/user 2000']);
  });

  it('is not stopped by depth or size', () => {
    const depth = 10_000;
    const nodes = [
      { ...ROOT, children: [2] },
      ...Array.from({ length: depth }, (_, i) => ({
        id: i + 2,
        callFrame: call('descend', '/app/deep.js', 2, 0),
        ...(i + 1 < depth ? { children: [i + 3] } : {}),
      })),
    ];
    const tree = readCpuProfile({
      nodes,
      startTime: 0,
      endTime: 2000,
      samples: [depth + 1],
      timeDeltas: [1000],
    });
    expect(tree.length).toBe(depth + 1);
    expect(tree.depth[depth]).toBe(depth);
    expect(tree.total[1]).toBe(1000);
  });

  it('hangs what a damaged file leaves loose under the root', () => {
    const tree = readCpuProfile({
      nodes: [
        { ...ROOT, children: [2, 77] },
        { id: 2, callFrame: call('a', '/a.js', 0, 0), children: [2] },
        { id: 8, callFrame: call('x', '/x.js', 0, 0), children: [9] },
        { id: 9, callFrame: call('y', '/y.js', 0, 0), children: [8] },
      ],
      startTime: 0,
      endTime: 4000,
      samples: [2, 8, 9, 4711],
      timeDeltas: [0, 1000, 1000, 1000],
    });
    expect(drawTree(tree)).toEqual([
      '(root) program/none 1000',
      '  a /a.js:1 js/user 1000',
      '  x /x.js:1 js/user 1000',
      '    y /y.js:1 js/user 1000',
    ]);
    expect(tree.partial).toMatch(/1 call-tree nodes had no parent.*1 of 4 samples/);
  });

  it('reads the sound part of a cut file and says so', () => {
    const text = JSON.stringify({
      nodes: [
        { ...ROOT, children: [2] },
        { id: 2, callFrame: call('a', '/a.js', 0, 0) },
      ],
      startTime: 0,
      endTime: 100_000,
      samples: Array.from({ length: 100 }, () => 2),
      timeDeltas: Array.from({ length: 100 }, () => 1000),
    });
    const cut = readCpuProfile(text.slice(0, text.indexOf('timeDeltas') - 100));
    expect(cut.partial).toMatch(/sound for \d+ of \d+ bytes/);
    expect(cut.total[0]).toBeGreaterThan(0);
    expect(cut.frames.name).toContain('a');
  });

  it.each([
    ['', 'E_FILE_FORMAT', /not JSON/],
    ['hello', 'E_FILE_FORMAT', /not JSON/],
    ['42', 'E_FILE_FORMAT', /single value/],
    ['{"nodes":[]}', 'E_FILE_FORMAT', /no nodes/],
    ['{"nodes":[{"id":1', 'E_FILE_TRUNCATED', /before its call tree/],
    ['{"nodes":[{"id":1,"callFrame"', 'E_FILE_TRUNCATED', /no nodes/],
    ['{"startTime":1,"no', 'E_FILE_TRUNCATED', /before its call tree/],
    ['{"traceEvents":[]}', 'E_FILE_FORMAT', /trace events/],
    ['{"snapshot":{},"nodes":0}', 'E_FILE_FORMAT', /heap snapshot/],
    ['{"head":{"selfSize":0}}', 'E_FILE_FORMAT', /allocation profile/],
  ])('refuses %j with %s', (text, code, message) => {
    expect(() => readCpuProfile(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
