import { formatNumber } from '../base/quantity.ts';
import { type ChangeLimit, listBreaches, type ProfileDifference } from '../cpu/difference.ts';
import { locationText, nameOf } from './cpu-headline.ts';
import {
  breachCaution,
  breachText,
  type Change,
  differenceHeadline,
  formatDelta,
  formatRelative,
  formatValue,
  NORMALISED,
  rankChanges,
  tableTitles,
} from './difference-text.ts';
import { escapeMarkdown, markdownCode, markdownTable } from './markdown-text.ts';
import { formatWeight } from './weight-text.ts';

const MOST_ROWS = 15;

/** A comparison as Markdown (GFM), for a pull request or an assistant: the answer, inputs, tables, what to be careful with. */
export function renderDifferenceMarkdown(
  difference: ProfileDifference,
  options: { cwd: string; details?: readonly string[]; failOn?: ChangeLimit },
): string {
  const { inputs, unit, normalisation, notes } = difference;
  const charged = rankChanges(difference, 'charged');
  const own = rankChanges(difference, 'self');
  const { up, down, own: title } = tableTitles(difference);
  const table = (title: string, changes: readonly Change[]) =>
    changeTable(title, changes, difference, options.cwd);
  const lines = [
    `# ${escapeMarkdown(differenceHeadline(difference))}`,
    '',
    ...markdownTable(
      ['', 'profile', 'busy', 'samples', 'requests'],
      'llrrr',
      (['before', 'after'] as const).map((side) => {
        const { name, busy, samples, requests } = inputs[side];
        return [
          side,
          markdownCode(name),
          formatWeight(unit, busy),
          samples > 0 ? formatNumber(samples) : 'not sampled',
          requests === undefined ? '' : formatNumber(requests),
        ];
      }),
    ),
    '',
    `Numbers are ${NORMALISED[normalisation]}; idle is left out.`,
    ...(options.details ?? []).map((text) => escapeMarkdown(text)),
    ...table(`Your functions, ${up} (charged)`, charged.slower),
    ...table(`Your functions, ${down} (charged)`, charged.faster),
    ...table(`Any function, ${up} (${title})`, own.slower),
    ...table(`Any function, ${down} (${title})`, own.faster),
  ];
  const breaches =
    options.failOn === undefined
      ? []
      : listBreaches(difference, options.failOn).map((each) => breachText(difference, options.failOn!, each));
  const caution = options.failOn && breachCaution(difference, listBreaches(difference, options.failOn));
  if (breaches.length > 0)
    lines.push('', '## Over the limit', '', ...breaches.map((text) => `- ${escapeMarkdown(text)}`));
  lines.push('', '## To know when reading this', '');
  for (const note of caution === undefined ? notes : [caution, ...notes])
    lines.push(`- ${escapeMarkdown(note)}`);
  lines.push(
    '- *maybe chance*: the change is within what sampling alone does (95 %), or fewer than 10 samples saw the function.',
    '- *charged* = own weight of a function of yours and all native, core and dependency work below it, up to your next function.',
  );
  return `${lines.join('\n')}\n`;
}

function changeTable(
  title: string,
  changes: readonly Change[],
  difference: ProfileDifference,
  cwd: string,
): string[] {
  if (changes.length === 0) return [];
  const shown = changes.slice(0, MOST_ROWS);
  return [
    '',
    `## ${title}`,
    '',
    ...markdownTable(
      ['function', 'before', 'after', 'change', '', 'where'],
      'lrrrll',
      shown.map(({ row, before, after, delta, significant }) => [
        markdownCode(nameOf(row)),
        formatValue(difference, before),
        formatValue(difference, after),
        formatDelta(difference, delta),
        significant ? formatRelative(before, after) : 'maybe chance',
        markdownCode(row.file === '' ? row.package : locationText(row, cwd)),
      ]),
    ),
    ...(shown.length < changes.length
      ? ['', `${shown.length} of ${formatNumber(changes.length)} rows.`]
      : []),
  ];
}
