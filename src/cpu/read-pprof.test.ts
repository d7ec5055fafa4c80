import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  Function as Fn,
  Label,
  Line,
  Location,
  Mapping,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import { describe, expect, it } from 'vitest';
import { openBytes, openFile } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import type { CallTree } from './call-tree.ts';
import { describeTree } from './drawn-tree.fixture.ts';
import { aggregateFunctions } from './functions.ts';
import { readPprof } from './read-pprof.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/pprof');
const files = readdirSync(FIXTURES).filter((name) => name.endsWith('.gz'));
const read = (name: string) => readPprof(openFile(join(FIXTURES, name)), {});
const row = (tree: CallTree, name: string) => aggregateFunctions(tree).find((entry) => entry.name === name);

describe('readPprof, on files of real tools', () => {
  it('reads a CPU profile of Go', () => {
    const { profiles, recordedAt, notes } = read('go-cpu.pb.gz');
    expect(notes).toEqual([]);
    expect(recordedAt).toMatch(/^2026-11-23T/);
    expect(profiles.map(({ name, tree }) => [name, tree.unit, tree.total[0]])).toEqual([
      ['cpu', 'microseconds', 1_230_000],
      ['samples', 'samples', 123],
    ]);
    const { tree } = profiles[0]!;
    expect(tree.to).toBeCloseTo(1305, 0);
    // As `go tool pprof -top` says.
    expect(row(tree, 'crypto/sha256.block')).toMatchObject({
      self: 660_000,
      total: 660_000,
      category: 'native',
    });
    expect(row(tree, 'main.sum')).toMatchObject({ self: 130_000, file: './main.go' });
    expect(row(tree, 'crypto/sha256.Sum256')).toMatchObject({ self: 30_000, total: 840_000 });
    // Lines that ran, of a loop of one function.
    const lines = [...tree.lines.node]
      .map((node, at) => [tree.frames.name[tree.frame[node]!], tree.lines.line[at]] as const)
      .filter(([name]) => name === 'main.sum');
    expect(new Set(lines.map(([, line]) => line))).toEqual(new Set([20]));
  });

  it('reads a heap profile of Go: four types, the default first', () => {
    const { profiles } = read('go-heap.pb.gz');
    expect(profiles.map(({ name, tree }) => [name, tree.unit])).toEqual([
      ['inuse_space', 'bytes'],
      ['alloc_objects', 'samples'],
      ['alloc_space', 'bytes'],
      ['inuse_objects', 'samples'],
    ]);
    expect(row(profiles[0]!.tree, 'main.render')!.total).toBeGreaterThan(8e6);
    // A tree has only the stacks of its own type.
    expect(row(profiles[0]!.tree, 'main.hash')).toBeUndefined();
    expect(row(profiles[2]!.tree, 'main.hash')!.self).toBeGreaterThan(1e8);
  });

  it('reads profiles of @datadog/pprof: places, packages, V8 names', () => {
    const { profiles } = read('node-cpu.pb.gz');
    expect(profiles.map(({ name }) => name)).toEqual(['wall', 'sample']);
    const { tree } = profiles[0]!;
    expect(row(tree, 'render')).toMatchObject({
      file: '/srv/shop/shop.cjs',
      line: 13,
      party: 'user',
      category: 'js',
    });
    expect(row(tree, 'Garbage Collection')).toMatchObject({ category: 'gc', party: 'none' });
    expect(row(tree, 'createHash')).toMatchObject({ party: 'core', file: 'node:crypto' });
    // `render` ran on one line as far as the file says: its own.
    expect([...tree.lines.node].some((node) => tree.frames.name[tree.frame[node]!] === 'render')).toBe(false);
    const heap = read('node-heap.pb.gz').profiles;
    expect(heap.map(({ name }) => name)).toEqual(['inuse_space', 'inuse_objects']);
    expect(row(heap[0]!.tree, 'add')!.self).toBeGreaterThan(5e6);
    expect(
      aggregateFunctions(heap[0]!.tree).find(({ package: name }) => name === '@datadog/pprof'),
    ).toBeDefined();
  });

  it('separates threads by their label', () => {
    const { profiles } = read('node-threads.pb.gz');
    expect(profiles.map(({ name }) => name)).toEqual([
      'http cpu',
      'batch cpu',
      'http sample',
      'batch sample',
      'http wall',
      'batch wall',
    ]);
    for (const { tree } of profiles.slice(0, 2)) expect(row(tree, 'render')!.self).toBeGreaterThan(0);
  });

  it.each(files)('adds up to what another decoder finds in %s', (name) => {
    const decoded = Profile.decode(gunzipSync(readFileSync(join(FIXTURES, name))));
    const { profiles } = read(name);
    for (const [index, type] of decoded.sampleType.entries()) {
      const label = decoded.stringTable.strings[Number(type.type)]!;
      const unit = decoded.stringTable.strings[Number(type.unit)];
      const sum = decoded.sample.reduce((all, sample) => all + Number(sample.value[index]), 0);
      const ours = profiles
        .filter((profile) => profile.name.split(' ').at(-1) === label)
        .reduce((all, { tree }) => all + tree.total[0]!, 0);
      expect(ours, label).toBeCloseTo(unit === 'nanoseconds' ? sum / 1000 : sum, 3);
    }
  });
});

