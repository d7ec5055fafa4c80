import { describe, expect, it } from 'vitest';
import type { CallTree } from '../cpu/call-tree.ts';
import { CallTreeBuilder } from '../cpu/call-tree-builder.ts';
import { summariseProfile } from '../cpu/summary.ts';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import type { LoadResult } from '../load/load-result.ts';
import { drawDocument, HOSTILE_TREE, LOGIN_TREE, MANIFEST } from './cpu-document.fixture.ts';
import { cpuHeadline, renderCpu } from './cpu-terminal.ts';

const wide = { columns: 80, color: false, unicode: true };
const ESC = String.fromCharCode(27);
const headline = (tree: CallTree) => cpuHeadline(summariseProfile(tree), '/app');
const longest = (text: string) => Math.max(...text.split('\n').map((line) => [...line].length));

describe('renderCpu', () => {
  const recorded = drawDocument(LOGIN_TREE, { manifest: MANIFEST });

  it('draws a recording on 80 columns', async () => {
    const text = renderCpu(recorded, wide);
    await expect(text).toMatchFileSnapshot('golden/cpu-80.txt');
    expect(longest(text)).toBeLessThanOrEqual(80);
  });

  it('draws it on 40 columns', async () => {
    const text = renderCpu(recorded, { ...wide, columns: 40 });
    await expect(text).toMatchFileSnapshot('golden/cpu-40.txt');
    expect(longest(text)).toBeLessThanOrEqual(40);
  });

  it('says as much without Unicode', async () => {
    const text = renderCpu(recorded, { ...wide, unicode: false });
    expect(text).toMatch(/^[\n -~]*$/);
    await expect(text).toMatchFileSnapshot('golden/cpu-ascii.txt');
  });

  it('adds colour only, no words', () => {
    for (const columns of [80, 40]) {
      const coloured = renderCpu(recorded, { columns, color: true, unicode: true });
      expect(coloured).toContain(`${ESC}[1m`);
      expect(coloured.replaceAll(new RegExp(`${ESC}\\[[0-9;]*m`, 'g'), '')).toBe(
        renderCpu(recorded, { columns, color: false, unicode: true }),
      );
    }
  });

  it('fits whatever the width', () => {
    const document = drawDocument(LOGIN_TREE, { files: { written: [] }, next: [] });
    for (let columns = 24; columns <= 200; columns += 3)
      expect(longest(renderCpu(document, { ...wide, columns })), `${columns} columns`).toBeLessThanOrEqual(
        Math.min(120, columns),
      );
  });

  it('shows further threads in a line each, and the load', async () => {
    const worker = profileFromText(`
      resize@/srv/api/app/resize.js:9 x450  (idle) x550
    `);
    const profiles = [
      recorded.profiles[0]!,
      { name: 'worker 3 resize', tree: worker, summary: summariseProfile(worker) },
      ...Array.from({ length: 9 }, (_, i) => ({
        name: `worker ${i + 4}`,
        tree: worker,
        summary: summariseProfile(worker),
      })),
    ];
    const text = renderCpu(
      { ...recorded, verb: 'flame', profiles, load: LOAD, notes: ['Stopped early (Ctrl-C).'] },
      wide,
    );
    await expect(text).toMatchFileSnapshot('golden/cpu-threads.txt');
    expect(text).toMatch(/8 of 10; --json has more/);
  });

  it('draws a heap profile in bytes', async () => {
    const tree = profileFromText(
      `
      handler@/srv/api/app/a.js:3   handler@/srv/api/app/a.js:3 x100
      remember@/srv/api/app/a.js:9
      push x900
    `,
      { unit: 'bytes', bytesPerSample: 100_000 },
    );
    const text = renderCpu(drawDocument(tree, { verb: 'heap sample' }), wide);
    await expect(text).toMatchFileSnapshot('golden/cpu-bytes.txt');
    expect(text).toContain('remember allocates 90 % of 100 MB');
  });

  it('says that a profile is partial, and what is left behind', () => {
    const left = { verified: true, leftBehind: [{ what: 'an open inspector', command: 'kill -USR1 4711' }] };
    const text = renderCpu(
      drawDocument(
        { ...LOGIN_TREE, partial: 'file ends after 6 of 9 samples' },
        { manifest: { ...MANIFEST, left } },
      ),
      wide,
    );
    expect(text).toContain('partial profile: file ends after 6 of 9 samples');
    expect(text).toContain('left behind: an open inspector');
    expect(text).toContain('remove with  kill -USR1 4711');
  });

  it('lets no name of the target reach the terminal as it is', () => {
    for (const columns of [80, 40]) {
      const document = drawDocument(HOSTILE_TREE, {
        name: `evil${ESC}]0;title\u0007`,
        notes: [`note${ESC}[2J`],
        profiles: [1, 2].map((n) => ({
          name: `thread${ESC}[3${n}m`,
          tree: HOSTILE_TREE,
          summary: summariseProfile(HOSTILE_TREE),
        })),
      });
      const text = renderCpu(document, { ...wide, columns });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2066]/);
      expect(text).toContain('\\x1b');
    }
  });

  it('draws a profile without anything', () => {
    const empty = new CallTreeBuilder('microseconds').finish({ from: 0, to: 0 });
    for (const columns of [80, 40]) {
      const text = renderCpu(drawDocument(empty), { ...wide, columns });
      expect(text).toContain('nothing was sampled');
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
    }
  });
});

