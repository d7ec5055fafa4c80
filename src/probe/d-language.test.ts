import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { compileProgram } from './d-compile.ts';
import { outputOf, runProgram } from './d-language.fixture.ts';
import { parseProgram } from './d-parser.ts';
import { CATALOGUE } from './provider-catalogue.ts';

const value = (expression: string, args: string[] = []): string =>
  outputOf(`BEGIN { printf("%d", ${expression}); }`, args);
const text = (expression: string, args: string[] = []): string =>
  outputOf(`BEGIN { printf("%s", ${expression}); }`, args);

describe('expressions', () => {
  test.each([
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['7 / 2', '3'],
    ['-7 / 2', '-3'],
    ['-7 % 3', '-1'],
    ['1 << 40', '1099511627776'],
    ['0xff & 0x0f', '15'],
    ['5 ^ 1', '4'],
    ['~0', '-1'],
    ['!5', '0'],
    ['1 ? 2 : 3', '2'],
    ['0 || 2', '1'],
    ['1 && 0', '0'],
    ['1 ^^ 1', '0'],
    ['"a" == "a"', '1'],
    ['"a" < "b"', '1'],
    ['unset', '0'],
    ['unset == 0', '1'],
    ["'a'", '97'],
    ['010', '8'],
    ['(int)3.7', '3'],
    ['$1 + 1', '42'],
    ['strlen($$1)', '2'],
    ['$target', '4711'],
    ['x = 5', '5'],
    ['x++ + x++', '1'],
    ['strlen("abc")', '3'],
    ['index("abcabc", "c")', '2'],
    ['rindex("abcabc", "c")', '5'],
    ['strtoll("12abc")', '12'],
    ['a["x", 1] = 4', '4'],
  ])('%s is %s', (expression, expected) => {
    expect(value(expression, ['41'])).toBe(expected);
  });
  test.each([
    ['strjoin("a", "b")', 'ab'],
    ['substr("hello", 1, 3)', 'ell'],
    ['substr("hello", -2)', 'lo'],
    ['basename("/a/b/c.js")', 'c.js'],
    ['dirname("/a/b/c.js")', '/a/b'],
    ['strtok("a,b,c", ",")', 'a'],
    ['strstr("hello", "l")', 'llo'],
    ['toupper("abc")', 'ABC'],
    ['json("{\\"a\\": {\\"b\\": [1, 2]}}", "a.b[1]")', '2'],
    ['lltostr(255, 16)', 'ff'],
    ['$$1', '41'],
    ['unset', '0'],
    ['probename', 'BEGIN'],
    ['"tab\\there\\x41"', 'tab\thereA'],
  ])('%s is %j', (expression, expected) => {
    expect(text(expression, ['41'])).toBe(expected);
  });
  test('formats', () => {
    expect(
      outputOf(
        'BEGIN { printf("%5d|%-5d|%05d|%+d|%x|%#x|%o|%c|%10s|%-4s|%.2s|%%|%e|%.1f", 42, 42, 42, 42, 255, 255, 8, 65, "r", "l", "cut", 1234, 2.55); }',
      ),
    ).toBe('   42|42   |00042|+42|ff|0xff|10|A|         r|l   |cu|%|1.234000e+3|2.5');
    expect(outputOf('BEGIN { printf("%*d|%Y", 4, 7, 0); }')).toMatch(/^ {3}7\|19(?:70|69) /);
  });
});