/** Draws a profile with another encoder. Locations: lists of [name, file, line, start line, column], innermost first. */
function draw(options: {
  types?: [string, string][];
  defaultType?: string;
  locations: {
    id?: number | bigint;
    lines?: [string, string, number?, number?, number?][];
    module?: string;
    address?: bigint;
  }[];
  samples: {
    stack: (number | bigint)[];
    value: (number | bigint)[];
    label?: Record<string, string | number>;
  }[];
  duration?: number;
}): Uint8Array {
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const functions: Fn[] = [];
  const mappings: Mapping[] = [];
  const location = options.locations.map(({ id, lines = [], module, address }, index) => {
    if (module !== undefined) mappings.push(new Mapping({ id: mappings.length + 1, filename: text(module) }));
    return new Location({
      id: id ?? index + 1,
      ...(module === undefined ? {} : { mappingId: mappings.length }),
      ...(address === undefined ? {} : { address }),
      line: lines.map(([name, file, line = 0, startLine = 0, column = 0]) => {
        let at = functions.findIndex((fn) => fn.name === text(name) && fn.filename === text(file));
        if (at < 0)
          at =
            functions.push(
              new Fn({ id: functions.length + 1, name: text(name), filename: text(file), startLine }),
            ) - 1;
        return new Line({ functionId: at + 1, line, column });
      }),
    });
  });
  const types = options.types ?? [['cpu', 'nanoseconds']];
  return new Profile({
    stringTable: strings,
    sampleType: types.map(([type, unit]) => new ValueType({ type: text(type), unit: text(unit) })),
    sample: options.samples.map(
      ({ stack, value, label = {} }) =>
        new Sample({
          locationId: stack,
          value,
          label: Object.entries(label).map(([key, entry]) =>
            typeof entry === 'string'
              ? new Label({ key: text(key), str: text(entry) })
              : new Label({ key: text(key), num: entry }),
          ),
        }),
    ),
    location,
    function: functions,
    mapping: mappings,
    durationNanos: options.duration ?? 0,
    defaultSampleType: options.defaultType === undefined ? 0 : text(options.defaultType),
  }).encode();
}

const tree = (bytes: Uint8Array) => readPprof(openBytes(bytes), {}).profiles[0]!.tree;

