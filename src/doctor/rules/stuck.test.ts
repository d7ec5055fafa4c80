import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, frames } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';

const VALIDATE = [
  'function isValid(text) {',
  '  let count = 0;',
  '  while (count < text.length) {',
  '    count += next(text);',
  '  }',
  '}',
].join('\n');
const NOTHING_RAN = { microtask: false, nextTick: false, immediate: false };
const main = drawProfile([
  [3000, 'emit@node:events:467', 'handler@/srv/api/server.js:9', 'isValid@/srv/api/validate.js:1:17 #4'],
]);
const pause = frames('isValid@/srv/api/validate.js:4:5', 'handler@/srv/api/server.js:12:10');
pause[0]!.values = [
  { name: 'text', value: '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"' },
];
const stuckDrawing = {
  seconds: 4,
  cpu: '█',
  main,
  sources: { '/srv/api/validate.js': VALIDATE },
  end: { kind: 'stuck' } as const,
};

describe('event-loop-stuck', () => {
  it('names loop, line, callers and arguments', () => {
    const report = judge(
      drawEvidence({ ...stuckDrawing, stuck: { since: 0, ms: 3400, probes: NOTHING_RAN, frames: pause } }),
    );
    expect(report.findings.map(({ kind }) => kind)).toEqual(['event-loop-stuck']);
    const [finding] = report.findings;
    expect(finding?.where.map(({ function: name, line }) => `${name}:${line}`)).toEqual([
      'isValid:4',
      'handler:12',
    ]);
    expect(finding?.evidence.at(-1)?.text).toContain('text = "aaaa');
    expect(report.verdict).toBe('Stuck in isValid at validate.js:4 for at least 3.4 s');
    expect(report.checked).toContain('event-loop-stuck');
  });

  it('works from the pause alone', () => {
    const { main: _, ...withoutProfile } = stuckDrawing;
    const report = judge(
      drawEvidence({ ...withoutProfile, stuck: { since: 0, ms: 5200, probes: NOTHING_RAN, frames: pause } }),
    );
    expect(report.findings[0]?.where[0]).toMatchObject({ function: 'isValid', line: 4 });
    expect(report.findings[0]?.confidence).toBe(0.97);
  });

  it('waits for 2.5 s before it calls a call stuck', () => {
    const at = (ms: number): number =>
      judge(
        drawEvidence({ ...stuckDrawing, stuck: { since: 0, ms, probes: NOTHING_RAN, frames: pause } }),
      ).findings.filter(({ kind }) => kind === 'event-loop-stuck').length;
    expect(at(2400)).toBe(0);
    expect(at(2600)).toBe(1);
  });

  it('leaves a long call that is one of several to event-loop-blocked', () => {
    const blocked = [
      { at: 0, ms: 2600 },
      { at: 2700, ms: 2600 },
    ];
    const report = judge(
      drawEvidence({
        ...stuckDrawing,
        blocked,
        stuck: { since: 2700, ms: 2600, probes: NOTHING_RAN, frames: pause },
      }),
    );
    expect(report.findings.map(({ kind }) => kind)).not.toContain('event-loop-stuck');
  });

  it('says which child a synchronous call waits for, seen only from outside', () => {
    const native = {
      state: 'S',
      waitChannel: 'ep_poll',
      syscall: 'epoll_wait',
      children: [{ pid: 4800, command: '/bin/sh -c sleep 60' }],
      cpuPercent: 0,
    };
    const report = judge(
      drawEvidence({
        seconds: 4,
        cpu: '▁',
        access: 'outside',
        end: { kind: 'stuck' },
        stuck: { since: 0, ms: 3600, probes: NOTHING_RAN, frames: [], native },
      }),
    );
    expect(report.findings[0]?.title).toBe(
      'The main thread is blocked by a child process: /bin/sh -c sleep 60 for 3.6 s',
    );
    expect(report.findings[0]?.advice).toContain('4800 /bin/sh -c sleep 60');
  });

  it('says that a process is stopped', () => {
    const native = { state: 'T', waitChannel: '', syscall: '', children: [], cpuPercent: 0 };
    const stuck = { since: 0, ms: 3600, probes: NOTHING_RAN, frames: [], native };
    const report = judge(
      drawEvidence({ seconds: 4, cpu: '▁', access: 'outside', end: { kind: 'stuck' }, stuck }),
    );
    expect(report.findings[0]?.advice).toContain('kill -CONT 4711');
  });
});

describe('microtask-starvation', () => {
  const sources = {
    '/srv/api/queue.js': [
      'async function drain() {',
      '  for (;;) {',
      '    take();',
      '    await ready;',
      '  }',
      '}',
    ].join('\n'),
  };
  const spinning = drawProfile([
    [3000, 'runMicrotasks', 'drain@/srv/api/queue.js:1:21 #3'],
    [500, 'runMicrotasks'],
  ]);

  it('names the function and the line that queues it again', () => {
    const report = judge(
      drawEvidence({
        seconds: 4,
        cpu: '█',
        main: spinning,
        sources,
        end: { kind: 'stuck' },
        stuck: {
          since: 0,
          ms: 3500,
          probes: { microtask: true, nextTick: false, immediate: false },
          frames: [],
        },
      }),
    );
    expect(report.findings.map(({ kind }) => kind)).toEqual(['microtask-starvation']);
    expect(report.findings[0]?.where[0]).toMatchObject({ function: 'drain', line: 4 });
    expect(report.findings[0]?.title).toContain('promises (microtasks)');
  });

  it('is silent when the loop turned after all', () => {
    const report = judge(
      drawEvidence({
        stuck: {
          since: 0,
          ms: 3500,
          probes: { microtask: true, nextTick: true, immediate: true },
          frames: [],
        },
      }),
    );
    expect(report.findings).toEqual([]);
  });
});
