import type { TargetInfo } from '../base/target-info.ts';
import type { Milliseconds, Seconds } from '../base/units.ts';

/** One thing holter did to the target. design.md §5: all of them are always shown. */
export interface Action {
  /** e.g. `SIGUSR1, after checking it is caught`, `CPU profile stopped and read`. */
  what: string;
  /** ISO time. */
  at: string;
  /** How long the main thread could do nothing else because of it. */
  pauseMs: Milliseconds;
  /** Effect in a few words for the page: `open 96 ms`, `no effect`, `verified`. */
  effect?: string;
}

/** State verified after leaving; `leftBehind` empty = the target looks as if nobody had been there. */
export interface LeaveCheck {
  verified: boolean;
  leftBehind: { what: string; command: string }[];
}

export type EvidenceKind =
  | 'vitals'
  | 'cpu-profile'
  | 'allocation-profile'
  | 'block-stacks'
  | 'stuck'
  | 'external-allocations'
  | 'sources'
  /** `holter.load/1`: the load that was put on the target meanwhile. */
  | 'load'
  /** `.heapsnapshot` as V8 wrote it, `.gz` when its name ends so. */
  | 'heap-snapshot'
  /** `holter.class-histogram/1`: objects of one thread counted by class. */
  | 'heap-histogram'
  /** `holter.async-log/1`: asynchronous operations of the main thread. */
  | 'async'
  /** `holter.requests/1`: how long requests took, where operations were not recorded. */
  | 'requests'
  /** `holter.leaks/1`: counts of resources and listeners, creations of what grew. */
  | 'leaks'
  /** `holter.errors/1`: failed answers, and errors behind some of them. */
  | 'errors'
  /** `holter.deopts/1`: optimised code that was thrown away, where and why. */
  | 'deopts'
  /** `holter.wakers/1`: closed descriptors that wake the loop. */
  | 'wakers'
  /** `holter.core-evidence/1`: what a core tells. */
  | 'core'
  /** `holter.box-evidence/1`: how a process with an agent ended. */
  | 'black-box'
  /** `holter.pool/1`: libuv's pool, its queue and what its threads do. */
  | 'pool'
  /** `perf.data` as `perf record` wrote it. */
  | 'perf-data'
  /** `holter.native-stacks/1`: where a busy main thread is, JavaScript or not, by perf. */
  | 'native-stacks'
  /** `holter.perf-recording/1`: how it was recorded. */
  | 'perf'
  /** Perf map of a process (`pid`) as it was at the end. */
  | 'perf-map'
  /** `holter.perf-map-times/1`: when its bytes were written. */
  | 'perf-map-times'
  /** Jitdump of a process (`pid`). */
  | 'jitdump'
  /** `holter.perf-symbols/1`: native symbols that the samples need. */
  | 'perf-symbols'
  /** `holter.perf-code/1`: code of V8's heap by address, read out of the process's memory. */
  | 'perf-code';

export interface EvidenceFile {
  /** File name inside the recording folder. */
  name: string;
  kind: EvidenceKind;
  /** `main`, or `worker 3 resize` (thread id and name). */
  thread?: string;
  /** Process it is of, where that is not the target itself but a child or cluster worker of it. */
  pid?: number;
  /** Milliseconds after window start at which the evidence begins. */
  fromMs?: Milliseconds;
  /** Same, end. */
  toMs?: Milliseconds;
  /** What the kernel counted for the thread between `fromMs` and `toMs`; where it keeps `schedstat`. */
  kernelTime?: KernelTime;
}

/** Time of one thread as the kernel counted it: what the samples of a profile can be checked against. */
export interface KernelTime {
  /** Between the two readings. */
  seconds: Seconds;
  /** On a CPU. */
  runMs: Milliseconds;
  /** Runnable, but waiting for a CPU. */
  waitMs: Milliseconds;
}

/** How the window ended. */
export type WindowEnd =
  | { kind: 'complete' }
  /** Stopped early: the process answered nothing and further waiting adds nothing. */
  | { kind: 'stuck' }
  /** Ctrl-C of the user. */
  | { kind: 'interrupted' }
  | { kind: 'target-exited'; atMs: Milliseconds; how: string };

/** `recording.json`: what was done to the target, when, how long it paused, and which files hold what. */
export interface RecordingManifest {
  schema: 'holter.recording/1';
  /** Version of holter that wrote it. */
  holter: string;
  target: TargetInfo;
  window: {
    /** ISO time of ms 0 of every series. */
    startedAt: string;
    /** CLOCK_MONOTONIC of ms 0 in microseconds: aligns V8 profile timestamps with the series. */
    startedMonotonicUs: number;
    seconds: Seconds;
    requestedSeconds: Seconds;
    end: WindowEnd;
  };
  /** `inspector` = inside and outside; `outside` = only /proc could be read, `accessProblem` says why. */
  access: 'inspector' | 'outside';
  accessProblem?: string;
  /** What was left undone and why, in sentences. */
  notes?: string[];
  files: EvidenceFile[];
  actions: Action[];
  /** Longest time the TCP inspector was open because of us; 0 when never. */
  inspectorOpenMs: Milliseconds;
  left: LeaveCheck;
}