describe('readPprof, on drawn files', () => {
  it('puts inlined functions below the one they were inlined into', () => {
    const bytes = draw({
      locations: [
        {
          lines: [
            ['memcpy', '/lib/string.c', 8],
            ['printf', '/lib/stdio.c', 90],
          ],
        },
        { lines: [['main', '/app/a.js', 3]] },
      ],
      samples: [{ stack: [1, 2], value: [5000] }],
    });
    expect(describeTree(tree(bytes), 0)).toEqual([
      'all  0',
      'all > main@/app/a.js:3:0 js/user/  0',
      'all > main@/app/a.js:3:0 js/user/ > printf@/lib/stdio.c:90:0 native/none/  0',
      'all > main@/app/a.js:3:0 js/user/ > printf@/lib/stdio.c:90:0 native/none/ > memcpy@/lib/string.c:8:0 native/none/  5',
    ]);
  });

  it('names code without symbols by address and library, kernel by mapping', () => {
    const bytes = draw({
      locations: [
        { module: '/usr/lib/libssl.so.3', address: 0x7f001234n },
        { module: '[kernel.kallsyms]_text', lines: [['tcp_sendmsg', '']] },
        { module: '[kernel.kallsyms]', address: 0xffffffff81000010n },
        { address: 0xffffffff81000018n },
      ],
      samples: [{ stack: [4, 3, 2, 1], value: [1000] }],
    });
    const { frames } = tree(bytes);
    expect(frames.name.slice(1)).toEqual([
      '0x7f001234 libssl.so.3',
      'tcp_sendmsg',
      '0xffffffff81000010 [kernel.kallsyms]',
      '0xffffffff81000018',
    ]);
    expect([...frames.category.slice(1)]).toEqual([1, 5, 5, 1]);
  });

  it('keeps ids apart that differ beyond 2^53', () => {
    const big = 0xfedcba9876543210n;
    const bytes = draw({
      locations: [
        { id: big, lines: [['a', '/a.js', 1]] },
        { id: big + 1n, lines: [['b', '/b.js', 1]] },
        { id: 123456789, lines: [['c', '/c.js', 1]] },
      ],
      samples: [
        { stack: [big], value: [1000] },
        { stack: [big + 1n], value: [2000] },
        { stack: [123456789], value: [4000] },
      ],
    });
    expect(aggregateFunctions(tree(bytes)).map(({ name, self }) => [name, self])).toEqual([
      ['c', 4],
      ['b', 2],
      ['a', 1],
    ]);
  });

  it('takes start lines and columns, also those packed into the line', () => {
    const packed = Number((7n << 32n) | 41n);
    const bytes = draw({
      locations: [
        { lines: [['packed', '/a.js', packed]] },
        { lines: [['started', '/b.js', 15, 11]] },
        { lines: [['started', '/b.js', 17, 11]] },
        { lines: [['started', '/b.js', 11, 11, 5]] },
      ],
      samples: [1, 2, 3, 4].map((id) => ({ stack: [id], value: [id * 1000] })),
    });
    const read = tree(bytes);
    expect(row(read, 'packed')).toMatchObject({ line: 41, column: 7 });
    expect(row(read, 'started')).toMatchObject({ line: 11, column: 5, self: 9 });
    expect([...read.lines.line].map((line, at) => [line, read.lines.weight[at]])).toEqual([
      [15, 2],
      [17, 3],
    ]);
  });

  it('knows units, and leaves negative values of differences out', () => {
    const types: [string, string][] = [
      ['a', 'milliseconds'],
      ['b', 'seconds'],
      ['c', 'kilobytes'],
      ['d', 'cycles'],
      ['e', 'constructor'],
      ['f', 'microseconds'],
    ];
    const file = readPprof(
      openBytes(
        draw({
          types,
          defaultType: 'b',
          locations: [{ lines: [['f', '/f.js', 1]] }],
          samples: [
            { stack: [1], value: [2, 3, 4, 5, 6, 7] },
            { stack: [1], value: [-1, 0, 0, 0, 0, 0] },
          ],
        }),
      ),
      {},
    );
    expect(file.profiles.map(({ name, tree: { unit, total } }) => [name, unit, total[0]])).toEqual([
      ['b', 'microseconds', 3e6],
      ['a', 'microseconds', 2000],
      ['c', 'bytes', 4096],
      ['d', 'samples', 5],
      ['e', 'samples', 6],
      ['f', 'microseconds', 7],
    ]);
    expect(file.notes).toEqual([expect.stringContaining('1 negative values')]);
  });

  it('tells threads by number where they have no name', () => {
    const bytes = draw({
      locations: [{ lines: [['f', '/f.js', 1]] }],
      samples: [
        { stack: [1], value: [1000], label: { 'thread id': 7, bytes: 9 } },
        { stack: [1], value: [2000], label: { 'thread id': 8, 'thread name': 'pool' } },
        { stack: [1], value: [3000] },
      ],
    });
    const { profiles } = readPprof(openBytes(bytes), {});
    expect(profiles.map(({ name, tree: { total } }) => [name, total[0]])).toEqual([
      ['no thread', 3],
      ['pool', 2],
      ['thread 7', 1],
    ]);
  });

  it('sums up the threads of a file with too many', () => {
    const samples = Array.from({ length: 5000 }, (_, id) => ({
      stack: [1],
      value: [1000],
      label: { thread: `t${id}` },
    }));
    const { profiles } = readPprof(
      openBytes(draw({ locations: [{ lines: [['f', '/f.js', 1]] }], samples })),
      {},
    );
    expect(profiles.length).toBe(100);
    expect(profiles[0]).toMatchObject({ name: 'other threads' });
    expect(profiles.reduce((sum, { tree: { total } }) => sum + total[0]!, 0)).toBe(5000);
  });

  it('takes an empty profile for what it is', () => {
    const { profiles } = readPprof(openBytes(draw({ locations: [], samples: [], duration: 5e9 })), {});
    expect(profiles.map(({ name, tree: { length, total, to } }) => [name, length, total[0], to])).toEqual([
      ['cpu', 1, 0, 5000],
    ]);
  });

  it('notes samples whose locations are missing, and keeps the rest', () => {
    const bytes = draw({
      locations: [{ lines: [['f', '/f.js', 1]] }],
      samples: [
        { stack: [99, 1], value: [1000] },
        { stack: [1], value: [1000] },
      ],
    });
    const file = readPprof(openBytes(bytes), {});
    expect(file.notes).toEqual(['1 damaged entries were skipped']);
    expect(row(file.profiles[0]!.tree, 'f')!.self).toBe(2);
  });
});

