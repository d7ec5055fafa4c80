import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, frames, type Piece, stretches } from './evidence.fixture.ts';
import { judge } from './judge.ts';

const ROOT = ['processTicksAndRejections@node:internal/process/task_queues:72'];
const HTTP = [
  'onStreamRead@node:internal/stream_base_commons:167',
  'parserOnHeadersComplete@node:_http_common:71',
  'emit@node:events:467',
];

/** One ms of a lean JSON API at work: a third of its samples in user code, the rest in what answering costs. */
const LEAN: Piece[] = [
  [1, ...HTTP, 'handler@/srv/api/server.js:10', 'toJson@/srv/api/json.js:4'],
  [1, ...HTTP, 'handler@/srv/api/server.js:10', 'end@node:_http_outgoing:980', 'writev'],
  [1, '(program)'],
  [1, ...HTTP, 'resOnFinish@node:_http_server:840'],
  [1, ...HTTP, 'handler@/srv/api/server.js:10', 'json@/srv/api/node_modules/express/lib/response.js:240'],
  [1, '(program)'],
  [1, 'afterWriteDispatched@node:internal/stream_base_commons:150'],
  [1, ...HTTP, 'handler@/srv/api/server.js:10', 'route@/srv/api/routes.js:7'],
];

describe('healthy servers', () => {
  const kinds = (evidence: ReturnType<typeof drawEvidence>): string[] =>
    judge(evidence).findings.map(({ kind }) => kind);

  it('finds nothing at 10 % load', () => {
    const main = drawProfile([...LEAN, [72, '(idle)']], 100);
    expect(kinds(drawEvidence({ cpu: '▂▁▂▁', main, requests: 2000 }))).toEqual([]);
  });

  it('finds nothing at 50 % load', () => {
    const main = drawProfile([...LEAN, [8, '(idle)']], 400);
    const minor = Array.from({ length: 40 }, (_, index) => ({
      at: index * 250,
      ms: 3,
      kind: 'minor' as const,
      usedAfterBytes: 60e6 + (index % 5) * 1e6,
    }));
    expect(kinds(drawEvidence({ cpu: '▄▅▄▅', main, requests: 15_000, gc: minor }))).toEqual([]);
  });

  it('finds nothing at 100 % load, although every turn of the loop is 100 ms late', () => {
    const main = drawProfile(LEAN, 1000);
    // Each turn serves dozens of requests: the callbacks on the stacks differ.
    const stacks = Array.from({ length: 300 }, (_, index) => ({
      at: Math.floor(index / 3) * 100 + [25, 50, 95][index % 3]!,
      lateMs: [25, 50, 95][index % 3]!,
      asyncId: 1000 + index,
      frames: frames('toJson@/srv/api/json.js:5', 'handler@/srv/api/server.js:12', 'emit@node:events:467'),
    }));
    const evidence = drawEvidence({
      cpu: '█▇██',
      wait: '▃▂▃▂',
      delay: '▂▂▂▂',
      main,
      stacks,
      requests: 30_000,
      turnsPerSecond: 60,
      blocked: stretches(100, 100, { ms: 98, waitMs: 20 }),
    });
    expect(kinds(evidence)).toEqual([]);
  });

  it('finds nothing in a server that only renders pages at capacity, 0.4 ms each', () => {
    const main = drawProfile(
      [[6, ...HTTP, 'handler@/srv/api/server.js:10', 'render@/srv/api/view.js:3'], ...LEAN.slice(1, 4)],
      1000,
    );
    expect(kinds(drawEvidence({ cpu: '█', main, requests: 15_000, turnsPerSecond: 800 }))).toEqual([]);
  });

  it('finds nothing while the heap warms up: growth spread over many places', () => {
    expect(kinds(drawEvidence({ uptime: 5, heapMb: [20, 24, 28, 30, 31], gc: [] }))).toEqual([]);
  });
});

describe('order and verdict', () => {
  it('puts what stands above what is suspended, and says which kinds were judged', () => {
    const main = drawProfile(
      [
        [9, ...ROOT, 'crunch@/srv/api/crunch.js:3 #5'],
        [1, '(program)'],
      ],
      1000,
    );
    const report = judge(drawEvidence({ cpu: '▄', wait: '▆', delay: '▂', main, requests: 500 }));
    expect(report.findings.map(({ kind, suspended }) => [kind, suspended ?? false])).toEqual([
      ['cpu-starved', false],
      ['cpu-bound', true],
    ]);
    expect(report.verdict).toMatch(/^The machine is short of CPU: 71 % run-queue wait \(1 suspended/);
    expect(report.checked).toContain('event-loop-blocked');
    expect(report.checked).toContain('memory-leak-heap');
    expect(report.gaps).toEqual([]);
  });

  it('says what came nearest to its limit when nothing is wrong', () => {
    const report = judge(drawEvidence({ cpu: '▄', wait: '▃' }));
    expect(report.verdict).toBe(
      'Nothing wrong found in 10.0 s; nearest to its limit: run-queue wait 29 % of 50 %',
    );
  });

  it('says of a busy healthy server that it is busy', () => {
    const report = judge(
      drawEvidence({ cpu: '█', delay: '▂', main: drawProfile(LEAN, 100), requests: 30_000 }),
    );
    expect(report.verdict).toBe(
      'Nothing wrong found in 10.0 s; the loop is up to 100 ms late (p99), but no single call holds it; the main thread is at capacity',
    );
  });

  it('says that the process died', () => {
    const end = { kind: 'target-exited', atMs: 4200, how: 'SIGKILL, kernel out-of-memory' } as const;
    const report = judge(drawEvidence({ end }));
    expect(report.verdict).toBe(
      'Exited 4.2 s into the window (SIGKILL, kernel out-of-memory); nothing wrong found before that',
    );
  });

  it('judges from outside what can be, and says what it lacks', () => {
    const report = judge(drawEvidence({ access: 'outside', cpu: '█' }));
    expect(report.checked).toEqual(['out-of-memory-risk', 'cpu-starved']);
    expect(report.gaps[0]).toBe('no inside view: SIGUSR1 is not caught');
    expect(report.verdict).toContain('seen from outside only');
  });

  it('is deterministic', () => {
    const evidence = drawEvidence({ cpu: '█', main: drawProfile(LEAN, 50), requests: 10 });
    expect(judge(evidence)).toEqual(judge(evidence));
  });
});
