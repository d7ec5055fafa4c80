import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ByteSource, openBytes } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { CATEGORIES, type CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { describeTree, drawnTree } from './drawn-tree.fixture.ts';
import { readFoldedFrame, writeFoldedFrame } from './folded-frame.ts';
import { readFolded } from './read-folded.ts';
import { writeFolded } from './write-folded.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/folded');
const bytesOf = (name: string) => readFileSync(join(FIXTURES, name));

const read = (text: string | Uint8Array) =>
  readFolded(openBytes(typeof text === 'string' ? Buffer.from(text) : text, 'stacks.folded'), {});

/** Stacks as lines of `name@file:line:column`, with self weight. */
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

/** Gives few bytes at a time, as a pipe may. */
function trickle(bytes: Uint8Array, step: number): ByteSource {
  let at = 0;
  return {
    name: 'pipe',
    size: undefined,
    read(into) {
      const count = Math.min(step, into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return count;
    },
    close() {},
  };
}

describe('readFolded', () => {
  it('merges stacks and counts samples', () => {
    const { profiles, format, notes } = read(
      'main;handle;render 12\nmain;handle 3\nmain;handle;render 1\nmain;log 2\n',
    );
    const tree = profiles[0]!.tree;
    expect(draw(tree)).toEqual(['main > handle = 3', 'main > handle > render = 13', 'main > log = 2']);
    expect([format, tree.unit, tree.total[0], tree.samples.time.length]).toEqual([
      'folded',
      'samples',
      18,
      0,
    ]);
    expect([...tree.depth]).toEqual([0, 1, 2, 3, 2]);
    expect(notes).toEqual([]);
    expect(tree.partial).toBeUndefined();
  });

  it.each([
    ['render file:///app/x.js:10:5', 'render@/app/x.js:10:5'],
    ['render (/app/x.js:10)', 'render@/app/x.js:10:0'],
    ['~render /app/x.js:10', 'render@/app/x.js:10:0'],
    ['*render file:///my%20app/x.js:10:5', 'render@/my app/x.js:10:5'],
    ['LazyCompile:*render /app/x.js:10', 'render@/app/x.js:10:0'],
    ["JS:+'render /app/x.js:10:5_[j]", 'render@/app/x.js:10:5'],
    ['JS:^ node:internal/timers:525:28', '(anonymous)@node:internal/timers:525:28'],
    ['get size (/my app/x.js:3:1)', 'get size@/my app/x.js:3:1'],
    ['Object.<anonymous> (/app (old)/x.js:3)', 'Object.<anonymous>@/app (old)/x.js:3:0'],
    ['load (C:\\app\\x.js:3:1)', 'load@C:/app/x.js:3:1'],
    ['wrap (webpack://shop/./src/a.ts:4)', 'wrap@src/a.ts:4:0'],
    ['std::vector<int>::operator[](unsigned long)', 'std::vector<int>::operator[](unsigned long)'],
    ['v8::internal::(anonymous namespace)::Invoke', 'v8::internal::(anonymous namespace)::Invoke'],
    ['java/lang/Thread.run_[0]', 'java/lang/Thread.run'],
    ['~basic_string', '~basic_string'],
    ['std::tuple:3', 'std::tuple:3'],
    ['operator/', 'operator/'],
    ['[libc.so.6]', '[libc.so.6]'],
    ['', '[unknown]'],
  ])('frame %s', (text, drawn) => {
    expect(draw(read(`main;${text} 7\n`).profiles[0]!.tree)).toEqual([`main > ${drawn} = 7`]);
  });

  it('knows whose code it is', () => {
    const { frames } = read(
      'f (/app/a.js:1);g (/app/node_modules/@a/b/x.js:2);h (node:fs:3);do_syscall_64_[k];(garbage collector) 1',
    ).profiles[0]!.tree;
    expect(
      frames.name.map((name, row) => `${name} ${CATEGORIES[frames.category[row]!]} ${frames.package[row]}`),
    ).toEqual([
      '(root) program ',
      'f js ',
      'g js @a/b',
      'h js ',
      'do_syscall_64 kernel ',
      '(garbage collector) gc ',
    ]);
  });

  it('lets a file hold what separates frames', () => {
    const { tree } = read('main;render (/app/a;b.js:10);hash (/x.js:1) 4\nf (/a;g;h (/b) 2\n').profiles[0]!;
    expect(draw(tree)).toEqual([
      'main > render@/app/a;b.js:10:0 > hash@/x.js:1:0 = 4',
      'f (/a > g > h@/b:0:0 = 2',
    ]);
  });

  it('CRLF, blank lines, byte order mark, comments, decimals, tabs, no line end at the end', () => {
    const { tree } = read('\ufeff# made by hand\r\na;b 1.5\r\n\r\n  \r\na;b\t2\r\n#private;c 1').profiles[0]!;
    expect(draw(tree)).toEqual(['a > b = 3.5', '#private > c = 1']);
  });

  it('takes the unit of a comment', () => {
    const { tree } = read('# unit: nanoseconds\na;b 1500\n').profiles[0]!;
    expect([tree.unit, tree.self[2]]).toEqual(['microseconds', 1.5]);
  });

  it('takes the second count of difffolded.pl and says so', () => {
    const { profiles, notes } = read('a;b 31 33\na;c 0 4\na 2 0\n');
    expect(draw(profiles[0]!.tree)).toEqual(['a > b = 33', 'a > c = 4']);
    expect(notes.join()).toContain('difffolded');
    // One line with two numbers among others is a name that ends in one.
    expect(draw(read('a;step 2 10\na;c 4\n').profiles[0]!.tree)).toEqual(['a > step 2 = 10', 'a > c = 4']);
  });

  it('counts lines that are no stacks, and refuses a file of them', () => {
    expect(read('a;b 3\nhello\na;c 1\n').notes).toEqual(['1 of 3 lines are no stacks']);
    expect(() => read('hello\nworld\na 1\n')).toThrow(HolterError);
    expect(() => read('')).toThrow(/0 of 0 lines/);
  });

  it('a cut last line is left out and said', () => {
    const { tree } = read('a;b 3\na;c;ddd').profiles[0]!;
    expect([tree.total[0], tree.partial]).toEqual([3, 'the last of 2 lines is cut off']);
  });

  it('stacks of 20 000 frames, read in small pieces', () => {
    const stack = Array.from({ length: 20_000 }, (_, i) => `frame${i % 50}`).join(';');
    const { tree } = readFolded(trickle(Buffer.from(`${stack} 1\n${stack};leaf 2\n`), 4097), {}).profiles[0]!;
    expect([tree.length, tree.depth.at(-1), tree.total[0], tree.self.at(-1)]).toEqual([20_002, 20_001, 3, 2]);
  });

  it('the output of stackcollapse-perf.pl --all and of difffolded.pl', () => {
    const all = read(bytesOf('perf-all.folded'));
    expect(all.notes).toEqual([]);
    const { frames } = all.profiles[0]!.tree;
    const kernel = CATEGORIES.indexOf('kernel');
    expect(frames.category[frames.name.indexOf('do_syscall_64')]).toBe(kernel);
    const turn = frames.name.indexOf('turn');
    expect([frames.file[turn], frames.line[turn]! > 0, CATEGORIES[frames.category[turn]!]]).toEqual([
      '/app/busy.cjs',
      true,
      'js',
    ]);
    expect(frames.name.filter((name) => /_\[[kj]\]|^JS:/.test(name))).toEqual([]);
    expect(read(bytesOf('difffolded.folded')).notes.join()).toContain('difffolded');
  });
});

describe('writeFolded', () => {
  it('writes what flamegraph.pl reads', () => {
    const tree = read('main (/app/a.js:3:10);step 2 (;memcpy_[k] 1500000000000\nmain (/app/a.js:3:10) 0.25\n')
      .profiles[0]!.tree;
    expect([...writeFolded(tree)].join('')).toBe(
      'main (/app/a.js:3:10) 0.25\nmain (/app/a.js:3:10);step 2 (;memcpy_[k] 1500000000000\n',
    );
  });

  it('gives the same names, places and weights back', () => {
    fc.assert(
      fc.property(drawnTree, (tree) => {
        const unit = `# unit: ${tree.unit}\n`;
        const back = read(unit + [...writeFolded(tree)].join('')).profiles[0]!.tree;
        expect(describeTree(back)).toEqual(describeTree(tree));
      }),
    );
  });

  const word = fc.string({
    unit: fc.constantFrom(...'ab /\\();:_[]k%3B0~*+^.js<>@\n\r\té\u{1f600}'),
    maxLength: 12,
  });
  const file = fc.oneof(
    fc.constant(''),
    fc
      .tuple(fc.constantFrom('/', 'src/', 'node:', 'C:/x', 'wasm://', ''), word)
      .map(([head, tail]) => `${head}${tail}x`),
  );

  it('any name, and any place', () => {
    fc.assert(
      fc.property(
        word,
        file,
        fc.nat(2000),
        fc.nat(200),
        fc.constantFrom('js', 'kernel'),
        (name, path, line, column, category) => {
          const placed = path === '' ? { line: 0, column: 0 } : { line, column: line === 0 ? 0 : column };
          const frame = { name: name === '' ? 'x' : name, file: path, ...placed, category } as const;
          const text = writeFoldedFrame(frame);
          expect(text).not.toMatch(/[;\n\r]/);
          expect(readFoldedFrame(text)).toMatchObject({ name: frame.name, file: path, ...placed });
          // And between others, with a count behind it.
          const builder = new CallTreeBuilder('samples');
          const row = builder.frameRow({ ...frame, party: 'none', package: '' });
          const leaf = builder.child(builder.child(0, row), row);
          builder.addSelf(leaf, 5);
          const tree = read([...writeFolded(builder.finish({ from: 0, to: 0 }))].join('')).profiles[0]!.tree;
          expect([tree.length, tree.self[2]]).toEqual([3, 5]);
          expect(tree.frames.name[tree.frame[2]!]).toBe(frame.name);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('damaged folded files', () => {
  const sound = (text: Uint8Array) => {
    try {
      const { tree } = readFolded(openBytes(text, 'fuzz'), {}).profiles[0]!;
      expect(Number.isFinite(tree.total[0])).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(HolterError);
    }
  };

  it('any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), sound));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a;() 1\n/:.#%_[k]'), maxLength: 80 }), (text) =>
        sound(Buffer.from(text)),
      ),
    );
  });

  it('flipped and cut', () => {
    const bytes = bytesOf('perf-all.folded');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, end) => {
        const copy = Buffer.from(bytes.subarray(0, end));
        if (at < end) copy[at] = value;
        sound(copy);
      }),
      { numRuns: 60 },
    );
  });
});
