import { describe, expect, it } from 'vitest';
import { drawLeaks, type LeakDrawing, type MadeDrawing } from '../../async/leak-log.fixture.ts';
import { drawAllocations, drawEvidence } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';
import type { Finding } from '../report.ts';

type More = Parameters<typeof drawEvidence>[0];
const findings = (drawing: LeakDrawing, more: More = {}): Finding[] =>
  judge({ ...drawEvidence(more), leaks: drawLeaks(drawing) }).findings;
const kinds = (drawing: LeakDrawing, more: More = {}): string[] =>
  findings(drawing, more).map(({ kind }) => kind);

/** One more each step, ten times `scale` in the window. */
const RISING = '0123456789';
const LEVEL = '2777777777';

describe('leak-timers', () => {
  const interval: MadeDrawing = {
    type: 'Timeout',
    stack: ['setInterval@node:timers:200', 'track@/srv/api/session.js:12', '@/srv/api/server.js:9'],
    count: 65,
    detail: 1000,
    flags: 1,
  };
  const timeout: MadeDrawing = { ...interval, flags: 0, detail: 30_000 };

  it('names line, number and rate', () => {
    const [finding] = findings({ resources: { Timeout: RISING }, made: [interval] });
    expect(finding?.kind).toBe('leak-timers');
    expect(finding?.title).toMatch(
      /^\d+ timers more in 10 s \(\d+ per minute\): setInterval in track is never cleared$/,
    );
    expect(finding?.evidence.find(({ signal }) => signal === 'growth')?.value).toBeGreaterThan(500);
    expect(finding?.evidence.find(({ signal }) => signal === 'growth')?.value).toBeLessThan(700);
    expect(finding?.where[0]).toMatchObject({ function: 'track', file: 'session.js', line: 12 });
    expect(finding?.where[1]).toMatchObject({ file: 'server.js', line: 9 });
    expect(finding?.advice).toContain('every 1 s');
  });

  it('is silent on time-outs that have not come to rate × delay', () => {
    expect(kinds({ resources: { Timeout: RISING }, made: [timeout] })).toEqual([]);
  });

  it('notes time-outs of a day, which come to very many', () => {
    const day = { ...timeout, detail: 86_400_000 };
    const [finding] = findings({ resources: { Timeout: RISING }, made: [day] });
    expect([finding?.kind, finding?.severity]).toEqual(['leak-timers', 'note']);
    expect(kinds({ resources: { Timeout: RISING }, made: [{ ...day, detail: 900_000, count: 20 }] })).toEqual(
      [],
    );
  });

  it('tells time-outs that set themselves again from those that requests set', () => {
    const again = { ...timeout, detail: 500, lives: 500, flags: 2 };
    expect(findings({ resources: { Timeout: RISING }, made: [again] })[0]?.title).toContain(
      'sets itself again',
    );
    expect(kinds({ resources: { Timeout: LEVEL }, made: [again] })).toEqual([]);
    expect(kinds({ resources: { Timeout: RISING }, made: [{ ...again, flags: 0 }] })).toEqual([]);
  });

  it('needs the line to leave as many of the older ones as of the younger', () => {
    expect(kinds({ resources: { Timeout: RISING }, made: [{ ...interval, lives: 3000 }] })).toEqual([]);
    const [finding] = findings({
      resources: { Timeout: RISING },
      made: [{ ...interval, count: 200, lives: 100, stays: 0.25 }],
    });
    expect(finding?.title).toContain('not cleared in 25 % of the cases');
  });

  it('sees intervals that do not hold the loop, which are counted nowhere', () => {
    expect(kinds({ made: [interval] })).toEqual(['leak-timers']);
    expect(kinds({ made: [{ ...interval, lives: 3000 }] })).toEqual([]);
  });

  it('is silent on what belongs to requests without an answer, and to connections that others open', () => {
    const drawing = { resources: { Timeout: RISING }, made: [interval] };
    expect(kinds({ ...drawing, unanswered: RISING })).toEqual([]);
    expect(kinds({ ...drawing, unanswered: LEVEL })).toEqual(['leak-timers']);
    expect(kinds({ ...drawing, descriptors: { 'in ESTABLISHED 0.0.0.0:80': RISING } })).toEqual([]);
    expect(kinds({ ...drawing, descriptors: { 'in ESTABLISHED 0.0.0.0:80': LEVEL } })).toEqual([
      'leak-timers',
    ]);
  });

  it('claims less of a process that has just begun', () => {
    const drawing = { resources: { Timeout: RISING }, made: [interval] };
    expect(findings(drawing, { uptime: 20 })[0]?.confidence).toBeLessThanOrEqual(0.75);
    expect(findings(drawing)[0]?.confidence).toBeGreaterThan(0.85);
  });
});

