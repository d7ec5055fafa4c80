import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differentStacks, stacksOfCollapsed, stacksOfTree } from '../../test/oracles/stackcollapse.mjs';
import { type ByteSource, openBytes } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { CATEGORIES, type CallTree } from './call-tree.ts';
import { aggregateFunctions } from './functions.ts';
import type { ReadProfileOptions } from './profile-file.ts';
import { readPerfScript } from './read-perf-script.ts';
import { splitTime } from './time-split.ts';

const FOLDER = join(import.meta.dirname, '../../test/fixtures/perf-script');
const FIXTURES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.txt.gz'))
  .sort();
const bytesOf = (name: string) => gunzipSync(readFileSync(join(FOLDER, name)));

const read = (text: string | Uint8Array, options: ReadProfileOptions = {}) =>
  readPerfScript(openBytes(typeof text === 'string' ? Buffer.from(text) : text, 'perf.txt'), options);

/** `outer > inner = self` per node with self weight. */
function draw(tree: CallTree): string[] {
  const lines: string[] = [];
  for (let node = 0; node < tree.length; node++) {
    if (tree.self[node] === 0) continue;
    const stack: string[] = [];
    for (let at = node; at > 0; at = tree.parent[at]!) stack.unshift(tree.frames.name[tree.frame[at]!]!);
    lines.push(`${stack.join(' > ')} = ${Math.round(tree.self[node]! * 1000) / 1000}`);
  }
  return lines;
}

const sample = (header: string, ...frames: string[]) =>
  `${header}\n${frames.map((frame) => `\t${frame}\n`).join('')}\n`;
const MAIN = '7f01 main+0x1f (/usr/bin/node)';
const WORK = '7f02 JS:*work /app/x.js:10:3+0x7 (/tmp/perf-4711.map)';

describe('headers', () => {
  it.each([
    ['node 4711 12527.331907:    1001001 cpu-clock:pppH: ', 'node 4711', 1001.001],
    ['node 4711 12527.331907:    1001001 cpu-clock: ', 'node 4711', 1001.001],
    ['node  4711/4711 [001] 12527.331907: 1001001 task-clock:u:', 'node 4711', 1001.001],
    ['V8 WorkerThread 4711/4713 [000] 94564.109216:        100 cycles: ', 'V8 WorkerThread 4713', 1],
    ['a [1] 2 [b] 25607 4794564.109216: cycles: ', 'a [1] 2 [b] 25607', 1],
    ['ü:x 12 3.5 77 94564.109216789: cpu-clock: ', 'ü:x 12 3.5 77', 1],
    ['            node 4711 1.000001:    1000 cpu-clock:', 'node 4711', 1],
    ['node 4711/4711 ', 'node 4711', 1],
    ['node 4711 [003]       1 cycles:u: ', 'node 4711', 1],
    [':-1    -1 [000] 9.000000:     250000 cpu-clock:', ':-1 -1', 250],
    [
      'node 4711 [001] 5.123456: sched:sched_switch: prev_comm=node prev_pid=4711 prev_prio=120 ==> next_comm=a b next_pid=1',
      'node 4711',
      1,
    ],
  ])('%s', (header, name, weight) => {
    const { profiles, notes } = read(sample(header, WORK, MAIN));
    expect(profiles.map((profile) => profile.name)).toEqual([name]);
    expect(draw(profiles[0]!.tree)).toEqual([`main > work = ${weight}`]);
    expect(notes).toEqual([]);
  });

  it('the only frame on the line of the sample', () => {
    const { tree } = read(
      '            node 4711 1.000001:    1000 cpu-clock:  ffff81 copy_page+0x5 ([kernel.kallsyms])\n',
    ).profiles[0]!;
    expect([draw(tree), tree.partial]).toEqual([['copy_page = 1'], undefined]);
  });

  it('unit: µs for clocks with periods, else samples', () => {
    const unit = (text: string) => read(text).profiles[0]!.tree.unit;
    expect(unit(sample('node 1 1.0: 1000 cpu-clock:', MAIN))).toBe('microseconds');
    expect(unit(sample('node 1 1.0: cpu-clock:', MAIN))).toBe('samples');
    expect(unit(sample('node 1 1.0: 1000 cycles:', MAIN))).toBe('samples');
    expect(unit(sample('node 1 1.0: 1000 cpu-clock:', MAIN) + sample('node 1 2.0: cpu-clock:', MAIN))).toBe(
      'samples',
    );
  });

  it('time of recording from the header', () => {
    const head = '# ========\n# captured on    : Mon Nov 23 02:48:51 2026\n';
    const reference =
      '# reference time: 2026-11-23 02:48:48.771601 = 1795402128.771601 (TOD) = 12527.28 (monotonic)\n#\n';
    const body = sample('node 1 1.0: 1 cycles:', MAIN);
    expect(read(head + reference + body).recordedAt).toBe('2026-11-23T02:48:48.771Z');
    expect(read(head + body).recordedAt).toMatch(/^2026-11-2[234]T/);
    expect(read(body).recordedAt).toBeUndefined();
  });
});

