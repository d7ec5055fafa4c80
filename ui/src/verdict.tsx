import type { JSX } from 'preact';
import type { Finding, Problem, Severity } from '../../src/doctor/report.ts';
import { ageText, numberText, THIN, withUnit } from './number-text.ts';
import { doctorPage } from './page-data.ts';
import { Mark } from './severity-mark.tsx';
import { profile } from './state.ts';
import { summarise } from './statistics.ts';

const PROBLEMS: Record<Problem, string> = {
  'gateway-timeout': 'gateway time-outs',
  'server-error': 'server errors',
  'memory-growth': 'growing memory',
  'cpu-high-serving': 'high CPU while still serving',
  'cpu-stuck': 'CPU at 100 % and no answers',
  'slow-throughput': 'slow throughput',
};

export function Verdict(): JSX.Element {
  const data = doctorPage();
  const { report } = data;
  const active = report.findings.filter((finding) => !finding.suspended);
  const order: Severity[] = ['critical', 'warning', 'note'];
  const worst = order.find((severity) => active.some((finding) => finding.severity === severity));
  // A tick beside "stuck" or "exited" would lie, whatever the rules found.
  const ended = report.window.end.kind === 'stuck' || report.window.end.kind === 'target-exited';
  return (
    <section class="verdict" aria-labelledby="verdict-title">
      <Mark
        kind={
          worst ??
          (ended ? 'critical' : data.access === 'outside' && report.core === undefined ? 'note' : 'ok')
        }
        size={20}
      />
      <div class="verdict-text">
        <h1 id="verdict-title">{withCode(report.verdict, active[0])}</h1>
        <p>{secondLine(active)}</p>
      </div>
      <Facts />
    </section>
  );
}

/** Function and file:line of the first finding in monospace; a line break after the state. */
function withCode(verdict: string, finding: Finding | undefined): (JSX.Element | string)[] {
  const where = finding?.where[0];
  const marks = where
    ? [`${where.file}:${where.line}`, where.function].filter((text) => text.length > 1)
    : [];
  let parts: (JSX.Element | string)[] = [verdict];
  for (const mark of marks) {
    parts = parts.flatMap((part) => {
      if (typeof part !== 'string' || !part.includes(mark)) return [part];
      const at = part.indexOf(mark);
      return [part.slice(0, at), <code key={mark}>{mark}</code>, part.slice(at + mark.length)];
    });
  }
  return parts.flatMap((part, i) => {
    const at = i === 0 && typeof part === 'string' ? part.indexOf(': ') : -1;
    return at < 0
      ? [part]
      : [(part as string).slice(0, at + 1), <br key="break" />, (part as string).slice(at + 2)];
  });
}

/** Complaint explained, what was ruled out, how much was looked at. */
function secondLine(active: Finding[]): string {
  const sentences: string[] = [];
  const first = active[0];
  if (first) {
    const problems = [...new Set([first.problem, ...(first.alsoExplains ?? [])])].map(
      (problem) => PROBLEMS[problem] ?? problem,
    );
    sentences.push(`Explains ${problems.join(' and ')}.`);
  }
  const machine = machineSentence(active);
  if (machine) sentences.push(machine);
  const checked = doctorPage().report.checked.length;
  if (checked > 0) sentences.push(`${checked} kinds of trouble checked.`);
  const partial = profile.value?.partial;
  if (partial) sentences.push(`From part of the data: ${partial}.`);
  return sentences.join(' ');
}

/** The machine is acquitted only by numbers that were read. */
function machineSentence(active: Finding[]): string {
  if (active.some((finding) => finding.kind === 'cpu-starved')) return '';
  const p95 = (name: string) => {
    const series = doctorPage().series.find((one) => one.name === name);
    return summarise(series?.v.filter((value) => value !== null) ?? [])?.p95;
  };
  const wait = p95('sched.main_wait_percent');
  if (wait === undefined || wait > 10) return '';
  const throttled = p95('cgroup.throttled_percent');
  const steal = p95('machine.steal_percent');
  const none = [
    throttled !== undefined && throttled < 0.5 && 'no throttling',
    steal !== undefined && steal < 0.5 && 'no steal',
  ];
  return `Not the machine: ${[`run-queue wait ${numberText(wait, 1)}${THIN}%`, ...none].filter(Boolean).join(', ')}.`;
}

function Facts(): JSX.Element {
  const { target, window, core } = doctorPage().report;
  const began = new Date(window.startedAt);
  const started = new Date(target.startedAt);
  const known = !Number.isNaN(began.getTime());
  const clock = (date: Date) => date.toISOString().slice(11, 19);
  const end = new Date(began.getTime() + window.seconds * 1000);
  const age = known && !Number.isNaN(started.getTime()) ? ageText(began.getTime() - started.getTime()) : '';
  return (
    <dl class="facts">
      <dt>Target</dt>
      <dd class="mono" title={target.command}>
        {target.command}
      </dd>
      <dt>Node</dt>
      <dd>
        {target.node}
        {target.v8 && ` · V8 ${target.v8}`}
      </dd>
      {core === undefined ? (
        <>
          <dt>Window</dt>
          <dd>
            {`${numberText(window.seconds, 1)}${THIN}s`}
            {known && `, ${clock(began)}–${clock(end)} UTC`}
          </dd>
        </>
      ) : (
        <>
          <dt>Core</dt>
          <dd class="mono">{core}</dd>
        </>
      )}
      <dt>{core === undefined ? 'Up since' : 'Had'}</dt>
      <dd>
        {age && `${age} · `}
        {target.threads} threads
      </dd>
    </dl>
  );
}

/** What keeps the page from being whole, above everything else. */
export function Banner(): JSX.Element | null {
  const data = doctorPage();
  const { report } = data;
  const { end } = report.window;
  const lines: string[] = [];
  if (end.kind === 'interrupted')
    lines.push(`Interrupted: this is what was learned in ${withUnit(report.window.seconds, 's')}.`);
  if (data.access === 'outside') {
    lines.push(
      `Only seen from outside${data.accessProblem ? `: ${data.accessProblem}` : ''}. Rows and panels that need the inspector say so.`,
    );
  }
  for (const one of data.profiles)
    if (one.partial) lines.push(`${one.thread}: ${one.partial}. Shares are of what was read.`);
  if (lines.length === 0) return null;
  return (
    <aside class="banner" aria-label="What is missing">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </aside>
  );
}
