import { formatBytes, formatNumber } from '../base/quantity.ts';
import type { HeapSummary, ObjectRow } from '../heap/heap-summary.ts';
import { packageName } from './heap-show-terminal.ts';
import {
  contentText,
  cutText,
  fileName,
  heapHeadlines,
  KIND_WORDS,
  nodeName,
  placeText,
  shareText,
} from './heap-show-text.ts';
import { escapeMarkdown, markdownCode, markdownTable } from './markdown-text.ts';

/** The first screen of a heap as Markdown, for an issue or a pull request. */
export function renderHeapSummaryMarkdown(summary: HeapSummary, cwd: string): string {
  const total = summary.totalBytes;
  const lines = [
    `# Heap ${escapeMarkdown(fileName(summary.name))}`,
    '',
    ...heapHeadlines(summary).map((sentence) => `- ${escapeMarkdown(sentence)}`),
    '',
    `${formatBytes(total)} in ${formatNumber(summary.nodeCount)} objects.`,
    ...(summary.partial === undefined
      ? []
      : ['', `Only a part of the snapshot: ${escapeMarkdown(summary.partial)}.`]),
    '',
    ...markdownTable(
      ['made of', 'count', 'bytes', 'share'],
      'lrrr',
      summary.kinds
        .filter(({ bytes }) => bytes > 0)
        .map(({ kind, bytes, count }) => [
          KIND_WORDS[kind] ?? kind,
          formatNumber(count),
          formatBytes(bytes),
          shareText(bytes, total),
        ]),
    ),
    '',
    '## Classes',
    '',
    ...markdownTable(
      ['class', 'count', 'own', 'retained', 'share', 'where'],
      'lrrrrl',
      summary.classes.map((row) => [
        markdownCode(row.name),
        formatNumber(row.count),
        formatBytes(row.shallowBytes),
        formatBytes(row.retainedBytes),
        shareText(row.retainedBytes, total),
        row.place === '' ? '' : markdownCode(placeText(row.place, cwd)),
      ]),
    ),
  ];
  const cut = cutText(summary.classes.length, summary.classCount, 'classes');
  if (cut !== '') lines.push('', cut);
  lines.push('', '## What holds most', '', ...objectTable(summary.dominators, 'retainedBytes', total));
  lines.push('', '## Largest by itself', '', ...objectTable(summary.largest, 'shallowBytes', total));
  if (summary.packages.length > 0)
    lines.push(
      '',
      '## Made by package',
      '',
      ...markdownTable(
        ['package', 'objects', 'retained', 'share'],
        'lrrr',
        summary.packages.map(({ package: name, bytes, count }) => [
          escapeMarkdown(packageName(name)),
          formatNumber(count),
          formatBytes(bytes),
          shareText(bytes, total),
        ]),
      ),
    );
  return `${lines.join('\n')}\n`;
}

function objectTable(
  rows: readonly ObjectRow[],
  size: 'retainedBytes' | 'shallowBytes',
  total: number,
): string[] {
  return markdownTable(
    ['path', 'class', 'holds', size === 'retainedBytes' ? 'retained' : 'own', 'share', 'id'],
    'lllrrl',
    rows.map((row) => [
      markdownCode(row.path),
      markdownCode(nodeName(row)),
      escapeMarkdown(contentText(row)[0] ?? ''),
      formatBytes(row[size]),
      shareText(row[size], total),
      `@${row.id}`,
    ]),
  );
}
