import type { Hit } from './conditions.ts';

/** One line of `holter watch`, and one document of `--json`. */
export interface WatchEvent {
  schema: 'holter.watch/1';
  /** ISO time. */
  at: string;
  event:
    | 'watching'
    | 'process-began'
    | 'process-ended'
    /** A rule's condition held; captures follow, or `skipped` says why not. */
    | 'triggered'
    | 'captured'
    | 'capture-failed'
    | 'skipped'
    /** A recording, by the disk quota. */
    | 'removed'
    | 'problem'
    | 'stopped';
  /** One sentence for people. */
  text: string;
  rule?: string;
  action?: string;
  target?: { pid: number; name: string };
  hit?: Hit;
  /** The recording. */
  folder?: string;
  /** Of a doctor: what it found, the worst first. */
  findings?: { kind: string; severity: string; title: string }[];
  /** How a process ended, where that is known. */
  exit?: { code?: number; signal?: string };
  /** How often the same was skipped since it was told last. */
  times?: number;
}

export type Emit = (event: Omit<WatchEvent, 'schema' | 'at'>) => void;
