import type { DoctorReport } from '../doctor/report.ts';

/**
 * All that the self-contained page is given, as JSON in `<script type="application/json" id="holter-data">`
 * (with `<` escaped). Typed arrays become plain arrays; numbers are rounded to what can be seen.
 */
export interface PageData {
  schema: 'holter.page/1';
  report: DoctorReport;
  /** Version and folder for the foot line. */
  holter: string;
  recording: string;
  recordingBytes: number;
  /** Length of the window that was asked for; the time axis keeps it when the target died or got stuck early. */
  requestedSeconds: number;
  /** `outside` = nothing from inside the process, `accessProblem` says why. */
  access: 'inspector' | 'outside';
  accessProblem?: string;
  /** Stack of a loop that does not turn: shown where there is no profile. Innermost frame first. */
  stuck?: PageStuck;
  /** Series by name (metrics/series.ts); `t` in ms after window start; null = gap. */
  series: {
    name: string;
    t: number[];
    v: (number | null)[];
    masked?: { fromMs: number; toMs: number; why: string }[];
  }[];
  blocked: { at: number; ms: number; open?: boolean }[];
  gc: { at: number; ms: number; kind: string }[];
  /** One per thread, main first. */
  profiles: PageProfile[];
}

/** What is known of a loop that did not turn. `since` and `ms` in ms after window start. */
export interface PageStuck {
  since: number;
  ms: number;
  frames: { function: string; file: string; line: number; room: PageRoom; values: string }[];
  /** Sentence about a thread stuck outside of JS, '' when it is in JS. */
  native: string;
}

/**
 * cpu/call-tree.ts flattened; node 0 is the root, parents before children. Samples index into nodes.
 * Four columns are coded as differences, because 60 000 small numbers are a third of 60 000 large ones:
 * `nodes.parent[i]` = i − parent (0 for the root), `samples.time` = hundredths of a ms after the sample before
 * (the first: after window start), `samples.node` and `lines.node` = node − the node before (the first: − 0).
 */
export interface PageProfile {
  thread: string;
  unit: 'microseconds' | 'bytes';
  from: number;
  to: number;
  frames: {
    name: string[];
    /** As the engineer would type it: below the target's cwd, or `package/path` of a dependency. */
    file: string[];
    line: number[];
    column: number[];
    /** CATEGORIES / PARTIES names joined to the page's seven: user, dependency, core, native, kernel, gc, idle. */
    room: PageRoom[];
    package: string[];
  };
  nodes: { parent: number[]; frame: number[]; self: number[] };
  samples: { time: number[]; node: number[]; weight: number[] };
  lines: { node: number[]; line: number[]; weight: number[] };
  /** Node ids (paths) each finding blames, by index in report.findings. */
  blamedNodes: number[][];
  partial?: string;
}

export type PageRoom = 'user' | 'dependency' | 'core' | 'native' | 'kernel' | 'gc' | 'idle';