describe('cpuHeadline', () => {
  it.each([
    {
      why: 'a function of the user',
      text: 'a@/app/a.js:7 x60  b@/app/b.js:1 x40',
      says: 'a takes 60 % of the busy time (a.js:7)',
    },
    {
      why: 'many of them',
      text: Array.from({ length: 10 }, (_, i) => `f${i}@/app/a.js:${i + 1} x${i === 3 ? 11 : 10}`).join('  '),
      says: 'f3 takes most, 11 % of the busy time (a.js:4)',
    },
    {
      why: 'nearly idle',
      text: 'a@/app/a.js:7 x4  (idle) x96',
      says: 'idle 96 % of the time; a takes 100 % of the busy time (a.js:7)',
    },
    {
      why: 'not nearly idle',
      text: 'a@/app/a.js:7 x6  (idle) x94',
      says: 'a takes 100 % of the busy time (a.js:7)',
    },
    {
      why: 'GC first',
      text: 'a@/app/a.js:7 x30  b@/app/b.js:7 x30  (garbage collector) x40',
      says: 'garbage collection takes 40 % of the busy time',
    },
    {
      why: 'much GC, but more work',
      text: 'a@/app/a.js:7 x60  (garbage collector) x40',
      says: 'a takes 60 % of the busy time (a.js:7)',
    },
    {
      why: 'none of the user',
      text: 'emit@node:events:467 x80  run x20',
      says: 'emit takes 80 % of the busy time; your code 0 % (node:events:467)',
    },
    {
      why: 'hardly any of the user',
      text: 'a@/app/a.js:7 x4  emit@node:events:467 x96',
      says: 'emit takes 96 % of the busy time; your code 4 % (node:events:467)',
    },
    {
      why: 'just enough of the user',
      text: 'a@/app/a.js:7 x5  emit@node:events:467 x95',
      says: 'a takes most, 5 % of the busy time (a.js:7)',
    },
    { why: 'idle', text: '(idle) x50', says: 'idle all the time' },
    {
      why: 'GC alone',
      text: '(garbage collector) x50',
      says: 'garbage collection takes 100 % of the busy time',
    },
  ])('$why', ({ text, says }) => {
    expect(headline(profileFromText(text))).toBe(says);
  });

  it('names the line that holds most of the function, not one of many', () => {
    const at = (share: number) =>
      headline(
        profileFromText(
          `a@/app/a.js:7 #9 x${share}  a@/app/a.js:7 #12 x${100 - share}`.replace('  a', '    a'),
        ),
      );
    expect(at(60)).toContain('(a.js:9)');
    const spread = headline(
      profileFromText([8, 9, 10].map((line) => `a@/app/a.js:7 #${line} x30`).join('  ')),
    );
    expect(spread).toContain('(a.js:7)');
  });
});

const LOAD: LoadResult = {
  schema: 'holter.load/1',
  url: 'http://127.0.0.1:3000/',
  method: 'GET',
  startedAt: '2026-11-22T22:14:07.000Z',
  startedMonotonicUs: 1,
  seconds: 10,
  connections: 20,
  requests: { total: 11_843, ok: 11_840, non2xx: 3, errors: 0, timeouts: 0 },
  throughput: { requestsPerSecond: 1184.3, bytesPerSecond: 1e6 },
  latency: {
    min: 1,
    mean: 9,
    p50: 8,
    p75: 10,
    p90: 14,
    p95: 17,
    p99: 21,
    p999: 40,
    max: 44,
    stddev: 3,
    corrected: false,
  },
  statuses: { '200': 11_840, '503': 3 },
  histogram: [],
  perSecond: [],
  notes: ['closed loop: slow answers lower the rate'],
};
