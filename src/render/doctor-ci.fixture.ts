import { drawEvidence } from '../doctor/evidence.fixture.ts';
import { judge } from '../doctor/judge.ts';
import type { DoctorReport, Finding } from '../doctor/report.ts';

/** What a target may be called, or call its functions. */
export const HOSTILE = `]]><script>&"'\u001b[31m\u0000\ud800 \ufffe\r\n</testcase>`;

/** A critical finding in /srv/api. */
export function drawFinding(change: Partial<Finding> = {}): Finding {
  return {
    kind: 'cpu-bound',
    problem: 'cpu-high-serving',
    severity: 'critical',
    confidence: 0.91,
    title: 'hash takes 80 % of the main thread',
    evidence: [
      {
        signal: 'main thread CPU median',
        value: 97,
        unit: '%',
        limit: 75,
        sense: 'above',
        text: 'Main thread CPU median: 97 %, limit 75 %.',
      },
    ],
    where: [
      {
        function: 'hash',
        file: 'src/with space#.js',
        line: 41,
        column: 7,
        share: 0.8,
        package: '',
      },
      { function: 'handler', file: 'server.js', line: 9, column: 0, share: null, package: '' },
    ],
    advice: 'Make it do less.',
    next: ['holter cpu 4711 -d 30s --open'],
    ...change,
  };
}

/** A report with these findings of a server in /srv/api. */
export function drawReport(findings: Finding[]): DoctorReport {
  return { ...judge(drawEvidence()), findings };
}