describe('readPprof, on bad files', () => {
  const bad = (bytes: Uint8Array) => {
    try {
      return readPprof(openBytes(bytes, 'x.pb'), {});
    } catch (error) {
      if (!(error instanceof HolterError)) throw error;
      return error.code;
    }
  };

  it('refuses what is not pprof', () => {
    expect(bad(new Uint8Array(0))).toBe('E_FILE_FORMAT');
    expect(bad(Buffer.from('{"nodes":[]}'))).toBe('E_FILE_FORMAT');
    expect(bad(Buffer.from('main;hash 30\n'))).toBe('E_FILE_FORMAT');
    expect(bad(readFileSync('/proc/self/exe').subarray(0, 100_000))).toBe('E_FILE_FORMAT');
  });

  it('keeps what is sound of a cut file, or says that nothing is', () => {
    const whole = gunzipSync(readFileSync(join(FIXTURES, 'go-cpu.pb.gz')));
    expect(bad(whole.subarray(0, 300))).toBe('E_FILE_TRUNCATED');
    const late = bad(whole.subarray(0, whole.length - 400));
    if (typeof late === 'string') throw new Error(late);
    expect(late.profiles[0]!.tree.partial).toMatch(
      /^file is sound for \d+ of \d+ bytes; \d+ functions have no name/,
    );
    expect(late.profiles[0]!.tree.total[0]).toBe(1_230_000);
  });

  it.each(files)('survives %s cut anywhere and with any byte changed', (name) => {
    const packed = readFileSync(join(FIXTURES, name));
    const plain = gunzipSync(packed);
    let outcomes = 0;
    for (let cut = 0; cut < plain.length; cut += 23) {
      bad(plain.subarray(0, cut));
      outcomes++;
    }
    for (let cut = 0; cut < packed.length; cut += 61)
      expect(bad(packed.subarray(0, cut))).toEqual(expect.stringMatching(/^E_FILE/));
    for (let at = 0; at < plain.length; at += 17) {
      const flipped = Uint8Array.from(plain);
      flipped[at] = flipped[at]! ^ (1 + ((at * 7) % 255));
      bad(flipped);
      outcomes++;
    }
    expect(outcomes).toBeGreaterThan(100);
  });

  it('is bounded on hostile tables', () => {
    // A million empty sample types, strings, locations with empty lines.
    const fill = (bytes: number[]) => Buffer.alloc(bytes.length * 300_000, Buffer.from(bytes));
    const base = draw({ locations: [{ lines: [['f', '/f.js', 1]] }], samples: [{ stack: [1], value: [1] }] });
    for (const entry of [
      [0x0a, 0],
      [0x32, 0],
      [0x22, 2, 0x22, 0],
      [0x12, 2, 0x08, 1],
      [0x2a, 0],
      [0x1a, 0],
    ]) {
      const outcome = bad(Buffer.concat([base, fill(entry)]));
      expect(typeof outcome === 'string' || outcome.profiles.length >= 1).toBe(true);
    }
  });
});
