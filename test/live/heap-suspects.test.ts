import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHolter } from './built.ts';

const PROGRAMS = fileURLToPath(new URL('../targets/heap', import.meta.url));
const NODES = fileURLToPath(new URL('../nodes/node_modules', import.meta.url));
const TIMEOUT = 120_000;

interface Report {
  schema: string;
  explained: number;
  suspects: {
    detector: string;
    what: string;
    count: number;
    bytes: number;
    share: number;
    place: string;
    function?: string;
    package?: string;
    growth?: { count: number; bytes: number; perMinute?: number };
    holders: { text: string; kind: string; held: number; place?: string; path?: string }[];
    evidence: string[];
    ids: number[];
  }[];
  quiet: string[];
  largest?: string;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-suspects-'));
  for (const file of readdirSync(PROGRAMS, { withFileTypes: true }))
    if (file.isFile()) cpSync(join(PROGRAMS, file.name), join(folder, file.name));
  // Kept under another name: `node_modules` is not committed.
  cpSync(join(PROGRAMS, 'packages'), join(folder, 'node_modules'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function snapshotOf(node: string, program: string, files = 1): Promise<string[]> {
  const paths = Array.from({ length: files }, (_, i) => join(folder, `${program}-${node}-${i}.heapsnapshot`));
  await promisify(execFile)(join(NODES, node, 'bin/node'), [join(folder, program), ...paths]);
  return paths;
}

async function suspectsOf(args: readonly string[]): Promise<Report> {
  const { stdout, stderr, code } = await runHolter(['heap', 'suspects', ...args, '--no-index', '--json']);
  if (code !== 0) throw new Error(`holter heap suspects ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Report;
}

/** What is sick, what must be said of it. */
const SICK: Record<string, { detector: string; what: RegExp; count: number; holder: RegExp; place: RegExp }> =
  {
    'accumulation.cjs': {
      detector: 'accumulation',
      what: /^Session$/,
      count: 20_000,
      holder: /^module \S*accumulation\.cjs > sessions$/,
      place: /accumulation\.cjs:13$/,
    },
    'accumulation.mjs': {
      detector: 'accumulation',
      what: /^Job$/,
      count: 20_000,
      holder: /^module \S*accumulation\.mjs > jobs$/,
      place: /accumulation\.mjs:14$/,
    },
    'shared-holders.cjs': {
      detector: 'shared-holders',
      what: /^User$/,
      count: 20_000,
      holder: /^global\.registry\.all$/,
      place: /shared-holders\.cjs:14$/,
    },
    'duplicate-strings.cjs': {
      detector: 'duplicate-strings',
      what: /^string "the same description/,
      count: 12_000,
      holder: /^property description of Object/,
      place: /duplicate-strings\.cjs:8$/,
    },
    'closures.cjs': {
      detector: 'closures',
      what: /^closure onDone$/,
      count: 800,
      holder: /^module \S*closures\.cjs > callbacks$/,
      place: /closures\.cjs:4$/,
    },
    'timers.cjs': {
      detector: 'timers',
      what: /^Timeout of poll$/,
      count: 900,
      holder: /^Timeouts of poll \(.*timers\.cjs:4\)$/,
      place: /timers\.cjs:2$/,
    },
    'listeners.mjs': {
      detector: 'listeners',
      what: /^listener onChange of 'change'$/,
      count: 900,
      holder: /^listeners of module \S*listeners\.mjs > bus 'change'$/,
      place: /listeners\.mjs:8$/,
    },
    'promises.cjs': {
      detector: 'pending-promises',
      what: /^pending Promise in callBackend$/,
      count: 900,
      holder: /^module \S*promises\.cjs > waiting$/,
      place: /promises\.cjs:8$/,
    },
    'external.cjs': {
      detector: 'external-memory',
      what: /^Buffer$/,
      count: 300,
      holder: /^module \S*external\.cjs > headers$/,
      place: /external\.cjs:6$/,
    },
    'waste.cjs': {
      detector: 'waste',
      what: /^empty Map or Set$/,
      count: 120_000,
      holder: /^property (?:labels|watchers|children) of Item/,
      place: /waste\.cjs:3$/,
    },
    'package.cjs': {
      detector: 'accumulation',
      what: /^Slot$/,
      count: 20_000,
      holder: /^module memo-store\/index\.js > slots$/,
      place: /memo-store\/index\.js:11$/,
    },
    'packages.cjs': {
      detector: 'packages',
      what: /^package cache-kit$/,
      count: 7_200,
      holder: /cache-kit\/index\.js > lists/,
      place: /cache-kit\/index\.js:\d+$/,
    },
    'duplicate-modules.cjs': {
      detector: 'duplicate-modules',
      what: /^copies of \S*duplicate-module-copy\.cjs$/,
      count: 300,
      holder: /./,
      place: /duplicate-module-copy\.cjs:1$/,
    },
  };

for (const node of ['node18', 'node26'])
  describe(`holter heap suspects of ${node}`, () => {
    for (const [program, expected] of Object.entries(SICK))
      it(
        `names what is wrong with ${program}`,
        async () => {
          const report = await suspectsOf(await snapshotOf(node, program));
          expect(report.schema).toBe('holter.heap-suspects/1');
          const [first, ...others] = report.suspects;
          expect(first?.detector).toBe(expected.detector);
          expect(first?.what).toMatch(expected.what);
          expect(first?.count).toBeGreaterThanOrEqual(expected.count);
          expect(first?.count).toBeLessThan(expected.count * 1.01);
          expect(first?.holders.map(({ text }) => text)).toContainEqual(
            expect.stringMatching(expected.holder),
          );
          expect(first?.place).toMatch(expected.place);
          expect(first?.share).toBeGreaterThan(0.4);
          expect(first?.ids.length).toBeGreaterThan(0);
          expect(report.quiet).not.toContain(expected.detector);
          // One illness, one suspect.
          expect(others).toEqual([]);
        },
        TIMEOUT,
      );

    it(
      'names the package, and all who share',
      async () => {
        const [one] = (await suspectsOf(await snapshotOf(node, 'package.cjs'))).suspects;
        expect(one?.package).toBe('memo-store');
        const [shared] = (await suspectsOf(await snapshotOf(node, 'shared-holders.cjs'))).suspects;
        expect(shared?.holders.map(({ text, held }) => `${text} ${held}`)).toEqual([
          'global.registry.all 20000',
          'global.registry.byName 20000',
          'global.registry.online 20000',
        ]);
      },
      TIMEOUT,
    );

    it(
      'says how fast it grows with an older snapshot',
      async () => {
        const [before, after] = await snapshotOf(node, 'accumulation.cjs', 2);
        const { suspects } = await suspectsOf([after!, '--before', before!]);
        expect(suspects[0]).toMatchObject({ what: 'Session', count: 26_000, growth: { count: 6_000 } });
      },
      TIMEOUT,
    );

    it(
      'says nothing of a healthy service, nor of an empty process',
      async () => {
        expect((await suspectsOf(await snapshotOf(node, 'healthy.cjs'))).suspects).toEqual([]);
        expect((await suspectsOf(await snapshotOf(node, 'bare.cjs'))).suspects).toEqual([]);
      },
      TIMEOUT,
    );
  });

describe('holter heap suspects', () => {
  it(
    'ends with 4 at the limit of --fail-on and 2 for a limit that is none',
    async () => {
      const [file] = await snapshotOf('node26', 'accumulation.cjs');
      const run = async (...args: string[]) => runHolter(['heap', 'suspects', file!, '--no-index', ...args]);
      expect((await run('--fail-on', '20%')).code).toBe(4);
      expect((await run('--fail-on', '95%')).code).toBe(0);
      expect((await run('--fail-on', '5MB')).code).toBe(4);
      expect((await run('--fail-on', '1GB')).code).toBe(0);
      expect((await run('--fail-on', 'much')).code).toBe(2);
      expect((await run('-o', join(folder, 'x.txt'))).code).toBe(2);
    },
    TIMEOUT,
  );

  it(
    'prints a page of 80 columns, and writes Markdown for the owner alone',
    async () => {
      const [file] = await snapshotOf('node26', 'timers.cjs');
      const report = join(folder, 'suspects.md');
      const { stdout, stderr } = await runHolter(['heap', 'suspects', file!, '--no-index', '-o', report]);
      expect(stderr).toBe('');
      expect(stdout).toContain('Timeout of poll × 900');
      expect(stdout).toMatch(/next +holter heap show \S+ @\d+/);
      const long = stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('next '));
      expect(long).toEqual([]);
      expect(statSync(report).mode & 0o777).toBe(0o600);
    },
    TIMEOUT,
  );
});
