import { formatBytes, formatDuration, formatNumber } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  sparkline,
  textWidth,
  truncate,
} from '../base/terminal-text.ts';
import { ageText } from './age-text.ts';
import { asShown, footLine, headLine, type KeyHint } from './top-lines.ts';
import type { TopFinding, TopPage, TopVital } from './top-model.ts';

/** Below this width the narrow form is drawn. */
const NARROW = 60;
/** From this height on there are titles, a line about access, and blank lines. */
const TALL = 14;
const MOST_FINDINGS = 6;

const KEYS: readonly KeyHint[] = [
  ['q', 'quit'],
  ['Esc', 'table'],
  ['s', 'stack'],
  ['p', 'profile'],
  ['d', 'doctor'],
  ['f', 'hottest'],
  ['h', 'heap'],
  ['?', 'help'],
  ['space', 'pause'],
];

/** Of a process that has ended nothing more can be asked. */
const ENDED_KEYS = KEYS.filter(([key]) => ['q', 'Esc', '?'].includes(key));

/**
 * The page of one process as exactly `height` lines of at most `style.columns` cells; what matters less gives way first.
 * `height` Infinity: everything, without keys, for a picture that is printed.
 */
export function renderTopPage(page: TopPage, style: Style, height: number): string[] {
  const isPicture = height === Number.POSITIVE_INFINITY;
  const isNarrow = style.columns < NARROW;
  const isTall = height >= TALL;
  const who = `${cleanText(page.name)} (${page.pid})`;
  const head = headLine(
    style,
    isNarrow
      ? [who, `up ${ageText(page.uptimeSeconds)}`]
      : [
          `holter top  ${who}`,
          page.node === '' ? '' : `Node ${page.node}`,
          `up ${ageText(page.uptimeSeconds)}`,
        ],
    page.clock,
    page.isPaused,
  );
  const lines = [head];
  if (isTall) lines.push(accessLine(page, style));

  const told = [
    ...(page.hottest === '' ? [] : [hottestLine(page, style)]),
    ...findingLines(page, style, isTall ? MOST_FINDINGS : height >= 9 ? 2 : 1),
  ];
  const titles = isTall && !isNarrow ? 2 : 0;
  // Head, keys, access, titles and the blank line before the findings.
  const besides = lines.length + (isPicture ? 0 : 1) + titles + (isTall ? 1 : 0);
  const forVitals = Math.max(Math.min(3, height - 2), height - besides - told.length);
  const shown = mostNeeded(page.vitals, forVitals);
  if (titles > 0) lines.push('', titleLine(shown, style));
  lines.push(...shown.map((vital, index) => vitalLine(vital, shown[index - 1], style)));
  if (isTall && told.length > 0) lines.push('');
  const room = isPicture ? told.length : height - 1 - lines.length;
  lines.push(...told.slice(0, Math.max(0, room)));
  if (isPicture) {
    const last = toldNow(page, style);
    return asShown(last.text === '' ? lines : [...lines, paint(style, last.role, last.text)], style);
  }
  while (lines.length < height - 1) lines.push('');
  const last = toldNow(page, style);
  return asShown(
    [
      ...lines.slice(0, height - 1),
      footLine(style, last.text, page.ended === '' ? KEYS : ENDED_KEYS, last.role),
    ],
    style,
  );
}

/** Seconds that the sparklines of a page of this width show. */
export function pageSeconds(columns: number): number {
  return columns < NARROW ? Math.max(0, columns - 19) : Math.min(columns, 140) - HEAD;
}

const LABEL = 21;
const NOW = 13;
const LIMIT = 10;
const HEAD = LABEL + NOW + LIMIT + 2;

/** The `count` of lowest rank, in their own order. */
function mostNeeded(vitals: readonly TopVital[], count: number): TopVital[] {
  const kept = new Set([...vitals].sort((a, b) => a.rank - b.rank).slice(0, Math.max(0, count)));
  return vitals.filter((vital) => kept.has(vital));
}

function titleLine(shown: readonly TopVital[], style: Style): string {
  const seconds = shown[0]?.values.length ?? 0;
  return paint(
    style,
    'title',
    `${' '.repeat(LABEL)}${padStart('now', NOW - 2)}${padStart('limit', LIMIT + 2)}  ${seconds > 0 ? `last ${seconds} s` : ''}`,
  );
}

