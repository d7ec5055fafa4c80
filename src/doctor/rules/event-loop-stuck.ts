import { formatDuration } from '../../base/quantity.ts';
import type { Blame } from '../../cpu/blame.ts';
import type { StuckEvidence } from '../../cpu/call-tree.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { nativeStackLines, outsideLines } from '../native-lines.ts';
import { nextCommands } from '../next-commands.ts';
import type { EvidenceLine, Finding } from '../report.ts';
import type { Rule } from '../rule.ts';
import { blameStuck, pausedFrame, stuckConfidence, valuesText } from '../stuck-place.ts';
import { causeWords, syncCauseOf } from '../sync-cause.ts';

/** Below this a stall is no stuck loop: event-loop-blocked judges it. */
const LEAST_MS = 2500;

/**
 * The loop does not turn and the microtask queue does not run either: one piece of JavaScript, a regular expression or a
 * native call never returns.
 *
 *     loop   ▁▁▁▁▁│ no answer from inside
 *     CPU    ▂▃▂▂▇▇▇▇▇▇▇▇▇▇▇▇▇▇     computes: loop, regular expression, native work
 *     CPU    ▂▃▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁     waits: child process, file, lock
 *
 * Statistic: length of the open stall and the probes queued into the process. Threshold: 2.5 s without a turn and no
 * probe run; a starved thread (run-queue wait above its CPU, nothing in native code) is the machine's business.
 * Confidence grows with the length of the stall.
 */
export const eventLoopStuck: Rule = {
  kind: 'event-loop-stuck',
  needs: ['loop'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { stuck } = evidence;
    if (stuck === undefined || !facts.stuck || stuck.probes.microtask || stuck.probes.nextTick) return [];
    if (isOnlyStarved(stuck, facts)) return [];
    const blame = blameStuck(evidence);
    const native = nativeWait(stuck);
    return [
      native === undefined || !native.idle
        ? describeRunning(evidence, facts, stuck, blame)
        : describeWaiting(evidence, stuck, blame, native),
    ];
  },
};

function isOnlyStarved(stuck: StuckEvidence, facts: Facts): boolean {
  return stuck.native === undefined && facts.machine.cpuMedian < 10 && facts.machine.waitMedian > 40;
}

interface NativeWait {
  /** Uses (almost) no CPU. */
  idle: boolean;
  variant: 'child-process' | 'fs' | 'native' | 'stopped';
  /** `execSync: /bin/sh -c sleep 60`. */
  text: string;
}

function nativeWait(stuck: StuckEvidence): NativeWait | undefined {
  const { native } = stuck;
  if (native === undefined) return undefined;
  const idle = native.cpuPercent < 20;
  if (native.state === 'T' || native.state === 't')
    return { idle: true, variant: 'stopped', text: 'stopped by a signal' };
  const child = native.children[0];
  if (child !== undefined && idle) return { idle, variant: 'child-process', text: child.command };
  if (native.file !== undefined && native.file !== '' && idle)
    return { idle, variant: 'fs', text: native.file };
  const place = [native.syscall, native.waitChannel].filter((part) => part !== '' && part !== '0').join(', ');
  return { idle, variant: 'native', text: place };
}

