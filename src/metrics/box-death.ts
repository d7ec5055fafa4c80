import type { Bytes, Milliseconds } from '../base/units.ts';
import type { BOX_COLUMNS, BoxDescription, BoxEvent, BoxExit, BoxFrame } from './black-box.ts';

/** What the parts of a diagnostic report tell that Node wrote when V8 gave up. */
export interface FatalReport {
  file: string;
  /** `OOMError`, `FatalError` … */
  trigger: string;
  event: string;
  /** JavaScript stack, as Node prints it: may be empty in an exhausted heap. */
  stack: readonly string[];
  heapUsedBytes?: Bytes;
  heapLimitBytes?: Bytes;
}

/** All that is known of the end of a process, from its black box and what the machine says now. */
export interface BoxFacts {
  description: BoxDescription;
  rows: readonly Float64Array[];
  events: readonly BoxEvent[];
  exit?: BoxExit;
  report?: FatalReport;
  /** The process lives (same pid and start). */
  isRunning: boolean;
  /** What the kernel counts now in its cgroup; absent when that is gone. */
  oomKillsNow?: number;
  bootIdNow: string;
}

/** `box.json`, schema `holter.box-evidence/1`: how the process ended. */
export interface BoxDeath {
  schema: 'holter.box-evidence/1';
  /**
   * `running`, `ended` (by itself, code 0 or not), `uncaught` exception, `heap-limit` (V8 gave up), `fatal` (another
   * fatal error), `oom-kill` (the kernel, for memory), `stuck-kill` (killed while its loop did not turn), `machine-down`,
   * `killed` (from outside, or a crash in native code: nothing says why).
   */
  cause:
    | 'running'
    | 'ended'
    | 'uncaught'
    | 'heap-limit'
    | 'fatal'
    | 'oom-kill'
    | 'stuck-kill'
    | 'machine-down'
    | 'killed';
  /** In a few words, for people. */
  how: string;
  /** Sentences that say why it is taken for that. */
  reasons: string[];
  /** 0–1. */
  confidence: number;
  frames: BoxFrame[];
  error?: { name: string; message: string };
  /** How long the loop had not turned at the end. */
  stuckMs?: Milliseconds;
  heapUsedBytes?: Bytes;
  heapLimitBytes?: Bytes;
  memoryBytes?: Bytes;
  memoryLimitBytes?: Bytes;
  events: readonly BoxEvent[];
}

/** Of a cgroup's limit, in the last row: the kernel is about to kill. */
const FULL_SHARE = 0.9;

