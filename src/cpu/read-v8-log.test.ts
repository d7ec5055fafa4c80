import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { CATEGORIES, type CallTree } from './call-tree.ts';
import { aggregateFunctions } from './functions.ts';
import { readV8Log } from './read-v8-log.ts';
import { splitTime } from './time-split.ts';

const FOLDER = join(import.meta.dirname, '../../test/fixtures/v8-log');
const FIXTURES = readdirSync(FOLDER).filter((name) => name.endsWith('.json.gz'));
const bytesOf = (name: string) => gunzipSync(readFileSync(join(FOLDER, name)));

const CODE = [
  {
    name: 'main /app/x.js:1:1',
    type: 'JS',
    kind: 'Unopt',
    func: 0,
    tm: 1,
    source: { script: 1, positions: 'C0O0' },
  },
  { name: 'render file:///app/x.js:10:5', type: 'JS', kind: 'Opt', func: 1, tm: 2 },
  { name: '~old /app/x.js:20', type: 'JS', kind: 'Baseline' },
  { name: ' :1:20', type: 'JS', kind: 'Unopt' },
  { name: 'LdaZero', type: 'CODE', kind: 'BytecodeHandler' },
  { name: 'InterpreterEntryTrampoline', type: 'CODE', kind: 'Builtin' },
  { name: 'ArrayPrototypeSort', type: 'CODE', kind: 'Builtin' },
  { name: 'v8::internal::Heap::Scavenge()', type: 'CPP' },
  { name: '/usr/lib/libc.so.6', type: 'SHARED_LIB' },
  { name: "> src: 'a(b)' flags: 'g'", type: 'CODE', kind: 'RegExp' },
];

/** `stack` outermost first, as numbers in CODE. */
const tick = (tm: number, vm: number, ...stack: number[]) => ({
  tm,
  vm,
  s: stack.reverse().flatMap((code) => [code, 12]),
});
const read = (ticks: object[], code: object[] = CODE) =>
  readV8Log(
    openBytes(
      Buffer.from(JSON.stringify({ code, functions: [], ticks, scripts: [{ source: '{"ticks":[' }] })),
    ),
    {},
  );

function draw(tree: CallTree): string[] {
  const lines: string[] = [];
  for (let node = 0; node < tree.length; node++) {
    if (tree.self[node] === 0) continue;
    const stack: string[] = [];
    for (let at = node; at > 0; at = tree.parent[at]!) {
      const row = tree.frame[at]!;
      const { name, file, line, column } = tree.frames;
      stack.unshift(file[row] === '' ? name[row]! : `${name[row]}@${file[row]}:${line[row]}:${column[row]}`);
    }
    lines.push(`${stack.join(' > ')} = ${tree.self[node]}`);
  }
  return lines;
}