describe('programs', () => {
  test('guide case 2: self-> from start to done, a line a call, a distribution', () => {
    const { engine, printed } = runProgram(`#!/usr/sbin/dtrace -qs
node-json*:::parse-start { self->ts = timestamp; this->n = strlen(copyinstr(arg0)); printf("parse of %d\\n", this->n); }
node-json*:::parse-done /self->ts/ { printf("JSON.parse() took %d ns\\n", timestamp - self->ts); @[probefunc] = quantize(length); self->ts = 0; }
END { printa(@); }`);
    const probe = { provider: 'node-json', module: 'JSON', function: 'parse' };
    const start = engine.attach({ ...probe, name: 'parse-start' });
    const done = engine.attach({ ...probe, name: 'parse-done' });
    expect(engine.attach({ ...probe, name: 'stringify-start' })).toBeNull();
    done?.('early', 5);
    for (const json of ['{}', '[1,2]', '[1,2,3,4]']) {
      start?.(json, json.length);
      done?.(json, json.length);
    }
    engine.end();
    const out = printed();
    expect(out.match(/took \d+ ns/g)).toHaveLength(3);
    expect(out).toContain('parse of 9\n');
    expect(out).toContain(
      `  parse
           value  ------------- Distribution ------------- count
               1 |                                         0
               2 |@@@@@@@@@@@@@                            1
               4 |@@@@@@@@@@@@@                            1
               8 |@@@@@@@@@@@@@                            1
              16 |                                         0
`,
    );
  });
  test('a predicate ends at the slash before the body; one in parentheses divides', () => {
    expect(outputOf('BEGIN /(10 / 2) == 5/ { printf("yes"); }')).toBe('yes');
    expect(outputOf('BEGIN /10 / 2 == 5/ { printf("yes"); } BEGIN /0/ { printf("no"); }')).toBe('yes');
  });
  test('aggregations', () => {
    const fill = (fn: string): string =>
      outputOf(`BEGIN { @ = ${fn}; x = 6; } BEGIN { @ = ${fn}; } END { printa("%@d", @); }`);
    expect(fill('count()')).toBe('2');
    expect(fill('sum(x)')).toBe('6');
    expect(fill('avg(x)')).toBe('3');
    expect(fill('min(x)')).toBe('0');
    expect(fill('max(x)')).toBe('6');
    expect(fill('stddev(x)')).toBe('3');
    expect(
      outputOf(
        'BEGIN { @a["x", 1] = count(); @a["y", 2] = sum(0); }'.replace('sum(0)', 'count()') +
          ' END { trunc(@a, 1); printa("%s %d %@d\\n", @a); }',
      ),
    ).toBe('x 1 1\n');
    expect(
      outputOf(
        'BEGIN { @ = lquantize(25, 0, 100, 10); @ = lquantize(-1, 0, 100, 10); @ = lquantize(100, 0, 100, 10); } END { printa(@); }',
      ),
    ).toMatch(/< 0 \|@+ +1\n[\s\S]*20 \|@+ +1\n[\s\S]*>= 100 \|@+ +1\n/);
    expect(outputOf('BEGIN { @ = llquantize(15, 10, 0, 3, 10); } END { printa(@); }')).toMatch(
      / 10 \|@+ 1\n/,
    );
  });
  test('keys over the limit are counted, not kept', () => {
    const { engine } = runProgram('loop:::delay { @[arg0] = count(); }');
    const fire = engine.attach({ provider: 'loop', module: '', function: '', name: 'delay' });
    for (let i = 0; i < 150; i++) fire?.(i);
    expect(engine.drain().drops.keys).toBe(50);
    expect(engine.snapshot()[0]?.rows).toHaveLength(100);
  });
  test('an error in a clause fires ERROR, never throws, and too many of them end it', () => {
    const { engine, printed } = runProgram('loop:::delay { @ = sum(1 / arg0); } ERROR { printf("E"); }');
    const fire = engine.attach({ provider: 'loop', module: '', function: '', name: 'delay' });
    for (let i = 0; i < 80; i++) fire?.(0);
    const drain = engine.drain();
    expect(drain.errors[0]).toBe('division by zero in loop::::delay'.replace('::::', ':::'));
    expect(drain.stopped).toMatch(/^50 errors/);
    expect(drain.out.join('')).toBe('E'.repeat(50));
    expect(printed()).toBe('');
  });
  test('getters and proxies of the program are not run', () => {
    const { engine, printed } = runProgram(
      'js:x:f:entry { print(arg0); trace(args[0]->danger); trace(args[1]->x); }',
    );
    const fail = (): never => {
      throw new Error('ran');
    };
    const fire = engine.attach({ provider: 'js', module: 'x', function: 'f', name: 'entry' });
    fire?.(
      {
        get danger() {
          return fail();
        },
        plain: [1, 'a'],
      },
      new Proxy({}, { get: fail, getOwnPropertyDescriptor: fail }),
    );
    expect(printed()).toBe('{ danger: [getter], plain: [1, "a"] }\n0\n0\n');
  });
  test('a name is an argument where the catalogue says so, else a variable', () => {
    const { engine } = runProgram('http-server:::request-done { @[route, status] = max(duration); }');
    engine.attach({ provider: 'http-server', module: '', function: '', name: 'request-done' })?.(
      'GET',
      '/a',
      '/a?b',
      200,
      77,
    );
    expect(engine.snapshot()[0]?.rows).toEqual([{ key: ['/a', 200], value: 77 }]);
  });
});

