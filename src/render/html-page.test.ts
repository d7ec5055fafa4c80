import { describe, expect, it } from 'vitest';
import { escapeJsonForHtml } from './html-page.ts';

describe('escapeJsonForHtml', () => {
  const hostile = {
    name: `</script><script>alert(1)</script><!-- ]]> '"\`\\`,
    marks: 'a\u2028b\u2029c\u202e\u0000d',
    '</SCRIPT\n>': '<!--<script>',
  };

  it('leaves nothing that ends or opens an element, and no line separator', () => {
    const text = escapeJsonForHtml(JSON.stringify(hostile));
    expect(text).not.toMatch(/[<\u2028\u2029]/);
  });

  it('is still the same document', () => {
    expect(JSON.parse(escapeJsonForHtml(JSON.stringify(hostile)))).toEqual(hostile);
  });
});