function describeRunning(
  evidence: Evidence,
  facts: Facts,
  stuck: StuckEvidence,
  blame: Blame | undefined,
): Finding {
  const { cwd } = evidence.manifest.target;
  const place = blame?.places[0];
  const cause = blame === undefined ? 'javascript' : syncCauseOf(evidence, blame);
  const inside = blame === undefined ? '' : causeWords(blame, cause);
  const frame = pausedFrame(evidence, blame);
  const values = valuesText(frame);
  const lines: EvidenceLine[] = [
    evidenceLine('loop has not turned for', stuck.ms / 1000, 's', LEAST_MS / 1000),
    ...(Number.isFinite(facts.machine.cpuMedian)
      ? [evidenceLine('main thread CPU median', facts.machine.cpuMedian, '%', null)]
      : []),
    ...(blame === undefined
      ? []
      : [evidenceLine(`samples under ${place!.function}`, blame.share * 100, '%', null)]),
  ];
  if (stuck.native !== undefined)
    lines.push(...outsideLines(evidence.native), ...nativeStackLines(evidence.native).slice(0, 1));
  lines[0]!.text = `The loop has not turned for ${formatDuration(stuck.ms)}; microtasks and process.nextTick did not run either.`;
  if (values !== '') {
    const last = lines.at(-1)!;
    last.text = `${last.text.replace(/\.$/, '')}; in a short pause it had ${values}.`;
  }
  const what =
    cause === 'regexp'
      ? ' in a regular expression'
      : inside !== '' && cause !== 'dependency'
        ? ` in ${inside}`
        : '';
  const source = blame === undefined ? undefined : excerptOf(evidence, blame);
  return {
    kind: 'event-loop-stuck',
    problem: 'cpu-stuck',
    severity: 'critical',
    confidence: confidenceOf(stuckConfidence(stuck.ms) - (blame === undefined ? 0.15 : 0)),
    title: `${callName(place)} has not returned for ${formatDuration(stuck.ms)}${what}: the process answers nobody`,
    evidence: lines,
    where: blame === undefined ? [] : whereOf(blame.places, cwd),
    advice: adviceFor(
      'event-loop-stuck',
      cause === 'regexp' || cause === 'crypto' ? cause : blame === undefined ? 'native' : '',
      {
        resource: nativeWait(stuck)?.text,
      },
    ),
    next: nextCommands(evidence, 'after-fix'),
    ...(source === undefined ? {} : { source }),
    alsoExplains: ['gateway-timeout'],
  };
}

function describeWaiting(
  evidence: Evidence,
  stuck: StuckEvidence,
  blame: Blame | undefined,
  wait: NativeWait,
): Finding {
  const { cwd, pid } = evidence.manifest.target;
  const native = stuck.native!;
  const place = blame?.places[0];
  const caller = blame?.callee?.function ?? '';
  const by =
    wait.variant === 'child-process'
      ? `${/Sync$/.test(caller) ? caller : 'a child process'}: ${wait.text}`
      : wait.text;
  const state: EvidenceLine = evidenceLine('loop has not turned for', stuck.ms / 1000, 's', LEAST_MS / 1000);
  state.text = `The loop has not turned for ${formatDuration(stuck.ms)}. Main thread: state ${native.state || 'unknown'}${native.waitChannel ? `, in ${native.waitChannel}` : ''}${native.syscall ? `, system call ${native.syscall}` : ''}.`;
  const lines = [state, evidenceLine('main thread CPU', native.cpuPercent, '%', null)];
  if (native.children.length > 0) {
    const children = evidenceLine('child processes', native.children.length, '', null);
    children.text = `Child processes: ${native.children
      .slice(0, 3)
      .map((child) => `${child.pid} ${child.command}`)
      .join('; ')}.`;
    lines.push(children);
  }
  const title =
    wait.variant === 'stopped'
      ? 'The process is stopped by a signal and runs nothing'
      : `${place === undefined ? 'The main thread' : callName(place)} is blocked${by === '' ? ' in native code' : ` by ${by}`} for ${formatDuration(stuck.ms)}`;
  const source = blame === undefined ? undefined : excerptOf(evidence, blame);
  return {
    kind: 'event-loop-stuck',
    problem: 'cpu-stuck',
    severity: 'critical',
    confidence: confidenceOf(
      stuckConfidence(stuck.ms) - (blame === undefined && wait.variant === 'native' ? 0.1 : 0),
    ),
    title,
    evidence: lines,
    where: blame === undefined ? [] : whereOf(blame.places, cwd),
    advice: adviceFor('event-loop-stuck', wait.variant, {
      pid: String(pid),
      children: native.children[0] && `${native.children[0].pid} ${native.children[0].command}`,
      resource: wait.text,
    }),
    next: nextCommands(evidence, 'after-fix'),
    ...(source === undefined ? {} : { source }),
    alsoExplains: ['gateway-timeout'],
  };
}
