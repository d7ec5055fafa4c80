import type { Evidence } from '../doctor/evidence.ts';
import type { DoctorReport, EvidenceLine, Finding, VitalGroup } from '../doctor/report.ts';
import type { Series, SeriesName, VitalSigns } from '../metrics/series.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import { APP, CWD, drawLoginTree, drawn, drawTree } from './login-profile.fixture.ts';

const START = '2026-11-22T22:14:07.000Z';

function series(
  name: SeriesName,
  from: number,
  to: number,
  value: (ms: number) => number,
  masked?: Series['masked'],
): Series {
  const count = Math.floor((to - from) / 100) + 1;
  const time = Float64Array.from({ length: count }, (_, i) => from + i * 100);
  return { name, time, value: time.map(value), ...(masked ? { masked } : {}) };
}

export interface FixtureOptions {
  nodes?: number;
  /** `healthy`: no findings, no profile. `stuck`: the loop stops at 4 s. `died`: the target exits at 12.4 s. */
  state?: 'sick' | 'healthy' | 'stuck' | 'died' | 'outside' | 'machine' | 'truncated';
  /** Put into names, files, source lines and commands. */
  hostile?: string;
}

/** 30 s of vital signs of the login server. */
function drawVitals(state: NonNullable<FixtureOptions['state']>): VitalSigns {
  const random = drawn(11);
  const end = state === 'died' ? 12_400 : 30_000;
  const insideEnd = state === 'stuck' ? 4000 : end;
  const busy = (ms: number) => (state === 'healthy' ? 12 : Math.min(1, 0.35 + ms / 12_000));
  const load = (ms: number) =>
    state === 'healthy'
      ? 12 + 6 * random()
      : state === 'stuck' && ms > 4000
        ? 100
        : 20 + 60 * busy(ms) + 14 * random();
  const profiling = [{ fromMs: 20_000, toMs: 30_000, why: 'not valid while profiling' }];
  const all = [
    series('cpu.main_percent', 0, end, load),
    series('cpu.v8_percent', 0, end, () => 4 + 8 * random() * random()),
    series('cpu.pool_percent', 0, end, () => 3 * random()),
    series('cpu.other_percent', 0, end, () => 2 * random()),
    series('sched.main_wait_percent', 0, end, () =>
      state === 'machine' ? 35 + 20 * random() : 0.6 * random(),
    ),
    series('cgroup.throttled_percent', 0, end, () => 0),
    series('machine.steal_percent', 0, end, () => 0),
    series('memory.rss_bytes', 0, end, (ms) => 2.15e8 + ms * 100 + 1e6 * random()),
    series('loop.delay_ms', 0, insideEnd, (ms) =>
      state === 'healthy' ? 3 * random() : 10 + 12 * busy(ms) * random(),
    ),
    series('loop.utilisation_percent', 0, insideEnd, load, state === 'stuck' ? undefined : profiling),
    series('memory.heap_total_bytes', 0, insideEnd, (ms) => 9.2e7 + Math.floor(ms / 9000) * 4e6),
    series('memory.heap_used_bytes', 0, insideEnd, (ms) => 6e7 + (ms % 2300) * 6000 + 1e6 * random()),
    series('memory.external_bytes', 0, insideEnd, () => 8e6),
    series('handles.active', 0, insideEnd, (ms) => 150 + Math.floor(ms / 3000) + 3 * random()),
  ];
  const blocked: VitalSigns['blocked'] = [];
  if (state === 'stuck') blocked.push({ at: 4000, ms: 26_000, waitMs: 0, gcMs: 0, open: true });
  else if (state !== 'healthy') {
    for (let at = 700; at < end - 800; at += 190 + 260 * random()) {
      const ms = random() < 0.12 ? 360 + 380 * random() : 181;
      blocked.push({ at, ms, waitMs: 1, gcMs: 0 });
      at += ms;
    }
  }
  const shown = all.filter(
    (one) => state !== 'outside' || !/^(loop|memory\.(heap|ext)|handles\.active)/.test(one.name),
  );
  return {
    seconds: end / 1000,
    series: new Map(shown.map((one) => [one.name, one])),
    blocked: state === 'outside' ? [] : blocked,
    gc: Array.from({ length: state === 'outside' ? 0 : 13 }, (_, i) => ({
      at: 1500 + i * 2300,
      ms: 2,
      kind: i === 4 || i === 9 ? ('major' as const) : ('minor' as const),
    })).filter(({ at }) => at < insideEnd),
    forcedGc: [],
    resources: {},
    heapSpaces: [],
  };
}

