import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import { compareLooks } from '../postmortem/compare-looks.ts';
import { buildExcerpt } from './source-excerpt.ts';
import { drawFrames, drawnDocument, HASHING, SALT } from './stack.fixture.ts';
import { buildStackJson } from './stack-json.ts';
import { renderStackMarkdown } from './stack-markdown.ts';
import { plainNativeName } from './stack-names.ts';
import { renderStack } from './stack-terminal.ts';

const plain = { columns: 80, color: false, unicode: true };

/** Golden texts beside the others; RESET_RESULTS=1 accepts what is drawn now. */
function expectGolden(text: string, name: string): void {
  const path = fileURLToPath(new URL(`golden/${name}`, import.meta.url));
  if (process.env.RESET_RESULTS === '1') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

const LINES = Array.from({ length: 60 }, (_, i) =>
  i === 40 ? "    const key = pbkdf2Sync(text, salt, N, 64, 'sha512');" : `    line ${i + 1};`,
);
const excerpt = buildExcerpt({ file: '/srv/api/app/auth.js', line: 41, column: 17 }, LINES, 'file', {
  before: 2,
  after: 2,
});

function crashed() {
  const document = drawnDocument(
    {
      verb: 'core bt',
      reason: 'JavaScript heap out of memory',
      pausesMs: [],
      next: ['holter core frame core.4711 3'],
      target: { pid: 4711, name: 'core.4711', command: 'node server.js', cwd: '/srv/api' },
    },
    {
      state: 'in native code',
      frames: drawFrames(`
        native abort libc.so.6
        native node::OnFatalError(char~const*,~char~const*) node lost
        native v8::internal::Heap::FatalProcessOutOfMemory(char~const*) node
        js Session.fill file:///srv/api/app/session.js:9:12 turbofan inlined
        js new~Session file:///srv/api/app/session.js:4:10 near
        js Array.map builtin
        js handle file:///srv/api/app/server.js:20:31
        js load file:///srv/api/app/store.js:7:3 async
        native node::Start(int,~char**) node
      `),
      problems: ['the innermost frames have no frame pointer'],
    },
  );
  document.report.crash = { signal: 6, name: 'SIGABRT' };
  document.report.problems = ['the core is cut off: 12 of 300 MB are missing'];
  return document;
}

describe('renderStack', () => {
  test('80 columns, as in the reference', () =>
    expectGolden(renderStack(drawnDocument(), plain), 'stack-80.txt'));
  test('40 columns', () =>
    expectGolden(renderStack(drawnDocument(), { ...plain, columns: 40 }), 'stack-40.txt'));
  test('several looks, source text, values', () => {
    const document = drawnDocument({
      ...(excerpt === undefined ? {} : { excerpt: { ...excerpt, tid: 4711 } }),
      pausesMs: [12, 31, 14],
    });
    const look = (at: number) => ({ at, report: document.report });
    document.movements = compareLooks([look(0), look(1000), look(2000)]);
    const frame = document.report.threads[0]?.frames[5];
    if (frame?.kind === 'js')
      frame.arguments = [
        { name: 'text', value: { type: 'string', text: 'hunter\n2', length: 8, address: 1 } },
        { name: 'salt', value: SALT },
      ];
    expectGolden(renderStack(document, plain, { values: true }), 'stack-repeat-80.txt');
    expectGolden(renderStack(document, { ...plain, columns: 40 }, { values: true }), 'stack-repeat-40.txt');
  });
  test('a core: reason first, numbers, what is missing', () => {
    expectGolden(renderStack(crashed(), plain, { numbers: true }), 'core-bt-80.txt');
    expectGolden(renderStack(crashed(), { ...plain, columns: 40 }, { numbers: true }), 'core-bt-40.txt');
    expectGolden(renderStack(crashed(), { ...plain, columns: 120 }, { raw: true }), 'core-bt-raw.txt');
  });
  test('Markdown', () => expectGolden(renderStackMarkdown(crashed()), 'core-bt.md'));
  test('all threads, frames unfolded and cut', () => {
    const all = renderStack(drawnDocument(), plain, { threads: true });
    expect(all.match(/uv__io_poll/g)).toHaveLength(12);
    const cut = renderStack(drawnDocument(), plain, { frames: 3 });
    expect(cut).toContain('17 more frames: --frames 20');
    expect(cut).not.toContain('hashPassword');
    expect(renderStack(drawnDocument(), plain, { frames: 99 })).toContain('__libc_start_call_main');
  });
  test('recursion and endless stacks stay readable, and say what is left out', () => {
    const deep = drawFrames('js walk /srv/api/tree.js:3:9\n'.repeat(500) + HASHING);
    const text = renderStack(drawnDocument({}, { frames: deep }), plain);
    expect(text).toMatch(/walk +tree\.js:3:9 +\+498 frames/);
    const wide = Array.from({ length: 300 }, (_, i) => `js f${i} /srv/api/gen.js:${i + 1}:1`).join('\n');
    const cut = renderStack(drawnDocument({}, { frames: drawFrames(wide) }), plain);
    expect(cut.split('\n').length).toBeLessThan(70);
    expect(cut).toContain('+252 frames');
    expect(cut).toContain('f299');
  });
  test('hostile names: one line each, never wider than the terminal, colour adds nothing', () => {
    const frames = drawFrames(
      `js evil\u001b[2J\u202e${'x'.repeat(200)} file:///srv/api/${'deep/'.repeat(40)}名前.js:1:1\nnative ${'a'.repeat(300)}<b> lib\nnative () lib`,
    );
    const document = drawnDocument(
      { reason: `x\u0007${'y'.repeat(30)}` },
      { frames, name: '\u001b]0;x', state: 'a\nb' },
    );
    document.report.problems = [`cut \u001b[1m ${'z'.repeat(20)}`];
    for (const columns of [20, 40, 59, 60, 80, 140, 200])
      for (const options of [{}, { numbers: true, threads: true, values: true }]) {
        const text = renderStack(document, { ...plain, columns }, options);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        if (columns >= 40)
          for (const line of text.split('\n')) expect(textWidth(line), line).toBeLessThanOrEqual(columns);
        expect(
          stripVTControlCharacters(renderStack(document, { ...plain, columns, color: true }, options)),
        ).toBe(text);
      }
    expect(renderStack(document, { ...plain, unicode: false })).toMatch(/^[\n\u0020-\u007e]*$/);
  });
  test('no thread, no frames: said', () => {
    const document = drawnDocument({}, { frames: [] });
    expect(renderStack(document, plain)).toContain('no frames');
    document.report.threads = [];
    expect(renderStack(document, plain)).toContain('holter stack  api-gateway (4711)');
  });
});

describe('buildStackJson', () => {
  test('every frame with party, place and addresses', () => {
    const json = JSON.parse(JSON.stringify(buildStackJson(drawnDocument())));
    expect(Object.keys(json)[0]).toBe('schema');
    expect(json.threads[0].frames[5]).toEqual({
      index: 5,
      kind: 'js',
      party: 'yours',
      pc: '0x7f0000001050',
      fp: '0x7ffc00000140',
      function: 'hashPassword',
      file: 'file:///srv/api/app/auth.js',
      line: 41,
      column: 15,
      precision: 'exact',
      url: 'file:///srv/api/app/auth.js',
      tier: 'interpreter',
      inlined: false,
      constructor: false,
      async: false,
    });
    expect(json.threads[0].hotFrame).toBe(5);
    expect(json.threads[0].frames[2].function).toBe('node::crypto::PBKDF2Traits::DeriveBits');
    expect(json.actions).toHaveLength(1);
  });
});

describe('plainNativeName', () => {
  test.each([
    ['uv_run', 'uv_run'],
    ['node::Start(int, char**)', 'node::Start'],
    ['v8::internal::Foo::bar(int) const', 'v8::internal::Foo::bar'],
    ['(anonymous namespace)::Walk(int)', '(anonymous namespace)::Walk'],
    ['a::operator()(int)', 'a::operator()'],
    [
      'std::enable_if<true, void>::type v8::internal::LongEnoughName<v8::internal::Map, int>::Run(std::function<void (int)>)',
      'v8::internal::LongEnoughName<…>::Run',
    ],
    ['', ''],
  ])('%s', (name, expected) => expect(plainNativeName(name)).toBe(expected));
});
