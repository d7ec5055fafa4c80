import type { ThreadMovement } from '../postmortem/compare-looks.ts';
import type { StackReport } from '../postmortem/stack-frame.ts';
import type { Value } from '../postmortem/value.ts';
import type { SourceExcerpt } from './source-excerpt.ts';

/** What `holter stack` and `holter core bt` show: one look at a process (the last of several), or a core. */
export interface StackDocument {
  verb: 'stack' | 'core bt' | 'core threads';
  report: StackReport;
  target: {
    pid: number;
    /** `api-gateway`; of a core the file's name. */
    name: string;
    /** argv joined by spaces; '' unknown. */
    command: string;
    /** Paths below it are shown relative to it. */
    cwd: string;
  };
  /** ISO time of the look; of a core that of the file. */
  at: string;
  /** The process was stopped before holter came, and was left so. */
  wasStopped?: boolean;
  /** Pause of every look, ms; empty for a core. */
  pausesMs: readonly number[];
  /** Of several looks. */
  movements: readonly ThreadMovement[];
  /** Text around the innermost frame of the reader's own code, and the thread that it is of. */
  excerpt?: SourceExcerpt & { tid: number };
  /** A sentence on why a core ended: `SIGABRT: JavaScript heap out of memory`. */
  reason?: string;
  /** What was thrown, where it was found. */
  exception?: Value;
  /** Commands to go on with. */
  next: readonly string[];
  written: readonly string[];
}
