import { cleanText } from '../base/terminal-text.ts';

/**
 * Text of the target as it may stand in Markdown, in tables too: control characters made visible, everything that
 * could become a link, an image, HTML, a table cell, emphasis or, at its start, a heading, list or quote escaped
 * (CommonMark 0.31 §2.4, GFM tables).
 */
export function escapeMarkdown(text: string): string {
  return cleanText(text)
    .replace(/[\\`*_[\]<|~&]/g, '\\$&')
    .replace(/^(\s*)([#+>-])(?=[\s#>-]|$)/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2');
}

/** Text of the target as code, `like this`, with a fence longer than any inside; a `|` is escaped for tables. */
export function markdownCode(text: string): string {
  const clean = cleanText(text).trim();
  if (clean === '') return '';
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = clean.startsWith('`') || clean.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${clean.replaceAll('|', '\\|')}${pad}${fence}`;
}

/** A table; cells are Markdown already. `align` has `r` for a column of numbers, else `l`. */
export function markdownTable(
  head: readonly string[],
  align: string,
  rows: readonly (readonly string[])[],
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line([...align].map((side) => (side === 'r' ? '---:' : '---'))), ...rows.map(line)];
}
