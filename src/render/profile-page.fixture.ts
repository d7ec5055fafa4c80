import type { CallTree } from '../cpu/call-tree.ts';
import type { LoadResult } from '../load/load-result.ts';
import { makeSourceBook } from '../source-map/source-book.ts';
import { buildPageProfile } from './build-page-data.ts';
import { APP, CWD, drawLoginTree, drawn, drawTree, type FrameText } from './login-profile.fixture.ts';
import { drawSource } from './page.fixture.ts';
import type { DifferencePage, PageProfile, ProfilePage } from './page-data.ts';

/**
 * `login`: a server that hashes. `load`: the same under a load test. `counts`: folded stacks, no times. `heap`: sampled
 * allocations. `empty`: nothing was sampled. `single`: one node. `deep`: 10 000 frames of recursion.
 */
export type ProfileState = 'login' | 'load' | 'counts' | 'heap' | 'empty' | 'single' | 'deep';

function withoutTimes(tree: CallTree, unit: CallTree['unit'], perSample: number): CallTree {
  const none = { time: new Float64Array(0), node: new Int32Array(0), weight: new Float64Array(0) };
  const scaled = (values: Float64Array) => values.map((one) => (one / 1000) * perSample);
  return { ...tree, unit, from: 0, to: 0, self: scaled(tree.self), total: scaled(tree.total), samples: none };
}

function drawDeep(): CallTree {
  const frames: FrameText[] = [];
  for (let i = 0; i < 10_000; i++) frames.push(APP(`level${i % 40}`, 'deep.js', 10 + (i % 40)));
  return drawTree(
    [
      { frames, samples: 80 },
      { frames: frames.slice(0, 6000), samples: 40 },
      { frames: [['idle', '(idle)']], samples: 30 },
    ],
    0,
  );
}

function drawState(state: ProfileState, nodes: number): CallTree {
  if (state === 'deep') return drawDeep();
  if (state === 'empty') return drawTree([], 0);
  if (state === 'single') return drawTree([{ frames: [], samples: 10 }], 0);
  const tree = drawLoginTree(nodes);
  if (state === 'counts') return withoutTimes(tree, 'samples', 1);
  return state === 'heap' ? withoutTimes(tree, 'bytes', 4096) : tree;
}

/** What `holter load` gives for the login server. */
export function drawLoad(): LoadResult {
  const random = drawn(5);
  const percentiles = {
    min: 4,
    mean: 212,
    p50: 190,
    p75: 240,
    p90: 380,
    p95: 556,
    p99: 737,
    p999: 910,
    max: 981,
    stddev: 88,
  };
  return {
    schema: 'holter.load/1',
    url: 'http://127.0.0.1:3000/login',
    method: 'POST',
    startedAt: '2026-11-22T22:14:27.000Z',
    startedMonotonicUs: 0,
    seconds: 10,
    connections: 20,
    rate: 60,
    requests: { total: 600, ok: 590, non2xx: 7, errors: 3, timeouts: 0 },
    throughput: { requestsPerSecond: 59.7, bytesPerSecond: 18_400 },
    latency: { ...percentiles, corrected: true },
    uncorrectedLatency: { ...percentiles, p99: 640, max: 760 },
    statuses: { '200': 590, '503': 7 },
    histogram: Array.from({ length: 24 }, (_, i) => ({
      from: 4 * 1.26 ** i,
      to: 4 * 1.26 ** (i + 1),
      count: Math.round(120 * Math.exp(-(((i - 16) / 4) ** 2))),
    })),
    perSecond: Array.from({ length: 10 }, (_, i) => ({
      at: i * 1000,
      requests: 55 + Math.round(10 * random()),
      errors: i === 7 ? 3 : 0,
      p50: 180 + 30 * random(),
      p99: 600 + 140 * random(),
    })),
    notes: ['constant rate: waiting time of late requests is included (coordinated omission)'],
  };
}

export interface ProfileFixtureOptions {
  state?: ProfileState;
  nodes?: number;
  /** Put into names, files and sentences. */
  hostile?: string;
}

