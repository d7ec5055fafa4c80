import type { Bytes, Milliseconds } from '../base/units.ts';

/** Which processes a rule is about; all that is given must hold. */
export interface Filter {
  /** Any of its names as `holter ps` shows them; `*` stands for anything. */
  name?: string;
  pid?: number;
  port?: number;
  /** Numeric user. */
  user?: number;
  cluster?: 'primary' | 'worker';
  /** Younger processes are left alone: starting up is work of its own. */
  olderThanMs: Milliseconds;
}

/** Vital signs that can be had from /proc at every look. */
export type Vital = 'cpu' | 'main' | 'wait' | 'rss' | 'threads';
export const VITALS: readonly Vital[] = ['cpu', 'main', 'wait', 'rss', 'threads'];

export type Trigger =
  /** `over`: percent of one core, bytes, or a number of threads. */
  | { kind: 'vital'; vital: Vital; over: number; forMs: Milliseconds }
  /** The low points of RSS rise in each of five parts of the window, by `over` bytes in all. */
  | { kind: 'growth'; over: Bytes; forMs: Milliseconds }
  | { kind: 'blocked'; forMs: Milliseconds }
  /** Old generation in use, percent of V8's limit. */
  | { kind: 'heap'; over: number }
  /** Codes and signals that count; both empty: every end. */
  | { kind: 'exit'; codes: readonly number[]; signals: readonly string[] }
  /** Folders that are looked at; empty: where the kernel puts cores. */
  | { kind: 'core'; folders: readonly string[] }
  /** A doctor's visit now and then; kinds empty: any. */
  | {
      kind: 'finding';
      kinds: readonly string[];
      severity: Severity;
      everyMs: Milliseconds;
      forMs: Milliseconds;
    }
  /** Events of holter/agent in its black box. */
  | { kind: 'agent'; events: readonly string[] };

export type Severity = 'note' | 'warning' | 'critical';
export const SEVERITY_WORDS: readonly Severity[] = ['note', 'warning', 'critical'];

export type Action =
  | { do: 'stack' | 'report' }
  | { do: 'profile' | 'doctor' | 'async'; forMs: Milliseconds }
  | { do: 'histogram'; forMs: Milliseconds }
  /** With `againMs` a second one so much later, and the difference of both. */
  | { do: 'snapshot'; againMs: Milliseconds }
  | { do: 'core'; jsHeapOnly: boolean }
  | { do: 'run'; command: readonly string[]; limitMs: Milliseconds }
  | { do: 'webhook'; url: string };

export const ACTION_NAMES: readonly Action['do'][] = [
  'stack',
  'report',
  'profile',
  'doctor',
  'async',
  'histogram',
  'snapshot',
  'core',
  'run',
  'webhook',
];

export interface RuleLimits {
  /** Captures of this rule in an hour, over all processes. */
  perHour: number;
  /** Captures of this rule of one process in its life. */
  perProcess: number;
  /** Nothing of this rule for the same process for so long after a capture. */
  cooldownMs: Milliseconds;
}

export interface Rule {
  name: string;
  filter: Filter;
  trigger: Trigger;
  actions: readonly Action[];
  limits: RuleLimits;
}

/** What `holter.config.*` says, checked, with the defaults filled in. */
export interface WatchConfig {
  /** Folder of the recordings; undefined: nobody said. */
  out: string | undefined;
  /** Between two looks. */
  everyMs: Milliseconds;
  /** Vital signs that are kept from before an event. */
  keepMs: Milliseconds;
  limits: {
    /** Captures in an hour, over all rules. */
    perHour: number;
    /** Of all recordings together; the oldest go first. */
    diskBytes: Bytes;
    /** Nothing heavy while the machine has less left. */
    freeMemoryBytes: Bytes;
  };
  rules: readonly Rule[];
}

export const HEAVY: ReadonlySet<Action['do']> = new Set<Action['do']>([
  'profile',
  'doctor',
  'async',
  'histogram',
  'snapshot',
  'core',
]);

/** Rules of who has none: told in docs/watch.md. As they would stand in a file, so that they are checked as one. */
export const DEFAULT_RULES: readonly object[] = [
  { name: 'loop-stuck', trigger: { blocked: '5s' }, actions: ['stack'] },
  { name: 'heap-near-limit', trigger: { heap: '90%' }, actions: ['histogram'] },
  { name: 'cpu-high', trigger: { vital: 'main', over: '95%', for: '30s' }, actions: [{ profile: '10s' }] },
  { name: 'memory-grows', trigger: { growth: '64MB', for: '5m' }, actions: [{ doctor: '20s' }] },
  { name: 'new-core', trigger: { core: true }, actions: ['doctor'] },
];
