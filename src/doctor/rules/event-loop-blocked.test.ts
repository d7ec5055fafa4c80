import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, frames, stretches } from '../evidence.fixture.ts';
import { deriveFacts } from '../facts.ts';
import type { Finding } from '../report.ts';
import { eventLoopBlocked } from './event-loop-blocked.ts';

const AUTH = [
  'export function login(req) {',
  '  return hashPassword(req.body);',
  '}',
  '',
  'export function hashPassword(password) {',
  '  const N = 310_000',
  '',
  "  const key = pbkdf2Sync(password, 'salt', N, 64, 'sha512')",
  "  return key.toString('base64url')",
  '}',
].join('\n');
const SOURCES = { '/srv/api/auth.js': AUTH };
const HASH = [
  'emit@node:events:467',
  'login@/srv/api/auth.js:1:22',
  'hashPassword@/srv/api/auth.js:5:29',
  'pbkdf2Sync@node:internal/crypto/pbkdf2:62',
];
const STACK = frames(
  'pbkdf2Sync@node:internal/crypto/pbkdf2:78:15',
  'hashPassword@/srv/api/auth.js:8:15',
  'login@/srv/api/auth.js:2:10',
);

function judge(evidence: ReturnType<typeof drawEvidence>): Finding[] {
  return eventLoopBlocked.judge(evidence, deriveFacts(evidence));
}

/** 20 calls of `ms` in 10 s, idle between them. */
function calls(
  ms: number,
  extra: Partial<Parameters<typeof drawEvidence>[0]> = {},
): ReturnType<typeof drawEvidence> {
  return drawEvidence({
    main: drawProfile(
      [
        [ms, ...HASH],
        [500 - ms, '(idle)'],
      ],
      20,
    ),
    blocked: stretches(20, 500, { ms }),
    requests: 2000,
    sources: SOURCES,
    ...extra,
  });
}

