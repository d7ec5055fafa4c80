import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openProfile, type ProfileTables, ROOMS } from './profile-tables.ts';
import {
  cutLine,
  functionStarts,
  heatLines,
  heatOf,
  indexLines,
  LONGEST_LINE,
  lineText,
  lineToShow,
  rankSourceFiles,
  stripHeat,
  weighCalls,
  weighFrames,
} from './source-heat.ts';

const room = (name: string) => ROOMS.indexOf(name as 'user');

/** root > dispatch (dep) > walk (12) > walk > sha (native) ; walk > parse (30) ; idle ; lines of both walks. */
function drawProfile(): ProfileTables {
  const frames: [string, string, number, string][] = [
    ['(root)', '', 0, 'native'],
    ['dispatch', 'router/route.js', 5, 'dependency'],
    ['walk', 'app/a.js', 12, 'user'],
    ['sha', '', 0, 'native'],
    ['parse', 'app/a.js', 30, 'user'],
    ['render', 'app/b.js', 1, 'user'],
    ['(idle)', '', 0, 'idle'],
    ['(gc)', '', 0, 'gc'],
  ];
  return openProfile({
    thread: 'main',
    unit: 'microseconds',
    from: 0,
    to: 1,
    frames: {
      name: frames.map(([name]) => name),
      file: frames.map(([, file]) => file),
      line: Int32Array.from(frames, ([, , line]) => line),
      column: new Int32Array(frames.length).fill(1),
      room: Uint8Array.from(frames, ([, , , name]) => room(name)),
      package: frames.map(() => ''),
    },
    nodes: {
      //                 0   1  2  3  4  5  6  7  8
      parent: Int32Array.of(-1, 0, 1, 2, 3, 2, 1, 0, 2),
      frame: Int32Array.of(0, 1, 2, 2, 3, 4, 5, 6, 7),
      self: Float64Array.of(0, 10, 4, 6, 50, 20, 5, 100, 5),
    },
    samples: { time: new Float64Array(0), node: new Int32Array(0), weight: new Float64Array(0) },
    lines: {
      node: Int32Array.of(2, 3, 3, 5, 6),
      line: Int32Array.of(13, 13, 14, 31, 2),
      weight: Float64Array.of(4, 3, 3, 20, 5),
    },
    blamedNodes: [],
  });
}
const tables = drawProfile();
const none = new Float64Array(0);
const frames = weighFrames(tables, tables.self);

it('sums by function: totals once under recursion, native time charged to its caller, idle and GC to nobody', () => {
  const of = (name: string) => tables.name.indexOf(name);
  expect(frames.whole).toBe(200);
  expect(frames.self[of('walk')]).toBe(10);
  expect(frames.total[of('walk')]).toBe(85);
  expect(frames.charged[of('walk')]).toBe(60);
  expect(frames.charged[of('parse')]).toBe(20);
  expect(frames.charged.reduce((a, b) => a + b)).toBe(85);
});

it('lists the files of the user by what is charged to them, then others with a source', () => {
  const list = (sources: Record<string, string>) =>
    rankSourceFiles(tables, frames, sources).map(
      ({ file, weight, hasSource }) => `${file} ${weight} ${hasSource}`,
    );
  expect(list({ 'app/a.js': 'x' })).toEqual(['app/a.js 80 true', 'app/b.js 5 false']);
  expect(list({ 'router/route.js': '' })).toEqual([
    'app/a.js 80 false',
    'app/b.js 5 false',
    'router/route.js 10 true',
  ]);
  expect(rankSourceFiles(tables, frames, {})[0]?.frame).toBe(2);
  // A path may be called like something every object has.
  expect(list({}).join()).not.toContain('constructor');
});

it('gives lines their own time, of all paths and all functions of the file', () => {
  const heat = heatLines(tables, tables.self, none, 'app/a.js', 40);
  expect([...heat.byLine].sort()).toEqual([
    [13, 7],
    [14, 3],
    [31, 20],
  ]);
  expect(heat.hottest).toEqual([31, 13, 14]);
  expect(heat.beyond).toBe(0);
  expect(heatLines(tables, tables.self, none, 'app/a.js', 40, 2).hottest).toEqual([13, 14]);
});

it('keeps the mix of lines of a path in a time range', () => {
  const range = tables.self.map((_, node) => (node === 3 ? 2 : node === 2 ? 4 : 0));
  const heat = heatLines(tables, range, none, 'app/a.js', 40);
  expect(heat.byLine.get(13)).toBe(4 + 1);
  expect(heat.byLine.get(14)).toBe(1);
  expect(heat.byLine.has(31)).toBe(false);
});

it('adds what calls cost to their lines, by call path in a time range', () => {
  // walk calls sha on line 15 and, unknown to the source, gc; parse calls nothing.
  const calls = {
    frame: Int32Array.of(2),
    callee: Int32Array.of(3),
    line: Int32Array.of(15),
    weight: Float64Array.of(50),
  };
  const known = { ...tables, calls };
  const heat = heatLines(known, known.self, weighCalls(known, known.self), 'app/a.js', 40);
  expect(heat.hottest).toEqual([15, 31, 13, 14]);
  expect(heat.byLine.get(15)).toBe(50);
  expect(heat.calls.get(15)).toEqual([{ name: 'sha', weight: 50 }]);
  expect([...heat.calls.keys()]).toEqual([15]);
  const twice = known.self.map((weight) => weight * 2);
  expect(Array.from(weighCalls(known, twice))).toEqual([100]);
  const without = known.self.map((weight, node) => (node === 4 ? 0 : weight));
  expect(Array.from(weighCalls(known, without))).toEqual([0]);
  expect(weighCalls(tables, twice)).toHaveLength(0);
  expect(heatLines(known, known.self, weighCalls(known, known.self), 'app/a.js', 40, 4).calls.size).toBe(0);
});

