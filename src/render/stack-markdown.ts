import { escapeMarkdown, markdownCode } from './markdown-text.ts';
import type { StackDocument } from './stack-document.ts';
import { renderStack, type StackTextOptions } from './stack-terminal.ts';
import { crashText, pauseText, stackHeadline } from './stack-text.ts';

/** Stacks for an issue or a pull request: a sentence, then the page of the terminal in a fence that nothing inside can end. */
export function renderStackMarkdown(document: StackDocument, options: StackTextOptions = {}): string {
  const { target, report } = document;
  const text = renderStack(
    { ...document, next: [], written: [] },
    { columns: 110, color: false, unicode: true },
    options,
  );
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const crash = crashText(document);
  const pause = pauseText(document);
  return [
    `# Stack of ${escapeMarkdown(target.name)}${target.pid > 0 ? ` (${target.pid})` : ''}`,
    '',
    escapeMarkdown(crash === '' ? `Main thread: ${stackHeadline(document)}.` : `${crash}.`),
    '',
    `Node ${escapeMarkdown(report.nodeVersion)}, ${escapeMarkdown(document.at)}${pause === '' ? '' : `, ${pause}`}.`,
    '',
    `${fence}text`,
    text.trimEnd(),
    fence,
    '',
    ...document.next.map((command) => `- ${markdownCode(command)}`),
    '',
  ].join('\n');
}