describe('samples', () => {
  it('times in ms after the first, or on the clock of the recording', () => {
    const text =
      sample('node 7 100.000500: 1000000 cpu-clock:', WORK, MAIN) +
      sample('node 7 100.002000: 1000000 cpu-clock:', MAIN);
    const { tree } = read(text).profiles[0]!;
    expect([...tree.samples.time].map((time) => time.toFixed(6))).toEqual(['0.000000', '1.500000']);
    expect([...tree.samples.weight]).toEqual([1000, 1000]);
    expect([tree.from, Number(tree.to.toFixed(6))]).toEqual([0, 2.5]);
    const moved = read(text, { startedMonotonicUs: 99_000_000 }).profiles[0]!.tree;
    expect(Number(moved.from.toFixed(6))).toBe(1000.5);
  });

  it('brings the samples of texts put together into order', () => {
    const one = sample('node 7 2.000000: 1 cycles:', MAIN);
    const { tree } = read(one + sample('node 7 1.500000: 1 cycles:', WORK, MAIN)).profiles[0]!;
    expect([...tree.samples.time]).toEqual([-500, 0]);
    expect([...tree.samples.node].map((node) => tree.depth[node])).toEqual([2, 1]);
  });

  it('a tree for all threads, then main threads, then the others', () => {
    const text = [
      sample('node 20/21 1.0: 1 cycles:', MAIN),
      sample('node 20/21 1.1: 1 cycles:', WORK, MAIN),
      sample('node 20/20 1.2: 1 cycles:', WORK, MAIN),
      sample('MainThread 20/20 1.3: 1 cycles:', WORK, MAIN),
      sample('sh 19/19 1.4: 1 cycles:', MAIN),
    ].join('');
    const { profiles } = read(text);
    expect(profiles.map((profile) => [profile.name, profile.tree.total[0]])).toEqual([
      ['all threads', 5],
      ['MainThread 20', 2],
      ['sh 19', 1],
      ['node 21', 2],
    ]);
    expect(draw(profiles[0]!.tree)).toEqual([
      'node > main = 1',
      'node > main > work = 1',
      'MainThread > main > work = 2',
      'sh > main = 1',
    ]);
    expect(draw(profiles[1]!.tree)).toEqual(['main > work = 2']);
  });

  it('finds the main thread by the name of its map when perf gives no pid', () => {
    const text =
      sample('V8Worker 4715 1.0: 1 cycles:', MAIN) +
      sample('V8Worker 4715 1.1: 1 cycles:', MAIN) +
      sample('node 4711 1.2: 1 cycles:', WORK, MAIN);
    expect(read(text).profiles.map((profile) => profile.name)).toEqual([
      'all threads',
      'node 4711',
      'V8Worker 4715',
    ]);
  });

  it('a CPU with nothing to do is idle', () => {
    const halt = 'ffffffff81 default_idle+0x1 ([kernel.kallsyms])';
    const text =
      sample('swapper     0 [000] 1.0: 1000 cpu-clock:', halt) +
      sample('node 7 [001] 1.0: 3000 cpu-clock:', halt, MAIN);
    const { profiles } = read(text);
    expect(profiles.map((profile) => profile.name)).toEqual(['all threads', 'node 7', 'idle CPUs']);
    expect(splitTime(profiles[0]!.tree).weight).toMatchObject({ idle: 1, kernel: 3 });
  });

  it('does not add up different events', () => {
    const text =
      sample('node 1 1.0: 1000 cpu-clock:', MAIN) +
      sample('node 1 1.1: 5 page-faults:', WORK, MAIN) +
      sample('node 1 1.2: 2000 cpu-clock:', MAIN);
    const { profiles, notes } = read(text);
    expect(profiles.map(({ name, tree }) => [name, tree.unit, tree.total[0]])).toEqual([
      ['node 1', 'microseconds', 3],
      ['node 1 (page-faults)', 'samples', 1],
    ]);
    expect(notes.join()).toContain('several events');
  });

  it('frames in all their dress', () => {
    const text = sample(
      'node 1 1.0: 1 cycles:',
      'ffffffff815f6bf0 copy_page+0x0 ([kernel.kallsyms])',
      '7f03 inner (inlined)',
      '7f04 operator() (anonymous namespace)+0x12 (/opt/a b/lib x.so)',
      '7f05 [unknown] (/usr/lib/libc.so.6 (deleted))',
      '7f06 [unknown] ([unknown])',
      'cafe add+0x1 (/usr/bin/node (deleted))',
      '7f08 noFile+0x3',
      WORK,
      MAIN,
    );
    const { tree } = read(text).profiles[0]!;
    expect(draw(tree)).toEqual([
      'main > work > noFile > add > [unknown] > [libc.so.6] > operator() (anonymous namespace) > inner > copy_page = 1',
    ]);
    expect(CATEGORIES[tree.frames.category[tree.frames.name.indexOf('copy_page')]!]).toBe('kernel');
    const work = tree.frames.name.indexOf('work');
    expect([tree.frames.file[work], tree.frames.line[work], tree.frames.column[work]]).toEqual([
      '/app/x.js',
      10,
      3,
    ]);
  });

  it('spaces instead of tabs, CRLF, source lines, a sample without frames', () => {
    const spaced =
      'node 1 1.0: 1 cycles:\n        7f02 f+0x1 (/x)\n  x.c:12\n            7f01 main (/x)\n  libc.so[27b25]\n\nnode 1 1.1: 1 cycles:\n\n';
    for (const text of [spaced, spaced.replaceAll('\n', '\r\n')]) {
      const { profiles, notes } = read(text);
      expect([draw(profiles[0]!.tree), notes]).toEqual([['main > f = 1', '(no stack) = 1'], []]);
    }
  });

  it('what a collection calls belongs to it, unless it calls back into JS', () => {
    const gc = '7f05 v8::internal::Heap::CollectGarbage+0x1 (/usr/bin/node)';
    const copy = '7f06 memcpy+0x1 (/usr/lib/libc.so.6)';
    const text =
      sample('node 1 1.0: 1 cycles:', copy, gc, WORK, MAIN) +
      sample('node 1 1.1: 1 cycles:', copy, WORK, MAIN) +
      sample('node 1 1.2: 1 cycles:', copy, WORK, gc, MAIN);
    const { tree } = read(text).profiles[0]!;
    expect(splitTime(tree).weight).toMatchObject({ gc: 1, native: 2 });
  });

  it('shows a nameless interpreter frame once, and not beside one that has the name', () => {
    const entry = '1634 Builtins_InterpreterEntryTrampoline+0xd4 (/usr/bin/node)';
    const named = '7ff2 JS:~outer /app/x.js:5:15+0xd4 (/tmp/perf-9.map)';
    const text =
      sample('node 1 1.0: 1 cycles:', entry, entry, entry, WORK, MAIN) +
      sample('node 1 1.1: 1 cycles:', entry, named, entry, entry, MAIN) +
      sample('node 1 1.2: 1 cycles:', WORK, entry, MAIN) +
      sample('node 1 1.3: 1 cycles:', named, entry, MAIN);
    expect(draw(read(text).profiles[0]!.tree)).toEqual([
      'main > work > (interpreted function) = 1',
      'main > (interpreted function) > outer = 1',
      'main > (interpreted function) > work = 1',
      'main > outer = 1',
    ]);
  });

  it('stacks of 20 000 frames', () => {
    const frames = Array.from({ length: 20_000 }, (_, i) => `7f${i % 90} f${i % 90}+0x1 (/x)`);
    const text =
      sample('node 1 1.0: 1 cycles:', ...frames, MAIN) +
      sample('node 1 1.1: 1 cycles:', 'ab g (/x)', ...frames, MAIN);
    const { tree } = read(text).profiles[0]!;
    expect([tree.length, Math.max(...tree.depth)]).toEqual([20_003, 20_002]);
  });
});

