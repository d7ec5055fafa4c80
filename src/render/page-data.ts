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
  /** Series by name (metrics/series.ts); `t` in ms after window start; null = gap. */
  series: { name: string; t: number[]; v: (number | null)[]; masked?: { fromMs: number; toMs: number; why: string }[] }[];
  blocked: { at: number; ms: number; open?: boolean }[];
  gc: { at: number; ms: number; kind: string }[];
  /** One per thread, main first. */
  profiles: PageProfile[];
}

/** cpu/call-tree.ts flattened; node 0 is the root, parents before children. Samples index into nodes. */
export interface PageProfile {
  thread: string;
  unit: 'microseconds' | 'bytes';
  from: number;
  to: number;
  frames: {
    name: string[];
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
