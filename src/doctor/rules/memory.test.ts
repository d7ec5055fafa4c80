import { describe, expect, it } from 'vitest';
import type { GcEvent } from '../../metrics/series.ts';
import { drawAllocations, drawEvidence, frames } from '../evidence.fixture.ts';
import type { Evidence } from '../evidence.ts';
import { judge } from '../judge.ts';

const kinds = (drawing: Parameters<typeof drawEvidence>[0]): string[] =>
  judge(drawEvidence(drawing)).findings.map(({ kind }) => kind);

const SESSION = [
  'const sessions = new Map();',
  'export function open(id) {',
  '  const session = { id, data: payload() };',
  '  sessions.set(id, session);',
  '  return session;',
  '}',
].join('\n');
/** 8 MB sampled alive, three quarters of it from `open`. */
const CONCENTRATED = drawAllocations([
  [90, 'emit@node:events:467', 'handler@/srv/api/server.js:9', 'open@/srv/api/session.js:2:21'],
  [30, 'compileFunction@node:internal/modules/cjs/loader:1200'],
]);
const SPREAD = drawAllocations([
  ...['a', 'b', 'c', 'd', 'e'].map((name) => [15, `${name}@/srv/api/${name}.js:1`] as const),
  [60, 'compileFunction@node:internal/modules/cjs/loader:1200'],
]);
const forced = (usedMb: number, externalMb = 5): Evidence['vitals']['forcedGc'] => [
  { at: 9700, usedAfterBytes: usedMb * 1e6, externalAfterBytes: externalMb * 1e6, rssAfterBytes: 150e6 },
];
/** Young collections; what is left rises by `perSecond` MB. */
const minors = (perSecond: number): GcEvent[] =>
  Array.from({ length: 40 }, (_, index) => ({
    at: index * 250,
    ms: 2,
    kind: 'minor',
    usedAfterBytes: (60 + perSecond * index * 0.25 + (index % 3)) * 1e6,
  }));

describe('memory-leak-heap', () => {
  const leak = {
    gc: minors(1.4),
    forcedGc: forced(73),
    allocation: CONCENTRATED,
    sources: { '/srv/api/session.js': SESSION },
  };

  it('names allocating function and line, and the growth per minute', () => {
    const [finding] = judge(drawEvidence(leak)).findings;
    expect(finding?.kind).toBe('memory-leak-heap');
    expect(finding?.where[0]).toMatchObject({ function: 'open', file: 'session.js', line: 4 });
    expect(finding?.title).toMatch(/^The heap grows 8\d MB a minute with objects open allocates$/);
    expect(finding?.confidence).toBeGreaterThan(0.8);
  });

  it('is silent when a full collection takes the growth back: it was garbage', () => {
    expect(kinds({ ...leak, forcedGc: forced(61) })).toEqual([]);
  });

  it('needs 2.5 MB of certain growth', () => {
    expect(kinds({ ...leak, forcedGc: forced(62.2) })).toEqual([]);
    expect(kinds({ ...leak, forcedGc: forced(63) })).toEqual(['memory-leak-heap']);
  });

  it('needs one place that allocates it: warm-up is spread', () => {
    expect(kinds({ ...leak, allocation: SPREAD })).toEqual([]);
  });

  it('is silent when the growth has levelled off', () => {
    const gc = minors(0).map((event) => ({
      ...event,
      usedAfterBytes: event.at < 3000 ? 60e6 + event.at * 4000 : 73e6 + event.at * 20,
    }));
    expect(kinds({ ...leak, gc })).toEqual([]);
  });

  it('claims little of a process that has just begun', () => {
    const [finding] = judge(drawEvidence({ ...leak, uptime: 20 })).findings;
    expect(finding?.confidence).toBeLessThanOrEqual(0.7);
    expect(finding?.advice).toContain('a cache that is filling looks the same');
  });

  it('takes five full collections of V8 itself as proof', () => {
    const gc: GcEvent[] = [60, 62, 64.1, 66, 68.2, 70].map((mb, index) => ({
      at: index * 1800,
      ms: 30,
      kind: 'major',
      usedAfterBytes: mb * 1e6,
    }));
    const { forcedGc: _, ...rest } = leak;
    expect(kinds({ ...rest, gc })).toEqual(['memory-leak-heap']);
    expect(
      kinds({
        ...rest,
        gc: gc.map((event, index) => ({ ...event, usedAfterBytes: [60, 68, 61, 67, 62, 66][index]! * 1e6 })),
      }),
    ).toEqual([]);
  });
});