const line = (
  signal: string,
  value: number,
  unit: string,
  limit: number,
  sense: EvidenceLine['sense'] = 'above',
): EvidenceLine => ({
  signal,
  value,
  unit,
  limit,
  sense,
  text: `${signal}: ${value} ${unit}, limit ${limit} ${unit}`,
});

function drawFindings(hostile: string): Finding[] {
  const place = { column: 15, package: '' };
  return [
    {
      kind: 'event-loop-blocked',
      problem: 'slow-throughput',
      severity: 'critical',
      confidence: 0.97,
      title: `hashPassword${hostile} blocks the loop 181 ms, 3.3 times a second`,
      evidence: [
        line('event-loop delay, p99', 737, 'ms', 50),
        line('time in stretches over 50 ms', 61, '%', 10),
        line('samples under hashPassword', 76.5, '%', 20),
        line('CPU of the main thread, p95', 88, '%', 80),
        line('run-queue wait', 0.6, '%', 10, 'below'),
      ],
      where: [
        { function: 'hashPassword', file: 'app/auth.js', line: 41, share: 0.765, ...place },
        { function: 'login', file: 'app/routes/session.js', line: 22, share: 0.8, ...place },
        { function: 'POST /login', file: '', line: 0, share: null, ...place },
      ],
      advice:
        'Call `crypto.pbkdf2` in its promise form and await it. The work moves to the libuv pool, and the loop keeps serving other requests meanwhile. At 3.3 hashes a second and 181 ms each it keeps 0.61 of 4 pool threads busy, so the default pool is large enough.',
      next: ['holter cpu 4711 -d 30s --open', 'holter doctor 4711 --fail-on warning'],
      source: {
        file: 'app/auth.js',
        firstLine: 36,
        lines: [
          `// POST /login and POST /signup ${hostile}`,
          'export function hashPassword(password, salt) {',
          "  const text = password.normalize('NFKC') + pepper",
          '  const N = 310_000',
          '',
          "  const key = pbkdf2Sync(text, salt, N, 64, 'sha512')",
          "  return key.toString('base64url')",
          '}',
        ],
        blamedLine: 41,
        underline: [14, 24],
        shares: { '38': 0.001, '41': 0.764, '42': 0.001 },
      },
      alsoExplains: ['gateway-timeout'],
    },
    {
      kind: 'leak-listeners',
      problem: 'memory-growth',
      severity: 'warning',
      confidence: 0.71,
      title: '14 "change" listeners a minute are added to config and never removed',
      evidence: [line('listeners added', 14, '/min', 1)],
      where: [{ function: 'createSession', file: 'app/session.js', line: 66, share: null, ...place }],
      advice: 'Remove the listener when the request ends.',
      next: ['holter heap suspects 4711'],
    },
    {
      kind: 'deoptimised',
      problem: 'cpu-high-serving',
      severity: 'note',
      confidence: 0.64,
      title: 'serializeUser was deoptimised 6 times: wrong map',
      evidence: [line('deoptimisations', 6, '', 3)],
      where: [{ function: 'serializeUser', file: 'app/views/user.js', line: 88, share: 0.01, ...place }],
      advice: 'Give all users the same properties in the same order.',
      next: ['holter cpu 4711 -d 30s --open'],
    },
  ];
}

