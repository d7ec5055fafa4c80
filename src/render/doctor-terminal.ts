import { formatDuration, formatNumber, formatShare, formatWindow } from '../base/quantity.ts';
import {
  bar,
  cleanText,
  padEnd,
  padStart,
  paint,
  type Role,
  type Style,
  shortenPath,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type {
  DoctorReport,
  EvidenceLine,
  Finding,
  Severity,
  SourceExcerpt,
  Where,
} from '../doctor/report.ts';
import type { VitalSigns } from '../metrics/series.ts';
import { renderNarrow } from './doctor-terminal-narrow.ts';
import { renderVitalRows } from './vital-rows.ts';

export interface DoctorTerminalOptions extends Style {
  /** For the sparklines; without it the table is left out. */
  vitals?: VitalSigns;
  /** Path of the page or of the recording, shown last. */
  recording?: string;
}

const SEVERITY_ROLE: Record<Severity, Role> = { critical: 'crit', warning: 'warn', note: 'note' };
/** Below this width the short form is used. */
const NARROW = 60;
const INDENT = ' '.repeat(10);

/**
 * The report as text for a terminal, ending with a line break: the first finding open, the others in two lines, the vital
 * signs, what was done to the target. Strings of the target are cleaned, so that no name or source line can move the
 * cursor. Without colour and without Unicode nothing is lost.
 */
export function renderDoctor(report: DoctorReport, options: DoctorTerminalOptions): string {
  const columns = Math.max(20, options.columns);
  const style = { ...options, columns };
  const lines = columns < NARROW ? renderNarrow(report, style) : renderWide(report, style);
  const text = `${lines.join('\n')}\n`;
  return options.unicode ? text : toAscii(text);
}

function renderWide(report: DoctorReport, options: DoctorTerminalOptions): string[] {
  const lines = [headLine(report, options), ''];
  const shown = report.findings.filter((finding) => finding.suspended !== true);
  const suspended = report.findings.length - shown.length;
  const [first, ...others] = shown;
  if (first === undefined || report.window.end.kind === 'target-exited')
    lines.push(...verdictLines(report, options), '');
  if (first !== undefined) lines.push(...openFinding(first, options), '');
  for (const finding of others) lines.push(...closedFinding(finding, options));
  if (others.length > 0) lines.push('');
  if (suspended > 0) {
    const names = report.findings
      .filter((finding) => finding.suspended === true)
      .map((finding) => finding.kind);
    lines.push(
      ...wrap(
        `${suspended} suspended until the machine is free: ${names.join(', ')}`,
        options.columns - 10,
      ).map((line) => INDENT + paint(options, 'dim', line)),
      '',
    );
  }
  if (options.vitals !== undefined) {
    const rows = renderVitalRows(options.vitals, report.window.seconds, options);
    if (rows.length > 0) lines.push(...rows, '');
  }
  for (const gap of report.gaps) {
    const [head, ...rest] = wrap(cleanText(gap), options.columns - 12);
    lines.push(
      paint(options, 'dim', `not known: ${head ?? ''}`),
      ...rest.map((line) => paint(options, 'dim', `           ${line}`)),
    );
  }
  if (report.gaps.length > 0) lines.push('');
  lines.push(...footLines(report, options));
  return lines;
}

function headLine(report: DoctorReport, options: DoctorTerminalOptions): string {
  const { target, window, core, findings } = report;
  const node = target.node === '' ? '' : `  Node ${cleanText(target.node)}`;
  const count =
    findings.length === 0
      ? 'no findings'
      : findings.length === 1
        ? '1 finding'
        : `${findings.length} findings`;
  const room = Math.min(options.columns, 120) - 4 - count.length;
  const left = truncate(
    `holter doctor  ${cleanText(target.name)} (${target.pid})${node}  ${core === undefined ? formatWindow(window.seconds) : 'a core'}`,
    room - 2,
  );
  // The mock-up's right edge is four cells in from the last column.
  return (
    paint(options, 'title', left) +
    padStart(count, Math.max(count.length + 2, room + count.length - textWidth(left)))
  );
}

function verdictLines(report: DoctorReport, options: DoctorTerminalOptions): string[] {
  const ok = report.findings.length === 0 && report.window.end.kind === 'complete' && !isOutsideOnly(report);
  const label = ok ? paint(options, 'ok', padEnd('OK', 10)) : paint(options, 'note', padEnd('NOTE', 10));
  const [head, ...rest] = wrap(cleanText(report.verdict), options.columns - 10);
  const lines = [
    label + paint(options, 'title', head ?? ''),
    ...rest.map((line) => INDENT + paint(options, 'title', line)),
  ];
  if (report.findings.length === 0 && report.window.end.kind !== 'target-exited') {
    lines.push(
      report.core === undefined
        ? `${INDENT}If users still complain, look while it happens:`
        : `${INDENT}All that is in it:`,
      INDENT +
        paint(
          options,
          'cmd',
          cleanText(
            report.core === undefined
              ? `holter doctor ${report.target.pid} -d 60s`
              : `holter core ${report.core}`,
          ),
        ),
      ...wrap(
        `${report.checked.length} kinds of trouble looked for: ${report.checked.join(', ')}`,
        options.columns - 10,
      ).map((line) => INDENT + paint(options, 'dim', line)),
    );
  }
  return lines;
}

function isOutsideOnly(report: DoctorReport): boolean {
  return report.gaps.some((gap) => gap.startsWith('no inside view'));
}

function openFinding(finding: Finding, options: DoctorTerminalOptions): string[] {
  const lines = titleLines(finding, options, 'title');
  const place = placeLine(finding.where, options);
  if (place !== '') lines.push(INDENT + place);
  lines.push(INDENT + paint(options, 'dim', kindLine(finding, options.columns - INDENT.length)), '');
  lines.push(...evidenceLines(finding, options), '');
  if (finding.source !== undefined) lines.push(...excerptLines(finding.source, options), '');
  for (const line of wrap(cleanText(finding.advice), Math.min(options.columns, 100) - 4))
    lines.push(`  ${line}`);
  for (const command of finding.next) lines.push(`  next  ${paint(options, 'cmd', cleanText(command))}`);
  return lines;
}

/** `event-loop-blocked  confidence 0.97  explains slow-throughput`, with as many complaints as fit. */
function kindLine(finding: Finding, width: number): string {
  let line = `${finding.kind}  confidence ${finding.confidence.toFixed(2)}  explains ${finding.problem}`;
  for (const problem of finding.alsoExplains ?? []) {
    if (textWidth(line) + problem.length + 2 <= width) line += `, ${problem}`;
  }
  return line;
}

function closedFinding(finding: Finding, options: DoctorTerminalOptions): string[] {
  const place = finding.where[0];
  const location =
    place === undefined ? '' : `${paint(options, 'user', shortenPath(locationOf(place), 36))}  `;
  const kind = paint(options, 'dim', `${finding.kind}  confidence ${finding.confidence.toFixed(2)}`);
  return [...titleLines(finding, options, undefined), `${INDENT}${location}${kind}`];
}

function titleLines(finding: Finding, options: DoctorTerminalOptions, role: Role | undefined): string[] {
  const label = paint(options, SEVERITY_ROLE[finding.severity], padEnd(finding.severity.toUpperCase(), 10));
  const [head, ...rest] = wrap(cleanText(finding.title), options.columns - 10);
  const show = (text: string): string => (role === undefined ? text : paint(options, role, text));
  return [label + show(head ?? ''), ...rest.map((line) => INDENT + show(line))];
}

/** `file:line` of a place, cleaned; the function's name where there is no file. */
export function locationOf(place: Where): string {
  if (place.file === '') return cleanText(place.function);
  return place.line > 0 ? `${cleanText(place.file)}:${place.line}` : cleanText(place.file);
}

/** `app/auth.js:41  < login app/routes/session.js:22  + parse app/p.js:9 22 %`, as much as fits on the line. */
function placeLine(where: readonly Where[], options: DoctorTerminalOptions): string {
  const [first, ...others] = where;
  if (first === undefined) return '';
  const room = options.columns - INDENT.length;
  const own = shortenPath(locationOf(first), room);
  let line = paint(options, 'user', own);
  let used = textWidth(own);
  for (const place of others) {
    const counted = place.share !== null;
    const share = counted ? ` ${formatNumber(place.share! * 100)} %` : '';
    const owner = place.package === '' || place.package === 'node' ? '' : ` (${cleanText(place.package)})`;
    const text = `  ${counted ? '+' : '<'} ${truncate(cleanText(place.function), 30)} ${shortenPath(locationOf(place), 32)}${owner}${share}`;
    if (used + textWidth(text) > room) break;
    line += paint(options, 'dim', text);
    used += textWidth(text);
  }
  return line;
}

const BAR_CELLS = 20;

function evidenceLines(finding: Finding, options: DoctorTerminalOptions): string[] {
  if (finding.kind === 'event-loop-stuck' || finding.kind === 'microtask-starvation') {
    // What tells a stuck loop is words: which queues ran, which values it has, which child it waits for.
    return finding.evidence.flatMap((line) => wordLines(line, options));
  }
  return finding.evidence.flatMap((line) =>
    line.unit === 'text' ? wordLines(line, options) : [evidenceRow(line, options)],
  );
}

function wordLines({ text }: EvidenceLine, options: DoctorTerminalOptions): string[] {
  return wrap(cleanText(text), options.columns - 4).map((line, row) =>
    row === 0 ? `  ${line}` : `    ${line}`,
  );
}

function evidenceRow(line: EvidenceLine, options: DoctorTerminalOptions): string {
  const value = `${formatNumber(line.value)} ${line.unit}`.trimEnd();
  const isBeyond =
    line.limit !== null && (line.sense === 'above' ? line.value >= line.limit : line.value >= line.limit);
  const shown = paint(options, isBeyond ? 'crit' : 'title', value);
  const signal = padEnd(truncate(cleanText(line.signal), 26), 27);
  const head = `  ${signal}${' '.repeat(Math.max(1, 9 - textWidth(value)))}${shown}`;
  if (line.limit === null) {
    return line.unit === '%'
      ? `${head}${' '.repeat(19)}${paint(options, 'dim', bar(line.value / 100, BAR_CELLS))}`
      : head;
  }
  const limit = `${line.sense === 'above' ? 'limit' : 'below'} ${formatNumber(line.limit)} ${line.unit}`;
  if (line.sense === 'below') {
    return `${head}    ${paint(options, 'dim', limit)}  ${isBeyond ? paint(options, 'crit', 'beyond') : paint(options, 'ok', 'ok')}`;
  }
  const full = line.unit === '%' ? 100 : 16 * line.limit;
  const drawn = bar(line.value / full, BAR_CELLS);
  return `${head}    ${paint(options, 'dim', padEnd(limit, 13))}  ${isBeyond ? paint(options, 'crit', drawn) : drawn}`.trimEnd();
}

/** Two lines before and one after the blamed one, blank lines left out, shares in front, indentation taken off. */
function excerptLines(source: SourceExcerpt, options: DoctorTerminalOptions): string[] {
  const shown = source.lines
    .map((text, index) => ({ number: source.firstLine + index, text: cleanText(text.replace(/\t/g, '  ')) }))
    .filter(({ number, text }) => number === source.blamedLine || text.trim() !== '')
    .filter(({ number }) => number >= source.blamedLine - 2 && number <= source.blamedLine + 1);
  const indent = Math.min(
    ...shown.map(({ text }) => (text.trim() === '' ? 99 : text.length - text.trimStart().length)),
  );
  const width = String(shown.at(-1)?.number ?? 0).length;
  return shown.map(({ number, text }) => {
    const share = source.shares[String(number)];
    const blamed = number === source.blamedLine;
    const gutter = padStart(share === undefined ? '' : formatShare(share), 8);
    const code = truncate(text.slice(indent), options.columns - 14 - width);
    const line = `${gutter}  ${padStart(String(number), width)} ${blamed ? '>' : ' '}  ${code}`.trimEnd();
    if (blamed) return paint(options, 'hot', line);
    return `${gutter}  ${paint(options, 'dim', padStart(String(number), width))}    ${code}`.trimEnd();
  });
}

/** What was done to the target, always; and where the page is. */
function footLines(report: DoctorReport, options: DoctorTerminalOptions): string[] {
  const lines = report.core === undefined ? [`target: ${actsText(report, options)}`] : [];
  for (const { what, command } of report.left.leftBehind) {
    lines.push(
      paint(options, 'crit', `        left behind: ${cleanText(what)}`),
      `        remove with  ${paint(options, 'cmd', cleanText(command))}`,
    );
  }
  if (options.recording !== undefined) {
    const label = options.recording.endsWith('.html') ? 'page:   ' : 'recording: ';
    lines.push(`${label}${cleanText(options.recording)}`);
  }
  return lines;
}

/** `paused 44 ms, inspector open 96 ms on 127.0.0.1, nothing left behind`. */
export function actsText(
  report: Pick<DoctorReport, 'actions' | 'left' | 'inspectorOpenMs'>,
  options: Pick<Style, 'color'>,
): string {
  const paused = report.actions.reduce((sum, action) => sum + action.pauseMs, 0);
  const left =
    report.left.leftBehind.length > 0
      ? paint(options, 'crit', 'something left behind')
      : report.left.verified
        ? paint(options, 'ok', 'nothing left behind')
        : paint(options, 'warn', 'leaving not verified');
  return [
    paused > 0 ? `paused ${formatDuration(Math.ceil(paused))}` : 'not paused',
    report.inspectorOpenMs > 0
      ? `inspector open ${formatDuration(Math.ceil(report.inspectorOpenMs))} on 127.0.0.1`
      : 'inspector not opened',
    left,
  ].join(', ');
}