describe('memory-leak-external', () => {
  const external = [
    {
      bytes: 40e6,
      count: 400,
      aliveBytes: 38e6,
      frames: frames('alloc@node:buffer:380', 'keep@/srv/api/upload.js:31', 'handler@/srv/api/server.js:9'),
    },
    {
      bytes: 60e6,
      count: 900,
      aliveBytes: 0.5e6,
      frames: frames('from@node:buffer:300', 'send@/srv/api/send.js:4'),
    },
  ];
  const externalMb = [10, 18, 26, 34, 42, 50, 58, 66];

  it('names the line that allocates the Buffers which stay', () => {
    const [finding] = judge(drawEvidence({ externalMb, forcedGc: forced(60, 66), external })).findings;
    expect(finding?.kind).toBe('memory-leak-external');
    expect(finding?.where.map(({ function: name, line }) => `${name}:${line}`)).toEqual([
      'keep:31',
      'handler:9',
    ]);
  });

  it('is silent for Buffers in flight that a collection takes back', () => {
    expect(kinds({ externalMb, forcedGc: forced(60, 12), external })).toEqual([]);
  });

  it('is silent for one place that lets go of most it allocates: large files in flight', () => {
    const churn = [{ ...external[0]!, bytes: 5900e6, aliveBytes: 56e6 }];
    expect(kinds({ externalMb, forcedGc: forced(60, 66), external: churn })).toEqual([]);
  });

  it('takes the objects that hold it where no Buffer was seen', () => {
    const allocation = drawAllocations([
      [9, 'draw@/srv/api/canvas.js:5'],
      [1, 'log@/srv/api/log.js:2'],
    ]);
    const [finding] = judge(drawEvidence({ externalMb, forcedGc: forced(60, 66), allocation })).findings;
    expect(finding?.kind).toBe('memory-leak-external');
    expect(finding?.where[0]).toMatchObject({ function: 'draw', file: 'canvas.js' });
  });

  it('needs 4 MB', () => {
    expect(kinds({ externalMb, forcedGc: forced(60, 13.5), external })).toEqual([]);
    expect(kinds({ externalMb, forcedGc: forced(60, 14.5), external })).toEqual(['memory-leak-external']);
  });
});

describe('out-of-memory-risk', () => {
  const leak = { gc: minors(1.4), forcedGc: forced(73), allocation: CONCENTRATED };

  it('fires for a proven growth that reaches the limit within the hour', () => {
    expect(kinds({ ...leak, heapLimitMb: 4000 })).toEqual(['memory-leak-heap', 'out-of-memory-risk']);
    expect(kinds({ ...leak, heapLimitMb: 16_000 })).toEqual(['memory-leak-heap']);
  });

  it('does not extend warm-up to the limit', () => {
    expect(kinds({ ...leak, allocation: SPREAD, heapLimitMb: 500 })).toEqual([]);
  });

  it('fires from 85 % alive after a full collection on', () => {
    expect(kinds({ forcedGc: forced(430), heapMb: [440], heapLimitMb: 500 })).toEqual(['out-of-memory-risk']);
    expect(kinds({ forcedGc: forced(400), heapMb: [440], heapLimitMb: 500 })).toEqual([]);
  });

  it('fires at 90 % of the container while RSS rises, also from outside', () => {
    const rising = Array.from({ length: 50 }, (_, index) => 455 + index * 0.5);
    expect(kinds({ access: 'outside', rssMb: rising, memoryLimitMb: 512 })).toEqual(['out-of-memory-risk']);
    expect(kinds({ access: 'outside', rssMb: [470], memoryLimitMb: 512 })).toEqual([]);
  });
});
