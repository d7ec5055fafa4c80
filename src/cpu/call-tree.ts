import type { Microseconds, Milliseconds } from '../base/units.ts';

/** What kind of work a frame is. Order is the code stored in `FrameTable.category`. */
export const CATEGORIES = ['js', 'native', 'gc', 'idle', 'program', 'kernel'] as const;
export type Category = (typeof CATEGORIES)[number];

/** Who owns the code of a frame. `none` for (root), (idle), native and the like. */
export const PARTIES = ['none', 'user', 'dependency', 'core'] as const;
export type Party = (typeof PARTIES)[number];

/**
 * Functions, one row each, struct-of-arrays. A function is one (name, file, line, column) after source maps.
 * Line and column 1-based, 0 = unknown.
 */
export interface FrameTable {
  length: number;
  name: string[];
  /** Original file (path without file://, `node:…` for core, '' for native). */
  file: string[];
  line: Int32Array;
  column: Int32Array;
  /** Index into CATEGORIES. */
  category: Uint8Array;
  /** Index into PARTIES. */
  party: Uint8Array;
  /** npm package of a dependency (`@scope/name`), else ''. */
  package: string[];
}

/**
 * A call tree. Parents come before children (parent[i] < i; parent[0] = -1), so one forward or backward
 * loop replaces recursion.
 *
 *     node   0 (root) ─ 1 main ─ 2 handler ─ 3 hash
 *     self   time in the node itself;  total = self + all below
 */
export interface CallTree {
  /** `samples`: counts without a time, as folded stacks have them. */
  unit: 'microseconds' | 'bytes' | 'samples';
  frames: FrameTable;
  length: number;
  parent: Int32Array;
  /** Row in `frames`. */
  frame: Int32Array;
  depth: Int32Array;
  self: Float64Array;
  total: Float64Array;
  /**
   * Samples in time order; empty for trees without time. `time` in ms after the start of the recording's window,
   * `weight` in `unit`: the time up to the next sample.
   */
  samples: { time: Float64Array; node: Int32Array; weight: Float64Array };
  /** Self weight by line: node `node[i]` spent `weight[i]` on line `line[i]` (1-based, original source). */
  lines: { node: Int32Array; line: Int32Array; weight: Float64Array };
  /** Span of the profile in ms after window start. */
  from: Milliseconds;
  to: Milliseconds;
  /** What could not be read, for the reader: `file ends after 6 204 of about 9 981 samples`. */
  partial?: string;
}

/** A frame of one concrete stack, innermost first in arrays. Line and column 1-based, 0 unknown. */
export interface StackFrame {
  function: string;
  file: string;
  line: number;
  column: number;
  party: Party;
  package: string;
  /** Arguments and locals as short text, only from a pause. */
  values?: { name: string; value: string }[];
}

/** Stack read in an interrupt while the loop was late, without a pause. */
export interface BlockStack {
  /** ms after window start. */
  at: Milliseconds;
  /** How late the loop was already. */
  lateMs: Milliseconds;
  /** async_hooks executionAsyncId: equal in two samples of one stretch = still the same callback. */
  asyncId: number;
  frames: StackFrame[];
}

/** What was learned of a process whose loop does not turn. */
export interface StuckEvidence {
  /** ms after window start of the last turn of the loop; 0 when it never turned while we looked. */
  since: Milliseconds;
  /** How long it was seen stuck. */
  ms: Milliseconds;
  /** Which of the probes queued into the target ran meanwhile. A running microtask queue = starvation. */
  probes: { microtask: boolean; nextTick: boolean; immediate: boolean };
  /** Stack with arguments from one short pause; empty when stuck in native code. */
  frames: StackFrame[];
  /** Stuck in native code or in the kernel: what /proc says. */
  native?: {
    /** R, S, D … */
    state: string;
    /** Kernel function it sleeps in, '' when running or not readable. */
    waitChannel: string;
    syscall: string;
    children: { pid: number; command: string }[];
    cpuPercent: number;
    /** File the system call works on (path of the fd), when it could be read. */
    file?: string;
  };
}

/** Memory outside the heap allocated through Buffer while we looked, by stack. */
export interface ExternalAllocation {
  bytes: number;
  count: number;
  /** Bytes still referenced at the end, after a collection. */
  aliveBytes: number;
  frames: StackFrame[];
}

export type ProfileTimes = { startTime: Microseconds; endTime: Microseconds };