const VERDICTS: Record<NonNullable<FixtureOptions['state']>, string> = {
  sick: 'The event loop is blocked 61 % of the time: hashPassword hashes synchronously at app/auth.js:41',
  healthy: 'Nothing wrong found in 30.0 s; closest to its limit: CPU of the main thread, p95 18 % of 80 %',
  stuck: 'Stuck in render at app/views/list.js:88 for at least 26.0 s',
  died: 'Exited 12.4 s into the window (SIGKILL, kernel out-of-memory)',
  outside: 'The main thread is busy 88 % of the time; which function it is needs the inspector',
  machine: 'The machine is short of CPU: 41 % run-queue wait',
  truncated: 'From part of the data: hashPassword blocks the loop at app/auth.js:41',
};

/** app/auth.js as the fixture's frames have it: hashPassword at line 37, its call at 41. */
export function drawSource(hostile = ''): string[] {
  const lines = Array.from({ length: 35 }, (_, i) => (i % 6 === 5 ? '' : `const setting${i + 1} = ${i}`));
  return [
    ...lines,
    `// POST /login and POST /signup ${hostile}`,
    'export function hashPassword(password, salt) {',
    "  const text = password.normalize('NFKC') + pepper",
    '  const N = 310_000',
    '',
    "  const key = pbkdf2Sync(text, salt, N, 64, 'sha512')",
    "  return key.toString('base64url')",
    '}',
  ];
}