describe('leak-listeners', () => {
  const feed = {
    emitter: 'Feed',
    event: 'change',
    counts: RISING,
    added: 90,
    stack: ['addListener@node:events:600', 'follow@/srv/api/feed.js:9'],
  };

  it('names event, class, line and rate', () => {
    const [finding] = findings({ listeners: [feed] });
    expect(finding?.title).toMatch(
      /^\d+ listeners more for 'change' of one Feed in 10 s \(\d+ per minute\): follow adds them/,
    );
    expect(finding?.where[0]).toMatchObject({ function: 'follow', file: 'feed.js', line: 9, share: 1 });
  });

  it('sums emitters of one class and line', () => {
    const [finding, ...others] = findings({ listeners: [feed, feed, feed] });
    expect(finding?.title).toContain('of 3 Feed objects');
    expect(others).toEqual([]);
  });

  it('is silent on many that stay as many', () => {
    expect(kinds({ listeners: [{ ...feed, counts: LEVEL }] })).toEqual([]);
  });

  it('speaks of signals where it is one', () => {
    const [finding] = findings({ listeners: [{ ...feed, emitter: 'AbortSignal', kind: 'target' }] });
    expect(finding?.advice).toContain('A signal that lives as long as the process');
  });
});

describe('leak-handles', () => {
  const socket: MadeDrawing = {
    type: 'TCPWRAP',
    stack: ['connect@node:net:300', 'publish@/srv/api/bus.js:10'],
    count: 65,
  };
  const open = { 'out ESTABLISHED 10.0.0.5:5672': RISING };

  it('counts connections by the kernel where it can', () => {
    const [finding] = findings({
      resources: { TCPSocketWrap: RISING },
      descriptors: open,
      made: [socket],
      limit: 1024,
    });
    expect(finding?.title).toMatch(
      /^\d+ outgoing connections more in 10 s .*: those that publish opens are not closed$/,
    );
    expect(finding?.severity).toBe('critical');
    expect(finding?.evidence.at(-1)?.text).toMatch(/limit of 1 024 open descriptors is reached in/);
  });

  it('is silent on a pool that has its number, and on one that is still filled by the load', () => {
    expect(kinds({ descriptors: { 'out ESTABLISHED 10.0.0.5:5672': LEVEL }, made: [socket] })).toEqual([]);
    expect(
      kinds({ resources: { TCPSocketWrap: RISING }, descriptors: open, made: [{ ...socket, lives: 2000 }] }),
    ).toEqual([]);
    expect(kinds({ descriptors: open, made: [socket], unanswered: RISING })).toEqual([]);
  });

  it('takes no incoming connection for a leak, but for those in CLOSE_WAIT', () => {
    const incoming = { ...socket, stack: [] };
    expect(
      kinds({
        resources: { TCPSocketWrap: RISING },
        descriptors: { 'in ESTABLISHED 0.0.0.0:80': RISING },
        made: [incoming],
      }),
    ).toEqual([]);
    const [finding] = findings({ descriptors: { 'in CLOSE_WAIT 0.0.0.0:80': RISING } });
    expect(finding?.title).toContain('clients of 0.0.0.0:80 have closed them, the program has not');
    expect(finding?.where).toEqual([]);
  });

  it('names the file where no line is known', () => {
    const drawing: LeakDrawing = { descriptors: { file: RISING }, files: [['/srv/api/data/a.json', 3, 90]] };
    expect(findings(drawing)[0]?.title).toMatch(/open files more in 10 s .*: data\/a\.json$/);
    const [finding] = findings({
      ...drawing,
      made: [{ type: 'open', stack: ['openSync@node:fs:590', 'last@/srv/api/log.js:4'], count: 65 }],
    });
    expect(finding?.where[0]).toMatchObject({ function: 'last', file: 'log.js', line: 4 });
    expect(finding?.evidence.some(({ text }) => text.includes('data/a.json is open'))).toBe(true);
  });

  it('names other kinds of handles', () => {
    const watcher: MadeDrawing = {
      type: 'FSEVENTWRAP',
      stack: ['watch@node:fs:2400', 'reload@/srv/api/x.js:5'],
      count: 65,
    };
    expect(findings({ resources: { FSEventWrap: RISING }, made: [watcher] })[0]?.title).toContain(
      'file watchers more',
    );
  });
});