/** A page as `holter cpu` (or `flame`, `heap sample`) would make it. */
export function drawProfilePage(options: ProfileFixtureOptions = {}): ProfilePage {
  const state = options.state ?? 'login';
  const hostile = options.hostile ?? '';
  const tree = drawState(state, options.nodes ?? 2000);
  if (hostile !== '') {
    tree.frames.name[tree.frames.name.indexOf('hashPassword')] = `hashPassword${hostile}`;
    tree.frames.file[tree.frames.name.indexOf('listProducts')] = `${CWD}/app/${hostile}.js`;
  }
  const own = state === 'login' || state === 'load';
  const book = makeSourceBook(new Map(own ? [[`${CWD}/app/auth.js`, drawSource(hostile).join('\n')]] : []));
  const profiles: PageProfile[] = [buildPageProfile('main thread', tree, { cwd: CWD, book })];
  if (state === 'load') {
    const worker = drawTree(
      [{ frames: [APP('resize', 'image.js', 9), ['native', 'jpeg_decode']], samples: 800 }],
      20_000,
    );
    profiles.push(buildPageProfile('worker 3 resize', worker, { cwd: CWD }));
  }
  return {
    schema: 'holter.page/2',
    kind: 'profile',
    subject: {
      verb: state === 'heap' ? 'heap sample' : 'cpu',
      name: `api-gateway${hostile}`,
      detail: 'pid 4711',
    },
    holter: '1.0.0',
    recording: 'api-gateway-4711.cpuprofile',
    recordingBytes: 3_100_000,
    profiles,
    sources: own ? { 'app/auth.js': drawSource(hostile).join('\n') } : {},
    headline:
      state === 'empty'
        ? 'Nothing was sampled'
        : `hashPassword${hostile} takes 76 % of the busy time, at app/auth.js:41`,
    details: ['Busy 96 % of the time: native 78 %, dependencies 6 %, your code 5 %.'],
    facts: [
      { label: 'Node', value: '22.23.3' },
      { label: 'Samples', value: '9 981 every 1 ms' },
      { label: 'Command', value: `node server.js${hostile}` },
    ],
    warnings: state === 'empty' ? ['No samples: was the process running?'] : [],
    ...(state === 'load' ? { load: drawLoad() } : {}),
    ...(own
      ? {
          target: {
            actions: [
              { what: 'CPU profile started, every 1 ms', at: '2026-11-22T22:14:27.000Z', pauseMs: 3 },
              { what: 'CPU profile stopped and read', at: '2026-11-22T22:14:37.000Z', pauseMs: 41 },
            ],
            left: { verified: true, leftBehind: [] },
            inspectorOpenMs: 96,
          },
        }
      : {}),
    next: [{ command: 'holter cpu diff api-gateway-4711/ after/', note: 'after the fix: what changed' }],
  };
}

/**
 * A comparison: hashing got cheaper, listing dearer, `createSession` is gone, `renderList` is new, and `query` was called
 * by `listProducts` and is now called from a promise, in a quarter of the time.
 */
export function drawDifferencePage(): DifferencePage {
  const tree = drawLoginTree(600, { queued: true });
  const nameOf = (node: number) => tree.frames.name[tree.frame[node]!]!;
  const below = (node: number, name: string) => {
    for (let at = node; at > 0; at = tree.parent[at]!) if (nameOf(at) === name) return true;
    return false;
  };
  const before = new Float64Array(tree.length);
  const after = new Float64Array(tree.length);
  for (let i = 0; i < tree.length; i++) {
    if (nameOf(i) === '(idle)') continue;
    const self = tree.self[i]!;
    const hashing = below(i, 'hashPassword');
    const listing = below(i, 'listProducts');
    if (below(i, 'query')) {
      before[i] = listing ? self : 0;
      after[i] = listing ? 0 : self / 4;
      continue;
    }
    before[i] = nameOf(i) === 'renderList' ? 0 : self;
    after[i] = nameOf(i) === 'createSession' ? 0 : hashing ? self * 0.4 : listing ? self * 1.8 : self;
  }
  const parts = (values: Float64Array) => {
    const sum = values.reduce((a, b) => a + b, 0);
    return values.map((one) => Math.round((1e6 * one) / sum));
  };
  const none = { time: new Float64Array(0), node: new Int32Array(0), weight: new Float64Array(0) };
  const profile = buildPageProfile(
    'difference',
    { ...tree, self: parts(after), samples: none, from: 0, to: 0 },
    { cwd: CWD, before: parts(before) },
  );
  const row = (name: string, file: string, line: number, [selfBefore, selfAfter]: [number, number]) => ({
    name,
    file,
    line,
    room: 'user' as const,
    selfBefore,
    selfAfter,
    totalBefore: selfBefore * 2,
    totalAfter: selfAfter * 2,
    relative: selfBefore === 0 ? null : selfAfter / selfBefore - 1,
    significant: Math.abs(selfAfter - selfBefore) > 5000,
  });
  return {
    schema: 'holter.page/2',
    kind: 'difference',
    subject: { verb: 'cpu diff', name: 'before.cpuprofile', detail: 'after.cpuprofile' },
    holter: '1.0.0',
    recording: 'after.cpuprofile',
    recordingBytes: 3_100_000,
    profiles: [{ ...profile, unit: 'share' }],
    sources: {},
    headline: 'hashPassword is down from 80 % to 61 % of the busy time',
    details: ['listProducts is up from 7 % to 21 %.'],
    facts: [
      { label: 'before', value: 'before.cpuprofile: 9 981 samples' },
      { label: 'after', value: 'after.cpuprofile: 6 104 samples' },
    ],
    warnings: ['Few samples in after.cpuprofile: changes under 2 % are noise.'],
    normalised: 'share of the busy time',
    weight: { scale: 100 / 1e6, unit: ' %' },
    beforeName: 'before.cpuprofile',
    afterName: 'after.cpuprofile',
    rows: [
      row('hashPassword', 'app/auth.js', 37, [1000, 900]),
      row('listProducts', 'app/routes/products.js', 12, [20_000, 61_000]),
      row('createSession', 'app/session.js', 64, [13_000, 0]),
      row('renderList', 'app/views/product.js', 30, [0, 22_000]),
    ],
    next: [{ command: 'holter cpu diff before.cpuprofile after.cpuprofile --fail-on +5%', note: 'in CI' }],
  };
}