/** Models of one visit, as `holter doctor` would hand them to the page. */
export function drawVisit(options: FixtureOptions = {}): { evidence: Evidence; report: DoctorReport } {
  const state = options.state ?? 'sick';
  const hostile = options.hostile ?? '';
  const seconds = state === 'died' ? 12.4 : 30;
  const target = {
    pid: 4711,
    name: `api-gateway${hostile}`,
    node: '22.23.3',
    v8: '12.4',
    command: `node server.js${hostile}`,
    cwd: CWD,
    startedAt: '2026-11-16T18:00:00.000Z',
    threads: 13,
    cores: 4,
  };
  const end: RecordingManifest['window']['end'] =
    state === 'died'
      ? { kind: 'target-exited', atMs: 12_400, how: 'SIGKILL, kernel out-of-memory' }
      : state === 'stuck'
        ? { kind: 'stuck' }
        : { kind: 'complete' };
  const access = state === 'outside' ? 'outside' : 'inspector';
  const at = (ms: number) => new Date(Date.parse(START) + ms).toISOString();
  const actions = [
    { what: 'read /proc/4711 and its threads', at: at(0), pauseMs: 0, effect: 'no effect' },
    {
      what: 'SIGUSR1, after checking it is caught; inspector on 127.0.0.1:9229',
      at: at(20),
      pauseMs: 0,
      effect: 'open 96 ms',
    },
    { what: 'bridge worker started, private Unix socket', at: at(60), pauseMs: 0, effect: '3 MB while here' },
    { what: 'inspector closed, port checked', at: at(120), pauseMs: 0, effect: 'closed' },
    { what: 'CPU profile started, every 1 ms', at: at(20_000), pauseMs: 3 },
    { what: 'CPU profile stopped and read', at: at(30_000), pauseMs: 41 },
    {
      what: 'bridge worker ended; threads, port, handles as before',
      at: at(30_310),
      pauseMs: 0,
      effect: 'verified ✓',
    },
  ];
  const withFindings = state === 'sick' || state === 'truncated' || state === 'machine';
  const findings = withFindings ? drawFindings(hostile) : [];
  if (state === 'stuck') {
    const [first] = drawFindings('');
    const where = {
      function: 'render',
      file: 'app/views/list.js',
      line: 88,
      column: 3,
      share: null,
      package: '',
    };
    findings.push({
      kind: 'event-loop-stuck',
      problem: 'cpu-stuck',
      severity: 'critical',
      confidence: 0.98,
      title: 'render never returns: the loop has not turned for 26.0 s',
      evidence: [
        line('time without a turn of the loop', 26_000, 'ms', 1000),
        line('CPU of the main thread', 100, '%', 80),
      ],
      where: [where, { ...where, function: 'list', file: 'app/routes/list.js', line: 14 }],
      advice: first!.advice,
      next: ['holter stack 4711'],
    });
  }
  if (state === 'machine') {
    for (const finding of findings) finding.suspended = true;
    findings.unshift({
      kind: 'cpu-starved',
      problem: 'slow-throughput',
      severity: 'critical',
      confidence: 0.9,
      title: 'The main thread waits 41 % of the time for a CPU',
      evidence: [line('run-queue wait, median', 41, '%', 10)],
      where: [],
      advice: 'Give the machine more CPUs or move other work away.',
      next: ['holter top 4711'],
    });
  }
  const manifest: RecordingManifest = {
    schema: 'holter.recording/1',
    holter: '1.0.0',
    target,
    window: { startedAt: START, startedMonotonicUs: 0, seconds, requestedSeconds: 30, end },
    access,
    ...(access === 'outside' ? { accessProblem: 'SIGUSR1 is not caught' } : {}),
    files: [],
    actions: access === 'outside' ? actions.slice(0, 1) : actions,
    inspectorOpenMs: access === 'outside' ? 0 : 96,
    left: { verified: true, leftBehind: [] },
  };
  const group: VitalGroup = { seriesFile: 'vitals.jsonl' };
  const report: DoctorReport = {
    schema: 'holter.doctor/1',
    target,
    window: { startedAt: START, seconds, end },
    verdict: VERDICTS[state],
    vitals: { cpu: group, memory: group, eventLoop: group, handles: group, gc: group, threadPool: group },
    findings,
    checked: ['event-loop-blocked', 'cpu-bound', 'gc-pressure'],
    gaps: access === 'outside' ? ['no view from inside: SIGUSR1 is not caught'] : [],
    actions: manifest.actions,
    left: manifest.left,
    inspectorOpenMs: manifest.inspectorOpenMs,
  };
  const main =
    state === 'sick' || state === 'truncated' || state === 'machine'
      ? drawLoginTree(options.nodes ?? 2000)
      : undefined;
  if (main && hostile)
    main.frames.name[main.frames.name.indexOf('createSession')] = `createSession${hostile}`;
  if (main && state === 'truncated') main.partial = 'file ends after 6 204 of about 9 981 samples';
  const worker = drawTree(
    [{ frames: [APP('resize', 'image.js', 9), ['native', 'jpeg_decode']], samples: 800 }],
    20_000,
  );
  const evidence: Evidence = {
    manifest,
    vitals: drawVitals(state),
    main,
    workers: state === 'sick' ? [{ thread: 'worker 3 resize', tree: worker }] : [],
    allocation: undefined,
    allocationAll: undefined,
    blockStacks: [],
    stuck:
      state === 'stuck'
        ? {
            since: 4000,
            ms: 26_000,
            probes: { microtask: false, nextTick: false, immediate: false },
            frames: [
              {
                function: 'render',
                file: `${CWD}/app/views/list.js`,
                line: 88,
                column: 3,
                party: 'user',
                package: '',
                values: [{ name: 'rows', value: 'Array(12)' }],
              },
              {
                function: 'list',
                file: `${CWD}/app/routes/list.js`,
                line: 14,
                column: 3,
                party: 'user',
                package: '',
              },
              {
                function: 'dispatch',
                file: `${CWD}/node_modules/router/lib/route.js`,
                line: 98,
                column: 3,
                party: 'dependency',
                package: 'router',
              },
              {
                function: 'processTicksAndRejections',
                file: 'node:internal/process/task_queues',
                line: 72,
                column: 3,
                party: 'core',
                package: '',
              },
            ],
          }
        : undefined,
    external: [],
    sources: { lines: (file) => (file.endsWith('/app/auth.js') ? drawSource(hostile) : undefined) },
  };
  return { evidence, report };
}
