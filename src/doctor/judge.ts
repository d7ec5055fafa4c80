import type { Evidence } from './evidence.ts';
import { deriveFacts, type Facts } from './facts.ts';
import { displayPath, round } from './finding.ts';
import { isGrowing } from './memory-growth.ts';
import type { DoctorReport, Finding, FindingKind, Severity } from './report.ts';
import { isMet, type Rule } from './rule.ts';
import { applicationErrors } from './rules/application-errors.ts';
import { boxOutOfMemory, boxStuck, boxUncaught } from './rules/box-death.ts';
import { coreOutOfMemory, coreUncaught } from './rules/core-death.ts';
import { coreHeap, coreRunning } from './rules/core-state.ts';
import { cpuBound } from './rules/cpu-bound.ts';
import { cpuStarved } from './rules/cpu-starved.ts';
import { deoptimised } from './rules/deoptimised.ts';
import { eventLoopBlocked } from './rules/event-loop-blocked.ts';
import { eventLoopSpin } from './rules/event-loop-spin.ts';
import { eventLoopStuck } from './rules/event-loop-stuck.ts';
import { gcPressure } from './rules/gc-pressure.ts';
import { ioBound } from './rules/io-bound.ts';
import { leakHandles } from './rules/leak-handles.ts';
import { leakListeners } from './rules/leak-listeners.ts';
import { leakPromises } from './rules/leak-promises.ts';
import { leakTimers } from './rules/leak-timers.ts';
import { memoryLeakExternal } from './rules/memory-leak-external.ts';
import { memoryLeakHeap } from './rules/memory-leak-heap.ts';
import { microtaskStarvation } from './rules/microtask-starvation.ts';
import { nativeBusyLoop } from './rules/native-busy-loop.ts';
import { outOfMemoryRisk } from './rules/out-of-memory-risk.ts';
import { serialised } from './rules/serialised.ts';
import { threadpoolBlocked } from './rules/threadpool-blocked.ts';
import { threadpoolSaturated } from './rules/threadpool-saturated.ts';
import { upstreamTimeout } from './rules/upstream-timeout.ts';
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
  leakHandles,
  leakListeners,
  leakTimers,
  leakPromises,
  outOfMemoryRisk,
  ioBound,
  upstreamTimeout,
  applicationErrors,
  serialised,
  threadpoolSaturated,
  threadpoolBlocked,
  nativeBusyLoop,
  deoptimised,
  cpuStarved,
  coreOutOfMemory,
  coreUncaught,
  coreRunning,
  coreHeap,
  boxOutOfMemory,
  boxUncaught,
  boxStuck,
];

const CLEARLY_MORE = 1.5;
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
    if (!checked.includes(rule.kind)) checked.push(rule.kind);
    found.push(...rule.judge(evidence, facts));
  }
  const findings = withoutRepeats(evidence, facts, found).sort(bySeverity);
  const { manifest } = evidence;
  return {
    schema: 'holter.doctor/1',
    target: manifest.target,
    window: {
      startedAt: manifest.window.startedAt,
      seconds: manifest.window.seconds,
      end: manifest.window.end,
    },
    ...(evidence.core === undefined ? {} : { core: evidence.core.core }),
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

/**
 * One cause, one first finding. A loop that spins explains the CPU its function burns. And where one function both
 * computes and makes garbage, whichever takes more of the thread comes first: making less of the larger part also makes
 * less of the smaller. A leak of timers, listeners, promises or handles comes before the bytes that they hold.
 */
function withoutRepeats(evidence: Evidence, facts: Facts, findings: Finding[]): Finding[] {
  const spin = findings.find(({ kind }) => kind === 'event-loop-spin');
  const work = findings.find(({ kind }) => kind === 'event-loop-blocked' || kind === 'cpu-bound');
  return (
    findings
      .filter((finding) => spin === undefined || finding.kind !== 'cpu-bound' || !namesSame(finding, spin))
      // Immediates that order each other turn the loop so fast that V8 is idle by its own count, as in a loop that libuv turns.
      .filter(({ kind }) => spin === undefined || kind !== 'native-busy-loop')
      .map((finding): Finding => {
        const leak = finding.kind === 'memory-leak-heap' ? leakAt(finding, findings) : undefined;
        if (leak !== undefined) return after(leak, finding);
        if (finding.kind !== 'gc-pressure' || work === undefined || !namesSame(work, finding)) return finding;
        if (!worksMoreThanCollects(evidence, facts, finding)) return finding;
        return {
          ...finding,
          severity: 'warning',
          confidence: Math.min(finding.confidence, round(work.confidence - 0.01, 2)),
        };
      })
  );
}

/** What piles up at the same place, told more exactly than by bytes. */
function leakAt(heap: Finding, findings: readonly Finding[]): Finding | undefined {
  return findings.find((finding) => finding.kind.startsWith('leak-') && namesSame(heap, finding));
}

/** `finding`, so that it is listed after `first`. */
function after(first: Finding, finding: Finding): Finding {
  const severity = [first, finding].map((one) => SEVERITY_ORDER.indexOf(one.severity));
  return {
    ...finding,
    severity: SEVERITY_ORDER[Math.max(...severity)]!,
    confidence: Math.min(finding.confidence, round(first.confidence - 0.01, 2)),
  };
}

/** True when the function's own work is clearly more than all collections, by the samples of the profile. */
function worksMoreThanCollects({ main, manifest }: Evidence, { work }: Facts, gc: Finding): boolean {
  const place = gc.where[0];
  if (main === undefined || work === undefined || place === undefined) return false;
  let own = 0;
  for (let frame = 0; frame < main.frames.length; frame++) {
    const isSame = main.frames.name[frame] === place.function;
    if (isSame && displayPath(main.frames.file[frame]!, manifest.target.cwd) === place.file)
      own += work.own[frame]!;
  }
  return own > CLEARLY_MORE * work.gc;
}

/** True when the first place of `other` is among the places of `finding`. */
function namesSame(finding: Finding, other: Finding): boolean {
  const first = other.where[0];
  return finding.where.some((place) => place.function === first?.function && place.file === first.file);
}

/** What is not known, in sentences, most limiting first. */
function gapsOf(evidence: Evidence, facts: Facts): string[] {
  const { manifest, vitals, main } = evidence;
  const gaps: string[] = [];
  if (evidence.core !== undefined) return [...evidence.core.problems, ...(manifest.notes ?? [])];
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
    if (evidence.allocation === undefined && isGrowing(facts.heap) && manifest.notes === undefined)
      gaps.push('the heap grows, but its allocations could not be read: no line is known');
    if (vitals.requests === undefined) gaps.push('HTTP requests were not counted');
  }
  if (!vitals.series.has('cpu.main_percent'))
    gaps.push('no view from outside: CPU, run queue and RSS are unknown');
  gaps.push(...(manifest.notes ?? []));
  const judged = facts.syncCalls.reduce((sum, calls) => sum + calls.stretches.length, 0);
  const long = facts.blocked.filter((stretch) => stretch.ms - stretch.waitMs - stretch.gcMs >= 100).length;
  if (!facts.stuck && long > 0 && judged === 0) {
    gaps.push(
      `${long} stretches of 100 ms or more without a turn of the loop, none of them the work of one function`,
    );
  }
  return gaps;
}
