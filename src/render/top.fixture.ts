import type { ProcessRow } from '../metrics/process-row.ts';
import type { TopPage, TopTable, TopVital } from './top-model.ts';

const row = (pid: number, name: string, more: Partial<ProcessRow> = {}): ProcessRow => ({
  pid,
  name,
  node: '22.23.3',
  ports: [3000],
  uptimeSeconds: 530_400,
  cpuPercent: 2,
  mainPercent: 1.4,
  waitPercent: 0,
  rssBytes: 88e6,
  rssPerMinute: 0,
  threads: 11,
  state: 'S',
  history: Array.from({ length: 30 }, (_, index) => index % 5),
  problem: null,
  ...more,
});

/** A busy, an idle, a leaking and an ended process, one of another user, one that has just come. */
export function drawTable(more: Partial<TopTable> = {}): TopTable {
  return {
    clock: '22:14:24',
    order: 'cpu',
    selected: 4802,
    machine: { cpuPercent: 61, cores: 4 },
    isPaused: false,
    rows: [
      row(4711, 'api-gateway', {
        cpuPercent: 112,
        mainPercent: 97.6,
        waitPercent: 12,
        rssBytes: 216e6,
        history: Array.from({ length: 60 }, (_, index) => 20 + ((index * 37) % 90)),
      }),
      row(4802, 'mailer', { ports: [], threads: 7 }),
      row(5120, 'worker.js', { rssBytes: 1.61e9, rssPerMinute: 38e6, cpuPercent: 31, uptimeSeconds: 7300 }),
      row(5133, 'batch\u001b[31m.js', { endedMs: 2000, cpuPercent: 54 }),
      row(5140, 'a service with a very long name that needs room', {
        node: null,
        problem: 'no permission',
        waitPercent: Number.NaN,
        mainPercent: Number.NaN,
      }),
      row(123_456, '日本語サービス', {
        cpuPercent: Number.NaN,
        mainPercent: Number.NaN,
        waitPercent: Number.NaN,
        rssPerMinute: Number.NaN,
        uptimeSeconds: 1.2,
        history: [],
      }),
    ],
    ...more,
  };
}

const vital = (
  group: string,
  label: string,
  short: string,
  rank: number,
  values: number[],
  more: Partial<TopVital>,
): TopVital => ({
  group,
  label,
  short,
  rank,
  unit: '%',
  now: values.at(-1) ?? Number.NaN,
  values,
  top: 100,
  marksBeyond: more.limit !== undefined,
  ...more,
});

/** A server that blocks its loop; `seconds` as pageSeconds gives them for the width. */
export function drawPage(seconds: number, more: Partial<TopPage> = {}): TopPage {
  const wave = (base: number, height: number): number[] =>
    Array.from({ length: Math.max(1, seconds) }, (_, index) => base + ((index * 7) % 11) * (height / 10));
  const gap = wave(0, 300).map((value, index) => (index > 4 && index < 9 ? Number.NaN : value));
  const shown = (values: number[]): number[] => (seconds === 0 ? [] : values);
  const vitals: TopVital[] = [
    vital('CPU', 'main JS', 'main', 1, wave(60, 30), { limit: 80 }),
    vital('CPU', 'run queue', 'wait', 5, wave(0, 1), { limit: 50 }),
    vital('CPU', 'V8 workers', 'v8', 9, wave(0, 4), {}),
    vital('CPU', 'libuv pool', 'pool', 8, wave(0, 3), {}),
    vital('Loop', 'delay', 'delay', 2, gap, { unit: 'ms', limit: 50, top: 50, now: 556 }),
    vital('Loop', 'utilisation', 'util', 7, wave(70, 10), {}),
    vital('Loop', 'requests', 'req', 6, wave(110, 20), { unit: 'per second', top: 1 }),
    vital('Mem', 'RSS', 'RSS', 2, wave(210e6, 6e6), {
      unit: 'bytes',
      top: 290e6,
      limit: 512e6,
      marksBeyond: false,
    }),
    vital('Mem', 'heap', 'heap', 3, wave(60e6, 9e6), {
      unit: 'bytes',
      of: 100e6,
      limit: 256e6,
      top: 90e6,
      marksBeyond: false,
    }),
    vital('Mem', 'GC', 'GC', 5, wave(0, 2), { limit: 10, top: 20 }),
    vital('Handles', 'active', 'hndl', 4, wave(150, 5), { unit: 'count', top: 200 }),
    vital('Handles', 'descriptors', 'fds', 8, wave(170, 0), { unit: 'count', top: 200 }),
    vital('Pool', 'busy threads', 'pool', 6, wave(0, 4), { unit: 'count', of: 4, limit: 3, top: 4, now: 4 }),
  ];
  return {
    clock: '22:14:24',
    name: 'api-gateway',
    pid: 4711,
    node: '22.23.3',
    uptimeSeconds: 530_400,
    vitals: vitals.map((each) => ({ ...each, values: shown([...each.values]) })),
    access: 'from outside and inside; the inspector was open for 96 ms',
    hottest: 'hashPassword  app/auth.js:41  76 % of the time  (main thread busy 88 %)',
    findings: [
      {
        severity: 'critical',
        kind: 'event-loop-blocked',
        title: 'hashPassword blocks the loop 181 ms, 3.3 times a second',
        where: 'app/auth.js:41',
        forSeconds: 12,
        isPast: false,
      },
      {
        severity: 'note',
        kind: 'memory-growth',
        title: 'RSS grows 12 MB a minute, for 80 s now',
        where: '',
        forSeconds: 80,
        isPast: false,
      },
      {
        severity: 'warning',
        kind: 'cpu-starved',
        title: 'The machine is short of CPU: 61 % run-queue wait',
        where: '',
        forSeconds: 300,
        isPast: true,
      },
    ],
    isJudged: true,
    blockedMs: 360,
    ended: '',
    doing: '',
    isPaused: false,
    ...more,
  };
}
