import { formatBytes, formatDuration, formatNumber, formatPercent, formatWindow } from '../base/quantity.ts';
import {
  bar,
  cleanText,
  padEnd,
  padStart,
  paint,
  type Role,
  type Style,
  sparkline,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type { LatencyPercentiles, LoadResult } from '../load/load-result.ts';

/** Below this width the short form is drawn: seven percentiles do not fit. */
const NARROW = 78;
/** Wider than this no line gets: bars of a screen's width are hard to compare. */
const WIDEST = 110;

type PercentileName = 'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p999' | 'max';
const PERCENTILES: readonly { name: PercentileName; label: string; isShort: boolean }[] = [
  { name: 'p50', label: 'p50', isShort: true },
  { name: 'p75', label: 'p75', isShort: false },
  { name: 'p90', label: 'p90', isShort: true },
  { name: 'p95', label: 'p95', isShort: false },
  { name: 'p99', label: 'p99', isShort: true },
  { name: 'p999', label: 'p99.9', isShort: false },
  { name: 'max', label: 'max', isShort: true },
];

/**
 * A load test as text for a terminal, ending with a line break: the answer first, then latency percentiles, histogram,
 * throughput over time, status codes and what must be known to read the numbers. Two forms, for 78 columns and up and below.
 */
export function renderLoad(result: LoadResult, style: Style): string {
  const columns = Math.min(WIDEST, Math.max(30, style.columns));
  const page = { ...style, columns };
  const blocks = [
    headLines(result, page),
    answerLines(result, page),
    latencyLines(result, page),
    histogramLines(result, page),
    throughputLines(result, page),
    statusLines(result, page),
    noteLines(result, page),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
  const text = `${lines
    .slice(0, -1)
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function headLines(result: LoadResult, style: Style): string[] {
  const { method, url, connections, rate, seconds } = result;
  const asked = `${cleanText(method)} ${cleanText(url)}`.trim();
  const how = [
    Number.isFinite(connections) ? `${connections} connection${connections === 1 ? '' : 's'}` : '',
    rate === undefined ? '' : `${formatNumber(rate)}/s`,
    formatWindow(seconds),
  ].filter((part) => part !== '');
  if (style.columns < NARROW) {
    return [
      paint(style, 'title', truncate(asked, style.columns)),
      paint(style, 'title', truncate(how.join('  '), style.columns)),
    ];
  }
  const tail = `  ${how.join('  ')}`;
  return [paint(style, 'title', truncate(`holter load  ${asked}`, style.columns - textWidth(tail)) + tail)];
}

/** `2 956 requests/s, half within 3.4 ms, 99 % within 5.1 ms, no errors`. */
function answerLines(result: LoadResult, style: Style): string[] {
  const { latency, throughput, requests } = result;
  const failed = requests.total - requests.ok;
  const within = (share: string, limit: number): string[] =>
    Number.isFinite(limit) ? [`${share} within ${formatDuration(limit)}`] : [];
  const parts = [
    `${formatNumber(throughput.requestsPerSecond)} requests/s`,
    ...within('half', latency.p50),
    ...within('99 %', latency.p99),
  ];
  const answer = `${parts.join(', ')}, `;
  const verdict =
    failed === 0
      ? 'no errors'
      : `${formatPercent((failed / requests.total) * 100)} failed (${formatNumber(failed)} of ${formatNumber(requests.total)})`;
  const role: Role = failed === 0 ? 'ok' : 'crit';
  const lines = wrapUnits(answer + verdict, style.columns);
  // The verdict may be broken over two lines: each of its words is painted by its place in the whole text.
  let at = 0;
  return lines.map((line) => {
    const from = Math.max(0, Math.min(line.length, answer.length - at));
    at += line.length + 1;
    return paint(style, 'title', line.slice(0, from)) + paint(style, role, line.slice(from));
  });
}

function latencyLines(result: LoadResult, style: Style): string[] {
  const { latency, uncorrectedLatency } = result;
  const isNarrow = style.columns < NARROW;
  const shown = PERCENTILES.filter(
    ({ name, isShort }) =>
      !isNarrow || (isShort && (name === 'p50' || name === 'p99' || style.columns >= 40)),
  );
  const [labelWidth, width] = isNarrow ? [8, 8] : [14, 9];
  const row = (label: string, values: readonly string[], role?: Role): string => {
    const text = padEnd(label, labelWidth) + values.map((value) => padStart(value, width)).join('');
    return role === undefined ? text : paint(style, role, text);
  };
  const values = (source: LatencyPercentiles): string[] =>
    shown.map(({ name }) => formatDuration(source[name]));
  const lines = [
    row(
      'latency',
      shown.map(({ label }) => label),
      'title',
    ),
  ];
  if (uncorrectedLatency === undefined) lines.push(row('', values(latency)));
  else {
    lines.push(
      row(isNarrow ? ' due' : '  since due', values(latency)),
      row(isNarrow ? ' sent' : '  since sent', values(uncorrectedLatency), 'dim'),
    );
  }
  if (!isNarrow && Number.isFinite(latency.mean))
    lines.push(
      paint(
        style,
        'dim',
        `${' '.repeat(labelWidth + 2)}min ${formatDuration(latency.min)}, mean ${formatDuration(latency.mean)}, standard deviation ${formatDuration(latency.stddev)}`,
      ),
    );
  return lines;
}

function histogramLines(result: LoadResult, style: Style): string[] {
  const bars = result.histogram;
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return [];
  const isNarrow = style.columns < NARROW;
  const most = Math.max(...bars.map(({ count }) => count));
  const edges = bars.map(({ from, to }) =>
    isNarrow ? `${formatDuration(from)}` : `${formatDuration(from)} – ${formatDuration(to)}`,
  );
  const edgeWidth = Math.max(...edges.map(textWidth));
  const countWidth = Math.max(...bars.map(({ count }) => formatNumber(count).length));
  const shareWidth = isNarrow ? 0 : 9;
  const cells = style.columns - edgeWidth - countWidth - shareWidth - 6;
  const title = isNarrow ? 'responses by latency, from' : 'responses by latency';
  return [
    paint(style, 'title', title),
    ...bars.map(({ count }, index) => {
      const share = (count / total) * 100;
      const head = `  ${padStart(edges[index]!, edgeWidth)}  ${padEnd(bar(count / most, cells), cells)}`;
      if (count === 0) return paint(style, 'dim', `  ${padStart(edges[index]!, edgeWidth)}`);
      const number = `  ${padStart(formatNumber(count), countWidth)}`;
      return isNarrow
        ? head + number
        : `${head}${number}${paint(style, 'dim', padStart(share < 0.01 ? '<0.01 %' : formatPercent(share), shareWidth))}`;
    }),
  ];
}

function throughputLines(result: LoadResult, style: Style): string[] {
  const { perSecond, throughput } = result;
  const isNarrow = style.columns < NARROW;
  const rate = `${formatNumber(throughput.requestsPerSecond)}/s`;
  const volume = Number.isFinite(throughput.bytesPerSecond)
    ? `${formatBytes(throughput.bytesPerSecond)}/s`
    : '';
  const lines = [
    paint(style, 'title', padEnd('throughput', 14)) + [rate, volume].filter((part) => part !== '').join('  '),
  ];
  // With one second there is no course to draw.
  if (perSecond.length < 2) return lines;
  const labelWidth = isNarrow ? 12 : 14;
  const row = (label: string, values: readonly number[], say: (value: number) => string): void => {
    const known = values.filter(Number.isFinite);
    if (known.length === 0) return;
    const span = `${say(Math.min(...known))} – ${say(Math.max(...known))}`;
    const room = style.columns - labelWidth - (isNarrow ? 0 : 24);
    const cells = Math.min(room, Math.max(20, values.length));
    const drawn = padEnd(label, labelWidth) + sparkline(values, cells);
    lines.push(isNarrow ? drawn : `${padEnd(drawn, labelWidth + cells)}  ${paint(style, 'dim', span)}`);
  };
  row(
    '  answers/s',
    perSecond.map(({ requests }) => requests),
    formatNumber,
  );
  row(
    '  p99',
    perSecond.map(({ p99 }) => p99),
    formatDuration,
  );
  if (perSecond.some(({ errors }) => errors > 0))
    row(
      '  errors/s',
      perSecond.map(({ errors }) => errors),
      formatNumber,
    );
  return lines;
}

function statusLines(result: LoadResult, style: Style): string[] {
  const { statuses, requests } = result;
  const parts = Object.entries(statuses).map(([status, count]) => ({
    text: `${cleanText(status)} × ${formatNumber(count)}`,
    isBad: !/^2/.test(status),
  }));
  if (requests.errors > 0) parts.push({ text: `errors × ${formatNumber(requests.errors)}`, isBad: true });
  if (requests.timeouts > 0)
    parts.push({ text: `timeouts × ${formatNumber(requests.timeouts)}`, isBad: true });
  if (parts.length === 0) return [];
  const indent = style.columns < NARROW ? 10 : 14;
  const lines: string[] = [];
  let line = '';
  for (const { text, isBad } of parts) {
    if (line !== '' && textWidth(line) + 3 + textWidth(text) > style.columns - indent) {
      lines.push(line);
      line = '';
    }
    line += (line === '' ? '' : '   ') + paint(style, isBad ? 'crit' : 'ok', text);
  }
  return [...lines, line].map(
    (shown, index) => paint(style, 'title', padEnd(index === 0 ? 'statuses' : '', indent)) + shown,
  );
}

function noteLines({ notes }: LoadResult, style: Style): string[] {
  return notes.flatMap((note) =>
    wrapUnits(cleanText(note), style.columns - 6).map(
      (line, index) => (index === 0 ? paint(style, 'note', 'note  ') : '      ') + line,
    ),
  );
}

/** A private-use character, one cell wide, that no cleaned text holds. */
const TIE = '\ue000';

/** Lines broken at spaces, but not between a number and its unit or the groups of its digits. */
function wrapUnits(text: string, width: number): string[] {
  const tied = text.replace(/(\d) (?=\d{3}|%|(?:µs|ms|s|min|h)\b)/g, `$1${TIE}`);
  return wrap(tied, width).map((line) => line.replaceAll(TIE, ' '));
}