describe('event-loop-blocked', () => {
  it('names function, call line and callers of a synchronous hash', () => {
    const [finding] = judge(calls(180));
    expect(finding?.title).toBe('hashPassword blocks the loop 180 ms, 2 times a second');
    expect(finding?.where.map(({ function: name, file, line }) => `${name} ${file}:${line}`)).toEqual([
      'hashPassword auth.js:8',
      'login auth.js:2',
    ]);
    expect(finding?.severity).toBe('critical');
    expect(finding?.source?.underline).toEqual([14, 24]);
    expect(finding?.source?.shares['8']).toBe(1);
    expect(finding?.advice).toMatch(/asynchronous form instead of pbkdf2Sync.* 0.36 of the 4 pool threads/);
  });

  it('fires from 10 % of the window on, not below', () => {
    expect(judge(calls(60))).toHaveLength(1);
    expect(judge(calls(48))).toHaveLength(0);
  });

  it('fires for two calls of 100 ms or one of 500 ms at a low rate', () => {
    const rare = (count: number, ms: number): Finding[] =>
      judge(
        drawEvidence({
          main: drawProfile(
            [
              [ms, ...HASH],
              [9000 / count, '(idle)'],
            ],
            count,
          ),
          blocked: stretches(count, ms + 9000 / count, { ms }),
          requests: 900,
          sources: SOURCES,
        }),
      );
    expect(rare(1, 400)).toHaveLength(0);
    expect(rare(1, 550)).toHaveLength(1);
    expect(rare(2, 90)).toHaveLength(0);
    expect(rare(2, 120)).toHaveLength(1);
  });

  it('leaves stretches to the machine that are mostly run-queue wait', () => {
    expect(
      judge(calls(100, { cpu: '▃', wait: '▆', blocked: stretches(20, 500, { ms: 100, waitMs: 90 }) })),
    ).toHaveLength(0);
  });

  it('leaves stretches to gc-pressure that are mostly GC', () => {
    expect(judge(calls(100, { blocked: stretches(20, 500, { ms: 100, gcMs: 80 }) }))).toHaveLength(0);
  });

  it('does not count pauses holter itself caused', () => {
    const at = new Date(Date.UTC(2026, 10, 22, 22, 14, 7) + 5000).toISOString();
    const evidence = drawEvidence({
      main: drawProfile([
        [5000, '(idle)'],
        [600, ...HASH],
        [4400, '(idle)'],
      ]),
      blocked: [{ at: 5000, ms: 600 }],
      actions: [{ what: 'full collection', at, pauseMs: 560 }],
    });
    expect(judge(evidence)).toHaveLength(0);
  });

  it('proves one call by stacks of one callback when requests and profile cannot', () => {
    // Back to back at full load: the profile alone shows one unbroken run.
    const main = drawProfile([[10_000, ...HASH.slice(0, 3)]]);
    const blocked = stretches(33, 300, { ms: 295 });
    const stacks = (
      callback: (stretch: number, sample: number) => number,
    ): ReturnType<typeof drawEvidence>['blockStacks'] =>
      blocked.flatMap((stretch, index) =>
        [25, 50, 100, 200].map((lateMs, sample) => ({
          at: stretch.at + lateMs,
          lateMs,
          asyncId: callback(index, sample),
          frames: STACK.slice(1),
        })),
      );
    const same = judge(
      drawEvidence({
        main,
        blocked,
        stacks: stacks((index) => 100 + index),
        sources: SOURCES,
        requests: 1000,
      }),
    );
    expect(same[0]?.evidence.find((line) => line.signal.startsWith('one call'))?.text).toContain('stacks');
    // Ten callbacks of 30 ms each in every stretch.
    const many = judge(
      drawEvidence({
        main,
        blocked,
        stacks: stacks((index, sample) => index * 10 + sample),
        sources: SOURCES,
        requests: 1000,
      }),
    );
    expect(many).toHaveLength(0);
  });

  it('proves a native call by one late stack and the profile', () => {
    const main = drawProfile(
      [
        [70, ...HASH],
        [2, '(program)'],
      ],
      138,
    );
    const blocked = stretches(138, 72, { ms: 70 });
    const stacks = blocked.map((stretch, index) => ({
      at: stretch.at + 68,
      lateMs: 66,
      asyncId: index + 1,
      frames: STACK,
    }));
    const [finding] = judge(drawEvidence({ main, blocked, stacks, sources: SOURCES }));
    expect(finding?.where[0]).toMatchObject({ function: 'hashPassword', line: 8 });
  });

  it('believes stacks when the profile charges an inlined function to its caller', () => {
    // The profile shows hashing as login's own time; every stack shows who it is.
    const main = drawProfile(
      [
        [180, ...HASH.slice(0, 2)],
        [20, ...HASH],
        [300, '(idle)'],
      ],
      20,
    );
    const blocked = stretches(20, 500, { ms: 200 });
    const stacks = blocked.flatMap((stretch, index) =>
      [50, 100].map((lateMs) => ({ at: stretch.at + lateMs, lateMs, asyncId: index + 1, frames: STACK })),
    );
    const [finding] = judge(drawEvidence({ main, blocked, stacks, sources: SOURCES }));
    expect(finding?.where[0]).toMatchObject({ function: 'hashPassword', line: 8 });
  });

  it('does not call a busy loop of short calls one call, however long it lasts', () => {
    // 3 ms calls with 0.3 ms between them: most gaps hold no sample, so runs look long.
    const main = drawProfile(
      [
        [30, ...HASH.slice(0, 3)],
        [1, 'emit@node:events:467'],
      ],
      320,
    );
    expect(
      judge(drawEvidence({ cpu: '█', main, blocked: stretches(66, 150, { ms: 145 }), sources: SOURCES })),
    ).toEqual([]);
  });

  it('judges stacks alone where the profile does not reach', () => {
    const blocked = stretches(10, 1000, { ms: 300 });
    const stacks = blocked.flatMap((stretch, index) =>
      [25, 50, 100, 200].map((lateMs) => ({
        at: stretch.at + lateMs,
        lateMs,
        asyncId: index + 1,
        frames: STACK.slice(1),
      })),
    );
    const [finding] = judge(drawEvidence({ blocked, stacks, sources: SOURCES }));
    expect(finding?.where[0]).toMatchObject({ function: 'hashPassword', line: 8 });
    expect(finding?.confidence).toBeLessThan(0.9);
  });

  it('tells two blocking functions apart', () => {
    const main = drawProfile(
      [
        [200, ...HASH],
        [300, '(idle)'],
        [150, 'emit@node:events:467', 'report@/srv/api/report.js:3 #9'],
        [350, '(idle)'],
      ],
      10,
    );
    const blocked = [
      ...stretches(10, 1000, { ms: 200 }),
      ...stretches(10, 1000, { ms: 150 }).map((each) => ({ ...each, at: each.at + 500 })),
    ];
    const findings = judge(drawEvidence({ main, blocked, requests: 5000, sources: SOURCES }));
    expect(findings.map((finding) => finding.where[0]?.function)).toEqual(['hashPassword', 'report']);
    expect(findings[1]?.where[0]?.line).toBe(9);
  });

  it('names the package and the caller when a dependency blocks', () => {
    const stack = [
      'emit@node:events:467',
      'resize@/srv/api/img.js:4',
      'decode@/srv/api/node_modules/jpeg-js/lib/decoder.js:30',
    ];
    const evidence = drawEvidence({
      main: drawProfile(
        [
          [200, ...stack],
          [300, '(idle)'],
        ],
        20,
      ),
      blocked: stretches(20, 500, { ms: 200 }),
    });
    const [finding] = judge(evidence);
    expect(finding?.where[0]?.function).toBe('resize');
    expect(finding?.advice).toContain('inside the package');
    expect(finding?.evidence.map((line) => line.signal)).toContain('of that in decode of jpeg-js');
  });
});