describe('leak-promises', () => {
  const awaited: MadeDrawing = {
    type: 'PROMISE',
    stack: ['record@/srv/api/audit.js:14', '@/srv/api/server.js:21'],
    count: 60,
    waits: true,
  };
  const made: MadeDrawing = {
    type: 'PROMISE',
    stack: ['Promise@', 'acknowledged@/srv/api/audit.js:7', ...awaited.stack],
    count: 60,
  };

  it('blames the line that awaits, then the one that makes', () => {
    const [finding] = findings({ made: [made, awaited] });
    expect(finding?.title).toMatch(
      /^Promises that never settle pile up, about \d+ per minute: record awaits a promise of acknowledged$/,
    );
    expect(finding?.where.slice(0, 2)).toMatchObject([
      { function: 'record', line: 14 },
      { function: 'acknowledged', line: 7 },
    ]);
    expect(finding?.evidence.find(({ signal }) => signal === 'growth')?.value).toBe(550);
  });

  it('needs a collection before it, 20 of them, and older ones among those pending', () => {
    expect(kinds({ made: [made, awaited], collected: false })).toEqual([]);
    expect(kinds({ made: [{ ...awaited, count: 19 }] })).toEqual([]);
    expect(kinds({ made: [{ ...awaited, lives: 3000 }] })).toEqual([]);
    expect(kinds({ made: [{ ...awaited, count: 200, lives: 50, stays: 0.2 }] })).toEqual(['leak-promises']);
  });

  it('leaves out what a timer will settle', () => {
    const sleep: MadeDrawing = {
      type: 'PROMISE',
      stack: ['setTimeout@node:timers/promises:40', ...awaited.stack],
      count: 60,
    };
    expect(kinds({ made: [sleep, awaited] })).toEqual([]);
    const executor: MadeDrawing = {
      type: 'Timeout',
      stack: ['setTimeout@node:timers:150', '@/srv/api/audit.js:7', ...made.stack],
      count: 60,
      detail: 30_000,
    };
    expect(kinds({ made: [made, awaited, executor] })).toEqual([]);
  });

  it('leaves out what belongs to requests without an answer', () => {
    expect(kinds({ made: [made, awaited], unanswered: RISING })).toEqual([]);
  });
});

it('a leak told by its kind comes before the bytes that it holds', () => {
  const evidence = {
    gc: Array.from({ length: 40 }, (_, index) => ({
      at: index * 250,
      ms: 2,
      kind: 'minor' as const,
      usedAfterBytes: (60 + index * 0.35) * 1e6,
    })),
    forcedGc: [{ at: 9700, usedAfterBytes: 73e6, externalAfterBytes: 5e6, rssAfterBytes: 150e6 }],
    allocation: drawAllocations([[90, 'track@/srv/api/session.js:12:12']]),
  };
  const interval: MadeDrawing = {
    type: 'Timeout',
    stack: ['setInterval@node:timers:200', 'track@/srv/api/session.js:12'],
    count: 65,
    flags: 1,
  };
  expect(kinds({ made: [interval], resources: { Timeout: RISING } }, evidence)).toEqual([
    'leak-timers',
    'memory-leak-heap',
  ]);
});

it('says nothing, and does not fail, of a log without looks', () => {
  const leaks = drawLeaks({});
  const empty = {
    ...leaks.log,
    times: [],
    heapUsed: [],
    oldSpace: [],
    requests: [],
    unanswered: [],
    resources: {},
  };
  expect(judge({ ...drawEvidence(), leaks: { ...leaks, log: empty } }).findings).toEqual([]);
  expect(kinds({})).toEqual([]);
});