describe('readV8Log', () => {
  it('stacks with names and places; a tick weighs the time to the next', () => {
    const { profiles, format } = read([
      tick(1000, 0, 0, 1),
      tick(2500, 0, 0, 1, 6),
      tick(3500, 0, 0, 2, 5, 4),
      tick(4500, 0, 0, -1, 3),
      tick(5500, 6, 0, 8),
      tick(6500, 0, 0, 9),
      tick(7500, 5, 7),
      tick(8500, 0, -1),
      tick(9500, 0, 0, 8, 1),
    ]);
    const { tree, name } = profiles[0]!;
    expect([format, name, tree.unit]).toEqual(['v8-log', 'main', 'microseconds']);
    expect(draw(tree).sort()).toEqual(
      [
        'main@/app/x.js:1:1 > render@/app/x.js:10:5 = 2500',
        'main@/app/x.js:1:1 > render@/app/x.js:10:5 > ArrayPrototypeSort = 1000',
        'main@/app/x.js:1:1 > old@/app/x.js:20:0 = 1000',
        'main@/app/x.js:1:1 > (anonymous) = 1000',
        'main@/app/x.js:1:1 > [libc.so.6] = 1000',
        'main@/app/x.js:1:1 > /a(b)/g = 1000',
        'v8::internal::Heap::Scavenge() = 1000',
        '(program) = 1000',
      ].sort(),
    );
    expect([tree.from, tree.to, tree.samples.time[1]]).toEqual([1, 10.5, 2.5]);
    expect(tree.frames.category[tree.frames.name.indexOf('(anonymous)')]).toBe(CATEGORIES.indexOf('js'));
  });

  it('collections, compiling and waiting are frames of their own', () => {
    const { tree } = read([
      tick(1000, 1, 7),
      tick(2000, 1, 0, 1, 7),
      tick(3000, 4, 0, 8),
      tick(4000, 2, 0),
      tick(5000, 8, 0),
      tick(6000, 7, 0),
      tick(7000, 9, 0),
    ]).profiles[0]!;
    expect(draw(tree).sort()).toEqual(
      [
        '(garbage collector) = 1000',
        'main@/app/x.js:1:1 > render@/app/x.js:10:5 > (garbage collector) = 1000',
        'main@/app/x.js:1:1 > (compiler) = 1000',
        'main@/app/x.js:1:1 > (parser) = 1000',
        '(idle) = 1000',
        'main@/app/x.js:1:1 > (atomics wait) = 1000',
        'main@/app/x.js:1:1 > (logging) = 1000',
      ].sort(),
    );
    expect(splitTime(tree).weight).toMatchObject({ gc: 2000, idle: 2000, program: 3000 });
  });

  it('time without ticks is idle', () => {
    const ticks = [0, 1, 2, 3, 83, 84, 85].map((ms) => tick(ms * 1000, 0, 0));
    const { profiles, notes } = read(ticks);
    expect(draw(profiles[0]!.tree)).toEqual(['main@/app/x.js:1:1 = 7000', '(idle) = 79000']);
    expect(notes.join()).toContain('1 stretches');
  });

  it('other keys, other order, ticks out of order, values of the wrong kind', () => {
    const text = JSON.stringify({
      x: [[{}], 'ticks'],
      ticks: [
        { s: [0, 1], vm: 'x', tm: 3000 },
        { tm: 2000, s: [0, 1, 7] },
        { s: [] },
        7,
        { tm: -1, s: [0, 0] },
        { tm: 4000, s: {} },
        { tm: 5000, vm: 77, s: [99, 1, 1e300, 0, null, 2] },
      ],
      code: [CODE[0], 3, null],
    });
    const { tree } = readV8Log(openBytes(Buffer.from(text)), {}).profiles[0]!;
    expect(draw(tree)).toEqual(['main@/app/x.js:1:1 = 2000', '(program) = 2000']);
  });

  it('says when there is nothing to read', () => {
    const code = (text: string) => {
      try {
        readV8Log(openBytes(Buffer.from(text)), {});
      } catch (error) {
        return (error as HolterError).code;
      }
      return undefined;
    };
    expect([
      code('{"code":[],"ticks":[]}'),
      code('[]'),
      code(''),
      code('{"code":[{"name":"a","type":"JS"},{"na'),
    ]).toEqual(['E_FILE_FORMAT', 'E_FILE_FORMAT', 'E_FILE_FORMAT', 'E_FILE_TRUNCATED']);
  });
});

describe.each(FIXTURES)('%s', (name) => {
  it('names what ran', () => {
    const { profiles, notes } = readV8Log(openBytes(bytesOf(name)), {});
    const { tree } = profiles[0]!;
    const rows = aggregateFunctions(tree);
    const turn = rows.find((row) => row.name === 'turn');
    expect(turn).toMatchObject({ file: '/app/busy.cjs', line: 30, party: 'user', category: 'js' });
    // The rest is start-up, and collections that V8 logs without a stack.
    expect(turn!.total / tree.total[0]!).toBeGreaterThan(0.3);
    const { share } = splitTime(tree);
    expect(share.user).toBeGreaterThan(0.1);
    expect(share.gc).toBeGreaterThan(0.005);
    expect(rows.filter((row) => /^[~*^+]|InterpreterEntry/.test(row.name))).toEqual([]);
    expect(rows.some((row) => row.file === 'node:internal/timers')).toBe(true);
    expect(tree.total[0]! / 1000).toBeCloseTo(tree.to - tree.from, 6);
    expect(tree.partial).toBeUndefined();
    expect(notes.length).toBeLessThan(2);
  });

  it('a cut file gives the ticks before the cut', () => {
    const bytes = bytesOf(name);
    const { tree } = readV8Log(openBytes(bytes.subarray(0, bytes.length * 0.9)), {}).profiles[0]!;
    expect(tree.partial).toMatch(/sound for \d+ of \d+ bytes/);
    expect(tree.total[0]).toBeGreaterThan(0);
  });

  it('survives flips and cuts', () => {
    const bytes = bytesOf(name);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, end) => {
        const copy = Buffer.from(bytes.subarray(0, end));
        if (at < end) copy[at] = value;
        try {
          const { tree } = readV8Log(openBytes(copy), {}).profiles[0]!;
          expect(Number.isFinite(tree.total[0])).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(HolterError);
        }
      }),
      { numRuns: 40 },
    );
  });
});