/** Names the cause from what is surest to what is left. */
export function causeOfDeath(facts: BoxFacts): BoxDeath {
  const { description, events, exit, report, rows } = facts;
  const last = rows.at(-1);
  const value = (name: (typeof BOX_COLUMNS)[number]): number =>
    last?.[description.columns.indexOf(name)] ?? Number.NaN;
  const base = { schema: 'holter.box-evidence/1' as const, events, frames: [] as BoxFrame[] };
  if (facts.isRunning) return { ...base, cause: 'running', how: 'still running', reasons: [], confidence: 1 };

  const uncaught = events.findLast(
    ({ kind, error }) => kind === 'uncaught-exception' && error?.isHandled === false,
  );
  if (uncaught?.error !== undefined && (exit === undefined || exit.code !== 0)) {
    const { name, message, stack, isRejection } = uncaught.error;
    return {
      ...base,
      cause: 'uncaught',
      how: isRejection ? 'a rejection nobody handled' : 'an exception nobody caught',
      reasons: [`${name}: ${message}`.slice(0, 300)],
      confidence: 0.98,
      frames: framesOfStack(stack),
      error: { name, message },
    };
  }
  if (report !== undefined) {
    // V8 cannot walk the stack of an exhausted heap: the last look at a jump has it.
    const jump = events.findLast(({ kind }) => kind === 'memory-jump');
    const inReport = framesOfStack(['', ...report.stack].join('\n'));
    const isHeap = /OOM/.test(report.trigger) || /heap|memory/i.test(report.event);
    return {
      ...base,
      cause: isHeap ? 'heap-limit' : 'fatal',
      how: isHeap ? "out of memory: V8's heap limit" : `fatal error: ${report.event}`,
      reasons: [
        `${report.file}: ${report.event}`,
        ...(isHeap && jump !== undefined ? [`Shortly before: ${jump.text}.`] : []),
      ],
      confidence: 0.98,
      frames: inReport.length > 0 ? inReport : (jump?.stack ?? []),
      ...(report.heapUsedBytes === undefined ? {} : { heapUsedBytes: report.heapUsedBytes }),
      ...(report.heapLimitBytes === undefined ? {} : { heapLimitBytes: report.heapLimitBytes }),
    };
  }
  if (exit !== undefined)
    return {
      ...base,
      cause: 'ended',
      how: `code ${exit.code}`,
      reasons: [`It ended by itself at ${exit.at}.`],
      confidence: 1,
    };
  if (description.bootId !== '' && facts.bootIdNow !== '' && description.bootId !== facts.bootIdNow)
    return { ...base, cause: 'machine-down', how: 'the machine went down', reasons: [], confidence: 0.9 };

  const limit = description.target.memoryLimitBytes;
  const memory = value('cgroup.memory_bytes');
  const killed = (facts.oomKillsNow ?? 0) - (description.cgroup?.oomKills ?? 0);
  const isFull = limit !== undefined && memory >= FULL_SHARE * limit;
  if (killed > 0 || isFull)
    return {
      ...base,
      cause: 'oom-kill',
      how: 'killed by the kernel for want of memory',
      reasons: [
        ...(killed > 0 ? [`The kernel has killed ${killed} times in its cgroup since it started.`] : []),
        ...(isFull ? ['Its cgroup was at its memory limit in the last row.'] : []),
      ],
      confidence: killed > 0 && isFull ? 0.97 : killed > 0 ? 0.8 : 0.85,
      memoryBytes: memory,
      ...(limit === undefined ? {} : { memoryLimitBytes: limit }),
    };

  const blockedMs = value('loop.blocked_ms');
  const blocked = events.findLast(({ kind }) => kind === 'event-loop-blocked');
  const turned = events.findLast(({ kind }) => kind === 'event-loop-unblocked');
  if (blocked !== undefined && (turned === undefined || turned.at < blocked.at) && blockedMs > 0)
    return {
      ...base,
      cause: 'stuck-kill',
      how: 'killed while its event loop did not turn',
      reasons: ['A watchdog (liveness probe, supervisor) or a person ends such a process.'],
      confidence: 0.9,
      frames: blocked.stack ?? [],
      stuckMs: blockedMs,
    };
  return {
    ...base,
    cause: 'killed',
    how: 'killed from outside, or crashed in native code',
    reasons: ['It wrote no last words, was not short of memory, and its event loop was turning.'],
    confidence: 0.6,
  };
}

/** Frames of a V8 stack in text; lines that are none are skipped. */
export function framesOfStack(stack: string): BoxFrame[] {
  return stack.split('\n').flatMap((line) => {
    const [, name, inner, bare] =
      /^\s*(?:at )?(?:(?:async )?(.*?) \((.+)\)|(?:async )?(\S+:\d+:\d+))$/.exec(line) ?? [];
    const [, file, row, column] = /^(.*):(\d+):(\d+)$/.exec(inner ?? bare ?? '') ?? [];
    if (file === undefined || file === '') return [];
    const path = file.startsWith('file://') ? decodeURIComponentSafely(file.slice(7)) : file;
    return [
      {
        function: name?.replace(/ \[as .*\]$/, '') || '(anonymous)',
        file: path,
        line: Number(row),
        column: Number(column),
      },
    ];
  });
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