describe('cut and damaged texts', () => {
  const head = sample('node 1 1.0: 1 cycles:', WORK, MAIN);
  it('keeps a last sample whose blank line was trimmed, drops one that is cut', () => {
    const whole = `${head}node 1 1.1: 1 cycles:\n\t${MAIN}`;
    expect(read(whole).profiles[0]!.tree.total[0]).toBe(2);
    for (const cut of [
      `${head}node 1 1.1: 1 cycles:\n\t${WORK}\n`,
      `${head}node 1 1.1: 1 cycles:\n\t7f01 ma`,
    ]) {
      const { tree } = read(cut).profiles[0]!;
      expect([tree.total[0], tree.partial]).toEqual([1, 'the last of 2 samples is cut off']);
    }
  });

  it('says when there is nothing', () => {
    const code = (text: string) => {
      try {
        read(text);
      } catch (error) {
        return (error as HolterError).code;
      }
      return undefined;
    };
    expect([code(''), code('hello\nworld\n'), code('node 1 1.0: 1 cycles:\n\t7f01 ma')]).toEqual([
      'E_FILE_FORMAT',
      'E_FILE_FORMAT',
      'E_FILE_TRUNCATED',
    ]);
  });

  it('counts what it does not understand', () => {
    expect(read(`${head}perf: something happened\n${head}`).notes).toEqual(['1 lines were not understood']);
  });

  const survive = (bytes: Uint8Array) => {
    try {
      for (const { tree } of read(bytes).profiles) expect(Number.isFinite(tree.total[0])).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(HolterError);
    }
  };

  it('any text made of its words', () => {
    const word = fc.constantFrom(
      '\n',
      '\t',
      ' ',
      '7f01',
      'main+0x1',
      '(/x)',
      'node',
      '12',
      '1.5:',
      'cycles:',
      '[001]',
      '#',
      '\r',
      ')',
      '  a:1',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => survive(Buffer.from(words.join('')))),
    );
  });

  it.each(FIXTURES)('%s flipped and cut', (name) => {
    const bytes = bytesOf(name).subarray(0, 60_000);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, end) => {
        const copy = Buffer.from(bytes.subarray(0, end));
        if (at < end) copy[at] = value;
        survive(copy);
      }),
      { numRuns: 60 },
    );
  });

  it('long lines of nothing take no longer than they are', () => {
    // Patterns that try every split of a line would need hours.
    for (const part of [' ', '\t', '1 ', 'a ', '(', ' (', '1:', '~ '])
      survive(Buffer.from(`node 1 1.0: 1 cycles:\n\t7f ${part.repeat(300_000)}\n${part.repeat(300_000)}\n`));
  });
});

