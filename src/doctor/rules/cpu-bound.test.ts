import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, type Piece, stretches } from '../evidence.fixture.ts';
import { deriveFacts } from '../facts.ts';
import type { Finding } from '../report.ts';
import { cpuBound } from './cpu-bound.ts';

const HANDLER = ['emit@node:events:467', 'handler@/srv/api/server.js:10'];
/** `work` of ten samples in render, the rest in answering. */
const rendering = (work: number): Piece[] => [
  [work, ...HANDLER, 'render@/srv/api/view.js:20 #24'],
  [10 - work, ...HANDLER, 'end@node:_http_outgoing:980'],
];

/** The same, but what takes the time is a builtin that build calls. */
const building = (work: number): Piece[] => [
  [work, ...HANDLER, 'build@/srv/api/view.js:20 #24', 'stringify'],
  [10 - work, ...HANDLER, 'end@node:_http_outgoing:980'],
];

function judge(drawing: Parameters<typeof drawEvidence>[0]): Finding[] {
  // Calls of some ms make the loop late by some ms.
  const evidence = drawEvidence({ delay: '▂', delayTop: 100, ...drawing });
  return cpuBound.judge(evidence, deriveFacts(evidence));
}

describe('cpu-bound', () => {
  it('names the hottest function, its line, its share and its cost per request', () => {
    const [finding] = judge({ cpu: '█', main: drawProfile(rendering(8), 1000), requests: 1000 });
    expect(finding?.title).toBe('render takes 80 % of the main thread, 8 ms per request');
    expect(finding?.where[0]).toMatchObject({ function: 'render', file: 'view.js', line: 24, share: 0.8 });
    expect(finding?.where[1]).toMatchObject({ function: 'handler', file: 'server.js' });
    expect(finding?.severity).toBe('critical');
  });

  it('needs 1 ms of the function per request', () => {
    const main = drawProfile(building(8), 1000);
    expect(judge({ cpu: '█', main, requests: 7000 })).toHaveLength(1);
    expect(judge({ cpu: '█', main, requests: 9000 })).toHaveLength(0);
  });

  it("needs less where the time is on the user's own lines and nearly all in one function", () => {
    const main = drawProfile(rendering(8), 1000);
    const [finding] = judge({ cpu: '█', main, requests: 16_000 });
    expect(finding?.evidence.find(({ signal }) => signal.startsWith('CPU per request'))?.limit).toBe(0.45);
    expect(judge({ cpu: '█', main, requests: 20_000 })).toHaveLength(0);
  });

  it('needs 30 % of the busy time in one function', () => {
    expect(judge({ cpu: '█', main: drawProfile(rendering(4), 1000), requests: 500 })).toHaveLength(1);
    expect(judge({ cpu: '█', main: drawProfile(rendering(2), 1000), requests: 500 })).toHaveLength(0);
  });

  it('needs a thread that would use its core: CPU and run-queue wait together', () => {
    const main = drawProfile(rendering(8), 1000);
    expect(judge({ cpu: '▅', main, requests: 500 })).toHaveLength(0);
    expect(judge({ cpu: '▅', wait: '▃', main, requests: 500 })).toHaveLength(1);
  });

  it('takes several functions together', () => {
    const pieces: Piece[] = ['a', 'b', 'c'].map((name) => [2, ...HANDLER, `${name}@/srv/api/${name}.js:1`]);
    const [finding] = judge({
      cpu: '█',
      main: drawProfile([...pieces, [4, '(program)']], 1000),
      requests: 500,
    });
    expect(finding?.title).toMatch(/^a and 2 more take the CPU/);
    expect(finding?.where.filter((place) => place.share !== null).map((place) => place.function)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('does not charge the price of answering to the handler', () => {
    const main = drawProfile(
      [
        [9, ...HANDLER, 'end@node:_http_outgoing:980', 'writev'],
        [1, ...HANDLER],
      ],
      1000,
    );
    expect(judge({ cpu: '█', main, requests: 500 })).toHaveLength(0);
  });

  it('charges builtins, computing core modules and dependencies to the caller', () => {
    const main = drawProfile(
      [
        [3, ...HANDLER, 'render@/srv/api/view.js:20', 'createHash@node:crypto:138'],
        [3, ...HANDLER, 'render@/srv/api/view.js:20', 'escape@/srv/api/node_modules/escape-html/index.js:30'],
        [3, ...HANDLER, 'render@/srv/api/view.js:20', 'replace'],
        [1, '(program)'],
      ],
      1000,
    );
    expect(judge({ cpu: '█', main, requests: 1000 })[0]?.where[0]).toMatchObject({
      function: 'render',
      share: 0.9,
    });
  });

  it('keeps silent on what event-loop-blocked already names', () => {
    const main = drawProfile(
      [
        [200, ...HANDLER, 'render@/srv/api/view.js:20'],
        [10, '(program)'],
      ],
      47,
    );
    expect(judge({ cpu: '█', main, requests: 47, blocked: stretches(47, 210, { ms: 200 }) })).toHaveLength(0);
  });

  it('divides by turns and connections where there is no HTTP', () => {
    const main = drawProfile(rendering(8), 1000);
    expect(judge({ cpu: '█', main, turnsPerSecond: 50, connections: 100 })).toHaveLength(0);
    expect(judge({ cpu: '█', main, turnsPerSecond: 50, connections: 2 })).toHaveLength(1);
    expect(judge({ cpu: '█', main })).toHaveLength(0);
  });

  it('is silent on work that yields to the loop', () => {
    const slices = drawProfile(
      [
        [9, 'processImmediate@node:internal/timers:460', 'slice@/srv/api/job.js:8'],
        [1, '(program)'],
      ],
      1000,
    );
    expect(judge({ cpu: '█', main: slices, requests: 5000, delayTop: 14 })).toHaveLength(0);
    expect(judge({ cpu: '█', main: slices, requests: 5000, delayTop: 140 })).toHaveLength(1);
    // 20 ms a request, but the loop is never more than 2 ms late: not done at once, whoever starts it.
    expect(
      judge({ cpu: '█', main: drawProfile(rendering(8), 1000), requests: 400, delayTop: 14 }),
    ).toHaveLength(0);
  });

  it('does not let waiting for a CPU look like work', () => {
    // Wall-clock samples on a machine that gives half a core: the cost per request is CPU time.
    const [finding] = judge({ cpu: '▄', wait: '▄', main: drawProfile(rendering(8), 1000), requests: 1000 });
    expect(finding?.evidence.find((line) => line.signal.startsWith('CPU per request'))?.value).toBeCloseTo(
      3.43,
      1,
    );
  });
});
