import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBytes, openFile } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { readCpuProfile } from './cpuprofile.ts';
import { describeLines, describeSamples, describeTree } from './drawn-tree.fixture.ts';
import { aggregateFunctions } from './functions.ts';
import type { ProfileFile } from './profile-file.ts';
import { readSpeedscope } from './read-speedscope.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures');
const files = readdirSync(join(FIXTURES, 'speedscope')).filter((name) => name.endsWith('.json'));
const read = (name: string) => readSpeedscope(openFile(join(FIXTURES, 'speedscope', name)), {});
const parse = (file: unknown) => readSpeedscope(openBytes(Buffer.from(JSON.stringify(file))), {});
const frames = ['main', 'hash', 'log'].map((name, at) => ({
  name,
  file: `/app/${name}.js`,
  line: at + 1,
  col: 5,
}));
const around = (...profiles: unknown[]) => ({ shared: { frames }, profiles });
const plain = { type: 'sampled', name: 'p', unit: 'none', startValue: 0, endValue: 3 };

describe('readSpeedscope, on files of real tools', () => {
  it('reads py-spy: threads, and lines that ran as lines of one function', () => {
    const { profiles, notes } = read('py-spy.speedscope.json');
    expect(notes).toEqual([]);
    expect(
      profiles.map(({ name, tree }) => [name.replace(/\d+/, '0'), Math.round(tree.total[0]! / 1000)]),
    ).toEqual([
      ['Thread 0 "MainThread"', 1100],
      ['Thread 0 "worker"', 1000],
    ]);
    const { tree } = profiles[0]!;
    const hash = aggregateFunctions(tree).filter(({ name }) => name === 'hash_password');
    expect(hash).toMatchObject([{ file: '/srv/shop/shop.py', line: 9 }]);
    const lines = describeLines(tree, 0).filter((line) => line.includes('hash_password'));
    expect(lines.map((line) => / #(\d+) /.exec(line)![1])).toEqual(['10', '9']);
    expect(tree.samples.node.length).toBe(55);
    expect(tree.to - tree.from).toBeCloseTo(1100, 3);
  });

  it('reads what speedscope itself exports (evented) as the file that speedscope read', () => {
    const exported = read('speedscope-export.speedscope.json').profiles[0]!.tree;
    const original = readCpuProfile(readFileSync(join(FIXTURES, 'cpuprofile/22.23.3/busy.cpuprofile')));
    for (const name of ['spin', 'indent', '(garbage collector)', 'litter', 'run']) {
      const self = (tree: typeof exported) =>
        aggregateFunctions(tree)
          .filter((row) => row.name === name)
          .reduce((sum, row) => sum + row.self, 0) / 1000;
      // speedscope gives a sample the time since the one before; over some 50 samples that evens out.
      expect(Math.abs(self(exported) - self(original)), name).toBeLessThan(15);
    }
  });
});

describe('readSpeedscope, on drawn files', () => {
  it('adds the time between events to what is open', () => {
    const { profiles, notes } = parse(
      around({
        type: 'evented',
        name: 'main thread',
        unit: 'milliseconds',
        startValue: 100,
        endValue: 112,
        events: [
          { type: 'O', frame: 0, at: 101 },
          { type: 'O', frame: 1, at: 103 },
          { type: 'C', frame: 1, at: 107 },
          { type: 'O', frame: 2, at: 107 },
          { type: 'C', frame: 2, at: 108 },
          { type: 'C', frame: 0, at: 110 },
        ],
      }),
    );
    expect(notes).toEqual([]);
    const { name, tree } = profiles[0]!;
    expect([name, tree.from, tree.to]).toEqual(['main thread', 0, 12]);
    const main = 'all > main@/app/main.js:1:5 js/user/';
    expect(describeTree(tree, 0)).toEqual([
      'all  3000',
      `${main}  4000`,
      `${main} > hash@/app/hash.js:2:5 js/user/  4000`,
      `${main} > log@/app/log.js:3:5 js/user/  1000`,
    ]);
    expect(describeSamples(tree).map((sample) => sample.split(' ')[0])).toEqual([
      '0.000',
      '1.000',
      '3.000',
      '7.000',
      '8.000',
      '10.000',
    ]);
  });

  it('takes events that do not fit for what they are', () => {
    const { profiles, notes } = parse(
      around({
        type: 'evented',
        name: 'p',
        unit: 'microseconds',
        startValue: 0,
        endValue: 30,
        events: [
          { type: 'C', frame: 1, at: 0 },
          { type: 'O', frame: 0, at: 0 },
          { type: 'O', frame: 1, at: 10 },
          { type: 'O', frame: 99, at: 10 },
          null,
          { type: 'O', frame: 2, at: 5 },
          { type: 'C', frame: 0, at: 20 },
        ],
      }),
    );
    expect(notes).toEqual(['p: 3 of 7 events do not fit and were left out']);
    expect(aggregateFunctions(profiles[0]!.tree).map(({ name, self, total }) => [name, self, total])).toEqual(
      [
        ['main', 10, 20],
        ['log', 10, 10],
        ['hash', 0, 10],
      ],
    );
    expect(profiles[0]!.tree.self[0]).toBe(10);
  });

  it.each([
    ['none', 'samples', 7],
    ['bytes', 'bytes', 7],
    ['nanoseconds', 'microseconds', 0.007],
    ['microseconds', 'microseconds', 7],
    ['milliseconds', 'microseconds', 7000],
    ['seconds', 'microseconds', 7e6],
    ['constructor', 'samples', 7],
  ])('knows the unit %s', (unit, ours, total) => {
    const { tree } = parse(around({ ...plain, unit, samples: [[0], [0, 1]], weights: [3, 4] })).profiles[0]!;
    expect([tree.unit, tree.total[0], tree.samples.node.length]).toEqual([
      ours,
      total,
      ours === 'microseconds' ? 2 : 0,
    ]);
  });

  it('shows the active profile first, and times from the first start of the file', () => {
    const timed = { type: 'sampled', unit: 'microseconds', samples: [[0]], weights: [500] };
    const { profiles } = parse({
      ...around(
        { ...timed, name: 'a', startValue: 3000, endValue: 3500 },
        { ...timed, name: 'b', startValue: 1000, endValue: 9000 },
      ),
      activeProfileIndex: 1,
    });
    expect(profiles.map(({ name, tree }) => [name, tree.from, tree.to])).toEqual([
      ['b', 0, 8],
      ['a', 2, 2.5],
    ]);
  });

  it('notes what is missing', () => {
    const { profiles, notes } = parse(around({ ...plain, samples: [[0], [0, 77], 'x'], weights: [1] }));
    expect(notes).toEqual([
      'p: weights of 2 of 3 samples are missing',
      'p: 2 frames of its stacks are not in the file',
    ]);
    expect(profiles[0]!.tree.total[0]).toBe(3);
  });
});

describe('readSpeedscope, on bad files', () => {
  const bad = (bytes: Uint8Array): string | ProfileFile => {
    try {
      return readSpeedscope(openBytes(bytes, 'x.json'), {});
    } catch (error) {
      if (!(error instanceof HolterError)) throw error;
      return error.code;
    }
  };

  it('refuses what is not speedscope', () => {
    for (const text of [
      '',
      'x',
      '[]',
      '{}',
      'null',
      '{"nodes":[]}',
      '{"shared":{"frames":{}},"profiles":[]}',
    ]) {
      expect(bad(Buffer.from(text)), text).toBe('E_FILE_FORMAT');
    }
    expect(bad(Buffer.from(JSON.stringify(around({ type: 'other' }))))).toBe('E_FILE_FORMAT');
    expect(bad(Buffer.from('{"$schema":"https://www.speedscope.app/file-format-schema.json","sha'))).toBe(
      'E_FILE_TRUNCATED',
    );
  });

  it('keeps what is sound of a cut file', () => {
    const text = JSON.stringify(around({ ...plain, samples: [[0], [0, 1], [0, 1]], weights: [1, 1, 1] }));
    const file = bad(Buffer.from(text.slice(0, text.indexOf('[0,1]') + 6)));
    if (typeof file === 'string') throw new Error(file);
    expect(file.profiles[0]!.tree.total[0]).toBe(2);
    expect(file.profiles[0]!.tree.partial).toMatch(/^file is sound for \d+ of \d+ characters$/);
  });

  it.each(files)('survives %s cut anywhere and with any byte changed', (name) => {
    const whole = readFileSync(join(FIXTURES, 'speedscope', name));
    const outcomes = new Set<string>();
    const step = Math.max(1, Math.floor(whole.length / 300));
    for (let at = 0; at < whole.length; at += step) {
      const cut = bad(whole.subarray(0, at));
      const flipped = Uint8Array.from(whole);
      flipped[at] = flipped[at]! ^ (1 + ((at * 7) % 127));
      const changed = bad(flipped);
      for (const outcome of [cut, changed]) outcomes.add(typeof outcome === 'string' ? outcome : 'read');
    }
    expect(outcomes).toContain('read');
    expect(outcomes).toContain('E_FILE_TRUNCATED');
  });

  it('is bounded on frames that are opened and never closed', () => {
    const events = Array.from({ length: 200_000 }, (_, at) => ({
      type: at < 100_000 ? 'O' : 'C',
      frame: at < 100_000 ? 0 : 1,
      at,
    }));
    const { profiles, notes } = parse(around({ ...plain, type: 'evented', events, endValue: 200_000 }));
    expect(profiles[0]!.tree.length).toBe(100_001);
    expect(notes).toEqual(['p: 100000 of 200000 events do not fit and were left out']);
  });
});
