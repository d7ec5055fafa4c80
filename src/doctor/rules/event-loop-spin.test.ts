import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, type Piece } from '../evidence.fixture.ts';
import { deriveFacts } from '../facts.ts';
import { judge as judgeAll } from '../judge.ts';
import type { Finding } from '../report.ts';
import { eventLoopSpin } from './event-loop-spin.ts';
import { nativeBusyLoop } from './native-busy-loop.ts';

const IMMEDIATE = 'processImmediate@node:internal/timers:460';
const SOURCES = {
  '/srv/api/poll.js': [
    'let seen = 0;',
    'export function poll() {',
    '  seen++;',
    '  setImmediate(poll);',
    '}',
  ].join('\n'),
};
const SPIN: Piece[] = [
  [2, IMMEDIATE, 'poll@/srv/api/poll.js:2:21'],
  [3, IMMEDIATE],
  [2, IMMEDIATE, 'poll@/srv/api/poll.js:2:21', 'setImmediate@node:timers:290'],
  [3, '(program)'],
];
const SERVING: Piece[] = [
  [
    6,
    'onStreamRead@node:internal/stream_base_commons:167',
    'emit@node:events:467',
    'handler@/srv/api/server.js:10',
  ],
  [2, '(program)'],
  [2, IMMEDIATE, 'flush@/srv/api/log.js:3'],
];

function judge(drawing: Parameters<typeof drawEvidence>[0]): Finding[] {
  const evidence = drawEvidence(drawing);
  return eventLoopSpin.judge(evidence, deriveFacts(evidence));
}

describe('event-loop-spin', () => {
  it('names the function that queues itself and the line that does it', () => {
    const [finding] = judge({
      cpu: '█',
      main: drawProfile(SPIN, 1000),
      turnsPerSecond: 80_000,
      sources: SOURCES,
    });
    expect(finding?.where[0]).toMatchObject({ function: 'poll', file: 'poll.js', line: 4 });
    expect(finding?.title).toBe(
      'poll queues itself again without a pause: 80 000 turns of the loop a second',
    );
  });

  it('is no native busy loop although V8 counts most of it as idle', () => {
    const evidence = drawEvidence({
      cpu: '█',
      main: drawProfile([...SPIN, [90, '(idle)']], 100),
      turnsPerSecond: 80_000,
      sources: SOURCES,
    });
    expect(nativeBusyLoop.judge(evidence, deriveFacts(evidence))).toHaveLength(1);
    expect(judgeAll(evidence).findings.map(({ kind }) => kind)).toEqual(['event-loop-spin']);
  });

  it('needs thousands of turns a second: sliced work is healthy', () => {
    expect(judge({ cpu: '█', main: drawProfile(SPIN, 1000), turnsPerSecond: 900 })).toHaveLength(0);
    expect(judge({ cpu: '█', main: drawProfile(SPIN, 1000), turnsPerSecond: 4500 })).toHaveLength(1);
  });

  it('needs a busy thread', () => {
    expect(judge({ cpu: '▄', main: drawProfile(SPIN, 1000), turnsPerSecond: 9000 })).toHaveLength(0);
  });

  it('leaves a server alone whose turns serve requests', () => {
    const main = drawProfile(SERVING, 1000);
    expect(judge({ cpu: '█', main, turnsPerSecond: 9000, requests: 80_000 })).toHaveLength(0);
    // The same without a request count: its turns are started by sockets.
    expect(judge({ cpu: '█', main, turnsPerSecond: 9000 })).toHaveLength(0);
  });

  it('finds an async loop that resumes from microtasks of immediates', () => {
    const main = drawProfile(
      [
        [5, IMMEDIATE, 'runNextTicks@node:internal/process/task_queues:60', 'worker@/srv/api/worker.js:7'],
        [5, '(program)'],
      ],
      1000,
    );
    expect(judge({ cpu: '█', main, turnsPerSecond: 30_000 })[0]?.where[0]?.function).toBe('worker');
  });
});
