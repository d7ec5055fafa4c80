import { formatDuration, formatNumber, formatShare, formatWindow } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Role,
  type Style,
  shortenPath,
  textWidth,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type { DoctorReport, EvidenceLine, Finding, Severity, Where } from '../doctor/report.ts';

const SEVERITY_ROLE: Record<Severity, Role> = { critical: 'crit', warning: 'warn', note: 'note' };

/** The short form for terminals under 60 columns: no line is longer than `style.columns`, commands apart. */
export function renderNarrow(report: DoctorReport, options: Style & { recording?: string }): string[] {
  const { target, window } = report;
  const { columns } = options;
  const major = cleanText(target.node.split('.')[0] ?? '');
  const tail = `  Node ${major}  ${report.core === undefined ? formatWindow(window.seconds) : 'a core'}`;
  const name = truncate(`${cleanText(target.name)} (${target.pid})`, columns - tail.length);
  const lines = [paint(options, 'title', name + tail), ''];
  const shown = report.findings.filter((finding) => finding.suspended !== true);
  const [first, ...others] = shown;
  if (first === undefined) lines.push(...wrap(cleanText(report.verdict), columns));
  else lines.push(...openFinding(first, options));
  for (const finding of others) lines.push(headOf(finding, options));
  const suspended = report.findings.length - shown.length;
  if (suspended > 0)
    lines.push(
      paint(options, 'dim', `${suspended} suspended: the machine is short of CPU`.slice(0, columns)),
    );
  if (options.recording !== undefined) lines.push(`all of it:  ${cleanText(options.recording)}`);
  lines.push('', ...footLines(report, options));
  return lines;
}

function headOf(finding: Finding, options: Style): string {
  const label = paint(options, SEVERITY_ROLE[finding.severity], padEnd(finding.severity.toUpperCase(), 10));
  return `${label}${truncate(`${finding.kind}  ${finding.confidence.toFixed(2)}`, options.columns - 10)}`;
}

function openFinding(finding: Finding, options: Style): string[] {
  const { columns } = options;
  const lines = [
    headOf(finding, options),
    ...wrap(cleanText(finding.title), columns).map((line) => paint(options, 'title', line)),
  ];
  const [place, caller] = finding.where;
  if (place !== undefined)
    lines.push(`  ${paint(options, 'user', shortenPath(locationOf(place), columns - 2))}`);
  if (caller !== undefined) {
    const name = truncate(cleanText(caller.function), 14);
    lines.push(
      paint(options, 'dim', `  < ${name} ${shortenPath(locationOf(caller), columns - 5 - textWidth(name))}`),
    );
  }
  for (const line of finding.evidence
    .filter((each) => each.limit !== null && each.sense === 'above')
    .slice(0, 2)) {
    lines.push(evidenceRow(line, options));
  }
  const { source } = finding;
  const code = source?.lines[source.blamedLine - source.firstLine];
  if (source !== undefined && code !== undefined) {
    const share = source.shares[String(source.blamedLine)];
    const gutter = share === undefined ? '' : `${formatShare(share)} `;
    lines.push(
      paint(options, 'hot', truncate(`  ${gutter}${source.blamedLine} > ${cleanText(code).trim()}`, columns)),
    );
  }
  for (const command of finding.next) lines.push(`  next  ${paint(options, 'cmd', cleanText(command))}`);
  return lines;
}

/** Signals every second report shows, in the room a phone has. */
const SHORT_SIGNALS: Record<string, string> = {
  'event-loop delay p99': 'delay p99',
  'time in stretches > 50 ms': 'blocked',
  'main thread CPU median': 'main CPU',
  'garbage collection': 'GC',
  'loop has not turned for': 'stuck for',
  'run-queue wait': 'run queue',
};

function evidenceRow(line: EvidenceLine, options: Style): string {
  const value = `${formatNumber(line.value)} ${line.unit}`;
  const limit = `limit ${formatNumber(line.limit!)} ${line.unit}`;
  const signal = truncate(
    SHORT_SIGNALS[line.signal] ?? cleanText(line.signal),
    Math.max(8, options.columns - 27),
  );
  const gap = padStart('', Math.max(1, options.columns - 16 - 2 - textWidth(signal) - textWidth(value)));
  return truncateRow(`  ${signal}${gap}`, value, limit, options, line.value >= line.limit!);
}

function truncateRow(head: string, value: string, limit: string, options: Style, beyond: boolean): string {
  const plain = `${head}${value}  ${limit}`;
  const shown = beyond ? paint(options, 'crit', value) : value;
  if (textWidth(plain) > options.columns) return `${head}${shown}`;
  return `${head}${shown}  ${paint(options, 'dim', limit)}`;
}

function locationOf(place: Where): string {
  if (place.file === '') return cleanText(place.function);
  return place.line > 0 ? `${cleanText(place.file)}:${place.line}` : cleanText(place.file);
}

function footLines(report: DoctorReport, options: Style): string[] {
  if (report.core !== undefined) return [];
  const paused = report.actions.reduce((sum, action) => sum + action.pauseMs, 0);
  const { leftBehind, verified } = report.left;
  const left =
    leftBehind.length > 0
      ? 'something left behind'
      : verified
        ? 'nothing left behind'
        : 'leaving not verified';
  const text = `${paused > 0 ? `paused ${formatDuration(Math.ceil(paused))}` : 'not paused'}, ${left}`;
  return [
    ...wrap(text, options.columns),
    ...leftBehind.flatMap(({ what, command }) => [
      ...wrap(`left behind: ${cleanText(what)}`, options.columns),
      cleanText(command),
    ]),
  ];
}