describe('recorded texts', () => {
  it.each(FIXTURES)('%s: the same stacks and weights as stackcollapse-perf.pl', (name) => {
    const { profiles, notes } = read(bytesOf(name));
    const theirs = stacksOfCollapsed(bytesOf(name.replace('.txt.', '.folded.')).toString());
    expect(theirs.size).toBeGreaterThan(10);
    expect(differentStacks(stacksOfTree(profiles[0]!.tree, profiles.length > 1), theirs)).toEqual([]);
    expect(notes).toEqual([]);
    expect(profiles[0]!.tree.partial).toBeUndefined();
  });

  it.each(FIXTURES)('%s: the same in pieces of any size', (name) => {
    const bytes = bytesOf(name);
    const expected = draw(read(bytes).profiles[0]!.tree);
    let at = 0;
    const source: ByteSource = {
      name: 'pipe',
      size: undefined,
      read(into) {
        const count = Math.min(997, into.length, bytes.length - at);
        into.set(bytes.subarray(at, at + count));
        at += count;
        return count;
      },
      close() {},
    };
    expect(draw(readPerfScript(source, {}).profiles[0]!.tree)).toEqual(expected);
  });

  it.each(FIXTURES.filter((name) => name.includes('busy')))('%s: who did what', (name) => {
    const { profiles } = read(bytesOf(name));
    const main = profiles[1]!;
    // Node 24 names its main thread.
    expect(main.name).toMatch(/^(node|MainThread) \d+$/);
    const rows = aggregateFunctions(main.tree);
    const turn = rows.find((row) => row.name === 'turn');
    expect(turn).toMatchObject({ file: '/app/busy.cjs', line: 30, category: 'js', party: 'user' });
    expect(turn!.total / main.tree.total[0]!).toBeGreaterThan(0.5);
    const { share } = splitTime(main.tree);
    expect(share.gc).toBeGreaterThan(0.005);
    expect(share.kernel).toBeGreaterThan(0.01);
    expect(share.native).toBeGreaterThan(0.2);
    expect(rows.some((row) => /^(JS|LazyCompile):/.test(row.name))).toBe(false);
    // 500 ms of work, on one of two busy CPUs.
    expect(main.tree.to - main.tree.from).toBeGreaterThan(400);
  });
});
