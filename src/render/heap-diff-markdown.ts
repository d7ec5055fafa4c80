import { formatBytes, formatNumber } from '../base/quantity.ts';
import type { HeapDifference } from '../heap/heap-difference.ts';
import { containerName, entriesText, type HeapDiffOptions } from './heap-diff-terminal.ts';
import {
  breachText,
  countChange,
  heapDiffHeadline,
  holderText,
  lastTotal,
  modeText,
  placeText,
  signedBytes,
  signedNumber,
} from './heap-diff-text.ts';
import { escapeMarkdown, markdownCode, markdownTable } from './markdown-text.ts';

/** A comparison of heaps as Markdown (GFM), for a pull request or an assistant. */
export function renderHeapDiffMarkdown(difference: HeapDifference, options: HeapDiffOptions): string {
  const { beforeName, afterName, lastName, mode } = difference;
  const classes = options.classes.slice(0, options.top);
  const files: [string, string, number][] = [
    ['before', beforeName, difference.totalBefore],
    ['after', afterName, difference.totalAfter],
    ...(lastName === undefined
      ? []
      : ([['last', lastName, lastTotal(difference)]] as [string, string, number][])),
  ];
  const lines = [
    `# ${escapeMarkdown(heapDiffHeadline(difference, options.cwd))}`,
    '',
    ...markdownTable(
      ['', 'snapshot', 'heap'],
      'llr',
      files.map(([side, name, bytes]) => [side, markdownCode(name), formatBytes(bytes)]),
    ),
    '',
    '## Classes',
    '',
    ...markdownTable(
      [
        'class',
        ...(mode === 'ids' ? ['new', 'gone', 'new ones keep'] : ['count', 'change']),
        'now',
        'where',
        'held by',
      ],
      mode === 'ids' ? 'lrrrrll' : 'lrrrll',
      classes.map((change) => [
        markdownCode(change.name),
        ...(mode === 'ids'
          ? [signedNumber(change.added), signedNumber(-change.removed)]
          : [signedNumber(countChange(change))]),
        signedBytes(change.retainedDelta),
        formatNumber(change.countLast ?? change.countAfter),
        markdownCode(placeText(change.place, options.cwd)),
        markdownCode(holderText(change, options.cwd)),
      ]),
    ),
    ...(classes.length < options.classes.length
      ? ['', `${classes.length} of ${formatNumber(options.classes.length)} classes that changed.`]
      : []),
  ];
  if (difference.containers.length > 0)
    lines.push(
      '',
      '## Containers that grew',
      '',
      ...markdownTable(
        ['container', 'entries', 'held by the new ones'],
        'lrr',
        difference.containers
          .slice(0, options.top)
          .map((container) => [
            markdownCode(containerName(container)),
            entriesText(container),
            signedBytes(container.newBytes),
          ]),
      ),
    );
  if (options.breaches.length > 0)
    lines.push(
      '',
      '## Over the limit',
      '',
      ...options.breaches.map((breach) => `- ${escapeMarkdown(breachText(breach))}`),
    );
  lines.push('', '## To know when reading this', '', `- ${escapeMarkdown(modeText(difference))}.`);
  for (const note of difference.notes) lines.push(`- ${escapeMarkdown(note)}`);
  return `${lines.join('\n')}\n`;
}