function vitalLine(vital: TopVital, before: TopVital | undefined, style: Style): string {
  const isBeyond = vital.marksBeyond && vital.limit !== undefined && vital.now > vital.limit;
  const mark = isBeyond ? ' !' : '  ';
  const line = sparkline(vital.values, vital.values.length, vital.top);
  const value = (width: number): string => {
    const text = padStart(nowText(vital), width - 2);
    return isBeyond ? paint(style, 'crit', text + mark) : text + mark;
  };
  if (style.columns < NARROW) {
    const width = Math.min(12, style.columns - 6);
    return `${padEnd(vital.short, 6)}${value(width)}${style.columns >= 24 ? ` ${line}` : ''}`;
  }
  const group = vital.group === before?.group ? '' : vital.group;
  const limit = padStart(vital.limit === undefined ? '-' : valueText(vital.limit, vital.unit), LIMIT);
  return `${padEnd(group, 8)}${padEnd(vital.label, LABEL - 8)}${value(NOW)}${paint(style, 'dim', limit)}  ${line}`;
}

function nowText({ now, of, unit }: TopVital): string {
  if (of === undefined || !Number.isFinite(of) || !Number.isFinite(now)) return valueText(now, unit);
  if (unit !== 'bytes') return `${formatNumber(now)} of ${formatNumber(of)}`;
  const whole = formatBytes(of);
  const factor = whole.endsWith('GB') ? 1e9 : whole.endsWith('MB') ? 1e6 : whole.endsWith('kB') ? 1e3 : 1;
  return `${formatNumber(now / factor)}/${whole}`;
}

function valueText(value: number, unit: TopVital['unit']): string {
  if (!Number.isFinite(value)) return '-';
  switch (unit) {
    case '%':
      return `${formatNumber(Math.round(value * 10) / 10)} %`;
    case 'ms':
      return formatDuration(value);
    case 'bytes':
      return formatBytes(value);
    case 'per second':
      return `${formatNumber(value)} /s`;
    case 'count':
      return formatNumber(value);
  }
}

function accessLine(page: TopPage, style: Style): string {
  if (page.ended !== '')
    return paint(style, 'crit', truncate(`! ${page.ended}: the last picture`, style.columns));
  return paint(style, 'dim', truncate(cleanText(page.access), style.columns));
}

function hottestLine({ hottest }: TopPage, style: Style): string {
  return `${paint(style, 'title', 'now:')} ${truncate(cleanText(hottest), style.columns - 5)}`;
}

const SEVERITY = {
  critical: { word: 'CRITICAL', mark: '!', role: 'crit' },
  warning: { word: 'WARNING', mark: '!', role: 'warn' },
  note: { word: 'NOTE', mark: '-', role: 'note' },
} as const;

function findingLines(page: TopPage, style: Style, most: number): string[] {
  if (page.findings.length === 0) {
    if (most < 2 || page.ended !== '') return [];
    const text = page.isJudged
      ? 'no finding so far (d: a whole doctor visit looks further)'
      : 'judged every 10 s';
    return [paint(style, 'dim', truncate(text, style.columns))];
  }
  const rest = page.findings.length - most;
  const lines = page.findings.slice(0, most).map((finding) => findingLine(finding, style));
  if (rest > 0 && lines.length > 1)
    lines[lines.length - 1] = paint(style, 'dim', truncate(`and ${rest + 1} more`, style.columns));
  return lines;
}

function findingLine(finding: TopFinding, style: Style): string {
  const { word, mark, role } = SEVERITY[finding.severity];
  const isNarrow = style.columns < NARROW;
  const label = isNarrow ? `${mark} ` : `${padEnd(word, 8)}  `;
  const age = isNarrow ? '' : `  ${finding.isPast ? 'over' : ageText(finding.forSeconds)}`;
  const room = style.columns - label.length - age.length;
  const title = cleanText(finding.title);
  const where = finding.where === '' || title.includes(finding.where) ? '' : `  ${cleanText(finding.where)}`;
  const text = textWidth(title + where) <= room ? title + where : truncate(title, room);
  const line = `${padEnd(text, isNarrow ? 0 : room)}${age}`;
  return finding.isPast
    ? paint(style, 'dim', label + line)
    : `${paint(style, role, label)}${line.slice(0, line.length - age.length)}${paint(style, 'dim', age)}`;
}

function toldNow(page: TopPage, style: Style): { text: string; role: 'crit' | 'warn' | 'dim' } {
  if (page.ended !== '') return { text: truncate(`! ${page.ended}`, style.columns), role: 'crit' };
  if (page.doing !== '') return { text: page.doing, role: 'warn' };
  if (page.blockedMs >= 200)
    return {
      text: `! blocked${style.columns < NARROW ? '' : ' now for'} ${formatDuration(page.blockedMs)}`,
      role: 'crit',
    };
  return { text: '', role: 'dim' };
}
