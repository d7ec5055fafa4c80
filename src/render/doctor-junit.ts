import { KIND_WORDS } from '../doctor/kind-words.ts';
import {
  type DoctorReport,
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  type Severity,
} from '../doctor/report.ts';

export interface DoctorJunitOptions {
  /** Findings of this severity and above are failures, the rest output of their test case. */
  failOn: Severity;
}

const SEVERITIES: readonly Severity[] = ['note', 'warning', 'critical'];

/**
 * The report as JUnit XML (the form Jenkins, GitLab, GitHub actions and most others read; there is no standard, see
 * github.com/testmoapp/junitxml): one test case for each kind of finding. Kinds that this run could not judge are skipped.
 * Findings of one kind share its test case, because readers take one failure of each. `file` and `line` of a case are
 * those of the first finding's first place.
 */
export function renderDoctorJunit(report: DoctorReport, options: DoctorJunitOptions): string {
  const cases = FINDING_KINDS.map((kind) => buildCase(kind, report, options));
  const count = (outcome: Outcome): number => cases.filter((one) => one.outcome === outcome).length;
  const suite = attributes({
    name: `holter doctor: ${report.target.name}`,
    tests: cases.length,
    failures: count('failed'),
    errors: 0,
    skipped: count('skipped'),
    time: report.window.seconds.toFixed(3),
    // Without a zone, as the schema of Jenkins wants it; UTC.
    timestamp: report.window.startedAt.replace(/(?:\.\d+)?Z$/, ''),
  });
  const properties = Object.entries({
    pid: report.target.pid,
    node: report.target.node,
    command: report.target.command,
    cwd: report.target.cwd,
    verdict: report.verdict,
  }).map(([name, value]) => `      <property ${attributes({ name, value })}/>`);
  const totals = attributes({
    name: 'holter doctor',
    tests: cases.length,
    failures: count('failed'),
    errors: 0,
    skipped: count('skipped'),
    time: report.window.seconds.toFixed(3),
  });
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite ${suite}>`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...cases.map(({ xml }) => xml),
    ...(report.gaps.length === 0
      ? []
      : [`    <system-out>${text(`not known:\n${report.gaps.join('\n')}`)}</system-out>`]),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n')}\n`;
}

type Outcome = 'passed' | 'failed' | 'skipped';

function buildCase(
  kind: FindingKind,
  report: DoctorReport,
  { failOn }: DoctorJunitOptions,
): { outcome: Outcome; xml: string } {
  const findings = report.findings.filter((finding) => finding.kind === kind);
  const failing = findings.filter(
    ({ severity }) => SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(failOn),
  );
  const others = findings.filter((finding) => !failing.includes(finding));
  const place = findings[0]?.where[0];
  const head = attributes({
    classname: 'holter.doctor',
    name: kind,
    time: '0.000',
    ...(place === undefined || place.file === '' || place.line === 0
      ? {}
      : { file: place.file, line: place.line }),
  });
  const wasChecked = report.checked.includes(kind) || findings.length > 0;
  const outcome: Outcome = failing.length > 0 ? 'failed' : wasChecked ? 'passed' : 'skipped';
  const inner: string[] = [];
  const first = failing[0];
  if (first !== undefined)
    inner.push(
      `      <failure ${attributes({ message: first.title, type: `${kind} ${first.severity}` })}>${text(
        failing.map(describeFinding).join('\n\n'),
      )}</failure>`,
    );
  if (outcome === 'skipped')
    inner.push(
      `      <skipped ${attributes({ message: `not checked: this run has no evidence for it. ${KIND_WORDS[kind]}` })}/>`,
    );
  if (others.length > 0)
    inner.push(`      <system-out>${text(others.map(describeFinding).join('\n\n'))}</system-out>`);
  return {
    outcome,
    xml:
      inner.length === 0
        ? `    <testcase ${head}/>`
        : [`    <testcase ${head}>`, ...inner, '    </testcase>'].join('\n'),
  };
}

/** All of a finding, as plain lines. */
function describeFinding(finding: Finding): string {
  const { title, severity, confidence, evidence, where, advice, next, suspended } = finding;
  return [
    `${severity}: ${title} (confidence ${confidence})${suspended ? ', suspended until the machine is free' : ''}`,
    ...evidence.map((line) => `  ${line.text}`),
    ...where.map(
      (place, index) => `  ${index === 0 ? 'at' : '  from'} ${place.function} (${place.file}:${place.line})`,
    ),
    advice,
    ...next.map((command) => `next: ${command}`),
  ].join('\n');
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${attribute(String(value))}"`)
    .join(' ');
}

function attribute(value: string): string {
  return text(value).replace(/"/g, '&quot;').replace(/\t/g, '&#9;').replace(/\n/g, '&#10;');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get into XML
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

/**
 * Text as XML 1.0 can hold it. Escapes do not help for the characters it has none for (most control characters, halves
 * of surrogate pairs, U+FFFE): they become U+FFFD, so that one function name cannot make the whole file unreadable.
 */
function text(value: string): string {
  return value
    .replace(/\r\n?/g, '\n')
    .replace(NOT_XML, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}
