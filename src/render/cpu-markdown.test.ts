import { describe, expect, it } from 'vitest';
import { CallTreeBuilder } from '../cpu/call-tree-builder.ts';
import { drawDocument, HOSTILE_TREE, LOGIN_TREE, MANIFEST } from './cpu-document.fixture.ts';
import { renderCpuMarkdown } from './cpu-markdown.ts';

describe('renderCpuMarkdown', () => {
  it('tells the whole story', async () => {
    const text = renderCpuMarkdown(
      drawDocument(LOGIN_TREE, { manifest: MANIFEST, notes: ['Stopped early (Ctrl-C).'] }),
    );
    await expect(text).toMatchFileSnapshot('golden/cpu.md');
  });

  it('shows every profile', () => {
    const { profiles } = drawDocument(LOGIN_TREE);
    const text = renderCpuMarkdown(
      drawDocument(LOGIN_TREE, { profiles: [...profiles, { ...profiles[0]!, name: 'worker 1' }] }),
    );
    expect(text.match(/^### Your functions/gm)).toHaveLength(2);
    expect(text).toMatch(/^## Profile: worker 1$/m);
  });

  it('shows the first eight of many in full, the others in a line', () => {
    const { profiles } = drawDocument(LOGIN_TREE);
    const many = Array.from({ length: 10 }, (_, i) => ({ ...profiles[0]!, name: `worker ${i}` }));
    const text = renderCpuMarkdown(drawDocument(LOGIN_TREE, { profiles: many }));
    expect(text.match(/^### Your functions/gm)).toHaveLength(8);
    expect(text).toMatch(/^## 2 more profiles$/m);
    expect(text).toMatch(/^- worker 9: hashPassword takes 91 %/m);
  });

  it('lets no name become Markdown, HTML or another cell', () => {
    const text = renderCpuMarkdown(
      drawDocument(HOSTILE_TREE, { name: '<script>x</script>|# [a](b)', notes: ['# not a heading'] }),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text.match(/^#+ .*/gm)!.filter((heading) => !KNOWN_HEADING.test(heading))).toEqual([]);
    const outsideCode = text.replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '');
    expect(outsideCode).not.toMatch(/(?<!\\)<\w/);
    expect(outsideCode).not.toMatch(/(?<!\\)\[a\]/);
    // Every row of a table has as many cells as its head.
    const cells = (row: string) => row.replaceAll('\\|', '').split('|').length;
    const rows = text.split('\n');
    for (const [i, row] of rows.entries())
      if (row.startsWith('|') && rows[i - 1]?.startsWith('|'))
        expect(cells(row), row).toBe(cells(rows[i - 1]!));
  });

  it('says little of an empty profile, and nothing wrong', () => {
    const empty = new CallTreeBuilder('bytes').finish({ from: 0, to: 0 });
    const text = renderCpuMarkdown(drawDocument(empty));
    expect(text).toContain('nothing was sampled');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

const KNOWN_HEADING =
  /^(# \\<script>x\\<\/script>\\\|# |## (Where|Your|On top|Hottest|By package|By file|Heaviest|To know|Next|Whose))/;