it('counts below a call all that is not the user\u2019s again, each once', () => {
  // root > f (user) > open (core) > read (native) ; open > g (user) > read ; f > other (core) > open
  const rooms = ['native', 'user', 'core', 'native', 'user', 'core'].map(room);
  const chain = openProfile({
    thread: 'main',
    unit: 'samples',
    from: 0,
    to: 0,
    frames: {
      name: ['(root)', 'f', 'open', 'read', 'g', 'other'],
      file: rooms.map(() => 'app/a.js'),
      line: new Int32Array(6),
      column: new Int32Array(6),
      room: Uint8Array.from(rooms),
      package: rooms.map(() => ''),
    },
    nodes: {
      //                     root f  open read g  read other open
      parent: Int32Array.of(-1, 0, 1, 2, 2, 4, 1, 6),
      frame: Int32Array.of(0, 1, 2, 3, 4, 3, 5, 2),
      self: Float64Array.of(0, 1, 2, 4, 8, 16, 32, 64),
    },
    samples: { time: new Float64Array(0), node: new Int32Array(0), weight: new Float64Array(0) },
    lines: { node: new Int32Array(0), line: new Int32Array(0), weight: new Float64Array(0) },
    calls: {
      frame: Int32Array.of(1, 4),
      callee: Int32Array.of(2, 3),
      line: Int32Array.of(2, 9),
      weight: Float64Array.of(6, 16),
    },
    blamedNodes: [],
  });
  // A copy is another time range to the page; the sums are the same as those of the recording.
  expect(Array.from(weighCalls(chain, chain.self.slice()))).toEqual([2 + 4, 16]);
});

it('says what fell behind the end of the text', () => {
  const heat = heatLines(tables, tables.self, none, 'app/a.js', 20);
  expect(heat.beyond).toBe(20);
  expect(heat.hottest).toEqual([13, 14]);
});

it('marks where functions begin', () => {
  const starts = functionStarts(tables, frames, 'app/a.js');
  expect([...starts].map(([line, [one]]) => `${line} ${one?.name} ${one?.total} ${one?.self}`)).toEqual([
    '12 walk 85 10',
    '30 parse 20 20',
  ]);
});

it('splits text at every separator JavaScript counts', () => {
  const lines = (text: string) => {
    const index = indexLines(text);
    return Array.from({ length: index.length - 1 }, (_, i) => lineText(text, index, i + 1));
  };
  expect(lines('a\nb\r\nc\rd\u2028e')).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(lines('a\n')).toEqual(['a']);
  expect(lines('a\r\n')).toEqual(['a']);
  expect(lines('\n\n')).toEqual(['', '']);
  expect(lines('')).toEqual(['']);
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('x', 'yz', '', ' q'), { minLength: 1 }),
      fc.constantFrom('\n', '\r\n', '\u2029'),
      (parts, separator) => {
        expect(lines(parts.join(separator) + separator)).toEqual(parts);
        expect(lines(`${parts.join(separator)}${separator}end`)).toEqual([...parts, 'end']);
      },
    ),
  );
});

it('cuts long lines around the place asked for and loses nothing in its counts', () => {
  expect(cutLine('short', 3)).toEqual({ text: 'short', before: 0, after: 0 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 4000 }), (length, around) => {
      const text = 'abcdefghij'.repeat(300).slice(0, length);
      const cut = cutLine(text, around);
      expect(cut.text.length).toBeLessThanOrEqual(LONGEST_LINE);
      expect(cut.before + cut.text.length + cut.after).toBe(length);
      expect(text.slice(cut.before, cut.before + cut.text.length)).toBe(cut.text);
      if (around < length) {
        expect(around).toBeGreaterThanOrEqual(cut.before);
        expect(around).toBeLessThan(cut.before + cut.text.length);
      }
    }),
  );
});

it('puts every line into the strip, the last one too', () => {
  const heat = {
    byLine: new Map([
      [1, 2],
      [20_000, 3],
      [10_000, 4],
    ]),
    calls: new Map(),
    hottest: [],
    beyond: 0,
  };
  const strip = stripHeat(heat, 20_000, 150);
  expect([strip[0], strip[149], strip[74]]).toEqual([2, 3, 4]);
  expect(strip.reduce((a, b) => a + b)).toBe(9);
});

it('shows start and hottest line together when both fit, else the hottest', () => {
  expect(lineToShow(37, 41, 25)).toBe(39);
  expect(lineToShow(37, 410, 25)).toBe(410);
  expect(lineToShow(37, undefined, 25)).toBe(37);
  expect(lineToShow(0, 8, 25)).toBe(8);
  expect(lineToShow(0, undefined, 25)).toBe(1);
});

it('calls 5 % hot, 0.05 % warm', () => {
  expect([0.05, 0.0499, 0.0005, 0.0004, 0].map(heatOf)).toEqual(['hot', 'warm', 'warm', '', '']);
});
