import type { TargetInfo } from '../base/target-info.ts';
import type { Action, LeaveCheck, WindowEnd } from '../recording/manifest.ts';

/** Closed list of design.md §6. */
export const FINDING_KINDS = [
  'event-loop-blocked',
  'event-loop-stuck',
  'microtask-starvation',
  'event-loop-spin',
  'cpu-bound',
  'gc-pressure',
  'memory-leak-heap',
  'memory-leak-external',
  'leak-handles',
  'leak-listeners',
  'leak-timers',
  'leak-promises',
  'out-of-memory-risk',
  'io-bound',
  'upstream-timeout',
  'application-errors',
  'serialised',
  'threadpool-saturated',
  'threadpool-blocked',
  'native-busy-loop',
  'deoptimised',
  'cpu-starved',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** The six complaints of design.md §1. */
export type Problem =
  | 'gateway-timeout'
  | 'server-error'
  | 'memory-growth'
  | 'cpu-high-serving'
  | 'cpu-stuck'
  | 'slow-throughput';

export type Severity = 'critical' | 'warning' | 'note';

export interface EvidenceLine {
  /** What was measured, in words: `event-loop delay p99`. */
  signal: string;
  value: number;
  /** `ms`, `%`, `MB`, `/s` …; `text`: the line says it in words, in `text`, and `value` counts them. */
  unit: string;
  /** The limit it is judged by, in `unit`; null when it has none. */
  limit: number | null;
  /** `above`: beyond the limit = bad. `below`: acquits, listed so that the reader sees it was looked at. */
  sense: 'above' | 'below';
  /** Whole sentence for assistants and screen readers. */
  text: string;
}

export interface Where {
  function: string;
  /** Path as the engineer would type it: relative to the target's cwd if below it. */
  file: string;
  /** 1-based; 0 unknown. */
  line: number;
  column: number;
  /** 0–1 share of the statistic this finding is about; null when not counted. */
  share: number | null;
  /** npm package, '' for the user's own code, `node` for core. */
  package: string;
}

export interface SourceExcerpt {
  file: string;
  /** 1-based number of the first line. */
  firstLine: number;
  lines: string[];
  /** 1-based line blamed. */
  blamedLine: number;
  /** Callee to underline on the blamed line: 0-based column range, end exclusive. */
  underline?: [number, number];
  /** 0–1 share per line number (1-based, as string key). */
  shares: Record<string, number>;
}

export interface Finding {
  kind: FindingKind;
  problem: Problem;
  severity: Severity;
  /** 0–1, two places. */
  confidence: number;
  title: string;
  evidence: EvidenceLine[];
  /** Blamed place first, then its callers outward. */
  where: Where[];
  advice: string;
  /** Commands to run next, complete and copyable. */
  next: string[];
  /** Present when the source was at hand. */
  source?: SourceExcerpt;
  /** Other complaints it explains. */
  alsoExplains?: Problem[];
  /** Hidden behind the machine's own trouble: suspended, not withdrawn. */
  suspended?: boolean;
}

/** min/median/p95/max of one series over the window, masked parts left out. */
export interface VitalStatistic {
  min: number;
  median: number;
  p95: number;
  max: number;
}

/** Keys carry the unit: `mainPercent`, `rssBytes`, `delayMs`. Values in that unit. `seriesFile` = file in the recording. */
export interface VitalGroup {
  seriesFile: string;
  [keyWithUnit: string]: VitalStatistic | string | number | null;
}

/** `holter.doctor/1`, design.md §5. */
export interface DoctorReport {
  schema: 'holter.doctor/1';
  target: TargetInfo;
  window: { startedAt: string; seconds: number; end: WindowEnd };
  /** Path of the core that this is about; then nothing was watched. */
  core?: string;
  /** One sentence: state + share + function + verb + file:line. */
  verdict: string;
  vitals: {
    cpu: VitalGroup;
    memory: VitalGroup;
    eventLoop: VitalGroup;
    handles: VitalGroup;
    gc: VitalGroup;
    threadPool: VitalGroup;
  };
  findings: Finding[];
  /** Kinds this run could judge; the others lacked evidence. */
  checked: FindingKind[];
  /** What is not known, in sentences: `no inside view: SIGUSR1 is not caught`. */
  gaps: string[];
  actions: Action[];
  left: LeaveCheck;
  inspectorOpenMs: number;
}
