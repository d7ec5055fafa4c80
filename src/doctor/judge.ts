import type { Evidence } from './evidence.ts';
import { deriveFacts, type Facts } from './facts.ts';
import type { DoctorReport, Finding, FindingKind, Severity } from './report.ts';
import { isMet, type Rule } from './rule.ts';
import { cpuBound } from './rules/cpu-bound.ts';
import { cpuStarved } from './rules/cpu-starved.ts';
import { eventLoopBlocked } from './rules/event-loop-blocked.ts';
import { eventLoopSpin } from './rules/event-loop-spin.ts';
import { eventLoopStuck } from './rules/event-loop-stuck.ts';
import { gcPressure } from './rules/gc-pressure.ts';
import { memoryLeakExternal } from './rules/memory-leak-external.ts';
import { memoryLeakHeap } from './rules/memory-leak-heap.ts';
import { microtaskStarvation } from './rules/microtask-starvation.ts';
import { outOfMemoryRisk } from './rules/out-of-memory-risk.ts';
import { buildVerdict } from './verdict.ts';
import { buildVitalGroups } from './vital-groups.ts';

/** All rules, in the order of design.md §6; ties in severity and confidence keep it. */
const RULES: readonly Rule[] = [
  eventLoopBlocked,
  eventLoopStuck,
  microtaskStarvation,
  eventLoopSpin,
  cpuBound,
  gcPressure,
  memoryLeakHeap,
  memoryLeakExternal,
  outOfMemoryRisk,
  cpuStarved,
];

const SEVERITY_ORDER: readonly Severity[] = ['critical', 'warning', 'note'];

/**
 * Judges the evidence of one recording. Pure and deterministic: the same recording gives the same report, live or
 * years later. Findings come by severity, then confidence; suspended ones last. Throws nothing for incomplete evidence:
 * what could not be judged is missing from `checked`, and `gaps` says why.
 */
export function judge(evidence: Evidence): DoctorReport {
  const facts = deriveFacts(evidence);
  const checked: FindingKind[] = [];
  const found: Finding[] = [];
  for (const rule of RULES) {
    if (!rule.needs.every((need) => isMet(need, evidence))) continue;
    checked.push(rule.kind);
    found.push(...rule.judge(evidence, facts));
  }
  const findings = withoutRepeats(found).sort(bySeverity);
  const { manifest } = evidence;
  return {
    schema: 'holter.doctor/1',
    target: manifest.target,
    window: {
      startedAt: manifest.window.startedAt,
      seconds: manifest.window.seconds,
      end: manifest.window.end,
    },
    verdict: buildVerdict(evidence, facts, findings),
    vitals: buildVitalGroups(evidence, facts),
    findings,
    checked,
    gaps: gapsOf(evidence, facts),
    actions: manifest.actions,
    left: manifest.left,
    inspectorOpenMs: manifest.inspectorOpenMs,
  };
}

function bySeverity(a: Finding, b: Finding): number {
  return (
    Number(a.suspended ?? false) - Number(b.suspended ?? false) ||
    SEVERITY_ORDER.indexOf(a.severity) - SEVERITY_ORDER.indexOf(b.severity) ||
    b.confidence - a.confidence
  );
}

/** A loop that spins explains the CPU that the same function burns: one cause, one finding. */
function withoutRepeats(findings: Finding[]): Finding[] {
  const spin = findings.find((finding) => finding.kind === 'event-loop-spin')?.where[0];
  if (spin === undefined) return findings;
  return findings.filter((finding) => {
    if (finding.kind !== 'cpu-bound') return true;
    return !finding.where.some((place) => place.function === spin.function && place.file === spin.file);
  });
}

/** What is not known, in sentences, most limiting first. */
function gapsOf(evidence: Evidence, facts: Facts): string[] {
  const { manifest, vitals, main } = evidence;
  const gaps: string[] = [];
  if (manifest.access === 'outside') {
    gaps.push(`no inside view: ${manifest.accessProblem ?? 'the inspector could not be reached'}`);
  }
  const { end } = manifest.window;
  if (end.kind === 'target-exited')
    gaps.push(`the process ended ${(end.atMs / 1000).toFixed(1)} s into the window`);
  if (end.kind === 'interrupted') gaps.push('the window was cut short by Ctrl-C');
  if (manifest.access === 'inspector') {
    if (main === undefined) gaps.push('no CPU profile of the main thread');
    else if (main.partial !== undefined) gaps.push(`CPU profile in part only: ${main.partial}`);
    if (evidence.allocation === undefined)
      gaps.push('no allocation samples: leaks on the heap were not judged');
    if (vitals.requests === undefined) gaps.push('HTTP requests were not counted');
  }
  if (!vitals.series.has('cpu.main_percent'))
    gaps.push('no view from outside: CPU, run queue and RSS are unknown');
  const judged = facts.syncCalls.reduce((sum, calls) => sum + calls.stretches.length, 0);
  const long = facts.blocked.filter((stretch) => stretch.ms - stretch.waitMs - stretch.gcMs >= 100).length;
  if (!facts.stuck && long > 0 && judged === 0) {
    gaps.push(
      `${long} stretches of 100 ms or more without a turn of the loop, none of them the work of one function`,
    );
  }
  return gaps;
}
