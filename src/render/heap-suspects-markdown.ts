import { formatBytes, formatNumber, formatPercent } from '../base/quantity.ts';
import { cleanText } from '../base/terminal-text.ts';
import type { HeapSuspectsView } from './heap-suspects-terminal.ts';
import { growthText, holderName, shareOf, suspectName, suspectPlace } from './heap-suspects-text.ts';

/** The report for an issue or a chat: one heading, one list item per suspect. */
export function renderHeapSuspectsMarkdown(view: HeapSuspectsView): string {
  const { report } = view;
  const lines = [
    `# Heap suspects of ${plain(view.file)}`,
    '',
    `${formatBytes(view.totalBytes)} heap, ${formatNumber(view.nodeCount)} objects; ${formatPercent(report.explained * 100)} explained.`,
    '',
  ];
  if (view.partial !== undefined) lines.push(`**${plain(view.partial)}**`, '');
  if (report.suspects.length === 0)
    lines.push(
      `Nothing stands out${view.largest === '' ? '' : `; the largest is ${plain(view.largest)}`}.`,
      '',
    );
  report.suspects.slice(0, view.top).forEach((suspect, index) => {
    lines.push(
      `${index + 1}. **${plain(suspectName(suspect))}**: ${formatBytes(suspect.bytes)} ${suspect.bytesAre}, ${shareOf(suspect)} of the heap`,
    );
    const place = suspectPlace(suspect.place, view.cwd);
    if (place !== '') lines.push(`   - line: ${code(place)}`);
    for (const holder of suspect.holders) lines.push(`   - held by ${code(holderName(holder))}`);
    const growth = growthText(suspect);
    if (growth !== '') lines.push(`   - growth: ${growth}`);
    for (const sentence of suspect.evidence) lines.push(`   - ${plain(sentence)}`);
    if (suspect.advice !== '') lines.push(`   - ${plain(suspect.advice)}`);
  });
  if (view.top < report.suspects.length)
    lines.push('', `${view.top} of ${report.suspects.length} suspects; --top shows more.`);
  lines.push('', `Next: ${code(view.next)}`, '');
  return lines.join('\n');
}

function plain(text: string): string {
  return cleanText(text).replace(/[\\`*_<>[\]|#]/g, '\\$&');
}

function code(text: string): string {
  const clean = cleanText(text);
  const fence = '`'.repeat(Math.max(0, ...(clean.match(/`+/g) ?? []).map((run) => run.length)) + 1);
  return fence.length > 1 ? `${fence} ${clean} ${fence}` : `${fence}${clean}${fence}`;
}
