import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callPattern, findFunctionExtent, findLines } from './function-source.ts';

const extent = (text: string, line: number, column: number): [number, number] | undefined => {
  const found = findFunctionExtent(text.split('\n'), line, column);
  return found && [found.first, found.last];
};

describe('findFunctionExtent', () => {
  it('ends a declaration at its closing bracket', () => {
    expect(extent('function a(x) {\n  if (x) {\n    y();\n  }\n}\nb();', 1, 11)).toEqual([1, 5]);
  });

  it('is not led astray by strings, templates, comments and regular expressions', () => {
    const text = [
      'const f = (a) => {',
      "  const s = '}';",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are the point
      '  const t = `${{ a: "}" }.a} }`;',
      '  // }',
      '  return /[}/]/.test(a) /* } */;',
      '};',
      '}',
    ];
    expect(extent(text.join('\n'), 1, 11)).toEqual([1, 6]);
  });

  it('reads default values, types and methods', () => {
    expect(extent('function a(x = { y: 1 }, z = () => {}) {\n  return x;\n}', 1, 11)).toEqual([1, 3]);
    expect(extent('async load(id: string): Promise<void> {\n  await x;\n}', 1, 11)).toEqual([1, 3]);
  });

  it('ends arrows without a body bracket where their expression ends', () => {
    expect(extent('rows.map((row) =>\n  row.total,\n);\nnext();', 1, 10)).toEqual([1, 2]);
    expect(extent('list.sort((a, b) => a.n - b.n);\nnext();', 1, 11)).toEqual([1, 1]);
  });

  it('gives nothing for text that does not close or a line that is not there', () => {
    expect(extent('function a() {\n', 1, 11)).toBeUndefined();
    expect(extent('x', 7, 1)).toBeUndefined();
  });

  it('survives any text', () => {
    const mark = fc.constantFrom(...'(){}[]`\'"/\\$*=>;,\nab ');
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 300 }), fc.nat(20), (marks, column) => {
        findFunctionExtent(marks.join('').split('\n'), 1, column);
      }),
    );
    expect(() => findFunctionExtent([`function a(${'('.repeat(200_000)}`], 1, 11)).not.toThrow();
  });
});

describe('findLines and callPattern', () => {
  const lines = [
    'function hash(x) {',
    '  // hash(x) would recurse',
    '  return this.#hash (x) + rehash(x);',
    '}',
  ];

  it('finds calls, not declarations, comments or longer names', () => {
    expect(findLines(lines, { first: 1, last: 4 }, callPattern('hash')!)).toEqual([3]);
    expect(findLines(['a = pbkdf2Sync(b)'], { first: 1, last: 1 }, callPattern('pbkdf2Sync')!)).toEqual([1]);
    expect(findLines(['rehash(x)'], { first: 1, last: 1 }, callPattern('hash')!)).toEqual([]);
  });

  it('has no pattern for names that no text can hold', () => {
    expect(callPattern('(anonymous)')).toBeUndefined();
    expect(callPattern('RegExp: (a+)+$')).toBeUndefined();
    expect(callPattern('Session.save')?.test('this.save()')).toBe(true);
  });
});
