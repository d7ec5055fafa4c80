import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeMarkdown, markdownCode, markdownTable } from './markdown-text.ts';

describe('escapeMarkdown', () => {
  it.each([
    ['api-gateway 22.23.3 (4711)', 'api-gateway 22.23.3 (4711)'],
    ['# heading', '\\# heading'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['> quote', '\\> quote'],
    ['---', '\\---'],
    ['a | b', 'a \\| b'],
    ['<b>&amp;', '\\<b>\\&amp;'],
    ['![x](y) *a* _b_ `c` ~d~ \\', '!\\[x\\](y) \\*a\\* \\_b\\_ \\`c\\` \\~d\\~ \\\\'],
    ['a\nb\u001b[0m', 'a b\\\\x1b\\[0m'],
  ])('%j', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });
});

describe('markdownCode', () => {
  it.each([
    ['run', '`run`'],
    ['', ''],
    ['a | b', '`a \\| b`'],
    ['a`b', '``a`b``'],
    ['`', '`` ` ``'],
    ['  x\n', '`x`'],
  ])('%j', (text, code) => {
    expect(markdownCode(text)).toBe(code);
  });

  it('cannot be ended from inside', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '|', '\\', '\n') }), (text) => {
        const code = markdownCode(text);
        const fence = /^`*/.exec(code)![0];
        expect(
          code
            .slice(fence.length, code.length - fence.length)
            .match(new RegExp(`(?<!\`)${fence || 'x'}(?!\`)`)),
        ).toBeNull();
        expect(code).not.toContain('\n');
      }),
    );
  });
});

describe('markdownTable', () => {
  it('aligns numbers to the right', () => {
    expect(markdownTable(['a', 'b'], 'lr', [['x', '1']])).toEqual([
      '| a | b |',
      '| --- | ---: |',
      '| x | 1 |',
    ]);
  });
});