describe('refused, by name and column', () => {
  test.each([
    ['BEGIN { stop(); }', 'stop() is not supported: it would stop the process', 9],
    ['BEGIN { system("rm"); }', 'system() is not supported', 9],
    ['BEGIN { x = sizeof(int); }', '`sizeof` is not supported', 13],
    ['BEGIN { x = curthread; }', '`curthread` is not supported', 13],
    ['BEGIN { x = `kernel; }', 'kernel variables', 13],
    ['BEGIN { x = *p; }', 'pointers are not supported', 13],
    ['struct foo { int x; };', '`struct` is not supported', 1],
    ['BEGIN { for (;;) {} }', '`for` is not of the D language', 9],
    ['BEGIN { nosuch(1); }', 'nosuch() is not known', 9],
    ['BEGIN { @ = nosuch(); }', 'no aggregating function', 9],
    ['BEGIN { x = @a; } END { @a = count(); }', 'cannot be read', 13],
    ['BEGIN { @a = count(); @a = sum(1); }', '@a is count() elsewhere', 23],
    ['BEGIN { printf("%d"); }', 'printf has 0 values for 1 conversions', 9],
    ['BEGIN { printf("%q", 1); }', 'conversion', 16],
    ['BEGIN { 1 = 2; }', 'only a variable', 11],
    ['BEGIN { pid = 2; }', '`pid` cannot be assigned', 9],
    ['BEGIN { x = 1', '`;` expected', 14],
    ['BEGIN { x = "a', 'not closed', 13],
    ['BEGIN { x = $1; }', 'no argument $1', 13],
    ['a:b:c:d:e { }', 'at most four parts', 1],
    ['#define X 1\nBEGIN {}', 'preprocessor', 1],
    ['', 'no clause', 1],
  ])('%s', (program, message, column) => {
    const attempt = (): unknown => compileProgram(parseProgram(program, 'x.d'), CATALOGUE, [], 0);
    expect(attempt).toThrow(HolterError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(`x.d:1:${column}: `);
  });
});

test('any text gives a program or a HolterError, and what compiles is JavaScript that does not throw', () => {
  const piece = fc.constantFrom(
    'BEGIN',
    'a:b:c:d',
    '*:::x',
    '{',
    '}',
    '/',
    '(',
    ')',
    '[',
    ']',
    ';',
    ',',
    '@',
    '@a',
    '=',
    '+',
    '++',
    '-',
    '->',
    '<',
    '<<=',
    '?',
    ':',
    '"s"',
    "'c'",
    '1',
    '0x1f',
    'x',
    'self->x',
    'this->y',
    'arg0',
    'args[0]',
    'count()',
    'sum(',
    'quantize(arg0)',
    'printf("%d\\n", 1)',
    'printa(@a)',
    'trunc(@a, 1)',
    '$1',
    '$$1',
    '!',
    '~',
    '&&',
    '||',
    '%',
    'if',
    'else',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    '/* c */',
    '#pragma D option quiet\n',
    ' ',
    '\n',
  );
  const program = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(' ')),
    fc.array(piece, { maxLength: 20 }).map((parts) => `BEGIN { ${parts.join(' ')}; }`),
  );
  fc.assert(
    fc.property(program, (source) => {
      try {
        outputOf(source, ['1']);
      } catch (error) {
        if (!(error instanceof HolterError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

test('text of the program never becomes code: names and texts of every kind', () => {
  const name = fc.stringMatching(/^[A-Za-z_]\w{0,12}$/);
  fc.assert(
    fc.property(name, fc.string(), (variable, content) => {
      const quoted = content.replace(/[\\"\n]/g, '');
      try {
        expect(
          outputOf(
            `BEGIN { v${variable} = "${quoted}"; self->${variable} = v${variable}; printf("%s", self->${variable}); }`,
          ),
        ).toBe(quoted);
      } catch (error) {
        if (!(error instanceof HolterError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
